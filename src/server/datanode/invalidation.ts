// Deletes blocks that a NameNode wants gone: each volume works by itself, errors are logged, and the rest goes on. A replica of
// a later generation than the order names stays.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import type { Volume } from './volume.ts';

export interface BlockToDelete {
  readonly id: BlockId;
  readonly genStamp: GenStamp;
}

export async function invalidate(dataset: Dataset, pool: BlockPool, blocks: readonly BlockToDelete[]): Promise<void> {
  const byVolume = new Map<Volume, BlockToDelete[]>();
  for (const block of blocks) {
    const handle = pool.replicas.find(block.id);
    if (handle === 0) {
      sayGone(dataset, pool, block);
      continue;
    }
    dataset.pendingDeletions++;
    const volume = pool.volumeOf(handle);
    const list = byVolume.get(volume) ?? [];
    list.push(block);
    byVolume.set(volume, list);
  }
  await Promise.all(
    [...byVolume].map(async ([volume, list]) => {
      let left = list.length;
      try {
        for (const block of list) {
          await invalidateOne(dataset, pool, volume, block);
          dataset.pendingDeletions--;
          left--;
        }
      } finally {
        dataset.pendingDeletions -= left;
      }
    }),
  );
}

/**
 * There is no such replica: a copy that came to nothing took its place, or it was lost. The NameNode, which takes it for bad until
 * it hears that it is gone, would wait for the next full report. Apache's DataNode says nothing, and its NameNode does not wait.
 */
function sayGone(dataset: Dataset, pool: BlockPool, { id, genStamp }: BlockToDelete): void {
  const [volume] = dataset.volumes;
  if (volume !== undefined) dataset.events.deleted(pool.id, { pool: pool.id, id, genStamp, numBytes: 0 }, volume);
}

function invalidateOne(dataset: Dataset, pool: BlockPool, volume: Volume, block: BlockToDelete): Promise<void> {
  const { id } = block;
  return dataset.locks.run(dataset.key({ pool: pool.id, id }), async () => {
    const handle = pool.replicas.find(id);
    if (handle === 0) {
      sayGone(dataset, pool, block);
      return;
    }
    const genStamp = pool.replicas.genStamp(handle);
    if (genStamp > block.genStamp) {
      dataset.log.log('warn', 'datanode', `blk_${id}_${block.genStamp} is not deleted: here is ${genStamp}`);
      return;
    }
    const numBytes = pool.replicas.numBytes(handle);
    await dataset.stopWriterOf(pool, handle);
    // Where the state of before an upgrade is kept, its names keep the files.
    await dataset.dropReplica(pool, handle, pool.trashEnabled && !pool.keepsPrevious.has(volume));
    dataset.blocksRemoved++;
    dataset.events.deleted(pool.id, { pool: pool.id, id, genStamp, numBytes }, volume);
  });
}
