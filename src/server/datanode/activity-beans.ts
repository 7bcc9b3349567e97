// DataNodeActivity: what a DataNode counts and times of its work, under the names of Apache's DataNodeMetrics.
import type { Rate } from '../../base/timing.ts';
import type { Clock } from '../../host/host.ts';
import type { Bean } from '../../web/jmx.ts';
import { JavaDouble, type JmxValue } from '../../web/json.ts';
import { rateAttributes } from '../../web/rates.ts';
import type { Counters } from './counters.ts';
import type { IncrementalReports } from './incremental-reports.ts';
import type { Services } from './services.ts';

type Attributes = Readonly<Record<string, JmxValue>>;

/**
 * What a DataNode does that caches blocks, moves them for a balancer, rebuilds stripes, lets clients read its files, gives
 * advice to the page cache, or reports blocks of storages that it has not got.
 */
const NEVER_DONE: Attributes = Object.fromEntries(
  [
    'BlocksCached',
    'BlocksUncached',
    'BlocksGetLocalPathInfo',
    'EcReconstructionTasks',
    'EcFailedReconstructionTasks',
    'EcInvalidReconstructionTasks',
    'EcDecodingTimeNanos',
    'EcReconstructionBytesRead',
    'EcReconstructionBytesWritten',
    'EcReconstructionRemoteBytesRead',
    'EcReconstructionReadTimeMillis',
    'EcReconstructionDecodingTimeMillis',
    'EcReconstructionWriteTimeMillis',
    'EcReconstructionValidateTimeMillis',
    'CopyBlockOpNumOps',
    'CopyBlockOpAvgTime',
    'ReplaceBlockOpNumOps',
    'ReplaceBlockOpAvgTime',
    'CacheReportsNumOps',
    'CacheReportsAvgTime',
    'ReplaceBlockOpOnSameHost',
    'ReplaceBlockOpOnSameMount',
    'ReplaceBlockOpToOtherHost',
    'PacketsSlowWriteToOsCache',
    'NullStorageBlockReports',
    // A replica is looked at without a lock: nothing of it is changed by two at once.
    'AcquireDatasetReadLockNumOps',
    'AcquireDatasetReadLockAvgTime',
  ].map((name): [string, JmxValue] => [name, name.endsWith('AvgTime') ? new JavaDouble(0) : 0]),
);

/** Rates by the name that Hadoop gives them. */
const rates = (counters: Counters, lockWaits: Rate): Readonly<Record<string, Rate>> => ({
  ReadBlockOp: counters.readBlock,
  WriteBlockOp: counters.writeBlock,
  BlockChecksumOp: counters.blockChecksum,
  ReadTransferRate: counters.readRate,
  CreateRbwOp: counters.createRbw,
  RecoverRbwOp: counters.recoverRbw,
  ConvertTemporaryToRbwOp: counters.convertToRbw,
  CreateTemporaryOp: counters.createTemporary,
  FinalizeBlockOp: counters.finalize,
  UnfinalizeBlockOp: counters.unfinalize,
  CheckAndUpdateOp: counters.reconcile,
  UpdateReplicaUnderRecoveryOp: counters.finishRecovery,
  AcquireDatasetWriteLock: lockWaits,
  FlushNanos: counters.writeNanos,
  FsyncNanos: counters.syncNanos,
  PacketAckRoundTripTimeNanos: counters.ackNanos,
  SendDataPacketBlockedOnNetworkNanos: counters.sendBlockedNanos,
  SendDataPacketTransferNanos: counters.sendTransferNanos,
  Heartbeats: counters.heartbeats,
  HeartbeatsTotal: counters.turnsWithHeartbeat,
  Lifelines: counters.lifelines,
  BlockReports: counters.fullReports,
  BlockReportsCreateCostMills: counters.fullReportsMade,
  IncrementalBlockReports: counters.incrementalReports,
  ProcessedCommandsOp: counters.orders,
});

