// The moment a flush is acknowledged. PR1: every node of the pipeline has the bytes, on its medium when they were synced; BK4:
// and they are the ones that were written. PR2: the pipeline is who has the block's present generation, and somebody has.
import type { SimFileNode } from '../../src/host/sim/file-node.ts';
import type { SimCluster } from '../cluster.ts';
import type { GhostFile } from '../ghost-file.ts';
import { bytesBeforeLast } from '../model.ts';
import { allReplicas } from '../replicas.ts';
import type { Witness } from '../witness.ts';

export function checkFlushed(
  cluster: SimCluster,
  witness: Witness,
  file: GhostFile,
  end: number,
  mark: 'flush' | 'sync',
  /** Of which machines is asked: those that have kept their process since the flush began. */
  standing: ReadonlySet<string>,
): void {
  const { violations } = cluster;
  const entry = witness.model().openFile(file.createPath);
  const last = entry?.blocks.at(-1);
  if (entry === undefined || last === undefined) return;
  const offset = bytesBeforeLast(entry);
  const due = end - offset;
  if (due <= 0) return;
  const members = allReplicas(cluster, last.id).filter(({ meta }) => meta?.genStamp === last.genStamp);
  const what = `blk_${last.id}_${last.genStamp} of ${file.createPath}`;
  violations.check(members.length > 0, 'PR2', () => `${what} was acknowledged, and nobody has that generation`);
  for (const { dataNode, path, bytes } of members) {
    if (!standing.has(dataNode)) continue;
    const wrong = file.firstWrongByte(offset, bytes.subarray(0, due));
    violations.check(bytes.length >= due, 'PR1', () => `${what} has ${bytes.length} bytes on ${dataNode}, ${due} were acked`);
    violations.check(
      wrong < 0 || cluster.isDamaged(dataNode, path),
      'BK4',
      () => `${what} has a wrong byte at ${wrong - offset} on ${dataNode}`,
    );
    if (mark !== 'sync') continue;
    const disk = cluster.dataNodes.find(({ name }) => name === dataNode)?.machine.disk;
    const node = disk?.find(path) as SimFileNode | undefined;
    const synced = node?.durableBytes().length ?? 0;
    violations.check(synced >= due, 'PR1', () => `${what} has ${synced} synced bytes on ${dataNode}, ${due} were acked`);
  }
}
