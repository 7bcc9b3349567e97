// Sections of a compressed image (dfs.image.compress). They are packed in pieces, each a whole stream of its own, one after
// the other: Hadoop's readers take them for one, and a piece is bounded work. A section is unpacked as a whole, so both its packed
// and its unpacked size are bounded.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { codecNames, codecOfClass } from '../codec/codecs.ts';
import { type Packer, packerOfClass } from '../codec/packers.ts';

/** Largest section that is taken, packed. */
export const MAX_PACKED_SECTION_BYTES = 512 * 1024 * 1024;
/** Largest section that is taken, unpacked. */
export const MAX_UNPACKED_SECTION_BYTES = 2 * 1024 * 1024 * 1024;

/** Bytes packed at a time. */
export const PACKED_PIECE_BYTES = 256 * 1024;

export interface ImageCodec {
  /** The Java class, which stands in the image. */
  readonly name: string;
  readonly pack: Packer;
}

/** Undefined: images are not packed with it, be it that it can only be unpacked. */
export function imageCodec(name: string): ImageCodec | undefined {
  const pack = packerOfClass(name);
  return pack === undefined ? undefined : { name, pack };
}

/** A section that would be too long to be read again; the image has to be written plain. */
export class SectionTooLongError extends Error {}

/** Throws SectionTooLongError for what unpackSection would not take. */
export function checkPackedSection(name: string, packed: number, unpacked: number): void {
  if (packed <= MAX_PACKED_SECTION_BYTES && unpacked <= MAX_UNPACKED_SECTION_BYTES) return;
  throw new SectionTooLongError(`section ${name} has more than ${unpacked} bytes, too many for a compressed image`);
}

/** Throws HdfsError EUNSUPPORTED for a codec that is not built in. */
export function checkCodec(name: string): void {
  if (codecNames().includes(name)) {
    codecOfClass(name);
    return;
  }
  const known = codecNames().map((each) => each.slice(each.lastIndexOf('.') + 1));
  throw new HdfsError(
    'EUNSUPPORTED',
    `the image is compressed with ${name}, which is not supported (${known.join(', ')} are): save it with dfs.image.compress=false`,
  );
}

/** Unpacks a section; one that Apache wrote in sub-sections is several packed streams, one after the other. */
export async function unpackSection(codec: string, packed: Buffer): Promise<Buffer> {
  try {
    return await codecOfClass(codec).whole(packed, MAX_UNPACKED_SECTION_BYTES);
  } catch (error) {
    throw new ProtocolError(`cannot be unpacked: ${messageOf(error)}`, { cause: error });
  }
}
