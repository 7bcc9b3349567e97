// The checksum of a replica, as the header of its meta file says, and the one of its last chunk.
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { DataChecksum } from './data-checksum.ts';
import type { Volume } from './volume.ts';

export async function readChecksum(volume: Volume, metaPath: string): Promise<DataChecksum> {
  const file = await volume.disk.open(metaPath, 'r');
  try {
    const header = Buffer.alloc(META_HEADER_BYTES);
    const got = await file.read(header, 0, META_HEADER_BYTES, 0);
    return DataChecksum.fromHeader(header.subarray(0, got));
  } finally {
    await file.close();
  }
}

/** The checksum of the chunk that a replica of that length ends within. Undefined: it ends between two, or has none. */
export async function readLastSum(volume: Volume, metaPath: string, bytes: number): Promise<Buffer | undefined> {
  const file = await volume.disk.open(metaPath, 'r');
  try {
    const header = Buffer.alloc(META_HEADER_BYTES);
    const checksum = DataChecksum.fromHeader(header.subarray(0, await file.read(header, 0, META_HEADER_BYTES, 0)));
    if (checksum.size === 0 || bytes % checksum.bytesPerChecksum === 0) return undefined;
    const sum = Buffer.alloc(checksum.size);
    return (await file.read(sum, 0, checksum.size, checksum.metaOffset(bytes))) === checksum.size ? sum : undefined;
  } finally {
    await file.close();
  }
}
