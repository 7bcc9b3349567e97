// Ordered sets of handles: a few linked lists over one range of handles, each handle in at most one list. Links live in
// pages that exist only where something is listed, so an empty set costs nothing and a full one 9 bytes per handle,
// without the limit of 2^24 entries that a JavaScript Set has. Adding, removing and finding are O(1), and the order is
// that of arrival, which a bookmark per list walks.
import { assert } from '../../base/assert.ts';
import { lowestPlace } from './table/layout.ts';

const PAGE_BITS = 12;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;

interface Page {
  readonly next: Uint32Array;
  readonly previous: Uint32Array;
  /** Low 7 bits: list + 1, 0 when in none; high bit: the caller's mark. */
  readonly list: Uint8Array;
  used: number;
}

const MARK = 0x80;

export class HandleLists {
  readonly #pages: (Page | undefined)[] = [];
  readonly #first: number[];
  readonly #last: number[];
  readonly #sizes: number[];
  /** How many of each list's handles have a mark. */
  readonly #marked: number[];
  /** Next handle that the walk of each list will give; 0 at its end. */
  readonly #bookmark: number[];
  /** The walk of the list has not begun: it will start with whatever is first then. */
  readonly #atStart: boolean[];
  #size = 0;

  constructor(lists: number) {
    assert(lists > 0 && lists < MARK, 'too many lists');
    this.#first = new Array<number>(lists).fill(0);
    this.#last = new Array<number>(lists).fill(0);
    this.#sizes = new Array<number>(lists).fill(0);
    this.#marked = new Array<number>(lists).fill(0);
    this.#bookmark = new Array<number>(lists).fill(0);
    this.#atStart = new Array<boolean>(lists).fill(true);
  }

  get size(): number {
    return this.#size;
  }

  sizeOf(list: number): number {
    return this.#sizes[list] as number;
  }

  /** How many handles of the list have a mark. */
  markedOf(list: number): number {
    return this.#marked[list] as number;
  }

  /** First handle of the list, or 0. */
  first(list: number): number {
    return this.#first[list] as number;
  }

  /** The list that holds the handle, or -1. */
  listOf(handle: number): number {
    const page = this.#pages[handle >>> PAGE_BITS];
    return page === undefined ? -1 : ((page.list[handle & PAGE_MASK] as number) & ~MARK) - 1;
  }

  has(handle: number): boolean {
    return this.listOf(handle) >= 0;
  }

  marked(handle: number): boolean {
    const page = this.#pages[handle >>> PAGE_BITS];
    return page !== undefined && ((page.list[handle & PAGE_MASK] as number) & MARK) !== 0;
  }

  /** Appends the handle. False when it is in a list already. */
  add(list: number, handle: number, mark = false): boolean {
    assert(handle > 0, 'a handle is expected');
    const page = this.#page(handle);
    if (page.list[handle & PAGE_MASK] !== 0) return false;
    this.#append(page, list, handle, mark);
    this.#size++;
    return true;
  }

  /** Takes the handle from wherever it is, and appends it. */
  move(list: number, handle: number, mark = false): void {
    assert(handle > 0, 'a handle is expected');
    const page = this.#page(handle);
    if (page.list[handle & PAGE_MASK] === 0) this.#size++;
    else this.#unlink(page, handle);
    this.#append(page, list, handle, mark);
  }

  /** False when it was in none. */
  remove(handle: number): boolean {
    const page = this.#pages[handle >>> PAGE_BITS];
    const slot = handle & PAGE_MASK;
    if (page === undefined || page.list[slot] === 0) return false;
    this.#unlink(page, handle);
    page.list[slot] = 0;
    if (page.used === 0) this.#pages[handle >>> PAGE_BITS] = undefined;
    this.#size--;
    return true;
  }

