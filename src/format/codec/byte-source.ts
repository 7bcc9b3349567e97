// Bytes that come in chunks of any size, taken in pieces of the size that a format asks for; and the numbers of Java and of
// Hadoop's Writables in them. What a file announces is bounded before memory is made for it.
import { HdfsError } from '../../base/errors.ts';

/** Longest piece: a record, or a compressed block of them. */
export const MAX_PIECE_BYTES = 1024 * 1024 * 1024;

export function broken(message: string): HdfsError {
  return new HdfsError('EIO', message);
}

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async atEnd(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return true;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return false;
  }

  /** Exactly as many. */
  async take(length: number): Promise<Buffer> {
    if (length < 0 || length > MAX_PIECE_BYTES) throw broken(`A piece of ${length} bytes is announced`);
    const pieces: Uint8Array[] = [];
    for (let left = length; left > 0; ) {
      if (await this.atEnd()) throw broken('Premature EOF from inputStream');
      const piece = this.#chunk.subarray(this.#at, this.#at + left);
      pieces.push(piece);
      this.#at += piece.length;
      left -= piece.length;
    }
    return Buffer.concat(pieces, length);
  }

  async byte(): Promise<number> {
    if (await this.atEnd()) throw broken('Premature EOF from inputStream');
    return this.#chunk[this.#at++] ?? 0;
  }

  async int(): Promise<number> {
    return (await this.take(4)).readInt32BE();
  }

  /** A length as Hadoop's WritableUtils writes it. */
  async vint(): Promise<number> {
    const first = await this.byte();
    const more = vlongSize(first) - 1;
    return new ByteReader(Buffer.concat([Buffer.of(first), await this.take(more)])).vint();
  }

  /** As they come; undefined at the end. */
  async some(): Promise<Uint8Array | undefined> {
    if (await this.atEnd()) return undefined;
    const piece = this.#chunk.subarray(this.#at);
    this.#at = this.#chunk.length;
    return piece;
  }

  /** What is left. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let piece = await this.some(); piece !== undefined; piece = await this.some()) yield piece;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Bytes of a number of WritableUtils, from its first one. */
function vlongSize(first: number): number {
  const signed = (first << 24) >> 24;
  if (signed >= -112) return 1;
  return signed < -120 ? -119 - signed : -111 - signed;
}

export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length < 0 || length > this.left) throw broken(`A piece of ${length} bytes is announced where ${this.left} are left`);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  byte(): number {
    return this.take(1).readInt8();
  }

  short(): number {
    return this.take(2).readInt16BE();
  }

  int(): number {
    return this.take(4).readInt32BE();
  }

  long(): bigint {
    return this.take(8).readBigInt64BE();
  }

  /** Apache: WritableUtils.readVLong. */
  vlong(): bigint {
    const first = this.byte();
    if (first >= -112) return BigInt(first);
    let value = 0n;
    for (const byte of this.take(vlongSize(first) - 1)) value = (value << 8n) | BigInt(byte);
    return BigInt.asIntN(64, first < -120 ? ~value : value);
  }

  vint(): number {
    const value = this.vlong();
    if (value !== BigInt.asIntN(32, value)) throw broken('value too long to fit in integer');
    return Number(value);
  }

  /** Avro's: seven bits in each byte, the sign in the lowest. */
  zigzag(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (shift > 63n) throw broken('Invalid long encoding');
      const byte = this.take(1).readUInt8();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }
}
