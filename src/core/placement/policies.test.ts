// If these fail, a cluster that was told to survive the loss of racks does not, or a policy by another name is taken for
// the default without a word.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewBlockRequest } from '../blocks/block-manager.ts';
import type { Datanode } from '../blocks/datanode.ts';
import { AdminState } from '../blocks/storage-type.ts';
import { type FakeNode, TestCluster } from '../blocks/test-cluster.ts';
import { rackLimit, rackOfThird } from './default.ts';
import { placementPolicyNamed } from './policies.ts';
import { evenRound, spreadRackLimit } from './rack-spread.ts';
import { placementStatus } from './rules.ts';

const POLICY = 'org.apache.hadoop.hdfs.server.blockmanagement';

function request(change: Partial<NewBlockRequest> = {}): NewBlockRequest {
  return {
    path: '/f',
    replication: 3,
    blockSize: 128 * 2 ** 20,
    writer: undefined,
    excluded: [],
    favoured: [],
    storagePolicy: 0,
    noLocalWrite: false,
    noLocalRack: false,
    ignoreClientLocality: false,
    ...change,
  };
}

function choose(cluster: TestCluster, change: Partial<NewBlockRequest> = {}): Datanode[] {
  return cluster.manager.chooseTargets(request(change), cluster.now).targets.map((storage) => storage.node);
}

function clusterOf(policy: string, racks: readonly number[], seed = 7): { cluster: TestCluster; nodes: FakeNode[] } {
  const cluster = new TestCluster({}, seed, placementPolicyNamed(policy));
  cluster.manager.activate(cluster.now, 0);
  const nodes = racks.flatMap((count, rack) => Array.from({ length: count }, () => cluster.addNode(`/rack${rack}`)));
  for (const node of nodes) cluster.start(node);
  return { cluster, nodes };
}

const racksOf = (cluster: TestCluster, uuids: readonly string[]): string[] =>
  uuids.map((uuid) => cluster.manager.datanodes.byUuid(uuid)?.location ?? '?').sort();

describe('formulas of placement', () => {
  it.each([
    // nodes, racks, chosen, wanted: default replicas and per rack, rack-spread per rack
    [10, 1, 0, 3, 3, 3, 3],
    [10, 2, 0, 3, 3, 2, 2],
    [10, 3, 0, 3, 3, 2, 1],
    [10, 5, 0, 3, 3, 2, 1],
    [2, 2, 0, 3, 2, 1, 1],
    [10, 2, 2, 1, 1, 2, 2],
    [20, 4, 0, 10, 10, 4, 3],
    [20, 4, 0, 8, 8, 3, 2],
    [1, 1, 0, 3, 1, 1, 1],
    [3, 3, 3, 1, 0, 2, 1],
  ])('%i nodes in %i racks, %i there, %i wanted', (nodes, racks, chosen, wanted, replicas, perRack, spread) => {
    expect(rackLimit(nodes, racks, chosen, wanted)).toEqual({ replicas, perRack });
    expect(spreadRackLimit(nodes, racks, chosen, wanted)).toEqual({ replicas, perRack: spread });
  });

  it.each([
    ['besideSecond', true, true, 'other'],
    ['besideSecond', false, true, 'second'],
    ['besideSecond', false, false, 'writer'],
    ['besideFirst', true, true, 'other'],
    ['besideFirst', false, true, 'first'],
    ['besideFirst', false, false, 'first'],
  ] as const)('the third replica: %s, first two together %s, new block %s', (third, together, fresh, expected) => {
    expect(rackOfThird(third, together, fresh)).toBe(expected);
  });

  it.each([
    // racks of the block, racks required, racks of the cluster
    [1, 2, 2, false, 1],
    [1, 2, 1, true, 0],
    [2, 2, 5, true, 0],
    [2, 3, 5, false, 1],
    [1, 3, 2, false, 2],
    [2, 3, 2, true, 0],
    [0, 1, 1, false, 1],
  ])('%i racks of %i required, %i in the cluster', (racks, required, all, satisfied, additionalReplicas) => {
    expect(placementStatus(racks, required, all)).toEqual({ satisfied, additionalReplicas });
  });

  it('fills racks evenly before one gets its last replica', () => {
    expect(evenRound([], 3, 3, 8)).toBe(6);
    expect(evenRound([3], 3, 3, 8)).toBe(4);
    expect(evenRound([1, 1], 3, 3, 8)).toBe(4);
  });
});

describe('first-rack', () => {
  it('puts the third replica beside the first', () => {
    for (let seed = 1; seed < 30; seed++) {
      const { cluster, nodes } = clusterOf('first-rack', [3, 3, 3], seed);
      const writer = nodes[4] as FakeNode;
      const targets = choose(cluster, { writer: { node: cluster.datanode(writer), location: writer.location } });
      expect(targets[0]).toBe(cluster.datanode(writer));
      const racks = targets.map((node) => node.location);
      expect(racks.filter((rack) => rack === writer.location)).toHaveLength(2);
      expect(new Set(racks).size).toBe(2);
    }
  });
});

