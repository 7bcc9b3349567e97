// A TCP proxy that can be as bad as a network: it loses connections, holds what goes one way or both, delays it, and cuts a
// connection after any byte. What it holds is passed on when it heals, as a network that lost packets sends them again.
import { createServer, type Server, Socket } from 'node:net';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `up`: from who connects to who is connected to. */
export type Direction = 'up' | 'down';

export interface ProxyOptions {
  readonly name: string;
  readonly listen: Endpoint;
  readonly target: Endpoint;
  /** Where its own connections come from: the address that the target knows the other side by. */
  readonly from?: string;
}

/** Bytes of one direction that it holds before it stops reading. */
const HELD_BYTES = 256 * 1024;

type Piece = { readonly dueMs: number } & ({ readonly bytes: Buffer } | { readonly last: 'end' | 'reset' });

/** One direction of one connection. */
class Stream {
  private readonly proxy: CuttingProxy;
  private readonly direction: Direction;
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly pieces: Piece[] = [];
  private held = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(proxy: CuttingProxy, direction: Direction, from: Socket, to: Socket) {
    this.proxy = proxy;
    this.direction = direction;
    this.from = from;
    this.to = to;
    from.on('data', (bytes: Buffer) => {
      this.held += bytes.length;
      this.take({ bytes });
      if (this.held > HELD_BYTES) from.pause();
    });
    from.on('end', () => this.take({ last: 'end' }));
    from.on('error', () => this.take({ last: 'reset' }));
    from.on('close', () => this.take({ last: 'reset' }));
    to.on('drain', () => this.pump());
  }

  private take(piece: { readonly bytes: Buffer } | { readonly last: 'end' | 'reset' }): void {
    this.pieces.push({ dueMs: performance.now() + this.proxy.delayMs, ...piece });
    this.pump();
  }

  pump(): void {
    clearTimeout(this.timer);
    while (!this.proxy.holds(this.direction) && !this.to.destroyed) {
      const [piece] = this.pieces;
      if (piece === undefined) break;
      const waitMs = piece.dueMs - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      if (this.to.writableNeedDrain && 'bytes' in piece) return;
      this.pieces.shift();
      if ('bytes' in piece) this.pass(piece.bytes);
      else if (piece.last === 'reset') this.to.resetAndDestroy();
      else this.to.end();
    }
  }

  private pass(bytes: Buffer): void {
    this.held -= bytes.length;
    if (this.held <= HELD_BYTES) this.from.resume();
    const allowed = this.proxy.count(bytes.length);
    this.to.write(bytes.subarray(0, allowed));
    if (allowed === bytes.length) return;
    // The part has to leave before the reset does.
    this.to.end(() => this.reset());
  }

  reset(): void {
    clearTimeout(this.timer);
    this.from.resetAndDestroy();
    this.to.resetAndDestroy();
  }
}

export class CuttingProxy {
  readonly name: string;
  private readonly options: ProxyOptions;
  private readonly server: Server;
  private readonly streams = new Set<Stream>();
  private readonly held = new Set<Direction>();
  private cutAfter: number | undefined;
  delayMs = 0;
  /** Bytes that went through. */
  carried = 0;

  constructor(options: ProxyOptions) {
    this.options = options;
    this.name = options.name;
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (near) => this.connected(near));
  }

  async start(): Promise<void> {
    const { host, port } = this.options.listen;
    await new Promise<void>((done, fail) => {
      this.server.once('error', fail);
      this.server.listen(port, host, done);
    });
  }

  private connected(near: Socket): void {
    const far = new Socket({ allowHalfOpen: true });
    far.setNoDelay(true);
    const { target, from } = this.options;
    far.connect({ host: target.host, port: target.port, ...(from === undefined ? {} : { localAddress: from }) });
    const both = [new Stream(this, 'up', near, far), new Stream(this, 'down', far, near)];
    for (const stream of both) this.streams.add(stream);
    const over = (): void => {
      for (const stream of both) this.streams.delete(stream);
    };
    let open = 2;
    for (const socket of [near, far]) {
      socket.on('close', () => {
        if (--open === 0) over();
      });
    }
    near.resume();
  }

  holds(direction: Direction): boolean {
    return this.held.has(direction);
  }

  /** How many of these bytes may pass before the connection is cut. */
  count(bytes: number): number {
    this.carried += bytes;
    if (this.cutAfter === undefined) return bytes;
    if (bytes < this.cutAfter) {
      this.cutAfter -= bytes;
      return bytes;
    }
    const allowed = this.cutAfter;
    this.cutAfter = undefined;
    return allowed;
  }

  /** All that is connected is reset. */
  reset(): void {
    for (const stream of [...this.streams]) stream.reset();
  }

  hold(directions: readonly Direction[]): void {
    for (const direction of directions) this.held.add(direction);
  }

  /** The connection that carries the byte after so many more is cut there. */
  cutIn(bytes: number): void {
    this.cutAfter = bytes;
  }

  heal(): void {
    this.held.clear();
    this.delayMs = 0;
    this.cutAfter = undefined;
    for (const stream of [...this.streams]) stream.pump();
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.reset();
    await closed;
  }
}
