// What /metrics of a NameNode says of the namespace, the blocks, the DataNodes and the edit log.
import type { MetricDefinition, Sample } from '../../web/metrics.ts';
import type { NameNodeView } from './beans.ts';

const sample = (label: string, values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

export function nameNodeMetrics({ system, checkpointer, started }: NameNodeView): readonly MetricDefinition[] {
  const { blockManager, namespace, editLog, inodeChanges } = system;
  const { admin, datanodes, safeMode } = blockManager;
  const count = (test: Parameters<ReturnType<typeof admin.list>['filter']>[0]): number => admin.list('all').filter(test).length;
  return [
    {
      name: 'tuskfs_namenode_uptime_seconds',
      help: 'How long the NameNode has run.',
      kind: 'gauge',
      read: () => Math.max(0, system.now().wallMs - started) / 1000,
    },
    {
      name: 'tuskfs_safe_mode',
      help: '1 while changes are refused.',
      kind: 'gauge',
      read: () => (safeMode.isOn ? 1 : 0),
    },
    { name: 'tuskfs_inodes', help: 'Files and directories.', kind: 'gauge', read: () => namespace.inodeCount },
    {
      name: 'tuskfs_inodes_created_total',
      help: 'Files and directories made.',
      kind: 'counter',
      read: () => inodeChanges.created,
    },
    {
      name: 'tuskfs_inodes_deleted_total',
      help: 'Files and directories removed.',
      kind: 'counter',
      read: () => inodeChanges.deleted,
    },
    { name: 'tuskfs_open_files', help: 'Files being written.', kind: 'gauge', read: () => namespace.leases.fileCount },
    { name: 'tuskfs_lease_holders', help: 'Clients that write.', kind: 'gauge', read: () => namespace.leases.holderCount },
    { name: 'tuskfs_blocks', help: 'Blocks of files.', kind: 'gauge', read: () => namespace.blockCount },
    {
      name: 'tuskfs_blocks_in_state',
      help: 'Blocks, or replicas of them, that need something or wait for it; one may be in several states.',
      kind: 'gauge',
      labels: ['state'],
      read: () => {
        const stats = blockManager.statistics();
        return sample('state', {
          missing: stats.missing,
          missing_with_replication_one: stats.missingWithReplicationOne,
          corrupt: stats.corruptReplicaBlocks,
          under_replicated: stats.underReplicated,
          badly_distributed: stats.badlyDistributed,
          pending_replication: stats.pendingReplication,
          scheduled_replication: stats.scheduledReplication,
          pending_deletion: stats.pendingDeletion,
          excess: stats.excess,
          postponed: stats.postponed,
        });
      },
    },
    {
      name: 'tuskfs_capacity_bytes',
      help: 'Disks of all live DataNodes.',
      kind: 'gauge',
      labels: ['kind'],
      read: () => {
        const stats = blockManager.statistics();
        return sample('kind', {
          total: stats.capacityTotal,
          used: stats.capacityUsed,
          used_by_others: stats.capacityUsedNonDfs,
          remaining: stats.capacityRemaining,
        });
      },
    },
    {
      name: 'tuskfs_datanodes',
      help: 'DataNodes; a stale or decommissioning one is live as well.',
      kind: 'gauge',
      labels: ['state'],
      read: () =>
        sample('state', {
          live: datanodes.aliveCount,
          dead: admin.list('dead').length,
          stale: datanodes.staleCount,
          decommissioning: count((node) => node.decommissioning),
          decommissioned: count((node) => node.decommissioned),
          entering_maintenance: count((node) => node.enteringMaintenance),
          in_maintenance: count((node) => node.inMaintenance),
        }),
    },
    {
      name: 'tuskfs_datanode_volumes_failed',
      help: 'Failed volumes of live DataNodes.',
      kind: 'gauge',
      read: () => admin.list('all').reduce((sum, node) => sum + (node.alive ? node.volumeFailures : 0), 0),
    },
    {
      name: 'tuskfs_edit_log_last_txid',
      help: 'Newest transaction.',
      kind: 'gauge',
      read: () => editLog.lastTxid,
    },
    {
      name: 'tuskfs_edit_log_syncs_total',
      help: 'Times that the log was made durable, each with all transactions that waited.',
      kind: 'counter',
      read: () => editLog.counters.syncs.count,
    },
    {
      name: 'tuskfs_edit_log_sync_seconds_total',
      help: 'Time that this took.',
      kind: 'counter',
      read: () => editLog.counters.syncs.sum / 1000,
    },
    {
      name: 'tuskfs_checkpoint_txid',
      help: 'Last transaction in the newest image.',
      kind: 'gauge',
      read: () => checkpointer.imageTxid,
    },
    {
      name: 'tuskfs_checkpoint_time_seconds',
      help: 'When that image was made, in seconds since 1970.',
      kind: 'gauge',
      read: () => checkpointer.imageTime / 1000,
    },
  ];
}
