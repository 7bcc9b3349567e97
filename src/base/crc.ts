// CRC32 and CRC32C over ranges of bytes, and the two sums of adjacent ranges combined without their bytes. A native
// implementation may be put in (host/node does, with @node-rs/crc32); the plain one beside it gives the same and is what
// remains where there is none.
//
// A packet of many chunks is verified with one native call: the CRC of the whole equals the linear combination of the
// chunks' sums, crc(A B) = shift(crc(A), length of B) ^ crc(B). Chunk by chunk is only asked to name the bad one.
import { assert } from './assert.ts';

export type CrcType = 'CRC32' | 'CRC32C';

/** Bytes of one sum in an array of sums, big-endian. */
export const CRC_BYTES = 4;

/** A CRC over all of `bytes`, going on from `previous`. */
export type CrcFunction = (bytes: Uint8Array, previous?: number) => number;

export interface NativeCrc {
  readonly crc32: CrcFunction;
  readonly crc32c: CrcFunction;
}

/** Below this many bytes a native call, and the view that it takes, cost more than they save. */
const NATIVE_FROM_BYTES = 192;
/** Different chunk lengths whose shift tables are kept; HDFS uses one or two. */
const MAX_SHIFT_TABLES = 16;

/** Polynomial x^32 + ... bit-reversed, and the tables that follow from it. */
class Crc {
  readonly polynomial: number;
  native: CrcFunction | undefined;
  /** table[k * 256 + b]: byte b followed by k zero bytes. */
  private readonly table = new Int32Array(8 * 256);
  /** powers[k]: x^(2^k) modulo the polynomial. */
  private readonly powers = new Int32Array(32);
  private readonly shiftTables = new Map<number, Int32Array>();

  constructor(polynomial: number) {
    this.polynomial = polynomial | 0;
    const { table } = this;
    for (let byte = 0; byte < 256; byte++) {
      let c = byte;
      for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ this.polynomial : c >>> 1;
      table[byte] = c;
    }
    for (let i = 256; i < table.length; i++) {
      const before = table[i - 256] as number;
      table[i] = (table[before & 255] as number) ^ (before >>> 8);
    }
    let power = 1 << 30; // x
    for (let k = 0; k < 32; k++) {
      this.powers[k] = power;
      power = this.multiply(power, power);
    }
  }

  /** Product of two polynomials modulo ours. */
  private multiply(a: number, b: number): number {
    let product = 0;
    let factor = b;
    for (let bit = 31; bit >= 0; bit--) {
      if ((a >>> bit) & 1) product ^= factor;
      factor = factor & 1 ? (factor >>> 1) ^ this.polynomial : factor >>> 1;
    }
    return product;
  }

  /** Going on from `previous` over bytes[start, end). */
  of(bytes: Uint8Array, start: number, end: number, previous: number): number {
    if (this.native !== undefined && end - start >= NATIVE_FROM_BYTES) {
      const range = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
      return this.native(range, previous);
    }
    return this.plain(bytes, start, end, previous);
  }

  plain(bytes: Uint8Array, start: number, end: number, previous: number): number {
    const { table } = this;
    let c = ~previous;
    let at = start;
    for (; at + 8 <= end; at += 8) {
      c ^=
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
      c =
        (table[0x700 | (c & 255)] as number) ^
        (table[0x600 | ((c >>> 8) & 255)] as number) ^
        (table[0x500 | ((c >>> 16) & 255)] as number) ^
        (table[0x400 | (c >>> 24)] as number) ^
        (table[0x300 | (bytes[at + 4] as number)] as number) ^
        (table[0x200 | (bytes[at + 5] as number)] as number) ^
        (table[0x100 | (bytes[at + 6] as number)] as number) ^
        (table[bytes[at + 7] as number] as number);
    }
    for (; at < end; at++) c = (table[(c ^ (bytes[at] as number)) & 255] as number) ^ (c >>> 8);
    return ~c >>> 0;
  }

  /** The sum after `length` more zero bytes, without the bytes' own share. */
  shift(crc: number, length: number): number {
    let power = 1 << 31; // 1
    let rest = length;
    // x^(8 * length): bit k of length stands for x^(2^(k + 3)), and powers repeat after 32 of them, as x^(2^32) = x.
    for (let k = 3; rest > 0; k++) {
      if (rest % 2 === 1) power = this.multiply(this.powers[k & 31] as number, power);
      rest = Math.floor(rest / 2);
    }
    return this.multiply(power, crc | 0) >>> 0;
  }

  /** `shift` by one length for each of the four bytes of a sum: 4 look-ups instead of 64 steps. */
  shiftTable(length: number): Int32Array {
    let table = this.shiftTables.get(length);
    if (table === undefined) {
      table = new Int32Array(4 * 256);
      for (let i = 0; i < table.length; i++) table[i] = this.shift((i & 255) << ((i >>> 8) * 8), length);
      if (this.shiftTables.size < MAX_SHIFT_TABLES) this.shiftTables.set(length, table);
    }
    return table;
  }
}

const CRCS: Readonly<Record<CrcType, Crc>> = { CRC32: new Crc(0xedb88320), CRC32C: new Crc(0x82f63b78) };

