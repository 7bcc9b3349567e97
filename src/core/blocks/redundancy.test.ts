// If these fail, copies are made in the wrong order or from bad replicas, DataNodes are flooded with work, or racks are
// given up for nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placementPolicyNamed } from '../placement/policies.ts';
import { BlockState } from './block-map.ts';
import { type CopySource, chooseCopySource } from './copy-source.ts';
import type { Datanode } from './datanode.ts';
import { Priority, priorityOf } from './low-redundancy.ts';
import { REPLICA_WORTHS, type ReplicaWorth } from './replica-counts.ts';
import { BlockStatus } from './reports.ts';
import { StorageState, StorageType } from './storage-type.ts';
import { type FakeNode, seeded, TestCluster } from './test-cluster.ts';

const { HIGHEST, VERY_LOW, LOW, BADLY_DISTRIBUTED, CORRUPT } = Priority;

describe('urgency', () => {
  it.each([
    // live, read only, out of service, expected
    [0, 0, 0, 1, CORRUPT],
    [0, 0, 0, 3, CORRUPT],
    [0, 0, 1, 3, HIGHEST],
    [0, 1, 0, 3, HIGHEST],
    [1, 0, 0, 2, HIGHEST],
    [1, 0, 0, 3, HIGHEST],
    [1, 0, 2, 3, HIGHEST],
    [1, 0, 0, 10, HIGHEST],
    [2, 0, 0, 3, LOW],
    [2, 0, 0, 6, LOW],
    [2, 0, 0, 7, VERY_LOW],
    [3, 0, 0, 10, VERY_LOW],
    [4, 0, 0, 12, LOW],
    [3, 0, 0, 3, BADLY_DISTRIBUTED],
    [1, 0, 0, 1, BADLY_DISTRIBUTED],
    [4, 0, 1, 3, BADLY_DISTRIBUTED],
  ])('of %i live, %i read only, %i out of service, %i expected', (live, readOnly, outOfService, expected, priority) => {
    expect(priorityOf(live, readOnly, outOfService, expected)).toBe(priority);
  });
});

describe('the source of a copy', () => {
  const limits = { maxStreams: 2, hardLimit: 4 };
  const replica = (worth: ReplicaWorth | undefined, copies = 0, more: Partial<CopySource> = {}): CopySource => ({
    worth,
    alive: true,
    leaving: worth === 'decommissioning' || worth === 'maintenanceForRead',
    copies,
    ...more,
  });

  it.each<[string, CopySource[], Priority, number | undefined]>([
    ['a live one', [replica('live')], LOW, 0],
    ['never a bad one', [replica('corrupt'), replica(undefined), replica('excess')], HIGHEST, undefined],
    ['never one that cannot be read', [replica('maintenanceNotForRead')], HIGHEST, undefined],
    ['not one that is busy', [replica('live', 2), replica('live', 1)], LOW, 1],
    ['a busy one for what is urgent', [replica('live', 3)], HIGHEST, 0],
    ['none beyond the hard limit', [replica('live', 4)], HIGHEST, undefined],
    ['a leaving one up to the hard limit', [replica('decommissioning', 3)], LOW, 0],
    ['not a leaving one beyond it', [replica('decommissioning', 4)], LOW, undefined],
    ['one entering maintenance', [replica('maintenanceForRead')], LOW, 0],
    ['one that has left, without others', [replica('decommissioned')], LOW, 0],
    ['not one that has left while a live one is only busy', [replica('decommissioned'), replica('live', 9)], LOW, undefined],
    ['not a dead one that has left', [replica('decommissioned', 0, { alive: false })], LOW, undefined],
    ['a read-only one', [replica('readOnly')], LOW, 0],
  ])('is %s', (_what, replicas, priority, expected) => {
    expect(chooseCopySource(replicas, priority, limits, seeded(1))).toBe(
      expected === undefined ? undefined : replicas[expected],
    );
  });

  it('is any of those that a plain filter leaves', () => {
    const any = fc.record({
      worth: fc.constantFrom<ReplicaWorth | undefined>(undefined, ...REPLICA_WORTHS),
      alive: fc.boolean(),
      leaving: fc.boolean(),
      copies: fc.nat(5),
    });
    const good: readonly (ReplicaWorth | undefined)[] = ['live', 'readOnly', 'decommissioning', 'maintenanceForRead'];
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), fc.constantFrom(HIGHEST, LOW), fc.nat(99), (replicas, priority, seed) => {
        let possible = replicas.filter(
          ({ worth, copies, leaving }) => good.includes(worth) && copies < 4 && (copies < 2 || leaving || priority === HIGHEST),
        );
        const live = replicas.some(({ worth }) => worth === 'live');
        if (possible.length === 0 && !live) {
          possible = replicas.filter(({ worth, alive }) => worth === 'decommissioned' && alive);
        }
        const chosen = chooseCopySource(replicas, priority, limits, seeded(seed + 1));
        if (possible.length === 0) expect(chosen).toBeUndefined();
        else expect(possible).toContain(chosen);
      }),
    );
  });
});

