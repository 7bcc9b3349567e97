// Varints put into memory where the caller has made room (ProtoWriter.room). Each answers the position behind what it wrote.

const TWO_32 = 0x1_0000_0000;

/** Longest varint of a number below 2^32, and of any. */
export const MAX_VARINT32_BYTES = 5;
export const MAX_VARINT64_BYTES = 10;

/** Bytes that a number below 2^32 takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}

/** Bytes that a whole number from 0 to 2^53 takes. */
export function varint64Bytes(value: number): number {
  let bytes = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** A number from 0 to 2^32 - 1. */
export function putVarint32(buffer: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest > 0x7f) {
    buffer[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[end++] = rest;
  return end;
}

/** A whole number as ProtoWriter.putInt64 takes it. */
export function putVarint64(buffer: Buffer, at: number, value: number): number {
  if (value >= 0 && value < TWO_32) return putVarint32(buffer, at, value);
  if (value >= 2 ** 63) return putVarintHalves(buffer, at, 0xffffffff, 0x7fffffff);
  if (value <= -(2 ** 63)) return putVarintHalves(buffer, at, 0, 0x80000000);
  const high = Math.floor(value / TWO_32);
  return putVarintHalves(buffer, at, value - high * TWO_32, high >>> 0);
}

/** 64 bits from two unsigned halves. */
export function putVarintHalves(buffer: Buffer, at: number, low: number, high: number): number {
  let end = at;
  let lo = low >>> 0;
  let hi = high >>> 0;
  while (hi !== 0) {
    buffer[end++] = (lo & 0x7f) | 0x80;
    lo = ((lo >>> 7) | (hi << 25)) >>> 0;
    hi >>>= 7;
  }
  return putVarint32(buffer, end, lo);
}
