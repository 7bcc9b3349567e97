// The frame of an fsimage file: magic, sections one after the other, and the summary with its length at the very end that
// says where each section is.
//
//   "HDFSIMG1" | section ... | varint length, FileSummary | int length of the two before
//
// What the sections hold is in loader.ts and saver.ts.
import { messageOf, ProtocolError } from '../../base/errors.ts';
import { FileSummary } from '../../wire/messages/fsimage.ts';
import { readDelimited } from '../../wire/protobuf/message.ts';
import { ProtoReader } from '../../wire/protobuf/reader.ts';

/** Apache: FSImageUtil.MAGIC_HEADER. */
export const IMAGE_MAGIC = Buffer.from('HDFSIMG1', 'latin1');
/** Apache: FSImageUtil.FILE_VERSION. */
export const IMAGE_FILE_VERSION = 1;
const TRAILER_BYTES = 4;
/** Some forty bytes a section, and sub-sections by the dozen: nothing near this. */
const MAX_SUMMARY_BYTES = 4 * 1024 * 1024;
const TWO_32 = 0x1_0000_0000;

/** Sections that Apache 3.5.0 knows (FSImageFormatProtobuf.SectionName), in the order in which it loads them. */
export const SECTION_NAMES = [
  'NS_INFO',
  'STRING_TABLE',
  'EXTENDED_ACL',
  'ERASURE_CODING',
  'INODE',
  'INODE_REFERENCE',
  'SNAPSHOT',
  'INODE_DIR',
  'FILES_UNDERCONSTRUCTION',
  'SNAPSHOT_DIFF',
  'SECRET_MANAGER',
  'CACHE_MANAGER',
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** A part of a section that can be loaded on its own; we read whole sections and pass these by. */
const SUB_SECTION_SUFFIX = '_SUB';

export interface Section {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export interface ImageSummary {
  readonly layoutVersion: number;
  /** Java class of the compression codec, or undefined. */
  readonly codec: string | undefined;
  readonly sections: readonly Section[];
}

/** Bytes of a file at any place. host/host.ts' DiskFile is one. */
export interface RandomAccess {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
}

/** Reads exactly `length` bytes. Throws ProtocolError when the file is shorter. */
export async function readExactly(file: RandomAccess, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  await fillExactly(file, buffer, 0, length, position);
  return buffer;
}

export async function fillExactly(
  file: RandomAccess,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
): Promise<void> {
  for (let done = 0; done < length; ) {
    const count = await file.read(buffer, offset + done, length - done, position + done);
    if (count <= 0) throw new ProtocolError(`the file ends at offset ${position + done}, before what it announces`);
    done += count;
  }
}

export async function readSummary(file: RandomAccess, size: number): Promise<ImageSummary> {
  if (size < IMAGE_MAGIC.length + TRAILER_BYTES) throw new ProtocolError(`${size} bytes are no image`);
  const magic = await readExactly(file, 0, IMAGE_MAGIC.length);
  if (!magic.equals(IMAGE_MAGIC)) throw new ProtocolError('not an image: it does not begin with HDFSIMG1');
  const trailer = await readExactly(file, size - TRAILER_BYTES, TRAILER_BYTES);
  const length = trailer.readInt32BE(0);
  const start = size - TRAILER_BYTES - length;
  if (length <= 0 || length > MAX_SUMMARY_BYTES || start < IMAGE_MAGIC.length) {
    throw new ProtocolError(`the image announces a summary of ${length} bytes at its end`);
  }
  const bytes = await readExactly(file, start, length);
  const summary = decodeSummary(bytes, start);
  const names = new Set<string>();
  const sections: Section[] = [];
  for (const { name, offset, length: bytesOf } of summary.sections) {
    if (name === undefined || offset === undefined || bytesOf === undefined) {
      throw new ProtocolError('the summary has a section without name, offset or length');
    }
    if (offset < IMAGE_MAGIC.length || bytesOf < 0 || !(offset + bytesOf <= start)) {
      throw new ProtocolError(`section ${name}: offset ${offset} and length ${bytesOf} do not fit into the file`);
    }
    if (name.endsWith(SUB_SECTION_SUFFIX)) continue;
    if (names.has(name)) throw new ProtocolError(`section ${name} is there twice`);
    names.add(name);
    sections.push({ name, offset, length: bytesOf });
  }
  const version = summary.layoutVersion ?? 0;
  return {
    layoutVersion: version >= TWO_32 / 2 ? version - TWO_32 : version,
    codec: summary.codec === undefined || summary.codec === '' ? undefined : summary.codec,
    sections,
  };
}

function decodeSummary(bytes: Buffer, start: number): FileSummary {
  let summary: FileSummary;
  try {
    summary = readDelimited(FileSummary, new ProtoReader(bytes));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(`summary at offset ${start}: ${messageOf(error)}`, { cause: error });
  }
  if (summary.ondiskVersion !== IMAGE_FILE_VERSION) {
    throw new ProtocolError(`image file version ${summary.ondiskVersion}, where ${IMAGE_FILE_VERSION} is expected`);
  }
  return summary;
}

/** The summary with its length before and behind it: the end of an image. */
export function encodeSummary(summary: ImageSummary): Buffer {
  const delimited = FileSummary.encodeDelimited({
    ondiskVersion: IMAGE_FILE_VERSION,
    layoutVersion: summary.layoutVersion >>> 0,
    codec: summary.codec,
    sections: summary.sections,
  });
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeInt32BE(delimited.length);
  return Buffer.concat([delimited, trailer]);
}
