// Replicas come and go: what that means for the block (complete, safe, under- or over-replicated) and for the replica
// (good, corrupt, to be deleted). The one place that writes replicas into the block map and takes them out. Mirrors
// addStoredBlock, removeStoredBlock and markBlockAsCorrupt of BlockManager.

import { HdfsError } from '../../base/errors.ts';
import { type GenStamp, LONG_MAX } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import { type BlockGroup, type BlockHandle, BlockState } from './block-map.ts';
import type { BlockTriple } from './commands.ts';
import { type CorruptReason, CorruptReason as Reason } from './corrupt-replicas.ts';
import type { Datanode, Storage } from './datanode.ts';
import { blockName, invalidate, invalidateUnknown, isReferenced } from './orders.ts';
import { orderExcess, processExtraRedundancy, updateGroup, updateNeeded } from './redundancy.ts';
import {
  areKnown,
  completingReplicas,
  countReplicas,
  type ReplicaCounts,
  storageOnNode,
  storagesOf,
  usableReplicas,
} from './replica-counts.ts';
import type { ManagerState } from './state.ts';
import { StorageState } from './storage-type.ts';

type Added = 'added' | 'replaced' | 'present';

/** Writes the replica down; a node holds one at most, so it leaves another storage of the node. */
function link(state: ManagerState, block: BlockHandle, storage: Storage): Added {
  const other = storageOnNode(state, block, storage.node);
  if (other === storage) return 'present';
  if (other !== undefined) unlink(state, block, other);
  state.blocks.addReplica(block, storage.number);
  storage.blockCount++;
  state.observers.get(storage)?.added(block);
  return other === undefined ? 'added' : 'replaced';
}

/** Takes the replica out of the map, and nothing else. */
export function unlink(state: ManagerState, block: BlockHandle, storage: Storage): boolean {
  if (!state.blocks.removeReplica(block, storage.number)) return false;
  storage.blockCount--;
  state.observers.get(storage)?.removed(block);
  return true;
}

/** Whether the block counts as safe may have changed. */
export function updateSafety(state: ManagerState, block: BlockHandle, counts?: ReplicaCounts, wanted?: number): void {
  const { safeMode } = state;
  if (!safeMode.counting) return;
  const safe =
    state.blocks.state(block) === BlockState.COMPLETE &&
    (wanted ?? state.owner.replication(block)) > 0 &&
    areKnown(counts ?? countReplicas(state, block), safeMode.safeReplication);
  safeMode.setSafe(block, safe);
}

/** A finalized replica with the block's generation stamp and length is on that storage. */
export function addStored(state: ManagerState, block: BlockHandle, storage: Storage, deleteHint?: Datanode): void {
  const wanted = state.owner.replication(block);
  if (wanted > 0) addWanted(state, block, storage, wanted, deleteHint);
}

/** The same for a block of which so many replicas, at least one, are wanted. */
export function addWanted(
  state: ManagerState,
  block: BlockHandle,
  storage: Storage,
  wanted: number,
  deleteHint?: Datanode,
): void {
  const { blocks, corrupt, pending } = state;
  const added = link(state, block, storage);
  // Its node may tell of it later, or has done so: a replica does not count as one that is there and as one on its way.
  if (pending.size > 0) pending.arrived(block, storage.node);
  // A replica on another storage than the bad one is another replica; Apache goes on taking it for bad.
  corrupt.remove(block, storage.node, added === 'present' ? Reason.GENSTAMP_MISMATCH : undefined);
  // The one that was to go lay elsewhere, and may be gone: a DataNode that finds the block once more tells of that alone. Apache
  // takes the order for given.
  if (added === 'replaced' && storage.node.excess.has(block)) orderExcess(state, block, storage.node);
  const counts = countReplicas(state, block);
  const usable = usableReplicas(counts);
  let current = blocks.state(block);
  if (current === BlockState.COMMITTED && completingReplicas(counts) >= state.options.minReplication) {
    expectPipeline(state, block);
    complete(state, block);
    current = BlockState.COMPLETE;
  } else {
    updateSafety(state, block, counts, wanted);
  }
  if ((current !== BlockState.COMPLETE && current !== BlockState.COMMITTED) || !state.populating) return;

  updateNeeded(state, block, counts, wanted);
  if (counts.live > wanted) processExtraRedundancy(state, block, wanted, storage.node, deleteHint);
  if (counts.corrupt > 0 && usable >= wanted) invalidateCorrupt(state, block);
}

