// Beans that count what the NameNode does: NameNodeActivity, the calls by method, how its start went, and what stands on each
// type of storage.
import { Rate } from '../../base/timing.ts';
import type { Beans } from '../../web/jmx.ts';
import { JavaDouble, type JmxValue } from '../../web/json.ts';
import { type RateAttributes, rateAttributes } from '../../web/rates.ts';
import { StorageTypeProtoNames } from '../../wire/messages/hdfs.ts';
import type { NameNodeView } from './beans.ts';

const none = (name: string, unit = 'AvgTime'): Readonly<Record<string, JmxValue>> => ({
  [`${name}NumOps`]: 0,
  [`${name}${unit}`]: new JavaDouble(0),
});

/** What a NameNode does that has a standby, zones, provided storage, or a queue of blocks to delete. */
const NEVER_DONE: Readonly<Record<string, JmxValue>> = {
  BlockOpsBatched: 0,
  BlockOpsQueued: 0,
  DeleteBlocksQueued: 0,
  ...none('EditLogFetchTime'),
  ...none('EditLogTailInterval'),
  ...none('EditLogTailTime'),
  ...none('NumEditLogLoaded', 'AvgCount'),
  ...none('GenerateEDEKTime'),
  ...none('WarmUpEDEKTime'),
  ...none('GetAliasMap'),
};

/** Apache: HAServiceState.ACTIVE. */
const ACTIVE = 1;
/** What no call was made of yet. */
const NOTHING = new Rate();

function activity({ system, progress, rpc }: NameNodeView, rate: RateAttributes): Readonly<Record<string, JmxValue>> {
  const { activity: calls, inodeChanges, editLog, blockManager, host } = system;
  const { transactions, syncs, batchedTransactions } = editLog.counters;
  const blocks = blockManager.statistics();
  const { phases } = progress.view();
  const elapsed = (name: string): number => phases.find((phase) => phase.name === name)?.elapsedTime ?? 0;
  const fileOps = {
    AddBlockOps: calls.done('addBlock'),
    CreateFileOps: calls.done('create'),
    DeleteFileOps: calls.done('delete'),
    FileInfoOps: calls.asked('getFileInfo', 'getFileLinkInfo', 'getLocatedFileInfo'),
    FilesAppended: calls.done('append'),
    FilesRenamed: calls.done('rename', 'rename2'),
    FilesTruncated: calls.done('truncate'),
    GetAdditionalDatanodeOps: calls.asked('getAdditionalDatanode'),
    GetBlockLocations: calls.asked('getBlockLocations'),
    GetLinkTargetOps: calls.asked('getLinkTarget'),
    GetListingOps: calls.asked('getListing'),
    CreateSymlinkOps: calls.done('createSymlink'),
    AllowSnapshotOps: calls.done('allowSnapshot'),
    DisallowSnapshotOps: calls.done('disallowSnapshot'),
    CreateSnapshotOps: calls.done('createSnapshot'),
    DeleteSnapshotOps: calls.done('deleteSnapshot'),
    RenameSnapshotOps: calls.done('renameSnapshot'),
    ListSnapshotOps: calls.done('getSnapshotListing'),
    ListSnapshottableDirOps: calls.done('getSnapshottableDirListing'),
    SnapshotDiffReportOps: calls.done('getSnapshotDiffReport', 'getSnapshotDiffReportListing'),
  };
  return {
    'tag.ProcessName': 'NameNode',
    'tag.SessionId': null,
    'tag.Context': 'dfs',
    'tag.Hostname': host.machine.hostName,
    ...fileOps,
    BlockReceivedAndDeletedOps: calls.done('blockReceivedAndDeleted'),
    ...rate('StorageBlockReport', calls.storageReports),
    ...rate('CacheReport', rpc.methodTimings.get('cacheReport')?.processing ?? NOTHING),
    ...NEVER_DONE,
    FilesCreated: inodeChanges.created,
    FilesDeleted: inodeChanges.deleted,
    FilesInGetListingOps: calls.filesListed,
    FsImageLoadTime: elapsed('LoadingFsImage') + elapsed('LoadingEdits'),
    SafeModeTime: elapsed('SafeMode'),
    ...rate('Syncs', syncs),
    ...rate('Transactions', transactions),
    TransactionsBatchedInSync: batchedTransactions,
    PendingEditsCount: editLog.lastTxid - editLog.durableTxid,
    ...rate('GetImage', calls.getImage),
    ...rate('GetEdit', calls.getEdit),
    ...rate('PutImage', calls.putImage),
    ...rate('ResourceCheckTime', calls.resourceChecks),
    SuccessfulReReplications: blocks.completedReplications,
    NumTimesReReplicationNotScheduled: blocks.notScheduledReplications,
    TimeoutReReplications: blocks.timedOutReplications,
    PendingDeleteBlocksCount: blocks.pendingDeletion,
    TotalFileOps: Object.values(fileOps).reduce((sum, count) => sum + count, 0),
  };
}

