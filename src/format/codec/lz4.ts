// LZ4's block format, as its description has it: runs of literals, each followed by a copy from what came before.
import { backReferences, type Reference } from './back-references.ts';
import { broken } from './byte-source.ts';

/** A block ends with so many literals at least, and the last copy begins 12 bytes before its end. */
const LITERAL_END = 12;

/** At most `limit` bytes come of it. */
export function unpackLz4(packed: Uint8Array, limit: number): Buffer {
  const out = Buffer.allocUnsafe(limit);
  let at = 0;
  let end = 0;
  const byte = (): number => {
    const value = packed[at++];
    if (value === undefined) throw broken('An LZ4 block ends early');
    return value;
  };
  const length = (nibble: number): number => {
    let value = nibble;
    if (nibble < 15) return value;
    for (let more = 255; more === 255; ) {
      more = byte();
      value += more;
    }
    return value;
  };
  while (at < packed.length) {
    const token = byte();
    const literals = length(token >> 4);
    if (at + literals > packed.length || end + literals > limit) throw broken('An LZ4 literal is too long');
    out.set(packed.subarray(at, at + literals), end);
    at += literals;
    end += literals;
    // The last run has no copy.
    if (at === packed.length) break;
    const back = byte() | (byte() << 8);
    const size = length(token & 15) + 4;
    if (back === 0 || back > end || end + size > limit) throw broken('An LZ4 copy points outside');
    // One by one: what is copied may be made by the same copy.
    for (let i = 0; i < size; i++, end++) out[end] = out[end - back] as number;
  }
  return out.subarray(0, end);
}

export function packLz4(raw: Buffer): Buffer {
  // What cannot be packed grows by one byte in 255.
  const out = Buffer.allocUnsafe(raw.length + Math.ceil(raw.length / 255) + 16);
  let end = 0;
  const rest = (length: number): void => {
    for (let left = length - 15; left >= 0; left -= 255) out[end++] = Math.min(left, 255);
  };
  const literals = (from: number, to: number, copy: number): void => {
    out[end++] = (Math.min(to - from, 15) << 4) | Math.min(copy, 15);
    rest(to - from);
    end += raw.copy(out, end, from, to);
  };
  const references = backReferences(raw, LITERAL_END);
  let next = references.next();
  for (; next.done !== true; next = references.next()) {
    const { from, at, back, length }: Reference = next.value;
    literals(from, at, length - 4);
    end = out.writeUInt16LE(back, end);
    rest(length - 4);
  }
  literals(next.value, raw.length, 0);
  return out.subarray(0, end);
}
