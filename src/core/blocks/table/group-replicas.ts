// Which storages hold the blocks of a group: for each block that is there three numbers, in a run as long as there are blocks
// and only as wide as the largest number needs. With up to 1,023 storages that is one word for a block. More
// than three replicas lie in a list (core/pages/number-list.ts), which only the widest kind can name.
import { assert } from '../../../base/assert.ts';
import type { Arena } from '../../pages/arena.ts';
import { listFree, listGet, listPop, listPush, listSet } from '../../pages/number-list.ts';
import type { Records } from '../../pages/records.ts';
import * as row from './layout.ts';

/** How wide a group's numbers are, as its row says: nothing yet, 10 bits, 16 bits, a word. */
const Width = { NONE: 0, NARROW: 1, MIDDLE: 2, WIDE: 3 } as const;
type Width = (typeof Width)[keyof typeof Width];

const SLOTS = 3;
const MIDDLE_MASK = 0xffff;
/** In the second slot of a block with a list: the first is its head, the rest of the second its length. */
const LIST = 0x80000000;

function widthFor(storage: number): Width {
  if (storage <= row.NARROW_MASK) return Width.NARROW;
  return storage <= MIDDLE_MASK ? Width.MIDDLE : Width.WIDE;
}

/** Words for the replicas of so many blocks. */
function wordsFor(width: Width, blocks: number): number {
  if (width === Width.NARROW) return blocks;
  return width === Width.MIDDLE ? (blocks * SLOTS + 1) >>> 1 : blocks * SLOTS;
}

function slot(page: Uint32Array, at: number, width: Width, entry: number, index: number): number {
  if (width === Width.NARROW) return ((page[at + entry] as number) >>> (row.NARROW_BITS * index)) & row.NARROW_MASK;
  if (width === Width.WIDE) return page[at + entry * SLOTS + index] as number;
  const half = entry * SLOTS + index;
  const word = page[at + (half >>> 1)] as number;
  return (half & 1) === 0 ? word & MIDDLE_MASK : word >>> 16;
}

function setSlot(page: Uint32Array, at: number, width: Width, entry: number, index: number, value: number): void {
  if (width === Width.WIDE) {
    page[at + entry * SLOTS + index] = value;
    return;
  }
  const half = entry * SLOTS + index;
  const to = width === Width.NARROW ? at + entry : at + (half >>> 1);
  const shift = width === Width.NARROW ? row.NARROW_BITS * index : (half & 1) * 16;
  const mask = (width === Width.NARROW ? row.NARROW_MASK : MIDDLE_MASK) << shift;
  page[to] = ((page[to] as number) & ~mask) | (value << shift);
}

/** Gives a block no replicas. Memory is handed out with whatever lay there, also in bits that belong to no slot. */
function clear(page: Uint32Array, at: number, width: Width, entry: number): void {
  if (width === Width.NARROW) page[at + entry] = 0;
  else for (let i = 0; i < SLOTS; i++) setSlot(page, at, width, entry, i, 0);
}

/** A storage in all three slots. */
export const thriceNarrow = (storage: number): number => storage * row.NARROW_ONES;

/**
 * All bits if one of the three slots is the storage, or none: all three at once, and without a branch, for which of them it is nobody
 * can foretell. Taking 1 from a slot that is equal sets its highest bit, which was not set.
 */
export function holdsNarrow(slots: number, thrice: number): number {
  const difference = slots ^ thrice;
  const equal = (difference - row.NARROW_ONES) & ~difference & row.NARROW_TOPS;
  return (equal | -equal) >> 31;
}

export class GroupReplicas {
  readonly #rows: Records;
  readonly #runs: Arena;
  /** The slots of a whole group, while they are moved. */
  readonly #slots = new Uint32Array(row.GROUP_SIZE * SLOTS);

  constructor(rows: Records, runs: Arena) {
    this.#rows = rows;
    this.#runs = runs;
  }

  count(group: number, place: number): number {
    const width = this.#width(group);
    if (width === Width.NONE) return 0;
    const run = this.#rows.get(group, row.REPLICAS);
    const page = this.#runs.page(run);
    const at = this.#runs.at(run);
    const entry = this.#entry(group, place);
    const second = slot(page, at, width, entry, 1);
    if (width === Width.WIDE && second >= LIST) return second - LIST;
    if (second === 0) return slot(page, at, width, entry, 0) === 0 ? 0 : 1;
    return slot(page, at, width, entry, 2) === 0 ? 2 : 3;
  }

