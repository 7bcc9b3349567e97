// Full block reports: the replicas of each storage as packed varints (id in zigzag, length, generation stamp, state), made
// in slices so that a million replicas do not hold the thread. Apache: BlockListAsLongs, FsDatasetImpl.getBlockReports.
import { ReplicaState } from '../../core/replica/states.ts';
import type { Clock } from '../../host/host.ts';
import type { StorageBlockReportProtoInit } from '../../wire/messages/datanode.ts';
import type { DatanodeStorageProto } from '../../wire/messages/hdfs.ts';
import { ProtoWriter } from '../../wire/protobuf/writer.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import type { Volume } from './volume.ts';

/** Replicas looked at in one turn: about a millisecond or two. */
const SLICE = 8192;
/** A report's bytes are parted into pieces of this size. Apache: BlockListAsLongs.CHUNK_SIZE. */
const PIECE_BYTES = 64 * 1024;

export const storageProto = (volume: Volume): DatanodeStorageProto => ({
  storageUuid: volume.storageId,
  state: 0,
  storageType: volume.storageType,
});

/** One report for each working volume. */
export async function fullReports(
  pool: BlockPool,
  volumes: readonly Volume[],
  clock: Clock,
): Promise<readonly { readonly report: StorageBlockReportProtoInit; readonly blocks: number }[]> {
  const parts = new Map(volumes.map((volume) => [volume.index, { volume, writer: new ProtoWriter(4096), blocks: 0 }]));
  for (let at = 1; at !== 0; ) {
    at = pool.replicas.scan(at, SLICE, (handle) => {
      const { replicas } = pool;
      const now = replicas.state(handle);
      const state = now === ReplicaState.RUR ? (pool.recoveries.get(handle)?.original ?? now) : now;
      if (state === ReplicaState.TEMPORARY) return;
      const part = parts.get(replicas.volume(handle));
      if (part === undefined) return;
      const { writer } = part;
      const id = replicas.id(handle);
      writer.putExactInt64((id << 1n) ^ (id >> 63n));
      writer.putInt64(pool.inFlight.get(handle)?.lengths.onDisk ?? replicas.numBytes(handle));
      writer.putInt64(replicas.genStamp(handle));
      writer.putInt64(state);
      part.blocks++;
    });
    if (at !== 0) await new Promise<void>((resolve) => clock.defer(resolve));
  }
  return [...parts.values()].flatMap(({ volume, writer, blocks }) => {
    // It failed in the meantime: saying that it is empty would be another word than that.
    if (volume.failure !== undefined) return [];
    const bytes = writer.view();
    const blocksBuffers: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) blocksBuffers.push(bytes.subarray(at, at + PIECE_BYTES));
    return [{ report: { storage: storageProto(volume), blocks: [], numberOfBlocks: blocks, blocksBuffers }, blocks }];
  });
}

/** Replicas on a volume, of all pools. */
export function countBlocks(dataset: Dataset, volume: Volume): number {
  return dataset.poolIds.reduce((count, id) => count + dataset.pool(id).replicas.countOn(volume.index), 0);
}
