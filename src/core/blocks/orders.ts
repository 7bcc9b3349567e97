// Orders to delete replicas, and the names of blocks in messages. Whether a replica should go is decided elsewhere.
import { type BlockId, type GenStamp, LONG_MAX } from '../../base/ids.ts';
import type { BlockHandle } from './block-map.ts';
import type { BlockTriple } from './commands.ts';
import type { Datanode } from './datanode.ts';
import type { ManagerState } from './state.ts';

/** Text of a block as Hadoop writes it. */
export function blockName(id: BlockId, genStamp: GenStamp): string {
  return `blk_${id}_${genStamp}`;
}

export function isReferenced(state: ManagerState, block: BlockHandle): boolean {
  return state.owner.replication(block) > 0;
}

export function tripleOf(state: ManagerState, block: BlockHandle): BlockTriple {
  const { blocks } = state;
  return { id: blocks.id(block), numBytes: blocks.numBytes(block), genStamp: blocks.genStamp(block) };
}

/** Orders the deletion of a replica. A length of LONG_MAX: the node need not report it. */
export function invalidate(state: ManagerState, node: Datanode, block: BlockTriple, afterTxid = state.lastAppliedTxid): void {
  if (!state.populating) return;
  state.invalidations.add(node, { ...block, afterTxid });
}

/** A replica of no block that we know: to be deleted without report. */
export function invalidateUnknown(state: ManagerState, node: Datanode, id: BlockId, genStamp: GenStamp): void {
  invalidate(state, node, { id, genStamp, numBytes: LONG_MAX });
}