const percent = (part: number, whole: number): JavaDouble => new JavaDouble(whole <= 0 ? 0 : (part * 100) / whole);

/** Capacity and use by type of storage, over live nodes. */
function storageTypeStats({ system }: NameNodeView): JmxValue {
  const byType = new Map<
    number,
    { nodes: Set<string>; total: number; used: number; remaining: number; nonDfs: number; pool: number }
  >();
  for (const node of system.blockManager.datanodes.alive) {
    for (const storage of node.storages.values()) {
      let stats = byType.get(storage.type);
      if (stats === undefined) {
        stats = { nodes: new Set(), total: 0, used: 0, remaining: 0, nonDfs: 0, pool: 0 };
        byType.set(storage.type, stats);
      }
      if (!node.decommissioned && !node.inMaintenance) stats.nodes.add(node.xferAddress);
      stats.total += storage.capacity;
      stats.used += storage.dfsUsed;
      stats.remaining += storage.remaining;
      stats.nonDfs += storage.nonDfsUsed;
      stats.pool += storage.blockPoolUsed;
    }
  }
  return [...byType].map(([type, { nodes, total, used, remaining, nonDfs, pool }]) => ({
    key: StorageTypeProtoNames[type] ?? 'DISK',
    value: {
      blockPoolUsed: pool,
      capacityNonDfsUsed: nonDfs,
      capacityRemaining: remaining,
      capacityTotal: total,
      capacityUsed: used,
      nodesInService: nodes.size,
      percentBlockPoolUsed: percent(pool, total),
      percentRemaining: percent(remaining, total),
      percentUsed: percent(used, total),
    },
  }));
}

export function addActivityBeans(beans: Beans, view: NameNodeView): void {
  const { system } = view;
  if (view.top !== undefined) beans.add(view.top.bean('NameNode'));
  const tags = (context: string) => ({ 'tag.Context': context, 'tag.Hostname': system.host.machine.hostName });
  const add = (
    name: string,
    modelerType: string,
    attributes: () => Readonly<Record<string, JmxValue>>,
    record?: string,
  ): void => beans.add({ name: `Hadoop:service=NameNode,name=${name}`, modelerType, record, attributes });
  const rate = rateAttributes(system.host.clock);
  add('NameNodeActivity', 'NameNodeActivity', () => activity(view, rate), 'namenode');
  add('NameNode', 'NameNode', () => ({ ...tags('dfs'), NameNodeState: ACTIVE }));
  // Tokens are not built: none was stored, renewed or removed.
  add('DelegationTokenSecretManagerMetrics', 'DelegationTokenSecretManagerMetrics', () => ({
    ...tags('token'),
    ...none('RemoveToken'),
    ...none('StoreToken'),
    TokenFailure: 0,
    ...none('UpdateToken'),
  }));
  add('BlockStats', 'org.apache.hadoop.hdfs.server.blockmanagement.BlockManager', () => ({
    StorageTypeStats: storageTypeStats(view),
  }));
  add('SnapshotInfo', 'org.apache.hadoop.hdfs.server.namenode.snapshot.SnapshotManager', () => ({
    SnapshottableDirectories: [],
    Snapshots: [],
  }));
  add('RetryCache.NameNodeRetryCache', 'RetryCache.NameNodeRetryCache', () => ({
    ...tags('rpc'),
    CacheCleared: 0,
    CacheHit: system.namespace.retryCache.counters.hits,
    CacheUpdated: system.namespace.retryCache.counters.updates,
  }));
}
