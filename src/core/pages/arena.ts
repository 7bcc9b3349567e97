// Runs of 32-bit words of any length up to 32 KiB, in pages of 64 KiB: names, child lists, block lists, attributes. A run
// is named by a reference (the number of its first word; 0 is none) and never crosses a page. Freed runs wait in a list for
// each size class, which goes through their first words. The caller keeps the length, and gives it back when freeing.
import { assert } from '../../base/assert.ts';
import type { PageAllocator } from './allocator.ts';
import { PageTable } from './page-table.ts';
import { PAGE_WORDS, WORD_BITS, WORD_MASK } from './sizes.ts';

const MAX_PAGES = 2 ** (32 - WORD_BITS);

/** Longest run, in words. */
export const MAX_RUN_WORDS = 8192;

/**
 * Lengths in words: every one up to 17, then four for each doubling. 17 and 33 are there for the nodes of the id index, which
 * hold a power of two and a bitmap.
 */
const CLASS_WORDS: readonly number[] = (() => {
  const sizes: number[] = [];
  for (let words = 1; words <= 17; words++) sizes.push(words);
  sizes.push(20, 24, 28, 33);
  for (let base = 32; base < MAX_RUN_WORDS; base *= 2) {
    for (let quarter = 5; quarter <= 8; quarter++) sizes.push((base * quarter) / 4);
  }
  return sizes;
})();

/** Class by length, for the short lengths that nearly all runs have. */
const SHORT_WORDS = 256;
const CLASS_OF_SHORT: Uint8Array = (() => {
  const table = new Uint8Array(SHORT_WORDS + 1);
  let size = 0;
  for (let words = 0; words <= SHORT_WORDS; words++) {
    if ((CLASS_WORDS[size] as number) < words) size++;
    table[words] = size;
  }
  return table;
})();

function classOf(words: number): number {
  if (words <= SHORT_WORDS) return CLASS_OF_SHORT[words] as number;
  let size = CLASS_OF_SHORT[SHORT_WORDS] as number;
  while ((CLASS_WORDS[size] as number) < words) size++;
  return size;
}

export class Arena extends PageTable {
  /** The same memory as the pages, byte by byte. */
  private byteViews: Buffer[] = [];
  private readonly firstFree: number[] = new Array<number>(CLASS_WORDS.length).fill(0);
  /** The part of the newest page that was never handed out. */
  private next = 0;
  private end = 0;
  private live = 0;

  constructor(allocator: PageAllocator) {
    super(allocator, PAGE_WORDS);
  }

  /** Words handed out and not given back, by their lengths' classes. */
  get wordsInUse(): number {
    return this.live;
  }

  /** A run of at least `words` words. Its content is whatever was there. */
  allocate(words: number): number {
    assert(words > 0 && words <= MAX_RUN_WORDS, 'run too long for a page');
    const size = classOf(words);
    const length = CLASS_WORDS[size] as number;
    this.live += length;
    const recycled = this.firstFree[size] as number;
    if (recycled !== 0) {
      this.firstFree[size] = this.get(recycled, 0);
      return recycled;
    }
    if (this.next + length > this.end) this.openPage();
    const run = this.next;
    this.next += length;
    return run;
  }

  /** Gives a run of `from` words room for `to`; what fits is kept. Answers where it is now. */
  resize(run: number, from: number, to: number): number {
    if (classOf(from) === classOf(to)) return run;
    const home = this.allocate(to);
    this.move(run, 0, home, 0, Math.min(from, to));
    this.free(run, from);
    return home;
  }

  free(run: number, words: number): void {
    const size = classOf(words);
    this.live -= CLASS_WORDS[size] as number;
    this.push(run, size);
  }

  get(run: number, index: number): number {
    return (this.pages[run >>> WORD_BITS] as Uint32Array)[(run & WORD_MASK) + index] as number;
  }

  set(run: number, index: number, value: number): void {
    this.own(run >>> WORD_BITS)[(run & WORD_MASK) + index] = value;
  }

  /** The page that holds a run, for reading; it begins there at `at(run)`. */
  page(run: number): Uint32Array {
    return this.pages[run >>> WORD_BITS] as Uint32Array;
  }

  /** The page that holds a run, for writing. */
  ownPage(run: number): Uint32Array {
    return this.own(run >>> WORD_BITS);
  }

  at(run: number): number {
    return run & WORD_MASK;
  }

  /** The page that holds a run, as bytes, for reading; it begins there at `byteAt(run)`. (`slice` of a Buffer is no copy.) */
  bytes(run: number): Buffer {
    return this.byteViews[run >>> WORD_BITS] as Buffer;
  }

  /** The same for writing. */
  ownBytes(run: number): Buffer {
    this.own(run >>> WORD_BITS);
    return this.byteViews[run >>> WORD_BITS] as Buffer;
  }

  byteAt(run: number): number {
    return (run & WORD_MASK) << 2;
  }

  /** Copies `count` words from one run to another (or within one). */
  move(from: number, fromIndex: number, to: number, toIndex: number, count: number): void {
    if (count <= 0) return;
    // The target first: taking it for writing may put another page in the source's place when both are in one.
    const target = this.own(to >>> WORD_BITS);
    const source = this.pages[from >>> WORD_BITS] as Uint32Array;
    const sourceAt = (from & WORD_MASK) + fromIndex;
    const targetAt = (to & WORD_MASK) + toIndex;
    if (source === target) {
      target.copyWithin(targetAt, sourceAt, sourceAt + count);
    } else if (count < 32) {
      for (let i = 0; i < count; i++) target[targetAt + i] = source[sourceAt + i] as number;
    } else {
      target.set(source.subarray(sourceAt, sourceAt + count), targetAt);
    }
  }

  freeze(): Arena {
    const snapshot = new Arena(this.allocator);
    this.freezeInto(snapshot);
    snapshot.byteViews = this.byteViews.slice();
    return snapshot;
  }

  protected override onPage(index: number, page: Uint32Array): void {
    this.byteViews[index] = Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  }

  protected override onRelease(): void {
    this.byteViews = [];
  }

  private push(run: number, size: number): void {
    this.set(run, 0, this.firstFree[size] as number);
    this.firstFree[size] = run;
  }

  /** Starts a page; what was left of the last one is cut into free runs. */
  private openPage(): void {
    while (this.next < this.end) {
      const left = this.end - this.next;
      let size = classOf(left);
      if ((CLASS_WORDS[size] as number) > left) size--;
      this.push(this.next, size);
      this.next += CLASS_WORDS[size] as number;
    }
    assert(this.pages.length < MAX_PAGES, 'arena full: more words than references');
    const page = this.addPage();
    // Reference 0 means none, so the first word of all is never handed out.
    this.next = page * PAGE_WORDS + (page === 0 ? 1 : 0);
    this.end = (page + 1) * PAGE_WORDS;
  }
}