  /** Moves handles of a group, `first` and a bit for each of 32 from there on, to where they are not yet with that mark. */
  moveGroup(list: number, first: number, bits: number, mark: boolean): void {
    const page = this.#page(first);
    const entry = (list + 1) | (mark ? MARK : 0);
    for (let rest = bits; rest !== 0; rest &= rest - 1) {
      const handle = first + lowestPlace(rest);
      const before = page.list[handle & PAGE_MASK] as number;
      if (before === entry) continue;
      if (before === 0) this.#size++;
      else this.#unlink(page, handle);
      this.#append(page, list, handle, mark);
    }
  }

  /** Takes handles of a group from wherever they are. */
  removeGroup(first: number, bits: number): void {
    if (this.#pages[first >>> PAGE_BITS] === undefined) return;
    for (let rest = bits; rest !== 0; rest &= rest - 1) this.remove(first + lowestPlace(rest));
  }

  #append(page: Page, list: number, handle: number, mark: boolean): void {
    const slot = handle & PAGE_MASK;
    const last = this.#last[list] as number;
    page.next[slot] = 0;
    page.previous[slot] = last;
    page.list[slot] = (list + 1) | (mark ? MARK : 0);
    page.used++;
    if (last === 0) this.#first[list] = handle;
    else this.#page(last).next[last & PAGE_MASK] = handle;
    this.#last[list] = handle;
    // A walk that stood at the end goes on with what came after.
    if (this.#bookmark[list] === 0 && !(this.#atStart[list] as boolean)) this.#bookmark[list] = handle;
    this.#sizes[list] = (this.#sizes[list] as number) + 1;
    if (mark) this.#marked[list] = (this.#marked[list] as number) + 1;
  }

  #unlink(page: Page, handle: number): void {
    const slot = handle & PAGE_MASK;
    const entry = page.list[slot] as number;
    const list = (entry & ~MARK) - 1;
    const next = page.next[slot] as number;
    const previous = page.previous[slot] as number;
    if (previous === 0) this.#first[list] = next;
    else this.#page(previous).next[previous & PAGE_MASK] = next;
    if (next === 0) this.#last[list] = previous;
    else this.#page(next).previous[next & PAGE_MASK] = previous;
    if (this.#bookmark[list] === handle) this.#bookmark[list] = next;
    page.used--;
    this.#sizes[list] = (this.#sizes[list] as number) - 1;
    if ((entry & MARK) !== 0) this.#marked[list] = (this.#marked[list] as number) - 1;
  }

  /** The next handle of the list's walk, or 0 at its end. */
  advance(list: number): number {
    const at = this.#atStart[list] === true ? (this.#first[list] as number) : (this.#bookmark[list] as number);
    this.#atStart[list] = false;
    this.#bookmark[list] = at === 0 ? 0 : (this.#page(at).next[at & PAGE_MASK] as number);
    return at;
  }

  /** Every list's walk begins again at its first handle. */
  rewind(): void {
    this.#atStart.fill(true);
  }

  clear(): void {
    this.#pages.length = 0;
    for (const each of [this.#first, this.#last, this.#sizes, this.#marked, this.#bookmark]) each.fill(0);
    this.#atStart.fill(true);
    this.#size = 0;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let list = 0; list < this.#first.length; list++) yield* this.in(list);
  }

  /**
   * The handles of one list in their order: those behind `after`, or all when that is not in the list. The list must not
   * change meanwhile.
   */
  *in(list: number, after = 0): IterableIterator<number> {
    const isThere = after !== 0 && this.listOf(after) === list;
    const start = isThere ? this.#page(after).next[after & PAGE_MASK] : this.#first[list];
    for (let at = start as number; at !== 0; at = this.#page(at).next[at & PAGE_MASK] as number) yield at;
  }

  #page(handle: number): Page {
    const index = handle >>> PAGE_BITS;
    let page = this.#pages[index];
    if (page === undefined) {
      page = {
        next: new Uint32Array(PAGE_SIZE),
        previous: new Uint32Array(PAGE_SIZE),
        list: new Uint8Array(PAGE_SIZE),
        used: 0,
      };
      while (this.#pages.length < index) this.#pages.push(undefined);
      this.#pages[index] = page;
    }
    return page;
  }
}
