// TCP over node:net. Sockets stay half open until both sides have ended, send small writes at once (no Nagle), and keep
// their own account of queued bytes, since Node's answer to `write` counts bytes that the kernel took already.
import net from 'node:net';
import { HdfsError } from '../../base/errors.ts';
import type { Address, Connection, ConnectionHandler, FileSender, Listener, Log, Net, ReadTarget } from '../host.ts';
import { DirectWriter, directWrites, type RequestPool } from './direct-write.ts';
import { descriptorOf, fromKernelLibrary, socketOption } from './kernel-library.ts';
import { sendAtOnce } from './local-pacing.ts';
import { type FileSending, fileSending } from './send-file.ts';
import {
  adoptWithSlab,
  READS_WHEN_ASKED,
  type ReadsInto,
  type Slab,
  type SlabSocketOptions,
  slabOf,
  slabsWork,
} from './slab.ts';

/** Queued bytes beyond which `write` answers false. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Up to this many bytes, copying chunks together is cheaper than a vectored write. */
const CONCAT_BYTES = 8 * 1024;
const DEFAULT_BACKLOG = 256;

const EMPTY = Buffer.alloc(0);

/** IPv4 addresses that arrived through a dual-stack socket, in their own form. */
const plainAddress = (address: string | undefined): string =>
  address === undefined ? '' : address.startsWith('::ffff:') ? address.slice(7) : address;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EPIPE: 'Broken pipe',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'the name server does not answer for the host',
  EMFILE: 'too many open files (raise ulimit -n)',
  ENFILE: 'too many open files on this machine',
};

/** A failure of a socket in an operator's words. */
function connectionError(error: unknown, peer: string): HdfsError {
  if (error instanceof HdfsError) return error;
  const code = codeOf(error);
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new HdfsError(code === 'ETIMEDOUT' ? 'ETIMEDOUT' : 'ECONN', `${reason}: ${peer}`, { cause: error });
}

type SendingFiles = () => Promise<FileSending | undefined>;

class NodeConnection implements Connection {
  readonly remote: Address;
  readonly local: Address;
  private readonly socket: net.Socket;
  private handler: ConnectionHandler | undefined;
  private wantsDrain = false;
  private ended = false;
  private closed = false;
  private failure: HdfsError | undefined;
  private target: ReadTarget | undefined;
  /** Whose memory the next read goes into. */
  private lender: ReadTarget | undefined;
  private readonly direct: DirectWriter | undefined;
  private readonly sending: SendingFiles;

  constructor(socket: net.Socket, sending: SendingFiles, requests?: RequestPool) {
    this.socket = socket;
    this.sending = sending;
    this.direct = requests === undefined ? undefined : new DirectWriter(socket, requests, () => this.taken());
    this.remote = { host: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.local = { host: plainAddress(socket.localAddress), port: socket.localPort ?? 0 };
    socket.on('error', (error) => {
      this.failure ??= connectionError(error, `${this.remote.host}:${this.remote.port}`);
    });
    socket.on('close', () => {
      this.closed = true;
      this.giveBack();
      this.handler?.onClose(this.failure);
    });
    socket.on('end', () => this.handler?.onEnd());
    socket.on('drain', () => this.drained());
  }

  private drained(): void {
    if (!this.wantsDrain) return;
    this.wantsDrain = false;
    this.handler?.onDrain?.();
  }

  /** What was written past the stream has gone; the stream tells of what it has itself. */
  private taken(): void {
    if (!this.ended && !this.closed && !this.socket.writableNeedDrain) this.drained();
  }

  /** Data of a socket without a slab. */
  listenForData(): void {
    this.socket.on('data', (chunk: Buffer) => this.deliver(chunk));
    this.socket.pause();
  }

  deliver(chunk: Buffer): void {
    this.handler?.onData(chunk);
  }

  readInto(target: ReadTarget | undefined): void {
    // Elsewhere the kernel may be reading already.
    if (READS_WHEN_ASKED) this.target = target;
  }

  /** Where the next read goes, when it is not where the last one went. */
  nextBuffer(slab: Buffer): Buffer | undefined {
    const { target, lender } = this;
    if (target === undefined && lender === undefined) return undefined;
    this.giveBack();
    const room = target?.readRoom();
    if (room === undefined) return slab;
    this.lender = target;
    return room;
  }

  private giveBack(): void {
    const { lender } = this;
    this.lender = undefined;
    lender?.readDone();
  }

  tellFrom(bytes: number): void {
    const { socket } = this;
    wakeFrom ??= wakingFrom() ?? false;
    if (wakeFrom !== false && !socket.destroyed) wakeFrom(socket, bytes);
  }

  start(handler: ConnectionHandler): void {
    this.handler = handler;
    if (this.closed) process.nextTick(() => handler.onClose(this.failure));
    else this.socket.resume();
  }

  setHandler(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.handler !== undefined) this.socket.resume();
  }

