// If these fail, replicas of a file pile up in one rack or on one node, or writes fail although there is room.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewBlockRequest } from '../blocks/block-manager.ts';
import type { Datanode } from '../blocks/datanode.ts';
import { AdminState, StorageState, StorageType } from '../blocks/storage-type.ts';
import { type FakeNode, GIB, seeded, TestCluster } from '../blocks/test-cluster.ts';
import { rackLimit } from './default.ts';
import { RackPlacement } from './policies.ts';
import { type ReaderOrder, sortForReader } from './sort-locations.ts';
import { chooseStorageTypes, excessStorageTypes, storagePolicyById, storagePolicyByName } from './storage-policy.ts';
import { locationDistance, Topology } from './topology.ts';

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

const writerOn = (cluster: TestCluster, node: FakeNode) => ({ node: cluster.datanode(node), location: node.location });

describe('topology', () => {
  it('knows distances and picks evenly among those allowed', () => {
    const topology = new Topology<{ location: string; name: string }>();
    const nodes = ['/a/r1', '/a/r1', '/a/r2', '/b/r3'].map((location, i) => ({ location, name: `n${i}` }));
    for (const node of nodes) topology.add(node);
    const [n0, n1, n2, n3] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]];
    expect([n0, n1, n2, n3].map((node) => topology.distance(n0, node))).toEqual([0, 2, 4, 6]);
    expect(topology.rackCount).toBe(3);
    expect(new Set(topology.nodesIn('/a'))).toEqual(new Set([n0, n1, n2]));
    const random = seeded(3);
    const counts = new Map<unknown, number>();
    for (let i = 0; i < 3000; i++) {
      const node = topology.chooseRandom('', '/a/r2', new Set([n0]), random);
      counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    expect(new Set(counts.keys())).toEqual(new Set([n1, n3]));
    for (const count of counts.values()) expect(Math.abs(count - 1500)).toBeLessThan(200);
    expect(() => topology.add({ location: '/a', name: 'shallow' })).toThrow('rack and a non-rack node');
    topology.remove(n2);
    expect(topology.rackCount).toBe(2);
    expect(topology.chooseRandom('/a/r2', undefined, new Set(), random)).toBeUndefined();
    expect(locationDistance('/a/r1', '/b')).toBe(3);
  });
});

describe('storage policies', () => {
  it('choose types, stand-ins and what is too much as Apache does', () => {
    const hot = storagePolicyById(0);
    const { DISK, SSD, ARCHIVE } = StorageType;
    expect(hot.name).toBe('HOT');
    expect(chooseStorageTypes(hot, 3)).toEqual([DISK, DISK, DISK]);
    expect(chooseStorageTypes(hot, 3, [], new Set([DISK]), true)).toEqual([]);
    expect(chooseStorageTypes(hot, 3, [DISK], new Set([DISK]), false)).toEqual([ARCHIVE, ARCHIVE]);
    const oneSsd = storagePolicyById(10);
    expect(chooseStorageTypes(oneSsd, 3)).toEqual([SSD, DISK, DISK]);
    expect(chooseStorageTypes(oneSsd, 3, [], new Set([SSD]))).toEqual([DISK, DISK, DISK]);
    expect(chooseStorageTypes(storagePolicyById(15), 2)).toEqual([DISK, DISK]);
    expect(excessStorageTypes(oneSsd, 2, [DISK, DISK, SSD])).toEqual([DISK]);
    expect(storagePolicyByName('warm')?.id).toBe(5);
    expect(() => storagePolicyById(3)).toThrow('Cannot find a block policy');
  });
});

