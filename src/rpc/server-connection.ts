// One client's connection at the RPC server: the shell around RpcAcceptor. It looks up what a call names, runs the
// handler, and sends the answers of one turn with one write, or a few when they are long. It reads no further while too
// many calls of this client are under way or too many of its answers have not been fetched, and lets other connections
// have their turn after long answers. Where the server has a queue, calls go through it before they are handled.
import { soon } from '../base/soon.ts';
import type { Connection, ReadTarget, Timer } from '../host/host.ts';
import { type AcceptorEvents, type CallHeader, type Identity, RpcAcceptor } from '../wire/ipc/acceptor.ts';
import type { FrameMemory } from '../wire/ipc/frame.ts';
import { type Failure, writeFailure, writeSuccess } from '../wire/ipc/headers.ts';
import type { RequestHeaderProto } from '../wire/messages/ipc.ts';
import { type MessageType, readDelimited } from '../wire/protobuf/message.ts';
import { ProtoReader } from '../wire/protobuf/reader.ts';
import { varintBytes } from '../wire/protobuf/varint.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { failureOf, isBrokenInvariant, isOurFault } from './answers.ts';
import type { CallQueue } from './call-queue.ts';
import type { MethodTimings, RpcMeasures } from './measures.ts';
import { type ReplyGate, type RpcCall, WRITTEN, type Written } from './service.ts';
import type { Target, TargetCache } from './target-cache.ts';
import { FRESH_WRITER_BYTES, MAX_KEPT_WRITER_BYTES, sendWritten } from './writers.ts';

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly limits: ConnectionLimits;
  readonly gate: ReplyGate | undefined;
  readonly frameMemory: FrameMemory;
  /** The method that a RequestHeaderProto names. Throws HdfsError when there is none. */
  resolve(header: RequestHeaderProto): Target;
  /** Why the user may not come; a promise where that takes asking somebody. */
  authorize(identity: Identity, connection: ServerConnection): Failure | undefined | Promise<Failure | undefined>;
  stateId(): number | undefined;
  readonly measures: RpcMeasures;
  /** Undefined: calls are handled as they come. */
  queue: CallQueue | undefined;
  onClosed(connection: ServerConnection, reason: string): void;
  /** `ms` from its begin until its answer may leave, `waitedMs` before that. */
  onCallDone(call: RpcCall, error: unknown, ms: number, waitedMs: number): void;
  /** Where calls that failed so are timed. */
  timingsOf(failure: Failure): MethodTimings;
  logFailure(call: RpcCall, error: unknown): void;
  onLargeAnswer(call: RpcCall, bytes: number): void;
  /** Stops the process: an invariant of ours is broken. */
  onBug(error: Error): void;
  now(): number;
  setTimer(ms: number, fn: () => void): Timer;
  /** Runs `fn` after other connections had their turn. */
  defer(fn: () => void): void;
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
  /** ipc.server.max.response.size: answers that are longer are named in the log. */
  readonly largeAnswerBytes: number;
}

/** Answers are sent when they are this long together, before the turn is over. */
const FLUSH_BYTES = 64 * 1024;
/** After answers of this length in one turn the other connections come first. Long answers are long work, too. */
const MAX_TURN_BYTES = 256 * 1024;
/** How long an ended connection waits for its client to end it too. */
const LINGER_MS = 2000;
const idleWriters: ProtoWriter[] = [];

type WriteMessage = (writer: ProtoWriter) => void;

/** The message type of an answer that its handler writes. */
const BY_HANDLER: Pick<MessageType<never, WriteMessage>, 'write'> = { write: (message, writer) => message(writer) };

interface Queued {
  readonly priority: number;
  readonly queueMs: number;
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
  /** The answer that its handler wrote may not leave yet. */
  isHeld = false;
  readonly startedMs: number;
  readonly timings: MethodTimings | undefined;
  /** From its arrival until it was begun. */
  waitedMs = 0;
  /** How it came through the server's queue. */
  readonly queued: Queued | undefined;
  /** The memory that its request alone lies in. */
  frame: Buffer | undefined;
  private readonly connection: ServerConnection;

