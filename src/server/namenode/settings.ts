// What the NameNode's parts are configured with, read from Hadoop's keys in one place.

import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { type BlockManagerOptions, DEFAULT_BLOCK_MANAGER_OPTIONS } from '../../core/blocks/state.ts';
import type { ErasureCodingOptions } from '../../core/namespace/erasure-coding.ts';
import type { NamespaceOptions } from '../../core/namespace/options.ts';
import { protectedPaths } from '../../core/namespace/protected-directories.ts';
import { retryCacheCapacity } from '../../core/namespace/retry-cache.ts';
import type { PlacementOptions } from '../../core/placement/choice.ts';
import type { ReaderOrder } from '../../core/placement/sort-locations.ts';
import { storagePolicyByName } from '../../core/placement/storage-policy.ts';
import type { SlowNodesOptions } from '../../core/slow/slow-nodes.ts';
import { type ImageCodec, imageCodec as imageCodecOf } from '../../format/fsimage/compression.ts';
import type { Log, Machine } from '../../host/host.ts';
import type { RpcServerLimits } from '../../rpc/server.ts';
import { ChecksumTypeProto, type FsServerDefaultsProtoInit } from '../../wire/messages/hdfs.ts';
import type { EditLogRollerOptions } from './edit-log-roller.ts';

/** Apache: DFS_NAMENODE_MAX_XATTR_SIZE_HARD_LIMIT. */
const MAX_XATTR_BYTES = 32_768;
/** Apache: HdfsConstants.LEASE_SOFTLIMIT_PERIOD; no key sets it. */
const LEASE_SOFT_LIMIT_MS = 60_000;
/** Apache: DatanodeManager, blockInvalidateLimit is at least this many for each second between heartbeats. */
const INVALIDATIONS_PER_SECOND = 20;

export function namespaceOptions(
  configuration: Configuration,
  machine: Pick<Machine, 'userName' | 'heapLimit'>,
  log: Log,
): NamespaceOptions {
  return {
    superuser: machine.userName,
    supergroup: configuration.require('dfs.permissions.superusergroup'),
    permissionsEnabled: configuration.getBoolean('dfs.permissions.enabled'),
    summaryGuarded: configuration.getBoolean('dfs.permissions.ContentSummary.subAccess'),
    posixAclInheritance: configuration.getBoolean('dfs.namenode.posix.acl.inheritance.enabled'),
    aclsEnabled: configuration.getBoolean('dfs.namenode.acls.enabled'),
    xattrsEnabled: configuration.getBoolean('dfs.namenode.xattrs.enabled'),
    maxXattrsPerInode: maxXattrsPerInode(configuration),
    maxXattrSize: maxXattrSize(configuration),
    storagePoliciesEnabled: configuration.getBoolean('dfs.storage.policy.enabled'),
    storagePoliciesOfSuperuser: configuration.getBoolean('dfs.storage.policy.permissions.superuser-only'),
    typeQuotasEnabled: configuration.getBoolean('dfs.quota.by.storage.type.enabled'),
    ownersSetQuota: configuration.getBoolean('dfs.permissions.allow.owner.set.quota'),
    protectedDirectories: {
      paths: protectedDirectories(configuration, log),
      withAllBelow: configuration.getBoolean('dfs.protected.subdirectories.enable'),
    },
    snapshotDiffBelowRoot: configuration.getBoolean('dfs.namenode.snapshotdiff.allow.snap-root-descendant'),
    maxComponentLength: configuration.getInt('dfs.namenode.fs-limits.max-component-length'),
    maxDirectoryItems: configuration.getInt('dfs.namenode.fs-limits.max-directory-items'),
    maxBlocksPerFile: configuration.getLong('dfs.namenode.fs-limits.max-blocks-per-file'),
    minBlockSize: configuration.getSize('dfs.namenode.fs-limits.min-block-size'),
    minReplication: configuration.getInt('dfs.namenode.replication.min'),
    maxReplication: configuration.getInt('dfs.replication.max'),
    maxObjects: configuration.getLong('dfs.namenode.max.objects'),
    accessTimePrecisionMs: configuration.getDuration('dfs.namenode.accesstime.precision'),
    committedBlocksAllowed: configuration.getInt('dfs.namenode.file.close.num-committed-allowed'),
    leaseSoftLimitMs: LEASE_SOFT_LIMIT_MS,
    leaseHardLimitMs: configuration.getDuration('dfs.namenode.lease-hard-limit-sec'),
    ...retryCacheOptions(configuration, machine.heapLimit),
  };
}

