// One connection of the RPC client: sends requests, all of one turn with one write, and gives answers to the calls that
// wait for them, in whatever order they come. It pings a silent server while calls wait and ends itself when idle.
import { HdfsError, ProtocolError } from '../base/errors.ts';
import { soon } from '../base/soon.ts';
import type { Address, Connection, Host, Timer } from '../host/host.ts';
import { FrameSplitter } from '../wire/ipc/frame.ts';
import { openingBytes, pingFrame } from '../wire/ipc/headers.ts';
import { NO_RETRY_COUNT } from '../wire/ipc/preamble.ts';
import { RpcResponseHeaderProto, RpcResponseHeaderProto_RpcStatusProto as Status } from '../wire/messages/ipc.ts';
import { readDelimited } from '../wire/protobuf/message.ts';
import { ProtoReader } from '../wire/protobuf/reader.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { CallTimeout } from './network-errors.ts';
import { FRESH_WRITER_BYTES, MAX_KEPT_WRITER_BYTES, sendWritten } from './writers.ts';

export interface ClientConnectionOptions {
  readonly address: Address;
  readonly localAddress: string | undefined;
  readonly protocol: string;
  readonly user: string;
  readonly realUser: string | undefined;
  readonly clientId: Uint8Array;
  readonly connectTimeoutMs: number;
  /** 0: it is never asked whether it lives. */
  readonly pingIntervalMs: number;
  readonly maxIdleMs: number;
  readonly maxResponseBytes: number;
}

/** A call that waits for its answer. */
export interface PendingCall {
  readonly callId: number;
  /** How often it was tried before: a try that was given up may be answered while the next one waits under the same number. */
  readonly retryCount: number;
  /** Monotonic. */
  readonly sentMs: number;
  /** Monotonic; Infinity when it may take any time. */
  readonly deadlineMs: number;
  /** Reads the answer. Throws ProtocolError. */
  answer(reader: ProtoReader, header: RpcResponseHeaderProto): void;
  fail(error: unknown): void;
}

/** A call fails for want of a connection, not by its server's word. */
export class ConnectionFailure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

const broken = (reason: string): ConnectionFailure => new ConnectionFailure(new HdfsError('ECONN', reason));

export class ClientConnection {
  private readonly host: Host;
  private readonly options: ClientConnectionOptions;
  private readonly onEnd: (connection: ClientConnection) => void;
  private readonly calls = new Map<number, PendingCall>();
  private readonly pingIntervalMs: number;
  private readonly frames: FrameSplitter;
  private socket: Connection | undefined;
  private out = new ProtoWriter(FRESH_WRITER_BYTES);
  private flushPlanned = false;
  private readonly flushNow = (): void => {
    this.flushPlanned = false;
    this.flush();
  };
  private ended = false;
  private timer: Timer | undefined;
  private timerDueMs = Infinity;
  private lastActivityMs: number;
  /** When the server was last heard of. */
  private heardMs = Number.NEGATIVE_INFINITY;
  private readonly connecting = new AbortController();

  constructor(host: Host, options: ClientConnectionOptions, onEnd: (connection: ClientConnection) => void) {
    this.host = host;
    this.options = options;
    this.onEnd = onEnd;
    this.lastActivityMs = host.clock.monotonic();
    this.pingIntervalMs = options.pingIntervalMs > 0 ? options.pingIntervalMs : Infinity;
    this.frames = new FrameSplitter(options.maxResponseBytes, (buffer, start, end) => this.frame(buffer, start, end));
    this.out.putRaw(openingBytes(options.clientId, options.protocol, { effective: options.user, real: options.realUser }));
  }

  get isUsable(): boolean {
    return !this.ended;
  }

  get waitingCalls(): number {
    return this.calls.size;
  }

  async connect(): Promise<void> {
    const { address, localAddress, connectTimeoutMs } = this.options;
    const { signal } = this.connecting;
    const socket = await this.host.net.connect({ ...address, localAddress, timeoutMs: connectTimeoutMs, signal });
    if (this.ended) {
      socket.destroy();
      throw broken('The client is stopped');
    }
    this.socket = socket;
    this.lastActivityMs = this.host.clock.monotonic();
    socket.setKeepAlive(true);
    socket.start({
      onData: (chunk) => this.onData(chunk),
      onEnd: () => this.end(broken('Connection reset by peer')),
      onClose: (error) => this.end(error === undefined ? broken('Connection reset by peer') : new ConnectionFailure(error)),
    });
    this.flush();
  }

  /** Sends a request that `write` appends to the connection's writer. */
  send(call: PendingCall, write: (writer: ProtoWriter) => void): void {
    const before = this.out.length;
    try {
      write(this.out);
    } catch (error) {
      const kept = Buffer.from(this.out.view(0).subarray(0, before));
      this.out.reset();
      this.out.putRaw(kept);
      throw error;
    }
    if (this.calls.size === 0) this.lastActivityMs = this.host.clock.monotonic();
    this.calls.set(call.callId, call);
    this.planFlush();
    this.watch(call.deadlineMs);
  }

