// One client's connection at the RPC server: the shell around RpcAcceptor. It looks up what a call names, runs the
// handler, and sends all answers of one turn with one write. It reads no further while too many calls of this client are
// under way or too many of its answers have not been fetched.
import type { Connection, Timer } from '../host/host.ts';
import { type CallHeader, type Identity, RpcAcceptor } from '../wire/ipc/acceptor.ts';
import { type Failure, writeFailure, writeSuccess } from '../wire/ipc/headers.ts';
import { RequestHeaderProto } from '../wire/messages/ipc.ts';
import { readDelimited } from '../wire/protobuf/message.ts';
import type { ProtoReader } from '../wire/protobuf/reader.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { failureOf, isBrokenInvariant, isOurFault } from './answers.ts';
import type { ReplyGate, RpcCall, ServiceMethod } from './service.ts';

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly limits: ConnectionLimits;
  readonly gate: ReplyGate | undefined;
  /** The method that a RequestHeaderProto names. Throws HdfsError when there is none. */
  resolve(header: RequestHeaderProto): Target;
  authorize(identity: Identity, connection: ServerConnection): Failure | undefined;
  stateId(): number | undefined;
  onClosed(connection: ServerConnection, reason: string): void;
  onCallDone(call: RpcCall, error: unknown): void;
  logFailure(call: RpcCall, error: unknown): void;
  /** Stops the process: an invariant of ours is broken. */
  onBug(error: Error): void;
  now(): number;
  setTimer(ms: number, fn: () => void): Timer;
}

export interface Target {
  readonly protocol: string;
  readonly method: ServiceMethod;
  readonly handler: NonNullable<ServiceMethod['handler']>;
}

export interface ConnectionLimits {
  /** ipc.maximum.data.length. */
  readonly maxDataBytes: number;
  /** Longest frame before the connection context has arrived. */
  readonly maxHandshakeBytes: number;
  /** Most calls of one connection that are handled or wait for their answer at once. */
  readonly maxCallsInFlight: number;
  /** Most bytes of answers that wait for one client to fetch them before nothing more of it is read. */
  readonly maxQueuedBytes: number;
}

/** A writer that has grown beyond this is not kept for the next turn. */
const MAX_KEPT_WRITER_BYTES = 1024 * 1024;
/** How long an ended connection waits for its client to end it too. */
const LINGER_MS = 2000;
/** Different method headers that are remembered; clients use a few dozen. */
const MAX_REMEMBERED_HEADERS = 2048;

const idleWriters: ProtoWriter[] = [];

/** Targets by the bytes of their RequestHeaderProto, which a client repeats for each call of a method. */
export class TargetCache {
  private readonly byBytes = new Map<string, Target>();

  /** Reads the header at the reader's position. */
  find(reader: ProtoReader, resolve: (header: RequestHeaderProto) => Target): Target {
    const { buffer, position } = reader;
    const end = position + 1 + (buffer[position] as number);
    // Only headers of up to 127 bytes (one byte of length) are remembered; longer ones are decoded each time.
    if (position >= reader.limit || end > reader.limit || (buffer[position] as number) > 0x7f) {
      return resolve(readDelimited(RequestHeaderProto, reader));
    }
    const key = buffer.toString('latin1', position + 1, end);
    const known = this.byBytes.get(key);
    if (known !== undefined) {
      reader.position = end;
      return known;
    }
    const target = resolve(readDelimited(RequestHeaderProto, reader));
    if (this.byBytes.size < MAX_REMEMBERED_HEADERS) this.byBytes.set(key, target);
    return target;
  }
}

class Call implements RpcCall {
  readonly protocol: string;
  readonly method: string;
  readonly clientId: Uint8Array;
  readonly callId: number;
  readonly retryCount: number;
  readonly callerContext: CallHeader['callerContext'];
  readonly stateId: number | undefined;
  afterTxid = 0;
  private readonly connection: ServerConnection;

  constructor(connection: ServerConnection, header: CallHeader, protocol: string, method: string) {
    this.connection = connection;
    this.protocol = protocol;
    this.method = method;
    this.clientId = header.clientId;
    this.callId = header.callId;
    this.retryCount = header.retryCount;
    this.callerContext = header.callerContext;
    this.stateId = header.stateId;
  }

  get user(): string {
    return this.connection.identity?.user ?? '';
  }

  get realUser(): string | undefined {
    return this.connection.identity?.realUser;
  }

