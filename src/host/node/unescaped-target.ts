// Requests whose target has bytes beyond ASCII as they are, which Node's parser refuses: Hadoop's Java client of WebHDFS
// sends names so, without percent escapes. Such a request is given to the server once more with the escapes, on a
// connection that ends with its answer; what Node understands never comes here.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** The first bytes of a request, up to the end of its first line. */
const REQUEST_LINE = /^([A-Z]{3,7} )([^ \r\n]*)( HTTP\/1\.[01]\r\n)/;

interface ParseError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** The packet with its target escaped; undefined where that would not mend it. */
export function escapedPacket(error: ParseError): Buffer | undefined {
  const { code, rawPacket, bytesParsed } = error;
  if (code !== 'HPE_INVALID_URL' || rawPacket === undefined) return undefined;
  const text = rawPacket.toString('latin1');
  const [line, method, target, version] = REQUEST_LINE.exec(text) ?? [];
  if (line === undefined || method === undefined || target === undefined || version === undefined) return undefined;
  // A later request of the same packet: the ones before it were taken already.
  if ((bytesParsed ?? 0) > line.length) return undefined;
  const escaped = target.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
  if (escaped === target) return undefined;
  return Buffer.concat([Buffer.from(method + escaped + version, 'latin1'), rawPacket.subarray(line.length)]);
}

/** Stands before a socket: what was read of it comes once more. */
export class ReplayedSocket extends Duplex {
  readonly #socket: Socket;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;

  constructor(socket: Socket, first: Buffer) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    // The parser that failed listens no longer.
    for (const event of ['data', 'end', 'drain']) socket.removeAllListeners(event);
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    this.push(first);
    socket.resume();
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.#socket.setTimeout(ms, listener);
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
