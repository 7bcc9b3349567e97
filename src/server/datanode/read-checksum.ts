// The checksum of a replica, as the header of its meta file says.
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