/** Throws HdfsError EILLEGAL, in Hadoop's words. */
function retryCacheOptions(
  configuration: Configuration,
  heapBytes: number,
): Pick<NamespaceOptions, 'retryCacheMs' | 'retryCacheEntries'> {
  if (!configuration.getBoolean('dfs.namenode.enable.retrycache')) return { retryCacheMs: 0, retryCacheEntries: 0 };
  const percent = configuration.getFloat('dfs.namenode.retrycache.heap.percent');
  if (percent < 0 || percent > 100) {
    throw new HdfsError(
      'EILLEGAL',
      `Percentage ${Number.isInteger(percent) ? percent.toFixed(1) : percent} must be greater than or equal to 0  and less than or equal to 100`,
    );
  }
  const retryCacheMs = configuration.getDuration('dfs.namenode.retrycache.expirytime.millis');
  if (retryCacheMs <= 0) {
    throw new HdfsError('EILLEGAL', `creationExpirationPeriod = ${retryCacheMs * 1_000_000} <= 0`);
  }
  return { retryCacheMs, retryCacheEntries: retryCacheCapacity(heapBytes, percent) };
}

/** Undefined: images are written plain. Throws HdfsError for a codec that is not built; Hadoop does so at its first image. */
export function imageCodec(configuration: Configuration): ImageCodec | undefined {
  if (!configuration.getBoolean('dfs.image.compress')) return undefined;
  const name = configuration.require('dfs.image.compression.codec');
  const codec = imageCodecOf(name);
  if (codec !== undefined) return codec;
  throw new HdfsError('EIO', `Not a supported codec: ${name}`);
}

/** What is no directory of a file system is said in the log, as in Apache's. */
export function protectedDirectories(configuration: Configuration, log: Log): ReadonlySet<string> {
  const key = 'fs.protected.directories';
  return protectedPaths(configuration.getStrings(key), (path, why) =>
    log.log('warn', 'namenode', `${key}: ignoring the path ${path}, which is ${why}`),
  );
}

export function erasureCodingOptions(configuration: Configuration): ErasureCodingOptions {
  return {
    defaultPolicy: (configuration.get('dfs.namenode.ec.system.default.policy') ?? '').trim(),
    maxCellSize: configuration.getInt('dfs.namenode.ec.policies.max.cellsize'),
  };
}

function maxXattrsPerInode(configuration: Configuration): number {
  const key = 'dfs.namenode.fs-limits.max-xattrs-per-inode';
  const value = configuration.getInt(key);
  if (value >= 0) return value;
  throw new HdfsError('EILLEGAL', `Cannot set a negative limit on the number of xattrs per inode (${key}).`);
}

function maxXattrSize(configuration: Configuration): number {
  const key = 'dfs.namenode.fs-limits.max-xattr-size';
  const value = configuration.getSize(key);
  if (value <= 0) throw new HdfsError('EILLEGAL', `The maximum size of an xattr should be > 0: (${key}).`);
  if (value <= MAX_XATTR_BYTES) return value;
  throw new HdfsError(
    'EILLEGAL',
    `The maximum size of an xattr should be <= maximum size hard limit ${MAX_XATTR_BYTES}: (${key}).`,
  );
}

/** At least so many heartbeats; fewer would call nodes stale that are only late. Throws HdfsError EILLEGAL. */
export function staleIntervalMs(configuration: Configuration, log: Log): number {
  const key = 'dfs.namenode.stale.datanode.interval';
  const wantedMs = configuration.getDuration(key);
  if (wantedMs <= 0) {
    throw new HdfsError('EILLEGAL', `${key} = '${wantedMs}' is invalid. It should be a positive non-zero value.`);
  }
  const heartbeats = configuration.getInt('dfs.namenode.stale.datanode.minimum.interval');
  const leastMs = heartbeats * Math.floor(configuration.getDuration('dfs.heartbeat.interval') / 1000) * 1000;
  if (wantedMs >= leastMs) return wantedMs;
  log.log('warn', 'namenode', `${key} is ${wantedMs} ms, less than ${heartbeats} heartbeats: ${leastMs} ms are taken`);
  return leastMs;
}