describe('default placement', () => {
  it('puts the first on the writer, the second in another rack, the third beside the second', () => {
    for (let seed = 1; seed < 30; seed++) {
      const cluster = new TestCluster({}, seed);
      const nodes = cluster.addNodes(9, 3);
      const writer = nodes[4] as FakeNode;
      const targets = choose(cluster, { writer: writerOn(cluster, writer) });
      expect(targets[0]).toBe(cluster.datanode(writer));
      expect(targets[1]?.location).not.toBe(writer.location);
      expect(targets[2]?.location).toBe(targets[1]?.location);
      expect(new Set(targets).size).toBe(3);
    }
  });

  it('never exceeds nodes, racks and exclusions, and gives as many as a naive check says are possible', () => {
    const scenario = fc.record({
      racks: fc.integer({ min: 1, max: 4 }),
      nodes: fc.integer({ min: 1, max: 12 }),
      replication: fc.integer({ min: 1, max: 6 }),
      excluded: fc.array(fc.nat(11), { maxLength: 6 }),
      full: fc.array(fc.nat(11), { maxLength: 4 }),
      writer: fc.option(fc.nat(11)),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(scenario, ({ racks, nodes, replication, excluded, full, writer, seed }) => {
        const cluster = new TestCluster({}, seed);
        const all = Array.from({ length: nodes }, (_, i) => cluster.addNode(`/rack${i % racks}`));
        for (const i of full) if (all[i] !== undefined) all[i].remaining = 1_000;
        for (const node of all) cluster.start(node);
        const out = new Set(excluded.flatMap((i) => (all[i] === undefined ? [] : [cluster.datanode(all[i])])));
        const usable = all.filter((node) => !out.has(cluster.datanode(node)) && node.remaining > 128 * 2 ** 20);
        const limit = rackLimit(nodes, Math.min(racks, nodes), 0, replication);
        const perRack = new Map<string, number>();
        for (const node of usable) perRack.set(node.location, (perRack.get(node.location) ?? 0) + 1);
        let possible = 0;
        for (const count of perRack.values()) possible += Math.min(count, limit.perRack);
        possible = Math.min(possible, limit.replicas);
        const at = writer === null ? undefined : all[writer];
        const change = { replication, excluded: [...out], writer: at === undefined ? undefined : writerOn(cluster, at) };
        if (possible === 0) {
          expect(() => choose(cluster, change)).toThrow('could only be written to 0 of the 1 minReplication nodes');
          return;
        }
        const targets = choose(cluster, change);
        expect(new Set(targets).size).toBe(targets.length);
        const used = new Map<string, number>();
        for (const node of targets) {
          expect(out.has(node)).toBe(false);
          expect(node.remaining).toBeGreaterThan(1_000);
          used.set(node.location, (used.get(node.location) ?? 0) + 1);
        }
        for (const count of used.values()) expect(count).toBeLessThanOrEqual(limit.perRack);
        expect(targets.length).toBe(possible);
        if (targets.length > 1 && perRack.size > 1) expect(used.size).toBeGreaterThan(1);
        if (at !== undefined && usable.includes(at)) expect(targets[0]).toBe(cluster.datanode(at));
      }),
      { numRuns: 150 },
    );
  });

  it('says in the words of Apache when nothing can be written', () => {
    const cluster = new TestCluster();
    expect(() => choose(cluster, { path: '/a/b' })).toThrow(
      'File /a/b could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running and 0 node(s) are excluded in this operation.',
    );
    const [node] = cluster.addNodes(1) as [FakeNode];
    expect(() => choose(cluster, { path: '/a/b', excluded: [cluster.datanode(node)] })).toThrow(
      'There are 1 datanode(s) running and 1 node(s) are excluded in this operation.',
    );
    // No node has a storage for the policy: but for the writer's own none is looked at.
    cluster.addNodes(1);
    const cold = { path: '/a/b', storagePolicy: storagePolicyByName('COLD')?.id ?? 0 };
    expect(() => choose(cluster, { ...cold, writer: writerOn(cluster, node) })).toThrow(
      'There are 2 datanode(s) running and 1 node(s) are excluded in this operation.',
    );
    expect(() => choose(cluster, cold)).toThrow(
      'There are 2 datanode(s) running and 0 node(s) are excluded in this operation.',
    );
  });

  it('heeds flags and favoured nodes', () => {
    for (let seed = 1; seed < 20; seed++) {
      const cluster = new TestCluster({}, seed);
      const nodes = cluster.addNodes(8, 4);
      const writer = nodes[0] as FakeNode;
      const from = writerOn(cluster, writer);
      const away = choose(cluster, { writer: from, noLocalWrite: true });
      expect(away).not.toContain(cluster.datanode(writer));
      expect(choose(cluster, { writer: from, noLocalRack: true }).map((node) => node.location)).not.toContain(writer.location);
      const favoured = [nodes[5], nodes[6]] as FakeNode[];
      const names = favoured.map((node) => `${node.id.hostName}:9866`);
      const targets = choose(cluster, { writer: from, favoured: names });
      for (const node of favoured) expect(targets).toContain(cluster.datanode(node));
      expect(targets).toHaveLength(3);
    }
    const small = new TestCluster();
    const [only] = small.addNodes(1) as [FakeNode];
    // With no other node the writer's own is better than none.
    expect(choose(small, { writer: writerOn(small, only), noLocalWrite: true })).toEqual([small.datanode(only)]);
  });

  it('passes over busy, leaving and stale nodes while there are others', () => {
    const cluster = new TestCluster({
      datanodes: {
        heartbeatIntervalMs: 3_000,
        heartbeatRecheckIntervalMs: 300_000,
        staleIntervalMs: 30_000,
        avoidStaleForWrite: true,
        writeStaleRatio: 0.5,
      },
    });
    const nodes = cluster.addNodes(6) as [FakeNode, FakeNode, FakeNode, FakeNode, FakeNode, FakeNode];
    nodes[0].xceiverCount = 100;
    cluster.heartbeat(nodes[0]);
    cluster.datanode(nodes[1]).adminState = AdminState.DECOMMISSION_INPROGRESS;
    cluster.run(60_000, [nodes[0], nodes[1], nodes[3], nodes[4], nodes[5]]);
    for (let i = 0; i < 20; i++) {
      const targets = choose(cluster);
      for (const bad of [nodes[0], nodes[1], nodes[2]]) expect(targets).not.toContain(cluster.datanode(bad));
    }
    // When nothing else is left, the stale one serves.
    const excluded = [nodes[3], nodes[4], nodes[5]].map((node) => cluster.datanode(node));
    expect(choose(cluster, { excluded, replication: 1 })).toEqual([cluster.datanode(nodes[2])]);
  });

  it('counts writes under way against the room of a node', () => {
    const cluster = new TestCluster();
    const node = cluster.addNode();
    node.remaining = 300 * 2 ** 20;
    cluster.start(node);
    for (let i = 0; i < 2; i++) {
      const { targets } = cluster.manager.chooseTargets(request({ replication: 1 }), cluster.now);
      cluster.manager.blockAllocated(cluster.addBlock(1, 1, 0), targets);
    }
    expect(() => choose(cluster, { replication: 1 })).toThrow('could only be written to 0');
  });

  it('falls back to another type of storage only when copying', () => {
    const cluster = new TestCluster();
    const node = cluster.addNode();
    Object.assign(node, { storage: { storageId: 'DS-a', type: StorageType.ARCHIVE, state: StorageState.NORMAL } });
    cluster.start(node);
    expect(() => choose(cluster, { replication: 1 })).toThrow('could only be written to 0');
    expect(choose(cluster, { replication: 1, storagePolicy: 5 })).toHaveLength(1);
  });

  it('takes another wanted type of a node whose storage of the first has no room', () => {
    const cluster = new TestCluster();
    for (const node of cluster.addNodes(4)) {
      const figures = { dfsUsed: 0, blockPoolUsed: 0, nonDfsUsed: 0, capacity: 200 * GIB };
      const full = { storageId: `${node.storage.storageId}-ssd`, type: StorageType.SSD, state: StorageState.NORMAL };
      cluster.heartbeat(node, undefined, {
        reports: [
          { ...figures, storage: node.storage, remaining: node.remaining },
          { ...figures, storage: full, remaining: 0 },
        ],
      });
    }
    // ONE_SSD: the disks, which it wants for the others, stand in for the SSD.
    expect(choose(cluster, { storagePolicy: 10 })).toHaveLength(3);
  });

  it('orders a reader’s replicas by distance', () => {
    const cluster = new TestCluster();
    const nodes = cluster.addNodes(6, 3) as [FakeNode, FakeNode, FakeNode, FakeNode, FakeNode, FakeNode];
    const storages = nodes.map((node) => [...cluster.datanode(node).storages.values()][0]).filter((each) => each !== undefined);
    cluster.datanode(nodes[0]).adminState = AdminState.DECOMMISSIONED;
    const sorted = sortForReader(storages, writerOn(cluster, nodes[1]), cluster.manager.readerView(cluster.now));
    expect(sorted[0]?.node).toBe(cluster.datanode(nodes[1]));
    expect(sorted[1]?.node).toBe(cluster.datanode(nodes[4]));
    expect(sorted[5]?.node).toBe(cluster.datanode(nodes[0]));
  });

  it('orders equally near replicas by load or by storage, or all of them by chance, where that is asked for', () => {
    const order = (readerOrder: ReaderOrder, seed = 7): (string | undefined)[] => {
      const cluster = new TestCluster({ readerOrder }, seed);
      const nodes = Array.from({ length: 4 }, (_, i) => {
        const node = cluster.addNode(i === 3 ? '/far' : '/near');
        node.xceiverCount = 10 - i;
        const type = i === 0 ? StorageType.DISK : i === 1 ? StorageType.ARCHIVE : StorageType.SSD;
        Object.assign(node, { storage: { storageId: `DS-${i}`, type, state: StorageState.NORMAL } });
        cluster.start(node);
        return node;
      });
      const storages = nodes.flatMap((node) => [...cluster.datanode(node).storages.values()]);
      const reader = { node: undefined, location: '/near' };
      return sortForReader(storages, reader, cluster.manager.readerView(cluster.now)).map(({ node }) => node.id.hostName);
    };
    expect(order('load')).toEqual(['host3', 'host2', 'host1', 'host4']);
    expect(order('storageType')).toEqual(['host3', 'host1', 'host2', 'host4']);
    const firsts = (readerOrder: ReaderOrder) =>
      new Set(Array.from({ length: 60 }, (_, seed) => order(readerOrder, seed + 1)[0]));
    expect(firsts('random')).toEqual(new Set(['host1', 'host2', 'host3']));
    expect(firsts('shuffled')).toEqual(new Set(['host1', 'host2', 'host3', 'host4']));
  });

  it('gives up replicas without giving up racks', () => {
    const cluster = new TestCluster();
    const nodes = cluster.addNodes(4, 2) as FakeNode[];
    const storages = nodes.slice(0, 3).flatMap((node) => [...cluster.datanode(node).storages.values()]);
    const view = {
      topology: cluster.manager.datanodes.topology,
      nowMs: cluster.nowMs,
      random: seeded(1),
      slow: new Set<Datanode>(),
      avoidStale: false,
      staleIntervalMs: 30_000,
      tolerateHeartbeatMs: 12_000,
      xceiverAverage: 1,
    };
    const [shared] = storages;
    if (shared !== undefined) shared.remaining = 5 * GIB;
    const excess = {
      candidates: storages,
      keep: 2,
      excessTypes: [StorageType.DISK],
      addedNode: undefined,
      deleteHint: undefined,
    };
    // Nodes 0 and 2 share a rack; of the two the fuller goes.
    expect(new RackPlacement().chooseExcess(excess, view)).toEqual([shared]);
  });
});
