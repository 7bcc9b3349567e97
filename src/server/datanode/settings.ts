// The configuration keys that the DataNode reads, once, at its start.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { addressOf } from '../../config/nameservices.ts';
import { slowCallSettings } from '../../config/slow-calls.ts';
import { reservedBytes, reservedCalculatorOf } from '../../core/replica/reserved-space.ts';
import { type VolumeChooserOptions, volumePolicyOf } from '../../core/replica/volume-choice.ts';
import type { Address } from '../../host/host.ts';
import type { SlowCallSettings } from '../../rpc/slow-calls.ts';
import { type DataDirectory, storageTypeName } from './data-directories.ts';
import { type Naming, readNaming } from './own-name.ts';
import type { Throttles } from './services.ts';
import type { Reserving } from './storages.ts';

export interface DataNodeSettings {
  readonly transferAddress: Address;
  readonly ipcAddress: Address;
  readonly httpAddress: Address;
  readonly hostName: string | undefined;
  /** Where the node's name comes from without it. */
  readonly naming: Naming;
  readonly useDatanodeHostname: boolean;
  /** Waiting for a peer's bytes: dfs.client.socket-timeout. */
  readonly socketTimeoutMs: number;
  readonly socketWriteTimeoutMs: number;
  readonly keepaliveMs: number;
  /** These change when the running node is reconfigured. */
  maxTransferThreads: number;
  readonly syncOnClose: boolean;
  readonly syncBehindWrites: boolean;
  readonly maxPacketBytes: number;
  readonly fixedVolumeSize: boolean;
  readonly blockSize: number;
  readonly heartbeatMs: number;
  readonly minimumNameNodeVersion: string;
  readonly lifelineMs: number;
  peerStats: boolean;
  peerMinSamples: number;
  peerMinNodes: number;
  peerLowThresholdMs: number;
  diskSamplingPercent: number;
  diskMinDisks: number;
  diskLowThresholdMs: number;
  /** So many of the slowest disks get no new replicas. */
  maxSlowDisksExcluded: number;
  outliersReportMs: number;
  blockReportMs: number;
  blockReportInitialDelayMs: number;
  blockReportSplitThreshold: number;
  readonly incrementalReportMs: number;
  readonly poolReadyMs: number;
  readonly restartReplicaMs: number;
  /** How long the word that the node restarts may take to leave. */
  readonly oobTimeoutMs: number;
  readonly pipelineEcn: boolean;
  readonly pipelineSlowNode: boolean;
  readonly congestionRatio: number;
  readonly balanceBandwidth: number;
  /** Bytes a second by what moves; 0: no bound. */
  readonly bandwidth: Readonly<Record<keyof Throttles, number>>;
  readonly reserving: Reserving;
  readonly directoryMode: number;
  readonly volumeFailuresTolerated: number;
  readonly choosing: VolumeChooserOptions;
  /** How often space is counted (0: once), and by how much that varies. */
  spaceCount: { readonly intervalMs: number; readonly jitterMs: number };
  readonly directoryScanMs: number;
  readonly directoryScanThrottleMs: number;
  /** Negative: blocks are not verified by themselves. */
  readonly scanPeriodMs: number;
  readonly scanBytesPerSecond: number;
  /** Longer than this, what a packet needs is slow. */
  readonly slowIoMs: number;
  readonly diskCheckMinGapMs: number;
  readonly diskCheckTimeoutMs: number;
  readonly bytesPerChecksum: number;
  /** Bytes that replicas may take in memory; 0: none. */
  readonly maxLockedMemory: number;
  readonly lazyWriterMs: number;
  readonly nonLocalLazyPersist: boolean;
  readonly blockPinning: boolean;
  readonly slowCalls: SlowCallSettings;
}

/** What 0 of dfs.datanode.scan.period.hours stands for: three weeks. */
const DEFAULT_SCAN_PERIOD_MS = 21 * 24 * 3_600_000;

/** A value that makes no sense is no throttle, as in Apache. */
const throttleOf = (value: number): number => (value > 0 && value < 1000 ? value : 1000);

