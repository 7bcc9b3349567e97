// Keys of the NameNode: addresses, storage, checkpoints, limits, safe mode, leases, redundancy.
import { bool, duration, float, int, type KeyTable, list, long, size, text } from '../key.ts';

const $ = '$';

export const NAMENODE_KEYS = {
  'dfs.namenode.rpc-address': text(undefined, 'Address of the NameNode for clients, HOST:PORT; without it fs.defaultFS.'),
  'dfs.namenode.rpc-bind-host': text(undefined, 'Local address to listen on instead of the host of the RPC address.'),
  'dfs.namenode.servicerpc-address': text(undefined, 'Address for DataNodes and other daemons, apart from clients.'),
  'dfs.namenode.servicerpc-bind-host': text(undefined, 'Local address to listen on for daemons.'),
  'dfs.namenode.backup.address': text('0.0.0.0:50100', 'Address of a backup node; there are none, and tools print it.'),
  'dfs.namenode.lifeline.rpc-address': text(undefined, 'Address for the lifelines of DataNodes.'),
  'dfs.namenode.lifeline.rpc-bind-host': text(undefined, 'Local address to listen on for lifelines.'),
  'dfs.namenode.http-address': text('0.0.0.0:9870', "Address of the NameNode's web server.", {
    deprecated: ['dfs.http.address'],
  }),
  'dfs.namenode.http-bind-host': text(undefined, 'Local address to listen on for the web.'),
  'dfs.namenode.https-address': text('0.0.0.0:9871', "Address of the NameNode's secure web server.", {
    deprecated: ['dfs.https.address'],
  }),
  'dfs.http.policy': text('HTTP_ONLY', 'Which web servers run: HTTP_ONLY, HTTPS_ONLY or HTTP_AND_HTTPS.'),
  'dfs.namenode.secondary.http-address': text('0.0.0.0:9868', "Address of the secondary NameNode's web server.", {
    deprecated: ['dfs.secondary.http.address'],
  }),
  'dfs.namenode.handler.count': int('10', 'Calls that Hadoop runs at once; bounds the call queue here.'),
  'dfs.namenode.service.handler.count': int('10', 'The same for the address of the daemons.'),

  'dfs.namenode.name.dir': list(`file://${$}{hadoop.tmp.dir}/dfs/name`, 'Directories of the image, each a full copy.', {
    deprecated: ['dfs.name.dir'],
  }),
  'dfs.namenode.edits.dir': list(`${$}{dfs.namenode.name.dir}`, 'Directories of the edit log, each a full copy.', {
    deprecated: ['dfs.name.edits.dir'],
  }),
  'dfs.namenode.edits.dir.required': list(undefined, 'Edits directories whose loss stops the NameNode.'),
  'dfs.namenode.edits.dir.minimum': int('1', 'Edits directories that must work.'),
  'dfs.namenode.shared.edits.dir': list(undefined, 'Edit log shared by the NameNodes of one nameservice: qjournal://…'),
  'dfs.namenode.name.dir.restore': bool('false', 'Whether a directory that failed is tried again at a checkpoint.', {
    deprecated: ['dfs.name.dir.restore'],
  }),
  'dfs.namenode.storage.dir.perm': text('700', 'Mode of a new storage directory, in octal.'),
  'dfs.namenode.checkpoint.dir': list(
    `file://${$}{hadoop.tmp.dir}/dfs/namesecondary`,
    'Image directories of the secondary NameNode.',
    {
      deprecated: ['fs.checkpoint.dir'],
    },
  ),
  'dfs.namenode.checkpoint.edits.dir': list(
    `${$}{dfs.namenode.checkpoint.dir}`,
    'Directories of the edit log that the secondary NameNode fetches.',
    { deprecated: ['fs.checkpoint.edits.dir'] },
  ),
  'dfs.namenode.checkpoint.max-retries': int('3', 'The secondary NameNode ends after so many merges that failed in a row.'),
  'dfs.namenode.support.allow.format': bool('true', 'Whether the NameNode may be formatted.'),
  'dfs.reformat.disabled': bool('false', 'Whether a directory that holds data is never formatted, even with -force.'),
  'dfs.namenode.checkpoint.period': duration('s', '3600', 'Time between checkpoints.', {
    deprecated: ['fs.checkpoint.period'],
  }),
  'dfs.namenode.checkpoint.txns': long('1000000', 'Transactions after which a checkpoint is made, whatever the time.'),
  'dfs.namenode.checkpoint.check.period': duration('s', '60', 'How often it is looked whether a checkpoint is due.'),
  'dfs.namenode.missing.checkpoint.periods.before.shutdown': int(
    '3',
    'With -beforeShutdown an image is written when none was for so many periods.',
  ),
  'dfs.namenode.num.checkpoints.retained': int('2', 'Images that are kept.'),
  'dfs.namenode.num.extra.edits.retained': int('1000000', 'Transactions kept beyond what the images need.'),
  'dfs.namenode.max.extra.edits.segments.retained': int('10000', 'Segments kept beyond what the images need.'),
  'dfs.namenode.max.op.size': int('52428800', 'Bytes of the longest operation that is read from an edit log.'),
  'dfs.namenode.edit.log.autoroll.multiplier.threshold': float('0.5', 'The log is rolled at this multiple of checkpoint.txns.'),
  'dfs.namenode.edit.log.autoroll.check.interval.ms': duration('ms', '300000', 'How often it is looked whether to roll.'),
  'dfs.image.compress': bool('false', 'Whether images are written compressed.'),
  'dfs.image.compression.codec': text('org.apache.hadoop.io.compress.DefaultCodec', 'Codec of a compressed image.'),
  'dfs.image.transfer.timeout': duration('ms', '60000', 'Bound on a silence while an image is sent.'),
  'dfs.image.transfer.bandwidthPerSec': size('52428800', 'Bytes a second for sending images; 0 means no bound.'),
  'dfs.namenode.resource.check.interval': duration(
    'ms',
    '5000',
    'How often the free space of the storage directories is checked.',
  ),
  'dfs.namenode.resource.du.reserved': size('104857600', 'Free bytes below which a storage directory counts as full.'),
  'dfs.namenode.resource.checked.volumes': list(undefined, 'More directories whose free space is checked.'),
  'dfs.namenode.resource.checked.volumes.minimum': int('1', 'Checked directories that must have room.'),

  'dfs.permissions.enabled': bool('true', 'Whether permissions are checked.', { deprecated: ['dfs.permissions'] }),
  'dfs.permissions.superusergroup': text('supergroup', 'Group whose members may do everything; also the group of the root.', {
    deprecated: ['dfs.permissions.supergroup'],
  }),
  'dfs.permissions.ContentSummary.subAccess': bool(
    'false',
    'Whether the rights over a whole tree are looked at before it is summed up, sticky bits included.',
  ),
  'dfs.permissions.allow.owner.set.quota': bool('false', "Whether the owner of a directory's parent may set its quotas."),
  'dfs.quota.by.storage.type.enabled': bool('true', 'Whether the space on storages of one type may be limited.'),
  'dfs.namenode.acls.enabled': bool('true', 'Whether ACLs may be set.'),
  'dfs.namenode.posix.acl.inheritance.enabled': bool('true', 'Whether a default ACL replaces the umask.'),
  'dfs.namenode.xattrs.enabled': bool('true', 'Whether extended attributes may be set.'),
  'dfs.namenode.accesstime.precision': duration(
    'ms',
    '3600000',
    'An access time is written when older than this; 0 turns access times off.',
    {
      deprecated: ['dfs.access.time.precision'],
    },
  ),
  'dfs.namenode.fs-limits.max-component-length': int('255', 'Bytes of the longest name in a path; 0 means no bound.'),
  'dfs.namenode.fs-limits.max-directory-items': int('1048576', 'Entries of the largest directory.'),
  'dfs.namenode.fs-limits.min-block-size': size('1048576', 'Smallest block size that a file may ask for.'),
  'dfs.namenode.fs-limits.max-blocks-per-file': long('10000', 'Blocks of the longest file.'),
  'dfs.namenode.fs-limits.max-xattrs-per-inode': int('32', 'Extended attributes of one inode.'),
  'dfs.namenode.fs-limits.max-xattr-size': size('16384', 'Bytes of one extended attribute, name and value.'),
  'dfs.namenode.max.objects': long('0', 'Files, directories and blocks in all; 0 means no bound.', {
    deprecated: ['dfs.max.objects'],
  }),
  'dfs.ls.limit': int('1000', 'Entries of one answer to a listing.'),
  'dfs.batched.ls.limit': int('100', 'Paths of one batched listing.'),
  'dfs.content-summary.limit': int('5000', 'Inodes a content summary counts before it lets others run.'),
  'fs.protected.directories': list(undefined, 'Directories that cannot be removed or renamed while they are not empty.'),
  'dfs.protected.subdirectories.enable': bool('false', 'Whether that goes for the directories below them too.'),

  'dfs.namenode.enable.retrycache': bool('true', 'Whether the answers of at-most-once calls are remembered.'),
  'dfs.namenode.retrycache.expirytime.millis': duration('ms', '600000', 'How long such an answer is remembered.'),
  'dfs.namenode.retrycache.heap.percent': float(
    '0.25f',
    'Part of the heap for remembered answers, in per cent; eight bytes are counted for each, the oldest go first.',
    {
      differs: 'Hadoop’s 0.03f holds the answers of a second or two of a busy NameNode; a client may take longer to ask again.',
    },
  ),

  'dfs.namenode.lease-hard-limit-sec': duration('s', '1200', 'After this silence of a writer its files are closed for it.'),
  'dfs.namenode.lease-recheck-interval-ms': duration('ms', '2000', 'How often leases past the hard limit are looked for.'),
  'dfs.namenode.max-lock-hold-to-release-lease-ms': duration('ms', '25', 'Longest time that one such look may take.'),
  'dfs.namenode.file.close.num-committed-allowed': int('0', 'Last blocks that need not be complete when a file is closed.'),

  'dfs.namenode.safemode.threshold-pct': float('0.999f', 'Part of the blocks that must be reported before safe mode ends.', {
    deprecated: ['dfs.safemode.threshold.pct'],
  }),
  'dfs.namenode.safemode.min.datanodes': int('0', 'DataNodes that must be live before safe mode ends.'),
  'dfs.namenode.safemode.extension': duration('ms', '30000', 'How long safe mode lasts after the thresholds are reached.', {
    deprecated: ['dfs.safemode.extension'],
  }),
  'dfs.namenode.safemode.recheck.interval': duration('ms', '1000', 'How often it is looked whether safe mode may end.'),
  'dfs.namenode.safemode.replication.min': int(
    undefined,
    'Replicas that make a block count in safe mode; without it dfs.namenode.replication.min.',
  ),

  'dfs.replication.max': int('512', 'Largest replication that may be asked for.'),
  'dfs.namenode.replication.min': int('1', 'Replicas that make a block complete.', { deprecated: ['dfs.replication.min'] }),
  'dfs.namenode.maintenance.replication.min': int('1', 'Live replicas that a block keeps while nodes are in maintenance.'),
  'dfs.namenode.redundancy.interval.seconds': duration('s', '3', 'How often redundancy work is handed out.', {
    deprecated: ['dfs.replication.interval', 'dfs.namenode.replication.interval'],
  }),
  'dfs.namenode.redundancy.considerLoad': bool('true', 'Whether placement avoids busy nodes.', {
    deprecated: ['dfs.replication.considerLoad', 'dfs.namenode.replication.considerLoad'],
  }),
  'dfs.namenode.redundancy.considerLoad.factor': float('2.0', 'A node is busy beyond this multiple of the mean load.', {
    deprecated: ['dfs.namenode.replication.considerLoad.factor'],
  }),
  'dfs.namenode.reconstruction.pending.timeout-sec': duration(
    's',
    '300',
    'After this a copy that did not arrive is asked for again.',
    {
      deprecated: ['dfs.replication.pending.timeout.sec', 'dfs.namenode.replication.pending.timeout-sec'],
    },
  ),
  'dfs.namenode.replication.max-streams': int('2', 'Copies that one node makes at once.', {
    deprecated: ['dfs.max-repl-streams'],
  }),
  'dfs.namenode.replication.max-streams-hard-limit': int('4', 'The same, for the most urgent blocks.'),
  'dfs.namenode.replication.work.multiplier.per.iteration': int('2', 'Blocks to copy in one round, for each live node.'),
  'dfs.namenode.redundancy.queue.restart.iterations': int(
    '2400',
    'Rounds after which the most urgent are looked at first again.',
  ),
  'dfs.namenode.excess.redundancy.timeout-sec': duration('s', '3600', 'After this an extra replica is ordered away again.'),
  'dfs.namenode.tolerate.heartbeat.multiplier': int(
    '4',
    'A node without so many heartbeats is the first to lose a replica too many.',
  ),
  'dfs.namenode.invalidate.work.pct.per.iteration': float('0.32f', 'Part of the nodes that are told to delete in one round.'),
  'dfs.block.invalidate.limit': int('1000', 'Blocks that one node is told to delete in one round.'),
  'dfs.block.misreplication.processing.limit': int('10000', 'Blocks checked at once after a failover.'),
  'dfs.namenode.blocks.per.postponedblocks.rescan': int('10000', 'Postponed blocks checked again in one round.'),
  'dfs.namenode.startup.delay.block.deletion.sec': duration('s', '0', 'How long after a start no block is deleted.'),
  'dfs.namenode.corrupt.block.delete.immediately.enabled': bool(
    'true',
    'Whether a corrupt replica goes as soon as enough good ones exist.',
  ),
  'dfs.block.replicator.classname': text(
    'org.apache.hadoop.hdfs.server.blockmanagement.BlockPlacementPolicyDefault',
    "Placement policy: default, first-rack or rack-spread, or by the name of Hadoop's class.",
  ),
  'dfs.namenode.block-placement-policy.default.prefer-local-node': bool(
    'true',
    "Whether the first replica goes to the writer's own node.",
  ),
  'dfs.namenode.block-placement.min-blocks-for.write': int('1', 'Blocks that must fit on a storage that is chosen.'),
  'dfs.namenode.read.considerLoad': bool('false', 'Whether readers are sent to the less busy of equally near nodes first.'),
  'dfs.namenode.read.considerStorageType': bool(
    'false',
    'Whether readers are sent to the faster storages of equally near nodes first.',
  ),
  'dfs.namenode.random.node.order.enabled': bool('false', 'Whether readers are sent to nodes however far they are.'),
  'dfs.storage.default.policy': text('HOT', 'Storage policy of what has none of its own.'),
  'dfs.storage.policy.enabled': bool('true', 'Whether storage policies may be set.'),
  'dfs.storage.policy.permissions.superuser-only': bool('false', 'Whether only the superuser sets storage policies.'),

  'dfs.heartbeat.interval': duration('s', '3', 'How often a DataNode reports that it lives.'),
  'dfs.namenode.heartbeat.recheck-interval': duration('ms', '300000', 'A node is dead after twice this and ten heartbeats.', {
    deprecated: ['heartbeat.recheck.interval'],
  }),
  'dfs.namenode.stale.datanode.interval': duration('ms', '30000', 'After this silence a node counts as stale.'),
  'dfs.namenode.stale.datanode.minimum.interval': int('3', 'Fewest heartbeat intervals of the stale interval.'),
  'dfs.namenode.avoid.read.stale.datanode': bool('false', 'Whether stale nodes are listed last for readers.'),
  'dfs.namenode.avoid.write.stale.datanode': bool('false', 'Whether stale nodes get no new blocks.'),
  'dfs.namenode.avoid.read.slow.datanode': bool('false', 'Whether nodes that others call slow are listed last for readers.'),
  'dfs.namenode.block-placement-policy.exclude-slow-nodes.enabled': bool(
    'false',
    'Whether nodes that others call slow get no new blocks.',
  ),
  'dfs.namenode.max.slowpeer.collect.nodes': int('5', 'Nodes that count as slow at most.'),
  'dfs.namenode.slowpeer.collect.interval': duration('ms', '30m', 'How often it is decided which ones do.'),
  'dfs.namenode.write.stale.datanode.ratio': float(
    '0.5f',
    'With more than this part of the nodes stale they are used all the same.',
  ),
  'dfs.namenode.remove.dead.datanode.batchnum': int('10', 'Dead nodes removed in one round.'),
  'dfs.namenode.datanode.registration.ip-hostname-check': bool('true', "Whether a DataNode's address must have a name."),
  'dfs.namenode.min.supported.datanode.version': text('2.1.0-beta', 'Oldest DataNode that the NameNode takes in.'),
  'dfs.namenode.reject-unresolved-dn-topology-mapping': bool('false', 'Whether a node without a rack is refused.'),
  'dfs.namenode.max.full.block.report.leases': int('6', 'Full block reports that may be under way.'),
  'dfs.namenode.full.block.report.lease.length.ms': duration('ms', '300000', 'How long the leave to send a full report holds.'),
  'dfs.namenode.blockreport.queue.size': int('1024', 'Block reports that wait.'),
  'dfs.hosts': text(undefined, 'File with the nodes that may register; without it every node may.'),
  'dfs.hosts.exclude': text(undefined, 'File with the nodes that are to leave.'),
  'dfs.namenode.hosts.provider.classname': text(
    'org.apache.hadoop.hdfs.server.blockmanagement.HostFileManager',
    "What reads the host files, by the name of Hadoop's class: with CombinedHostFileManager dfs.hosts is one JSON file.",
  ),
  'dfs.namenode.decommission.blocks.per.interval': int('500000', 'Blocks of leaving nodes that are checked in one round.'),
  'dfs.namenode.decommission.max.concurrent.tracked.nodes': int(
    '100',
    'Leaving nodes that are looked after at a time; 0 for any number.',
  ),
  'dfs.namenode.max-corrupt-file-blocks-returned': int('100', 'Blocks without a good replica named in one answer.'),
  'dfs.namenode.decommission.interval': duration('s', '30', 'How often the progress of leaving nodes is checked.'),
  'dfs.namenode.top.enabled': bool('true', 'Whether the busiest users and operations are counted.'),
  'dfs.namenode.top.window.num.buckets': int('10', 'Parts in which a window of that counting moves on.'),
  'dfs.namenode.top.num.users': int('10', 'Users that are shown of each operation.'),
  'dfs.namenode.top.windows.minutes': list('1,5,25', 'Lengths of those windows.'),
  'dfs.namenode.audit.loggers': list('default', "Audit loggers, by the names of Hadoop's classes."),
  'dfs.namenode.audit.log.token.tracking.id': bool('false', 'Whether each line of the audit log shows a tracking id.'),
  'dfs.namenode.audit.log.debug.cmdlist': list('', 'Commands that the audit log leaves out.'),
  'dfs.namenode.audit.log.with.remote.port': bool('false', "Whether the client's port stands in the caller context."),
  'hdfs.audit.logger': text(
    '',
    'Level and places of the audit log: RFAAUDIT, console, NullAppender; empty: HDFS_AUDIT_LOGGER.',
    {
      differs: "Hadoop has it as a property of log4j's.",
    },
  ),
  'hdfs.audit.log.maxfilesize': size('256m', 'Bytes of hdfs-audit.log before it is put aside.', {
    differs: "Hadoop has it as a property of log4j's.",
  }),
  'hdfs.audit.log.maxbackupindex': int('20', 'Files that are kept beside it.', {
    differs: "Hadoop has it as a property of log4j's.",
  }),
  'dfs.namenode.max-num-blocks-to-log': long('1000', 'Blocks named in one line of the log.'),
  'dfs.namenode.metrics.logger.period.seconds': duration('s', '600', 'How often the metrics go into the log; 0 never.'),
  'dfs.namenode.lazypersist.file.scrub.interval.sec': duration(
    's',
    '300',
    'How often files that lay in memory, and were lost with it, are looked for and removed; 0 never.',
  ),
  'dfs.namenode.list.openfiles.num.responses': int('1000', 'Open files in one answer.'),
  'dfs.namenode.inotify.max.events.per.rpc': int('1000', 'Namespace events after which an answer ends.'),
  'dfs.block.access.token.enable': bool('false', 'Whether DataNodes ask for block tokens.'),
  'dfs.namenode.ec.system.default.policy': text('RS-6-3-1024k', 'Erasure coding policy used when none is named.'),
  'dfs.namenode.ec.policies.max.cellsize': int('4194304', 'Bytes of the largest cell that a policy may have.'),
  'dfs.storage.policy.satisfier.mode': text('none', 'Who moves blocks to where their storage policies want them.'),
  'dfs.block.placement.ec.classname': text(
    'org.apache.hadoop.hdfs.server.blockmanagement.BlockPlacementPolicyRackFaultTolerant',
    'Where the blocks of striped files go.',
  ),
  'dfs.image.parallel.load': bool('false', 'Whether sections of an image are read at once.'),
  'dfs.namenode.decommission.backoff.monitor.pending.limit': int(
    '10000',
    'Blocks of leaving nodes that wait to be copied at once.',
  ),
  'dfs.namenode.decommission.backoff.monitor.pending.blocks.per.lock': int('1000', 'Those that are looked at in one go.'),
  'dfs.namenode.lock.detailed-metrics.enabled': bool('false', 'Whether it is measured how long locks are held.'),
  'dfs.namenode.read-lock-reporting-threshold-ms': long('5000', 'A lock for reading that is held longer is logged.'),
  'dfs.namenode.write-lock-reporting-threshold-ms': long('5000', 'The same for writing.'),
  'dfs.namenode.snapshotdiff.allow.snap-root-descendant': bool(
    'true',
    'Whether snapshots are compared for directories below a snapshottable one, too.',
  ),
  'dfs.namenode.snapshot.max.limit': int('65536', 'Snapshots of one directory.'),
  'dfs.encrypt.data.transfer': bool('false', 'Whether block data is encrypted on the wire.'),
} as const satisfies KeyTable;
