// Keys of the DataNode: addresses, storage, reports, transfers.
import { bool, duration, float, int, type KeyTable, list, long, size, text } from '../key.ts';

const $ = '$';

export const DATANODE_KEYS = {
  'dfs.datanode.address': text('0.0.0.0:9866', 'Address for block data.'),
  'dfs.datanode.http.address': text('0.0.0.0:9864', "Address of the DataNode's web server."),
  'dfs.datanode.https.address': text('0.0.0.0:9865', "Address of the DataNode's secure web server."),
  'dfs.datanode.ipc.address': text('0.0.0.0:9867', 'Address for RPC.'),
  'dfs.datanode.hostname': text(undefined, "Name under which the node registers; without it the machine's name.", {
    deprecated: ['slave.host.name'],
  }),
  'dfs.datanode.dns.interface': text('default', 'Network interface whose name the node reports.'),
  'dfs.datanode.dns.nameserver': text('default', 'Name server that tells the node its name.'),
  'dfs.datanode.data.dir': list(
    `file://${$}{hadoop.tmp.dir}/dfs/data`,
    'Directories of blocks, each maybe with [DISK], [SSD], [ARCHIVE] in front.',
    {
      deprecated: ['dfs.data.dir'],
    },
  ),
  'dfs.datanode.lifeline.interval.seconds': duration(
    's',
    undefined,
    'How long after a heartbeat that did not leave a lifeline does; by default three heartbeats.',
  ),
  'dfs.datanode.data.dir.perm': text('700', 'Mode of a new data directory, in octal.'),
  'dfs.datanode.failed.volumes.tolerated': int('0', 'Volumes that may fail before the DataNode stops; -1 leaves one.'),
  'dfs.datanode.du.reserved': size('0', 'Bytes of each volume left to others.'),
  'dfs.datanode.du.reserved.pct': int('0', 'Per cent of each volume left to others.'),
  'dfs.datanode.du.reserved.calculator': text(
    'org.apache.hadoop.hdfs.server.datanode.fsdataset.impl.ReservedSpaceCalculator$ReservedSpaceCalculatorAbsolute',
    "How the space left to others is counted from bytes and per cent, by the name of Hadoop's class.",
  ),
  'dfs.datanode.fixed.volume.size': bool('false', 'Whether the size of a volume is asked for only once.'),
  'dfs.datanode.fsdataset.volume.choosing.policy': text(
    'org.apache.hadoop.hdfs.server.datanode.fsdataset.RoundRobinVolumeChoosingPolicy',
    "How the volume of a new block is chosen, by the name of Hadoop's class.",
  ),
  'dfs.datanode.available-space-volume-choosing-policy.balanced-space-threshold': size(
    '10737418240',
    'Volumes whose free space differs by less count as balanced.',
  ),
  'dfs.datanode.available-space-volume-choosing-policy.balanced-space-preference-fraction': float(
    '0.75f',
    'Part of the new blocks that go to the emptier volumes.',
  ),
  'dfs.datanode.round-robin-volume-choosing-policy.additional-available-space': size(
    '1073741824',
    'Free bytes beyond the block that a chosen volume must have.',
  ),
  'dfs.datanode.max.transfer.threads': int('4096', 'Block transfers at once.', { deprecated: ['dfs.datanode.max.xcievers'] }),
  'dfs.datanode.handler.count': int('10', 'RPC calls that Hadoop runs at once.'),
  'dfs.datanode.synconclose': bool('true', 'Whether a block is synced to disk when it is finalized.', {
    differs: 'Hadoop answers a close before the block is on the disk, and closed files were lost in power cuts.',
  }),
  'dfs.datanode.sync.behind.writes': bool('false', 'Whether the system is asked to write dirty pages early.'),
  'dfs.datanode.drop.cache.behind.reads': bool('false', 'Whether pages that were read are dropped.'),
  'dfs.datanode.drop.cache.behind.writes': bool('false', 'Whether pages that were written are dropped.'),
  'dfs.datanode.transferTo.allowed': bool('true', 'Whether Hadoop may send files without copying; not used here.'),
  'dfs.datanode.socket.reuse.keepalive': duration('ms', '4000', 'How long a connection is kept for a further operation.'),
  'dfs.datanode.socket.write.timeout': duration('ms', '480000', 'Bound on a peer that does not take what is sent.'),
  'dfs.datanode.transfer.socket.send.buffer.size': int('0', 'Send buffer of data sockets; 0 leaves it to the system.'),
  'dfs.datanode.transfer.socket.recv.buffer.size': int('0', 'Receive buffer of data sockets; 0 leaves it to the system.'),
  'dfs.data.transfer.max.packet.size': int('16777216', 'Bytes of the longest packet that is taken.'),
  'dfs.datanode.readahead.bytes': long('4194304', 'Bytes read ahead of a reader.'),
  'dfs.datanode.balance.bandwidthPerSec': size('100m', 'Bytes a second for balancing.', {
    deprecated: ['dfs.balance.bandwidthPerSec'],
  }),
  'dfs.datanode.balance.max.concurrent.moves': int('100', 'Blocks moved at once for balancing.'),
  'dfs.datanode.data.transfer.bandwidthPerSec': size('0', 'Bytes a second for transfers between nodes; 0 means no bound.'),
  'dfs.datanode.use.datanode.hostname': bool('false', 'Whether other nodes are reached by name rather than by address.'),
  'dfs.datanode.bp-ready.timeout': duration('s', '20', 'How long a request waits for its block pool after a start.'),
  'dfs.datanode.min.supported.namenode.version': text('2.1.0-beta', 'Oldest NameNode that the DataNode talks to.'),
  'dfs.blockreport.intervalMsec': duration('ms', '21600000', 'Time between full block reports.'),
  'dfs.blockreport.initialDelay': duration('s', '0', 'Longest random delay of the first full report.'),
  'dfs.blockreport.split.threshold': long('1000000', 'With more blocks each storage sends a report of its own.'),
  'dfs.blockreport.incremental.intervalMsec': duration(
    'ms',
    '0',
    'How long received blocks are gathered before they are reported.',
  ),
  'dfs.cachereport.intervalMsec': duration('ms', '10000', 'Time between cache reports.'),
  'dfs.datanode.directoryscan.interval': duration('s', '21600', 'How often disk and memory are compared.'),
  'dfs.datanode.directoryscan.threads': int('1', 'Volumes compared at once.'),
  'dfs.datanode.directoryscan.throttle.limit.ms.per.sec': int(
    '1000',
    'Milliseconds of each second in which the comparison may work; 1000 means all of it.',
  ),
  'dfs.datanode.scan.period.hours': duration(
    'h',
    '504',
    'Every block is verified once in this time; 0 means three weeks, negative never.',
  ),
  'dfs.block.scanner.volume.bytes.per.second': size('1048576', 'Bytes a second that verifying may read from a volume.'),
  'dfs.datanode.disk.check.min.gap': duration('ms', '15m', 'Least time between two checks of a volume.'),
  'dfs.datanode.disk.check.timeout': duration('ms', '10m', 'A volume whose check takes longer has failed.'),
  'dfs.datanode.restart.replica.expiration': duration(
    's',
    '50',
    'How long a replica waits for its writer after a planned restart.',
  ),
  'dfs.datanode.oob.timeout-ms': list('1500,0,0,0', 'How long (ms) each kind of message out of band may take to leave.'),
  'dfs.pipeline.ecn': bool('false', 'Whether a DataNode tells writers that its machine is congested.'),
  'dfs.pipeline.congestion.ratio': float('1.5', 'Load for each processor above which it is.'),
  'dfs.pipeline.slownode': bool('false', 'Whether a DataNode tells writers that its NameNode finds it slow.'),
  'dfs.datanode.cached-dfsused.check.interval.ms': duration(
    'ms',
    '600000',
    'How old a remembered count of used space may be at a start.',
  ),
  'dfs.datanode.slow.io.warning.threshold.ms': duration('ms', '300', 'Disk calls that take longer are logged.'),
  'dfs.datanode.metrics.logger.period.seconds': duration('s', '600', 'How often the metrics go into the log; 0 never.'),
  'dfs.datanode.max.locked.memory': size('0', 'Bytes of memory that replicas on [RAM_DISK] directories may take.'),
  'dfs.datanode.lazywriter.interval.sec': duration('s', '60', 'How often replicas that lie in memory are saved to a disk.'),
  'dfs.datanode.ram.disk.replica.tracker': text(
    'org.apache.hadoop.hdfs.server.datanode.fsdataset.impl.RamDiskReplicaLruTracker',
    "Which replica leaves the memory first, by the name of Hadoop's class; it has this one.",
  ),
  'dfs.datanode.non.local.lazy.persist': bool('false', 'Whether clients on other machines may write into memory.'),
  'dfs.datanode.block-pinning.enabled': bool(
    'false',
    'Whether replicas that were written to favoured nodes are marked, so that a balancer leaves them there.',
  ),
} as const satisfies KeyTable;