export function readSettings(configuration: Configuration): DataNodeSettings {
  return {
    transferAddress: addressOf(configuration, 'dfs.datanode.address'),
    ipcAddress: addressOf(configuration, 'dfs.datanode.ipc.address'),
    httpAddress: addressOf(configuration, 'dfs.datanode.http.address'),
    hostName: configuration.get('dfs.datanode.hostname'),
    naming: readNaming(configuration),
    useDatanodeHostname: configuration.getBoolean('dfs.datanode.use.datanode.hostname'),
    socketTimeoutMs: configuration.getDuration('dfs.client.socket-timeout'),
    socketWriteTimeoutMs: configuration.getDuration('dfs.datanode.socket.write.timeout'),
    keepaliveMs: configuration.getDuration('dfs.datanode.socket.reuse.keepalive'),
    maxTransferThreads: configuration.getInt('dfs.datanode.max.transfer.threads'),
    syncOnClose: configuration.getBoolean('dfs.datanode.synconclose'),
    syncBehindWrites: configuration.getBoolean('dfs.datanode.sync.behind.writes'),
    maxPacketBytes: configuration.getInt('dfs.data.transfer.max.packet.size'),
    fixedVolumeSize: configuration.getBoolean('dfs.datanode.fixed.volume.size'),
    blockSize: configuration.getSize('dfs.blocksize'),
    heartbeatMs: configuration.getDuration('dfs.heartbeat.interval'),
    minimumNameNodeVersion: configuration.require('dfs.datanode.min.supported.namenode.version'),
    lifelineMs: lifelineMs(configuration),
    peerStats: configuration.getBoolean('dfs.datanode.peer.stats.enabled'),
    peerMinSamples: configuration.getLong('dfs.datanode.peer.metrics.min.outlier.detection.samples'),
    peerMinNodes: configuration.getLong('dfs.datanode.min.outlier.detection.nodes'),
    peerLowThresholdMs: configuration.getLong('dfs.datanode.slowpeer.low.threshold.ms'),
    diskSamplingPercent: configuration.getInt('dfs.datanode.fileio.profiling.sampling.percentage'),
    diskMinDisks: configuration.getLong('dfs.datanode.min.outlier.detection.disks'),
    diskLowThresholdMs: configuration.getLong('dfs.datanode.slowdisk.low.threshold.ms'),
    maxSlowDisksExcluded: configuration.getInt('dfs.datanode.max.slowdisks.to.exclude'),
    slowIoMs: configuration.getDuration('dfs.datanode.slow.io.warning.threshold.ms'),
    outliersReportMs: configuration.getDuration('dfs.datanode.outliers.report.interval'),
    blockReportMs: configuration.getDuration('dfs.blockreport.intervalMsec'),
    blockReportInitialDelayMs: configuration.getDuration('dfs.blockreport.initialDelay'),
    blockReportSplitThreshold: configuration.getLong('dfs.blockreport.split.threshold'),
    incrementalReportMs: configuration.getDuration('dfs.blockreport.incremental.intervalMsec'),
    restartReplicaMs: configuration.getDuration('dfs.datanode.restart.replica.expiration'),
    oobTimeoutMs: Number(configuration.getStrings('dfs.datanode.oob.timeout-ms')[0] ?? 0) || 0,
    pipelineEcn: configuration.getBoolean('dfs.pipeline.ecn'),
    pipelineSlowNode: configuration.getBoolean('dfs.pipeline.slownode'),
    congestionRatio: configuration.getFloat('dfs.pipeline.congestion.ratio'),
    poolReadyMs: configuration.getDuration('dfs.datanode.bp-ready.timeout'),
    balanceBandwidth: configuration.getSize('dfs.datanode.balance.bandwidthPerSec'),
    bandwidth: {
      transfer: configuration.getLong('dfs.datanode.data.transfer.bandwidthPerSec'),
      write: configuration.getLong('dfs.datanode.data.write.bandwidthPerSec'),
      read: configuration.getLong('dfs.datanode.data.read.bandwidthPerSec'),
    },
    reserving: readReserving(configuration),
    directoryMode: configuration.getMode('dfs.datanode.data.dir.perm'),
    volumeFailuresTolerated: configuration.getInt('dfs.datanode.failed.volumes.tolerated'),
    choosing: readChoosing(configuration),
    spaceCount: {
      intervalMs: configuration.getDuration('fs.du.interval'),
      jitterMs: configuration.getDuration('fs.getspaceused.jitterMillis'),
    },
    directoryScanMs: configuration.getDuration('dfs.datanode.directoryscan.interval'),
    directoryScanThrottleMs: throttleOf(configuration.getInt('dfs.datanode.directoryscan.throttle.limit.ms.per.sec')),
    scanPeriodMs: configuration.getDuration('dfs.datanode.scan.period.hours') || DEFAULT_SCAN_PERIOD_MS,
    scanBytesPerSecond: configuration.getSize('dfs.block.scanner.volume.bytes.per.second'),
    diskCheckMinGapMs: notNegative(
      'dfs.datanode.disk.check.min.gap',
      configuration.getDuration('dfs.datanode.disk.check.min.gap'),
    ),
    diskCheckTimeoutMs: positive(
      'dfs.datanode.disk.check.timeout',
      configuration.getDuration('dfs.datanode.disk.check.timeout'),
    ),
    bytesPerChecksum: configuration.getInt('dfs.bytes-per-checksum'),
    maxLockedMemory: configuration.getSize('dfs.datanode.max.locked.memory'),
    lazyWriterMs: configuration.getDuration('dfs.datanode.lazywriter.interval.sec'),
    nonLocalLazyPersist: configuration.getBoolean('dfs.datanode.non.local.lazy.persist'),
    blockPinning: configuration.getBoolean('dfs.datanode.block-pinning.enabled'),
    slowCalls: slowCallSettings(configuration),
  };
}

