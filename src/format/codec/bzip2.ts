// bzip2, as its format is known: Huffman tables and move-to-front lists over a Burrows–Wheeler transform of runs, block after
// block and stream after stream. A block is at most 900,000 bytes, so memory is bounded. Apache: CBZip2InputStream.

import { type ByteSource, broken } from './byte-source.ts';
import { derandomize } from './bzip2-random.ts';

const STREAM_MAGIC = 0x425a68;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const BLOCK_STEP = 100_000;
/** Symbols between two choices of a table. */
const GROUP = 50;
const MAX_SELECTORS = 18_002;
const MAX_CODE_BITS = 20;
/** What a run counts in. */
const RUN_A = 0;
const RUN_B = 1;

const CRC = new Int32Array(256).map((_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** Bits, the highest first, out of bytes that may have to be waited for. */
class BitSource {
  readonly #source: ByteSource;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bits that can be had without waiting. */
  get ready(): number {
    return this.#count + 8 * (this.#bytes.length - this.#at);
  }

  /** Waits until so many bits are there, or all that will come. */
  async fill(bits: number): Promise<void> {
    while (this.ready < bits) {
      const more = await this.#source.some();
      if (more === undefined) return;
      const left = this.#bytes.subarray(this.#at);
      this.#bytes = left.length === 0 ? more : Buffer.concat([left, more]);
      this.#at = 0;
    }
  }

  /** At most 24. */
  take(bits: number): number {
    while (this.#count < bits) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw broken('A bzip2 stream ends early');
      this.#held = ((this.#held & 0xffffff) << 8) | byte;
      this.#count += 8;
    }
    this.#count -= bits;
    return (this.#held >>> this.#count) & ((1 << bits) - 1);
  }

  long(bits: 32 | 48): number {
    const high = this.take(bits - 24);
    return high * 2 ** 24 + this.take(24);
  }

  align(): void {
    this.#count -= this.#count % 8;
  }
}

/** A canonical Huffman code: the longest code of each length, and its symbols in order. */
interface Table {
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
  readonly shortest: number;
}

function tableOf(lengths: Uint8Array): Table {
  const symbols = new Uint16Array(lengths.length);
  const limit = new Int32Array(MAX_CODE_BITS + 2).fill(-1);
  const base = new Int32Array(MAX_CODE_BITS + 2);
  let shortest = 0;
  let index = 0;
  let code = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    const first = index;
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] === bits) symbols[index++] = symbol;
    if (index > first) {
      if (shortest === 0) shortest = bits;
      base[bits] = code - first;
      code += index - first;
      limit[bits] = code - 1;
    }
    code *= 2;
  }
  return { limit, base, symbols, shortest };
}

function symbolOf(bits: BitSource, { limit, base, symbols, shortest }: Table): number {
  let length = shortest;
  let code = bits.take(length);
  while (code > (limit[length] as number)) {
    if (++length > MAX_CODE_BITS) throw broken('A bzip2 block has a code that means nothing');
    code = (code << 1) | bits.take(1);
  }
  const symbol = symbols[code - (base[length] as number)];
  if (symbol === undefined) throw broken('A bzip2 block has a code that means nothing');
  return symbol;
}

function readUsed(bits: BitSource): Uint8Array {
  const used: number[] = [];
  const groups = bits.take(16);
  for (let group = 0; group < 16; group++) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const members = bits.take(16);
    for (let member = 0; member < 16; member++) if ((members & (0x8000 >> member)) !== 0) used.push(16 * group + member);
  }
  if (used.length === 0) throw broken('A bzip2 block uses no bytes');
  return Uint8Array.from(used);
}

/** Moves the entry to the front and answers it. */
function toFront(list: Uint8Array, index: number): number {
  const value = list[index];
  if (value === undefined) throw broken('A bzip2 block points outside');
  list.copyWithin(1, 0, index);
  list[0] = value;
  return value;
}

function readSelectors(bits: BitSource, tables: number): Uint8Array {
  const count = bits.take(15);
  if (count === 0) throw broken('A bzip2 block has no tables');
  const order = Uint8Array.from({ length: tables }, (_, table) => table);
  const selectors = new Uint8Array(Math.min(count, MAX_SELECTORS));
  for (let i = 0; i < count; i++) {
    let index = 0;
    while (bits.take(1) === 1) if (++index >= tables) throw broken('A bzip2 block chooses no table');
    const table = toFront(order, index);
    // More than a block can need are passed over.
    if (i < selectors.length) selectors[i] = table;
  }
  return selectors;
}

function readTable(bits: BitSource, symbols: number): Table {
  const lengths = new Uint8Array(symbols);
  let length = bits.take(5);
  for (let symbol = 0; symbol < symbols; symbol++) {
    while (length >= 1 && length <= MAX_CODE_BITS && bits.take(1) === 1) length += bits.take(1) === 0 ? 1 : -1;
    if (length < 1 || length > MAX_CODE_BITS) throw broken('A bzip2 block has a code of no length');
    lengths[symbol] = length;
  }
  return tableOf(lengths);
}