  /** In the order in which they were added. */
  at(group: number, place: number, index: number): number {
    assert(index >= 0 && index < this.count(group, place), 'no such replica');
    const width = this.#width(group);
    const run = this.#rows.get(group, row.REPLICAS);
    const page = this.#runs.page(run);
    const at = this.#runs.at(run);
    const entry = this.#entry(group, place);
    if (width === Width.WIDE) {
      const second = slot(page, at, width, entry, 1);
      if (second >= LIST) return listGet(this.#runs, slot(page, at, width, entry, 0), second - LIST, index);
    }
    return slot(page, at, width, entry, index);
  }

  /** Puts all storages of the block into `into`, in the order in which they were added; answers how many they are. */
  list(group: number, place: number, into: number[]): number {
    const rowPage = this.#rows.page(group);
    const rowAt = this.#rows.rowAt(group);
    const width = ((rowPage[rowAt + row.ID_LOW] as number) & row.PLACE_MASK) as Width;
    if (width === Width.NONE) return 0;
    if (width === Width.NARROW) {
      const run = rowPage[rowAt + row.REPLICAS] as number;
      const entry = row.rank(rowPage[rowAt + row.PRESENT] as number, place);
      let count = 0;
      for (let word = this.#runs.page(run)[this.#runs.at(run) + entry] as number; word !== 0; word >>>= row.NARROW_BITS) {
        into[count++] = word & row.NARROW_MASK;
      }
      return count;
    }
    const count = this.count(group, place);
    for (let i = 0; i < count; i++) into[i] = this.at(group, place, i);
    return count;
  }

  /** Where the storage stands among the block's, or -1. */
  indexOf(group: number, place: number, storage: number): number {
    const rowPage = this.#rows.page(group);
    const rowAt = this.#rows.rowAt(group);
    const width = ((rowPage[rowAt + row.ID_LOW] as number) & row.PLACE_MASK) as Width;
    if (width === Width.NONE) return -1;
    const run = rowPage[rowAt + row.REPLICAS] as number;
    const page = this.#runs.page(run);
    const at = this.#runs.at(run);
    const entry = row.rank(rowPage[rowAt + row.PRESENT] as number, place);
    if (width === Width.NARROW) {
      const word = page[at + entry] as number;
      if ((word & row.NARROW_MASK) === storage) return 0;
      if (((word >>> row.NARROW_BITS) & row.NARROW_MASK) === storage) return 1;
      return word >>> (2 * row.NARROW_BITS) === storage ? 2 : -1;
    }
    if (width === Width.WIDE) {
      const second = slot(page, at, width, entry, 1);
      if (second >= LIST) {
        const head = slot(page, at, width, entry, 0);
        for (let i = 0; i < second - LIST; i++) if (listGet(this.#runs, head, second - LIST, i) === storage) return i;
        return -1;
      }
    }
    for (let i = 0; i < SLOTS; i++) if (slot(page, at, width, entry, i) === storage) return i;
    return -1;
  }

  /** Each block's replicas are in one word. */
  isNarrow(group: number): boolean {
    return this.#width(group) === Width.NARROW;
  }

  /** Which of these blocks of the group the storage holds, a bit for each place. */
  held(group: number, bits: number, storage: number): number {
    const rowPage = this.#rows.page(group);
    const rowAt = this.#rows.rowAt(group);
    const width = ((rowPage[rowAt + row.ID_LOW] as number) & row.PLACE_MASK) as Width;
    if (width === Width.NONE) return 0;
    const present = rowPage[rowAt + row.PRESENT] as number;
    const run = rowPage[rowAt + row.REPLICAS] as number;
    const page = this.#runs.page(run);
    const at = this.#runs.at(run);
    let held = 0;
    if (width !== Width.NARROW) {
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const place = row.lowestPlace(rest);
        if (this.indexOf(group, place, storage) >= 0) held |= 1 << place;
      }
      return held;
    }
    if (storage > row.NARROW_MASK) return 0;
    const thrice = thriceNarrow(storage);
    const isFull = present === row.FULL;
    for (let rest = bits; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      const place = row.lowestPlace(rest);
      held |= bit & holdsNarrow(page[at + (isFull ? place : row.rank(present, place))] as number, thrice);
    }
    return held;
  }

  /** Which of the group's blocks have a replica on a storage for whose number there is a 1 in `marked`: a bit for each place. */
  onMarked(group: number, marked: Uint8Array): number {
    const rowPage = this.#rows.page(group);
    const rowAt = this.#rows.rowAt(group);
    const width = ((rowPage[rowAt + row.ID_LOW] as number) & row.PLACE_MASK) as Width;
    if (width === Width.NONE) return 0;
    const present = rowPage[rowAt + row.PRESENT] as number;
    const run = rowPage[rowAt + row.REPLICAS] as number;
    const page = this.#runs.page(run);
    let at = this.#runs.at(run);
    let found = 0;
    for (let rest = present; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      if (width === Width.NARROW) {
        const word = page[at++] as number;
        const any =
          (marked[word & row.NARROW_MASK] as number) |
          (marked[(word >>> row.NARROW_BITS) & row.NARROW_MASK] as number) |
          (marked[word >>> (2 * row.NARROW_BITS)] as number);
        if (any !== 0) found |= bit;
        continue;
      }
      const place = row.lowestPlace(rest);
      for (let i = this.count(group, place) - 1; i >= 0; i--) if (marked[this.at(group, place, i)] === 1) found |= bit;
    }
    return found;
  }

  /** Gives those of these blocks of the group a replica that have none; answers which they are. */
  addFirst(group: number, bits: number, storage: number): number {
    const empty = this.#withoutReplica(group, bits);
    if (empty === 0) return 0;
    this.#widen(group, widthFor(storage));
    const width = this.#width(group);
    const present = this.#rows.get(group, row.PRESENT);
    const run = this.#rows.get(group, row.REPLICAS);
    const page = this.#runs.ownPage(run);
    const at = this.#runs.at(run);
    for (let rest = empty; rest !== 0; rest &= rest - 1) {
      setSlot(page, at, width, row.rank(present, row.lowestPlace(rest)), 0, storage);
    }
    return empty;
  }

  #withoutReplica(group: number, bits: number): number {
    const rowPage = this.#rows.page(group);
    const rowAt = this.#rows.rowAt(group);
    const width = ((rowPage[rowAt + row.ID_LOW] as number) & row.PLACE_MASK) as Width;
    if (width === Width.NONE) return bits;
    const present = rowPage[rowAt + row.PRESENT] as number;
    const run = rowPage[rowAt + row.REPLICAS] as number;
    const page = this.#runs.page(run);
    const at = this.#runs.at(run);
    let empty = 0;
    for (let rest = bits; rest !== 0; rest &= rest - 1) {
      const place = row.lowestPlace(rest);
      // The first slot of a block with replicas holds one, or where their list is.
      if (slot(page, at, width, row.rank(present, place), 0) === 0) empty |= 1 << place;
    }
    return empty;
  }

  /** The storage must not be among them. */
  add(group: number, place: number, storage: number): void {
    const count = this.count(group, place);
    this.#widen(group, count < SLOTS ? widthFor(storage) : Width.WIDE);
    const width = this.#width(group);
    const run = this.#rows.get(group, row.REPLICAS);
    const entry = this.#entry(group, place);
    const at = this.#runs.at(run);
    if (count < SLOTS) {
      setSlot(this.#runs.ownPage(run), at, width, entry, count, storage);
      return;
    }
    let head = 0;
    let length = 0;
    const second = slot(this.#runs.page(run), at, width, entry, 1);
    if (second >= LIST) {
      head = slot(this.#runs.page(run), at, width, entry, 0);
      length = count;
    } else {
      for (; length < SLOTS; length++) {
        head = listPush(this.#runs, head, length, slot(this.#runs.page(run), at, width, entry, length));
      }
    }
    this.#setList(run, entry, listPush(this.#runs, head, length, storage), length + 1);
  }

  /** Takes out the replica that stands there; those behind it move up. */
  remove(group: number, place: number, index: number): void {
    const width = this.#width(group);
    const run = this.#rows.get(group, row.REPLICAS);
    const entry = this.#entry(group, place);
    const at = this.#runs.at(run);
    const page = this.#runs.ownPage(run);
    if (width === Width.NARROW) {
      const shift = row.NARROW_BITS * index;
      const word = page[at + entry] as number;
      page[at + entry] = (word & ((1 << shift) - 1)) | ((word >>> (shift + row.NARROW_BITS)) << shift);
      return;
    }
    const second = slot(page, at, width, entry, 1);
    if (width !== Width.WIDE || second < LIST) {
      for (let i = index; i < SLOTS; i++) {
        setSlot(page, at, width, entry, i, i + 1 < SLOTS ? slot(page, at, width, entry, i + 1) : 0);
      }
      return;
    }
    let head = slot(page, at, width, entry, 0);
    const length = second - LIST;
    for (let i = index; i < length - 1; i++) {
      head = listSet(this.#runs, head, length, i, listGet(this.#runs, head, length, i + 1));
    }
    head = listPop(this.#runs, head, length);
    if (length - 1 > SLOTS) {
      this.#setList(run, entry, head, length - 1);
      return;
    }
    for (let i = 0; i < SLOTS; i++) {
      const value = i < length - 1 ? listGet(this.#runs, head, length - 1, i) : 0;
      setSlot(this.#runs.ownPage(run), at, width, entry, i, value);
    }
    listFree(this.#runs, head, length - 1);
  }

  /** A block has come to the group: it has a place among the others, and no replica. */
  blockAdded(group: number, place: number): void {
    const width = this.#width(group);
    if (width === Width.NONE) return;
    const blocks = row.popCount(this.#rows.get(group, row.PRESENT));
    const entry = this.#entry(group, place);
    if (entry < blocks - 1) this.#load(group, width, blocks - 1);
    const home = this.#resize(group, wordsFor(width, blocks - 1), wordsFor(width, blocks));
    if (entry < blocks - 1) {
      this.#slots.copyWithin((entry + 1) * SLOTS, entry * SLOTS, (blocks - 1) * SLOTS);
      this.#slots.fill(0, entry * SLOTS, (entry + 1) * SLOTS);
      this.#store(group, width, blocks);
      return;
    }
    clear(this.#runs.ownPage(home), this.#runs.at(home), width, entry);
  }

  /** A block is about to leave the group. */
  blockLeaves(group: number, place: number): void {
    const width = this.#width(group);
    if (width === Width.NONE) return;
    const blocks = row.popCount(this.#rows.get(group, row.PRESENT));
    const entry = this.#entry(group, place);
    const run = this.#rows.get(group, row.REPLICAS);
    const second = slot(this.#runs.page(run), this.#runs.at(run), width, entry, 1);
    if (width === Width.WIDE && second >= LIST) {
      listFree(this.#runs, slot(this.#runs.page(run), this.#runs.at(run), width, entry, 0), second - LIST);
    }
    if (blocks === 1) {
      this.#runs.free(run, wordsFor(width, 1));
      this.#rows.set(group, row.REPLICAS, 0);
      this.#setWidth(group, Width.NONE);
      return;
    }
    if (entry < blocks - 1) {
      this.#load(group, width, blocks);
      this.#slots.copyWithin(entry * SLOTS, (entry + 1) * SLOTS, blocks * SLOTS);
      this.#store(group, width, blocks - 1);
    }
    this.#resize(group, wordsFor(width, blocks), wordsFor(width, blocks - 1));
  }

  #width(group: number): Width {
    return (this.#rows.get(group, row.ID_LOW) & row.PLACE_MASK) as Width;
  }

  #setWidth(group: number, width: Width): void {
    this.#rows.set(group, row.ID_LOW, (this.#rows.get(group, row.ID_LOW) & ~row.PLACE_MASK) | width);
  }

  /** Where the block's slots are among the group's. */
  #entry(group: number, place: number): number {
    return row.rank(this.#rows.get(group, row.PRESENT), place);
  }

  #setList(run: number, entry: number, head: number, length: number): void {
    const page = this.#runs.ownPage(run);
    const at = this.#runs.at(run);
    setSlot(page, at, Width.WIDE, entry, 0, head);
    setSlot(page, at, Width.WIDE, entry, 1, LIST + length);
    setSlot(page, at, Width.WIDE, entry, 2, 0);
  }

  /** Gives all numbers of the group at least that width. */
  #widen(group: number, wanted: Width): void {
    const width = this.#width(group);
    if (width >= wanted) return;
    const blocks = row.popCount(this.#rows.get(group, row.PRESENT));
    if (width === Width.NONE) {
      const words = wordsFor(wanted, blocks);
      const run = this.#runs.allocate(words);
      this.#runs.ownPage(run).fill(0, this.#runs.at(run), this.#runs.at(run) + words);
      this.#rows.set(group, row.REPLICAS, run);
      this.#setWidth(group, wanted);
      return;
    }
    this.#load(group, width, blocks);
    this.#resize(group, wordsFor(width, blocks), wordsFor(wanted, blocks));
    this.#setWidth(group, wanted);
    this.#store(group, wanted, blocks);
  }

  #resize(group: number, from: number, to: number): number {
    const run = this.#rows.get(group, row.REPLICAS);
    const home = this.#runs.resize(run, from, to);
    if (home !== run) this.#rows.set(group, row.REPLICAS, home);
    return home;
  }

  #load(group: number, width: Width, blocks: number): void {
    const run = this.#rows.get(group, row.REPLICAS);
    const page = this.#runs.page(run);
    const at = this.#runs.at(run);
    for (let i = 0; i < blocks * SLOTS; i++) this.#slots[i] = slot(page, at, width, Math.floor(i / SLOTS), i % SLOTS);
  }

  #store(group: number, width: Width, blocks: number): void {
    const run = this.#rows.get(group, row.REPLICAS);
    const page = this.#runs.ownPage(run);
    const at = this.#runs.at(run);
    for (let entry = 0; entry < blocks; entry++) {
      clear(page, at, width, entry);
      for (let i = 0; i < SLOTS; i++) setSlot(page, at, width, entry, i, this.#slots[entry * SLOTS + i] as number);
    }
  }
}
