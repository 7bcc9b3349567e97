// Where pages come from: blocks of 32-bit words, each table with one page length, handed back and used again. All compact
// state (inodes, names, blocks) is made of these pages, so growing never copies what is there, and a snapshot of a table
// is a copy of its list of pages (page-table.ts).

export interface PageAllocatorOptions {
  /** Pages given back are kept for reuse up to this many bytes in all; beyond that they are left to the collector. */
  readonly maxFreeBytes?: number;
  /** Pages over SharedArrayBuffer, for readers in other threads. */
  readonly shared?: boolean;
}

const DEFAULT_MAX_FREE_BYTES = 64 * 1024 * 1024;

export class PageAllocator {
  private readonly free = new Map<number, Uint32Array[]>();
  private readonly maxFreeBytes: number;
  private readonly shared: boolean;
  private used = 0;
  private kept = 0;

  constructor(options: PageAllocatorOptions = {}) {
    this.maxFreeBytes = options.maxFreeBytes ?? DEFAULT_MAX_FREE_BYTES;
    this.shared = options.shared ?? false;
  }

  /** Bytes of pages that are in use by tables or frozen views. */
  get bytesInUse(): number {
    return this.used;
  }

  /** Bytes of pages kept for reuse. */
  get bytesFree(): number {
    return this.kept;
  }

  /** A page of `words` zeros. */
  take(words: number): Uint32Array {
    this.used += words * 4;
    const page = this.reuse(words);
    if (page === undefined) return this.make(words);
    page.fill(0);
    return page;
  }

  /** A page with the same content as `page`. */
  copy(page: Uint32Array): Uint32Array {
    this.used += page.byteLength;
    const copy = this.reuse(page.length) ?? this.make(page.length);
    copy.set(page);
    return copy;
  }

  /** Nobody may look at the page any more. */
  give(page: Uint32Array): void {
    this.used -= page.byteLength;
    if (this.kept + page.byteLength > this.maxFreeBytes) return;
    this.kept += page.byteLength;
    const list = this.free.get(page.length);
    if (list === undefined) this.free.set(page.length, [page]);
    else list.push(page);
  }

  private reuse(words: number): Uint32Array | undefined {
    const page = this.free.get(words)?.pop();
    if (page !== undefined) this.kept -= page.byteLength;
    return page;
  }

  private make(words: number): Uint32Array {
    return this.shared ? new Uint32Array(new SharedArrayBuffer(words * 4)) : new Uint32Array(words);
  }
}
