// Files as streams of node:stream: thin, since FileReader and FileWriter do the work. Back-pressure goes through both:
// a reader that stops lets TCP hold the DataNode back, a writer waits while too many packets are unacknowledged.
import { addAbortSignal, Readable, Writable } from 'node:stream';
import type { FileReader } from './file-reader.ts';
import type { FileWriter } from './file-writer.ts';

export interface ReadStreamOptions {
  /** First byte. */
  readonly start?: number | undefined;
  /** Last byte, inclusive, as in node:fs. */
  readonly end?: number | undefined;
  readonly encoding?: BufferEncoding | undefined;
  readonly highWaterMark?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False: damaged bytes are given as they are. */
  readonly verifyChecksum?: boolean | undefined;
}

const READ_HIGH_WATER_BYTES = 256 * 1024;
const WRITE_HIGH_WATER_BYTES = 256 * 1024;

/** Bytes of a file; it is opened when the first of them is asked for. */
export class HdfsReadStream extends Readable {
  readonly path: string;
  readonly #open: (signal: AbortSignal) => Promise<FileReader>;
  readonly #start: number;
  readonly #end: number;
  readonly #verifyChecksum: boolean | undefined;
  readonly #stop = new AbortController();
  #pieces: AsyncGenerator<Buffer, void, undefined> | undefined;
  #isPumping = false;
  /** More was asked for than has been given: it may be while the last piece is being given. */
  #isWanted = false;
  #bytesRead = 0;

  constructor(path: string, open: (signal: AbortSignal) => Promise<FileReader>, options: ReadStreamOptions) {
    super({
      highWaterMark: options.highWaterMark ?? READ_HIGH_WATER_BYTES,
      ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
    });
    this.path = path;
    this.#open = open;
    this.#start = options.start ?? 0;
    this.#verifyChecksum = options.verifyChecksum;
    this.#end = options.end === undefined ? Number.MAX_SAFE_INTEGER : options.end + 1;
    // Not by Readable, which would end a stream of an aborted signal before it has its fields.
    if (options.signal !== undefined) addAbortSignal(options.signal, this);
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  override _read(): void {
    this.#isWanted = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pump().catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
  }

  async #pump(): Promise<void> {
    const { signal } = this.#stop;
    if (this.#pieces === undefined) {
      const reader = await this.#open(signal);
      this.#pieces = reader.stream(this.#start, this.#end, { signal, verifyChecksum: this.#verifyChecksum });
    }
    while (this.#isWanted) {
      const { value, done } = await this.#pieces.next();
      if (signal.aborted) return;
      if (done === true) {
        this.push(null);
        return;
      }
      this.#bytesRead += value.length;
      this.#isWanted = false;
      if (this.push(value)) this.#isWanted = true;
    }
    // In the turn in which it was seen that nothing is wanted: whoever asks from here on begins anew.
    this.#isPumping = false;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop.abort(error ?? undefined);
    const stop = this.#pieces?.return();
    // The generator gives its connection back in its own time; what it says after an abort is of no interest.
    if (stop === undefined) callback(error);
    else
      stop.then(
        () => callback(error),
        () => callback(error),
      );
  }
}

/** Writes a new file. 'finish' comes only once the NameNode has closed it; destroying the stream before gives it up. */
export class HdfsWriteStream extends Writable {
  readonly path: string;
  readonly #create: (signal: AbortSignal) => Promise<FileWriter>;
  readonly #stop = new AbortController();
  #writer: FileWriter | undefined;

  constructor(
    path: string,
    create: (signal: AbortSignal) => Promise<FileWriter>,
    options: { readonly highWaterMark?: number | undefined; readonly signal?: AbortSignal | undefined },
  ) {
    super({ highWaterMark: options.highWaterMark ?? WRITE_HIGH_WATER_BYTES });
    this.path = path;
    this.#create = create;
    if (options.signal !== undefined) addAbortSignal(options.signal, this);
  }

  get bytesWritten(): number {
    return this.#writer?.position ?? 0;
  }

  override _construct(callback: (error?: Error | null) => void): void {
    // The constructor of Writable calls this a turn later, when the fields are there.
    if (this.destroyed) {
      callback();
      return;
    }
    this.#create(this.#stop.signal).then(
      (writer) => {
        this.#writer = writer;
        callback();
      },
      (error) => callback(this.destroyed ? null : error),
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    let taken: Promise<void> | undefined;
    try {
      taken = this.#writer?.write(chunk);
    } catch (error) {
      callback(error as Error);
      return;
    }
    if (taken === undefined) callback();
    else taken.then(() => callback(), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#writer === undefined) callback();
    else this.#writer.close(this.#stop.signal).then(() => callback(), callback);
  }

  /** While the file is created, `_destroy` waits for its end: so that is told at once that nobody wants it any more. */
  override destroy(error?: Error): this {
    this.#stop.abort(error ?? destroyed());
    return super.destroy(error);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#writer?.abort(error ?? destroyed());
    callback(error);
  }
}

const destroyed = (): DOMException => new DOMException('The stream was destroyed', 'AbortError');