describe('rack-spread', () => {
  it('uses as many racks as a naive count says are possible, and none twice as much as need be', () => {
    const scenario = fc.record({
      racks: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
      replication: fc.integer({ min: 1, max: 8 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(scenario, ({ racks, replication, seed }) => {
        const { cluster } = clusterOf('rack-spread', racks, seed);
        const targets = choose(cluster, { replication });
        const nodes = racks.reduce((sum, count) => sum + count, 0);
        expect(targets).toHaveLength(Math.min(replication, nodes));
        expect(new Set(targets).size).toBe(targets.length);
        const used = new Map<string, number>();
        for (const node of targets) used.set(node.location, (used.get(node.location) ?? 0) + 1);
        expect(used.size).toBe(Math.min(racks.length, replication));
        // Dealing replicas out one rack after the other is the most even way.
        const naive = racks.map(() => 0);
        for (let left = targets.length; left > 0; ) {
          const open = racks.flatMap((count, rack) => ((naive[rack] ?? 0) < count ? [rack] : []));
          const lowest = Math.min(...open.map((rack) => naive[rack] ?? 0));
          for (const rack of open) {
            if (left > 0 && naive[rack] === lowest) {
              naive[rack] = lowest + 1;
              left--;
            }
          }
        }
        const limit = spreadRackLimit(nodes, racks.length, 0, replication).perRack;
        expect(Math.max(...used.values())).toBeLessThanOrEqual(Math.max(limit, Math.max(...naive) + 1));
      }),
      { numRuns: 200 },
    );
  });

  it('asks for a rack for each replica, and gives up those that share one', () => {
    const { cluster, nodes } = clusterOf('rack-spread', [2, 2, 2]);
    const block = cluster.addBlock(3);
    cluster.write(block, [nodes[0], nodes[1], nodes[2]] as FakeNode[]);
    expect(cluster.manager.statistics()).toMatchObject({ lowRedundancy: 1, badlyDistributed: 1 });
    cluster.run(30_000);
    expect(cluster.manager.statistics()).toMatchObject({ lowRedundancy: 0, badlyDistributed: 0, excess: 0 });
    expect(racksOf(cluster, cluster.holders(block))).toEqual(['/rack0', '/rack1', '/rack2']);
  });
});

describe('names of policies', () => {
  it('are Hadoop’s and ours; what is not built is refused by name', () => {
    expect(placementPolicyNamed(`${POLICY}.BlockPlacementPolicyDefault`).name).toBe('default');
    expect(placementPolicyNamed(`${POLICY}.BlockPlacementPolicyRackFaultTolerant`).name).toBe('rack-spread');
    expect(placementPolicyNamed('first-rack').name).toBe('first-rack');
    expect(() => placementPolicyNamed(`${POLICY}.BlockPlacementPolicyWithUpgradeDomain`)).toThrow(
      'upgrade domains are not built yet',
    );
    expect(() => placementPolicyNamed('toString')).toThrow('no such policy is known');
  });
});

describe('racks that change', () => {
  it('spreads old blocks when the cluster gets its second rack', () => {
    const { cluster } = clusterOf('default', [3]);
    const block = cluster.addBlock(3);
    cluster.write(block, cluster.nodes);
    cluster.run(10_000);
    expect(cluster.manager.statistics().lowRedundancy).toBe(0);
    cluster.start(cluster.addNode('/rack1'));
    cluster.tick();
    expect(cluster.manager.statistics().badlyDistributed).toBe(1);
    cluster.run(30_000);
    expect(cluster.manager.statistics()).toMatchObject({ lowRedundancy: 0, excess: 0 });
    expect(racksOf(cluster, cluster.holders(block))).toEqual(['/rack0', '/rack0', '/rack1']);
  });

  it('spreads again what a node held that comes back in another rack', () => {
    const { cluster, nodes } = clusterOf('default', [3, 2]);
    const [first, second, , other] = nodes as [FakeNode, FakeNode, FakeNode, FakeNode, FakeNode];
    const block = cluster.addBlock(3);
    cluster.write(block, [first, second, other]);
    cluster.run(10_000);
    expect(cluster.manager.statistics().lowRedundancy).toBe(0);
    const moved = { ...other, location: '/rack0' };
    cluster.nodes[3] = moved;
    cluster.start(moved);
    cluster.tick();
    expect(cluster.manager.statistics().badlyDistributed).toBe(1);
    cluster.run(30_000);
    expect(cluster.manager.statistics()).toMatchObject({ lowRedundancy: 0, excess: 0 });
    expect(new Set(racksOf(cluster, cluster.holders(block)))).toEqual(new Set(['/rack0', '/rack1']));
  });

  it('does not ask for a rack whose every node is leaving', () => {
    const { cluster, nodes } = clusterOf('default', [3, 1]);
    const { topology } = cluster.manager.datanodes;
    expect(topology.rackCount).toBe(2);
    const leaving = cluster.datanode(nodes[3] as FakeNode);
    leaving.adminState = AdminState.DECOMMISSION_INPROGRESS;
    topology.setLeaving(leaving, true);
    expect(topology.rackCount).toBe(1);
    topology.remove(leaving);
    topology.add(leaving);
    expect(topology.rackCount).toBe(1);
    topology.setLeaving(leaving, false);
    expect(topology.rackCount).toBe(2);
  });
});
