// What DataNodes say of their replicas, full and incremental, against what we know: each reported replica is good,
// corrupt, of a block being written, or of no block. Mirrors processReport, processFirstBlockReport, reportDiff and
// processIncrementalBlockReport of BlockManager.
// How a full report comes in is in full-report.ts.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import { emptyReplica, type ReportedReplica } from './block-list.ts';
import { type BlockHandle, BlockState } from './block-map.ts';
import { CorruptReason } from './corrupt-replicas.ts';
import type { Datanode, Storage, StorageIdentity } from './datanode.ts';
import { invalidateUnknown } from './orders.ts';
import { updateNeeded } from './redundancy.ts';
import { storageOnNode } from './replica-counts.ts';
import { addWanted, markCorrupt, removeStored } from './replicas.ts';
import type { ManagerState } from './state.ts';
import { ReplicaState } from './storage-type.ts';

export const BlockStatus = { RECEIVING: 1, RECEIVED: 2, DELETED: 3 } as const;
export type BlockStatus = (typeof BlockStatus)[keyof typeof BlockStatus];

/** Apache: ReceivedDeletedBlockInfo. */
export interface IncrementalEntry {
  readonly id: BlockId;
  readonly numBytes: number;
  readonly genStamp: GenStamp;
  readonly status: BlockStatus;
  /** Uuid of a node that a balancer wants relieved of the block. */
  readonly deleteHint?: string | undefined;
}

/** Who reports a replica: the first full report after a start leaves unknown ones alone, as Apache's does. */
export type Occasion = 'firstReport' | 'report' | 'incremental';

/**
 * The one place that decides about a replica of no block that we know. A generation stamp that was never issued means
 * that this namespace is older than the data: such replicas hold safe mode, and are never deleted unless an operator
 * forced safe mode off. A standby will queue them here.
 */
function unknownReplica(state: ManagerState, storage: Storage, replica: Readonly<ReportedReplica>, occasion: Occasion): void {
  if (replica.genStamp > state.owner.highestGenStamp() && !state.safeMode.forced) {
    if (occasion !== 'incremental') state.safeMode.replicaFromFuture(replica.numBytes);
    return;
  }
  if (occasion === 'firstReport') return;
  invalidateUnknown(state, storage.node, replica.id, replica.genStamp);
}

/** Why the reported replica is bad; undefined when it is not. Apache: checkReplicaCorrupt. */
export function whyCorrupt(
  reported: Readonly<Pick<ReportedReplica, 'state' | 'genStamp' | 'numBytes'>>,
  stored: { readonly state: BlockState; readonly genStamp: GenStamp; readonly numBytes: number },
): CorruptReason | undefined {
  const { GENSTAMP_MISMATCH, SIZE_MISMATCH, INVALID_STATE } = CorruptReason;
  switch (reported.state) {
    case ReplicaState.FINALIZED:
      switch (stored.state) {
        case BlockState.COMPLETE:
        case BlockState.COMMITTED:
          if (reported.genStamp !== stored.genStamp) return GENSTAMP_MISMATCH;
          return reported.numBytes !== stored.numBytes ? SIZE_MISMATCH : undefined;
        case BlockState.UNDER_CONSTRUCTION:
          return stored.genStamp > reported.genStamp ? GENSTAMP_MISMATCH : undefined;
        case BlockState.UNDER_RECOVERY:
          return undefined;
      }
      return undefined;
    case ReplicaState.RBW:
    case ReplicaState.RWR:
      if (stored.state !== BlockState.COMPLETE) return stored.genStamp > reported.genStamp ? GENSTAMP_MISMATCH : undefined;
      if (stored.genStamp !== reported.genStamp) return GENSTAMP_MISMATCH;
      // The end of the pipeline and this report crossed: a finalized one will be reported.
      return reported.state === ReplicaState.RBW ? undefined : INVALID_STATE;
    case ReplicaState.RUR:
    case ReplicaState.TEMPORARY:
      return INVALID_STATE;
  }
}