export function blockManagerOptions(configuration: Configuration, log: Log): Partial<BlockManagerOptions> {
  const heartbeatIntervalMs = configuration.getDuration('dfs.heartbeat.interval');
  const threshold = configuration.getFloat('dfs.namenode.safemode.threshold-pct');
  const minReplication = configuration.getInt('dfs.namenode.replication.min');
  return {
    datanodes: {
      heartbeatIntervalMs,
      heartbeatRecheckIntervalMs: configuration.getDuration('dfs.namenode.heartbeat.recheck-interval'),
      staleIntervalMs: staleIntervalMs(configuration, log),
      avoidStaleForWrite: configuration.getBoolean('dfs.namenode.avoid.write.stale.datanode'),
      writeStaleRatio: configuration.getFloat('dfs.namenode.write.stale.datanode.ratio'),
    },
    safeMode: {
      threshold,
      minDatanodes: configuration.getInt('dfs.namenode.safemode.min.datanodes'),
      safeReplication: configuration.getInt('dfs.namenode.safemode.replication.min', minReplication),
      extensionMs: configuration.getDuration('dfs.namenode.safemode.extension'),
      replicationQueueThreshold: threshold,
    },
    reportLeases: {
      maxPending: configuration.getInt('dfs.namenode.max.full.block.report.leases'),
      leaseMs: configuration.getDuration('dfs.namenode.full.block.report.lease.length.ms'),
    },
    minReplication,
    maxReplication: configuration.getInt('dfs.replication.max'),
    minMaintenanceReplication: configuration.getInt('dfs.namenode.maintenance.replication.min'),
    maxReplicationStreams: configuration.getInt('dfs.namenode.replication.max-streams'),
    replicationStreamsHardLimit: configuration.getInt('dfs.namenode.replication.max-streams-hard-limit'),
    replicationWorkMultiplier: configuration.getInt('dfs.namenode.replication.work.multiplier.per.iteration'),
    redundancyIntervalMs: configuration.getDuration('dfs.namenode.redundancy.interval.seconds'),
    queueRestartIterations: configuration.getInt('dfs.namenode.redundancy.queue.restart.iterations'),
    excessTimeoutMs: configuration.getDuration('dfs.namenode.excess.redundancy.timeout-sec'),
    tolerateHeartbeatMultiplier: configuration.getInt('dfs.namenode.tolerate.heartbeat.multiplier'),
    pendingTimeoutMs: configuration.getDuration('dfs.namenode.reconstruction.pending.timeout-sec'),
    invalidateLimit: invalidateLimit(configuration.getInt('dfs.block.invalidate.limit'), heartbeatIntervalMs),
    invalidateWorkShare: configuration.getFloat('dfs.namenode.invalidate.work.pct.per.iteration'),
    deletionDelayMs: configuration.getDuration('dfs.namenode.startup.delay.block.deletion.sec'),
    deleteCorruptImmediately: configuration.getBoolean('dfs.namenode.corrupt.block.delete.immediately.enabled'),
    postponedRescanLimit: configuration.getLong('dfs.namenode.blocks.per.postponedblocks.rescan'),
    defaultReplication: configuration.getInt('dfs.replication'),
    decommissionIntervalMs: configuration.getDuration('dfs.namenode.decommission.interval'),
    decommissionBlocksPerInterval: configuration.getInt('dfs.namenode.decommission.blocks.per.interval'),
    maxTrackedLeavingNodes: configuration.getInt('dfs.namenode.decommission.max.concurrent.tracked.nodes'),
    avoidStaleForRead: configuration.getBoolean('dfs.namenode.avoid.read.stale.datanode'),
    readerOrder: readerOrder(configuration, log),
    defaultStoragePolicy: defaultStoragePolicy(configuration),
    slowNodes: slowNodesOptions(configuration),
  };
}

function readerOrder(configuration: Configuration, log: Log): ReaderOrder {
  const [load, type] = ['dfs.namenode.read.considerLoad', 'dfs.namenode.read.considerStorageType'] as const;
  const [byLoad, byType] = [configuration.getBoolean(load), configuration.getBoolean(type)];
  if (byLoad && byType) {
    log.log(
      'warn',
      'namenode',
      `${load} and ${type} are incompatible and only one can be enabled. Both are currently enabled. ${type} will be ignored.`,
    );
  }
  if (configuration.getBoolean('dfs.namenode.random.node.order.enabled')) return 'shuffled';
  if (byLoad) return 'load';
  return byType ? 'storageType' : 'random';
}

