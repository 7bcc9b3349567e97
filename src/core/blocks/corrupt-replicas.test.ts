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

/** Three nodes, all of which have the block; so many of the replicas are bad. */
function onAllNodes(bad: number, more = 0) {
  const cluster = new TestCluster({}, 7);
  cluster.manager.activate(cluster.now, 0);
  const nodes = cluster.addNodes(3);
  const block = cluster.addBlock(3);
  cluster.write(block, nodes);
  cluster.addNodes(more);
  for (const node of nodes.slice(0, bad))
    cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(node), cluster.now);
  return { cluster, nodes, block };
}

it('a bad replica makes room for a copy where every node has one', () => {
  const { cluster, block } = onAllNodes(1);
  expect(cluster.holders(block)).toEqual(['uuid-2', 'uuid-3']);
  cluster.run(60_000);
  expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-2', 'uuid-3']);
  expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 0, underReplicated: 0 });
});

it('a bad replica stays while one good one is all there is', () => {
  const { cluster, nodes, block } = onAllNodes(2);
  cluster.run(60_000);
  expect(cluster.holders(block)).toEqual(['uuid-3']);
  expect(nodes.every((node) => node.replicas.size === 1)).toBe(true);
});

it('a bad replica goes only after it was made up for where another node can take a copy', () => {
  const { cluster, nodes, block } = onAllNodes(1, 1);
  for (let seconds = 0; seconds < 60 && cluster.holders(block).length < 3; seconds++) {
    expect(nodes[0]?.replicas.size).toBe(1);
    cluster.run(1_000);
  }
  expect(cluster.holders(block)).toEqual(['uuid-2', 'uuid-3', 'uuid-4']);
});

it.each([
  ['the end of the recovery', ['recovered', 'reported']],
  ['the node, before that', ['reported', 'recovered']],
])('a bad replica that took part in a recovery goes under its new stamp, told of by %s', (_who, order) => {
  const cluster = new TestCluster({}, 7);
  cluster.manager.activate(cluster.now, 0);
  const nodes = cluster.addNodes(4);
  const block = cluster.addBlock(3);
  const id = cluster.blocks.id(block);
  cluster.write(block, nodes.slice(0, 3));
  const [bad] = nodes as [FakeNode];
  cluster.blocks.setState(block, BlockState.UNDER_RECOVERY);
  const before = { genStamp: cluster.blocks.genStamp(block), numBytes: cluster.blocks.numBytes(block) };
  cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(bad), cluster.now);
  const genStamp = 1_002 as typeof before.genStamp;
  const cut = { genStamp, numBytes: 700 };
  for (const node of nodes.slice(0, 3)) cluster.put(block, node, cut);
  for (const step of order) {
    if (step === 'reported') {
      for (const node of nodes.slice(0, 3)) cluster.received(node, cluster.replicaOf(block, cut));
      continue;
    }
    cluster.blocks.setGenStamp(block, genStamp);
    cluster.blocks.setNumBytes(block, cut.numBytes);
    cluster.blocks.setState(block, BlockState.COMPLETE);
    const targets = nodes.slice(0, 3).flatMap((node) => [...cluster.datanode(node).storages.values()]);
    cluster.manager.blockRecovered(block, before, targets, true, cluster.now);
  }
  expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 1 });
  cluster.run(60_000);
  expect(bad.replicas.has(id)).toBe(false);
  expect(cluster.holders(block)).toEqual(['uuid-2', 'uuid-3', 'uuid-4']);
  expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 0, underReplicated: 0 });
});

it('a replica is good whose node has ended the recovery, though the leader did not hear of that', () => {
  const cluster = new TestCluster({}, 7);
  cluster.manager.activate(cluster.now, 0);
  const nodes = cluster.addNodes(3) as [FakeNode, FakeNode, FakeNode];
  const block = cluster.addBlock(3);
  cluster.write(block, nodes);
  cluster.blocks.setState(block, BlockState.UNDER_RECOVERY);
  const before = { genStamp: cluster.blocks.genStamp(block), numBytes: cluster.blocks.numBytes(block) };
  const genStamp = 1_002 as typeof before.genStamp;
  const [leader, silent, crashed] = nodes;
  for (const node of [leader, silent]) cluster.put(block, node, { genStamp });
  cluster.received(silent, cluster.replicaOf(block, { genStamp }));
  // It has the new stamp, and died before it was as was agreed.
  cluster.put(block, crashed, { genStamp, state: ReplicaState.RWR });
  cluster.report(crashed);
  cluster.blocks.setGenStamp(block, genStamp);
  cluster.blocks.setState(block, BlockState.COMPLETE);
  const targets = [...cluster.datanode(leader).storages.values()];
  cluster.manager.blockRecovered(block, before, targets, true, cluster.now);
  expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-2']);
  expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 1 });
});

it('a bad replica makes room for a copy where its node is the only one of another rack', () => {
  const cluster = new TestCluster({}, 7);
  cluster.manager.activate(cluster.now, 0);
  const [alone] = cluster.addNodes(1, 2) as [FakeNode];
  const others = Array.from({ length: 3 }, () => cluster.addNode('/rack1'));
  for (const node of others) cluster.start(node);
  const block = cluster.addBlock(3);
  cluster.write(block, [alone, ...others.slice(0, 2)]);
  cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(alone), cluster.now);
  cluster.run(60_000);
  expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-2', 'uuid-3']);
  expect(cluster.manager.statistics()).toMatchObject({ corruptReplicaBlocks: 0, underReplicated: 0 });
});
