// What single blocks of a group have that the group's row does not say, in one run of an arena:
//
//   0, 1, 2   which blocks have a stamp, a length and state, an owner of their own, one bit each
//   then      the stamps, two words each; lengths and states, two words each; owners, one word each
//
// The run is as long as these bits say. Owners come last, because they are what differs most, and mostly at the end.
import type { Arena } from '../../pages/arena.ts';
import type { Records } from '../../pages/records.ts';
import { REPLICA_WORDS, type ReplicaBatch, WORD } from '../replica-batch.ts';
import { ReplicaState } from '../storage-type.ts';
import * as row from './layout.ts';

/** A column: where the group's row has what is common, and how many words a value has. */
export const Column = { STAMP: row.OWN_STAMPS, LENGTH: row.OWN_LENGTHS, OWNER: 2 } as const;
export type Column = (typeof Column)[keyof typeof Column];
const COLUMNS = [Column.STAMP, Column.LENGTH, Column.OWNER] as const;
const HEAD_WORDS = row.OWN_VALUES;
const IN_ROW = [row.STAMP, row.LENGTH, row.OWNER] as const;
const WORDS = [2, 2, 1] as const;

const wordsOf = (page: Uint32Array, at: number): number =>
  HEAD_WORDS +
  2 * row.popCount(page[at + Column.STAMP] as number) +
  2 * row.popCount(page[at + Column.LENGTH] as number) +
  row.popCount(page[at + Column.OWNER] as number);

/** Where the value of a block lies behind the run's start, or would lie. */
function placeOf(page: Uint32Array, at: number, column: Column, place: number): number {
  const bits = page[at + column] as number;
  let words = HEAD_WORDS + WORDS[column] * row.rank(bits, place);
  if (column > Column.STAMP) words += 2 * row.popCount(page[at + Column.STAMP] as number);
  if (column > Column.LENGTH) words += 2 * row.popCount(page[at + Column.LENGTH] as number);
  return words;
}

export class Exceptions {
  readonly #rows: Records;
  readonly #runs: Arena;

  constructor(rows: Records, runs: Arena) {
    this.#rows = rows;
    this.#runs = runs;
  }

  /** A word of the block's value: its own, or the group's. */
  get(group: number, place: number, column: Column, word: number): number {
    const page = this.#rows.page(group);
    const at = this.#rows.rowAt(group);
    const run = page[at + row.EXCEPTIONS] as number;
    if (run !== 0) {
      const runPage = this.#runs.page(run);
      const runAt = this.#runs.at(run);
      if ((((runPage[runAt + column] as number) >>> place) & 1) !== 0) {
        return runPage[runAt + placeOf(runPage, runAt, column, place) + word] as number;
      }
    }
    return page[at + IN_ROW[column] + word] as number;
  }

  /** The owners of blocks from `from` on, as far as they are of one group; answers how far that is. */
  owners(blocks: Uint32Array, from: number, to: number, into: Uint32Array): number {
    const group = (blocks[from] as number) >>> row.GROUP_BITS;
    const page = this.#rows.page(group);
    const at = this.#rows.rowAt(group);
    const run = page[at + row.EXCEPTIONS] as number;
    const runPage = run === 0 ? page : this.#runs.page(run);
    const runAt = run === 0 ? 0 : this.#runs.at(run);
    const bits = run === 0 ? 0 : (runPage[runAt + Column.OWNER] as number);
    const first = runAt + (bits === 0 ? 0 : placeOf(runPage, runAt, Column.OWNER, 0));
    const lowest = row.isDense(bits) ? row.lowestPlace(bits) : -1;
    const common = page[at + row.OWNER] as number;
    let i = from;
    for (; i < to && (blocks[i] as number) >>> row.GROUP_BITS === group; i++) {
      const place = (blocks[i] as number) & row.PLACE_MASK;
      const isOwn = ((bits >>> place) & 1) !== 0;
      into[i] = isOwn ? (runPage[first + (lowest >= 0 ? place - lowest : row.rank(bits, place))] as number) : common;
    }
    return i;
  }

