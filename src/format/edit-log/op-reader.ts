// Reads the fields of one edit log record: the counterpart of op-buffer.ts. Every length is checked against the record
// before it is believed; a violation is a ProtocolError. What it hands out is copied, so the record's memory may be reused.
import { ProtocolError } from '../../base/errors.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { MAX_TEXT_BYTES } from './op-buffer.ts';

const TWO_32 = 0x1_0000_0000;

export class OpReader {
  private buffer: Buffer = Buffer.alloc(0);
  position = 0;
  /** Of the segment: older ones lack some fields. */
  layoutVersion = NAMENODE_LAYOUT_VERSION;
  private end = 0;

  /** Reads `buffer` from `start` to `end` from now on. */
  reset(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  fail(what: string): never {
    throw new ProtocolError(what);
  }

  private take(count: number): number {
    const at = this.position;
    if (count > this.end - at) this.fail(`${count} bytes expected, ${this.end - at} left`);
    this.position = at + count;
    return at;
  }

  getByte(): number {
    return this.buffer[this.take(1)] as number;
  }

  getSignedByte(): number {
    return this.buffer.readInt8(this.take(1));
  }

  getBoolean(): boolean {
    return this.getByte() !== 0;
  }

  getShort(): number {
    return this.buffer.readInt16BE(this.take(2));
  }

  getUnsignedShort(): number {
    return this.buffer.readUInt16BE(this.take(2));
  }

  getInt(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  /** An int that counts elements of at least `elementBytes` each. */
  getCount(elementBytes: number): number {
    const count = this.getInt();
    if (count < 0 || count * elementBytes > this.remaining) this.fail(`${count} elements in ${this.remaining} bytes`);
    return count;
  }

  /** 64 bits as a number; beyond 2^53 the nearest one. */
  getLong(): number {
    const at = this.take(8);
    return this.buffer.readInt32BE(at) * TWO_32 + this.buffer.readUInt32BE(at + 4);
  }

  getExactLong(): bigint {
    return this.buffer.readBigInt64BE(this.take(8));
  }

  getVLong(): number {
    const first = this.getSignedByte();
    if (first >= -112) return first;
    const negative = first < -120;
    const count = negative ? -120 - first : -112 - first;
    const at = this.take(count);
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + (this.buffer[at + i] as number);
    return negative ? -value - 1 : value;
  }

  /** A VInt that counts elements of at least `elementBytes` each. */
  getVCount(elementBytes: number): number {
    const count = this.getVLong();
    if (count < 0 || count * elementBytes > this.remaining) this.fail(`${count} elements in ${this.remaining} bytes`);
    return count;
  }

  /** A copy. */
  getBytes(count: number): Uint8Array {
    const at = this.take(count);
    const copy = new Uint8Array(count);
    copy.set(this.buffer.subarray(at, at + count));
    return copy;
  }

  /** Whether the next bytes are those; steps over them when they are. */
  skipIfEqual(bytes: Uint8Array): boolean {
    const { buffer, position } = this;
    if (bytes.length > this.end - position) return false;
    for (let i = 0; i < bytes.length; i++) if (buffer[position + i] !== bytes[i]) return false;
    this.position = position + bytes.length;
    return true;
  }

  /** A copy of what was read since `start`. */
  since(start: number): Uint8Array {
    return new Uint8Array(this.buffer.subarray(start, this.position));
  }

  /** A delimited protobuf message, as a view of the record. */
  getDelimited(): Buffer {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.getByte();
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      if (shift >= 28) this.fail('length of more than five bytes');
    }
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  /** Hadoop's old UTF8: see OpBuffer.putUtf8. */
  getUtf8(): string {
    const length = this.getUnsignedShort();
    const start = this.take(length);
    const { buffer, position: stop } = this;
    let at = start;
    while (at < stop && (buffer[at] as number) <= 0x7f) at++;
    if (at === stop) return buffer.toString('latin1', start, stop);
    return this.utf16Units(start, stop);
  }

  private utf16Units(start: number, stop: number): string {
    const { buffer } = this;
    const pieces: string[] = [];
    let units: number[] = [];
    const continuation = (at: number): number => {
      if (at >= stop) this.fail('a character runs past the end of its string');
      return (buffer[at] as number) & 0x3f;
    };
    for (let at = start; at < stop; ) {
      const byte = buffer[at] as number;
      if (byte < 0x80) {
        units.push(byte);
        at += 1;
      } else if ((byte & 0xe0) === 0xc0) {
        units.push(((byte & 0x1f) << 6) | continuation(at + 1));
        at += 2;
      } else if ((byte & 0xf0) === 0xe0) {
        units.push(((byte & 0x0f) << 12) | (continuation(at + 1) << 6) | continuation(at + 2));
        at += 3;
      } else if ((byte & 0xf8) === 0xf0) {
        const high = ((byte & 0x07) << 18) | (continuation(at + 1) << 12);
        const point = (high | (continuation(at + 2) << 6) | continuation(at + 3)) - 0x10000;
        units.push(0xd800 + ((point >> 10) & 0x3ff), 0xdc00 + (point & 0x3ff));
        at += 4;
      } else this.fail(`byte 0x${byte.toString(16)} cannot begin a character`);
      if (units.length > 1000) {
        pieces.push(String.fromCharCode(...units));
        units = [];
      }
    }
    pieces.push(String.fromCharCode(...units));
    return pieces.join('');
  }

  /** Hadoop's Text: a VInt length, then UTF-8. */
  getText(): string {
    const length = this.getVLong();
    if (length < 0 || length > MAX_TEXT_BYTES) this.fail(`text of ${length} bytes`);
    const at = this.take(length);
    return this.buffer.toString('utf8', at, at + length);
  }
}
