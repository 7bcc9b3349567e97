// Too few and too many: which blocks need copies, from where to where, and which extra replicas go. Mirrors the
// redundancy part of BlockManager (scheduleReconstruction, chooseSourceDatanodes, processExtraRedundancyBlock).
//
// A replica is chosen for deletion only among those on storages that have reported, and only while as many others of
// that kind as the file wants stay; the choice is checked once more before the order leaves (stillExcess).

import { sometimes } from '../../base/sometimes.ts';
import type { NotChosenReason, PlacementRequest, PlacementStatus } from '../placement/policy.ts';
import { excessStorageTypes, storagePolicyById } from '../placement/storage-policy.ts';
import { type BlockGroup, type BlockHandle, BlockState } from './block-map.ts';
import { chooseCopySource } from './copy-source.ts';
import type { Datanode, Storage } from './datanode.ts';
import type { Invalidation } from './invalidations.ts';
import type { Priority } from './low-redundancy.ts';
import { invalidate, tripleOf } from './orders.ts';
import {
  countReplicas,
  maintenance,
  outOfService,
  type ReplicaCounts,
  replicaWorth,
  storageOnNode,
  storagesOf,
} from './replica-counts.ts';
import type { ManagerState } from './state.ts';
import { StorageState } from './storage-type.ts';
import { GROUP_SIZE, lowestPlace } from './table/layout.ts';

const SATISFIED: PlacementStatus = { satisfied: true, additionalReplicas: 0 };

/** Live replicas that the block must have now, those in maintenance counted in its favour. */
export function requiredLive(
  state: ManagerState,
  block: BlockHandle,
  counts: ReplicaCounts,
  wanted = state.owner.replication(block),
): number {
  return Math.max(wanted - maintenance(counts), Math.min(state.options.minMaintenanceReplication, wanted));
}

export function placementStatus(state: ManagerState, block: BlockHandle, additional: readonly Storage[] = []): PlacementStatus {
  if (!state.datanodes.topology.everMultiRack) return SATISFIED;
  const nodes = additional.map((storage) => storage.node);
  for (const storage of storagesOf(state, block)) {
    const node = storage.node;
    if (node.decommissioning || node.decommissioned || state.corrupt.has(block, node)) continue;
    nodes.push(node);
  }
  return state.policy.verify(nodes, state.owner.replication(block), state.clusterView());
}

/** Whether what is there and on its way suffices, in number and place. */
export function hasEnough(state: ManagerState, block: BlockHandle, counts: ReplicaCounts, wanted?: number): boolean {
  const pending = state.pending.count(block);
  if (counts.live + pending < requiredLive(state, block, counts, wanted)) return false;
  return pending > 0 || placementStatus(state, block).satisfied;
}

/** Puts the block into the queue where it belongs now, or takes it out. */
export function updateNeeded(state: ManagerState, block: BlockHandle, known?: ReplicaCounts, knownWanted?: number): void {
  if (!state.populating) return;
  if (state.blocks.state(block) !== BlockState.COMPLETE) {
    state.needed.remove(block);
    return;
  }
  updateComplete(state, block, known ?? countReplicas(state, block), knownWanted ?? state.owner.replication(block));
}

/** The same for a complete block, while queues are kept. */
export function updateComplete(state: ManagerState, block: BlockHandle, counts: ReplicaCounts, wanted: number): void {
  if (hasEnough(state, block, counts, wanted)) {
    state.needed.remove(block);
    return;
  }
  const live = counts.live + state.pending.count(block);
  state.needed.update(block, live, counts.readOnly, outOfService(counts), wanted);
}

/** The same for several blocks of a group, which all have these counts and want as many. */
export function updateGroup(state: ManagerState, group: BlockGroup, bits: number, counts: ReplicaCounts, wanted: number): void {
  const { needed } = state;
  const first = group * GROUP_SIZE;
  if (state.pending.size === 0 && counts.live < requiredLive(state, first, counts, wanted)) {
    needed.updateGroup(first, bits, counts.live, counts.readOnly, outOfService(counts), wanted);
  } else if (state.pending.size === 0 && !state.datanodes.topology.everMultiRack) {
    needed.removeGroup(first, bits);
  } else {
    for (let rest = bits; rest !== 0; rest &= rest - 1) updateComplete(state, first + lowestPlace(rest), counts, wanted);
  }
}