  /**
   * Looks at a run of a report's replicas, all of this group: which of them are finalized and have the stamp and the length of
   * their blocks, which are complete. Answers where the run ends.
   */
  match(group: number, batch: ReplicaBatch, index: number): number {
    const { words } = batch;
    const page = this.#rows.page(group);
    const at = this.#rows.rowAt(group);
    const run = page[at + row.EXCEPTIONS] as number;
    const runPage = run === 0 ? page : this.#runs.page(run);
    const runAt = run === 0 ? 0 : this.#runs.at(run);
    const stamps = run === 0 ? 0 : (runPage[runAt + Column.STAMP] as number);
    const lengths = run === 0 ? 0 : (runPage[runAt + Column.LENGTH] as number);
    const stampsAt = runAt + HEAD_WORDS;
    const lengthsAt = stampsAt + (stamps === 0 ? 0 : 2 * row.popCount(stamps));
    // Of small files each has another length, and those that have one of their own need not be counted.
    const lowest = row.isDense(lengths) ? row.lowestPlace(lengths) : -1;
    const end = batch.count * REPLICA_WORDS;
    let i = (batch.starts[index] as number) * REPLICA_WORDS;
    const start = (words[i] as number) & ~row.PLACE_MASK;
    const high = words[i + 1] as number;
    let place = (words[i] as number) & row.PLACE_MASK;
    let before = -1;
    let named = 0;
    let right = 0;
    do {
      let lengthPage = page;
      let lengthAt = at + row.LENGTH;
      if (((lengths >>> place) & 1) !== 0) {
        lengthPage = runPage;
        lengthAt = lengthsAt + 2 * (lowest >= 0 ? place - lowest : row.rank(lengths, place));
      }
      let stampPage = page;
      let stampAt = at + row.STAMP;
      if (((stamps >>> place) & 1) !== 0) {
        stampPage = runPage;
        stampAt = stampsAt + 2 * row.rank(stamps, place);
      }
      const stamp = words[i + WORD.STAMP] as number;
      const borrow = stamp < place ? 1 : 0;
      // With a state other than COMPLETE, which is 0, the high word of a length is another one.
      const difference =
        ((lengthPage[lengthAt] as number) ^ (words[i + WORD.LENGTH] as number)) |
        ((lengthPage[lengthAt + 1] as number) ^ (words[i + WORD.LENGTH + 1] as number)) |
        ((stampPage[stampAt] as number) ^ (stamp - place)) |
        ((stampPage[stampAt + 1] as number) ^ ((words[i + WORD.STAMP + 1] as number) - borrow)) |
        ((words[i + WORD.STATE] as number) ^ ReplicaState.FINALIZED);
      named |= 1 << place;
      if (difference === 0) right |= 1 << place;
      i += REPLICA_WORDS;
      before = place;
      place = (words[i] as number) & row.PLACE_MASK;
    } while (i < end && ((words[i] as number) & ~row.PLACE_MASK) === start && words[i + 1] === high && place > before);
    batch.named[index] = named;
    batch.right[index] = right & (page[at + row.PRESENT] as number);
    return i / REPLICA_WORDS;
  }

  /** Gives the block a value. What the only block of a group has, is the group's. */
  set(group: number, place: number, column: Column, low: number, high: number): void {
    const page = this.#rows.page(group);
    const at = this.#rows.rowAt(group);
    const inRow = at + IN_ROW[column];
    const isWide = WORDS[column] === 2;
    const run = page[at + row.EXCEPTIONS] as number;
    if (page[at + row.PRESENT] === (1 << place) >>> 0) {
      const own = this.#rows.rowPage(group);
      own[inRow] = low;
      if (isWide) own[inRow + 1] = high;
      if (run !== 0) this.#remove(group, run, column, place);
      return;
    }
    if (page[inRow] === low >>> 0 && (!isWide || page[inRow + 1] === high >>> 0)) {
      if (run !== 0) this.#remove(group, run, column, place);
      return;
    }
    const home = this.#insert(group, run, column, place);
    const runPage = this.#runs.ownPage(home);
    const runAt = this.#runs.at(home);
    const to = runAt + placeOf(runPage, runAt, column, place);
    runPage[to] = low;
    if (isWide) runPage[to + 1] = high;
  }

  /** The block is like its group in everything, or gone. */
  clear(group: number, place: number): void {
    for (const column of COLUMNS) {
      const run = this.#rows.get(group, row.EXCEPTIONS);
      if (run === 0) return;
      this.#remove(group, run, column, place);
    }
  }

  /** Makes room for a value where there is none; answers where the run is now. */
  #insert(group: number, run: number, column: Column, place: number): number {
    const runs = this.#runs;
    if (run === 0) {
      const made = runs.allocate(HEAD_WORDS + WORDS[column]);
      for (const each of COLUMNS) runs.set(made, each, each === column ? 1 << place : 0);
      this.#rows.set(group, row.EXCEPTIONS, made);
      return made;
    }
    const bits = runs.get(run, column);
    if (((bits >>> place) & 1) !== 0) return run;
    const before = wordsOf(runs.page(run), runs.at(run));
    const split = placeOf(runs.page(run), runs.at(run), column, place);
    const home = runs.resize(run, before, before + WORDS[column]);
    if (home !== run) this.#rows.set(group, row.EXCEPTIONS, home);
    runs.move(home, split, home, split + WORDS[column], before - split);
    runs.set(home, column, bits | (1 << place));
    return home;
  }

  #remove(group: number, run: number, column: Column, place: number): void {
    const runs = this.#runs;
    const bits = runs.get(run, column);
    if (((bits >>> place) & 1) === 0) return;
    const before = wordsOf(runs.page(run), runs.at(run));
    const after = before - WORDS[column];
    if (after === HEAD_WORDS) {
      runs.free(run, before);
      this.#rows.set(group, row.EXCEPTIONS, 0);
      return;
    }
    const split = placeOf(runs.page(run), runs.at(run), column, place);
    runs.move(run, split + WORDS[column], run, split, after - split);
    runs.set(run, column, bits & ~(1 << place));
    const home = runs.resize(run, before, after);
    if (home !== run) this.#rows.set(group, row.EXCEPTIONS, home);
  }
}
