// What files of a simulated run hold: bytes made from the file's key and their offset, so that none need be kept. From
// any eight of them, aligned, the key can be read back: whose bytes a reader got is known without asking where.

function mix(x: number): number {
  let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

const WORD = 8;
const first = (key: number, index: number): number => (key ^ mix(index + 0x9e3779b9)) >>> 0;
const second = (key: number, index: number): number => mix(mix(index ^ 0x51ed270b) ^ Math.imul(key, 0x27d4eb2f));

/** The bytes from `offset` on of the file with that key. */
export function contentOf(key: number, offset: number, length: number): Buffer {
  const from = Math.floor(offset / WORD);
  const to = Math.ceil((offset + length) / WORD);
  const words = Buffer.alloc((to - from) * WORD);
  for (let index = from; index < to; index++) {
    words.writeUInt32LE(first(key, index), (index - from) * WORD);
    words.writeUInt32LE(second(key, index), (index - from) * WORD + 4);
  }
  return words.subarray(offset - from * WORD, offset - from * WORD + length);
}

/** Key of the file that bytes at `offset` belong to; undefined when no aligned word of any file is at their beginning. */
export function keyOf(bytes: Uint8Array, offset: number): number | undefined {
  const skip = (WORD - (offset % WORD)) % WORD;
  if (bytes.length < skip + WORD) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + skip, WORD);
  const index = (offset + skip) / WORD;
  const key = first(view.getUint32(0, true), index);
  return view.getUint32(4, true) === second(key, index) ? key : undefined;
}

/** Offset in the file of the first byte that is not the file's, or -1. */
export function firstWrongByte(key: number, offset: number, bytes: Uint8Array): number {
  const expected = contentOf(key, offset, bytes.length);
  if (expected.equals(bytes)) return -1;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== expected[i]) return offset + i;
  return -1;
}
