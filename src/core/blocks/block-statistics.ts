// The figures of DataNodes and blocks that reports, /jmx and pages show, under the meaning that Hadoop gives them.
import { Priority } from './low-redundancy.ts';
import type { ManagerState } from './state.ts';

export interface BlockStatistics {
  readonly capacityTotal: number;
  readonly capacityUsed: number;
  readonly capacityRemaining: number;
  readonly capacityUsedNonDfs: number;
  readonly blockPoolUsed: number;
  /** In any of the queues, missing ones included. Apache: LowRedundancyBlocks, UnderReplicatedBlocks. */
  readonly underReplicated: number;
  /** Without the missing ones. Apache: LowRedundancyReplicatedBlocks. */
  readonly lowRedundancy: number;
  /** Blocks with a bad replica. */
  readonly corruptReplicaBlocks: number;
  readonly missing: number;
  readonly missingWithReplicationOne: number;
  readonly badlyDistributed: number;
  readonly highestPriority: number;
  readonly pendingReplication: number;
  readonly scheduledReplication: number;
  readonly timedOutReplications: number;
  readonly completedReplications: number;
  readonly notScheduledReplications: number;
  readonly pendingDeletion: number;
  readonly postponed: number;
  readonly excess: number;
  readonly bytesInFuture: number;
}

/** `scheduledReplication`: copies ordered in the last round. */
export function blockStatistics(state: ManagerState, scheduledReplication: number): BlockStatistics {
  const { corrupt, datanodes, invalidations, needed, pending, postponed, safeMode } = state;
  const { totals } = datanodes;
  let excess = 0;
  for (const node of datanodes.alive) excess += node.excess.size;
  return {
    capacityTotal: totals.capacityTotal,
    capacityUsed: totals.capacityUsed,
    capacityRemaining: totals.capacityRemaining,
    capacityUsedNonDfs: totals.capacityUsedNonDfs,
    blockPoolUsed: totals.blockPoolUsed,
    underReplicated: needed.size,
    lowRedundancy: needed.lowRedundancyCount,
    corruptReplicaBlocks: corrupt.size,
    missing: needed.corruptCount,
    missingWithReplicationOne: needed.corruptWithOneReplicaCount,
    badlyDistributed: needed.sizeOf(Priority.BADLY_DISTRIBUTED),
    highestPriority: needed.sizeOf(Priority.HIGHEST),
    pendingReplication: pending.size,
    scheduledReplication,
    timedOutReplications: pending.timedOutCount,
    completedReplications: pending.completedCount,
    notScheduledReplications: state.notScheduled,
    pendingDeletion: invalidations.size,
    postponed: postponed.size,
    excess,
    bytesInFuture: safeMode.bytesInFuture,
  };
}
