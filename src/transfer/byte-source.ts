// Reading a connection in pieces of known length: `await source.read(n)`, a delimited message, a packet. All of it is
// bounded before it is believed. Bulk data goes another way: a sink is called with the bytes where they lie, without a
// copy. An unwrap stage (encryption, SASL privacy) may be put in at any point of the stream. Not here: writing.
import { assert } from '../base/assert.ts';
import { HdfsError, ProtocolError } from '../base/errors.ts';
import type { Clock, Connection, ConnectionHandler, ReadTarget, Timer } from '../host/host.ts';
import type { MessageType } from '../wire/protobuf/message.ts';

/** Reading pauses while more than this is buffered and nobody asks for it. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Most bytes that `read` gives in one piece. */
export const MAX_READ_BYTES = 16 * 1024 * 1024 + 64 * 1024;

/** Turns bytes of the wire into bytes of the protocol. May keep an incomplete unit until more comes. */
export interface UnwrapStage {
  /** `chunk` is valid during the call only; what is returned belongs to the caller. Throws ProtocolError. */
  unwrap(chunk: Buffer): readonly Buffer[];
}

/** Takes bulk data as it arrives. */
export interface ByteSink {
  /** Memory of its own, where what arrives may come to lie. */
  readonly target?: ReadTarget;
  /**
   * Answers how many bytes it took; `chunk` is valid during the call only. Fewer than all: the rest is kept, the
   * connection pauses, and `source.resume()` offers it again. A throw ends the source with that error.
   */
  push(chunk: Buffer): number;
  /** The last call: the peer ended (no error), or the connection failed or timed out. */
  end(error: Error | undefined): void;
}

export interface ByteSourceOptions {
  /** Every chunk of the connection is valid only during onData: it was opened with `slabBytes`. */
  readonly borrowedChunks: boolean;
  /** For timeouts of reads; without it there are none. */
  readonly clock?: Clock;
  /** The connection is gone. */
  readonly onClosed?: () => void;
}

interface Waiter {
  /** Bytes that must be buffered; or the rest to be copied into `into`. */
  need: number;
  readonly into: Buffer | undefined;
  /** The peer may end instead: an answer (false), not an error. */
  readonly mayEnd: boolean;
  /** Nor is anything else that ends the wait. */
  readonly cannotFail: boolean;
  readonly resolve: (isThere: boolean) => void;
  readonly reject: (error: Error) => void;
}

export class ByteSource implements ConnectionHandler {
  readonly connection: Connection;
  /** How long a read may wait for its next byte; 0 for ever. Takes effect at once. */
  private idleMs = 0;
  private readonly borrowed: boolean;
  private readonly clock: Clock | undefined;
  private readonly onClosed: (() => void) | undefined;
  private queue: Buffer[] = [];
  private available = 0;
  private waiter: Waiter | undefined;
  private sink: ByteSink | undefined;
  private sinkBlocked = false;
  private stage: UnwrapStage | undefined;
  private paused = false;
  private ended = false;
  private failure: Error | undefined;
  /** From how many bytes on the connection tells of them. */
  private toldFrom = 1;
  private timer: Timer | undefined;
  private timerDueMs = 0;
  private lastActivity = 0;

  /** Takes the connection over: bytes are read from here on. */
  constructor(connection: Connection, options: ByteSourceOptions) {
    this.connection = connection;
    this.borrowed = options.borrowedChunks;
    this.clock = options.clock;
    this.onClosed = options.onClosed;
  }

  /** Begins to read. Apart from the constructor, so that the source can be stored before the first byte. */
  start(): this {
    this.connection.start(this);
    return this;
  }

  get closed(): boolean {
    return this.ended || this.failure !== undefined;
  }

  /** Why the source ended, when it was not the peer's orderly end. */
  get error(): Error | undefined {
    return this.failure;
  }

  get bufferedBytes(): number {
    return this.available;
  }

