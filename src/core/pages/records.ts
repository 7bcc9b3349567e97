// Rows of a fixed number of 32-bit words, addressed by recycled 32-bit handles; 0 is no row. A row lies in one piece, so
// what belongs to an inode or a block is one or two cache lines, and one page to copy when a snapshot is being saved.
//
// Numbers wider than 32 bits take two words, low first: `splitLow` and `splitHigh` cut them, `join` puts them together.
import { assert } from '../../base/assert.ts';
import type { PageAllocator } from './allocator.ts';
import { PageTable } from './page-table.ts';
import { PAGE_ROWS, ROW_BITS, ROW_MASK } from './sizes.ts';

const MAX_HANDLE = 2 ** 32 - 1;
const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;

/** Low word of an integer. 2^63 and above stand for Java's Long.MAX_VALUE and are kept with exactly its bits. */
export function splitLow(value: number): number {
  return value >= TWO_63 ? 0xffffffff : value >>> 0;
}

/** High word of an integer, signed. */
export function splitHigh(value: number): number {
  return value >= TWO_63 ? 0x7fffffff : Math.floor(value / TWO_32) | 0;
}

/** The integer of two words; `high` is taken as signed. */
export function join(low: number, high: number): number {
  return (high | 0) * TWO_32 + low;
}

/** Writes an integer as two words. */
export function putWide(page: Uint32Array, at: number, value: number): void {
  page[at] = splitLow(value);
  page[at + 1] = splitHigh(value);
}

export const wideAt = (page: Uint32Array, at: number): number => join(page[at] as number, page[at + 1] as number);

export class Records extends PageTable {
  private readonly rowWords: number;
  private highest = 0;
  /** Head of the list of free rows, which goes through word 0 of each; 0 ends it. */
  private firstFree = 0;

  constructor(allocator: PageAllocator, rowWords: number) {
    super(allocator, PAGE_ROWS * rowWords);
    this.rowWords = rowWords;
  }

  /** Highest handle ever handed out. */
  get highestHandle(): number {
    return this.highest;
  }

  /** A row of zeros. */
  allocate(): number {
    const recycled = this.firstFree;
    if (recycled !== 0) {
      this.firstFree = this.get(recycled, 0);
      this.set(recycled, 0, 0);
      return recycled;
    }
    assert(this.highest < MAX_HANDLE, 'more rows than handles');
    const handle = ++this.highest;
    while (handle >>> ROW_BITS >= this.pages.length) this.addPage();
    return handle;
  }

  /** Takes a row back; it is zeroed but for its place in the list of free rows. */
  free(handle: number): void {
    const page = this.rowPage(handle);
    const at = this.rowAt(handle);
    page.fill(0, at, at + this.rowWords);
    page[at] = this.firstFree;
    this.firstFree = handle;
  }

  get(handle: number, word: number): number {
    return (this.pages[handle >>> ROW_BITS] as Uint32Array)[(handle & ROW_MASK) * this.rowWords + word] as number;
  }

  set(handle: number, word: number, value: number): void {
    this.own(handle >>> ROW_BITS)[(handle & ROW_MASK) * this.rowWords + word] = value;
  }

  /** For reading many words of a row: its page, which the next write may replace. */
  page(handle: number): Uint32Array {
    return this.pages[handle >>> ROW_BITS] as Uint32Array;
  }

  /** For writing many words of a row: its page, which stays right until the next snapshot. */
  rowPage(handle: number): Uint32Array {
    return this.own(handle >>> ROW_BITS);
  }

  /** Where the row begins in its page. */
  rowAt(handle: number): number {
    return (handle & ROW_MASK) * this.rowWords;
  }

  /** Reads a number of two words, low first. */
  getWide(handle: number, word: number): number {
    return wideAt(this.pages[handle >>> ROW_BITS] as Uint32Array, (handle & ROW_MASK) * this.rowWords + word);
  }

  setWide(handle: number, word: number, value: number): void {
    putWide(this.own(handle >>> ROW_BITS), (handle & ROW_MASK) * this.rowWords + word, value);
  }

  freeze(): Records {
    const snapshot = new Records(this.allocator, this.rowWords);
    this.freezeInto(snapshot);
    snapshot.highest = this.highest;
    return snapshot;
  }
}
