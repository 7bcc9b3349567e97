// The NameNode's beans, under the names and with the attributes that Hadoop's monitoring reads from /jmx. Values are
// computed when they are asked for. What is not built (snapshots, zones, caches) is truthfully zero or empty.
import type { Configuration } from '../../config/configuration.ts';
import { formatHostPort } from '../../config/nameservices.ts';
import type { Datanode } from '../../core/blocks/datanode.ts';
import type { RpcServer } from '../../rpc/server.ts';
import type { Beans } from '../../web/jmx.ts';
import { JavaDouble, type JmxValue } from '../../web/json.ts';
import { addRpcBeans } from '../../web/rpc-beans.ts';
import { addActivityBeans } from './activity-beans.ts';
import type { Checkpointer } from './checkpointer.ts';
import { corruptFileBlocks } from './corrupt-files.ts';
import { datanodeAttributes } from './datanode-beans.ts';
import { type NamespaceIdentity, SOFTWARE_VERSION } from './identity.ts';
import type { NameStorage } from './name-storage.ts';
import type { NameSystem } from './namesystem.ts';
import { topologyVerdict } from './protocol/erasure-coding-methods.ts';
import type { StartupProgress } from './startup-progress.ts';
import type { TopUsers } from './top-users.ts';
import { slowDisksJson, slowPeersJson } from './wire/slow-reports.ts';

export interface NameNodeView {
  readonly system: NameSystem;
  readonly identity: NamespaceIdentity;
  readonly checkpointer: Checkpointer;
  /** The one for clients, and all. */
  readonly rpc: RpcServer;
  readonly servers: readonly RpcServer[];
  readonly configuration: Configuration;
  readonly storage: NameStorage;
  /** Bytes of each name directory, by its path. */
  directorySizes(): ReadonlyMap<string, number>;
  /** Undefined: nobody counts whom it is busy for. */
  readonly top: TopUsers | undefined;
  readonly progress: StartupProgress;
  /** Wall clock, milliseconds. */
  readonly started: number;
}

const GIB = 1024 ** 3;
const inGib = (bytes: number): JavaDouble => new JavaDouble(Math.round(bytes / GIB));
const percent = (part: number, whole: number): number => (whole <= 0 ? 0 : (part * 100) / whole);
const countOf = (nodes: Iterable<Datanode>, test: (node: Datanode) => boolean): number => {
  let count = 0;
  for (const node of nodes) if (test(node)) count++;
  return count;
};

/** Those that ask the namespace: what is of the process alone is there before. */
export function addNameNodeBeans(beans: Beans, view: NameNodeView): void {
  const { system, identity, rpc } = view;
  beans.add({
    name: 'Hadoop:service=NameNode,name=NameNodeStatus',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.NameNode',
    attributes: () => ({
      State: 'active',
      NNRole: 'NameNode',
      HostAndPort: formatHostPort(rpc.address),
      SecurityEnabled: false,
      LastHATransitionTime: 0,
      BytesWithFutureGenerationStamps: system.blockManager.statistics().bytesInFuture,
      SlowPeersReport: slowPeersJson(system.blockManager.slow.peersReport(system.host.clock.monotonic())),
      SlowDisksReport: slowDisksJson(system.blockManager.slow.disksReport),
    }),
  });
  beans.add({
    name: 'Hadoop:service=NameNode,name=FSNamesystemState',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
    attributes: () => fsNamesystemState(view),
  });
  beans.add({
    name: 'Hadoop:service=NameNode,name=ReplicatedBlocksState',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
    attributes: () => replicatedBlocksState(view),
  });
  beans.add({
    name: 'Hadoop:service=NameNode,name=ECBlockGroupsState',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
    attributes: () => ({
      ...NO_BLOCK_GROUPS,
      EnabledEcPolicies: enabledPolicies(system),
    }),
  });
  beans.add({
    name: 'Hadoop:service=NameNode,name=FSNamesystem',
    modelerType: 'FSNamesystem',
    attributes: () => fsNamesystem(view),
  });
  beans.add({
    name: 'Hadoop:service=NameNode,name=NameNodeInfo',
    modelerType: 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem',
    attributes: () => nameNodeInfo(view, identity),
  });
  for (const server of view.servers) {
    addRpcBeans(beans, server, {
      service: 'NameNode',
      serverName: 'ClientNamenodeProtocol',
      hostName: system.host.machine.hostName,
      clock: system.host.clock,
    });
  }
  addActivityBeans(beans, view);
}

