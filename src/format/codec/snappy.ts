// Snappy's raw format, as its format description has it: a length, then literals and copies from what came before.
import { backReferences, type Reference } from './back-references.ts';
import { broken } from './byte-source.ts';

/** Longest copy that two bytes of distance come with. */
const MAX_COPY = 64;

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

export function packSnappy(raw: Buffer): Buffer {
  const out = Buffer.allocUnsafe(raw.length + Math.ceil(raw.length / 6) + 32);
  let end = 0;
  let length = raw.length;
  for (; length >= 0x80; length = Math.floor(length / 128)) out[end++] = (length & 0x7f) | 0x80;
  out[end++] = length;
  const literals = (from: number, to: number): void => {
    const size = to - from;
    if (size === 0) return;
    if (size <= 60) out[end++] = (size - 1) << 2;
    else {
      const bytes = size <= 2 ** 8 ? 1 : size <= 2 ** 16 ? 2 : 4;
      out[end++] = (59 + bytes) << 2;
      end = out.writeUIntLE(size - 1, end, bytes);
    }
    end += raw.copy(out, end, from, to);
  };
  const references = backReferences(raw, 0);
  let next = references.next();
  for (; next.done !== true; next = references.next()) {
    const { from, at, back, length: all }: Reference = next.value;
    literals(from, at);
    for (let left = all; left > 0; left -= MAX_COPY) {
      out[end++] = ((Math.min(left, MAX_COPY) - 1) << 2) | 2;
      end = out.writeUInt16LE(back, end);
    }
  }
  literals(next.value, raw.length);
  return out.subarray(0, end);
}