  set timeoutMs(ms: number) {
    this.idleMs = ms;
    this.touch();
    // One that comes too early finds out by itself, and most operations are over long before: they need none of their own.
    if (this.timer !== undefined && (ms <= 0 || this.timerDueMs > this.lastActivity + ms)) {
      this.timer.cancel();
      this.timer = undefined;
    }
    this.armTimer();
  }

  // ------------------------------------------------------------------------------------------------------- pulling

  /** Exactly `length` bytes, the caller's own. Rejects when the connection ends before, or on a timeout. */
  async read(length: number): Promise<Buffer> {
    if (length > MAX_READ_BYTES) throw new ProtocolError(`${length} bytes asked for at once`);
    if (this.available >= length) return this.take(length);
    const into = Buffer.allocUnsafeSlow(length);
    await this.readInto(into);
    return into;
  }

  /** Fills `into`. */
  async readInto(into: Buffer): Promise<void> {
    const have = Math.min(this.available, into.length);
    this.copyOut(into, have);
    if (have < into.length) await this.wait(into.length - have, into);
  }

  /** From 1 to `length` bytes, the caller's own; none when the peer has ended. */
  async readUpTo(length: number): Promise<Buffer> {
    if (this.available === 0 && !(await this.waitOrEnd(1))) return Buffer.alloc(0);
    return this.take(Math.min(length, this.available));
  }

