// One block where memory and disk disagree: looked at once more, under the block's lock, and the memory made to follow the
// disk. No file is ever deleted on suspicion: a replica whose file is gone leaves the map, one whose file cannot be read
// stays and its volume is checked. Of two copies of a block on this node the better one is served, and the other is deleted
// only once the better one was seen on its disk. Apache: FsDatasetImpl.checkAndUpdate, BlockPoolSlice
// .resolveDuplicateReplicas.

import type { BlockId, GenStamp } from '../../base/ids.ts';
import { betterCopy, type Copy } from '../../core/replica/duplicates.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import {
  blockDirectory,
  blockFileName,
  metaFileName,
  NO_GEN_STAMP,
  parseBlockFileName,
} from '../../format/storage/block-files.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { FileStat } from '../../host/host.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import { finalizedDir } from './layout.ts';
import type { BlockName } from './replica.ts';
import { unlinkQuietly } from './replica-removal.ts';
import type { Volume } from './volume.ts';

export type Reconciled = 'same' | 'not-finalized' | 'forgotten' | 'added' | 'updated' | 'corrupt' | 'duplicate' | 'orphan-meta';

interface OnDisk {
  readonly directory: string;
  readonly block: FileStat | undefined;
  readonly meta: FileStat | undefined;
  readonly genStamp: GenStamp | undefined;
}

/** Rejects with the disk's error when it cannot tell. */
export function reconcile(
  dataset: Dataset,
  pool: BlockPool,
  volume: Volume,
  id: BlockId,
  reportBad: (block: BlockName) => void,
): Promise<Reconciled> {
  return dataset.locks.run(dataset.key({ pool: pool.id, id }), async () => {
    const found = await look(pool, volume, id);
    const handle = pool.replicas.find(id);
    if (volume.failure !== undefined) return 'same';
    if (handle !== 0 && pool.replicas.state(handle) !== ReplicaState.FINALIZED) return 'not-finalized';
    if (found.block === undefined) return await fileMissing(dataset, pool, volume, id, handle, found);
    if (handle === 0) return missingInMemory(dataset, pool, volume, id, found);
    if (pool.volumeOf(handle) !== volume) return duplicate(dataset, pool, volume, handle, found);
    return compare(dataset, pool, volume, handle, found, reportBad);
  });
}

/**
 * What lies in rbw/ and is not served: of two replicas that writers left on two volumes the worse one, and what a power cut has
 * brought back of a deleted one. It is told to the NameNode as soon as nothing better is served, and goes beside a finalized
 * replica that surpasses it; beside one that is not finalized it waits.
 */
export function reconcileWritten(dataset: Dataset, pool: BlockPool, volume: Volume, id: BlockId): Promise<Reconciled> {
  return dataset.locks.run(dataset.key({ pool: pool.id, id }), async () => {
    if (volume.failure !== undefined || isWrittenOn(pool, volume, id)) return 'same';
    const left = await pool.lookForWritten(volume, id);
    // What the disk does not give waits until it does.
    if (left === undefined || left.isUnread) return 'same';
    const handle = pool.replicas.find(id);
    if (handle === 0) {
      pool.takeWritten(volume, left, false);
      dataset.log.log('warn', 'datanode', `Added missing block to memory ${left.files.at(-1)}, left by a writer`);
      return 'added';
    }
    if (!pool.isSurpassed(left)) return 'same';
    const served = await look(pool, pool.volumeOf(handle), id);
    const { replicas } = pool;
    if (served.block?.size !== replicas.numBytes(handle) || served.genStamp !== replicas.genStamp(handle)) return 'same';
    await pool.removeWritten(volume, left);
    return 'duplicate';
  });
}

/** Whether the replica that is known of a block is the one in rbw/ of a volume. */
export function isWrittenOn(pool: BlockPool, volume: Volume, id: BlockId): boolean {
  const handle = pool.replicas.find(id);
  return handle !== 0 && pool.volumeOf(handle) === volume && pool.replicas.state(handle) !== ReplicaState.FINALIZED;
}

const nameOf = (pool: BlockPool, handle: ReplicaHandle): BlockName => ({
  pool: pool.id,
  id: pool.replicas.id(handle),
  genStamp: pool.replicas.genStamp(handle),
  numBytes: pool.replicas.numBytes(handle),
});

