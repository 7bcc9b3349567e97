// The growing buffer that edit log records are packed into: Java's DataOutputStream and Hadoop's Writables, no more.
// What an op consists of is in op-bodies-write.ts, how records are framed in encoder.ts. A text that is too long for the
// log came with a request: it is that request's fault, an HdfsError, and the encoder's user takes back what was put.
import { assert } from '../../base/assert.ts';
import { crc32 } from '../../base/crc.ts';
import { HdfsError } from '../../base/errors.ts';

const TWO_32 = 0x1_0000_0000;
const LONG_END = 2 ** 63;

/** Longest string that a two-byte length can announce. */
export const MAX_UTF8_BYTES = 0xffff;
/** Apache: Text.DEFAULT_MAX_LEN, the bound of user and group names in the log. */
export const MAX_TEXT_BYTES = 1024 * 1024;

const tooLong = (text: string, length: number, limit: number): HdfsError =>
  new HdfsError('EIO', `The edit log takes no text of ${length} bytes, ${limit} at most: ${text.slice(0, 60)}...`);

export class OpBuffer {
  private bytes: Buffer;
  private view: DataView;
  private end = 0;

  constructor(initialBytes = 64 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  get length(): number {
    return this.end;
  }

  get capacity(): number {
    return this.bytes.length;
  }

  /** Forgets what stands after `length`. */
  truncate(length: number): void {
    assert(length >= 0 && length <= this.end, 'truncated within the content');
    this.end = length;
  }

  /** The bytes from `start` to `end` without a copy: valid until the buffer is written to again. */
  slice(start = 0, end = this.end): Buffer {
    return this.bytes.subarray(start, end);
  }

  /** Of the bytes from `start` to `end`. */
  crc32(start: number, end: number): number {
    return crc32(this.bytes, start, end);
  }

  reserve(count: number): void {
    const needed = this.end + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  putByte(value: number): void {
    this.reserve(1);
    this.bytes[this.end++] = value;
  }

  putShort(value: number): void {
    this.reserve(2);
    this.view.setInt16(this.end, value);
    this.end += 2;
  }

  putInt(value: number): void {
    this.reserve(4);
    this.view.setInt32(this.end, value);
    this.end += 4;
  }

  /** Overwrites four bytes that were put before. */
  patchInt(position: number, value: number): void {
    this.view.setInt32(position, value);
  }

  /** 64 bits from a number; those beyond a Java long are clamped to its ends. */
  putLong(value: number): void {
    this.reserve(8);
    const { view, end } = this;
    this.end = end + 8;
    if (value >= LONG_END) {
      view.setUint32(end, 0x7fffffff);
      view.setUint32(end + 4, 0xffffffff);
      return;
    }
    const high = Math.max(Math.floor(value / TWO_32), -0x80000000);
    view.setInt32(end, high);
    view.setInt32(end + 4, value - high * TWO_32);
  }

  putExactLong(value: bigint): void {
    this.reserve(8);
    this.view.setBigInt64(this.end, value);
    this.end += 8;
  }

  /**
   * Hadoop's old UTF8 (DeprecatedUTF8): a two-byte length, then every UTF-16 unit on its own in one to three bytes, so
   * that a character beyond the basic plane takes six.
   */
  putUtf8(text: string): void {
    const count = text.length;
    this.reserve(2 + count * 3);
    const { bytes } = this;
    const start = this.end + 2;
    let at = start;
    for (let i = 0; i < count; i++) {
      const unit = text.charCodeAt(i);
      if (unit <= 0x7f) bytes[at++] = unit;
      else if (unit <= 0x7ff) {
        bytes[at++] = 0xc0 | (unit >> 6);
        bytes[at++] = 0x80 | (unit & 0x3f);
      } else {
        bytes[at++] = 0xe0 | (unit >> 12);
        bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
        bytes[at++] = 0x80 | (unit & 0x3f);
      }
    }
    const length = at - start;
    if (length > MAX_UTF8_BYTES) throw tooLong(text, length, MAX_UTF8_BYTES);
    bytes[this.end] = length >> 8;
    bytes[this.end + 1] = length & 0xff;
    this.end = at;
  }

  /** Hadoop's Text: a VInt length, then UTF-8. */
  putText(text: string): void {
    const count = text.length;
    if (count <= 127) {
      // Names of users and groups: short and nearly always ASCII.
      this.reserve(1 + count);
      const { bytes } = this;
      let at = this.end + 1;
      let i = 0;
      for (; i < count; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[at++] = unit;
      }
      if (i === count) {
        bytes[this.end] = count;
        this.end = at;
        return;
      }
    }
    const length = Buffer.byteLength(text, 'utf8');
    if (length > MAX_TEXT_BYTES) throw tooLong(text, length, MAX_TEXT_BYTES);
    this.putVLong(length);
    this.reserve(length);
    this.end += this.bytes.write(text, this.end, length, 'utf8');
  }

  /** Apache: WritableUtils.writeVLong; writeVInt writes the same. */
  putVLong(value: number): void {
    if (value >= -112 && value <= 127) {
      this.putByte(value);
      return;
    }
    const negative = value < 0;
    let magnitude = negative ? -(value + 1) : value;
    if (magnitude >= LONG_END) {
      this.reserve(9);
      this.putByte(negative ? -128 : -120);
      this.putLong(LONG_END);
      return;
    }
    let count = 0;
    for (let rest = magnitude; rest >= 1; rest = Math.floor(rest / 256)) count++;
    if (count === 0) count = 1;
    this.reserve(1 + count);
    this.bytes[this.end] = (negative ? -120 : -112) - count;
    for (let at = this.end + count; at > this.end; at--) {
      this.bytes[at] = magnitude % 256;
      magnitude = Math.floor(magnitude / 256);
    }
    this.end += 1 + count;
  }

  /** Bytes as they are, without a length before them. */
  putRaw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.end);
    this.end += value.length;
  }
}