  write(chunk: Uint8Array): boolean {
    if (this.ended) return true;
    if (!this.direct?.write(chunk)) {
      if (this.socket.destroyed) return true;
      this.socket.write(chunk);
    }
    return this.roomLeft();
  }

  lend(chunk: Uint8Array): boolean {
    this.write(chunk);
    return this.queuedBytes === 0;
  }

  writev(chunks: readonly Uint8Array[]): boolean {
    if (this.ended || this.socket.destroyed) return true;
    let total = 0;
    for (const chunk of chunks) total += chunk.length;
    if (total <= CONCAT_BYTES) {
      return this.write(Buffer.concat(chunks as Uint8Array[], total));
    } else {
      this.socket.cork();
      for (const chunk of chunks) this.socket.write(chunk);
      this.socket.uncork();
    }
    return this.roomLeft();
  }

  private roomLeft(): boolean {
    if (this.queuedBytes <= HIGH_WATER_BYTES) return true;
    this.wantsDrain = true;
    return false;
  }

  flushed(fn: (error?: Error) => void): void {
    const { socket } = this;
    if (this.closed || socket.destroyed) {
      process.nextTick(fn, this.failure ?? connectionError(new Error('the connection is closed'), this.remote.host));
    } else if (this.queuedBytes === 0) process.nextTick(fn);
    else if (this.ended) {
      let called = false;
      const once = (): void => {
        if (called) return;
        called = true;
        socket.off('finish', once);
        socket.off('close', once);
        fn(
          socket.writableFinished
            ? undefined
            : (this.failure ?? new HdfsError('ECONN', 'the connection broke before all was sent')),
        );
      };
      socket.on('finish', once);
      socket.on('close', once);
    } else if (socket.writableLength === 0) {
      this.direct?.whenTaken((error) => fn(error && connectionError(error, this.remote.host)));
    } else {
      socket.write(EMPTY, (error) => fn(error ? connectionError(error, this.remote.host) : undefined));
    }
  }

  async fileSender(): Promise<FileSender | undefined> {
    return (await this.sending())?.senderTo(this.socket);
  }

  get queuedBytes(): number {
    return this.socket.writableLength + (this.direct?.pendingBytes ?? 0);
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.end();
  }

  destroy(error?: Error): void {
    if (error !== undefined) this.failure ??= connectionError(error, `${this.remote.host}:${this.remote.port}`);
    this.socket.destroy();
  }

  setNoDelay(on: boolean): void {
    this.socket.setNoDelay(on);
  }

  setKeepAlive(on: boolean): void {
    this.socket.setKeepAlive(on);
  }
}

/** Linux's numbers. */
const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;

/** What tells the kernel from how many bytes on a socket can be read. undefined: there is no call for it. */
function wakingFrom(): ((socket: net.Socket, bytes: number) => void) | undefined {
  const set = fromKernelLibrary(socketOption);
  if (set === undefined) return undefined;
  const value = Int32Array.of(1);
  const bytesOfIt = Buffer.from(value.buffer);
  return (socket, bytes) => {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined) return;
    value[0] = bytes;
    // Where the kernel refuses, it tells of each byte.
    set(descriptor, SOL_SOCKET, SO_RCVLOWAT, bytesOfIt, bytesOfIt.length);
  };
}

let wakeFrom: ReturnType<typeof wakingFrom> | false;

/** Reads of a connection, which may be made after its socket. */
function readsInto(slab: Slab, connection: () => NodeConnection | undefined): ReadsInto {
  return {
    buffer: () => {
      const reader = connection();
      return reader === undefined ? slab.buffer : reader.nextBuffer(slab.buffer);
    },
    callback: (bytes, room) => {
      connection()?.deliver(room === slab.buffer ? slab.beginning(bytes) : (room as Buffer).subarray(0, bytes));
      return true;
    },
  };
}

