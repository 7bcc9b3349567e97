// Reads one file: finds the block of a position, and takes its bytes from one replica after the other until one gives them.
// Which replica is replica-choice.ts, what one DataNode sends transfer/block-reader.ts, where blocks are locations.ts, and
// reads from two replicas at once hedged-read.ts.
import { sometimes } from '../base/sometimes.ts';
import { BlockReader } from '../transfer/block-reader.ts';
import type { Peer } from '../transfer/peer.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import { type ClientContext, checkSignal, transferAddressOf } from './context.ts';
import { HedgedRead } from './hedged-read.ts';
import type { Located } from './located.ts';
import { FileLocations } from './locations.ts';
import { type Attempts, ReplicaChoice } from './replica-choice.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default true. */
  readonly verifyChecksum?: boolean | undefined;
}

export class FileReader {
  readonly path: string;
  readonly #context: ClientContext;
  readonly #locations: FileLocations;
  readonly #choice: ReplicaChoice;

  private constructor(context: ClientContext, locations: FileLocations) {
    this.#context = context;
    this.#locations = locations;
    this.#choice = new ReplicaChoice(context, locations);
    this.path = locations.path;
  }

  static async open(context: ClientContext, path: string, signal?: AbortSignal): Promise<FileReader> {
    return new FileReader(context, await FileLocations.open(context, path, signal));
  }

  /** Bytes of the file when it was opened, or when a failure last had its locations asked for again. */
  get length(): number {
    return this.#locations.length;
  }

  /**
   * The bytes from `start` up to `end`, in pieces as they come; the pieces are the caller's own. A file that is cut
   * meanwhile ends where it ends then.
   */
  async *stream(start: number, end: number, options: ReadOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const { signal } = options;
    let attempts: Attempts | undefined;
    for (let at = start; at < Math.min(end, this.length); ) {
      checkSignal(this.#context, signal);
      const block = await this.#locations.at(at, signal);
      if (attempts?.block !== block.offset) attempts = this.#choice.begin(block);
      const blockEnd = Math.min(end, this.length, block.offset + block.length);
      const node = await this.#choice.choose(block, attempts, at, signal);
      if (node === undefined) continue;
      let reader: BlockReader | undefined;
      const abort = (): void => reader?.peer.connection.destroy();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        reader = await this.#open(block, node, at, blockEnd, options);
        for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) {
          at += piece.length;
          await this.#choice.succeeded(block, attempts);
          yield piece;
        }
      } catch (error) {
        checkSignal(this.#context, signal);
        sometimes('client read another replica after a failure');
        this.#choice.failed(block, node, attempts, error);
      } finally {
        signal?.removeEventListener('abort', abort);
        if (reader !== undefined) this.#release(reader);
      }
    }
  }

  /** Fills `target` from byte `position` on, as far as the file goes; answers how many bytes that were. */
  async read(target: Uint8Array, position: number, options: ReadOptions = {}): Promise<number> {
    if (this.#context.hedges.enabled) return this.#readHedged(target, position, options);
    let filled = 0;
    for await (const piece of this.stream(position, position + target.length, options)) {
      target.set(piece, filled);
      filled += piece.length;
    }
    return filled;
  }

  async #readHedged(target: Uint8Array, position: number, options: ReadOptions): Promise<number> {
    const end = position + target.length;
    let at = position;
    while (at < Math.min(end, this.length)) {
      checkSignal(this.#context, options.signal);
      const read = new HedgedRead(this.#context, this.#choice, {
        locate: async () => (at < this.length ? this.#locations.at(at, options.signal) : undefined),
        readFrom: (block, node, signal) => {
          const to = Math.min(end, this.length, block.offset + block.length);
          return this.#fetch(block, node, at, to, { ...options, signal });
        },
      });
      const bytes = await read.run(at, options.signal);
      if (bytes === undefined) break;
      target.set(bytes, at - position);
      at += bytes.length;
    }
    return Math.max(0, at - position);
  }

  /** All bytes of a range of one block from one replica. */
  async #fetch(block: Located, node: PipelineNode, from: number, to: number, options: ReadOptions): Promise<Buffer> {
    let reader: BlockReader | undefined;
    const { signal } = options;
    const abort = (): void => reader?.peer.connection.destroy();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      reader = await this.#open(block, node, from, to, options);
      signal?.throwIfAborted();
      const pieces: Buffer[] = [];
      for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) pieces.push(piece);
      return Buffer.concat(pieces);
    } finally {
      signal?.removeEventListener('abort', abort);
      if (reader !== undefined) this.#release(reader);
    }
  }

  #release(reader: BlockReader): void {
    if (reader.finished) this.#context.peers.give(reader.peer);
    else reader.peer.connection.destroy();
  }

  async #open(block: Located, node: PipelineNode, from: number, to: number, options: ReadOptions): Promise<BlockReader> {
    const { peers, clientName, settings } = this.#context;
    const address = transferAddressOf(this.#context, node.info);
    const request = {
      block: block.block,
      token: block.token,
      clientName,
      range: { start: from - block.offset, end: to - block.offset },
      verify: options.verifyChecksum ?? true,
      maxPacketBytes: settings.maxPacketBytes,
      caching: settings.readCaching,
      path: this.path,
    };
    for (let tries = 0; ; tries++) {
      const fresh = tries >= settings.cachedConnectionTries;
      const peer: Peer = await peers.take(address, { signal: options.signal, fresh });
      const abort = (): void => peer.connection.destroy();
      options.signal?.addEventListener('abort', abort, { once: true });
      try {
        return await BlockReader.open(peer, request);
      } catch (error) {
        const wasClosed = peer.source.closed;
        peer.connection.destroy();
        // A kept connection may have been closed by the DataNode in the meantime.
        if (!(peer.reused && wasClosed) || options.signal?.aborted === true) throw error;
      } finally {
        options.signal?.removeEventListener('abort', abort);
      }
    }
  }
}
