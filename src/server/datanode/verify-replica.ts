// Reads a replica from end to end and holds it against its checksums, no faster than it is let. Apache: VolumeScanner
// .scanBlock, which sends the block nowhere.
import { HdfsError } from '../../base/errors.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import type { Clock } from '../../host/host.ts';
import type { Dataset } from './dataset.ts';
import { type OpenReplica, openReplica } from './open-replica.ts';
import type { BlockName } from './replica.ts';

const READ_BYTES = 128 * 1024;

/** Rejects with what is wrong: HdfsError ECHECKSUM, EDISK for a file that is too short, or the disk's error. */
export async function verifyReplica(
  dataset: Dataset,
  clock: Clock,
  block: BlockName,
  pace: (bytes: number) => Promise<void>,
): Promise<void> {
  const replica = await openReplica(dataset, clock, block, { withChecksums: true, wantedEnd: 0 });
  try {
    await readAll(replica, pace);
  } finally {
    replica.close();
  }
}

async function readAll(replica: OpenReplica, pace: (bytes: number) => Promise<void>): Promise<void> {
  const { checksum, dataFile, metaFile, end, lastChunk } = replica;
  if (metaFile === undefined) return;
  const chunk = checksum.bytesPerChecksum;
  const most = Math.max(1, Math.floor(READ_BYTES / chunk));
  const step = Math.min(most, Math.ceil(end / chunk)) * chunk;
  const data = Buffer.allocUnsafe(step);
  const sums = Buffer.alloc(checksum.sumBytes(step));
  const wanted = checksum.sumBytes(end);
  for (let at = 0; at < end; at += step) {
    const length = Math.min(step, end - at);
    const sumBytes = checksum.sumBytes(length);
    await pace(length);
    const got = await dataFile.read(data, 0, length, at);
    if (got < length) throw new HdfsError('EDISK', `the block file ends at ${at + got}, before ${end}`);
    const gotSums = await metaFile.read(sums, 0, sumBytes, checksum.metaOffset(at));
    if (gotSums < sumBytes) {
      throw new HdfsError('EDISK', `the meta file ends before its ${META_HEADER_BYTES + wanted} bytes`);
    }
    // A writer may have changed the last one since: what counts is the one of when the replica was opened.
    if (lastChunk !== undefined && at + length === lastChunk.length) lastChunk.sum.copy(sums, sumBytes - checksum.size);
    const bad = checksum.firstBad(data.subarray(0, length), sums.subarray(0, sumBytes));
    if (bad >= 0) throw new HdfsError('ECHECKSUM', `checksum error at offset ${at + bad}`);
  }
}
