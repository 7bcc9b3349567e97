// Some replicas of a full report, decoded and not yet looked at. Nearly all are as we know them, so they lie here as words
// that can be compared with the block map's a group at a time (table/layout.ts), and become objects only where they differ.
//
// Eight words a replica, numbers low word first:
//
//   0, 1   id          4, 5   generation stamp
//   2, 3   length      6      state            7   nothing
import { type BlockId, genStamp } from '../../base/ids.ts';
import type { ReportedReplica } from './block-list.ts';
import type { ReplicaState } from './storage-type.ts';
import { PLACE_MASK } from './table/layout.ts';

export const WORD = { ID: 0, LENGTH: 2, STAMP: 4, STATE: 6 } as const;
export const REPLICA_WORDS = 8;
/** Few enough to stay in the processor's nearest cache. */
const CAPACITY = 512;
const TWO_32 = 2 ** 32;

export class ReplicaBatch {
  readonly capacity = CAPACITY;
  /** One more than there can be, so that whoever looks for the end of a run may look behind the last. */
  readonly words = new Uint32Array((CAPACITY + 1) * REPLICA_WORDS);
  count = 0;

  /**
   * Runs of replicas that are of one group, with ids that ascend: none of them is twice among them. Where each begins, and, behind
   * the last, where it ends.
   */
  readonly starts = new Uint16Array(CAPACITY + 1);
  runs = 0;
  /** The group of each run (0: there is none), and, one bit for each place, which of it are named, are right, and are held. */
  readonly groups = new Uint32Array(CAPACITY);
  readonly named = new Int32Array(CAPACITY);
  readonly right = new Int32Array(CAPACITY);
  readonly held = new Int32Array(CAPACITY);
  /** Some are right, and not held. */
  hasFresh = false;

  /** Which of a run are right, and not held. */
  fresh(run: number): number {
    return (this.right[run] as number) & ~(this.held[run] as number);
  }

  place(index: number): number {
    return (this.words[index * REPLICA_WORDS] as number) & PLACE_MASK;
  }

  /** The two halves of an id, signed. */
  idLow(index: number): number {
    return (this.words[index * REPLICA_WORDS] as number) | 0;
  }

  idHigh(index: number): number {
    return (this.words[index * REPLICA_WORDS + 1] as number) | 0;
  }

  show(index: number, into: ReportedReplica): void {
    const { words } = this;
    const at = index * REPLICA_WORDS;
    into.id = ((BigInt(this.idHigh(index)) << 32n) | BigInt(words[at] as number)) as BlockId;
    into.numBytes = (words[at + WORD.LENGTH + 1] as number) * TWO_32 + (words[at + WORD.LENGTH] as number);
    into.genStamp = genStamp((words[at + WORD.STAMP + 1] as number) * TWO_32 + (words[at + WORD.STAMP] as number));
    into.state = words[at + WORD.STATE] as ReplicaState;
  }

  /** Writes a replica down, in the place of an earlier one. */
  put(index: number, id: BlockId, numBytes: number, stamp: number, state: ReplicaState): void {
    const { words } = this;
    const at = index * REPLICA_WORDS;
    words[at] = Number(BigInt.asUintN(32, id));
    words[at + 1] = Number(BigInt.asIntN(32, id >> 32n));
    words[at + WORD.LENGTH] = numBytes % TWO_32;
    words[at + WORD.LENGTH + 1] = Math.floor(numBytes / TWO_32);
    words[at + WORD.STAMP] = stamp % TWO_32;
    words[at + WORD.STAMP + 1] = Math.floor(stamp / TWO_32);
    words[at + WORD.STATE] = state;
  }
}
