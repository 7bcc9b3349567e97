// One block as fsck shows it: what its replicas are worth, how each of them stands, and whether their places are good enough.
import type { BlockHandle } from './block-map.ts';
import { BlockState } from './block-map.ts';
import type { CorruptReason } from './corrupt-replicas.ts';
import type { Storage } from './datanode.ts';
import { placementStatus } from './redundancy.ts';
import { countReplicas, type ReplicaCounts, storagesOf } from './replica-counts.ts';
import type { ManagerState } from './state.ts';

/** Words of Hadoop's NamenodeFsck. */
export type ReplicaStanding =
  | 'DECOMMISSIONED'
  | 'DECOMMISSIONING'
  | 'ENTERING MAINTENANCE'
  | 'IN MAINTENANCE'
  | 'CORRUPT'
  | 'EXCESS'
  | 'STALE_NODE'
  | 'STALE_BLOCK_CONTENT'
  | 'LIVE';

export interface InspectedReplica {
  readonly storage: Storage;
  /** Why it is known to be bad; undefined: it is not. */
  readonly corrupt: CorruptReason | undefined;
  readonly excess: boolean;
  readonly staleNode: boolean;
}

export interface BlockInspection {
  readonly counts: ReplicaCounts;
  /** Of a complete block its replicas, else where they are expected. */
  readonly replicas: readonly InspectedReplica[];
  /** Those that are whole, also of a block that is being written. */
  readonly whole: readonly InspectedReplica[];
  readonly isComplete: boolean;
  /** Every replica that there is is bad. */
  readonly isCorrupt: boolean;
  /** Replicas on other racks that a good placement lacks. */
  readonly missingRacks: number;
}

export function inspectBlock(state: ManagerState, block: BlockHandle, nowMs: number): BlockInspection {
  const { blocks, corrupt, datanodes } = state;
  const isComplete = blocks.state(block) === BlockState.COMPLETE;
  const storages = isComplete ? storagesOf(state, block) : state.underConstruction.expected(block);
  const inspected = (storage: Storage): InspectedReplica => ({
    storage,
    corrupt: corrupt.get(block, storage.node)?.reason,
    excess: storage.node.excess.has(block),
    staleNode: datanodes.isStale(storage.node, nowMs),
  });
  const replicas = storages.map(inspected);
  const placement = placementStatus(state, block);
  return {
    counts: countReplicas(state, block),
    replicas,
    whole: isComplete ? replicas : storagesOf(state, block).map(inspected),
    isComplete,
    isCorrupt: replicas.length > 0 && replicas.every((replica) => replica.corrupt !== undefined),
    missingRacks: placement.satisfied ? 0 : placement.additionalReplicas,
  };
}

/** How a replica stands, the first that is true. Apache: NamenodeFsck.getReplicaInfo. */
export function standingOf(
  { storage, corrupt, excess, staleNode }: InspectedReplica,
  showMaintenance: boolean,
): ReplicaStanding {
  const { node } = storage;
  if (node.decommissioned) return 'DECOMMISSIONED';
  if (node.decommissioning) return 'DECOMMISSIONING';
  if (showMaintenance && node.enteringMaintenance) return 'ENTERING MAINTENANCE';
  if (showMaintenance && node.inMaintenance) return 'IN MAINTENANCE';
  if (corrupt !== undefined) return 'CORRUPT';
  if (excess) return 'EXCESS';
  if (staleNode) return 'STALE_NODE';
  return storage.contentsStale ? 'STALE_BLOCK_CONTENT' : 'LIVE';
}
