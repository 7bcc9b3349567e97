// Frames of Hadoop RPC in both directions: a length of 4 bytes, big-endian, then that many bytes, in which every message
// has its own length before it.
//
//     request   length | RpcRequestHeaderProto  | RequestHeaderProto | parameter
//     answer    length | RpcResponseHeaderProto | result, or nothing after an error
//
// FrameSplitter finds the frames in a stream of chunks. It can be stopped between two frames, and it takes memory only
// for bytes that have arrived, not for a length that was merely announced.
import { ProtocolError } from '../../base/errors.ts';
import type { ProtoWriter } from '../protobuf/writer.ts';

export const LENGTH_BYTES = 4;
/** First piece of memory for a frame that spans chunks; the next ones are so much longer, as its bytes arrive. */
const FIRST_PIECE_BYTES = 16 * 1024;
const GROWTH = 4;

/** Memory of a frame as long is worth keeping for the next one. */
const LONG_FRAME_BYTES = 1024 * 1024;
/** That of a longer one is not kept. A full report of a million replicas has 14 million bytes. */
const MOST_KEPT_BYTES = 16 * LONG_FRAME_BYTES;

const NOTHING = Buffer.alloc(0);

/**
 * Memory of one long frame, kept for the next. New memory costs a fault for each of its pages, and so much of it at once makes V8
 * collect all garbage, whereupon it forgets code that was compiled for objects that are gone.
 */
export class FrameMemory {
  private kept: Buffer | undefined;

  /** Room for a frame; undefined: there is none that is long enough. */
  take(bytes: number): Buffer | undefined {
    const { kept } = this;
    if (kept === undefined || kept.length < bytes) return undefined;
    this.kept = undefined;
    return kept;
  }

  /** Nobody reads what lies there any more. */
  give(frame: Buffer): void {
    if (frame.length < LONG_FRAME_BYTES || frame.length > MOST_KEPT_BYTES) return;
    if (this.kept === undefined || this.kept.length < frame.length) this.kept = frame;
  }
}

/**
 * The frame is buffer[start, end). A frame in one chunk is not copied: its bytes are valid only while the chunk is. One that
 * spans chunks has its own memory: it is `lasting`.
 */
export type FrameSink = (buffer: Buffer, start: number, end: number, lasting: boolean) => void;

export class FrameSplitter {
  /** Longest frame that is accepted from now on. */
  maxBytes: number;
  private readonly sink: FrameSink;
  private readonly memory: FrameMemory | undefined;
  /** Start of a frame whose end has not arrived: its length field, then content. */
  private partial: Buffer = NOTHING;
  private partialBytes = 0;
  private readonly waiting: Buffer[] = [];
  private stopped = false;
  private feeding = false;

  /** `memory`: of whoever gives the memory of frames back. */
  constructor(maxBytes: number, sink: FrameSink, memory?: FrameMemory) {
    this.maxBytes = maxBytes;
    this.sink = sink;
    this.memory = memory;
  }

