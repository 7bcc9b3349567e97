// The bytes of a simulated file as one layer of the disk has them, and the changes that lead from one layer to the other.
import { PAGE_BYTES, sharePage, takePage } from './pages.ts';

/** Bytes that were written at once. */
export class Written {
  readonly at: number;
  readonly length: number;
  /** They never change. */
  readonly pieces: readonly Buffer[];

  constructor(at: number, length: number, pieces: readonly Buffer[]) {
    this.at = at;
    this.length = length;
    this.pieces = pieces;
  }

  get bytes(): Buffer {
    const [only] = this.pieces;
    return only !== undefined && this.pieces.length === 1 ? only : Buffer.concat(this.pieces, this.length);
  }
}

export type Content = Written | { readonly truncateTo: number };

/** Up to here a file grows by doubling; longer ones have whole pages. */
export const SMALL_FILE_BYTES = 4096;
const SMALLEST_PAGE_BYTES = 512;

/** A page of a file, or the beginning of one. */
class Page {
  buffer: Buffer;
  /** Somebody else has the bytes below this, and they stay as they are: what is changed there is changed in a copy. */
  frozenBelow = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }
}

/** The same page for somebody who never changes it: what is written there is written to a copy. */
function shown({ buffer }: Page): Page {
  const page = new Page(buffer);
  page.frozenBelow = Number.POSITIVE_INFINITY;
  return page;
}

/** From here on a write is worth looking whether another file has the same bytes. */
const ALIKE_FROM_BYTES = 16 * 1024;
const MAX_RECENT = 16;
/**
 * Files that were written lately. The replicas of a block are written one soon after the other with the same bytes: to see
 * that they are the same takes less than to copy them, and they need memory once.
 */
const recent: Bytes[] = [];
let nextRecent = 0;

/** Which bytes of a page lie in [at, end). */
const within = (index: number, at: number, end: number): [number, number] => [
  Math.max(0, at - index * PAGE_BYTES),
  Math.min(PAGE_BYTES, end - index * PAGE_BYTES),
];

/** Bytes that grow, in pages: a layer that has all that another one has is made without a copy. */
export class Bytes {
  private pages: Page[] = [];
  size = 0;

  /** A page that has room up to `to`, and in which bytes from `from` on may change. */
  private page(index: number, from: number, to: number): Page {
    const known = this.pages[index];
    if (known !== undefined && to <= known.buffer.length && from >= known.frozenBelow) return known;
    const before = known?.buffer.length ?? 0;
    const isSmall = index === 0 && to <= SMALL_FILE_BYTES && before <= SMALL_FILE_BYTES;
    const page = new Page(
      isSmall ? Buffer.allocUnsafe(Math.max(to, before * (to <= before ? 1 : 2), SMALLEST_PAGE_BYTES)) : takePage(),
    );
    if (known !== undefined) known.buffer.copy(page.buffer, 0, 0, Math.min(before, this.size - index * PAGE_BYTES));
    this.pages[index] = page;
    return page;
  }

  resize(size: number): void {
    for (let at = this.size; at < size; ) {
      const index = Math.floor(at / PAGE_BYTES);
      const from = at - index * PAGE_BYTES;
      const to = Math.min(PAGE_BYTES, size - index * PAGE_BYTES);
      this.page(index, from, to).buffer.fill(0, from, to);
      at += to - from;
      this.size = at;
    }
    this.size = size;
    this.pages.length = Math.ceil(size / PAGE_BYTES);
  }

  /** Writes, and gives what lies there now to `keep`, where that is wanted: it never changes then. */
  write(bytes: Uint8Array, at: number, keep?: Buffer[]): void {
    if (at > this.size && bytes.length > 0) this.resize(at);
    if (keep !== undefined && bytes.length >= ALIKE_FROM_BYTES) {
      if (recent.some((other) => other !== this && this.share(other, bytes, at, keep))) return;
      if (!recent.includes(this)) recent[nextRecent++ % MAX_RECENT] = this;
    }
    for (let done = 0; done < bytes.length; ) {
      const position = at + done;
      const index = Math.floor(position / PAGE_BYTES);
      const from = position - index * PAGE_BYTES;
      const part = Math.min(bytes.length - done, PAGE_BYTES - from);
      const page = this.page(index, from, from + part);
      page.buffer.set(part === bytes.length ? bytes : bytes.subarray(done, done + part), from);
      done += part;
      this.size = Math.max(this.size, position + part);
      if (keep === undefined) continue;
      page.frozenBelow = Math.max(page.frozenBelow, from + part);
      keep.push(page.buffer.subarray(from, from + part));
    }
  }

  /** Appends bytes that another file has at the same place, in its pages. False: it has others there. */
  private share(other: Bytes, bytes: Uint8Array, at: number, keep: Buffer[]): boolean {
    const end = at + bytes.length;
    if (end > other.size) return false;
    const first = Math.floor(at / PAGE_BYTES);
    const last = Math.floor((end - 1) / PAGE_BYTES);
    const begun = this.pages[first];
    // A page that is begun must be the other one's already.
    if (begun === undefined ? at !== first * PAGE_BYTES : begun.buffer !== other.pages[first]?.buffer) return false;
    for (let index = first; index <= last; index++) {
      const [from, to] = within(index, at, end);
      const offset = index * PAGE_BYTES - at;
      const { buffer } = other.pages[index] as Page;
      if (buffer.compare(bytes, offset + from, offset + to, from, to) !== 0) return false;
    }
    for (let index = first; index <= last; index++) {
      const [from, to] = within(index, at, end);
      const theirs = other.pages[index] as Page;
      theirs.frozenBelow = Math.max(theirs.frozenBelow, to);
      if (this.pages[index]?.buffer !== theirs.buffer) {
        this.pages[index] = shown(theirs);
        sharePage(theirs.buffer);
      }
      keep.push(theirs.buffer.subarray(from, to));
    }
    this.size = end;
    return true;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.size - position));
    for (let done = 0; done < count; ) {
      const piece = this.piece(position + done, count - done);
      into.set(piece, offset + done);
      done += piece.length;
    }
    return count;
  }

  /** At most `length` bytes from `at` on, where they lie: up to the end of a page. */
  piece(at: number, length: number): Buffer {
    const index = Math.floor(at / PAGE_BYTES);
    const from = at - index * PAGE_BYTES;
    const to = Math.min(from + length, PAGE_BYTES, this.size - index * PAGE_BYTES);
    return (this.pages[index] as Page).buffer.subarray(from, to);
  }

  /** Gives its pages away, and is empty. */
  giveUp(pages: Set<Buffer>): void {
    for (const { buffer } of this.pages) pages.add(buffer);
    this.pages = [];
    this.size = 0;
  }

  apply(change: Content): void {
    if ('truncateTo' in change) this.resize(change.truncateTo);
    else {
      let { at } = change;
      for (const piece of change.pieces) {
        this.write(piece, at);
        at += piece.length;
      }
    }
  }

  /** Only the other one goes on in the pages that both have then. */
  copyOf(other: Bytes): void {
    this.size = other.size;
    // Pages that both have already are the other's by then.
    this.pages = other.pages.map((page, index) => {
      const mine = this.pages[index];
      if (mine?.buffer === page.buffer) return mine;
      return shown(page);
    });
    for (const [index, page] of other.pages.entries()) {
      page.frozenBelow = Math.max(page.frozenBelow, Math.min(PAGE_BYTES, other.size - index * PAGE_BYTES));
    }
  }
}
