// Compares what a full report says with the block map while it is decoded, and puts nothing down of what is right: a finalized
// replica of a complete block, with its stamp and length. Nearly all are. Before a run of replicas of one group that has another
// one (replica-batch.ts) it stops, and whoever asked goes the long way to the same answer from there: the replicas are put down
// (block-list.ts) and compared (exceptions.ts, group-replicas.ts).
//
// A replica here takes at most 16 bytes, as nearly all do: an id of five bytes, as those that are counted have, a length and a
// stamp of at most five, and a state. Four bytes are looked at at once, lowest first; the topmost bit of each says whether
// another one follows.
import type { Arena } from '../../pages/arena.ts';
import type { Records } from '../../pages/records.ts';
import type { ReplicaBatch } from '../replica-batch.ts';
import { FIRST_MASK, FIRST_THREE, FOURTH_ENDS, ID_BYTES, joined, MARGIN, MORE, SIXTH_BIT, THIRD_ENDS } from './four-bytes.ts';
import { type GroupReplicas, holdsNarrow, thriceNarrow } from './group-replicas.ts';
import * as row from './layout.ts';

/** One buffer of a report, and where it is read next. */
export interface PackedReplicas {
  readonly view: DataView;
  at: number;
}

export class PackedRuns {
  readonly #rows: Records;
  readonly #runs: Arena;
  readonly #replicas: GroupReplicas;
  /** The runs of the replicas. */
  readonly #homes: Arena;

  constructor(rows: Records, runs: Arena, replicas: GroupReplicas, homes: Arena) {
    this.#rows = rows;
    this.#runs = runs;
    this.#replicas = replicas;
    this.#homes = homes;
  }