/**
 * The same for complete blocks of a group of which so far no replica is known at all, which is how most come after a start: what
 * each of them has now, is `counts`, and all want as many. The map and the storage know of the replicas already.
 */
export function firstAdded(state: ManagerState, group: BlockGroup, bits: number, counts: ReplicaCounts, wanted: number): void {
  const { safeMode } = state;
  if (safeMode.counting && areKnown(counts, safeMode.safeReplication)) safeMode.groupIsSafe(group, bits);
  if (state.populating) updateGroup(state, group, bits, counts, wanted);
}

/** The node holds the block no more. */
export function removeStored(state: ManagerState, block: BlockHandle, node: Datanode): boolean {
  const storage = storageOnNode(state, block, node);
  if (storage === undefined || !unlink(state, block, storage)) return false;
  forgetReplica(state, block, node);
  return true;
}

/** What follows when a replica has left the map. */
export function forgetReplica(state: ManagerState, block: BlockHandle, node: Datanode): void {
  forgetStanding(state, block, node);
  const wanted = state.owner.replication(block);
  if (wanted === 0) return;
  updateSafety(state, block, undefined, wanted);
  updateNeeded(state, block, undefined, wanted);
}

/** The node's replica, which has left the map, is neither bad nor one too many. */
export function forgetStanding(state: ManagerState, block: BlockHandle, node: Datanode): void {
  node.excess.delete(block);
  state.corrupt.remove(block, node);
}

/** The replica is bad: it counts no more, and goes when others make up for it. */
export function markCorrupt(
  state: ManagerState,
  block: BlockHandle,
  storage: Storage,
  bad: { readonly genStamp: GenStamp; readonly numBytes: number; readonly reason: CorruptReason },
): void {
  const id = state.blocks.id(block);
  if (!isReferenced(state, block)) {
    invalidateUnknown(state, storage.node, id, bad.genStamp);
    return;
  }
  link(state, block, storage);
  state.corrupt.add(block, storage.node, bad);
  sometimes('replica reported corrupt');
  updateSafety(state, block);
  const counts = countReplicas(state, block);
  const usable = usableReplicas(counts);
  const wanted = state.owner.replication(block);
  const enough = usable >= wanted;
  const minimum = usable >= state.options.minReplication;
  const moreCorrupt = minimum && counts.live + counts.corrupt > wanted;
  const duringWrite = minimum && state.blocks.genStamp(block) > bad.genStamp;
  updateNeeded(state, block, counts);
  if (enough || moreCorrupt || duringWrite) deleteCorrupt(state, block, storage.node, bad, counts);
}

/**
 * Orders the deletion of a bad replica when a good one is known for sure; otherwise it is looked at again later. The
 * replica stays known as bad until the node says that it is gone: were it forgotten with the order, a node that never
 * got the order would report it again, and it would pass for good.
 */
function deleteCorrupt(
  state: ManagerState,
  block: BlockHandle,
  node: Datanode,
  bad: { readonly genStamp: GenStamp; readonly numBytes: number },
  counts: ReplicaCounts,
): boolean {
  if (!state.populating) return false;
  const id = state.blocks.id(block);
  if (state.invalidations.has(node, id, bad.genStamp)) return true;
  const { deleteCorruptImmediately, minReplication } = state.options;
  if (counts.liveKnown < Math.max(1, minReplication) || (counts.stale > 0 && !deleteCorruptImmediately)) {
    state.postponed.add(0, block);
    return false;
  }
  invalidate(state, node, { id, genStamp: bad.genStamp, numBytes: bad.numBytes });
  return true;
}

/** The block has all that it wants: its bad replicas go. False when some have to stay for now. */
export function invalidateCorrupt(state: ManagerState, block: BlockHandle): boolean {
  let all = true;
  for (const [node, bad] of state.corrupt.replicas(block)) {
    if (!deleteCorrupt(state, block, node, bad, countReplicas(state, block))) all = false;
  }
  return all;
}

/** Replicas that the pipeline wrote and that are not reported yet: they are on their way, not missing. */
function expectPipeline(state: ManagerState, block: BlockHandle): void {
  const awaited = state.underConstruction
    .expected(block)
    .filter((storage) => !storage.retired && storageOnNode(state, block, storage.node) === undefined);
  if (awaited.length > 0) state.pending.add(block, awaited, state.now.monotonicMs);
}

