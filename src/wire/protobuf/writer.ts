// Writes protobuf into one growing buffer. Nested messages are written in place and their length is filled in behind,
// always in the shortest form, so that what we write is byte for byte what Apache's encoder would.
import { MAX_VARINT32_BYTES, MAX_VARINT64_BYTES, putVarint32, putVarint64, putVarintHalves, varintBytes } from './varint.ts';

const INITIAL_BYTES = 512;
/** Fewer bytes are copied or moved by a loop: a native call would take longer. */
const MAX_COPIED_BY_HAND = 64;
const MAX_MOVED_BY_HAND = 192;
const TWO_32 = 0x1_0000_0000;

const viewOf = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);

export class ProtoWriter {
  private buffer: Buffer;
  private words: DataView;
  private end = 0;

  constructor(initialBytes = INITIAL_BYTES) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.words = viewOf(this.buffer);
  }

  get length(): number {
    return this.end;
  }

  /** Forgets the content and keeps the memory. Views handed out by `view` become invalid. */
  reset(): void {
    this.end = 0;
  }

  /** Forgets what was written behind the first `length` bytes. */
  truncate(length: number): void {
    if (length < this.end) this.end = length;
  }

  /** The bytes written since `from`, without a copy: valid until the next write or reset. */
  view(from = 0): Buffer {
    return this.buffer.subarray(from, this.end);
  }

  /** A copy of the bytes written since `from`. */
  toBuffer(from = 0): Buffer {
    return Buffer.from(this.buffer.subarray(from, this.end));
  }

  /**
   * The memory, with room for `bytes` more from `length` on, for code that fills it by itself and then says with `advance`
   * up to where: a message of many small fields takes a fraction of the time so.
   */
  room(bytes: number): Buffer {
    this.reserve(bytes);
    return this.buffer;
  }

  /** The same memory, for four bytes at a time. */
  get memory(): DataView {
    return this.words;
  }

  /** What was written in the room that was asked for ends here. */
  advance(end: number): void {
    this.end = end;
  }

  private reserve(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.end);
    this.buffer = grown;
    this.words = viewOf(grown);
  }

  tag(tag: number): this {
    this.putUint32(tag);
    return this;
  }

  putUint32(value: number): void {
    this.reserve(MAX_VARINT32_BYTES);
    const rest = value >>> 0;
    if (rest <= 0x7f) this.buffer[this.end++] = rest;
    else this.end = putVarint32(this.buffer, this.end, rest);
  }

  /** 32-bit signed: negative numbers take ten bytes, as the format has it. */
  putInt32(value: number): void {
    if (value >= 0) this.putUint32(value);
    else this.putInt64(value);
  }

  putSint32(value: number): void {
    this.putUint32((value << 1) ^ (value >> 31));
  }

  putBool(value: boolean): void {
    this.reserve(1);
    this.buffer[this.end++] = value ? 1 : 0;
  }

  /** 64 bits from a number: negative ones in two's complement, those beyond a Java long clamped to its ends. */
  putInt64(value: number): void {
    this.reserve(MAX_VARINT64_BYTES);
    this.end = putVarint64(this.buffer, this.end, value);
  }

  putSint64(value: number): void {
    if (value >= -0x4000_0000 && value <= 0x3fff_ffff) {
      this.putSint32(value);
      return;
    }
    const exact = BigInt(Math.trunc(Math.min(Math.max(value, -(2 ** 62)), 2 ** 62)));
    this.putExactInt64((exact << 1n) ^ (exact >> 63n));
  }

  putExactInt64(value: bigint): void {
    this.putHalves(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
  }

  /** A varint of 64 bits from its two unsigned halves. */
  putHalves(low: number, high: number): void {
    this.reserve(MAX_VARINT64_BYTES);
    this.end = putVarintHalves(this.buffer, this.end, low, high);
  }

  putFixed32(value: number): void {
    this.reserve(4);
    this.words.setUint32(this.end, value, true);
    this.end += 4;
  }

  putSfixed32(value: number): void {
    this.putFixed32(value);
  }

  putFixed64(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / TWO_32);
    this.buffer.writeUInt32LE((value - high * TWO_32) >>> 0, this.end);
    this.buffer.writeUInt32LE(high >>> 0, this.end + 4);
    this.end += 8;
  }

  putExactFixed64(value: bigint): void {
    this.reserve(8);
    this.end = this.buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.end);
  }

  putDouble(value: number): void {
    this.reserve(8);
    this.end = this.buffer.writeDoubleLE(value, this.end);
  }

  putBytes(value: Uint8Array): void {
    this.putUint32(value.length);
    this.putRaw(value);
  }

  /** Bytes as they are, without a length before them. */
  putRaw(value: Uint8Array): void {
    this.putPart(value, 0, value.length);
  }

  /** `length` bytes from `start` on, with their length before them. */
  putBytesOf(bytes: Uint8Array, start: number, length: number): void {
    this.putUint32(length);
    this.putPart(bytes, start, length);
  }

  private putPart(bytes: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    const { buffer, end } = this;
    if (length < MAX_COPIED_BY_HAND) for (let i = 0; i < length; i++) buffer[end + i] = bytes[start + i] as number;
    else buffer.set(start === 0 && length === bytes.length ? bytes : bytes.subarray(start, start + length), end);
    this.end = end + length;
  }

  putString(value: string): void {
    const length = value.length;
    // Short ASCII, the common case, is copied by hand: a native call costs more than the loop.
    if (length < MAX_COPIED_BY_HAND) {
      this.reserve(length + 1);
      const { buffer } = this;
      let at = this.end + 1;
      let index = 0;
      for (; index < length; index++) {
        const unit = value.charCodeAt(index);
        if (unit > 0x7f) break;
        buffer[at++] = unit;
      }
      if (index === length) {
        buffer[this.end] = length;
        this.end = at;
        return;
      }
    }
    const bytes = Buffer.byteLength(value, 'utf8');
    this.putUint32(bytes);
    this.reserve(bytes);
    this.end += this.buffer.write(value, this.end, bytes, 'utf8');
  }

  /**
   * Opens a length-delimited field; the answer goes to `finish`. `lengthBytes` is what its length will probably take
   * (`varintBytes`): where that is right, nothing has to be moved in the end.
   */
  begin(tag: number, lengthBytes = 1): number {
    this.putUint32(tag);
    return this.beginBare(lengthBytes);
  }

  /** Opens a length-delimited message that has no tag, as frames do. */
  beginBare(lengthBytes = 1): number {
    this.reserve(lengthBytes);
    const at = this.end;
    this.end += lengthBytes;
    return at;
  }

  /** Fills in the length of what was written since `begin`, moving it when its length takes another number of bytes. */
  finish(at: number, lengthBytes = 1): void {
    const from = at + lengthBytes;
    const length = this.end - from;
    if (length <= 0x7f && lengthBytes === 1) {
      this.buffer[at] = length;
      return;
    }
    this.move(from, at + varintBytes(length));
    putVarint32(this.buffer, at, length);
  }

  /** Moves what was written from `from` on to `to`. */
  private move(from: number, to: number): void {
    if (from === to) return;
    const length = this.end - from;
    if (to > from) this.reserve(to - from);
    const { buffer } = this;
    if (length >= MAX_MOVED_BY_HAND) buffer.copyWithin(to, from, this.end);
    else if (to < from) for (let i = 0; i < length; i++) buffer[to + i] = buffer[from + i] as number;
    else for (let i = length - 1; i >= 0; i--) buffer[to + i] = buffer[from + i] as number;
    this.end = to + length;
  }
}
