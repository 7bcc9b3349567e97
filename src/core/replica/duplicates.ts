// Of two copies of one block on a DataNode, which is to be served. Apache: BlockPoolSlice.selectReplicaToDelete, and, where
// one of them was left by a writer, addReplicaToReplicasMap.
import type { GenStamp } from '../../base/ids.ts';

export interface Copy {
  readonly finalized: boolean;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
}

/** The higher generation stamp; of the same, a finalized one; of two such, the longer; else the one that is known already. */
export function betterCopy(known: Copy, other: Copy): 'first' | 'second' {
  if (other.genStamp !== known.genStamp) return other.genStamp > known.genStamp ? 'second' : 'first';
  if (other.finalized !== known.finalized) return other.finalized ? 'second' : 'first';
  return other.numBytes > known.numBytes ? 'second' : 'first';
}
