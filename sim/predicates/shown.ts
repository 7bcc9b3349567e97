// BK5: what of the bytes that a reader was shown stays visible to all. A DataNode shows what it and those behind it in the
// pipeline have acknowledged: the last one is ahead of the others, by far where one between has a slow disk. HDFS promises
// readers no order over the DataNodes that they ask: what is promised is what everybody who has the block shows by then.
import { visibleLengthOf } from '../../src/server/datanode/visible-length.ts';
import type { SimCluster } from '../cluster.ts';
import type { GhostFile } from '../ghost-file.ts';
import { bytesBeforeLast } from '../model.ts';
import type { Witness } from '../witness.ts';

/** Of `end` bytes that a reader was shown; of a closed file all. */
export function shownByAll(cluster: SimCluster, witness: Witness, file: GhostFile, end: number): number {
  const entry = witness.model().openFile(file.createPath);
  const last = entry?.blocks.at(-1);
  if (entry === undefined || last === undefined) return end;
  const offset = bytesBeforeLast(entry);
  let least = end;
  for (const { running } of cluster.dataNodes) {
    // It may have given up, with its process still there.
    const dataset = running?.isRunning === true ? running.dataset : undefined;
    const [poolId] = dataset?.poolIds ?? [];
    const pool = poolId === undefined ? undefined : dataset?.poolOrNone(poolId);
    const handle = pool?.replicas.find(last.id as never) ?? 0;
    if (pool === undefined || handle === 0 || pool.replicas.genStamp(handle) < last.genStamp) continue;
    const visible = visibleLengthOf(pool, handle);
    // Below 0: it tells nobody a length.
    if (visible >= 0) least = Math.min(least, offset + visible);
  }
  return least;
}