  constructor(
    connection: ServerConnection,
    header: CallHeader,
    startedMs: number,
    target: Target | undefined,
    queued: Queued | undefined,
  ) {
    this.connection = connection;
    this.queued = queued;
    this.protocol = target?.protocol ?? '';
    this.method = target?.method.name ?? '';
    this.timings = target?.timings;
    this.startedMs = startedMs;
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

  requestRead(): void {
    const { frame } = this;
    this.frame = undefined;
    if (frame !== undefined) this.connection.giveFrame(frame);
  }

  write(message: WriteMessage, expectedBytes = 0): Written {
    this.isHeld = this.connection.put(this, BY_HANDLER, message, expectedBytes);
    return WRITTEN;
  }
}

/** Answers of one turn that say what is not durable yet. What a turn logs is written together, so they leave together, too. */
interface HeldAnswers {
  readonly writer: ProtoWriter;
  readonly answered: { readonly call: Call; readonly outcome: unknown }[];
  /** The last of those that they wait for. */
  txid: number;
}

export class ServerConnection {
  lastContactMs: number;
  readonly openedMs: number;
  private readonly socket: Connection;
  private readonly owner: ConnectionOwner;
  private readonly targets: TargetCache;
  private readonly acceptor: RpcAcceptor;
  private inFlight = 0;
  /** When what is being handled came in, and when the call that is being handled began. */
  private arrivedMs = 0;
  private turnMs = 0;
  /** Answers of this turn, not yet handed to the socket. */
  private out: ProtoWriter | undefined;
  /** Answers of this turn that have to wait at the gate. */
  private held: HeldAnswers | undefined;
  /** Bytes of answers sent in this turn. */
  private turnBytes = 0;
  /** Bytes of all answers, and how many of them the client had taken when that was last seen to become more; -1: it was not seen yet. */
  private sentBytes = 0;
  private takenBytes = -1;
  private takenMs = 0;
  /** Others come first; then it goes on. */
  private yielding = false;
  private reading = false;
  private flushPlanned = false;
  private readonly pumpPlanned = (): void => {
    this.flushPlanned = false;
    this.pump();
  };
  /** Nothing is handled before it is known whether the user may come. */
  private authorizing = false;
  private closing = false;
  private closed = false;
  private peerEnded = false;
  private paused = false;
  private awaitingFetch = false;
  private awaitingRoom = false;
  private lingering: Timer | undefined;
  /** What of a long request is still to come is read to where it has to lie. */
  private readsRequest = false;
  private readonly request: ReadTarget = { readRoom: () => this.acceptor.room, readDone: () => undefined };