describe('deletions', () => {
  it('go to a third of the nodes in a round, and a bounded number to each', () => {
    const cluster = new TestCluster({ invalidateLimit: 20 });
    cluster.manager.activate(cluster.now, 0);
    const nodes = cluster.addNodes(6);
    const blocks = Array.from({ length: 50 }, () => cluster.addBlock(6));
    for (const block of blocks) cluster.write(block, nodes);
    cluster.run(4_000);
    for (const block of blocks) {
      cluster.replication.delete(block);
      cluster.manager.removeBlock(block, 0);
      cluster.blocks.remove(block);
    }
    cluster.nowMs += 3_000;
    cluster.tick();
    const told = nodes.map((node) => {
      const { commands } = cluster.heartbeat(node);
      return commands.reduce((sum, command) => sum + (command.kind === 'invalidate' ? command.blocks.length : 0), 0);
    });
    // 6 nodes × 0.32, rounded up.
    expect(told.filter((count) => count > 0)).toEqual([20, 20]);
    expect(cluster.manager.statistics().pendingDeletion).toBe(260);
    cluster.run(90_000);
    expect(cluster.manager.statistics().pendingDeletion).toBe(0);
  });

  it('begin only when the delay after a start is over', () => {
    const cluster = new TestCluster({ deletionDelayMs: 60_000 });
    cluster.manager.activate(cluster.now, 0);
    const nodes = cluster.addNodes(3);
    const block = cluster.addBlock(2);
    cluster.write(block, nodes);
    cluster.run(45_000);
    expect(cluster.holders(block)).toHaveLength(3);
    cluster.run(30_000);
    expect(cluster.holders(block)).toHaveLength(2);
  });
});

describe('copies on their way', () => {
  /** A block with two of three replicas, whose third was ordered; nobody has obeyed yet. */
  function ordered() {
    const cluster = new TestCluster();
    // Dead after a minute.
    cluster.manager.datanodes.configure({ heartbeatRecheckIntervalMs: 15_000 });
    cluster.manager.activate(cluster.now, 0);
    const nodes = cluster.addNodes(4);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes.slice(0, 2));
    cluster.nowMs += 3_000;
    cluster.tick();
    return { cluster, nodes, block };
  }

  it('to a node that has died are ordered again at once', () => {
    const { cluster, nodes, block } = ordered();
    const transfers = nodes.flatMap((node) => {
      const { commands } = cluster.heartbeat(node);
      return commands.flatMap((command) => (command.kind === 'transfer' ? command.blocks : []));
    });
    const [target] = transfers.flatMap(({ targets }) => targets);
    const dead = nodes.find((node) => node.id.datanodeUuid === target?.node.uuid);
    expect(dead).toBeDefined();
    const others = nodes.filter((node) => node !== dead);
    cluster.run(50_000, others);
    expect(cluster.manager.liveReplicas(block)).toBe(2);
    cluster.run(20_000, others);
    expect(cluster.manager.liveReplicas(block)).toBe(3);
    expect(cluster.manager.statistics().timedOutReplications).toBe(0);
  });

  it('from a node that begins anew before it was told of them are ordered again at once', () => {
    const { cluster, nodes, block } = ordered();
    expect(cluster.manager.statistics().pendingReplication).toBe(1);
    for (const { id, location } of nodes.slice(0, 2)) {
      cluster.manager.registerDatanode({ id, location, softwareVersion: '3.5.0' }, cluster.now);
    }
    expect(cluster.manager.statistics().pendingReplication).toBe(0);
    for (const node of nodes) cluster.report(node);
    cluster.run(20_000);
    expect(cluster.manager.liveReplicas(block)).toBe(3);
  });
});

