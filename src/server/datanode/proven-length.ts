// How many bytes of a replica are proved: by its meta file, and by what was noted of its last chunk. The files are left as they
// are.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { DiskFailure, diskErrorCode } from '../../host/disk-error.ts';
import type { Log } from '../../host/host.ts';
import { DataChecksum } from './data-checksum.ts';
import type { LastChunk } from './replica.ts';
import { lengthByNotes, readTailRecords } from './synced-tail.ts';
import type { Volume } from './volume.ts';
import type { VolumeFile } from './volume-disk.ts';

const READ_BYTES = 256 * 1024;

/** What may prove bytes of a replica beside its meta file. */
export interface MoreProof {
  /** File of synced-tail.ts. */
  readonly tailPath?: string | undefined;
  /** What else is known of its last chunk. */
  readonly noted?: readonly LastChunk[];
  /** Once it says no, the rest is believed. */
  goesOn?(): boolean;
}

/** From the beginning of a block file on. Undefined: the disk does not tell, and may do so when it is asked again. */
export async function provenLength(
  log: Log,
  volume: Volume,
  blockPath: string,
  metaPath: string,
  more: MoreProof = {},
): Promise<number | undefined> {
  try {
    return await proven(volume, blockPath, metaPath, more);
  } catch (error) {
    const code = diskErrorCode(error);
    log.log('warn', 'datanode', `${blockPath} cannot be verified (${code}): ${messageOf(error)}`);
    const isRefused = error instanceof HdfsError && error.code === 'EDISK';
    return isRefused || (error instanceof DiskFailure && code !== 'ENOENT') ? undefined : 0;
  }
}

async function proven(volume: Volume, blockPath: string, metaPath: string, more: MoreProof): Promise<number> {
  const { tailPath, noted = [], goesOn = () => true } = more;
  const meta = await volume.disk.readFile(metaPath);
  if (meta.length < META_HEADER_BYTES) return 0;
  const checksum = DataChecksum.fromHeader(meta);
  const { size } = await volume.disk.stat(blockPath);
  if (checksum.size === 0) return size;
  const sums = meta.subarray(META_HEADER_BYTES);
  const chunk = checksum.bytesPerChecksum;
  const end = Math.min(size, Math.floor(sums.length / checksum.size) * chunk);
  const file = await volume.disk.open(blockPath, 'r');
  try {
    const length = await provenByMeta(file, checksum, sums, end, goesOn);
    if (length >= size) return length;
    const notes = [...(tailPath === undefined ? [] : await readTailRecords(volume.disk, tailPath)), ...noted];
    const read = (into: Buffer, position: number): Promise<number> => file.read(into, 0, into.length, position);
    return await lengthByNotes(notes, checksum, length, read);
  } finally {
    await file.close();
  }
}

/** How many of the first `end` bytes the checksums prove, from the beginning on. */
async function provenByMeta(
  file: VolumeFile,
  checksum: DataChecksum,
  sums: Buffer,
  end: number,
  goesOn: () => boolean,
): Promise<number> {
  const chunk = checksum.bytesPerChecksum;
  const step = Math.max(1, Math.floor(READ_BYTES / chunk)) * chunk;
  const buffer = Buffer.allocUnsafe(Math.min(step, Math.max(end, 1)));
  for (let at = 0; at < end; ) {
    if (!goesOn()) return end;
    const want = Math.min(buffer.length, end - at);
    const got = await file.read(buffer, 0, want, at);
    if (got < want) return at;
    const first = (at / chunk) * checksum.size;
    const bad = checksum.firstBad(buffer.subarray(0, got), sums.subarray(first, first + checksum.sumBytes(got)));
    if (bad >= 0) {
      const start = at + bad;
      // The data of the last chunk may have run ahead of its checksum when the writer died.
      const last = start + chunk >= end;
      const part = buffer.subarray(bad, got);
      return start + (last ? provenPart(checksum, part, sums, (start / chunk) * checksum.size) : 0);
    }
    at += got;
  }
  return end;
}

/** The longest beginning of a chunk that its checksum proves. */
function provenPart(checksum: DataChecksum, part: Buffer, sums: Buffer, at: number): number {
  const wanted = sums.subarray(at, at + checksum.size);
  for (let length = part.length - 1; length > 0; length--) {
    if (checksum.firstBad(part.subarray(0, length), wanted) < 0) return length;
  }
  return 0;
}
