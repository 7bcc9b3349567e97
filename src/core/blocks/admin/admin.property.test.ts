// If this fails, some order of decommissions, maintenance, deaths, returns and bad replicas lets a node go that still holds
// what nobody else has, or leaves blocks short of replicas for ever.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BlockHandle } from '../block-map.ts';
import { DEFAULT_DATANODES_OPTIONS } from '../datanodes.ts';
import { AdminState } from '../storage-type.ts';
import { type FakeNode, TestCluster } from '../test-cluster.ts';
import { combinedHostLists, type HostProperties, NO_HOST_LISTS } from './host-lists.ts';

const NODES = 6;
type Wish = HostProperties['state'];
type Step =
  | { readonly kind: 'wish'; readonly node: number; readonly wish: Wish }
  | { readonly kind: 'die' | 'return'; readonly node: number }
  | { readonly kind: 'bad'; readonly node: number; readonly block: number }
  | { readonly kind: 'write'; readonly from: number; readonly replication: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const node = fc.nat(NODES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('wish' as const),
    node,
    wish: fc.constantFrom<Wish>('normal', 'decommissioned', 'maintenance'),
  }),
  fc.record({ kind: fc.constantFrom('die' as const, 'return' as const), node }),
  fc.record({ kind: fc.constant('bad' as const), node, block: fc.nat(20) }),
  fc.record({ kind: fc.constant('write' as const), from: node, replication: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 3, max: 120 }) }),
);

class World {
  readonly cluster: TestCluster;
  readonly nodes: readonly FakeNode[];
  readonly blocks: BlockHandle[] = [];
  readonly wishes: Wish[] = Array.from({ length: NODES }, () => 'normal');
  readonly down = new Set<FakeNode>();
  readonly #states = new Map<string, AdminState>();

  constructor(seed: number) {
    // Silent nodes count as dead after 40 s.
    const datanodes = { ...DEFAULT_DATANODES_OPTIONS, heartbeatRecheckIntervalMs: 5_000 };
    this.cluster = new TestCluster({ datanodes, decommissionIntervalMs: 5_000 }, seed);
    this.cluster.manager.activate(this.cluster.now, 0);
    this.nodes = this.cluster.addNodes(NODES, 2);
  }

  get up(): FakeNode[] {
    return this.nodes.filter((each) => !this.down.has(each));
  }

  play(step: Step): void {
    const { cluster, nodes } = this;
    switch (step.kind) {
      case 'wish':
        this.wishes[step.node] = step.wish;
        cluster.manager.refreshNodes(this.#lists(), cluster.now);
        break;
      case 'die': {
        // Two at a time are more than three replicas are meant for.
        if (this.down.size === 0) this.down.add(nodes[step.node] as FakeNode);
        break;
      }
      case 'return': {
        const back = nodes[step.node] as FakeNode;
        if (this.down.delete(back)) cluster.start(back);
        break;
      }
      case 'bad': {
        const block = this.blocks[step.block];
        const at = nodes[step.node] as FakeNode;
        const datanode = cluster.datanode(at);
        // The last good one is not spoilt: nothing could bring it back.
        if (block === undefined || cluster.manager.liveReplicas(block) < 2 || this.down.has(at)) break;
        if (at.replicas.has(cluster.blocks.id(block))) {
          cluster.manager.reportBadReplica(cluster.replicaOf(block), datanode, cluster.now);
        }
        break;
      }
      case 'write': {
        const serving = this.up.filter((each) => cluster.datanode(each).inService && cluster.datanode(each).alive);
        const targets = Array.from({ length: step.replication }, (_, i) => serving[(step.from + i) % serving.length]);
        const distinct = [...new Set(targets)].flatMap((each) => each ?? []);
        if (distinct.length === 0) break;
        const block = cluster.addBlock(step.replication);
        cluster.write(block, distinct);
        this.blocks.push(block);
        break;
      }
      case 'wait':
        this.wait(step.seconds);
        break;
    }
    this.check();
  }

  wait(seconds: number): void {
    for (let i = 0; i < seconds; i += 3) {
      this.cluster.run(3_000, this.up);
      this.check();
    }
  }

  /** A node that has just gone leaves every block of its own with enough replicas on nodes that stay. */
  check(): void {
    const { manager, blocks } = this.cluster;
    for (const each of this.nodes) {
      const datanode = this.cluster.datanode(each);
      // What a dead node had counts only while it is expected back.
      if (!datanode.alive && !datanode.maintenance) expect(datanode.blockCount).toBe(0);
      const before = this.#states.get(datanode.uuid);
      this.#states.set(datanode.uuid, datanode.adminState);
      const left = before === AdminState.DECOMMISSION_INPROGRESS && datanode.decommissioned;
      const rests = before === AdminState.ENTERING_MAINTENANCE && datanode.inMaintenance;
      if ((!left && !rests) || !datanode.alive) continue;
      for (const block of this.blocks) {
        if (![...datanode.storages.values()].some((storage) => blocks.hasReplica(block, storage.number))) continue;
        const wanted = this.cluster.replication.get(block) ?? 0;
        const resting = this.nodes.filter((other) => {
          const holder = this.cluster.datanode(other);
          if (!holder.maintenance) return false;
          return [...holder.storages.values()].some((storage) => blocks.hasReplica(block, storage.number));
        }).length;
        const owed = left ? Math.max(Math.min(wanted - resting, 3), Math.min(1, wanted)) : 1;
        expect(manager.liveReplicas(block), `${datanode.uuid} left`).toBeGreaterThanOrEqual(owed);
      }
    }
  }

  #lists() {
    if (this.wishes.every((wish) => wish === 'normal')) return NO_HOST_LISTS;
    return combinedHostLists(
      this.nodes.map(({ id }, i) => ({
        address: id.ipAddr,
        hostName: id.hostName,
        port: 0,
        state: this.wishes[i] ?? 'normal',
        maintenanceUntilMs: Number.MAX_SAFE_INTEGER,
      })),
    );
  }
}

it('keeps every block, and comes to rest when all are called back', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.integer({ min: 1, max: 1e6 }), (steps, seed) => {
      const world = new World(seed);
      const { cluster } = world;
      for (const each of steps) world.play(each);
      world.wishes.fill('normal');
      for (let i = 0; i < NODES; i++) {
        world.play({ kind: 'return', node: i });
        world.play({ kind: 'wish', node: i, wish: 'normal' });
      }
      world.wait(300);
      const stats = cluster.manager.statistics();
      expect(stats).toMatchObject({ missing: 0, lowRedundancy: 0, pendingReplication: 0, pendingDeletion: 0, excess: 0 });
      for (const block of world.blocks) {
        const wanted = cluster.replication.get(block) ?? 0;
        expect(cluster.manager.liveReplicas(block)).toBe(wanted);
        const racks = new Set(cluster.manager.locations(block).storages.map((storage) => storage.node.location));
        expect(racks.size).toBeGreaterThanOrEqual(Math.min(2, wanted));
        // What is believed is on the disks.
        const onDisks = world.nodes.filter((each) => each.replicas.has(cluster.blocks.id(block)));
        expect(onDisks).toHaveLength(wanted);
      }
      expect(cluster.manager.admin.leaving.trackedCount + cluster.manager.admin.leaving.pendingCount).toBe(0);
      expect(cluster.manager.datanodes.totals.nodesInService).toBe(NODES);
    }),
    { numRuns: 60 },
  );
});