  /** A message with its length as a varint before it. Throws ProtocolError for one longer than `maxBytes`. */
  async readDelimited<T, Init>(type: MessageType<T, Init>, maxBytes: number): Promise<T> {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.available === 0) await this.wait(1, undefined);
      const byte = this.takeByte();
      if (shift === 28 && byte > 0x07) throw new ProtocolError(`the length of ${type.name} is malformed`);
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (length > maxBytes) throw new ProtocolError(`${type.name} of ${length} bytes, at most ${maxBytes} are taken`);
    return type.decode(await this.read(length));
  }

  /** True when at least `length` bytes are there or come; false when the peer ends before the first of them. */
  async waitOrEnd(length: number): Promise<boolean> {
    if (this.available >= length) return true;
    if (this.failure !== undefined) throw this.failure;
    if (this.ended && this.available === 0) return false;
    return this.wait(length, undefined, true);
  }

  /**
   * Waits for more than `length` bytes, as long as a read may: what the peer sends without anybody waiting for it, and will send
   * more behind, is then read together with that. Whatever happens meanwhile, the next read tells.
   */
  async waitBeyond(length: number): Promise<void> {
    const { connection } = this;
    if (this.available > length || this.closed || this.stage !== undefined || connection.tellFrom === undefined) return;
    await this.waiting(length + 1, undefined, { mayEnd: true, cannotFail: true });
  }

  private wait(need: number, into: Buffer | undefined, mayEnd = false): Promise<boolean> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.ended) return Promise.reject(prematureEnd());
    return this.waiting(need, into, { mayEnd, cannotFail: false });
  }

  private waiting(
    need: number,
    into: Buffer | undefined,
    { mayEnd, cannotFail }: Pick<Waiter, 'mayEnd' | 'cannotFail'>,
  ): Promise<boolean> {
    assert(this.waiter === undefined && this.sink === undefined, 'two readers of one source');
    return new Promise((resolve, reject) => {
      this.waiter = { need, into, mayEnd, cannotFail, resolve, reject };
      this.tellFrom(cannotFail ? need : 1);
      this.touch();
      this.armTimer();
      this.resumeReading();
    });
  }

  private tellFrom(bytes: number): void {
    if (bytes === this.toldFrom) return;
    this.toldFrom = bytes;
    this.connection.tellFrom?.(bytes);
  }

  private take(length: number): Buffer {
    const head = this.queue[0];
    if (head === undefined || length === 0) return Buffer.alloc(0);
    if (head.length >= length) {
      const taken = head.subarray(0, length);
      this.dropHead(head, length);
      return taken;
    }
    const joined = Buffer.allocUnsafeSlow(length);
    this.copyOut(joined, length);
    return joined;
  }

  private takeByte(): number {
    const head = this.queue[0] as Buffer;
    const byte = head[0] as number;
    this.dropHead(head, 1);
    return byte;
  }

  private copyOut(into: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      const head = this.queue[0] as Buffer;
      const part = Math.min(head.length, length - at);
      head.copy(into, at, 0, part);
      this.dropHead(head, part);
      at += part;
    }
  }

  private dropHead(head: Buffer, length: number): void {
    if (length === head.length) this.queue.shift();
    else this.queue[0] = head.subarray(length);
    this.available -= length;
    if (this.paused && this.sink === undefined && this.available < HIGH_WATER_BYTES) this.resumeReading();
  }

  // ------------------------------------------------------------------------------------------------------- pushing

  /** Gives all further bytes to `sink`, first those that are buffered. undefined: back to pulling. */
  setSink(sink: ByteSink | undefined): void {
    assert(this.waiter === undefined, 'a read is still waiting');
    this.sink = sink;
    this.sinkBlocked = false;
    this.tellFrom(1);
    this.chooseTarget();
    this.touch();
    this.armTimer();
    if (sink === undefined) {
      if (this.available < HIGH_WATER_BYTES) this.resumeReading();
      return;
    }
    this.resume();
  }

  /** Bytes that are unwrapped first come to lie elsewhere anyway. */
  private chooseTarget(): void {
    this.connection.readInto?.(this.stage === undefined ? this.sink?.target : undefined);
  }

  /** The sink can take more. */
  resume(): void {
    this.sinkBlocked = false;
    this.offerBuffered();
    if (!this.sinkBlocked) this.resumeReading();
    if (this.closed) this.endSink();
  }

  private offerBuffered(): void {
    while (this.sink !== undefined && !this.sinkBlocked) {
      const head = this.queue[0];
      if (head === undefined) return;
      this.queue.shift();
      this.available -= head.length;
      const taken = this.pushTo(this.sink, head);
      if (taken < head.length) {
        this.queue.unshift(head.subarray(taken));
        this.available += head.length - taken;
        if (this.sink !== undefined) this.blockSink();
      }
    }
  }

  private pushTo(sink: ByteSink, chunk: Buffer): number {
    try {
      return sink.push(chunk);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
      return chunk.length;
    }
  }

  /** The sink took all that it was offered, and wants no more until `resume`. */
  pauseSink(): void {
    if (this.sink !== undefined) this.blockSink();
  }

  private blockSink(): void {
    this.sinkBlocked = true;
    this.pauseReading();
  }

  private endSink(): void {
    const { sink } = this;
    if (sink === undefined || (this.available > 0 && this.failure === undefined)) return;
    this.sink = undefined;
    sink.end(this.failure);
  }

  // ------------------------------------------------------------------------------------------------- unwrap, events

  /** From the next unread byte on, everything goes through `stage`; undefined: plain again. */
  setUnwrap(stage: UnwrapStage | undefined): void {
    this.stage = stage;
    this.chooseTarget();
    if (stage === undefined || this.available === 0) return;
    const wrapped = this.queue;
    this.queue = [];
    this.available = 0;
    for (const chunk of wrapped) for (const plain of stage.unwrap(chunk)) this.keep(plain, false);
  }

  onData(chunk: Buffer): void {
    this.touch();
    if (this.stage === undefined) {
      this.accept(chunk, this.borrowed);
      return;
    }
    try {
      for (const plain of this.stage.unwrap(chunk)) this.accept(plain, false);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private accept(chunk: Buffer, borrowed: boolean): void {
    let rest = chunk;
    if (this.sink !== undefined) {
      this.offerBuffered();
      if (this.sink !== undefined && !this.sinkBlocked) {
        const taken = this.pushTo(this.sink, rest);
        if (taken === rest.length) return;
        rest = rest.subarray(taken);
        if (this.sink !== undefined) this.blockSink();
      }
    }
    const { waiter } = this;
    if (waiter?.into !== undefined) {
      const part = Math.min(waiter.need, rest.length);
      rest.copy(waiter.into, waiter.into.length - waiter.need, 0, part);
      waiter.need -= part;
      rest = rest.subarray(part);
    }
    if (rest.length > 0) this.keep(rest, borrowed);
    if (waiter !== undefined && (waiter.into !== undefined ? waiter.need === 0 : this.available >= waiter.need)) {
      this.waiter = undefined;
      waiter.resolve(true);
    }
    if (this.available >= HIGH_WATER_BYTES && this.waiter === undefined) this.pauseReading();
  }

  private keep(chunk: Buffer, borrowed: boolean): void {
    if (chunk.length === 0) return;
    this.queue.push(borrowed ? Buffer.from(chunk) : chunk);
    this.available += chunk.length;
  }

  onEnd(): void {
    this.ended = true;
    this.settle();
  }

  onClose(error?: Error): void {
    if (error !== undefined && !this.ended) this.failure ??= error;
    this.ended = true;
    this.timer?.cancel();
    this.timer = undefined;
    this.settle();
    this.onClosed?.();
  }

  /** Ends all reading with `error`. The connection stays the caller's to close. */
  fail(error: Error): void {
    this.failure ??= error;
    this.pauseReading();
    this.settle();
  }

  private settle(): void {
    const { waiter } = this;
    if (waiter !== undefined) {
      this.waiter = undefined;
      // Most connections end between two operations: no error, with its stack, is made of that.
      const isAnswer = waiter.mayEnd && this.available === 0 && this.failure === undefined;
      if (waiter.cannotFail || isAnswer) waiter.resolve(false);
      else waiter.reject(this.failure ?? prematureEnd());
    }
    if (!this.sinkBlocked || this.failure !== undefined) this.endSink();
  }

  // --------------------------------------------------------------------------------------------------------- writing

  /** Resolves once the outgoing buffer has emptied, or the connection ended: what to await after `write` said false. */
  drained(): Promise<void> {
    const { connection } = this;
    if (connection.destroyed || this.failure !== undefined || connection.queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => connection.flushed(() => resolve()));
  }

  // ---------------------------------------------------------------------------------------------------------- pausing

  private pauseReading(): void {
    if (this.paused || this.connection.destroyed) return;
    this.paused = true;
    this.connection.pause();
  }

  private resumeReading(): void {
    if (!this.paused || this.connection.destroyed || this.failure !== undefined) return;
    this.paused = false;
    this.connection.resume();
  }

  private touch(): void {
    if (this.idleMs > 0 && this.clock !== undefined) this.lastActivity = this.clock.monotonic();
  }

  private armTimer(): void {
    const { clock } = this;
    if (this.timer !== undefined || this.idleMs <= 0 || clock === undefined || this.closed) return;
    if (this.waiter === undefined && this.sink === undefined) return;
    const now = clock.monotonic();
    this.timerDueMs = Math.max(now + 1, this.lastActivity + this.idleMs);
    this.timer = clock.setTimer(this.timerDueMs - now, () => {
      this.timer = undefined;
      if (this.waiter === undefined && (this.sink === undefined || this.sinkBlocked)) {
        // Nobody waits for the peer: what is awaited is our own side.
        this.touch();
        this.armTimer();
        return;
      }
      const { waiter } = this;
      if (clock.monotonic() - this.lastActivity < this.idleMs) this.armTimer();
      else if (waiter?.cannotFail) {
        this.waiter = undefined;
        waiter.resolve(false);
      } else {
        this.fail(
          new HdfsError(
            'ETIMEDOUT',
            `${this.idleMs} millis timeout while waiting for channel to be ready for read: ${this.peer}`,
          ),
        );
      }
    });
  }

  private get peer(): string {
    const { remote } = this.connection;
    return `${remote.host}:${remote.port}`;
  }
}

function prematureEnd(): HdfsError {
  return new HdfsError('ECONN', 'Premature EOF: the connection was closed by its peer');
}

/** Resolves when everything written up to now was given to the kernel; rejects when the connection ended before. */
export function flushed(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.flushed((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
