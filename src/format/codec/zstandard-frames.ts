// Cuts Zstandard's frames apart: a chunk that goes out never holds the end of one and the beginning of the next. Node 22 takes
// what stands behind a frame in the same chunk for nothing, and says so to nobody. RFC 8878.
import { ByteSource, broken } from './byte-source.ts';

const MAGIC = 0xfd2fb528;
const SKIPPED_MAGIC = 0x184d2a50;
const MAX_BLOCK_BYTES = 128 * 1024;

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;

/** Bytes of a header behind its first byte. */
function headerBytes(descriptor: number): number {
  const isSingle = (descriptor & 0x20) !== 0;
  const size = descriptor >> 6 === 0 && isSingle ? 1 : (SIZE_BYTES[descriptor >> 6] ?? 0);
  return (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + size;
}

export async function* zstandardFrames(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = new ByteSource(packed);
  while (!(await source.atEnd())) {
    const magic = await source.take(4);
    const number = magic.readUInt32LE();
    if ((number & 0xfffffff0) >>> 0 === SKIPPED_MAGIC) {
      for (let left = (await source.take(4)).readUInt32LE(); left > 0; ) {
        left -= (await source.take(Math.min(left, MAX_BLOCK_BYTES))).length;
      }
      continue;
    }
    if (number !== MAGIC) throw broken('Stream is not Zstandard formatted');
    const descriptor = await source.byte();
    yield Buffer.concat([magic, Buffer.of(descriptor), await source.take(headerBytes(descriptor))]);
    for (let isLast = false; !isLast; ) {
      const head = await source.take(3);
      const word = head.readUIntLE(0, 3);
      isLast = (word & 1) === 1;
      // A block of one byte that is repeated has just that byte.
      const length = ((word >> 1) & 3) === 1 ? 1 : word >> 3;
      if (length > MAX_BLOCK_BYTES) throw broken('A Zstandard block is too long');
      const sum = isLast && (descriptor & 4) !== 0 ? 4 : 0;
      yield Buffer.concat([head, await source.take(length + sum)]);
    }
  }
}
