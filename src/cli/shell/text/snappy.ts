// Snappy's raw format, as its format description has it: a length, then literals and copies from what came before.
import { broken } from './byte-source.ts';

/** Largest block that is unpacked. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

export function unpackSnappy(packed: Uint8Array): Buffer {
  let at = 0;
  const byte = (): number => {
    const value = packed[at++];
    if (value === undefined) throw broken('A snappy block ends early');
    return value;
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const part = byte();
    length += (part & 0x7f) * scale;
    if ((part & 0x80) === 0) break;
    if (scale > 2 ** 28) throw broken('A snappy block has no length');
  }
  if (length > MAX_UNPACKED_BYTES) throw broken(`A snappy block of ${length} bytes`);
  const out = Buffer.alloc(length);
  let end = 0;
  while (at < packed.length) {
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const size = (short < 60 ? short : little(short - 59)) + 1;
      if (at + size > packed.length || end + size > length) throw broken('A snappy literal is too long');
      out.set(packed.subarray(at, at + size), end);
      at += size;
      end += size;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const back = kind === 1 ? ((tag >> 5) << 8) + byte() : little(kind === 2 ? 2 : 4);
    if (back === 0 || back > end || end + size > length) throw broken('A snappy copy points outside');
    // One by one: what is copied may be made by the same copy.
    for (let i = 0; i < size; i++, end++) out[end] = out[end - back] ?? 0;
  }
  if (end !== length) throw broken('A snappy block ends early');
  return out;
}
