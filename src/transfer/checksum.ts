// The chunk checksums of the data-transfer protocol, by their type on the wire. The sums themselves are base/crc.ts'.

import { crc32, crc32c } from '@node-rs/crc32';
import { ProtocolError } from '../base/errors.ts';
import { ChecksumTypeProto } from '../wire/messages/hdfs.ts';
import type { ChecksumProto } from '../wire/messages/transfer.ts';

export type CrcType = 'CRC32' | 'CRC32C';
export function writeChunkSums(type: CrcType, data: Buffer, bytesPerChecksum: number, out: Buffer): void {
  const fn = type === 'CRC32' ? crc32 : crc32c;
  for (let i = 0, o = 0; i < data.length; i += bytesPerChecksum, o += 4)
    out.writeUInt32BE(fn(data.subarray(i, i + bytesPerChecksum)), o);
}
export function firstBadChunk(type: CrcType, data: Buffer, sums: Buffer, bytesPerChecksum: number): number {
  const fn = type === 'CRC32' ? crc32 : crc32c;
  for (let i = 0, o = 0; i < data.length; i += bytesPerChecksum, o += 4) {
    if (sums.readUInt32BE(o) !== fn(data.subarray(i, i + bytesPerChecksum))) return o / 4;
  }
  return -1;
}
export function combineCrc(_type: CrcType, _a: number, _b: number, _length: number): number {
  throw new Error('later');
}

/** Longest chunk that is believed. */
const MAX_BYTES_PER_CHECKSUM = 16 * 1024 * 1024;

export interface ChunkChecksum {
  /** Undefined: the block has no checksums. */
  readonly type: CrcType | undefined;
  readonly bytesPerChecksum: number;
  /** Bytes of one checksum: 0 or 4. */
  readonly checksumSize: number;
}

export function crcOf(type: ChecksumTypeProto): CrcType | undefined {
  switch (type) {
    case ChecksumTypeProto.CHECKSUM_CRC32:
      return 'CRC32';
    case ChecksumTypeProto.CHECKSUM_CRC32C:
      return 'CRC32C';
    case ChecksumTypeProto.CHECKSUM_NULL:
      return undefined;
  }
}

/** Throws ProtocolError for a chunk size that cannot be. */
export function chunkChecksum(checksum: ChecksumProto): ChunkChecksum {
  const { bytesPerChecksum } = checksum;
  if (bytesPerChecksum <= 0 || bytesPerChecksum > MAX_BYTES_PER_CHECKSUM) {
    throw new ProtocolError(`${bytesPerChecksum} bytes per checksum`);
  }
  const type = crcOf(checksum.type);
  return { type, bytesPerChecksum, checksumSize: type === undefined ? 0 : 4 };
}