  /**
   * Reads at most `limit` replicas, in whole runs; answers how many they were. They become runs of the batch, without words. One loop
   * over everything, since V8 writes a function out where it is called only while the whole is short.
   */
  read(
    packed: PackedReplicas,
    limit: number,
    blocks: { groupNearby(low: number, high: number): number },
    storage: number,
    batch: ReplicaBatch,
  ): number {
    const { view } = packed;
    const thrice = thriceNarrow(storage);
    const last = view.byteLength - MARGIN;
    let start = packed.at;
    let read = 0;
    let runs = 0;
    let fresh = 0;
    while (read < limit && start <= last) {
      const first = view.getUint8(start) & FIRST_MASK;
      const rest = view.getInt32(start + 1, true);
      if ((first & ~SIXTH_BIT) !== 0x80 || (~rest & MORE) !== FOURTH_ENDS) break;
      const number = joined(rest);
      const group = blocks.groupNearby((number << 6) | ((first & SIXTH_BIT) >>> 1), number >>> 26);
      if (group === 0) break;

      const page = this.#rows.page(group);
      const rowAt = this.#rows.rowAt(group);
      const run = page[rowAt + row.EXCEPTIONS] as number;
      const runPage = run === 0 ? page : this.#runs.page(run);
      const runAt = run === 0 ? 0 : this.#runs.at(run);
      const stamps = run === 0 ? 0 : (runPage[runAt + row.OWN_STAMPS] as number);
      const lengths = run === 0 ? 0 : (runPage[runAt + row.OWN_LENGTHS] as number);
      const stampsAt = runAt + row.OWN_VALUES;
      const lengthsAt = stampsAt + (stamps === 0 ? 0 : 2 * row.popCount(stamps));
      const lowest = row.isDense(lengths) ? row.lowestPlace(lengths) : -1;

      const present = page[rowAt + row.PRESENT] as number;
      // Where the replicas of a block are one word, whether the storage is among them is looked up in the same pass.
      const isNarrow = this.#replicas.isNarrow(group) && storage <= row.NARROW_MASK;
      const home = page[rowAt + row.REPLICAS] as number;
      const homePage = isNarrow ? this.#homes.page(home) : page;
      const homeAt = isNarrow ? this.#homes.at(home) : rowAt;
      const isFull = isNarrow && present === row.FULL;
      let held = 0;

      let at = start;
      let left = limit - read;
      let bits = 0;
      let difference = 0;
      let place = (view.getUint8(at) >>> 1) & row.PLACE_MASK;
      do {
        at = (at + ID_BYTES) | 0;
        // How long a number is, is nearly always the same, so a branch for it costs nothing, and nothing waits for where it ends.
        let word = view.getInt32(at, true);
        let ends = ~word & MORE;
        let lengthHigh = 0;
        let lengthTop = 0;
        if (ends === FOURTH_ENDS) at = (at + 4) | 0;
        else if (ends !== 0) {
          const end = ends & -ends;
          word &= end - 1;
          at = (at + ((39 - Math.clz32(end)) >>> 3)) | 0;
        } else {
          const top = view.getUint8(at + 4);
          lengthTop = top << 28;
          difference |= top & 0x80;
          lengthHigh = top >>> 4;
          at = (at + 5) | 0;
        }
        const length = joined(word) | lengthTop;

        word = view.getInt32(at, true);
        ends = ~word & MORE;
        let stampHigh = 0;
        let stampTop = 0;
        if ((ends & FIRST_THREE) === THIRD_ENDS) {
          word &= 0xffffff;
          at = (at + 3) | 0;
        } else if (ends === FOURTH_ENDS) at = (at + 4) | 0;
        else if (ends !== 0) {
          const end = ends & -ends;
          word &= end - 1;
          at = (at + ((39 - Math.clz32(end)) >>> 3)) | 0;
        } else {
          const top = view.getUint8(at + 4);
          stampTop = top << 28;
          difference |= top & 0x80;
          stampHigh = top >>> 4;
          at = (at + 5) | 0;
        }
        const stamp = joined(word) | stampTop;
        // FINALIZED is 0.
        difference |= view.getUint8(at);
        at = (at + 1) | 0;

        let lengthPage = page;
        let lengthAt = rowAt + row.LENGTH;
        if (((lengths >>> place) & 1) !== 0) {
          lengthPage = runPage;
          lengthAt = lengthsAt + 2 * (lowest >= 0 ? place - lowest : row.rank(lengths, place));
        }
        let stampPage = page;
        let stampAt = rowAt + row.STAMP;
        if (((stamps >>> place) & 1) !== 0) {
          stampPage = runPage;
          stampAt = stampsAt + 2 * row.rank(stamps, place);
        }
        const borrow = stamp >>> 0 < place ? 1 : 0;
        difference |=
          ((lengthPage[lengthAt] as number) ^ length) |
          ((lengthPage[lengthAt + 1] as number) ^ lengthHigh) |
          ((stampPage[stampAt] as number) ^ (stamp - place)) |
          ((stampPage[stampAt + 1] as number) ^ (stampHigh - borrow));
        const bit = 1 << place;
        bits |= bit;
        if (isNarrow) {
          const word = homePage[homeAt + (isFull ? place : row.rank(present, place))] as number;
          held |= bit & holdsNarrow(word, thrice);
        }
        left--;
        if (left === 0 || at > last) break;
        const next = view.getUint8(at);
        place = (next >>> 1) & row.PLACE_MASK;
        if ((next & FIRST_MASK) !== first) break;
      } while (view.getInt32(at + 1, true) === rest);

      if (difference !== 0 || (bits & ~present) !== 0) break;
      if (!isNarrow) held = this.#replicas.held(group, bits, storage);
      batch.groups[runs] = group;
      batch.named[runs] = bits;
      batch.right[runs] = bits;
      batch.held[runs] = held;
      runs++;
      fresh |= bits & ~held;
      start = at;
      read = limit - left;
    }
    packed.at = start;
    batch.runs = runs;
    batch.count = read;
    batch.hasFresh = fresh !== 0;
    return read;
  }
}