async function look(pool: BlockPool, volume: Volume, id: BlockId): Promise<OnDisk> {
  const { disk } = volume;
  const directory = `${finalizedDir(volume.path, pool.id)}/${blockDirectory(id)}`;
  const statOrNone = async (path: string): Promise<FileStat | undefined> => {
    try {
      return await disk.stat(path);
    } catch (error) {
      if (diskErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  };
  const block = await statOrNone(`${directory}/${blockFileName(id)}`);
  let genStamp: GenStamp | undefined;
  if (await disk.exists(directory)) {
    for (const name of await disk.readdir(directory)) {
      const file = parseBlockFileName(name);
      if (file?.kind === 'meta' && file.id === id && file.genStamp > (genStamp ?? -1)) genStamp = file.genStamp;
    }
  }
  const meta = genStamp === undefined ? undefined : await statOrNone(`${directory}/${metaFileName(id, genStamp)}`);
  return { directory, block, meta, genStamp };
}

async function fileMissing(
  dataset: Dataset,
  pool: BlockPool,
  volume: Volume,
  id: BlockId,
  handle: ReplicaHandle,
  found: OnDisk,
): Promise<Reconciled> {
  if (handle === 0) {
    if (found.meta !== undefined) dataset.log.log('info', 'datanode', `${found.directory} has checksums of block ${id} alone`);
    return found.meta === undefined ? 'same' : 'orphan-meta';
  }
  if (pool.volumeOf(handle) !== volume) return 'same';
  const name = nameOf(pool, handle);
  pool.replicas.remove(handle);
  volume.addUsed(pool.id, -name.numBytes);
  await dataset.ramDisk?.dropped(pool, id);
  dataset.events.deleted(pool.id, name, volume);
  dataset.log.log('warn', 'datanode', `Removed block ${id} from memory with missing block file on the disk`);
  return 'forgotten';
}

function missingInMemory(dataset: Dataset, pool: BlockPool, volume: Volume, id: BlockId, found: OnDisk): Reconciled {
  if (found.block?.isFile !== true) return 'same';
  const genStamp = found.genStamp ?? NO_GEN_STAMP;
  const numBytes = found.block.size;
  pool.replicas.add(id, genStamp, numBytes, ReplicaState.FINALIZED, volume.index);
  volume.addUsed(pool.id, numBytes + (found.meta?.size ?? 0));
  dataset.events.received(pool.id, { pool: pool.id, id, genStamp, numBytes }, volume, '');
  dataset.log.log('warn', 'datanode', `Added missing block to memory blk_${id}_${genStamp} on ${volume.path}`);
  return 'added';
}

/** The block is served from another volume: the better copy is to be the one that is. */
async function duplicate(
  dataset: Dataset,
  pool: BlockPool,
  volume: Volume,
  handle: ReplicaHandle,
  found: OnDisk,
): Promise<Reconciled> {
  const id = pool.replicas.id(handle);
  const { block } = found;
  if (block?.isFile !== true) return 'same';
  const other = pool.volumeOf(handle);
  const served = await look(pool, other, id);
  if (served.block?.isFile !== true) return 'same';
  const copyOf = ({ genStamp = NO_GEN_STAMP }: OnDisk, numBytes: number, inMemory: boolean): Copy => ({
    finalized: true,
    genStamp,
    numBytes,
    inMemory,
  });
  const theirs = copyOf(served, served.block.size, other.isInMemory);
  const mine = copyOf(found, block.size, volume.isInMemory);
  const [winner, loser] = betterCopy(theirs, mine) === 'first' ? [served, found] : [found, served];
  const { genStamp } = winner;
  // A copy without checksums is no reason to delete another.
  if (genStamp === undefined) return 'same';
  // One that has lost them goes beside a whole one, but not where a replica in memory takes it for saved.
  if (found.genStamp === undefined && (other.isInMemory || served.block.size !== pool.replicas.numBytes(handle))) return 'same';
  if (loser === served) {
    const old = nameOf(pool, handle);
    pool.replicas.remove(handle);
    pool.replicas.add(id, genStamp, block.size, ReplicaState.FINALIZED, volume.index);
    dataset.events.deleted(pool.id, old, other);
    dataset.events.received(pool.id, { pool: pool.id, id, genStamp, numBytes: block.size }, volume, '');
    await dataset.ramDisk?.dropped(pool, id);
  }
  dataset.log.log('warn', 'datanode', `block ${id} of ${pool.id} lies on two volumes; the copy in ${loser.directory} goes`);
  const loserVolume = loser === found ? volume : other;
  if (loser.genStamp !== undefined) {
    await unlinkQuietly(dataset.log, loserVolume, `${loser.directory}/${metaFileName(id, loser.genStamp)}`);
  }
  await unlinkQuietly(dataset.log, loserVolume, `${loser.directory}/${blockFileName(id)}`);
  const freed = (loser.block?.size ?? 0) + (loser.meta?.size ?? 0);
  // What a start passed over was never counted.
  if (loser === served) {
    loserVolume.addUsed(pool.id, -freed);
    volume.addUsed(pool.id, block.size + (found.meta?.size ?? 0));
  }
  return 'duplicate';
}

async function compare(
  dataset: Dataset,
  pool: BlockPool,
  volume: Volume,
  handle: ReplicaHandle,
  found: OnDisk,
  reportBad: (block: BlockName) => void,
): Promise<Reconciled> {
  const { replicas } = pool;
  const id = replicas.id(handle);
  let result: Reconciled = 'same';
  const known = replicas.genStamp(handle);
  if (known !== (found.genStamp ?? NO_GEN_STAMP) && !(await volume.disk.exists(pool.metaFile(handle)))) {
    const genStamp = found.genStamp ?? NO_GEN_STAMP;
    dataset.log.log('warn', 'datanode', `Updating generation stamp for block ${id} from ${known} to ${genStamp}`);
    replicas.setGenStamp(handle, genStamp);
    result = 'updated';
  }
  const size = found.block?.size ?? 0;
  const bytes = replicas.numBytes(handle);
  const before = nameOf(pool, handle);
  if (bytes !== size) {
    dataset.log.log('warn', 'datanode', `Updating size of block ${id} from ${bytes} to ${size}`);
    replicas.setNumBytes(handle, size);
    volume.addUsed(pool.id, size - bytes);
  } else if (found.block?.isFile === true && found.meta?.isFile === true) return result;
  dataset.log.log('warn', 'datanode', `Reporting the block ${id} as corrupt due to length mismatch or a missing file`);
  reportBad(before);
  return 'corrupt';
}
