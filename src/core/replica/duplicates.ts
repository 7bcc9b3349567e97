// Of two copies of one block on a DataNode, which is to be served. Apache: BlockPoolSlice.selectReplicaToDelete, and, where
// one of them was left by a writer, addReplicaToReplicasMap.
import type { GenStamp } from '../../base/ids.ts';

export interface Copy {
  readonly finalized: boolean;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
  /** On a volume that a power cut empties. */
  readonly inMemory: boolean;
}

/**
 * The higher generation stamp; of the same, a finalized one; of two such, the longer; of alike ones that on a disk; else the
 * one that is known already.
 */
export function betterCopy(known: Copy, other: Copy): 'first' | 'second' {
  if (other.genStamp !== known.genStamp) return other.genStamp > known.genStamp ? 'second' : 'first';
  if (other.finalized !== known.finalized) return other.finalized ? 'second' : 'first';
  if (other.numBytes !== known.numBytes) return other.numBytes > known.numBytes ? 'second' : 'first';
  return known.inMemory && !other.inMemory ? 'second' : 'first';
}