function replicatedBlocksState({ system }: NameNodeView): Readonly<Record<string, JmxValue>> {
  const stats = system.blockManager.statistics();
  return {
    LowRedundancyReplicatedBlocks: stats.lowRedundancy,
    CorruptReplicatedBlocks: stats.corruptReplicaBlocks,
    MissingReplicatedBlocks: stats.missing,
    MissingReplicationOneBlocks: stats.missingWithReplicationOne,
    BytesInFutureReplicatedBlocks: stats.bytesInFuture,
    PendingDeletionReplicatedBlocks: stats.pendingDeletion,
    TotalReplicatedBlocks: system.namespace.blockCount,
    BadlyDistributedBlocks: stats.badlyDistributed,
  };
}

const enabledPolicies = ({ namespace }: NameSystem): string =>
  namespace.erasureCoding.enabled.map(({ name }) => name).join(', ');

/** There are no striped files. */
const NO_BLOCK_GROUPS: Readonly<Record<string, JmxValue>> = {
  LowRedundancyECBlockGroups: 0,
  CorruptECBlockGroups: 0,
  MissingECBlockGroups: 0,
  BytesInFutureECBlockGroups: 0,
  PendingDeletionECBlocks: 0,
  TotalECBlockGroups: 0,
};

/** DataNodes by what administrators have done with them. */
function administeredNodes({ system }: NameNodeView): Readonly<Record<string, JmxValue>> {
  const all = system.blockManager.admin.list('all');
  return {
    NumDecomLiveDataNodes: countOf(all, (node) => node.alive && node.decommissioned),
    NumDecomDeadDataNodes: countOf(all, (node) => !node.alive && node.decommissioned),
    NumDecommissioningDataNodes: countOf(all, (node) => node.decommissioning),
    NumInMaintenanceLiveDataNodes: countOf(all, (node) => node.alive && node.inMaintenance),
    NumInMaintenanceDeadDataNodes: countOf(all, (node) => !node.alive && node.inMaintenance),
    NumEnteringMaintenanceDataNodes: countOf(all, (node) => node.enteringMaintenance),
    NumInServiceLiveDataNodes: countOf(all, (node) => node.alive && !node.decommissioned && !node.inMaintenance),
  };
}

/** Both beans of the namesystem have it. The queues of redundancy are filled in the turn in which safe mode ends. */
function commonState({ system }: NameNodeView): Readonly<Record<string, JmxValue>> {
  const { blockManager } = system;
  const stats = blockManager.statistics();
  return {
    LowRedundancyBlocks: stats.underReplicated,
    PendingReconstructionBlocks: stats.pendingReplication,
    PendingSPSPaths: 0,
    ReconstructionQueuesInitProgress: new JavaDouble(blockManager.safeMode.isOn ? 0 : 1),
    NumStaleStorages: [...blockManager.datanodes.all].reduce((sum, node) => sum + countStale(node), 0),
    ProvidedCapacityTotal: 0,
    CurrentTokensCount: 0,
  };
}

/** Inodes and blocks together, as Hadoop's totals have them. */
function fsNamesystemState(view: NameNodeView): Readonly<Record<string, JmxValue>> {
  const { system } = view;
  const { blockManager, namespace: ns } = system;
  const stats = blockManager.statistics();
  const { admin } = blockManager;
  const all = admin.list('all');
  const live = blockManager.datanodes.aliveCount;
  return {
    BlocksTotal: ns.blockCount,
    UnderReplicatedBlocks: stats.underReplicated,
    CapacityTotal: stats.capacityTotal,
    CapacityRemaining: stats.capacityRemaining,
    CapacityUsed: stats.capacityUsed,
    PendingReplicationBlocks: stats.pendingReplication,
    ScheduledReplicationBlocks: stats.scheduledReplication,
    PendingDeletionBlocks: stats.pendingDeletion,
    BlockDeletionStartTime: 0,
    FSState: blockManager.safeMode.isOn ? 'safeMode' : 'Operational',
    FilesTotal: ns.inodeCount,
    TotalLoad: blockManager.datanodes.totals.xceiverCount,
    NumLiveDataNodes: live,
    NumDeadDataNodes: admin.list('dead').length,
    NumStaleDataNodes: blockManager.datanodes.staleCount,
    ...administeredNodes(view),
    ...commonState(view),
    VolumeFailuresTotal: all.reduce((sum, node) => sum + (node.alive ? node.volumeFailures : 0), 0),
    EstimatedCapacityLostTotal: all.reduce(
      (sum, node) => sum + (node.volumeFailureSummary?.estimatedCapacityLostTotal ?? 0),
      0,
    ),
    MaxObjects: ns.options.maxObjects,
    FsLockQueueLength: 0,
    NumEncryptionZones: 0,
    SnapshotStats: '{"SnapshottableDirectories":0,"Snapshots":0}',
    TopUserOpCounts: view.top?.json() ?? null,
    TotalSyncCount: system.editLog.counters.syncs.count,
    TotalSyncTimes: `${Math.round(system.editLog.counters.syncs.sum)} `,
  };
}

