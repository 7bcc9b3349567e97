// Sections of a compressed image (dfs.image.compress). They are packed in pieces, each a whole stream of its own, one after
// the other: Hadoop's readers take them for one, and a piece is bounded work. Node's synchronous zlib needs a section as a
// whole to unpack it, so both its packed and its unpacked size are bounded.
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';

/** Largest section that is taken, packed. */
export const MAX_PACKED_SECTION_BYTES = 512 * 1024 * 1024;
/** Largest section that is taken, unpacked. */
export const MAX_UNPACKED_SECTION_BYTES = 2 * 1024 * 1024 * 1024;

/** Bytes packed at a time. */
export const PACKED_PIECE_BYTES = 256 * 1024;

const CODECS = {
  'org.apache.hadoop.io.compress.DefaultCodec': 'zlib',
  'org.apache.hadoop.io.compress.DeflateCodec': 'zlib',
  'org.apache.hadoop.io.compress.GzipCodec': 'gzip',
} as const;

/** The Java class of a codec that images are packed with. */
export type ImageCodec = keyof typeof CODECS;

export const isImageCodec = (codec: string): codec is ImageCodec => Object.hasOwn(CODECS, codec);

/** A section that would be too long to be read again; the image has to be written plain. */
export class SectionTooLongError extends Error {}

export function packPiece(codec: ImageCodec, piece: Uint8Array): Buffer {
  return CODECS[codec] === 'gzip' ? gzipSync(piece) : deflateSync(piece);
}

/** Throws SectionTooLongError for what unpackSection would not take. */
export function checkPackedSection(name: string, packed: number, unpacked: number): void {
  if (packed <= MAX_PACKED_SECTION_BYTES && unpacked <= MAX_UNPACKED_SECTION_BYTES) return;
  throw new SectionTooLongError(`section ${name} has more than ${unpacked} bytes, too many for a compressed image`);
}

/** Throws HdfsError EUNSUPPORTED for a codec that is not built in. */
export function checkCodec(codec: string): void {
  if (!isImageCodec(codec)) {
    const known = Object.keys(CODECS).map((name) => name.slice(name.lastIndexOf('.') + 1));
    throw new HdfsError(
      'EUNSUPPORTED',
      `the image is compressed with ${codec}, which is not supported (${known.join(', ')} are): save it with dfs.image.compress=false`,
    );
  }
}

/** Unpacks a section; one that Apache wrote in sub-sections is several packed streams, one after the other. */
export function unpackSection(codec: string, packed: Buffer): Buffer {
  try {
    if (isImageCodec(codec) && CODECS[codec] === 'gzip')
      return gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_SECTION_BYTES });
    const parts: Buffer[] = [];
    let total = 0;
    for (let rest = packed; rest.length > 0; ) {
      const { buffer, engine } = inflateSync(rest, {
        maxOutputLength: MAX_UNPACKED_SECTION_BYTES - total,
        info: true,
      }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
      if (engine.bytesWritten <= 0) break;
      parts.push(buffer);
      total += buffer.length;
      rest = rest.subarray(engine.bytesWritten);
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, total);
  } catch (error) {
    throw new ProtocolError(`cannot be unpacked: ${messageOf(error)}`, { cause: error });
  }
}
