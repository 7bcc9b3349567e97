// The chunk checksums of the data-transfer protocol, by their type on the wire. The sums themselves are base/crc.ts'.

import type { CrcType } from '../base/crc.ts';
import { ProtocolError } from '../base/errors.ts';
import { ChecksumTypeProto } from '../wire/messages/hdfs.ts';
import type { ChecksumProto } from '../wire/messages/transfer.ts';

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