/** Works one reported replica of `block` in; 0: of none of ours. */
export function processReplica(
  state: ManagerState,
  storage: Storage,
  block: BlockHandle,
  replica: Readonly<ReportedReplica>,
  occasion: Occasion,
  deleteHint?: Datanode,
): void {
  const { blocks, corrupt, invalidations, underConstruction } = state;
  if (block === 0) {
    unknownReplica(state, storage, replica, occasion);
    return;
  }
  const wanted = state.owner.replication(block);
  if (wanted === 0) {
    if (occasion !== 'firstReport') invalidateUnknown(state, storage.node, replica.id, replica.genStamp);
    return;
  }
  if (invalidations.sizeOf(storage.node) > 0 && invalidations.has(storage.node, replica.id, replica.genStamp)) {
    // It is not the copy that was awaited: another is wanted.
    if (occasion === 'incremental') updateNeeded(state, block);
    return;
  }
  const blockState = blocks.state(block);
  const stored = { state: blockState, genStamp: blocks.genStamp(block), numBytes: blocks.numBytes(block) };
  const knownBad = storage.node.knownBad.size > 0 && storage.node.knownBad.get(replica.id) === replica.genStamp;
  const reason = knownBad ? CorruptReason.CORRUPTION_REPORTED : whyCorrupt(replica, stored);
  if (reason !== undefined) {
    markCorrupt(state, block, storage, { reason, genStamp: replica.genStamp, numBytes: replica.numBytes });
    return;
  }
  const writing = blockState === BlockState.UNDER_CONSTRUCTION || blockState === BlockState.UNDER_RECOVERY;
  const finalized = replica.state === ReplicaState.FINALIZED;
  if (finalized ? writing : blockState !== BlockState.COMPLETE) {
    underConstruction.reported(block, storage, replica.genStamp, replica.state);
  }
  if (finalized && (!blocks.hasReplica(block, storage.number) || corrupt.has(block, storage.node))) {
    corrupt.restamp(block, storage.node, replica);
    addWanted(state, block, storage, wanted, deleteHint);
  }
}

export function incrementalReport(
  state: ManagerState,
  node: Datanode,
  identity: StorageIdentity,
  entries: readonly IncrementalEntry[],
  touched: ((storage: Storage, id: BlockId) => void) | undefined,
): void {
  const { blocks, datanodes, pending } = state;
  const storage = datanodes.storageOf(node, identity);
  const replica = emptyReplica();
  for (const entry of entries) {
    touched?.(storage, entry.id);
    replica.id = entry.id;
    replica.numBytes = entry.numBytes;
    replica.genStamp = entry.genStamp;
    const block = blocks.find(entry.id);
    switch (entry.status) {
      case BlockStatus.DELETED:
        node.knownBad.delete(entry.id);
        // Left to go, such an order would meet the copy that makes up for the replica.
        state.invalidations.done(node, entry.id, entry.genStamp);
        if (block !== 0 && meansOurReplica(state, block, node, entry.genStamp)) removeStored(state, block, node);
        break;
      case BlockStatus.RECEIVED: {
        node.knownBad.delete(entry.id);
        node.decrementBlocksScheduled(storage.type);
        const hint = entry.deleteHint === undefined || entry.deleteHint === '' ? undefined : datanodes.byUuid(entry.deleteHint);
        if (block !== 0 && blocks.genStamp(block) === entry.genStamp) pending.arrived(block, node);
        replica.state = ReplicaState.FINALIZED;
        processReplica(state, storage, block, replica, 'incremental', hint);
        break;
      }
      case BlockStatus.RECEIVING:
        replica.state = ReplicaState.RBW;
        processReplica(state, storage, block, replica, 'incremental');
        break;
    }
  }
}

/** A node that deletes an old version of a block says nothing about the current one that it got meanwhile. */
function meansOurReplica(state: ManagerState, block: BlockHandle, node: Datanode, genStamp: GenStamp): boolean {
  return genStamp === 0 || genStamp >= state.blocks.genStamp(block) || state.corrupt.has(block, node);
}

/**
 * A client or a DataNode found a replica's bytes wrong. A report that names another generation stamp than the block has
 * is about bytes of the past, and is passed over. Apache: findAndMarkBlockAsCorrupt.
 */
export function reportBadReplica(
  state: ManagerState,
  id: BlockId,
  genStamp: GenStamp,
  numBytes: number,
  node: Datanode,
): boolean {
  const block = state.blocks.find(id);
  if (block === 0 || state.blocks.genStamp(block) !== genStamp) return false;
  const storage = storageOnNode(state, block, node);
  if (storage === undefined) return false;
  markCorrupt(state, block, storage, { genStamp, numBytes, reason: CorruptReason.CORRUPTION_REPORTED });
  return true;
}
