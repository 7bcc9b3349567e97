// Reads of a file through pages that are kept: inodes of one directory lie near one another, and each is a few bytes.
import type { RandomAccess } from '../../format/fsimage/sections.ts';

const PAGE_BYTES = 64 * 1024;
/** 32 MiB. */
const PAGES = 512;

export class PagedReader implements RandomAccess {
  readonly #file: RandomAccess;
  /** The one used last stands last. */
  readonly #pages = new Map<number, Promise<Buffer>>();

  constructor(file: RandomAccess) {
    this.#file = file;
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const page = await this.#page(Math.floor(at / PAGE_BYTES));
      const from = at % PAGE_BYTES;
      if (from >= page.length) break;
      done += page.copy(buffer, offset + done, from, Math.min(page.length, from + length - done));
    }
    return done;
  }

  #page(index: number): Promise<Buffer> {
    let page = this.#pages.get(index);
    this.#pages.delete(index);
    page ??= this.#load(index);
    this.#pages.set(index, page);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > PAGES && oldest !== undefined) this.#pages.delete(oldest);
    return page;
  }

  async #load(index: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(PAGE_BYTES);
    let filled = 0;
    try {
      while (filled < PAGE_BYTES) {
        const got = await this.#file.read(bytes, filled, PAGE_BYTES - filled, index * PAGE_BYTES + filled);
        if (got <= 0) break;
        filled += got;
      }
    } catch (error) {
      // The next one who asks tries again.
      this.#pages.delete(index);
      throw error;
    }
    return bytes.subarray(0, filled);
  }
}