/** More live replicas than wanted: some go now, or when it is known for sure which are there. */
export function processExtraRedundancy(
  state: ManagerState,
  block: BlockHandle,
  wanted: number,
  addedNode?: Datanode,
  deleteHint?: Datanode,
): void {
  if (!chooseExcess(state, block, wanted, addedNode, deleteHint)) state.postponed.add(0, block);
}

/** False when a storage of the block has not reported, so that the rest must be judged later. */
export function chooseExcess(
  state: ManagerState,
  block: BlockHandle,
  wanted: number,
  addedNode?: Datanode,
  deleteHint?: Datanode,
): boolean {
  const candidates: Storage[] = [];
  let stale = false;
  for (const storage of storagesOf(state, block)) {
    if (storage.state !== StorageState.NORMAL) continue;
    if (storage.contentsStale) stale = true;
    else if (replicaWorth(state, block, storage) === 'live') candidates.push(storage);
  }
  if (candidates.length > wanted) {
    const policy = storagePolicyById(state.owner.storagePolicy(block), state.options.defaultStoragePolicy);
    const excessTypes = excessStorageTypes(
      policy,
      wanted,
      candidates.map((storage) => storage.type),
    );
    const hint = addedNode === deleteHint ? undefined : deleteHint;
    const chosen = state.policy.chooseExcess(
      { candidates, keep: wanted, excessTypes, addedNode, deleteHint: hint },
      state.clusterView(),
    );
    for (const storage of chosen) orderExcess(state, block, storage.node);
  }
  if (stale && candidates.length > wanted) sometimes('excess replica chosen while another storage is stale');
  return !stale;
}

/** The node's replica is one too many, and is to be deleted: from now on, if that was so before. */
export function orderExcess(state: ManagerState, block: BlockHandle, node: Datanode): void {
  // At the end of those of the node, the oldest of which come first.
  node.excess.delete(block);
  node.excess.set(block, state.now.monotonicMs);
  invalidate(state, node, tripleOf(state, block));
}

/**
 * The last look before a deletion leaves for a node: a replica of a block in use goes only while enough others are known
 * to be there. What fails here is kept, and counts again.
 */
export function mayStillDelete(state: ManagerState, node: Datanode, invalidation: Invalidation): boolean {
  const block = state.blocks.find(invalidation.id);
  if (block === 0) return true;
  const wanted = state.owner.replication(block);
  if (wanted === 0) return true;
  const counts = countReplicas(state, block);
  const bad = state.corrupt.get(block, node);
  if (bad !== undefined) {
    if (bad.genStamp === invalidation.genStamp && counts.liveKnown >= 1) return true;
    state.postponed.add(0, block);
    return false;
  }
  if (storageOnNode(state, block, node) === undefined) return counts.liveKnown >= 1;
  if (!node.excess.has(block)) return false;
  if (invalidation.genStamp === state.blocks.genStamp(block) && counts.liveKnown >= wanted) return true;
  node.excess.delete(block);
  updateNeeded(state, block);
  return false;
}

/** Extra replicas whose deletion was ordered long ago and never reported: ordered again. */
export function repeatExcess(state: ManagerState, limit: number): void {
  const dueMs = state.now.monotonicMs - state.options.excessTimeoutMs;
  let looked = 0;
  for (const node of state.datanodes.alive) {
    const due: BlockHandle[] = [];
    for (const [block, sinceMs] of node.excess) {
      if (sinceMs >= dueMs || looked >= limit) break;
      looked++;
      due.push(block);
    }
    for (const block of due) {
      if (state.owner.replication(block) > 0) orderExcess(state, block, node);
      else node.excess.delete(block);
    }
    if (looked >= limit) return;
  }
}