  get remote(): { readonly host: string; readonly port: number } {
    return this.connection.remote;
  }
}

export class ServerConnection {
  lastContactMs: number;
  readonly openedMs: number;
  private readonly socket: Connection;
  private readonly owner: ConnectionOwner;
  private readonly targets: TargetCache;
  private readonly acceptor: RpcAcceptor;
  private inFlight = 0;
  /** Answers of this turn, not yet handed to the socket. */
  private out: ProtoWriter | undefined;
  private reading = false;
  private flushPlanned = false;
  private closing = false;
  private closed = false;
  private peerEnded = false;
  private paused = false;
  private awaitingFetch = false;
  private lingering: Timer | undefined;

  constructor(socket: Connection, owner: ConnectionOwner, targets: TargetCache) {
    this.socket = socket;
    this.owner = owner;
    this.targets = targets;
    this.openedMs = owner.now();
    this.lastContactMs = this.openedMs;
    this.acceptor = new RpcAcceptor(owner.limits, {
      authorize: (identity) => owner.authorize(identity, this),
      call: (header, body) => this.call(header, body),
      send: (bytes) => {
        this.writer().putRaw(bytes);
      },
      close: (reason) => this.shutDown(reason),
    });
  }

  start(): void {
    this.socket.setKeepAlive(true);
    this.socket.start({
      onData: (chunk) => this.onData(chunk),
      onEnd: () => {
        this.peerEnded = true;
        if (this.closing) this.destroy('the client closed the connection');
        else this.shutDown('the client closed the connection');
      },
      onClose: (error) => this.finish(error?.message ?? 'closed'),
    });
  }

  get identity(): Identity | undefined {
    return this.acceptor.identity;
  }

  get remote(): { readonly host: string; readonly port: number } {
    return this.socket.remote;
  }

  get isEstablished(): boolean {
    return this.acceptor.isOpen;
  }

  get callsInFlight(): number {
    return this.inFlight;
  }

  /** Nothing is asked and nothing is owed. */
  get isIdle(): boolean {
    return this.inFlight === 0 && this.socket.queuedBytes === 0;
  }

  destroy(reason: string): void {
    this.acceptor.end();
    this.socket.destroy();
    this.finish(reason);
  }

  private onData(chunk: Buffer): void {
    if (this.closing) return;
    this.lastContactMs = this.owner.now();
    this.reading = true;
    try {
      this.acceptor.feed(chunk);
    } finally {
      this.reading = false;
    }
    this.pump();
  }

  /** Sends what there is, and goes on with what has been read already or stops reading, as the bounds say. */
  private pump(): void {
    for (;;) {
      this.flush();
      if (this.closing) return;
      if (!this.acceptor.isStopped) break;
      if (this.mustWait()) {
        this.holdBack();
        return;
      }
      this.reading = true;
      try {
        this.acceptor.resume();
      } finally {
        this.reading = false;
      }
    }
    if (this.paused) {
      this.paused = false;
      this.socket.resume();
    }
  }

  private holdBack(): void {
    if (!this.paused) {
      this.paused = true;
      this.socket.pause();
    }
    // Calls under way pump when they are done; unfetched answers when they have been fetched.
    if (this.socket.queuedBytes > this.owner.limits.maxQueuedBytes && !this.awaitingFetch) {
      this.awaitingFetch = true;
      this.socket.flushed(() => {
        this.awaitingFetch = false;
        this.pump();
      });
    }
  }

  private call(header: CallHeader, body: ProtoReader): void {
    this.inFlight++;
    let call: Call | undefined;
    let target: Target | undefined;
    try {
      target = this.targets.find(body, (named) => this.owner.resolve(named));
      call = new Call(this, header, target.protocol, target.method.name);
      const request = readDelimited(target.method.request, body);
      const result = target.handler(request, call);
      if (result instanceof Promise) this.later(result, call, target);
      else this.succeed(call, target, result);
    } catch (error) {
      this.failed(error, call ?? new Call(this, header, target?.protocol ?? '', target?.method.name ?? ''));
    }
    if (this.mustWait()) this.acceptor.stop();
  }

  private later(result: Promise<unknown>, call: Call, target: Target): void {
    result.then(
      (value) => {
        try {
          this.succeed(call, target, value);
        } catch (error) {
          this.failed(error, call);
        }
        this.afterAnswer();
      },
      (error: unknown) => {
        this.failed(error, call);
        this.afterAnswer();
      },
    );
  }

