// A client's connections to DataNodes: opened with the timeouts of a client, and kept for a while after an operation
// that left them in order, so that the next block from the same DataNode needs no new one.
import type { Clock, Connection, Net, Timer } from '../host/host.ts';
import { ByteSource } from './byte-source.ts';

/** Bytes read from the kernel at once; packets are copied out of it. */
const SLAB_BYTES = 256 * 1024;

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** A connection to a DataNode with its incoming bytes. */
export interface Peer {
  readonly key: string;
  readonly connection: Connection;
  readonly source: ByteSource;
  /** It was used before, so that the DataNode may have closed it by now: a first failure means nothing. */
  readonly reused: boolean;
}

export interface PeerPoolOptions {
  /** dfs.client.socketcache.capacity; 0 keeps none. */
  readonly capacity: number;
  /** dfs.client.socketcache.expiryMsec. */
  readonly expiryMs: number;
  /** dfs.client.socket-timeout: for connecting, and for waiting for bytes. */
  readonly timeoutMs: number;
}

interface Idle {
  readonly peer: Peer;
  readonly since: number;
}

export class PeerPool {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #options: PeerPoolOptions;
  /** Oldest first. */
  #idle: Idle[] = [];
  /** Every connection that there is, or is being made, and how to end it. */
  readonly #open = new Map<object, () => void>();
  #sweep: Timer | undefined;
  #closed = false;

  constructor(net: Net, clock: Clock, options: PeerPoolOptions) {
    this.#net = net;
    this.#clock = clock;
    this.#options = options;
  }

  /** A kept connection to `address`, or a new one. Rejects with ECONN or ETIMEDOUT. */
  async take(
    address: PeerAddress,
    options: { readonly signal?: AbortSignal | undefined; readonly fresh?: boolean } = {},
  ): Promise<Peer> {
    if (options.fresh !== true) {
      const kept = this.#takeIdle(`${address.host}:${address.port}`);
      if (kept !== undefined) return kept;
    }
    return this.open(address, this.#options.timeoutMs, options.signal);
  }

  /** A new connection. `timeoutMs` holds for connecting, and for each wait for bytes. */
  async open(address: PeerAddress, timeoutMs: number, signal?: AbortSignal): Promise<Peer> {
    const connection = await this.#connect(address, timeoutMs, signal);
    connection.setNoDelay(true);
    this.#open.set(connection, () => connection.destroy());
    const onClosed = (): void => void this.#open.delete(connection);
    const source = new ByteSource(connection, { borrowedChunks: true, clock: this.#clock, onClosed });
    source.timeoutMs = timeoutMs;
    source.start();
    if (this.#closed) connection.destroy();
    return { key: `${address.host}:${address.port}`, connection, source, reused: false };
  }

  async #connect(address: PeerAddress, timeoutMs: number, signal: AbortSignal | undefined): Promise<Connection> {
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    if (this.#closed || signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    this.#open.set(stop, () => stop.abort());
    try {
      return await this.#net.connect({ ...address, timeoutMs, signal: stop.signal, slabBytes: SLAB_BYTES, isBulk: true });
    } finally {
      this.#open.delete(stop);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Keeps a connection on which an operation has ended in order. */
  give(peer: Peer): void {
    if (this.#closed || this.#options.capacity === 0 || peer.source.closed || peer.connection.destroyed) {
      peer.connection.destroy();
      return;
    }
    this.#idle.push({ peer: { ...peer, reused: true }, since: this.#clock.monotonic() });
    while (this.#idle.length > this.#options.capacity) this.#idle.shift()?.peer.connection.destroy();
    this.#arm();
  }

  #takeIdle(key: string): Peer | undefined {
    this.#expire();
    for (let i = this.#idle.length - 1; i >= 0; i--) {
      const { peer } = this.#idle[i] as Idle;
      if (peer.key !== key) continue;
      this.#idle.splice(i, 1);
      if (!peer.source.closed && !peer.connection.destroyed) return peer;
      peer.connection.destroy();
    }
    return undefined;
  }

  #expire(): void {
    const oldest = this.#clock.monotonic() - this.#options.expiryMs;
    while (this.#idle.length > 0 && (this.#idle[0] as Idle).since <= oldest) this.#idle.shift()?.peer.connection.destroy();
  }

  #arm(): void {
    if (this.#sweep !== undefined || this.#idle.length === 0) return;
    this.#sweep = this.#clock.setTimer(this.#options.expiryMs, () => {
      this.#sweep = undefined;
      this.#expire();
      this.#arm();
    });
  }

  /** Ends all connections, also those that somebody uses. */
  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.#idle = [];
    for (const end of [...this.#open.values()]) end();
  }
}