it('a block that was recovered on two of three nodes lacks a replica, before they tell of theirs and after', () => {
  const cluster = new TestCluster({}, 7);
  cluster.manager.activate(cluster.now, 0);
  const [first, second] = cluster.addNodes(3) as [FakeNode, FakeNode, FakeNode];
  const block = cluster.addBlock(3, BlockState.COMMITTED);
  const after = { genStamp: cluster.blocks.genStamp(block), numBytes: cluster.blocks.numBytes(block) };
  const before = { ...after, genStamp: (after.genStamp - 1) as typeof after.genStamp };
  const targets = [first, second].flatMap((node) => [...cluster.datanode(node).storages.values()].slice(0, 1));
  cluster.manager.blockRecovered(block, before, targets, true, cluster.now);
  const lacks = () => [cluster.blocks.state(block), cluster.manager.statistics().underReplicated];
  expect(lacks()).toEqual([BlockState.COMPLETE, 1]);
  cluster.write(block, [first, second]);
  expect(lacks()).toEqual([BlockState.COMPLETE, 1]);
});

it('a copy is made on a busy node where there is no other', () => {
  const cluster = new TestCluster();
  cluster.manager.activate(cluster.now, 0);
  const nodes = cluster.addNodes(3) as [FakeNode, FakeNode, FakeNode];
  // Files that their writers leave open keep it so.
  nodes[2].xceiverCount = 100;
  cluster.heartbeat(nodes[2]);
  const block = cluster.addBlock(3);
  cluster.write(block, nodes.slice(0, 2));
  cluster.run(20_000);
  expect(cluster.manager.liveReplicas(block)).toBe(3);
});

describe('bad replicas', () => {
  it('wait for every storage to report where the key says so', () => {
    for (const deleteCorruptImmediately of [true, false]) {
      const cluster = new TestCluster({ deleteCorruptImmediately });
      cluster.manager.activate(cluster.now, 0);
      const nodes = cluster.addNodes(4) as [FakeNode, FakeNode, FakeNode, FakeNode];
      const block = cluster.addBlock(3);
      cluster.write(block, nodes);
      cluster.run(10_000);
      const holders = nodes.filter((node) => node.replicas.has(cluster.blocks.id(block)));
      const [bad, stale] = holders as [FakeNode, FakeNode];
      // Back without a report: what it holds is not known for sure.
      cluster.manager.registerDatanode({ id: stale.id, location: stale.location, softwareVersion: '3.5.0' }, cluster.now);
      cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(bad), cluster.now);
      cluster.run(20_000);
      expect(bad.replicas.has(cluster.blocks.id(block))).toBe(!deleteCorruptImmediately);
      cluster.report(stale);
      cluster.run(20_000);
      expect(bad.replicas.has(cluster.blocks.id(block))).toBe(false);
      expect(cluster.manager.liveReplicas(block)).toBe(3);
    }
  });
});