  constructor(socket: Connection, owner: ConnectionOwner, targets: TargetCache) {
    this.socket = socket;
    this.owner = owner;
    this.targets = targets;
    this.openedMs = owner.now();
    this.lastContactMs = this.openedMs;
    const events: AcceptorEvents = {
      authorize: (identity) => this.authorize(identity),
      call: (header, body) => this.call(header, body),
      send: (bytes) => {
        this.writer().putRaw(bytes);
      },
      close: (reason) => this.shutDown(reason),
    };
    this.acceptor = new RpcAcceptor(owner.limits, events, owner.frameMemory);
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

  private get user(): string {
    return this.acceptor.identity?.user ?? '';
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

  private authorize(identity: Identity): Failure | undefined {
    const outcome = this.owner.authorize(identity, this);
    if (!(outcome instanceof Promise)) return outcome;
    this.authorizing = true;
    this.acceptor.stop();
    outcome.then(
      (failure) => {
        this.authorizing = false;
        if (this.closing) return;
        if (failure !== undefined) this.acceptor.refuse(failure);
        this.pump();
      },
      (error: unknown) => this.owner.onBug(error as Error),
    );
    return undefined;
  }

  private onData(chunk: Buffer): void {
    if (this.closing) return;
    const now = this.owner.now();
    this.lastContactMs = now;
    this.arrivedMs = now;
    this.turnMs = now;
    this.owner.measures.receivedBytes += chunk.length;
    this.turnBytes = 0;
    this.reading = true;
    try {
      this.acceptor.feed(chunk);
    } finally {
      this.reading = false;
    }
    const isLong = this.acceptor.room !== undefined;
    if (isLong !== this.readsRequest) {
      this.readsRequest = isLong;
      this.socket.readInto?.(isLong ? this.request : undefined);
    }
    this.pump();
  }

  /** Sends what there is, and goes on with what has been read already or stops reading, as the bounds say. */
  private pump(): void {
    for (;;) {
      this.flush();
      if (this.closing) return;
      if (!this.acceptor.isStopped) break;
      if (this.yielding) return;
      if (this.turnBytes > MAX_TURN_BYTES) {
        this.yieldTurn();
        return;
      }
      if (this.mustWait()) {
        this.holdBack();
        return;
      }
      this.reading = true;
      this.turnMs = this.owner.now();
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

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  private yieldTurn(): void {
    this.yielding = true;
    this.pause();
    this.owner.defer(() => {
      this.yielding = false;
      this.turnBytes = 0;
      this.pump();
    });
  }

  private holdBack(): void {
    this.pause();
    // Calls under way pump when they are done; unfetched answers when they have been fetched.
    if (this.socket.queuedBytes > this.owner.limits.maxQueuedBytes && !this.awaitingFetch) {
      this.awaitingFetch = true;
      this.socket.flushed(() => {
        this.awaitingFetch = false;
        this.pump();
      });
    }
    const { queue } = this.owner;
    if (queue !== undefined && !this.awaitingRoom && !queue.hasRoom(this.user)) {
      this.awaitingRoom = true;
      queue.whenRoom(() => {
        this.awaitingRoom = false;
        this.pump();
      });
    }
  }

  private call(header: CallHeader, body: ProtoReader): void {
    this.inFlight++;
    const { queue } = this.owner;
    if (queue === undefined) {
      const startedMs = this.turnMs;
      this.owner.measures.queue.add(startedMs - this.arrivedMs);
      this.handle(header, body, startedMs, undefined);
      // Done in its turn, it has looked at the clock already; one that goes on must not count as the next one's time.
      if (this.turnMs === startedMs) this.turnMs = this.owner.now();
    } else {
      this.enqueue(queue, header, body);
    }
    if ((this.out?.length ?? 0) > FLUSH_BYTES) this.flush();
    if (this.turnBytes > MAX_TURN_BYTES || this.mustWait()) this.acceptor.stop();
  }

  private enqueue(queue: CallQueue, header: CallHeader, body: ProtoReader): void {
    // What was read is the socket's again after this turn.
    const bytes = Buffer.from(body.buffer.subarray(body.position, body.limit));
    const { arrivedMs } = this;
    const run = (priority: number): void => {
      if (this.closed) {
        this.inFlight--;
        return;
      }
      const startedMs = this.owner.now();
      const queueMs = startedMs - arrivedMs;
      this.owner.measures.queue.add(queueMs);
      this.handle(header, new ProtoReader(bytes), startedMs, { priority, queueMs });
      this.afterAnswer();
    };
    const refusal = queue.submit({ user: this.user, run });
    if (refusal === undefined) return;
    this.inFlight--;
    writeFailure(this.writer(), header, refusal, this.owner.stateId());
    if (refusal.fatal) this.shutDown(refusal.message);
  }

  private handle(header: CallHeader, body: ProtoReader, startedMs: number, queued: Queued | undefined): void {
    let call: Call | undefined;
    try {
      const target = this.targets.find(body, (named) => this.owner.resolve(named));
      call = new Call(this, header, startedMs, target, queued);
      if (!body.copies) call.frame = body.buffer;
      call.waitedMs = queued?.queueMs ?? startedMs - this.arrivedMs;
      const request = readDelimited(target.method.request, body);
      const result = target.handler(request, call);
      if (result instanceof Promise) this.later(result, call, target);
      else this.succeed(call, target, result);
    } catch (error) {
      this.failed(error, call ?? new Call(this, header, startedMs, undefined, queued));
    }
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
    const isHeld = value === WRITTEN ? call.isHeld : this.put(call, target.method.response, value);
    this.answered(call, isHeld, undefined);
  }

  giveFrame(frame: Buffer): void {
    this.owner.frameMemory.give(frame);
  }

  /** Appends an answer to those of this turn. True: to those that may not leave yet. */
  put<Init>(call: Call, type: Pick<MessageType<unknown, Init>, 'write'>, message: Init, expectedBytes = 0): boolean {
    if (this.closed) return false;
    const writer = this.nextWriter();
    const before = writer.length;
    try {
      if (expectedBytes > 0) writer.room(expectedBytes);
      writeSuccess(writer, call, type, message, this.owner.stateId(), varintBytes(expectedBytes));
    } catch (error) {
      // Nothing stays of an answer whose value cannot be encoded.
      writer.truncate(before);
      throw error;
    }
    const bytes = writer.length - before;
    if (bytes > this.owner.limits.largeAnswerBytes) this.owner.onLargeAnswer(call, bytes);
    return this.place(call, writer, before);
  }

  /** Where an answer is written before it is known whether it may leave: mostly it is as with the one before. */
  private nextWriter(): ProtoWriter {
    return this.held?.writer ?? this.writer();
  }

  /** Leaves what was written from `before` on with the answers that wait (true), or with those that leave after this turn. */
  private place(call: Call, writer: ProtoWriter, before: number): boolean {
    const { gate } = this.owner;
    const { afterTxid } = call;
    const { held } = this;
    if (afterTxid === 0 || gate === undefined || gate.isDurable(afterTxid)) {
      if (held !== undefined) move(writer, before, this.writer());
      return false;
    }
    if (held !== undefined) {
      if (afterTxid > held.txid) held.txid = afterTxid;
      return true;
    }
    const waiting = before === 0 ? writer : takeWriter();
    if (before === 0) this.out = undefined;
    else move(writer, before, waiting);
    this.held = { writer: waiting, answered: [], txid: afterTxid };
    return true;
  }

  private answered(call: Call, isHeld: boolean, outcome: unknown): void {
    if (isHeld) this.held?.answered.push({ call, outcome });
    else this.done(call, outcome, this.owner.now());
  }

  private failed(error: unknown, call: Call): void {
    if (isBrokenInvariant(error)) {
      this.owner.onBug(error);
      return;
    }
    if (isOurFault(error)) this.owner.logFailure(call, error);
    if (this.closed) {
      this.done(call, error, this.owner.now());
      return;
    }
    const writer = this.nextWriter();
    const before = writer.length;
    writeFailure(writer, call, failureOf(error), this.owner.stateId());
    this.answered(call, this.place(call, writer, before), error);
  }

  /** Leaves the answers that have to wait at the gate. */
  private hold(): void {
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.owner.gate?.whenDurable(held.txid, (error) => this.release(held, error));
  }

  private release({ writer, answered }: HeldAnswers, error: Error | undefined): void {
    const now = this.owner.now();
    for (const { call, outcome } of answered) this.done(call, error ?? outcome, now);
    if (error !== undefined || this.closed) giveWriter(writer);
    else if (this.out === undefined) this.out = writer;
    else {
      this.out.putRaw(writer.view());
      giveWriter(writer);
    }
    // What cannot become durable is not spoken of, and the client asks again elsewhere.
    if (error !== undefined) this.destroy(`an answer could not be made durable: ${error.message}`);
    else this.afterAnswer();
  }

  private done(call: Call, error: unknown, now: number): void {
    this.inFlight--;
    if (this.reading) this.turnMs = now;
    const ms = now - call.startedMs;
    this.owner.measures.processing.add(ms);
    const timings = error === undefined ? call.timings : this.owner.timingsOf(failureOf(error));
    timings?.processing.add(ms);
    timings?.overall.add(ms + call.waitedMs);
    if (call.queued !== undefined) this.owner.queue?.answered(this.user, call.queued.priority, call.queued.queueMs, ms);
    this.owner.onCallDone(call, error, ms, call.waitedMs);
  }

  /** An answer came outside of `onData`: all of this turn leave together. */
  private afterAnswer(): void {
    if (this.reading || this.flushPlanned || this.closed) return;
    this.flushPlanned = true;
    soon(this.pumpPlanned);
  }

  /** How long, as far as those who ask from time to time can see, the client has taken nothing of what waits for it; 0: nothing waits. */
  unfetchedMs(nowMs: number): number {
    const { queuedBytes } = this.socket;
    const takenBytes = this.sentBytes - queuedBytes;
    if (queuedBytes === 0 || takenBytes !== this.takenBytes) {
      this.takenBytes = takenBytes;
      this.takenMs = nowMs;
    }
    return nowMs - this.takenMs;
  }

  private writer(): ProtoWriter {
    this.out ??= takeWriter();
    return this.out;
  }

  private flush(): void {
    this.hold();
    const { out } = this;
    if (out === undefined) return;
    this.out = undefined;
    if (!this.closed && out.length > 0) {
      this.turnBytes += out.length;
      this.sentBytes += out.length;
      this.owner.measures.sentBytes += out.length;
      if (!sendWritten(this.socket, out)) return;
    }
    giveWriter(out);
  }

  private mustWait(): boolean {
    return (
      this.authorizing ||
      this.inFlight >= this.owner.limits.maxCallsInFlight ||
      this.owner.queue?.hasRoom(this.user) === false ||
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
    this.hold();
    if (this.out !== undefined) giveWriter(this.out);
    this.out = undefined;
    this.owner.onClosed(this, reason);
  }
}

function takeWriter(): ProtoWriter {
  const writer = idleWriters.pop() ?? new ProtoWriter(FRESH_WRITER_BYTES);
  writer.reset();
  return writer;
}

/** Moves what `from` holds from `start` on to the end of `to`. */
function move(from: ProtoWriter, start: number, to: ProtoWriter): void {
  to.putRaw(from.view(start));
  from.truncate(start);
}

function giveWriter(writer: ProtoWriter): void {
  if (writer.length <= MAX_KEPT_WRITER_BYTES && idleWriters.length < 64) idleWriters.push(writer);
}
