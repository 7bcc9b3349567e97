// Where the blocks of one open file are: asked for in runs of some blocks, kept, and asked for again when they proved
// stale. The last block of a file that is still written has the length that its DataNodes tell.
import { HdfsError } from '../base/errors.ts';
import type { ClientContext } from './context.ts';
import { type Located, located } from './located.ts';
import { visibleLength } from './visible-length.ts';

export class FileLocations {
  readonly path: string;
  readonly #context: ClientContext;
  /** Sorted by offset, without overlaps. */
  #blocks: Located[] = [];
  /** Every block that was ever seen, by its offset: a file with others is another file. */
  readonly #ids = new Map<number, bigint>();
  #length = 0;

  private constructor(context: ClientContext, path: string) {
    this.#context = context;
    this.path = path;
  }

  static async open(context: ClientContext, path: string, signal?: AbortSignal): Promise<FileLocations> {
    const locations = new FileLocations(context, path);
    await locations.refresh(0, signal);
    return locations;
  }

  /** Bytes that a reader sees. */
  get length(): number {
    return this.#length;
  }

  /** The block that holds byte `offset`, which is less than `length`. */
  async at(offset: number, signal?: AbortSignal): Promise<Located> {
    const known = this.#find(offset);
    if (known !== undefined) return known;
    await this.#fetch(offset, signal, false);
    let found = this.#find(offset);
    if (found === undefined) {
      await this.#fetch(offset, signal);
      found = this.#find(offset);
    }
    if (found === undefined) {
      throw new HdfsError('EBLOCKMISSING', `Could not find target position ${offset} of ${this.path}`, { path: this.path });
    }
    return found;
  }

  /**
   * Forgets all and asks again. After a restart the NameNode may not know yet who has the last block of an open file: its
   * length is waited for, since what was flushed to it must not vanish from readers meanwhile. A file that ends before `offset`
   * now was cut, if it begins as before; else it is another one, which says nothing of where this one ended.
   */
  async refresh(offset: number, signal?: AbortSignal): Promise<void> {
    this.#blocks = [];
    const { settings, host, closed } = this.#context;
    const isSeen = this.#ids.size > 0;
    for (let attempt = 0; ; attempt++) {
      let fetched = await this.#fetch(offset, signal);
      if (isSeen && fetched?.isSame === false && offset > 0) fetched = await this.#fetch(0, signal);
      if (fetched !== undefined) {
        if (isSeen && !fetched.isSame) throw this.#changed();
        this.#length = fetched.length;
        return;
      }
      if (attempt >= settings.lastBlockRetries) {
        throw new HdfsError('EIO', 'Could not obtain the last block locations.', { path: this.path });
      }
      await host.clock.sleep(settings.lastBlockRetryMs, signal ?? closed);
    }
  }

  #find(offset: number): Located | undefined {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const block = this.#blocks[middle] as Located;
      if (offset < block.offset) high = middle - 1;
      else if (offset >= block.offset + block.length) low = middle + 1;
      else return block;
    }
    return undefined;
  }

  #changed(): HdfsError {
    return new HdfsError('EIO', `Blocklist for ${this.path} has changed!`, { path: this.path });
  }

  /** Where to ask from: at the last block before that was seen, unless it is far away, so that another file is known as such. */
  #askFrom(offset: number): number {
    let last = 0;
    for (const at of this.#ids.keys()) if (at < offset && at > last) last = at;
    return offset - last <= this.#context.settings.prefetchBytes ? last : offset;
  }

  /**
   * Answers the file's length, and whether a block of it was seen before; undefined when nobody is known who could tell the
   * length of its last block. With `asksLength: false` that is not asked for: whoever wants a block before the last one, and knows
   * how long the file is, must not depend on the last one's DataNodes.
   */
  async #fetch(
    offset: number,
    signal: AbortSignal | undefined,
    asksLength = true,
  ): Promise<{ readonly length: number; readonly isSame: boolean } | undefined> {
    const { namenode, settings } = this.#context;
    const from = this.#askFrom(offset);
    const length = settings.prefetchBytes + offset - from;
    const { locations } = await namenode.call('getBlockLocations', { src: this.path, offset: from, length }, signal);
    if (locations === undefined) throw new HdfsError('ENOENT', `File does not exist: ${this.path}`, { path: this.path });
    if (locations.ecPolicy !== undefined) {
      throw new HdfsError('EUNSUPPORTED', `${this.path} is erasure coded, which this client does not read yet`, {
        path: this.path,
      });
    }
    if (locations.fileEncryptionInfo !== undefined) {
      throw new HdfsError('EUNSUPPORTED', `${this.path} is encrypted, which this client does not read yet`, {
        path: this.path,
      });
    }
    const found = locations.blocks.map(located);
    let total = locations.fileLength;
    if (!locations.isLastBlockComplete && locations.lastBlock !== undefined) {
      const last = located(locations.lastBlock);
      const at = found.findIndex((block) => block.block.blockId === last.block.blockId);
      if (at >= 0) found.splice(at, 1);
      if (asksLength) {
        if (last.nodes.length === 0) return undefined;
        const visible = await visibleLength(this.#context, last, this.path, signal);
        total += visible;
        // Readers may not ask for more than is visible now.
        found.push({ ...last, length: visible, block: { ...last.block, numBytes: visible } });
      }
    }
    let isSame = false;
    for (const { offset: at, block } of found) {
      const before = this.#ids.get(at);
      if (before !== undefined && before !== block.blockId) throw this.#changed();
      isSame ||= before !== undefined;
      this.#ids.set(at, block.blockId);
    }
    const seen = new Set(found.map((block) => block.offset));
    this.#blocks = [...this.#blocks.filter((block) => !seen.has(block.offset)), ...found].sort((a, b) => a.offset - b.offset);
    return { length: total, isSame };
  }
}
