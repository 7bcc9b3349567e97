// A new replica from the first bytes of a finalized one, which stays as it is: how a block is cut while an upgrade, or a
// snapshot, still needs the old bytes. What is copied is verified on the way. Apache: FsDatasetImpl.copyReplicaWithNewBlockIdAndGS.

import { HdfsError } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import type { BlockPool } from './block-pool.ts';
import type { DataChecksum } from './data-checksum.ts';
import type { Dataset } from './dataset.ts';
import { readChecksum } from './read-checksum.ts';
import { type BlockName, describeBlock, type InFlightReplica } from './replica.ts';
import { ReplicaFiles } from './replica-files.ts';
import type { VolumeFile } from './volume-disk.ts';

const COPY_BYTES = 1024 * 1024;

export interface ShortCopy {
  readonly newId: BlockId;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
  readonly sync: boolean;
}

/** Makes the copy on the source's volume and finalizes it. The caller holds the source's lock. */
export async function copyShortened(dataset: Dataset, pool: BlockPool, source: ReplicaHandle, copy: ShortCopy): Promise<void> {
  const name: BlockName = { pool: pool.id, id: copy.newId, genStamp: copy.genStamp, numBytes: copy.numBytes };
  await dataset.locks.run(dataset.key(name), async () => {
    const known = pool.replicas.find(copy.newId);
    if (known !== 0) {
      const isSame = pool.replicas.genStamp(known) === copy.genStamp && pool.replicas.state(known) === ReplicaState.FINALIZED;
      if (isSame && pool.replicas.numBytes(known) === copy.numBytes) return;
      // An earlier attempt made it, and was not heard of.
      if (pool.replicas.genStamp(known) >= copy.genStamp) {
        throw new HdfsError('EREPLICAEXISTS', `Block ${describeBlock(name)} already exists and thus cannot be created.`);
      }
      await dataset.stopWriterOf(pool, known);
      await dataset.dropReplica(pool, known);
    }
    const volume = pool.volumeOf(source);
    const replica = dataset.createRbwOn(pool, name, volume, copy.numBytes);
    try {
      await writeCopy(pool, source, replica, copy);
      await dataset.finalizeHeld(replica, copy.sync);
    } catch (error) {
      const handle = dataset.handleOf(replica);
      if (handle !== 0) {
        // So much was counted, and is to be given back.
        pool.replicas.setNumBytes(handle, replica.lengths.onDisk);
        await dataset.dropReplica(pool, handle);
      }
      throw error;
    }
  });
}

async function writeCopy(pool: BlockPool, source: ReplicaHandle, replica: InFlightReplica, copy: ShortCopy): Promise<void> {
  const { volume } = replica;
  const { disk } = volume;
  const meta = await disk.open(pool.metaFile(source), 'r');
  try {
    const data = await disk.open(pool.blockFile(source), 'r');
    try {
      const checksum = await readChecksum(volume, pool.metaFile(source));
      const files = await ReplicaFiles.create(replica, checksum);
      try {
        for (let at = 0; at < copy.numBytes; ) at += await copyPart({ data, meta }, checksum, replica, files, at, copy);
        await files.close(copy.sync);
      } finally {
        await files.close(false);
      }
    } finally {
      await data.close();
    }
  } finally {
    await meta.close();
  }
}

/** Copies some chunks; the last one gets a checksum of its own where it is cut. Answers how many bytes. */
async function copyPart(
  from: { readonly data: VolumeFile; readonly meta: VolumeFile },
  checksum: DataChecksum,
  replica: InFlightReplica,
  files: ReplicaFiles,
  at: number,
  copy: ShortCopy,
): Promise<number> {
  const chunk = checksum.bytesPerChecksum;
  const most = Math.max(1, Math.floor(COPY_BYTES / chunk)) * chunk;
  const bytes = Math.min(most, copy.numBytes - at);
  // Whole chunks are read, since only of those the checksum is known.
  const buffer = Buffer.allocUnsafe(Math.ceil(bytes / chunk) * chunk);
  const got = await from.data.read(buffer, 0, buffer.length, at);
  if (got < bytes)
    throw new HdfsError('EIO', `the replica ends at ${at + got}, before the ${copy.numBytes} bytes to be copied`);
  const read = buffer.subarray(0, got);
  const sums = Buffer.alloc(checksum.sumBytes(got));
  const gotSums = await from.meta.read(sums, 0, sums.length, META_HEADER_BYTES + checksum.sumBytes(at));
  const bad = gotSums < sums.length ? 0 : checksum.firstBad(read, sums);
  if (bad >= 0) throw new HdfsError('ECHECKSUM', `Checksum error at ${at + bad} while copying a replica`);
  const data = read.subarray(0, bytes);
  const newSums = Buffer.alloc(checksum.sumBytes(bytes));
  checksum.compute(data, newSums, 0);
  replica.lengths.receive(at + bytes);
  files.add({ offset: at, data, sums: newSums });
  files.flush(() => undefined);
  await files.drained();
  return bytes;
}
