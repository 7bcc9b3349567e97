// The kind of checksum of a block's chunks, as its meta file's header and the wire name it, with what is computed by it.
// The sums themselves are base/crc.ts. Apache: DataChecksum.
import { type CrcType, chunkCount, combineCrc, crcOfBytes, firstBadChunk, writeChunkSums } from '../../base/crc.ts';
import { ProtocolError } from '../../base/errors.ts';
import { decodeMetaHeader, encodeMetaHeader, META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';

/** Bytes per checksum that are believed: beyond, a header is damaged. */
const MAX_BYTES_PER_CHECKSUM = 16 * 1024 * 1024;
/** Kinds that are kept; HDFS uses one or two. */
const MAX_KNOWN = 64;

const CRC_TYPES: Readonly<Record<ChecksumTypeProto, CrcType>> = {
  // Never computed: a block of this type has no sums.
  [ChecksumTypeProto.CHECKSUM_NULL]: 'CRC32C',
  [ChecksumTypeProto.CHECKSUM_CRC32]: 'CRC32',
  [ChecksumTypeProto.CHECKSUM_CRC32C]: 'CRC32C',
};

export class DataChecksum {
  readonly type: ChecksumTypeProto;
  readonly bytesPerChecksum: number;
  /** Bytes of one checksum: 4, or 0 for the null type. */
  readonly size: number;
  private readonly crc: CrcType;
  private static readonly known = new Map<string, DataChecksum>();

  private constructor(type: ChecksumTypeProto, bytesPerChecksum: number) {
    this.type = type;
    this.bytesPerChecksum = bytesPerChecksum;
    this.size = type === ChecksumTypeProto.CHECKSUM_NULL ? 0 : 4;
    this.crc = CRC_TYPES[type];
  }

  /** Throws ProtocolError for a size that no block has. */
  static of(type: ChecksumTypeProto, bytesPerChecksum: number): DataChecksum {
    if (bytesPerChecksum <= 0 || bytesPerChecksum > MAX_BYTES_PER_CHECKSUM) {
      throw new ProtocolError(`Could not create DataChecksum of type ${type} with bytesPerChecksum ${bytesPerChecksum}`);
    }
    const key = `${type}/${bytesPerChecksum}`;
    let checksum = DataChecksum.known.get(key);
    if (checksum === undefined) {
      checksum = new DataChecksum(type, bytesPerChecksum);
      if (DataChecksum.known.size < MAX_KNOWN) DataChecksum.known.set(key, checksum);
    }
    return checksum;
  }

  equals(other: DataChecksum): boolean {
    return this.type === other.type && this.bytesPerChecksum === other.bytesPerChecksum;
  }

  /** Bytes of the sums of `dataBytes` bytes that begin at a chunk's beginning. */
  sumBytes(dataBytes: number): number {
    return chunkCount(dataBytes, this.bytesPerChecksum) * this.size;
  }

  /** Where the checksum of the chunk that holds `offset` lies in the meta file. */
  metaOffset(offset: number): number {
    return META_HEADER_BYTES + Math.floor(offset / this.bytesPerChecksum) * this.size;
  }

  /** The checksum of one chunk as it stands in a file. */
  one(data: Uint8Array, into: Buffer, at: number): void {
    if (this.size > 0) into.writeUInt32BE(crcOfBytes(this.crc, data), at);
  }

  /** The CRC of bytes whose beginning has the CRC `crc`, with `data` after them. */
  extend(crc: number, data: Uint8Array): number {
    return crcOfBytes(this.crc, data, 0, data.length, crc);
  }

  /** The checksums of all chunks of `data`. */
  compute(data: Uint8Array, into: Uint8Array, at: number): void {
    if (this.size > 0) writeChunkSums(this.crc, data, this.bytesPerChecksum, into, at);
  }

  /** Offset in `data` of the first chunk whose checksum is wrong, or -1. */
  firstBad(data: Uint8Array, sums: Uint8Array): number {
    if (this.size === 0) return -1;
    const chunk = firstBadChunk(this.crc, data, sums, this.bytesPerChecksum);
    return chunk < 0 ? -1 : chunk * this.bytesPerChecksum;
  }

  /** The CRC of data with the CRC `crc` followed by `bytes` bytes with the CRC `next`. */
  append(crc: number, next: number, bytes: number): number {
    return combineCrc(this.crc, crc, next, bytes);
  }

  /** The bytes that open a meta file. */
  header(): Buffer {
    return encodeMetaHeader({ type: this.type, bytesPerChecksum: this.bytesPerChecksum });
  }

  /** Throws ProtocolError when the bytes open no meta file. */
  static fromHeader(header: Buffer): DataChecksum {
    const { type, bytesPerChecksum } = decodeMetaHeader(header);
    return DataChecksum.of(type, bytesPerChecksum);
  }
}