/** Orders copies of one block. True when it did. */
export function scheduleCopies(state: ManagerState, block: BlockHandle, priority: Priority): boolean {
  const { blocks, needed, pending } = state;
  const blockState = blocks.state(block);
  if (state.owner.replication(block) === 0 || (blockState !== BlockState.COMPLETE && blockState !== BlockState.COMMITTED)) {
    needed.remove(block);
    return false;
  }
  const counts = countReplicas(state, block);
  const source = chooseSource(state, block, priority);
  if (source === undefined) {
    state.notScheduled++;
    return false;
  }
  if (hasEnough(state, block, counts)) {
    state.notScheduled++;
    needed.remove(block);
    return false;
  }
  const required = requiredLive(state, block, counts);
  const onTheWay = pending.count(block);
  const status = placementStatus(state, block);
  const short = counts.live < required;
  const additional = short ? required - counts.live - onTheWay : status.additionalReplicas;
  if (additional <= 0) return false;

  const all = storagesOf(state, block);
  const excluded = new Set(all.map((storage) => storage.node));
  for (const target of pending.targets(block)) excluded.add(target.node);
  const request: PlacementRequest = {
    replicas: additional,
    writer: { node: source, location: source.location },
    chosen: all.filter((storage) => replicaWorth(state, block, storage) === 'live'),
    excluded,
    favoured: [],
    blockSize: blocks.numBytes(block),
    storagePolicy: storagePolicyById(state.owner.storagePolicy(block), state.options.defaultStoragePolicy),
    noLocalWrite: false,
    noLocalRack: false,
  };
  const { targets, reasons } = state.policy.choose(request, state.clusterView());
  if (targets.length === 0) {
    if (short && !PASSING.some((reason) => reasons.has(reason))) makeRoom(state, block, counts, request);
    return false;
  }
  if (!short && !status.satisfied) {
    const after = placementStatus(state, block, targets);
    if (!after.satisfied && after.additionalReplicas >= status.additionalReplicas) return false;
  }
  source.transfers.push({ handle: block, block: tripleOf(state, block), targets });
  for (const target of targets) target.node.incrementBlocksScheduled(target.type);
  pending.add(block, targets, state.now.monotonicMs);
  if (counts.live + onTheWay + targets.length >= required) needed.remove(block);
  return true;
}

/** Good replicas that have to be known for sure while a bad one is deleted before it is made up for. */
const GOOD_BEFORE_ROOM = 2;

/** Why a node cannot take a copy now, and may later. */
const PASSING: readonly NotChosenReason[] = ['stale', 'tooBusy', 'slow', 'noSpace'];

/**
 * No node can take a copy, since each has a replica, gets one, or stands in a rack that has as many as it may: a bad one goes
 * whose node can then. Apache leaves it, and the block short of a replica, until another node comes, as in a cluster of three
 * that never does.
 */
function makeRoom(state: ManagerState, block: BlockHandle, counts: ReplicaCounts, request: PlacementRequest): void {
  if (counts.corrupt === 0 || counts.liveKnown < Math.max(GOOD_BEFORE_ROOM, state.options.minReplication)) return;
  const makesRoom = (node: Datanode): boolean => {
    const excluded = new Set(request.excluded);
    excluded.delete(node);
    return state.policy.choose({ ...request, excluded }, state.clusterView()).targets.length > 0;
  };
  const id = state.blocks.id(block);
  const bad = state.corrupt.replicas(block).find(([node]) => node.alive && node.inService && makesRoom(node));
  if (bad === undefined) return;
  const [node, { genStamp, numBytes }] = bad;
  if (!state.invalidations.has(node, id, genStamp)) invalidate(state, node, { id, genStamp, numBytes });
}

function chooseSource(state: ManagerState, block: BlockHandle, priority: Priority): Datanode | undefined {
  const { maxReplicationStreams: maxStreams, replicationStreamsHardLimit: hardLimit } = state.options;
  const replicas = storagesOf(state, block).map((storage) => {
    const { node } = storage;
    const leaving = node.decommissioning || node.enteringMaintenance;
    return { node, worth: replicaWorth(state, block, storage), alive: node.alive, leaving, copies: node.transfers.length };
  });
  return chooseCopySource(replicas, priority, { maxStreams, hardLimit }, state.random)?.node;
}

/** Copies that did not come in time are ordered again. */
export function requeueTimedOut(state: ManagerState, limit: number): number {
  const blocks = state.pending.takeTimedOut(state.now.monotonicMs, limit);
  for (const block of blocks) if (state.owner.replication(block) > 0) updateNeeded(state, block);
  return blocks.length;
}
