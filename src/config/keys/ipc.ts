// Keys of Hadoop RPC, for both of its sides.
import { bool, duration, int, type KeyTable, text } from '../key.ts';

export const IPC_KEYS = {
  'ipc.maximum.data.length': int('134217728', 'Bytes of the longest request that a server takes.'),
  'ipc.maximum.response.length': int('134217728', 'Bytes of the longest answer that a client takes.'),
  'ipc.server.max.connections': int('0', 'Connections that a server keeps at once; 0 means no bound.'),
  'ipc.server.listen.queue.size': int('256', 'Connections that wait for being accepted.'),
  'ipc.server.handler.queue.size': int('100', 'Calls that may wait for each handler.'),
  'ipc.server.max.response.size': int('1048576', 'Answers longer than this are logged.'),
  'ipc.server.read.threadpool.size': int('1', "Reader threads of Hadoop's server; taken and not used here."),
  'ipc.server.tcpnodelay': bool('true', 'Whether answers leave at once.'),
  'ipc.server.log.slow.rpc': bool('false', 'Whether calls are logged that take much longer than most.'),
  'ipc.server.log.slow.rpc.threshold.ms': duration('ms', '0', 'Only those that take longer than this, too.'),
  'ipc.server.purge.interval': duration('m', '15', 'How often answers nobody reads are dropped.'),
  'ipc.client.idlethreshold': int('4000', 'Connections above which idle ones are closed.'),
  'ipc.client.kill.max': int('10', 'Idle connections closed in one pass.'),
  'ipc.client.connection.maxidletime': duration(
    'ms',
    '10000',
    'How long a client keeps an idle connection; a server waits twice that.',
  ),
  'ipc.client.connection.idle-scan-interval.ms': duration('ms', '10000', 'How often a server looks for idle connections.'),
  'ipc.client.connect.max.retries': int('10', 'Tries to connect after a refusal.'),
  'ipc.client.connect.max.retries.on.timeouts': int('45', 'Tries to connect after a time-out.'),
  'ipc.client.connect.retry.interval': duration('ms', '1000', 'Pause between tries to connect.'),
  'ipc.client.connect.timeout': duration('ms', '20000', 'Bound on one try to connect.'),
  'ipc.client.rpc-timeout.ms': duration('ms', '120000', 'Bound on one call; 0 leaves it to the pings.'),
  'ipc.client.ping': bool('true', 'Whether a waiting client sends pings.'),
  'ipc.ping.interval': duration('ms', '60000', 'How often a waiting client sends a ping.'),
  'ipc.client.tcpnodelay': bool('true', 'Whether requests leave at once.'),
  'ipc.client.fallback-to-simple-auth-allowed': bool('false', 'Whether a secure client may talk to an insecure server.'),
  'ipc.client.bind.wildcard.addr': bool('false', 'Whether a secure client binds the wildcard address.'),
  'ipc.callqueue.impl': text(
    'java.util.concurrent.LinkedBlockingQueue',
    'Queue of calls, or org.apache.hadoop.ipc.FairCallQueue; ipc.PORT.callqueue.impl for one server, as the next ones.',
  ),
  'ipc.scheduler.impl': text(
    undefined,
    'Who gives calls their priority: org.apache.hadoop.ipc.DefaultRpcScheduler or, by default with a fair queue, DecayRpcScheduler.',
  ),
  'ipc.callqueue.overflow.trigger.failover': bool('false', 'Whether who is sent away is told to ask another NameNode.'),
  'ipc.backoff.enable': bool(
    'false',
    'Whether a full call queue answers RetriableException rather than holding the sender back.',
  ),
} as const satisfies KeyTable;