function complete(state: ManagerState, block: BlockHandle): void {
  // An edit may have completed it already, and counted that.
  if (state.blocks.state(block) !== BlockState.COMPLETE) {
    state.blocks.setState(block, BlockState.COMPLETE);
    state.owner.completed(block);
  }
  state.underConstruction.remove(block);
  state.safeMode.adjustTotal(1);
  updateSafety(state, block);
}

/** Replicas of the pipeline that still have an older generation stamp are none of this block's. */
export function dropStaleReplicas(state: ManagerState, block: BlockHandle): void {
  for (const replica of state.underConstruction.stale(block, state.blocks.genStamp(block))) {
    removeStored(state, block, replica.storage.node);
  }
}

/**
 * The writer says that the block is finished with this length. It becomes COMMITTED, and COMPLETE once enough replicas
 * are reported. True when this call committed it.
 */
export function commitOrComplete(state: ManagerState, block: BlockHandle, reported: BlockTriple): boolean {
  const { blocks } = state;
  const name = blockName(reported.id, reported.genStamp);
  const current = blocks.state(block);
  if (current === BlockState.COMPLETE) return false;
  if (current === BlockState.UNDER_RECOVERY) {
    throw new HdfsError('EIO', `Commit or complete block ${name}, whereas it is under recovery.`);
  }
  let committed = false;
  if (current === BlockState.UNDER_CONSTRUCTION) {
    if (blocks.id(block) !== reported.id) {
      throw new HdfsError('EIO', `Trying to commit inconsistent block: id = ${reported.id}, expected id = ${blocks.id(block)}`);
    }
    if (blocks.genStamp(block) !== reported.genStamp) {
      const stored = blockName(blocks.id(block), blocks.genStamp(block));
      throw new HdfsError('EIO', `Commit block with mismatching GS. NN has ${stored}, client submits ${name}`);
    }
    if (reported.numBytes < blocks.numBytes(block)) {
      throw new HdfsError(
        'EIO',
        `commitBlock length is less than the stored one ${reported.numBytes} vs. ${blocks.numBytes(block)}`,
      );
    }
    blocks.setNumBytes(block, reported.numBytes);
    blocks.setState(block, BlockState.COMMITTED);
    committed = true;
  }
  finalised(state, block, committed);
  return committed;
}

/** The block's length is final: completes it when it can be, and forgets what belonged to the writing. */
export function finalised(state: ManagerState, block: BlockHandle, committed: boolean): void {
  if (committed) dropStaleReplicas(state, block);
  const enough = completingReplicas(countReplicas(state, block)) >= state.options.minReplication;
  const current = state.blocks.state(block);
  if (current === BlockState.COMPLETE) {
    if (state.underConstruction.get(block) === undefined) return;
    expectPipeline(state, block);
    complete(state, block);
    updateNeeded(state, block);
  } else if (current === BlockState.COMMITTED && enough) {
    if (committed) expectPipeline(state, block);
    complete(state, block);
  }
}

/** The block is no more: its replicas are to be deleted, and nothing remembers its handle. */
export function removeBlock(state: ManagerState, block: BlockHandle, afterTxid: number): void {
  const { blocks } = state;
  const id = blocks.id(block);
  const genStamp = blocks.genStamp(block);
  if (state.safeMode.counting && blocks.state(block) === BlockState.COMPLETE) state.safeMode.adjustTotal(-1);
  state.safeMode.setSafe(block, false);
  for (const storage of storagesOf(state, block)) {
    if (storage.state === StorageState.NORMAL) {
      const bad = state.corrupt.replicas(block).find(([node]) => node === storage.node);
      const stamp = bad === undefined ? genStamp : bad[1].genStamp;
      invalidate(state, storage.node, { id, genStamp: stamp, numBytes: LONG_MAX }, afterTxid);
    }
    storage.node.excess.delete(block);
  }
  for (let i = blocks.replicaCount(block) - 1; i >= 0; i--)
    unlink(state, block, state.datanodes.storage(blocks.replicaAt(block, i)));
  for (const target of state.pending.remove(block)) target.node.decrementBlocksScheduled(target.type);
  for (const storage of state.underConstruction.expected(block)) storage.node.recoveries.delete(block);
  state.corrupt.removeBlock(block);
  state.needed.remove(block);
  state.postponed.remove(block);
  state.underConstruction.remove(block);
}
