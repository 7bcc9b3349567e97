// Reads one file: finds the block of a position, picks a DataNode, and takes another when it fails or its bytes are
// damaged. What one DataNode sends is transfer/block-reader.ts, where blocks are locations.ts.
import { HdfsError, messageOf } from '../base/errors.ts';
import { BlockReader } from '../transfer/block-reader.ts';
import type { Peer } from '../transfer/peer.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import { type ClientContext, checkSignal, transferAddressOf } from './context.ts';
import { blockName, type Located, nodeKey, nodeName } from './located.ts';
import { FileLocations } from './locations.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default true. */
  readonly verifyChecksum?: boolean | undefined;
}

/** What the read of one block has seen: replicas that failed, and how often it began anew with all of them. */
interface Attempts {
  /** Offset of the block in the file. */
  readonly block: number;
  readonly failed: Set<string>;
  rounds: number;
}

export class FileReader {
  readonly path: string;
  readonly #context: ClientContext;
  readonly #locations: FileLocations;
  /** DataNodes that failed in this file: taken last. */
  readonly #dead = new Set<string>();

  private constructor(context: ClientContext, locations: FileLocations) {
    this.#context = context;
    this.#locations = locations;
    this.path = locations.path;
  }

  static async open(context: ClientContext, path: string, signal?: AbortSignal): Promise<FileReader> {
    return new FileReader(context, await FileLocations.open(context, path, signal));
  }

  /** Bytes of the file when it was opened, or when a failure last had its locations asked for again. */
  get length(): number {
    return this.#locations.length;
  }

  /** The bytes from `start` up to `end`, in pieces as they come; the pieces are the caller's own. */
  async *stream(start: number, end: number, options: ReadOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const { signal } = options;
    let attempts: Attempts = { block: -1, failed: new Set(), rounds: 0 };
    let at = start;
    const stop = Math.min(end, this.length);
    while (at < stop) {
      checkSignal(this.#context, signal);
      const block = await this.#locations.at(at, signal);
      if (attempts.block !== block.offset) attempts = { block: block.offset, failed: new Set(), rounds: 0 };
      const blockEnd = Math.min(stop, block.offset + block.length);
      const node = await this.#choose(block, attempts, at, signal);
      if (node === undefined) continue;
      let reader: BlockReader | undefined;
      const abort = (): void => reader?.peer.connection.destroy();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        reader = await this.#open(block, node, at, blockEnd, options);
        for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) {
          at += piece.length;
          // A replica that gives bytes is a good one: what failed before may have recovered meanwhile.
          attempts.rounds = 0;
          yield piece;
        }
      } catch (error) {
        checkSignal(this.#context, signal);
        await this.#onFailure(block, node, attempts, error);
      } finally {
        signal?.removeEventListener('abort', abort);
        if (reader !== undefined) this.#release(reader);
      }
    }
  }

  /** Fills `target` from byte `position` on, as far as the file goes; answers how many bytes that were. */
  async read(target: Uint8Array, position: number, options: ReadOptions = {}): Promise<number> {
    let filled = 0;
    for await (const piece of this.stream(position, position + target.length, options)) {
      target.set(piece, filled);
      filled += piece.length;
    }
    return filled;
  }

  #release(reader: BlockReader): void {
    if (reader.finished) this.#context.peers.give(reader.peer);
    else reader.peer.connection.destroy();
  }

  /** A DataNode for `block`, or undefined after a pause in which the locations were asked for again. */
  async #choose(
    block: Located,
    attempts: Attempts,
    at: number,
    signal: AbortSignal | undefined,
  ): Promise<PipelineNode | undefined> {
    const untried = block.nodes.filter((node) => !attempts.failed.has(nodeKey(node.info)));
    const node = untried.find((each) => !this.#dead.has(nodeKey(each.info))) ?? untried[0];
    if (node !== undefined) return node;
    const { settings, host } = this.#context;
    if (attempts.rounds >= settings.maxBlockAcquireFailures) {
      const nodes = block.nodes.map((each) => nodeName(each.info)).join(', ');
      const why =
        block.nodes.length === 0
          ? 'No live nodes contain current block'
          : `No live nodes contain block after checking nodes = [${nodes}]`;
      throw new HdfsError('EBLOCKMISSING', `Could not obtain block: ${blockName(block.block)} file=${this.path} ${why}`, {
        path: this.path,
      });
    }
    // The window grows with each round, and a random part keeps many readers from coming back at once.
    const window = settings.retryWindowMs;
    const waitMs = window * attempts.rounds + window * (attempts.rounds + 1) * host.random.fraction();
    host.log.log('warn', 'client', 'no replica could be read, asking for locations again', {
      path: this.path,
      block: blockName(block.block),
      waitMs: Math.round(waitMs),
    });
    await host.clock.sleep(waitMs, signal ?? this.#context.closed);
    attempts.rounds++;
    attempts.failed.clear();
    this.#dead.clear();
    await this.#locations.refresh(at, signal);
    return undefined;
  }

  async #open(block: Located, node: PipelineNode, from: number, to: number, options: ReadOptions): Promise<BlockReader> {
    const { peers, clientName } = this.#context;
    const address = transferAddressOf(this.#context, node.info);
    const request = {
      block: block.block,
      token: block.token,
      clientName,
      range: { start: from - block.offset, end: to - block.offset },
      verify: options.verifyChecksum ?? true,
      path: this.path,
    };
    for (let fresh = false; ; fresh = true) {
      const peer: Peer = await peers.take(address, { signal: options.signal, fresh });
      try {
        return await BlockReader.open(peer, request);
      } catch (error) {
        const wasClosed = peer.source.closed;
        peer.connection.destroy();
        // A kept connection may have been closed by the DataNode in the meantime.
        if (!(peer.reused && wasClosed)) throw error;
      }
    }
  }

  async #onFailure(block: Located, node: PipelineNode, attempts: Attempts, error: unknown): Promise<void> {
    const { host } = this.#context;
    const key = nodeKey(node.info);
    attempts.failed.add(key);
    this.#dead.add(key);
    host.log.log('warn', 'client', 'a replica could not be read', {
      path: this.path,
      block: blockName(block.block),
      datanode: nodeName(node.info),
      reason: messageOf(error),
    });
    if (error instanceof HdfsError && error.code === 'ECHECKSUM') await this.#reportBadReplica(block, node);
  }

  async #reportBadReplica(block: Located, node: PipelineNode): Promise<void> {
    const { namenode, host } = this.#context;
    try {
      await namenode.call('reportBadBlocks', {
        blocks: [
          {
            b: block.block,
            offset: block.offset,
            locs: [node.info],
            corrupt: false,
            blockToken: block.token,
            storageTypes: [node.storageType],
            storageIDs: [node.storageId],
          },
        ],
      });
    } catch (error) {
      // The read goes on with another replica; the DataNode's own scanner finds the damage too.
      host.log.log('warn', 'client', 'could not report a damaged replica', { path: this.path, reason: messageOf(error) });
    }
  }
}
