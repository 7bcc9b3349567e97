// If these fail, a good replica counts as bad for hours, and the block is copied, or called corrupt, for nothing.
import { expect, it } from 'vitest';
import { BlockState } from './block-map.ts';
import { BlockStatus } from './reports.ts';
import { ReplicaState, StorageState, StorageType } from './storage-type.ts';
import { type FakeNode, TestCluster } from './test-cluster.ts';

/** A block of two replicas, the second of which is bad: an appender has written to it under a stamp that came to nothing. */
function withBadReplica() {
  const cluster = new TestCluster({}, 7);
  cluster.manager.activate(cluster.now, 0);
  const [first, second] = cluster.addNodes(2) as [FakeNode, FakeNode];
  const block = cluster.addBlock(2, BlockState.COMPLETE);
  cluster.write(block, [first]);
  const stale = cluster.replicaOf(block, { genStamp: 1_000 as never, state: ReplicaState.RBW });
  cluster.manager.incrementalReport(second.id, second.storage, [{ ...stale, status: BlockStatus.RECEIVING }], cluster.now);
  const counts = () => cluster.manager.statistics();
  return { cluster, second, block, counts };
}

it('a copy that comes to another volume of the node is good', () => {
  const { cluster, second, block, counts } = withBadReplica();
  expect(counts()).toMatchObject({ corruptReplicaBlocks: 1 });
  const other = { storageId: 'DS-2-other', type: StorageType.DISK, state: StorageState.NORMAL };
  const copy = { ...cluster.replicaOf(block), status: BlockStatus.RECEIVED };
  cluster.manager.incrementalReport(second.id, other, [copy], cluster.now);
  expect(counts()).toMatchObject({ corruptReplicaBlocks: 0, underReplicated: 0 });
  expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-2']);
});

it('a replica whose checksums are wrong stays bad while it is reported where it was', () => {
  const { cluster, second, block, counts } = withBadReplica();
  cluster.write(block, [second]);
  expect(counts()).toMatchObject({ corruptReplicaBlocks: 0 });
  expect(cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(second), cluster.now)).toBe(true);
  cluster.report(second);
  expect(counts()).toMatchObject({ corruptReplicaBlocks: 1 });
});