function slowNodesOptions(configuration: Configuration): SlowNodesOptions {
  return {
    peerStats: configuration.getBoolean('dfs.datanode.peer.stats.enabled'),
    diskStats: configuration.getInt('dfs.datanode.fileio.profiling.sampling.percentage') > 0,
    reportIntervalMs: configuration.getDuration('dfs.datanode.outliers.report.interval'),
    maxNodesToReport: configuration.getInt('dfs.datanode.max.nodes.to.report'),
    maxDisksToReport: configuration.getInt('dfs.datanode.max.disks.to.report'),
    maxCollected: configuration.getInt('dfs.namenode.max.slowpeer.collect.nodes'),
    collectIntervalMs: configuration.getDuration('dfs.namenode.slowpeer.collect.interval'),
    excludeForWrite: configuration.getBoolean('dfs.namenode.block-placement-policy.exclude-slow-nodes.enabled'),
    avoidForRead: configuration.getBoolean('dfs.namenode.avoid.read.slow.datanode'),
  };
}

/** What is asked for, or what goes with the time between heartbeats. */
export function invalidateLimit(wanted: number, heartbeatIntervalMs: number): number {
  return Math.max(wanted, (INVALIDATIONS_PER_SECOND * heartbeatIntervalMs) / 1000);
}

function defaultStoragePolicy(configuration: Configuration): number {
  const named = storagePolicyByName(configuration.require('dfs.storage.default.policy'));
  return named?.id ?? DEFAULT_BLOCK_MANAGER_OPTIONS.defaultStoragePolicy;
}

export function placementOptions(configuration: Configuration): PlacementOptions {
  return {
    considerLoad: configuration.getBoolean('dfs.namenode.redundancy.considerLoad'),
    considerLoadFactor: configuration.getFloat('dfs.namenode.redundancy.considerLoad.factor'),
    preferLocalNode: configuration.getBoolean('dfs.namenode.block-placement-policy.default.prefer-local-node'),
    minBlocksForWrite: configuration.getInt('dfs.namenode.block-placement.min-blocks-for.write'),
  };
}

const CHECKSUM_TYPES: Readonly<Record<string, ChecksumTypeProto>> = {
  NULL: ChecksumTypeProto.CHECKSUM_NULL,
  CRC32: ChecksumTypeProto.CHECKSUM_CRC32,
  CRC32C: ChecksumTypeProto.CHECKSUM_CRC32C,
};

/** What clients are told to use when they do not say themselves. */
export function serverDefaults(configuration: Configuration): FsServerDefaultsProtoInit {
  return {
    blockSize: configuration.getSize('dfs.blocksize'),
    bytesPerChecksum: configuration.getInt('dfs.bytes-per-checksum'),
    writePacketSize: configuration.getInt('dfs.client-write-packet-size'),
    replication: configuration.getInt('dfs.replication'),
    fileBufferSize: configuration.getInt('io.file.buffer.size'),
    encryptDataTransfer: false,
    trashInterval: configuration.getDuration('fs.trash.interval') / 60_000,
    checksumType: CHECKSUM_TYPES[configuration.require('dfs.checksum.type')] ?? ChecksumTypeProto.CHECKSUM_CRC32C,
    keyProviderUri: '',
    policyId: defaultStoragePolicy(configuration),
    snapshotTrashRootEnabled: false,
  };
}

/** When the open segment of the edit log is long enough to be ended. */
export function editLogRolling(configuration: Configuration): EditLogRollerOptions {
  const part = configuration.getFloat('dfs.namenode.edit.log.autoroll.multiplier.threshold');
  return {
    threshold: Math.trunc(part * configuration.getLong('dfs.namenode.checkpoint.txns')),
    intervalMs: configuration.getDuration('dfs.namenode.edit.log.autoroll.check.interval.ms'),
  };
}

/** Bounds of the RPC server, by Hadoop's keys. */
export function rpcLimits(configuration: Configuration): Partial<RpcServerLimits> {
  return {
    maxDataBytes: configuration.getInt('ipc.maximum.data.length'),
    largeAnswerBytes: configuration.getInt('ipc.server.max.response.size'),
    maxConnections: configuration.getInt('ipc.server.max.connections'),
    listenQueue: configuration.getInt('ipc.server.listen.queue.size'),
    idleThreshold: configuration.getInt('ipc.client.idlethreshold'),
    maxIdleMs: 2 * configuration.getDuration('ipc.client.connection.maxidletime'),
    idleScanIntervalMs: configuration.getDuration('ipc.client.connection.idle-scan-interval.ms'),
    purgeMs: configuration.getDuration('ipc.server.purge.interval'),
    maxClosedPerScan: configuration.getInt('ipc.client.kill.max'),
  };
}
