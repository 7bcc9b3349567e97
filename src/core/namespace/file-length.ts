// Lengths of files and the space they take, from their blocks. Apache: INodeFile.computeFileSize, storagespaceConsumed.
import { BlockState } from '../blocks/block-map.ts';
import type { InodeHandle } from './inodes.ts';
import type { Namespace } from './namespace.ts';

/** Bytes of the file; of a last block under construction what is known so far. */
export function fileLength(ns: Namespace, file: InodeHandle): number {
  let length = 0;
  const count = ns.inodes.blockCount(file);
  for (let i = 0; i < count; i++) length += ns.blocks.numBytes(ns.inodes.blockAt(file, i));
  return length;
}

/** Bytes of the file without a last block that is not complete. */
export function lengthWithoutOpenBlock(ns: Namespace, file: InodeHandle): number {
  const count = ns.inodes.blockCount(file);
  if (count === 0) return 0;
  const last = ns.inodes.blockAt(file, count - 1);
  const length = fileLength(ns, file);
  return ns.blocks.state(last) === BlockState.COMPLETE ? length : length - ns.blocks.numBytes(last);
}

/** Bytes on all DataNodes together, a block that is not complete counted as if it were full. */
export function spaceConsumed(ns: Namespace, file: InodeHandle): number {
  let space = 0;
  const count = ns.inodes.blockCount(file);
  for (let i = 0; i < count; i++) {
    const block = ns.inodes.blockAt(file, i);
    const isComplete = ns.blocks.state(block) === BlockState.COMPLETE;
    space += isComplete ? ns.blocks.numBytes(block) : ns.inodes.preferredBlockSize(file);
  }
  return space * ns.inodes.replication(file);
}
