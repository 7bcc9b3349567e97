// Blocks as clients name them, beside the blocks that the namespace has. Apache: Block.matchingIdAndGenStamp.
import { HdfsError } from '../../../base/errors.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../../base/ids.ts';
import type { BlockHandle } from '../../blocks/block-map.ts';
import type { EditBlock } from '../../edits/ops.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { MAX_BLOCK_SIZE } from '../table/layout.ts';

/** ExtendedBlockProto as values. */
export interface ClientBlock {
  readonly poolId: string;
  readonly id: BlockId;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
}

/** As messages name a block of the namespace. */
export function blockText(ns: Namespace, block: BlockHandle): string {
  return block === 0 ? 'null' : `blk_${ns.blocks.id(block)}_${ns.blocks.genStamp(block)}`;
}

/** As messages name a block that a client sent. */
export function clientBlockText(block: ClientBlock | undefined): string {
  return block === undefined ? 'null' : `${block.poolId}:blk_${block.id}_${block.genStamp}`;
}

/** The n-th block from the end of a file (0: the last), or 0. */
export function blockFromEnd(ns: Namespace, file: InodeHandle, n: number): BlockHandle {
  const index = ns.inodes.blockCount(file) - 1 - n;
  return index < 0 ? 0 : ns.inodes.blockAt(file, index);
}

/** Same id and stamp, or neither there. */
export function matches(ns: Namespace, block: BlockHandle, named: ClientBlock | undefined): boolean {
  if (block === 0 || named === undefined) return block === 0 && named === undefined;
  return ns.blocks.id(block) === named.id && ns.blocks.genStamp(block) === named.genStamp;
}

/** Refuses a block of another pool. */
export function checkPool(ns: Namespace, block: ClientBlock | undefined): void {
  if (block !== undefined && block.poolId !== ns.blockPoolId) {
    throw new HdfsError('EIO', `Unexpected BlockPoolId ${block.poolId} - expected ${ns.blockPoolId}`);
  }
}

/** Refuses a length that no block can have: a client's word becomes an edit, and must fit into the block map. */
export function checkBlockLength(text: string, numBytes: number): void {
  if (numBytes > MAX_BLOCK_SIZE)
    throw new HdfsError('EIO', `${text} cannot have ${numBytes} bytes: a block has at most ${MAX_BLOCK_SIZE}`);
}

/** A block of the namespace as an op carries it. */
export function editBlock(ns: Namespace, block: BlockHandle): EditBlock {
  return {
    id: blockId(ns.blocks.id(block)),
    numBytes: ns.blocks.numBytes(block),
    genStamp: genStamp(ns.blocks.genStamp(block)),
  };
}

/** A file's blocks as an op carries them. */
export function editBlocks(ns: Namespace, file: InodeHandle): EditBlock[] {
  const list: EditBlock[] = [];
  for (let i = 0; i < ns.inodes.blockCount(file); i++) list.push(editBlock(ns, ns.inodes.blockAt(file, i)));
  return list;
}