describe('giving up replicas', () => {
  it('gives up a second copy on another volume as well, found when the first was gone', () => {
    const cluster = new TestCluster();
    cluster.manager.activate(cluster.now, 0);
    const nodes = cluster.addNodes(4);
    const block = cluster.addBlock(3);
    const id = cluster.blocks.id(block);
    cluster.write(block, nodes);
    expect(cluster.manager.statistics().excess).toBe(1);
    let twice: FakeNode | undefined;
    const pass = (): void => {
      cluster.nowMs += 3_000;
      cluster.tick();
      for (const node of nodes) {
        const { commands } = cluster.heartbeat(node);
        if (twice === undefined && commands.some(({ kind }) => kind === 'invalidate')) {
          // What it says of the second copy takes the place of what it would have said of the first.
          twice = node;
          const other = { storageId: 'DS-other', type: StorageType.DISK, state: StorageState.NORMAL };
          const found = { ...cluster.replicaOf(block), status: BlockStatus.RECEIVED };
          cluster.manager.incrementalReport(node.id, other, [found], cluster.now);
        } else cluster.obey(node, commands);
      }
    };
    for (let round = 0; round < 6; round++) pass();
    expect(twice).toBeDefined();
    expect(cluster.manager.statistics().excess).toBe(0);
    expect(nodes.filter((node) => node.replicas.has(id))).toHaveLength(3);
    expect(cluster.manager.liveReplicas(block)).toBe(3);
  });

  it('keeps as many racks as a plain count says can be kept', () => {
    const scenario = fc.record({
      racks: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      keep: fc.integer({ min: 1, max: 4 }),
      policy: fc.constantFrom('default', 'first-rack', 'rack-spread'),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(scenario, ({ racks, keep, policy: name, seed }) => {
        const policy = placementPolicyNamed(name);
        const cluster = new TestCluster({}, seed, policy);
        const random = seeded(seed);
        const nodes = racks.flatMap((count, rack) => Array.from({ length: count }, () => cluster.addNode(`/rack${rack}`)));
        for (const node of nodes) node.remaining = Math.floor(random() * 1e9);
        for (const node of nodes) cluster.start(node);
        const candidates = nodes.flatMap((node) => [...cluster.datanode(node).storages.values()]);
        const view = {
          topology: cluster.manager.datanodes.topology,
          nowMs: cluster.nowMs,
          random,
          slow: new Set<Datanode>(),
          avoidStale: false,
          staleIntervalMs: 30_000,
          tolerateHeartbeatMs: 12_000,
          xceiverAverage: 1,
        };
        const chosen = policy.chooseExcess(
          {
            candidates,
            keep,
            excessTypes: candidates.slice(keep).map(() => StorageType.DISK),
            addedNode: undefined,
            deleteHint: undefined,
          },
          view,
        );
        expect(new Set(chosen).size).toBe(Math.max(0, candidates.length - keep));
        const left = candidates.filter((storage) => !chosen.includes(storage));
        const racksLeft = new Set(left.map((storage) => storage.node.location)).size;
        // The default policy owes two racks; rack-spread one for each replica that stays.
        const owed = Math.min(racks.length, left.length, name === 'rack-spread' ? left.length : 2);
        expect(racksLeft).toBeGreaterThanOrEqual(owed);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a bad replica on one of as many DataNodes as the block wants', () => {
  const prepare = () => {
    const cluster = new TestCluster();
    cluster.manager.activate(cluster.now, 0);
    const nodes = cluster.addNodes(3);
    const block = cluster.addBlock(3);
    cluster.write(block, nodes);
    const [bad] = nodes as [FakeNode];
    cluster.tick();
    cluster.manager.reportBadReplica(cluster.replicaOf(block), cluster.datanode(bad), cluster.now);
    const pass = (): void => {
      cluster.nowMs += 3_000;
      cluster.tick();
    };
    pass();
    const expectWhole = (): void => {
      cluster.run(60_000);
      expect(cluster.holders(block)).toEqual(['uuid-1', 'uuid-2', 'uuid-3']);
      for (const node of nodes) expect(node.replicas.has(cluster.blocks.id(block))).toBe(true);
    };
    return { cluster, nodes, block, bad, pass, expectWhole };
  };

  it('goes once, though it is looked at again before the node says that it is gone', () => {
    const { cluster, nodes, bad, pass, expectWhole } = prepare();
    // What one round orders, the next one lets go.
    pass();
    const { commands } = cluster.heartbeat(bad);
    expect(commands.map(({ kind }) => kind)).toEqual(['invalidate']);
    pass();
    cluster.obey(bad, commands);
    const later: string[] = [];
    for (let round = 0; round < 5; round++) {
      pass();
      for (const node of nodes) {
        const answer = cluster.heartbeat(node);
        if (node === bad) later.push(...answer.commands.map(({ kind }) => kind));
        cluster.obey(node, answer.commands);
      }
    }
    expect(later).toEqual([]);
    expectWhole();
  });

  it('is made again where the copy comes before the order to delete it leaves, and goes with that', () => {
    const { cluster, nodes, block, bad, pass, expectWhole } = prepare();
    // Its disk has lost it, and says so.
    bad.replicas.delete(cluster.blocks.id(block));
    cluster.report(bad);
    pass();
    for (const node of nodes) if (node !== bad) cluster.obey(node, cluster.heartbeat(node).commands);
    expect(bad.replicas.has(cluster.blocks.id(block))).toBe(true);
    expectWhole();
  });
});