function ramDiskAttributes({ ramDisk }: Services): Attributes {
  const { counters } = ramDisk;
  const average = (sum: number, count: number): JavaDouble => new JavaDouble(count === 0 ? 0 : sum / count);
  return {
    RamDiskBlocksWrite: counters.blocksWrite,
    RamDiskBlocksWriteFallback: counters.blocksWriteFallback,
    RamDiskBytesWrite: counters.bytesWrite,
    RamDiskBlocksReadHits: counters.readHits,
    RamDiskBlocksEvicted: counters.evicted,
    RamDiskBlocksEvictedWithoutRead: counters.evictedWithoutRead,
    RamDiskBlocksEvictionWindowMsNumOps: counters.evicted,
    RamDiskBlocksEvictionWindowMsAvgTime: average(counters.evictionWindowMs, counters.evicted),
    RamDiskBlocksLazyPersisted: counters.lazyPersisted,
    RamDiskBlocksDeletedBeforeLazyPersisted: counters.deletedBeforeLazyPersisted,
    RamDiskBytesLazyPersisted: counters.bytesLazyPersisted,
    RamDiskBlocksLazyPersistWindowMsNumOps: counters.lazyPersisted,
    RamDiskBlocksLazyPersistWindowMsAvgTime: average(counters.lazyPersistWindowMs, counters.lazyPersisted),
  };
}

/** What NameNodes have yet to hear, of all of them together. */
function pendingReports(reports: readonly IncrementalReports[]): Attributes {
  let receiving = 0;
  let received = 0;
  let deleted = 0;
  for (const { waiting } of reports) {
    receiving += waiting.receiving;
    received += waiting.received;
    deleted += waiting.deleted;
  }
  return {
    BlocksInPendingIBR: receiving + received + deleted,
    BlocksReceivingInPendingIBR: receiving,
    BlocksReceivedInPendingIBR: received,
    BlocksDeletedInPendingIBR: deleted,
  };
}

export interface ActivitySource {
  readonly services: Services;
  readonly hostName: string;
  readonly port: number;
  readonly clock: Clock;
  reports(): readonly IncrementalReports[];
}

export function activityBean({ services, hostName, port, clock, reports }: ActivitySource): Bean {
  const { dataset, counters } = services;
  const name = `DataNodeActivity-${hostName}-${port}`;
  const named = Object.entries(rates(counters, dataset.locks.waits));
  const rate = rateAttributes(clock);
  return {
    name: `Hadoop:service=DataNode,name=${name}`,
    modelerType: name,
    record: 'datanode',
    attributes: () => ({
      'tag.SessionId': null,
      'tag.Context': 'dfs',
      'tag.Hostname': hostName,
      BytesWritten: counters.bytesWritten,
      BytesRead: counters.bytesRead,
      TotalWriteTime: Math.floor(counters.writeMs),
      TotalReadTime: Math.floor(counters.readMs),
      BlocksWritten: counters.blocksWritten,
      BlocksRead: counters.blocksRead,
      BlocksReplicated: counters.blocksReplicated,
      BlocksRemoved: dataset.blocksRemoved,
      BlocksVerified: counters.blocksVerified,
      BlockVerificationFailures: counters.verificationFailures,
      ReadsFromLocalClient: counters.readsLocal,
      ReadsFromRemoteClient: counters.readsRemote,
      WritesFromLocalClient: counters.writesLocal,
      WritesFromRemoteClient: counters.writesRemote,
      RemoteBytesRead: counters.remoteBytesRead,
      RemoteBytesWritten: counters.remoteBytesWritten,
      VolumeFailures: dataset.volumeList.failureCount,
      DatanodeNetworkErrors: counters.networkErrors,
      DataNodeActiveXceiversCount: counters.activeTransfers,
      DataNodeReadActiveXceiversCount: counters.activeReads,
      DataNodeWriteActiveXceiversCount: counters.activeWrites,
      DataNodePacketResponderCount: counters.responders,
      DataNodeBlockRecoveryWorkerCount: counters.recoveries,
      SumOfActorCommandQueueLength: counters.waitingOrders,
      NumProcessedCommands: counters.orders.count,
      FsyncCount: counters.syncs,
      PacketsReceived: counters.packetsReceived,
      PacketsSlowWriteToMirror: counters.slowMirrorPackets,
      PacketsSlowWriteToDisk: counters.slowDiskPackets,
      SlowFlushOrSyncCount: counters.slowSyncs,
      SlowAckToUpstreamCount: counters.slowAcks,
      ...pendingReports(reports()),
      ...NEVER_DONE,
      ...ramDiskAttributes(services),
      ...Object.assign({}, ...named.map(([attribute, each]) => rate(attribute, each))),
    }),
  };
}