function fsNamesystem(view: NameNodeView): Readonly<Record<string, JmxValue>> {
  const { system, checkpointer } = view;
  const { blockManager, namespace: ns, editLog, host } = system;
  const stats = blockManager.statistics();
  const all = [...blockManager.datanodes.all];
  const live = blockManager.datanodes.aliveCount;
  const dead = blockManager.admin.list('dead').length;
  return {
    'tag.Context': 'dfs',
    'tag.HAState': 'active',
    'tag.EnabledEcPolicies': enabledPolicies(system),
    ...NO_BLOCK_GROUPS,
    HighestPriorityLowRedundancyECBlocks: 0,
    ...administeredNodes(view),
    ...commonState(view),
    BadlyDistBlocks: stats.badlyDistributed,
    ReadLockLongHoldCount: 0,
    WriteLockLongHoldCount: 0,
    'tag.TotalSyncTimes': `${Math.round(editLog.counters.syncs.sum)} `,
    'tag.Hostname': host.machine.hostName,
    MissingBlocks: stats.missing,
    MissingReplOneBlocks: stats.missingWithReplicationOne,
    BadlyDistributedBlocks: stats.badlyDistributed,
    ExpiredHeartbeats: blockManager.datanodes.totals.expiredHeartbeats,
    TransactionsSinceLastCheckpoint: editLog.lastTxid - checkpointer.imageTxid,
    TransactionsSinceLastLogRoll: editLog.lastTxid - editLog.segmentFirstTxid + 1,
    LastWrittenTransactionId: editLog.lastTxid,
    LastCheckpointTime: checkpointer.imageTime,
    CapacityTotal: stats.capacityTotal,
    CapacityTotalGB: inGib(stats.capacityTotal),
    CapacityUsed: stats.capacityUsed,
    CapacityUsedGB: inGib(stats.capacityUsed),
    CapacityRemaining: stats.capacityRemaining,
    CapacityRemainingGB: inGib(stats.capacityRemaining),
    CapacityUsedNonDFS: stats.capacityUsedNonDfs,
    TotalLoad: blockManager.datanodes.totals.xceiverCount,
    SnapshottableDirectories: 0,
    Snapshots: 0,
    NumEncryptionZones: 0,
    LockQueueLength: 0,
    BlocksTotal: ns.blockCount,
    NumFilesUnderConstruction: ns.leases.fileCount,
    NumActiveClients: ns.leases.holderCount,
    FilesTotal: ns.inodeCount,
    PendingReplicationBlocks: stats.pendingReplication,
    UnderReplicatedBlocks: stats.underReplicated,
    CorruptBlocks: stats.corruptReplicaBlocks,
    ScheduledReplicationBlocks: stats.scheduledReplication,
    PendingDeletionBlocks: stats.pendingDeletion,
    LowRedundancyReplicatedBlocks: stats.lowRedundancy,
    CorruptReplicatedBlocks: stats.corruptReplicaBlocks,
    MissingReplicatedBlocks: stats.missing,
    MissingReplicationOneBlocks: stats.missingWithReplicationOne,
    HighestPriorityLowRedundancyReplicatedBlocks: stats.highestPriority,
    BytesInFutureReplicatedBlocks: stats.bytesInFuture,
    PendingDeletionReplicatedBlocks: stats.pendingDeletion,
    TotalReplicatedBlocks: ns.blockCount,
    ExcessBlocks: stats.excess,
    NumTimedOutPendingReconstructions: stats.timedOutReplications,
    PostponedMisreplicatedBlocks: stats.postponed,
    PendingDataNodeMessageCount: 0,
    MillisSinceLastLoadedEdits: 0,
    BlockCapacity: 0,
    NumLiveDataNodes: live,
    NumDeadDataNodes: dead,
    StaleDataNodes: blockManager.datanodes.staleCount,
    TotalFiles: ns.inodeCount,
    TotalSyncCount: editLog.counters.syncs.count,
    MaxObjects: ns.options.maxObjects,
    VolumeFailuresTotal: all.reduce((sum, node) => sum + (node.alive ? node.volumeFailures : 0), 0),
    EstimatedCapacityLostTotal: all.reduce(
      (sum, node) => sum + (node.volumeFailureSummary?.estimatedCapacityLostTotal ?? 0),
      0,
    ),
  };
}

function countStale(node: Datanode): number {
  let count = 0;
  for (const storage of node.storages.values()) if (storage.contentsStale) count++;
  return count;
}