/** The bytes of a block in the order of the transform, each with room for its successor above; and how many. */
function readTransformed(bits: BitSource, maxBytes: number): { readonly links: Uint32Array; readonly length: number } {
  const used = readUsed(bits);
  const end = used.length + 1;
  const tableCount = bits.take(3);
  if (tableCount < 2 || tableCount > 6) throw broken('A bzip2 block has no tables');
  const selectors = readSelectors(bits, tableCount);
  const tables = Array.from({ length: tableCount }, () => readTable(bits, end + 1));
  const links = new Uint32Array(maxBytes);
  let length = 0;
  let run = 0;
  let weight = 1;
  let group = 0;
  let left = 0;
  let table = tables[0] as Table;
  for (;;) {
    if (left === 0) {
      const selected = selectors[group++];
      if (selected === undefined) throw broken('A bzip2 block is longer than it says');
      table = tables[selected] as Table;
      left = GROUP;
    }
    left--;
    const symbol = symbolOf(bits, table);
    if (symbol === RUN_A || symbol === RUN_B) {
      if (weight > maxBytes) throw broken('A bzip2 block is too long');
      run += weight << symbol;
      weight *= 2;
      continue;
    }
    if (run > 0) {
      if (length + run > maxBytes) throw broken('A bzip2 block is too long');
      links.fill(used[0] as number, length, length + run);
      length += run;
      run = 0;
      weight = 1;
    }
    if (symbol === end) return { links, length };
    if (length >= maxBytes) throw broken('A bzip2 block is too long');
    links[length++] = toFront(used, symbol - 1);
  }
}

/** The bytes in their own order: of those that look alike, each stands before the one it is followed by. */
function untransform(links: Uint32Array, length: number, origin: number): Uint8Array {
  if (origin >= length) throw broken('A bzip2 block begins outside');
  const place = new Uint32Array(257);
  for (let i = 0; i < length; i++) {
    const after = ((links[i] as number) & 0xff) + 1;
    place[after] = (place[after] as number) + 1;
  }
  for (let byte = 0; byte < 256; byte++) place[byte + 1] = (place[byte + 1] as number) + (place[byte] as number);
  for (let i = 0; i < length; i++) {
    const byte = (links[i] as number) & 0xff;
    const at = place[byte] as number;
    place[byte] = at + 1;
    links[at] = ((links[at] as number) | (i << 8)) >>> 0;
  }
  const bytes = new Uint8Array(length);
  let link = (links[origin] as number) >>> 8;
  for (let i = 0; i < length; i++) {
    const entry = links[link] as number;
    bytes[i] = entry & 0xff;
    link = entry >>> 8;
  }
  return bytes;
}

/** Four alike are followed by how many more there are. In pieces, since a block may hold 255 times as much. */
function* unrun(bytes: Uint8Array, sum: { crc: number }): Generator<Buffer> {
  const room = 256 * 1024;
  let piece = Buffer.allocUnsafe(room + 260);
  let size = 0;
  let crc = -1;
  let same = 0;
  let last = -1;
  const put = (byte: number): void => {
    piece[size++] = byte;
    crc = (crc << 8) ^ (CRC[(crc >>> 24) ^ byte] as number);
  };
  for (const byte of bytes) {
    if (same === 4) {
      for (let i = 0; i < byte; i++) put(last);
      same = 0;
      last = -1;
    } else {
      same = byte === last ? same + 1 : 1;
      last = byte;
      put(byte);
    }
    if (size >= room) {
      yield piece.subarray(0, size);
      piece = Buffer.allocUnsafe(room + 260);
      size = 0;
    }
  }
  sum.crc = ~crc >>> 0;
  if (size > 0) yield piece.subarray(0, size);
}

/** What a packed block can take at most, and its tables: about what it holds, and as much again. */
const packedBits = (blockBytes: number): number => 8 * (2 * blockBytes + 32 * 1024);

export async function* unpackBzip2(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const bits = new BitSource(source);
  for (let streams = 0; ; streams++) {
    await bits.fill(32);
    if (streams > 0 && bits.ready < 8) return;
    if (bits.take(24) !== STREAM_MAGIC) throw broken('Stream is not BZip2 formatted');
    const level = bits.take(8) - 0x30;
    if (level < 1 || level > 9) throw broken('Stream is not BZip2 formatted');
    const blockBytes = level * BLOCK_STEP;
    let combined = 0;
    for (;;) {
      await bits.fill(packedBits(blockBytes));
      const magic = bits.long(48);
      const crc = bits.long(32);
      if (magic === END_MAGIC) {
        if (crc !== combined) throw broken('A bzip2 stream has a wrong checksum');
        break;
      }
      if (magic !== BLOCK_MAGIC) throw broken('bad block header');
      const randomized = bits.take(1) === 1;
      const origin = bits.take(24);
      const { links, length } = readTransformed(bits, blockBytes);
      const sum = { crc: 0 };
      const bytes = untransform(links, length, origin);
      if (randomized) derandomize(bytes);
      yield* unrun(bytes, sum);
      if (sum.crc !== crc) throw broken('A bzip2 block has a wrong checksum');
      combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
    }
    bits.align();
  }
}