  /** Encodes at once, while the result says what it said when the handler returned, and sends when it may be known. */
  private succeed(call: Call, target: Target, value: unknown): void {
    const { gate } = this.owner;
    const stateId = this.owner.stateId();
    if (call.afterTxid === 0 || gate === undefined || gate.isDurable(call.afterTxid)) {
      if (!this.closed) this.writeAnswer(this.writer(), call, target, value, stateId);
      this.done(call, undefined);
      return;
    }
    const scratch = takeWriter();
    writeSuccess(scratch, call, target.method.response, value, stateId);
    this.hold(gate, call, scratch.toBuffer(), undefined);
    giveWriter(scratch);
  }

  /** Appends an answer; when its value cannot be encoded, nothing of it stays. */
  private writeAnswer(writer: ProtoWriter, call: Call, target: Target, value: unknown, stateId: number | undefined): void {
    const before = writer.length;
    try {
      writeSuccess(writer, call, target.method.response, value, stateId);
    } catch (error) {
      const kept = Buffer.from(writer.view(0).subarray(0, before));
      writer.reset();
      writer.putRaw(kept);
      throw error;
    }
  }

  private failed(error: unknown, call: Call): void {
    if (isBrokenInvariant(error)) {
      this.owner.onBug(error);
      return;
    }
    if (isOurFault(error)) this.owner.logFailure(call, error);
    const { gate } = this.owner;
    const failure = failureOf(error);
    if (call.afterTxid === 0 || gate === undefined || gate.isDurable(call.afterTxid)) {
      if (!this.closed) writeFailure(this.writer(), call, failure, this.owner.stateId());
      this.done(call, error);
      return;
    }
    const scratch = takeWriter();
    writeFailure(scratch, call, failure, this.owner.stateId());
    this.hold(gate, call, scratch.toBuffer(), error);
    giveWriter(scratch);
  }

  private hold(gate: ReplyGate, call: Call, answer: Buffer, outcome: unknown): void {
    gate.whenDurable(call.afterTxid, (error) => {
      if (error !== undefined) {
        // It cannot become durable: saying nothing is right, and the client asks again elsewhere.
        this.done(call, error);
        this.destroy(`an answer could not be made durable: ${error.message}`);
        return;
      }
      if (!this.closed) this.writer().putRaw(answer);
      this.done(call, outcome);
      this.afterAnswer();
    });
  }

  private done(call: RpcCall, error: unknown): void {
    this.inFlight--;
    this.owner.onCallDone(call, error);
  }

  /** An answer came outside of `onData`: all of this turn leave together. */
  private afterAnswer(): void {
    if (this.reading || this.flushPlanned || this.closed) return;
    this.flushPlanned = true;
    queueMicrotask(() => {
      this.flushPlanned = false;
      this.pump();
    });
  }

  private writer(): ProtoWriter {
    this.out ??= takeWriter();
    return this.out;
  }

  private flush(): void {
    const { out } = this;
    if (out === undefined) return;
    this.out = undefined;
    if (!this.closed && out.length > 0) this.socket.write(out.toBuffer());
    giveWriter(out);
  }

  private mustWait(): boolean {
    return (
      this.inFlight >= this.owner.limits.maxCallsInFlight ||
      this.socket.queuedBytes + (this.out?.length ?? 0) > this.owner.limits.maxQueuedBytes
    );
  }

  /**
   * Sends what there is, then ends our side. What the client still sends is read and thrown away for a moment: closing
   * over unread bytes would reset the connection and could take the last answer with it.
   */
  private shutDown(reason: string): void {
    if (this.closing) return;
    this.closing = true;
    this.acceptor.end();
    this.flush();
    if (this.paused) this.socket.resume();
    this.socket.end();
    if (this.peerEnded) this.socket.flushed(() => this.destroy(reason));
    else this.lingering = this.owner.setTimer(LINGER_MS, () => this.destroy(reason));
  }

  private finish(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closing = true;
    this.lingering?.cancel();
    this.acceptor.end();
    if (this.out !== undefined) giveWriter(this.out);
    this.out = undefined;
    this.owner.onClosed(this, reason);
  }
}

function takeWriter(): ProtoWriter {
  const writer = idleWriters.pop() ?? new ProtoWriter(16 * 1024);
  writer.reset();
  return writer;
}

function giveWriter(writer: ProtoWriter): void {
  if (writer.length <= MAX_KEPT_WRITER_BYTES && idleWriters.length < 64) idleWriters.push(writer);
}
