// The two files of a replica on a DataNode's disk: their names, the directory they lie in, and the header of the meta
// file. Apache: DatanodeUtil.idToBlockDir, Block.blockFilePattern, BlockMetadataHeader, DataChecksum.
import { ProtocolError } from '../../base/errors.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../base/ids.ts';

/** Apache: BlockMetadataHeader.VERSION. */
const META_VERSION = 1;
/** Version, then the type of the checksum and the bytes that each one covers. */
export const META_HEADER_BYTES = 7;
/** Largest chunk that we believe; Apache's default is 512. */
const MAX_BYTES_PER_CHECKSUM = 16 * 1024 * 1024;

/** Apache: DataChecksum.Type, by its numbers. */
export const ChecksumType = { NULL: 0, CRC32: 1, CRC32C: 2 } as const;
export type ChecksumType = (typeof ChecksumType)[keyof typeof ChecksumType];

export interface MetaHeader {
  readonly type: ChecksumType;
  readonly bytesPerChecksum: number;
}

export function encodeMetaHeader({ type, bytesPerChecksum }: MetaHeader): Buffer {
  const header = Buffer.alloc(META_HEADER_BYTES);
  header.writeInt16BE(META_VERSION, 0);
  header.writeInt8(type, 2);
  header.writeInt32BE(bytesPerChecksum, 3);
  return header;
}

/** Throws ProtocolError. */
export function decodeMetaHeader(bytes: Uint8Array): MetaHeader {
  if (bytes.length < META_HEADER_BYTES) throw new ProtocolError(`a meta file of ${bytes.length} bytes has no header`);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.readInt16BE(0);
  if (version !== META_VERSION) throw new ProtocolError(`meta file version ${version}, where ${META_VERSION} is expected`);
  const type = view.readInt8(2);
  if (type !== ChecksumType.NULL && type !== ChecksumType.CRC32 && type !== ChecksumType.CRC32C) {
    throw new ProtocolError(`unknown checksum type ${type} in a meta file`);
  }
  const bytesPerChecksum = view.readInt32BE(3);
  if (bytesPerChecksum <= 0 || bytesPerChecksum > MAX_BYTES_PER_CHECKSUM) {
    throw new ProtocolError(`a meta file with ${bytesPerChecksum} bytes for each checksum`);
  }
  return { type, bytesPerChecksum };
}

/** Generation stamp of a block file without a meta file. Apache: GenerationStamp.GRANDFATHER. */
export const NO_GEN_STAMP = genStamp(0);

export const blockFileName = (id: BlockId): string => `blk_${id}`;
export const metaFileName = (id: BlockId, stamp: GenStamp): string => `blk_${id}_${stamp}.meta`;

export type BlockFileName =
  | { readonly kind: 'block'; readonly id: BlockId }
  | { readonly kind: 'meta'; readonly id: BlockId; readonly genStamp: GenStamp };

const BLOCK_PREFIX = 'blk_';
const BLOCK_FILE = /^blk_(-?\d{1,19})$/;
const META_FILE = /^(blk_-?\d{1,19})_(\d{1,16})\.meta$/;
const LONG_MIN = -(2n ** 63n);
const LONG_END = 2n ** 63n;

/** Undefined for every name that is neither. */
export function parseBlockFileName(name: string): BlockFileName | undefined {
  const block = BLOCK_FILE.exec(name);
  if (block !== null) {
    const id = parseId(block[1] as string);
    return id === undefined ? undefined : { kind: 'block', id };
  }
  const meta = parseMetaFileName(name);
  if (meta === undefined) return undefined;
  const id = parseId(meta.block.slice(BLOCK_PREFIX.length));
  return id === undefined ? undefined : { kind: 'meta', id, genStamp: meta.genStamp };
}

/** The name of the block's file and the stamp, for who goes through very many names and does not need the id as a number. */
export function parseMetaFileName(name: string): { readonly block: string; readonly genStamp: GenStamp } | undefined {
  const parts = META_FILE.exec(name);
  if (parts === null) return undefined;
  const stamp = Number(parts[2]);
  return Number.isSafeInteger(stamp) ? { block: parts[1] as string, genStamp: genStamp(stamp) } : undefined;
}

function parseId(digits: string): BlockId | undefined {
  const value = BigInt(digits);
  return value < LONG_MIN || value >= LONG_END ? undefined : blockId(value);
}

/** Directory of a finalized block below `finalized`: two levels of 32, by bits 16-20 and 8-12 of its id. */
export function blockDirectory(id: BlockId): string {
  const low = Number(BigInt.asUintN(32, id));
  return `subdir${(low >> 16) & 0x1f}/subdir${(low >> 8) & 0x1f}`;
}

/** All directories that `blockDirectory` can answer. */
export function* allBlockDirectories(): Generator<string> {
  for (let first = 0; first < 32; first++) for (let second = 0; second < 32; second++) yield `subdir${first}/subdir${second}`;
}
