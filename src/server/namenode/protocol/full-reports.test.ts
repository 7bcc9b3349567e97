// If these fail, what one disk of a DataNode holds is believed of another, a report of which a part is broken counts as whole, or
// others wait for the end of a long report.
import { expect, test, vi } from 'vitest';
import { ProtocolError } from '../../../base/errors.ts';
import { blockId, genStamp } from '../../../base/ids.ts';
import { BlockListEncoder } from '../../../core/blocks/block-list.ts';
import type { BlockHandle } from '../../../core/blocks/block-map.ts';
import { type FakeNode, TestCluster } from '../../../core/blocks/test-cluster.ts';
import { FrameMemory } from '../../../wire/ipc/frame.ts';
import { Activity } from '../activity.ts';
import { registerDataNode } from '../test-datanode.ts';
import { TestNameNode } from '../test-namenode.ts';
import { type ReportReader, workIn } from './full-reports.ts';

const STORAGES = ['DS-a', 'DS-b', 'DS-c'] as const;
type Held = Readonly<Partial<Record<(typeof STORAGES)[number], readonly BlockHandle[]>>>;

/** A node with three storages; how many replicas of reports are worked in in each turn is counted. */
function reported(meanwhile: (cluster: TestCluster) => void = () => undefined) {
  const cluster = new TestCluster();
  const [node] = cluster.addNodes(1) as [FakeNode];
  const { manager } = cluster;
  const turns = [0];
  const step = manager.stepFullReport.bind(manager);
  manager.stepFullReport = (report, limit, now, inTurn) => {
    turns.push((turns.pop() ?? 0) + limit);
    return step(report, limit, now, inTurn);
  };
  const activity = new Activity();
  const defer = (fn: () => void): void => {
    turns.push(0);
    meanwhile(cluster);
    queueMicrotask(fn);
  };
  const reader = { blockManager: manager, activity, now: () => cluster.now, host: { clock: { defer } } };
  const list = (storageUuid: string, blocks: readonly BlockHandle[]) => {
    const encoder = new BlockListEncoder();
    for (const block of blocks) encoder.add(cluster.replicaOf(block));
    const storage = { storageUuid, state: 0, storageType: 1 } as const;
    return { storage, blocks: [], numberOfBlocks: encoder.count, blocksBuffers: encoder.finish() };
  };
  const tell = (...lists: ReturnType<typeof list>[]) => {
    turns.push(0);
    return workIn(reader as unknown as ReportReader, node.id, lists);
  };
  const tellAll = (held: Held) => tell(...STORAGES.map((id) => list(id, held[id] ?? [])));
  /** What is known of each storage, as far as it is one of these blocks. */
  const known = (blocks: readonly BlockHandle[]): Held => {
    const found: Record<string, BlockHandle[]> = {};
    for (const block of blocks) {
      for (const { id } of manager.locations(block).storages) {
        const list = found[id] ?? [];
        list.push(block);
        found[id] = list;
      }
    }
    return found;
  };
  const storage = (id: string) => cluster.datanode(node).storages.get(id);
  return { cluster, node, list, tell, tellAll, known, storage, turns, activity };
}

test('of the reports of a call each says what its own storage holds, and others have their turn meanwhile', async () => {
  const { cluster, tellAll, known, storage, turns, activity } = reported();
  const blocks = Array.from({ length: 9_000 }, () => cluster.addBlock(1));
  const spread = (by: number, from = 0): Held =>
    Object.fromEntries(STORAGES.map((id, i) => [id, blocks.slice(from).filter((block) => ((block * by) % 7) % 3 === i)]));
  for (const held of [spread(1), spread(3), spread(3, 3_000), { 'DS-b': blocks }, {}]) {
    await tellAll(held);
    const there = Object.fromEntries(Object.entries(held).filter(([, list]) => list.length > 0));
    expect(known(blocks)).toEqual(there);
    for (const id of STORAGES) expect(storage(id)?.blockCount).toBe(held[id]?.length ?? 0);
  }
  expect(activity.storageReports.count).toBe(15);
  expect(Math.max(...turns)).toBeLessThanOrEqual(4096);
  expect(turns.find((replicas) => replicas > 0)).toBeLessThanOrEqual(512);
  expect(turns.length).toBeGreaterThan(10);
});

test('a file that goes between two turns gets no more replicas of what was asked about it before', async () => {
  let taken: number | undefined;
  const { tellAll, known, cluster } = reported(({ replication }) => {
    taken ??= [...replication.keys()].filter((block) => cluster.manager.locations(block).storages.length > 0).length;
    replication.clear();
  });
  const blocks = Array.from({ length: 9_000 }, () => cluster.addBlock(3));
  await tellAll(Object.fromEntries(STORAGES.map((id, i) => [id, blocks.filter((block) => block % 3 === i)])));
  expect(Object.values(known(blocks)).flat()).toHaveLength(taken as number);
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(4096);
});

test('a storage that is named twice has what was said last', async () => {
  const { cluster, list, tell, known } = reported();
  const blocks = Array.from({ length: 2_000 }, () => cluster.addBlock(1));
  await tell(list('DS-a', blocks), list('DS-b', []), list('DS-a', blocks.slice(1_000)));
  expect(known(blocks)).toEqual({ 'DS-a': blocks.slice(1_000) });
});

test('with a list that is broken no other of its call counts as whole, and the next call is as good as ever', async () => {
  const { cluster, list, tell, tellAll, known, storage } = reported();
  const blocks = Array.from({ length: 3_000 }, () => cluster.addBlock(1));
  const broken = list('DS-b', blocks.slice(0, 1_000));
  const cut = { ...broken, blocksBuffers: broken.blocksBuffers.map((bytes) => bytes.subarray(0, bytes.length - 1)) };
  const more = { ...broken, numberOfBlocks: 1_000_000 };
  for (const bad of [cut, more]) {
    const said = tell(list('DS-a', blocks.slice(1_000)), bad, list('DS-c', []));
    await expect(said).rejects.toThrow(ProtocolError);
    for (const id of STORAGES) expect(storage(id)?.reportCount).toBe(0);
  }
  await tellAll({ 'DS-b': blocks });
  expect(known(blocks)).toEqual({ 'DS-b': blocks });
  for (const id of STORAGES) expect(storage(id)?.reportCount).toBe(1);
});

test('long reports come to lie in one and the same memory, one after the other', async () => {
  const nn = new TestNameNode();
  await nn.format();
  await nn.start();
  const { calls, registration, blockPoolId } = await registerDataNode(nn, 'one', 'uuid-1');
  const given = vi.spyOn(FrameMemory.prototype, 'give');
  const encoder = new BlockListEncoder();
  for (let id = 0; id < 100_000; id++) {
    encoder.add({ id: blockId(2n ** 31n + BigInt(id)), numBytes: 2 ** 27, genStamp: genStamp(2 ** 20), state: 0 });
  }
  const list = { blocks: [], numberOfBlocks: encoder.count, blocksBuffers: encoder.finish() };
  for (const storageUuid of STORAGES) {
    const reports = [{ ...list, storage: { storageUuid, state: 0, storageType: 1 } as const }];
    await nn.within(calls.blockReport({ registration, blockPoolId, reports }));
  }
  const memory = given.mock.calls.map(([frame]) => frame).filter(({ length }) => length > 2 ** 20);
  given.mockRestore();
  expect(memory).toHaveLength(STORAGES.length);
  expect(new Set(memory).size).toBe(1);
});
