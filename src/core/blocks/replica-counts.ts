// What the replicas of a block are worth: live, leaving, corrupt, too many, or of unknown truth. Mirrors NumberReplicas
// and BlockManager.countNodes for contiguous blocks.
import type { BlockHandle, StorageNumber } from './block-map.ts';
import type { Datanode, Storage } from './datanode.ts';
import type { ManagerState } from './state.ts';
import { StorageState } from './storage-type.ts';

export const REPLICA_WORTHS = [
  'live',
  'readOnly',
  'decommissioning',
  'decommissioned',
  'maintenanceForRead',
  'maintenanceNotForRead',
  'corrupt',
  'excess',
] as const;
export type ReplicaWorth = (typeof REPLICA_WORTHS)[number];

export interface ReplicaCounts {
  live: number;
  readOnly: number;
  decommissioning: number;
  decommissioned: number;
  maintenanceForRead: number;
  maintenanceNotForRead: number;
  corrupt: number;
  excess: number;
  /** Of any worth, on storages whose contents are not known for sure. */
  stale: number;
  /** Live, and on storages that have reported since the last failover or registration. */
  liveKnown: number;
}

/** Worth of the replica on that storage; undefined when it does not count at all. */
export function replicaWorth(state: ManagerState, block: BlockHandle, storage: Storage): ReplicaWorth | undefined {
  if (storage.retired) return undefined;
  if (storage.state === StorageState.READ_ONLY_SHARED) return 'readOnly';
  if (storage.state !== StorageState.NORMAL) return undefined;
  const node = storage.node;
  if (state.corrupt.has(block, node)) return 'corrupt';
  if (node.decommissioning) return 'decommissioning';
  if (node.decommissioned) return 'decommissioned';
  if (node.inMaintenance) return 'maintenanceNotForRead';
  if (node.enteringMaintenance) return node.alive ? 'maintenanceForRead' : 'maintenanceNotForRead';
  return node.excess.has(block) ? 'excess' : 'live';
}

export const noReplicas = (): ReplicaCounts => ({
  live: 0,
  readOnly: 0,
  decommissioning: 0,
  decommissioned: 0,
  maintenanceForRead: 0,
  maintenanceNotForRead: 0,
  corrupt: 0,
  excess: 0,
  stale: 0,
  liveKnown: 0,
});

function count(counts: ReplicaCounts, state: ManagerState, block: BlockHandle, storage: Storage): void {
  const worth = replicaWorth(state, block, storage);
  if (worth === undefined) return;
  counts[worth]++;
  if (storage.contentsStale) counts.stale++;
  else if (worth === 'live') counts.liveKnown++;
}

/** As if the block had a replica on that storage and no other. */
export function countOne(state: ManagerState, block: BlockHandle, storage: Storage): ReplicaCounts {
  const counts = noReplicas();
  count(counts, state, block, storage);
  return counts;
}

/** The storages of the block that is looked at; whoever fills it is done with it before it returns. */
const numbers: StorageNumber[] = [];

export function countReplicas(state: ManagerState, block: BlockHandle): ReplicaCounts {
  return recount(noReplicas(), state, block);
}

/** The same into `counts`, for whoever counts those of very many blocks one after the other. */
export function recount(counts: ReplicaCounts, state: ManagerState, block: BlockHandle): ReplicaCounts {
  counts.live = 0;
  counts.readOnly = 0;
  counts.decommissioning = 0;
  counts.decommissioned = 0;
  counts.maintenanceForRead = 0;
  counts.maintenanceNotForRead = 0;
  counts.corrupt = 0;
  counts.excess = 0;
  counts.stale = 0;
  counts.liveKnown = 0;
  const { blocks, datanodes } = state;
  const total = blocks.replicasInto(block, numbers);
  for (let i = 0; i < total; i++) count(counts, state, block, datanodes.storage(numbers[i] as StorageNumber));
  return counts;
}

export function liveReplicas(state: ManagerState, block: BlockHandle): number {
  return countReplicas(state, block).live;
}

/** Replicas that a reader or a copy can use, whether they stay or not. */
export function usableReplicas(counts: ReplicaCounts): number {
  return counts.live + counts.decommissioning + counts.maintenanceForRead;
}

/**
 * Replicas that make a written block complete. A node may have left while the block was being written, as only reported
 * replicas hold it back: its replica can be read and copied. Apache does not count it, and the file is never closed.
 */
export function completingReplicas(counts: ReplicaCounts): number {
  return usableReplicas(counts) + counts.decommissioned;
}

export function outOfService(counts: ReplicaCounts): number {
  return counts.decommissioning + counts.decommissioned + maintenance(counts);
}

/** Whether so many are there, whatever becomes of their nodes: what counts while a start waits for reports. */
export function areKnown(counts: ReplicaCounts, enough: number): boolean {
  return counts.live + counts.excess + outOfService(counts) >= enough;
}

export function maintenance(counts: ReplicaCounts): number {
  return counts.maintenanceForRead + counts.maintenanceNotForRead;
}

/** The storages that hold the block, those that are gone left out. */
export function storagesOf(state: Pick<ManagerState, 'blocks' | 'datanodes'>, block: BlockHandle): Storage[] {
  const { blocks, datanodes } = state;
  const total = blocks.replicasInto(block, numbers);
  const found: Storage[] = [];
  for (let i = 0; i < total; i++) {
    const storage = datanodes.storage(numbers[i] as StorageNumber);
    if (!storage.retired) found.push(storage);
  }
  return found;
}

/** The storage of a node that holds the block. */
export function storageOnNode(state: ManagerState, block: BlockHandle, node: Datanode): Storage | undefined {
  const { blocks, datanodes } = state;
  const total = blocks.replicasInto(block, numbers);
  for (let i = 0; i < total; i++) {
    const storage = datanodes.storage(numbers[i] as StorageNumber);
    if (storage.node === node && !storage.retired) return storage;
  }
  return undefined;
}