  /** The caller no longer waits. */
  forget(callId: number): void {
    this.calls.delete(callId);
  }

  private planFlush(): void {
    if (this.flushPlanned) return;
    this.flushPlanned = true;
    soon(this.flushNow);
  }

  private flush(): void {
    const { socket, out } = this;
    if (this.ended || socket === undefined || out.length === 0) return;
    if (sendWritten(socket, out) && out.length <= MAX_KEPT_WRITER_BYTES) out.reset();
    else this.out = new ProtoWriter(FRESH_WRITER_BYTES);
  }

  private onData(chunk: Buffer): void {
    this.lastActivityMs = this.host.clock.monotonic();
    this.heardMs = this.lastActivityMs;
    try {
      this.frames.feed(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(broken(`the server answered with bytes that are not Hadoop RPC: ${error.message}`));
    }
  }

  private frame(buffer: Buffer, start: number, end: number): void {
    if (this.ended) return;
    const reader = new ProtoReader(buffer, start, end);
    const header = readDelimited(RpcResponseHeaderProto, reader);
    if (header.status === Status.FATAL) {
      this.end(remoteError(header));
      return;
    }
    const call = this.calls.get((header.callId ?? 0) | 0);
    if (call === undefined || isOfEarlierTry(header, call)) return; // given up before
    this.calls.delete(call.callId);
    if (header.status === Status.SUCCESS) call.answer(reader, header);
    else call.fail(remoteError(header));
  }

  /** One timer serves the deadlines, the ping and the end of an idle connection. */
  private watch(deadlineMs: number): void {
    const { maxIdleMs } = this.options;
    const now = this.host.clock.monotonic();
    // While calls wait it is looked at so often that an idle time which begins meanwhile does not last much too long.
    const dueMs =
      this.calls.size === 0
        ? this.lastActivityMs + maxIdleMs
        : Math.min(deadlineMs, this.lastActivityMs + this.pingIntervalMs, now + maxIdleMs);
    if (this.ended || dueMs >= this.timerDueMs) return;
    this.timer?.cancel();
    this.timerDueMs = dueMs;
    this.timer = this.host.clock.setTimer(Math.max(0, dueMs - now), () => {
      this.timerDueMs = Infinity;
      this.onTimer();
    });
  }

  private onTimer(): void {
    const now = this.host.clock.monotonic();
    let nearestMs = Infinity;
    let isSilent = false;
    for (const call of this.calls.values()) {
      if (call.deadlineMs > now) {
        nearestMs = Math.min(nearestMs, call.deadlineMs);
        continue;
      }
      this.calls.delete(call.callId);
      call.fail(new ConnectionFailure(new CallTimeout()));
      isSilent ||= this.heardMs < call.sentMs;
    }
    // Something on the way may have forgotten the connection: the next try goes over another one.
    if (isSilent) {
      this.end(broken('the server has not answered in time'));
      return;
    }
    if (this.calls.size === 0) {
      if (now >= this.lastActivityMs + this.options.maxIdleMs) {
        this.end(broken('idle'));
        return;
      }
    } else if (now >= this.lastActivityMs + this.pingIntervalMs) {
      this.lastActivityMs = now; // of the ping itself
      this.out.putRaw(pingFrame(this.options.clientId));
      this.planFlush();
    }
    this.watch(nearestMs);
  }

  /** Ends the connection; calls that wait fail with `error`. */
  end(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.timer?.cancel();
    this.frames.end();
    this.connecting.abort(error);
    this.socket?.destroy();
    this.onEnd(this);
    const waiting = [...this.calls.values()];
    this.calls.clear();
    for (const call of waiting) call.fail(error);
  }
}

/**
 * What an earlier try was told need not be so for the call that waits now: refused the first time, it may be done the second
 * time. Whoever answers says which try that is for, unless it knew none.
 */
const isOfEarlierTry = ({ retryCount }: RpcResponseHeaderProto, call: PendingCall): boolean =>
  retryCount !== NO_RETRY_COUNT && retryCount !== call.retryCount;

/** Java appends its stack to the message. */
const JAVA_STACK = /\n\s*at [\w.$/@<>]+\(/;

function remoteError(header: RpcResponseHeaderProto): HdfsError {
  const message = header.errorMsg ?? 'ServerDidNotSetErrorMsg';
  const stack = JAVA_STACK.exec(message);
  return HdfsError.fromRemote(
    header.exceptionClassName ?? 'ServerDidNotSetExceptionClassName',
    stack === null ? message : message.slice(0, stack.index),
  );
}