function nameNodeInfo(view: NameNodeView, identity: NamespaceIdentity): Readonly<Record<string, JmxValue>> {
  const corruptLimit = view.configuration.getInt('dfs.namenode.max-corrupt-file-blocks-returned');
  const corrupt = corruptFileBlocks(view.system, '/', 0, corruptLimit).blocks.map(({ path }) => path);
  const { system, checkpointer, storage, started } = view;
  const { blockManager, namespace: ns, editLog } = system;
  const stats = blockManager.statistics();
  const { admin, datanodes, safeMode } = blockManager;
  const now = system.now();
  const usages = [...datanodes.alive].map((node) => percent(node.dfsUsed, node.capacity)).sort((a, b) => a - b);
  const mean = usages.length === 0 ? 0 : usages.reduce((sum, usage) => sum + usage, 0) / usages.length;
  const deviation =
    usages.length === 0 ? 0 : Math.sqrt(usages.reduce((sum, usage) => sum + (usage - mean) ** 2, 0) / usages.length);
  const text = (value: number): string => `${value.toFixed(2)}%`;
  const versions = new Map<string, number>();
  for (const node of datanodes.alive) versions.set(node.softwareVersion, (versions.get(node.softwareVersion) ?? 0) + 1);
  const active: Record<string, string> = {};
  const broken: Record<string, string> = {};
  for (const { directory, failed } of storage.states) {
    const kind = directory.image && directory.edits ? 'IMAGE_AND_EDITS' : directory.image ? 'IMAGE' : 'EDITS';
    (failed === undefined ? active : broken)[directory.root] = kind;
  }
  return {
    Total: stats.capacityTotal,
    UpgradeFinalized: storage.upgradeFinalized,
    ClusterId: identity.clusterId,
    Version: `${SOFTWARE_VERSION}, r${SOFTWARE_VERSION}`,
    Used: stats.capacityUsed,
    Free: stats.capacityRemaining,
    Safemode: safeMode.isOn ? `Safe mode is ON. ${safeMode.tip()}` : '',
    NonDfsUsedSpace: stats.capacityUsedNonDfs,
    PercentUsed: new JavaDouble(percent(stats.capacityUsed, stats.capacityTotal)),
    BlockPoolUsedSpace: stats.blockPoolUsed,
    PercentBlockPoolUsed: new JavaDouble(percent(stats.blockPoolUsed, stats.capacityTotal)),
    PercentRemaining: new JavaDouble(percent(stats.capacityRemaining, stats.capacityTotal)),
    CacheCapacity: datanodes.totals.cacheCapacity,
    CacheUsed: datanodes.totals.cacheUsed,
    TotalBlocks: ns.blockCount,
    TotalFiles: ns.inodeCount,
    NumberOfMissingBlocks: stats.missing,
    NumberOfMissingBlocksWithReplicationFactorOne: stats.missingWithReplicationOne,
    NumberOfSnapshottableDirs: 0,
    HighestPriorityLowRedundancyReplicatedBlocks: stats.highestPriority,
    HighestPriorityLowRedundancyECBlocks: 0,
    ProvidedCapacity: 0,
    NumberOfBadlyDistributedBlocks: stats.badlyDistributed,
    CompileInfo: 'TypeScript on Node.js',
    CorruptFilesCount: corrupt.length,
    ...datanodeAttributes(admin, now.monotonicMs),
    BlockPoolId: identity.blockPoolId,
    NameDirSize: JSON.stringify(Object.fromEntries(view.directorySizes())),
    NameDirStatuses: JSON.stringify({ active, failed: broken }),
    NodeUsage: JSON.stringify({
      nodeUsage: {
        min: text(usages[0] ?? 0),
        median: text(usages[usages.length >> 1] ?? 0),
        max: text(usages.at(-1) ?? 0),
        stdDev: text(deviation),
      },
    }),
    NameJournalStatus: JSON.stringify(
      editLog.states.map(({ directory, required, failed: reason }) => ({
        manager: `FileJournalManager(root=${directory.replace(/\/current$/, '')})`,
        stream: reason === undefined ? `EditLogFileOutputStream(${directory})` : 'Failed',
        disabled: String(reason !== undefined),
        required: String(required),
      })),
    ),
    JournalTransactionInfo: JSON.stringify({
      LastAppliedOrWrittenTxId: String(editLog.lastTxid),
      MostRecentCheckpointTxId: String(checkpointer.imageTxid),
    }),
    NNStartedTimeInMillis: started,
    SoftwareVersion: SOFTWARE_VERSION,
    CorruptFiles: JSON.stringify(corrupt),
    DistinctVersionCount: versions.size,
    DistinctVersions: [...versions].map(([key, value]) => ({ key, value })),
    VerifyECWithTopologyResult: ecVerdict(system),
    RollingUpgradeStatus: null,
    Threads: 1,
  };
}

/** A map of texts. */
function ecVerdict(system: NameSystem): string {
  const { isSupported, resultMessage } = topologyVerdict(system);
  return JSON.stringify({ isSupported: String(isSupported), resultMessage });
}