  /** Bytes that are held for later. */
  get heldBytes(): number {
    let held = this.partialBytes;
    for (const chunk of this.waiting) held += chunk.length;
    return held;
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /**
   * Where the next bytes of a long frame have to go, so that whoever reads may read them there; undefined: anywhere. What `feed` is
   * given then is not copied if it lies there already.
   */
  get room(): Buffer | undefined {
    const { partial, partialBytes } = this;
    if (partialBytes < LENGTH_BYTES || partial.length < LONG_FRAME_BYTES) return undefined;
    // What waits comes before what is read next.
    if (this.stopped || this.waiting.length > 0) return undefined;
    const end = Math.min(partial.length, partial.readUInt32BE(0) + LENGTH_BYTES);
    return partialBytes < end ? partial.subarray(partialBytes, end) : undefined;
  }

  /** No frame is handed out after the present one until `resume`. */
  stop(): void {
    this.stopped = true;
  }

  /** Hands out what waited. Throws ProtocolError. */
  resume(): void {
    this.stopped = false;
    if (this.feeding) return;
    while (!this.stopped) {
      const chunk = this.waiting.shift();
      if (chunk === undefined) return;
      this.split(chunk);
    }
  }

  /** Forgets everything; nothing more is handed out. */
  end(): void {
    this.stopped = true;
    this.waiting.length = 0;
    this.partial = NOTHING;
    this.partialBytes = 0;
    this.maxBytes = 0;
  }

  /** Takes the next bytes of the stream and hands out the frames that they complete. Throws ProtocolError. */
  feed(chunk: Buffer): void {
    if (this.stopped || this.waiting.length > 0) {
      this.waiting.push(Buffer.from(chunk));
      return;
    }
    this.split(chunk);
  }

  private checkLength(length: number): void {
    if (length > this.maxBytes) {
      throw new ProtocolError(
        `Requested data length ${length | 0} is longer than maximum configured RPC length ${this.maxBytes}`,
      );
    }
  }

  private split(chunk: Buffer): void {
    this.feeding = true;
    try {
      let at = 0;
      const end = chunk.length;
      if (this.partialBytes > 0) {
        at = this.complete(chunk);
        if (at < 0) return;
      }
      while (!this.stopped && end - at >= LENGTH_BYTES) {
        const length = chunk.readUInt32BE(at);
        this.checkLength(length);
        if (end - at - LENGTH_BYTES < length) break;
        const start = at + LENGTH_BYTES;
        at = start + length;
        this.sink(chunk, start, at, false);
      }
      if (at === end) return;
      if (this.stopped) this.waiting.unshift(Buffer.from(chunk.subarray(at)));
      else this.keep(chunk, at, end);
    } finally {
      this.feeding = false;
    }
  }

  /** Adds to the frame that had begun before. Answers where the next one starts, or -1 when more is needed. */
  private complete(chunk: Buffer): number {
    let at = 0;
    if (this.partialBytes < LENGTH_BYTES) {
      at = Math.min(chunk.length, LENGTH_BYTES - this.partialBytes);
      this.keep(chunk, 0, at);
      if (this.partialBytes < LENGTH_BYTES) return -1;
    }
    const length = this.partial.readUInt32BE(0);
    this.checkLength(length);
    const missing = LENGTH_BYTES + length - this.partialBytes;
    const take = Math.min(missing, chunk.length - at);
    this.keep(chunk, at, at + take);
    if (take < missing) return -1;
    const frame = this.partial;
    this.partial = NOTHING;
    this.partialBytes = 0;
    this.sink(frame, LENGTH_BYTES, LENGTH_BYTES + length, true);
    return at + take;
  }

  private keep(chunk: Buffer, from: number, to: number): void {
    const needed = this.partialBytes + to - from;
    if (needed > this.partial.length) {
      const announced =
        needed >= LENGTH_BYTES && this.partialBytes >= LENGTH_BYTES ? this.partial.readUInt32BE(0) + LENGTH_BYTES : needed;
      const grown = this.grown(announced, needed);
      this.partial.copy(grown, 0, 0, this.partialBytes);
      this.partial = grown;
    }
    const { partial, partialBytes } = this;
    const isThere = chunk.buffer === partial.buffer && chunk.byteOffset + from === partial.byteOffset + partialBytes;
    if (!isThere) chunk.copy(partial, partialBytes, from, to);
    this.partialBytes = needed;
  }

  private grown(announced: number, needed: number): Buffer {
    const { memory } = this;
    const isLong = memory !== undefined && announced >= LONG_FRAME_BYTES;
    const whole = Math.max(announced, needed);
    const kept = isLong ? memory.take(whole) : undefined;
    if (kept !== undefined) return kept;
    const step = Math.max(needed, FIRST_PIECE_BYTES, this.partial.length * GROWTH);
    // Short ones are cut from Node's own pool. What may be kept has room for one that is somewhat longer.
    if (step < whole || !isLong) return Buffer.allocUnsafe(Math.min(whole, step));
    return Buffer.allocUnsafe(Math.ceil(whole / LONG_FRAME_BYTES) * LONG_FRAME_BYTES);
  }
}

/** Opens a frame in `writer`; the answer goes to `finishFrame`. */
export function beginFrame(writer: ProtoWriter): number {
  const at = writer.length;
  writer.putFixed32(0);
  return at;
}

/** Fills in the length of the frame that `beginFrame` opened. */
export function finishFrame(writer: ProtoWriter, at: number): void {
  writer.memory.setUint32(at, writer.length - at - LENGTH_BYTES);
}
