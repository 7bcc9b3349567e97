// An open file in the manner of node:fs/promises: either for reading, at any position, or for writing, from its start or
// its end on, since what is in a file of HDFS stays as it is.
import { HdfsError } from '../base/errors.ts';
import { unlessAborted } from '../base/unless-aborted.ts';
import type { FileReader } from './file-reader.ts';
import type { FileWriter, SyncOptions } from './file-writer.ts';
import type { HdfsStats } from './stats.ts';

type Access = { readonly kind: 'read'; readonly reader: FileReader } | { readonly kind: 'write'; readonly writer: FileWriter };

export class HdfsFileHandle implements AsyncDisposable {
  readonly path: string;
  readonly #access: Access;
  readonly #stat: () => Promise<HdfsStats>;
  #closing: Promise<void> | undefined;
  #hasFailedToClose = false;
  /** Where the next read without a position begins. */
  #position = 0;
  /** The stream behind reads that follow one another, and where it stands. */
  #sequence:
    | { readonly pieces: AsyncGenerator<Buffer, void, undefined>; readonly stop: AbortController; rest: Buffer; at: number }
    | undefined;
  /** The last read without a position: the next one begins where it ends. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(path: string, access: Access, stat: () => Promise<HdfsStats>) {
    this.path = path;
    this.#access = access;
    this.#stat = stat;
  }

  /**
   * Reads up to `length` bytes into `buffer` at `offset`: from `position`, or from behind the last read without one.
   * `bytesRead` is less than asked for only at the end of the file.
   */
  async read<T extends Uint8Array>(
    buffer: T,
    offset = 0,
    length = buffer.byteLength - offset,
    position: number | null = null,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<{ bytesRead: number; buffer: T }> {
    const access = this.#opened('read');
    if (offset < 0 || length < 0 || offset + length > buffer.byteLength || (position ?? 0) < 0) {
      throw new HdfsError('EINVAL', `read of ${length} bytes at ${offset} into ${buffer.byteLength}`, { path: this.path });
    }
    const target = buffer.subarray(offset, offset + length);
    if (position !== null) {
      if (position >= access.reader.length) return { bytesRead: 0, buffer };
      return { bytesRead: await access.reader.read(target, position, options), buffer };
    }
    const { signal } = options;
    const read = this.#reading.then(() => {
      signal?.throwIfAborted();
      return this.#readNext(access.reader, target, signal);
    });
    this.#reading = read.catch(() => undefined);
    return { bytesRead: await unlessAborted(read, signal), buffer };
  }

  async #readNext(reader: FileReader, target: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    try {
      const bytesRead = await this.#readOn(reader, target, signal);
      this.#position += bytesRead;
      return bytesRead;
    } catch (error) {
      // A stream that has failed is at its end, which is not that of the file.
      const sequence = this.#sequence;
      this.#sequence = undefined;
      sequence?.stop.abort(error);
      await sequence?.pieces.return();
      throw error;
    }
  }

  async #readOn(reader: FileReader, target: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    let sequence = this.#sequence;
    if (sequence === undefined || sequence.at !== this.#position) {
      await sequence?.pieces.return();
      const stop = new AbortController();
      const pieces = reader.stream(this.#position, Number.MAX_SAFE_INTEGER, { signal: stop.signal });
      sequence = { pieces, stop, rest: Buffer.alloc(0), at: this.#position };
      this.#sequence = sequence;
    }
    let filled = 0;
    while (filled < target.length) {
      signal?.throwIfAborted();
      if (sequence.rest.length === 0) {
        const { value, done } = await unlessAborted(sequence.pieces.next(), signal);
        if (done === true) break;
        sequence.rest = value;
      }
      const part = Math.min(sequence.rest.length, target.length - filled);
      target.set(sequence.rest.subarray(0, part), filled);
      sequence.rest = sequence.rest.subarray(part);
      sequence.at += part;
      filled += part;
    }
    return filled;
  }

  /** Bytes of a file opened for reading, as it was then. */
  get length(): number {
    return this.#opened('read').reader.length;
  }

  /** The bytes from `start` up to `end` in pieces as they come; whoever stops reading holds the DataNode back. */
  pieces(
    start: number,
    end: number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    return this.#opened('read').reader.stream(start, end, options);
  }

  /** Appends bytes to a file opened for writing. */
  async write<T extends Uint8Array | string>(data: T): Promise<{ bytesWritten: number; buffer: T }> {
    const bytes: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data;
    await this.#opened('write').writer.write(bytes);
    return { bytesWritten: bytes.length, buffer: data };
  }

  /** Every byte written is visible to readers when this resolves. */
  hflush(): Promise<void> {
    return this.#opened('write').writer.hflush();
  }

  /** As hflush, and the bytes are on the DataNodes' disks. */
  hsync(options: SyncOptions = {}): Promise<void> {
    return this.#opened('write').writer.hsync(options);
  }

  stat(): Promise<HdfsStats> {
    this.#check();
    return this.#stat();
  }

  /** For a written file: it is complete when this resolves. All who call it are told the same. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await this.#reading;
    await this.#sequence?.pieces.return();
    if (this.#access.kind !== 'write') return;
    try {
      await this.#access.writer.close();
    } catch (error) {
      this.#hasFailedToClose = true;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever has tried it before knows how that ended.
    if (!this.#hasFailedToClose) await this.close();
  }

  #check(): void {
    if (this.#closing !== undefined) throw new HdfsError('EINVAL', `${this.path} is closed`, { path: this.path });
  }

  #opened<K extends Access['kind']>(kind: K): Extract<Access, { kind: K }> {
    this.#check();
    if (this.#access.kind !== kind) {
      const other = this.#access.kind === 'read' ? 'reading' : 'writing';
      throw new HdfsError('EINVAL', `${this.path} is open for ${other} only`, { path: this.path });
    }
    return this.#access as Extract<Access, { kind: K }>;
  }
}
