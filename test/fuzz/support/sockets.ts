// Raw sockets of a hostile peer.
import net from 'node:net';

export interface RawAnswer {
  readonly bytes: Buffer;
  /** The server ended or reset the connection within the limit. */
  readonly closed: boolean;
}

export class RawPeer {
  readonly socket: net.Socket;
  private readonly chunks: Buffer[] = [];
  private held = 0;
  closed = false;
  private wake: (() => void) | undefined;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.held += chunk.length;
      this.wake?.();
    });
    socket.on('error', () => this.wake?.());
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.closed = true;
        this.wake?.();
      });
    }
  }

  static async connect(port: number): Promise<RawPeer> {
    for (let tries = 0; ; tries++) {
      const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
      const peer = new RawPeer(socket);
      const connected = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      if (connected) return peer;
      if (tries === 3) throw new Error(`nobody listens on ${port}`);
    }
  }

  send(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get receivedBytes(): number {
    return this.held;
  }

  /** Waits until `done` or the connection closes; false when neither came in time. */
  async until(done: () => boolean, limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (!done()) {
      if (this.closed) return true;
      const left = end - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = undefined;
    }
    return true;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends all, ends our side, and waits for the server to end its own. */
export async function converse(port: number, bytes: Uint8Array, limitMs: number): Promise<RawAnswer> {
  const peer = await RawPeer.connect(port);
  peer.send(bytes);
  if (!peer.socket.destroyed) peer.socket.end();
  await peer.until(() => false, limitMs);
  const answer = { bytes: peer.received, closed: peer.closed };
  peer.destroy();
  return answer;
}

/** Whole frames of Hadoop RPC at the start of `bytes`. */
export function frames(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}