const describe = (address: Address): string => `${address.host}:${address.port}`;

function connect(sending: SendingFiles, options: Parameters<Net['connect']>[0]): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs, slabBytes, isBulk } = options;
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    let connection: NodeConnection | undefined;
    let slab: Slab | undefined;
    const socketOptions: SlabSocketOptions = { allowHalfOpen: true };
    if (slabBytes !== undefined) {
      slab = slabOf(slabBytes);
      socketOptions.onread = readsInto(slab, () => connection);
    }
    const socket = new net.Socket(socketOptions);
    socket.pause();
    const fail = (error: unknown): void => {
      finish();
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error): void => fail(connectionError(error, describe(options)));
    const onAbort = (): void => fail(signal?.reason);
    const timer =
      timeoutMs === undefined || timeoutMs <= 0
        ? undefined
        : setTimeout(
            () => fail(new HdfsError('ETIMEDOUT', `${timeoutMs} millis timeout while connecting to ${describe(options)}`)),
            Math.min(timeoutMs, 0x7fff_ffff),
          );
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      // A socket that is given up may fail later still, with nobody to tell.
      socket.off('error', onError);
      socket.on('error', () => undefined);
    };
    socket.on('error', onError);
    signal?.addEventListener('abort', onAbort, { once: true });
    const target: net.TcpSocketConnectOpts = { host: options.host, port: options.port, noDelay: true };
    if (options.localAddress !== undefined) target.localAddress = options.localAddress;
    socket.connect(target, () => {
      finish();
      if (isBulk === true) sendAtOnce(socket);
      connection = new NodeConnection(socket, sending);
      if (slab === undefined) connection.listenForData();
      resolve(connection);
    });
  });
}

/** Adds what an operator needs to know to the error of a failed listen; its code stays. */
function listenError(error: Error, address: Address): Error {
  const code = codeOf(error);
  const reason =
    code === 'EADDRINUSE'
      ? 'the port is already in use'
      : code === 'EACCES'
        ? 'no permission for this port'
        : code === 'EADDRNOTAVAIL'
          ? 'this machine does not have the address'
          : error.message;
  return Object.assign(new Error(`cannot listen on ${describe(address)}: ${reason}`, { cause: error }), { code });
}

async function listen(
  log: Log,
  requestsForWrites: () => Promise<RequestPool | undefined>,
  sending: SendingFiles,
  options: Parameters<Net['listen']>[0],
  onConnection: (connection: Connection) => void,
): Promise<Listener> {
  const { slabBytes, isBulk } = options;
  const [useSlabs, requests] = await Promise.all([slabBytes !== undefined && slabsWork(), requestsForWrites()]);
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (accepted) => {
    if (isBulk === true) sendAtOnce(accepted);
    if (useSlabs && slabBytes !== undefined) {
      const slab = slabOf(slabBytes);
      let connection: NodeConnection | undefined;
      const socket = adoptWithSlab(
        accepted,
        readsInto(slab, () => connection),
      );
      connection = new NodeConnection(socket, sending, requests);
      onConnection(connection);
    } else {
      const connection = new NodeConnection(accepted, sending, requests);
      connection.listenForData();
      onConnection(connection);
    }
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, options));
    server.once('error', onError);
    server.listen({ host: options.host, port: options.port, backlog: options.backlog ?? DEFAULT_BACKLOG }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const bound = server.address() as net.AddressInfo;
  server.on('error', (error) => {
    log.log('error', 'net', `accepting on ${bound.address}:${bound.port} failed: ${REASONS[codeOf(error)] ?? error.message}`);
  });
  return {
    address: { host: bound.address, port: bound.port },
    close() {
      // Node calls back only when the last connection has gone; the port is free in the next turn.
      server.close();
      return new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}

/** Accepted connections write past their streams, and all of them send files past the process, where that works. */
export function nodeNet(log: Log, requestsForWrites = directWrites, sending: SendingFiles = fileSending): Net {
  return {
    connect: (options) => connect(sending, options),
    listen: (options, onConnection) => listen(log, requestsForWrites, sending, options, onConnection),
  };
}