/** Longer than the time between heartbeats; else as without the key, as in Apache. */
function lifelineMs(configuration: Configuration): number {
  const heartbeatMs = configuration.getDuration('dfs.heartbeat.interval');
  const wanted = configuration.getDuration('dfs.datanode.lifeline.interval.seconds', 3 * heartbeatMs);
  return wanted > heartbeatMs ? wanted : 3 * heartbeatMs;
}

function positive(key: string, value: number): number {
  if (value > 0) return value;
  throw new HdfsError('EILLEGAL', `Invalid value configured for ${key} - ${value} (should be > 0)`);
}

function notNegative(key: string, value: number): number {
  if (value >= 0) return value;
  throw new HdfsError('EILLEGAL', `Invalid value configured for ${key} - ${value} (should be >= 0)`);
}

/**
 * dfs.datanode.du.reserved and its like may be given for one directory, one storage type or both, in keys that end with
 * `.DIRECTORY.type`, `.DIRECTORY` or `.type`; the narrowest counts. Apache: ReservedSpaceCalculator.getReservedFromConf.
 */
function readReserving(configuration: Configuration): Reserving {
  const className = configuration.require('dfs.datanode.du.reserved.calculator');
  const calculator = reservedCalculatorOf(className);
  if (calculator === undefined)
    throw new HdfsError('EILLEGAL', `dfs.datanode.du.reserved.calculator: unknown class ${className}`);
  const narrowest = (key: string, { path, storageType }: DataDirectory, widest: number): number => {
    const type = storageTypeName(storageType).toLowerCase();
    for (const name of [`${key}.${path}.${type}`, `${key}.${path}`, `${key}.${type}`]) {
      if (configuration.isSet(name)) return configuration.getLong(name);
    }
    return widest;
  };
  const bytes = configuration.getSize('dfs.datanode.du.reserved');
  const percent = configuration.getInt('dfs.datanode.du.reserved.pct');
  return (directory) => {
    const reservation = {
      calculator,
      bytes: narrowest('dfs.datanode.du.reserved', directory, bytes),
      percent: narrowest('dfs.datanode.du.reserved.pct', directory, percent),
    };
    return (capacityBytes) => reservedBytes(reservation, capacityBytes);
  };
}

function readChoosing(configuration: Configuration): VolumeChooserOptions {
  const className = configuration.require('dfs.datanode.fsdataset.volume.choosing.policy');
  const policy = volumePolicyOf(className);
  if (policy === undefined) {
    throw new HdfsError('EILLEGAL', `dfs.datanode.fsdataset.volume.choosing.policy: unknown class ${className}`);
  }
  return {
    policy,
    balancedSpaceThreshold: configuration.getSize(
      'dfs.datanode.available-space-volume-choosing-policy.balanced-space-threshold',
    ),
    balancedSpacePreference: configuration.getFloat(
      'dfs.datanode.available-space-volume-choosing-policy.balanced-space-preference-fraction',
    ),
    additionalAvailableSpace: configuration.getSize(
      'dfs.datanode.round-robin-volume-choosing-policy.additional-available-space',
    ),
  };
}