/** Puts in an implementation, or takes it out; it must give what the plain one gives, which is checked on one example. */
export function useNativeCrc(native: NativeCrc | undefined): void {
  const example = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
  for (const [type, fn] of [['CRC32', native?.crc32] as const, ['CRC32C', native?.crc32c] as const]) {
    const crc = CRCS[type];
    assert(
      fn === undefined || fn(example, 5) >>> 0 === crc.plain(example, 0, example.length, 5),
      `the native ${type} is wrong`,
    );
    crc.native = fn;
  }
}

/** CRC of bytes[start, end), going on from the sum `previous`. Unsigned. */
export function crcOfBytes(type: CrcType, bytes: Uint8Array, start = 0, end: number = bytes.length, previous = 0): number {
  return CRCS[type].of(bytes, start, end, previous);
}

/** The polynomial of Ethernet, zlib and Hadoop's edit log. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length, previous = 0): number {
  return CRCS.CRC32.of(bytes, start, end, previous);
}

/** Castagnoli's polynomial, HDFS' default for blocks. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, previous = 0): number {
  return CRCS.CRC32C.of(bytes, start, end, previous);
}

/** The sum of A followed by B, from the sum of each and the length of B. */
export function combineCrc(type: CrcType, crcOfA: number, crcOfB: number, lengthOfB: number): number {
  return (CRCS[type].shift(crcOfA, lengthOfB) ^ crcOfB) >>> 0;
}

/** How many chunks `bytes` bytes have; the last may be shorter. */
export function chunkCount(bytes: number, bytesPerChecksum: number): number {
  return Math.ceil(bytes / bytesPerChecksum);
}

const read32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);

/** Writes the sums of the chunks of `data`, big-endian, from out[at] on. Answers where they end. */
export function writeChunkSums(type: CrcType, data: Uint8Array, bytesPerChecksum: number, out: Uint8Array, at = 0): number {
  const crc = CRCS[type];
  const end = data.length;
  let to = at;
  for (let start = 0; start < end; start += bytesPerChecksum) {
    const sum = crc.of(data, start, Math.min(start + bytesPerChecksum, end), 0);
    out[to] = sum >>> 24;
    out[to + 1] = sum >>> 16;
    out[to + 2] = sum >>> 8;
    out[to + 3] = sum;
    to += CRC_BYTES;
  }
  return to;
}

/** As writeChunkSums, for the first `count` of chunks that lie apart: who has views of them anyway saves making them. */
export function writeSums(type: CrcType, chunks: readonly Uint8Array[], count: number, out: Uint8Array, at = 0): number {
  const crc = CRCS[type];
  let to = at;
  for (let i = 0; i < count; i++) {
    const chunk = chunks[i] as Uint8Array;
    const sum = crc.of(chunk, 0, chunk.length, 0);
    out[to] = sum >>> 24;
    out[to + 1] = sum >>> 16;
    out[to + 2] = sum >>> 8;
    out[to + 3] = sum;
    to += CRC_BYTES;
  }
  return to;
}

/**
 * Index of the first chunk of `data` whose sum in sums[at...] (big-endian) is wrong, or -1. Sums that are missing make
 * their chunk a bad one.
 */
export function firstBadChunk(type: CrcType, data: Uint8Array, sums: Uint8Array, bytesPerChecksum: number, at = 0): number {
  const crc = CRCS[type];
  const length = data.length;
  const chunks = chunkCount(length, bytesPerChecksum);
  if (sums.length - at < chunks * CRC_BYTES) return eachChunk(crc, data, sums, bytesPerChecksum, at);
  if (chunks <= 1 || crc.native === undefined) return eachChunk(crc, data, sums, bytesPerChecksum, at);
  // Two wrong sums could cancel out only if an error is a multiple of the polynomial over the whole: as likely as a
  // wrong chunk whose own sum fits.
  const table = crc.shiftTable(bytesPerChecksum);
  const whole = Math.floor(length / bytesPerChecksum);
  let combined = 0;
  let from = at;
  for (let chunk = 0; chunk < whole; chunk++, from += CRC_BYTES) {
    combined =
      (table[combined & 255] as number) ^
      (table[0x100 | ((combined >>> 8) & 255)] as number) ^
      (table[0x200 | ((combined >>> 16) & 255)] as number) ^
      (table[0x300 | (combined >>> 24)] as number) ^
      read32(sums, from);
  }
  const rest = length - whole * bytesPerChecksum;
  if (rest > 0) combined = crc.shift(combined, rest) ^ read32(sums, from);
  if (crc.of(data, 0, length, 0) === combined >>> 0) return -1;
  return eachChunk(crc, data, sums, bytesPerChecksum, at);
}

function eachChunk(crc: Crc, data: Uint8Array, sums: Uint8Array, bytesPerChecksum: number, at: number): number {
  let from = at;
  for (let start = 0, chunk = 0; start < data.length; start += bytesPerChecksum, chunk++, from += CRC_BYTES) {
    if (from + CRC_BYTES > sums.length) return chunk;
    const sum = crc.of(data, start, Math.min(start + bytesPerChecksum, data.length), 0);
    if (sum !== read32(sums, from) >>> 0) return chunk;
  }
  return -1;
}
