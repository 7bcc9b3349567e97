// If these fail, a full report means something else when its bytes are compared with the block map at once (table/packed-runs.ts)
// than when each replica is decoded and looked at: replicas are lost from the map, taken for good though they are not, or deleted.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { BlockListEncoder, cursorOf, decodeBlockBuffers, type ReplicaCursor, type ReportedReplica } from './block-list.ts';
import { type BlockHandle, BlockState } from './block-map.ts';
import { ReplicaState } from './storage-type.ts';
import { type FakeNode, TestCluster } from './test-cluster.ts';

const FIRST_ID = 2n ** 30n;
const BLOCKS = 150;

/** Numbers of one to five bytes, and longer ones. */
const length = fc.oneof(
  fc.constant(2 ** 27),
  fc.nat(200),
  fc.nat(2 ** 21),
  fc.nat(2 ** 28),
  fc.nat(2 ** 31 - 1),
  fc.constantFrom(2 ** 33 + 5, 2 ** 35 + 7, 2 ** 47),
);
const stamp = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(1, 130, 2 ** 20, 2 ** 24, 2 ** 32 - 1, 2 ** 34, 2 ** 40) },
);
const block = fc.record({
  isThere: fc.integer({ min: 0, max: 9 }).map((chance) => chance > 0),
  length: fc.oneof({ weight: 3, arbitrary: fc.constant(2 ** 27) }, { weight: 2, arbitrary: length }),
  stamp,
  state: fc.integer({ min: 0, max: 30 }).map((chance) => (chance === 0 ? BlockState.UNDER_CONSTRUCTION : BlockState.COMPLETE)),
});
/** Which blocks a report names, one after the other, and what it says wrong of a few. */
const named = fc.record({
  node: fc.nat(3),
  from: fc.nat(BLOCKS - 1),
  steps: fc.array(
    fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 4 }) },
      { weight: 1, arbitrary: fc.integer({ min: -40, max: 60 }) },
    ),
    { maxLength: 200 },
  ),
  wrong: fc.dictionary(fc.nat(150).map(String), fc.constantFrom('length', 'stamp', 'state', 'id'), { maxKeys: 3 }),
  cut: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(65_536)),
  limit: fc.constantFrom(7, 100, 512),
});

class World {
  readonly cluster = new TestCluster();
  readonly nodes: FakeNode[];
  readonly blocks: BlockHandle[] = [];

  /** `storages`: so many are numbered before those of the nodes, whose numbers are wider then. */
  constructor(
    made: readonly { isThere: boolean; length: number; stamp: number | undefined; state: BlockState }[],
    storages: number,
  ) {
    const { cluster } = this;
    for (let i = 0; i < storages; i++) cluster.addNodes(1);
    this.nodes = cluster.addNodes(4);
    cluster.highestGenStamp = genStamp(2 ** 41);
    made.forEach(({ isThere, length, stamp, state }, i) => {
      if (!isThere) return;
      const added = cluster.blocks.add(blockId(FIRST_ID + BigInt(i)), genStamp(stamp ?? 1001 + i), length, i + 1, state);
      cluster.replication.set(added, 1 + (i % 3));
      this.blocks.push(added);
    });
    cluster.manager.activate(cluster.now, 0);
  }

  work(node: number, cursor: ReplicaCursor, limit: number): void {
    const { cluster } = this;
    const { id, storage } = this.nodes[node] as FakeNode;
    const report = cluster.manager.beginFullReport(id, storage, cursor, cluster.now);
    if (report === undefined) return;
    for (let turn = 0; ; turn++) {
      if (turn % 3 === 0) cluster.manager.beginReportTurn(1);
      if (cluster.manager.stepFullReport(report, limit, cluster.now, true)) return;
    }
  }

  /** All that follows from the reports. */
  get seen(): unknown {
    const { cluster, nodes, blocks } = this;
    return {
      held: blocks.map((block) => cluster.holders(block)),
      counts: nodes.map((node) => [...cluster.datanode(node).storages.values()].map(({ blockCount }) => blockCount)),
      statistics: cluster.manager.statistics(),
      commands: nodes.map((node) => cluster.heartbeat(node).commands),
      log: cluster.log,
    };
  }
}

function replicasOf(
  world: World,
  { from, steps, wrong }: { from: number; steps: readonly number[]; wrong: Readonly<Record<string, string>> },
): ReportedReplica[] {
  const { blocks } = world.cluster;
  const found: ReportedReplica[] = [];
  let at = from;
  for (const step of steps) {
    at = (((at + step) % BLOCKS) + BLOCKS) % BLOCKS;
    const id = blockId(FIRST_ID + BigInt(at));
    const handle = blocks.find(id);
    const replica =
      handle === 0
        ? { id, numBytes: 2 ** 27, genStamp: genStamp(1001 + at), state: ReplicaState.FINALIZED as ReplicaState }
        : world.cluster.replicaOf(handle);
    const how = wrong[String(found.length)];
    if (how === 'length') replica.numBytes++;
    else if (how === 'stamp') replica.genStamp = genStamp(replica.genStamp + 1);
    else if (how === 'state') replica.state = ReplicaState.RBW;
    else if (how === 'id') replica.id = blockId(replica.id - 2n ** 62n);
    found.push(replica);
  }
  return found;
}

function packed(replicas: readonly ReportedReplica[], cut: number): ReplicaCursor {
  const encoder = new BlockListEncoder();
  for (const replica of replicas) encoder.add(replica);
  const whole = Buffer.concat(encoder.finish());
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += cut) pieces.push(whole.subarray(at, at + cut));
  return decodeBlockBuffers(replicas.length, pieces);
}

test.each([0, 1024])(
  'what follows from reports is the same either way, however the buffers are cut (%i storages before)',
  (storages) => {
    fc.assert(
      fc.property(
        fc.array(block, { minLength: BLOCKS, maxLength: BLOCKS }),
        fc.array(named, { minLength: 1, maxLength: 6 }),
        (made, reports) => {
          const atOnce = new World(made, storages);
          const oneByOne = new World(made, storages);
          for (const each of reports) {
            const replicas = replicasOf(atOnce, each);
            atOnce.work(each.node, packed(replicas, each.cut), each.limit);
            oneByOne.work(each.node, cursorOf(replicas), each.limit);
            expect(atOnce.seen).toEqual(oneByOne.seen);
            // The same once more is a later report.
            atOnce.work(each.node, packed(replicas, each.cut), each.limit);
            oneByOne.work(each.node, cursorOf(replicas), each.limit);
            expect(atOnce.seen).toEqual(oneByOne.seen);
          }
        },
      ),
      { numRuns: storages === 0 ? 150 : 5 },
    );
  },
);

test('of a report in which all is right, only what lies across the ends of buffers is decoded by itself', () => {
  const made = Array.from({ length: 20_000 }, (_, i) => ({
    isThere: true,
    length: 1 + i * 77,
    stamp: undefined,
    state: BlockState.COMPLETE,
  }));
  const world = new World(made, 0);
  const compare = vi.spyOn(world.cluster.blocks, 'compare');
  const replicas = world.blocks.map((handle) => world.cluster.replicaOf(handle));
  for (let time = 0; time < 2; time++) {
    compare.mockClear();
    world.work(0, packed(replicas, 65_536), 512);
    expect(
      world.cluster
        .datanode(world.nodes[0] as FakeNode)
        .storages.values()
        .next().value?.blockCount,
    ).toBe(replicas.length);
    expect(compare.mock.calls.length).toBeLessThan(10);
  }
});
