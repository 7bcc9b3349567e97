// If this fails, a start, a death of a DataNode, or an order to leave keeps every client waiting, and longer the more blocks
// there are: what one turn does must have a bound that is the same for ten thousand blocks and a hundred million. Work is
// counted in looks at blocks, not in time.
import { describe, expect, test, vi } from 'vitest';
import type { BlockHandle } from './block-map.ts';
import type { Storage } from './datanode.ts';
import { PendingReconstruction } from './pending-reconstruction.ts';
import { type FakeNode, TestCluster } from './test-cluster.ts';

const BLOCKS = 12_000;
/** Looks at blocks that one turn may make, of all walks together. */
const MOST_LOOKS = 8_000;
const EXCLUDE_LAST = (node: FakeNode) => ({
  includes: [],
  isIncluded: () => true,
  isExcluded: ({ ipAddr }: { readonly ipAddr: string }) => ipAddr === node.id.ipAddr,
  maintenanceUntilMs: () => 0,
});

/** Blocks of three replicas on four nodes, all reported. */
function world(blocks: number) {
  const cluster = new TestCluster({ maxReplicationStreams: 0, replicationStreamsHardLimit: 0 });
  const nodes = Array.from({ length: 4 }, () => cluster.addNode());
  for (let i = 0; i < blocks; i++) {
    const block = cluster.addBlock(3);
    for (let replica = 0; replica < 3; replica++) cluster.put(block, nodes[(i + replica) % 4] as FakeNode);
  }
  for (const node of nodes) cluster.start(node);
  return { cluster, nodes, last: nodes[3] as FakeNode };
}

type World = ReturnType<typeof world>;

function populated(blocks: number): World {
  const made = world(blocks);
  made.cluster.manager.populateQueues();
  turns(made.cluster);
  return made;
}

/** Ticks until nothing is left; answers how many there were, and the most looks at blocks in one. */
function turns(cluster: TestCluster, turn = () => cluster.manager.tick(cluster.now)): { turns: number; mostLooks: number } {
  const looks = [vi.spyOn(cluster.replication, 'get'), vi.spyOn(cluster.blocks, 'replicasInto')];
  let mostLooks = 0;
  let count = 0;
  for (let more = true; more; count++) {
    for (const look of looks) look.mockClear();
    more = turn();
    mostLooks = Math.max(mostLooks, ...looks.map(({ mock }) => mock.calls.length));
  }
  for (const look of looks) look.mockRestore();
  return { turns: count, mostLooks };
}

function silence({ cluster, nodes }: World, silent: readonly FakeNode[]): void {
  const { expiryMs } = cluster.manager.datanodes;
  // In steps: when the NameNode itself slept for long, nobody is taken for dead.
  for (const end = cluster.nowMs + expiryMs + 1000; cluster.nowMs < end; ) {
    cluster.nowMs += 20_000;
    for (const node of nodes) if (!silent.includes(node)) cluster.heartbeat(node);
    if (cluster.nowMs < end) cluster.manager.tick(cluster.now);
  }
}

const walks: Readonly<Record<string, (blocks: number) => { turns: number; mostLooks: number }>> = {
  'the first look at every block': (blocks) => {
    const { cluster } = world(blocks);
    cluster.manager.populateQueues();
    return turns(cluster);
  },
  'the death of a node': (blocks) => {
    const made = populated(blocks);
    silence(made, [made.last]);
    const seen = turns(made.cluster);
    expect(made.cluster.manager.statistics().underReplicated).toBeGreaterThan(blocks / 2);
    return seen;
  },
  'a node that leaves': (blocks) => {
    const { cluster, last } = populated(blocks);
    cluster.manager.refreshNodes(EXCLUDE_LAST(last) as never, cluster.now);
    cluster.nowMs += 60_000;
    const seen = turns(cluster);
    expect(cluster.datanode(last).leaving.lowRedundancy).toBeGreaterThan(blocks / 2);
    return seen;
  },
  'a node in another rack': (blocks) => {
    const { cluster, last } = populated(blocks);
    cluster.manager.registerDatanode({ id: last.id, location: '/elsewhere', softwareVersion: '3.5.0' }, cluster.now);
    return turns(cluster);
  },
  'a report of blocks that are gone from the disk': (blocks) => {
    const { cluster, last } = populated(blocks);
    last.replicas.clear();
    return turns(cluster, fullReport(cluster, last));
  },
};

