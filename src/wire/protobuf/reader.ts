// Reads protobuf from one buffer. Every length is checked against what is there before it is believed, nesting and
// the number of repeated elements are bounded, and a violation is a ProtocolError. Bytes come out as views of the
// input: whoever keeps them longer than the input lives copies them, or has `copies` set before reading.
import { ProtocolError } from '../../base/errors.ts';

/** Deepest nesting of messages; Hadoop's own messages stay below ten. */
export const MAX_MESSAGE_DEPTH = 64;
/** Most elements of repeated fields in one message tree of a file: the children of the largest directory and more. */
export const MAX_REPEATED_ELEMENTS = 16_000_000;
/**
 * The same for what a peer sends, where the sender chooses and everybody waits while it is read: the largest part of a
 * full block report in its old form.
 */
export const MAX_ELEMENTS_FROM_PEERS = 4_000_000;
/** What each message counts, beside being an element: it costs about so many times what a number does. */
const MESSAGE_WEIGHT = 2;
/** Shorter ASCII is put together letter by letter: a native call would take longer. */
const MAX_READ_BY_HAND = 10;

const TWO_32 = 0x1_0000_0000;

type ToText = (this: Buffer, start: number, end: number) => string;

/** What `toString` calls once it knows the encoding; Node does not promise that it is there. */
const toText: ToText =
  (Buffer.prototype as { readonly utf8Slice?: ToText }).utf8Slice ??
  function (this: Buffer, start, end) {
    return this.toString('utf8', start, end);
  };

export class ProtoReader {
  readonly buffer: Buffer;
  position: number;
  readonly limit: number;
  /** Bytes come out as copies: the input is overwritten soon. */
  copies = false;
  private depth = 0;
  private elementsLeft: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, maxElements = MAX_REPEATED_ELEMENTS) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.limit = end;
    this.elementsLeft = maxElements;
  }

  private fail(what: string): never {
    throw new ProtocolError(`malformed protobuf at offset ${this.position}: ${what}`);
  }

  private need(bytes: number): void {
    if (this.position + bytes > this.limit) this.fail(`${bytes} bytes expected, ${this.limit - this.position} left`);
  }

  tag(): number {
    const tag = this.getUint32();
    if (tag >>> 3 === 0) this.fail('field number 0');
    return tag;
  }

  getUint32(): number {
    const { buffer } = this;
    if (this.position < this.limit) {
      const first = buffer[this.position] as number;
      if (first < 0x80) {
        this.position++;
        return first;
      }
    }
    let result = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.limit) this.fail('number runs past the end');
      const byte = buffer[this.position++] as number;
      if (shift < 32) result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
    return this.fail('number of more than ten bytes');
  }

  getInt32(): number {
    return this.getUint32() | 0;
  }

  getSint32(): number {
    const value = this.getUint32();
    return (value >>> 1) ^ -(value & 1);
  }

  getBool(): boolean {
    return this.getInt64() !== 0;
  }

  private low = 0;
  private high = 0;

  private readHalves(): void {
    const { buffer } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.limit) this.fail('number runs past the end');
      const byte = buffer[this.position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high | 0;
        return;
      }
    }
    this.fail('number of more than ten bytes');
  }

  /** 64 bits as a signed number, as Java sees uint64 too; beyond 2^53 the nearest one. */
  getInt64(): number {
    this.readHalves();
    return this.high * TWO_32 + this.low;
  }

  getSint64(): number {
    const first = this.buffer[this.position] as number;
    if (first < 0x80 && this.position < this.limit) {
      this.position++;
      return (first >>> 1) ^ -(first & 1);
    }
    const value = this.getExactInt64();
    const unsigned = BigInt.asUintN(64, value);
    return Number((unsigned >> 1n) ^ -(unsigned & 1n));
  }

  /** 64 bits, signed, exact. */
  getExactInt64(): bigint {
    this.readHalves();
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  getFixed32(): number {
    this.need(4);
    const value = this.buffer.readUInt32LE(this.position);
    this.position += 4;
    return value;
  }

  getSfixed32(): number {
    return this.getFixed32() | 0;
  }

  getFixed64(): number {
    this.need(8);
    const low = this.buffer.readUInt32LE(this.position);
    const high = this.buffer.readInt32LE(this.position + 4);
    this.position += 8;
    return high * TWO_32 + low;
  }

  /** 64 bits, unsigned, exact: packed bit fields. */
  getExactFixed64(): bigint {
    this.need(8);
    const value = this.buffer.readBigUInt64LE(this.position);
    this.position += 8;
    return value;
  }

  getDouble(): number {
    this.need(8);
    const value = this.buffer.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  /** Reads a length and answers where that many bytes end; never beyond `end`. */
  lengthEnd(end: number): number {
    const length = this.getUint32();
    const stop = this.position + length;
    if (stop > end || stop > this.limit) this.fail(`length ${length} runs past the end`);
    return stop;
  }

  /** A view of the input, or a copy. */
  getBytes(end: number = this.limit): Uint8Array {
    const stop = this.lengthEnd(end);
    const view = this.buffer.subarray(this.position, stop);
    this.position = stop;
    return this.copies ? Buffer.from(view) : view;
  }

  getString(end: number = this.limit): string {
    const stop = this.lengthEnd(end);
    const { buffer } = this;
    const start = this.position;
    this.position = stop;
    if (stop - start < MAX_READ_BY_HAND) {
      let text = '';
      let at = start;
      for (; at < stop; at++) {
        const byte = buffer[at] as number;
        if (byte > 0x7f) break;
        text += String.fromCharCode(byte);
      }
      if (at === stop) return text;
    }
    return toText.call(buffer, start, stop);
  }

  message<T>(read: (reader: ProtoReader, end: number) => T, end: number): T {
    const stop = this.lengthEnd(end);
    // Also where a field that is not repeated comes again and again.
    this.countRepeated(MESSAGE_WEIGHT);
    if (++this.depth > MAX_MESSAGE_DEPTH) this.fail(`messages nested deeper than ${MAX_MESSAGE_DEPTH}`);
    const value = read(this, stop);
    this.depth--;
    return value;
  }

  countRepeated(weight = 1): void {
    this.elementsLeft -= weight;
    if (this.elementsLeft < 0) this.fail('too many repeated elements');
  }

  expectPosition(end: number): void {
    if (this.position !== end) this.fail(`a field runs past the end of its message (${end})`);
  }

  missing(message: string, field: string): never {
    throw new ProtocolError(`${message} lacks required field ${field}`);
  }

  /** Steps over a field that the schema does not know. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.readHalves();
        return;
      case 1:
        this.need(8);
        this.position += 8;
        return;
      case 2:
        this.position = this.lengthEnd(end);
        return;
      case 5:
        this.need(4);
        this.position += 4;
        return;
      default:
        this.fail(`wire type ${tag & 7} of field ${tag >>> 3}`);
    }
  }
}
