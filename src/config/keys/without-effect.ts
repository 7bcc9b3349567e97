// Keys of Hadoop's that are known here and change nothing, each with the reason. A test holds this against what the code
// reads, so that no setting is taken for one that works.
import type { KeyName } from './index.ts';

const THREADS = 'there are no such threads: one event loop serves all';
const SOCKETS = 'Node.js leaves the sizes of socket buffers to the system';
const PAGE_CACHE = 'Node.js has no calls for the page cache of the system';
const HA = 'standby NameNodes are not built yet';
const LOCKS = 'there are no locks: one event loop changes the namespace';
const MONITOR = 'leaving nodes have one monitor, Hadoop’s default, which does not use it';
const SLICES = 'long work goes on in slices whose length is measured';
const NOT_WRITTEN = 'nothing of the kind is logged yet';
const PROTECTION = 'not built yet; a value that asks for it stops the start';
const TRIED_IN_ORDER = 'the NameNodes of a nameservice are tried one after the other';

export const WITHOUT_EFFECT: Readonly<Partial<Record<KeyName, string>>> = {
  'dfs.block.access.token.enable': PROTECTION,
  'dfs.block.misreplication.processing.limit': SLICES,
  'dfs.block.placement.ec.classname': 'erasure coding is not built yet',
  'dfs.cachereport.intervalMsec': 'blocks are not cached yet',
  'dfs.client.cached.conn.retry': 'a kept connection that has ended is replaced by a new one',
  'dfs.client.deadnode.detection.enabled': 'a DataNode that failed is left out by the stream that met it',
  'dfs.client.failover.proxy.provider': TRIED_IN_ORDER,
  'dfs.client.mmap.enabled': 'Node.js cannot map files into memory',
  'dfs.client.read.shortcircuit': 'file descriptors cannot be passed to another process by Node.js',
  'dfs.client.slow.io.warning.threshold.ms': NOT_WRITTEN,
  'dfs.client.test.drop.namenode.response.number': 'it serves Hadoop’s own tests only',
  'dfs.content-summary.limit': SLICES,
  'dfs.data.transfer.max.packet.size': 'the bound is Hadoop’s default, 16 MiB',
  'dfs.datanode.balance.max.concurrent.moves': 'blocks are not moved by a balancer yet',
  'dfs.datanode.cached-dfsused.check.interval.ms': 'what blocks take is counted from the replica map at every start',
  'dfs.datanode.directoryscan.threads': THREADS,
  'dfs.datanode.dns.interface': 'the name is dfs.datanode.hostname, or what the system says',
  'dfs.datanode.dns.nameserver': 'the name is dfs.datanode.hostname, or what the system says',
  'dfs.datanode.drop.cache.behind.reads': PAGE_CACHE,
  'dfs.datanode.drop.cache.behind.writes': PAGE_CACHE,
  'dfs.datanode.fixed.volume.size': 'the size of a volume is asked for each time',
  'dfs.datanode.handler.count': THREADS,
  'dfs.datanode.https.address': 'HTTPS is not built yet',
  'dfs.datanode.kerberos.principal': PROTECTION,
  'dfs.datanode.metrics.logger.period.seconds': NOT_WRITTEN,
  'dfs.datanode.ram.disk.replica.tracker': 'there is one, the least recently used goes first',
  'dfs.datanode.readahead.bytes': PAGE_CACHE,
  'dfs.datanode.sync.behind.writes': PAGE_CACHE,
  'dfs.datanode.transfer.socket.recv.buffer.size': SOCKETS,
  'dfs.datanode.transfer.socket.send.buffer.size': SOCKETS,
  'dfs.datanode.transferTo.allowed': 'Node.js has no call that sends from a file to a socket',
  'dfs.disk.balancer.enabled': 'the disk balancer is not built yet',
  'dfs.disk.balancer.plan.valid.interval': 'the disk balancer is not built yet',
  'dfs.encrypt.data.transfer': PROTECTION,
  'dfs.ha.allow.stale.reads': HA,
  'dfs.ha.log-roll.period': HA,
  'dfs.ha.standby.checkpoints': HA,
  'dfs.ha.tail-edits.in-progress': HA,
  'dfs.ha.tail-edits.period': HA,
  'dfs.http.policy': 'HTTPS is not built yet; HTTPS_ONLY stops the start',
  'dfs.image.parallel.load': 'one thread reads an image',
  'dfs.namenode.blockreport.queue.size': 'reports are taken one at a time from their connections',
  'dfs.namenode.decommission.backoff.monitor.pending.blocks.per.lock': MONITOR,
  'dfs.namenode.decommission.backoff.monitor.pending.limit': MONITOR,
  'dfs.namenode.lock.detailed-metrics.enabled': LOCKS,
  'dfs.namenode.max-lock-hold-to-release-lease-ms': SLICES,
  'dfs.namenode.max-num-blocks-to-log': NOT_WRITTEN,
  'dfs.namenode.metrics.logger.period.seconds': NOT_WRITTEN,
  'dfs.namenode.read-lock-reporting-threshold-ms': LOCKS,
  'dfs.namenode.remove.dead.datanode.batchnum': SLICES,
  'dfs.namenode.safemode.recheck.interval': 'safe mode is looked at whenever what it counts changes',
  'dfs.namenode.service.handler.count': THREADS,
  'dfs.namenode.snapshot.max.limit': 'snapshots are not built yet',
  'dfs.namenode.write-lock-reporting-threshold-ms': LOCKS,
  'dfs.storage.policy.satisfier.mode': 'the storage policy satisfier is not built yet',
  'dfs.stream-buffer-size': 'streams have no buffer of their own',
  'file.stream-buffer-size': 'streams have no buffer of their own',
  'fs.df.interval': 'free space is asked for at each heartbeat',
  'fs.getspaceused.classname': 'what blocks take is counted in one way, from their lengths',
  'hadoop.security.authentication': PROTECTION,
  'hadoop.security.token.service.use_ip': 'tokens are not built yet',
  'hadoop.service.shutdown.timeout': 'a daemon ends when its work is at rest',
  'ipc.client.bind.wildcard.addr': 'connections go out from the address that the system chooses',
  'ipc.client.fallback-to-simple-auth-allowed': 'clients speak simple authentication only',
  'ipc.client.tcpnodelay': 'it is always so',
  'ipc.server.purge.interval': 'what a connection waits for is given up with it',
  'ipc.server.read.threadpool.size': THREADS,
  'ipc.server.tcpnodelay': 'it is always so',
};