function fullReport(cluster: TestCluster, node: FakeNode): () => boolean {
  const replicas = [...node.replicas.values()];
  let at = 0;
  const cursor = {
    count: replicas.length,
    get done() {
      return at === replicas.length;
    },
    read: () => {
      at = replicas.length;
    },
  };
  const report = cluster.manager.beginFullReport(node.id, node.storage, cursor, cluster.now);
  if (report === undefined) throw new Error('the report was passed over');
  return () => !cluster.manager.stepFullReport(report, 1000, cluster.now);
}

describe('in one turn is never looked at more blocks than a slice has:', () => {
  test.each(Object.keys(walks))('%s', (name) => {
    const walk = walks[name] as (typeof walks)[string];
    const { turns: count, mostLooks } = walk(BLOCKS);
    expect(mostLooks).toBeLessThan(MOST_LOOKS);
    expect(mostLooks).toBeGreaterThan(0);
    const twice = walk(2 * BLOCKS);
    expect(twice.mostLooks).toBeLessThanOrEqual(mostLooks);
    expect(twice.turns).toBeGreaterThan(1.5 * count);
  });
});

test('when a whole rack falls silent, its nodes go a few at a time', () => {
  const cluster = new TestCluster();
  const nodes = cluster.addNodes(60);
  silence({ cluster, nodes, last: nodes[59] as FakeNode }, nodes.slice(1));
  const left: number[] = [];
  turns(cluster, () => {
    const more = cluster.manager.tick(cluster.now);
    left.push(cluster.manager.datanodes.aliveCount);
    return more;
  });
  expect(left.at(-1)).toBe(1);
  expect(Math.max(...left.slice(1).map((count, i) => (left[i] as number) - count))).toBeLessThanOrEqual(8);
});

test('replicas that a node had too many are judged again in slices when it registers anew', () => {
  const { cluster, nodes } = populated(BLOCKS);
  for (const block of cluster.replication.keys()) {
    cluster.replication.set(block, 2);
    cluster.manager.replicationChanged(block, cluster.now);
  }
  const excessOf = (node: FakeNode): number => cluster.datanode(node).excess.size;
  const last = nodes.reduce((most, node) => (excessOf(node) > excessOf(most) ? node : most));
  const tooMany = excessOf(last);
  expect(tooMany).toBeGreaterThan(BLOCKS / 8);
  cluster.manager.registerDatanode({ id: last.id, location: last.location, softwareVersion: '3.5.0' }, cluster.now);
  expect(cluster.datanode(last).excess.size).toBe(0);
  const postponed = (): number => cluster.manager.statistics().postponed;
  const before = postponed();
  let most = 0;
  turns(cluster, () => {
    const had = postponed();
    const more = cluster.manager.tick(cluster.now);
    most = Math.max(most, postponed() - had);
    return more;
  });
  expect(most).toBeLessThan(MOST_LOOKS);
  expect(postponed() - before).toBe(tooMany);
});

describe('copies on their way to a node that is gone', () => {
  function pendingOf(blocks: number) {
    const cluster = new TestCluster();
    const [gone, stays] = cluster.addNodes(2).map((node) => cluster.datanode(node)) as never as {
      storages: Map<string, Storage>;
    }[];
    const to = (node: typeof gone): Storage => [...(node?.storages.values() ?? [])][0] as Storage;
    const pending = new PendingReconstruction(1000);
    for (let block = 1; block <= blocks; block++) pending.add(block, [to(block % 2 === 0 ? gone : stays)], block);
    return { pending, gone: to(gone).node, stays: to(stays) };
  }

  test('are found in slices, and no others', () => {
    const { pending, gone } = pendingOf(1000);
    pending.gone(gone);
    const found: BlockHandle[] = [];
    let steps = 0;
    for (; pending.hasGone; steps++) {
      const slice = pending.takeGone(100);
      expect(slice.length).toBeLessThanOrEqual(100);
      found.push(...slice);
    }
    expect(steps).toBeGreaterThanOrEqual(10);
    expect(found).toEqual(Array.from({ length: 500 }, (_, i) => 2 * (i + 1)));
    expect(pending.size).toBe(500);
  });

  test('are waited for again once it is back', () => {
    const { pending, gone, stays } = pendingOf(1000);
    pending.gone(gone);
    pending.takeGone(100);
    pending.back(gone);
    pending.add(5000, [stays], 9);
    while (pending.hasGone) expect(pending.takeGone(100)).toEqual([]);
    expect(pending.size).toBe(951);
  });
});
