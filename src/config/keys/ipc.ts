// Keys of Hadoop RPC, for both of its sides.
import { bool, duration, float, int, type KeyTable, list, long, text } from '../key.ts';

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

  'ipc.client.async.calls.max': int('100', 'Calls under way at once of a client that does not wait.'),
  'ipc.client.low-latency': bool('false', 'Whether packets of calls are marked as urgent.'),
  'ipc.server.metrics.update.runner.interval': duration('ms', '5000', 'How often the metrics of calls are brought up to date.'),
  'ipc.server.read.connection-queue.size': int('100', 'New connections that wait for a reader thread.'),
  'ipc.server.reuseaddr': bool('true', 'Whether a port may be listened on again at once.'),
  'hadoop.rpc.socket.factory.class.default': text(
    'org.apache.hadoop.net.StandardSocketFactory',
    'Java class that makes connections.',
  ),
  'hadoop.rpc.socket.factory.class.ClientProtocol': text(undefined, 'The same for clients of the file system.'),
  'hadoop.socks.server': text(undefined, 'Address of a SOCKS proxy for such a class.'),
  'ipc.identity-provider.impl': text(
    'org.apache.hadoop.ipc.UserIdentityProvider',
    "Whose share of calls counts, by the name of Hadoop's class; it has this one.",
  ),
  'ipc.cost-provider.impl': text(
    'org.apache.hadoop.ipc.DefaultCostProvider',
    "What a call costs, by the name of Hadoop's class; it has this one.",
  ),
  'ipc.[port_number].callqueue.impl': text(
    'java.util.concurrent.LinkedBlockingQueue',
    'ipc.callqueue.impl for the server on one port.',
  ),
  'ipc.[port_number].scheduler.impl': text(
    'org.apache.hadoop.ipc.DefaultRpcScheduler',
    'ipc.scheduler.impl for the server on one port.',
  ),
  'ipc.[port_number].callqueue.overflow.trigger.failover': bool(
    'false',
    'ipc.callqueue.overflow.trigger.failover for the server on one port.',
  ),
  'ipc.[port_number].backoff.enable': bool('false', 'ipc.backoff.enable for the server on one port.'),
  'ipc.[port_number].identity-provider.impl': text(
    'org.apache.hadoop.ipc.UserIdentityProvider',
    'ipc.identity-provider.impl for the server on one port.',
  ),
  'ipc.[port_number].cost-provider.impl': text(
    'org.apache.hadoop.ipc.DefaultCostProvider',
    'ipc.cost-provider.impl for the server on one port.',
  ),
  'ipc.[port_number].scheduler.priority.levels': int('4', 'Priorities of calls.'),
  'ipc.[port_number].callqueue.capacity.weights': list(
    undefined,
    'Room of each priority in a fair queue, as shares; by default equal ones.',
  ),
  'ipc.[port_number].faircallqueue.multiplexer.weights': list(
    '8,4,2,1',
    'Calls of each priority that a fair queue takes in turn.',
  ),
  'ipc.[port_number].decay-scheduler.period-ms': long('5000', 'Milliseconds after which what users have cost decays.'),
  'ipc.[port_number].decay-scheduler.decay-factor': float('0.5', 'What is left of it then.'),
  'ipc.[port_number].decay-scheduler.thresholds': list(
    '13,25,50',
    "Per cent of all calls above which a user's priority falls.",
  ),
  'ipc.[port_number].decay-scheduler.backoff.responsetime.enable': bool(
    'false',
    'Whether who is below a slow priority is sent away.',
  ),
  'ipc.[port_number].decay-scheduler.backoff.responsetime.thresholds': list(
    '10s,20s,30s,40s',
    'Times above which a priority is slow.',
  ),
  'ipc.[port_number].decay-scheduler.metrics.top.user.count': int('10', 'Users that are shown, those with the most calls.'),
  'ipc.[port_number].decay-scheduler.service-users': list(undefined, 'Users whose calls always come first.'),
  'ipc.[port_number].weighted-cost.lockshared': int('10', 'Cost of time under a lock for reading.'),
  'ipc.[port_number].weighted-cost.lockexclusive': int('100', 'Cost of time under a lock for writing.'),
  'ipc.[port_number].weighted-cost.handler': int('1', 'Cost of time with a handler.'),
  'ipc.[port_number].weighted-cost.lockfree': int('1', 'Cost of time without a lock.'),
  'ipc.[port_number].weighted-cost.response': int('1', 'Cost of an answer.'),
} as const satisfies KeyTable;
