// If these fail, a cluster that is to survive the loss of racks keeps replicas together, or goes on keeping them together
// after machines were moved.
import { expect, it } from 'vitest';
import { formatNameNode } from '../src/server/namenode/format.ts';
import { NameNode } from '../src/server/namenode/namenode.ts';
import { SimCluster } from './cluster.ts';

const POLICY = 'dfs.block.replicator.classname';

class Racks {
  readonly cluster: SimCluster;

  constructor(policy: string, racks: readonly string[]) {
    this.cluster = new SimCluster({ seed: 3, dataNodes: racks.length, racks, clients: 1, keys: { [POLICY]: policy } });
  }

  /** Racks of a block's replicas, for each block of the NameNode. */
  spread(): string[][] {
    const { system } = this.cluster.nameNode.running ?? {};
    if (system === undefined) throw new Error('the NameNode is down');
    const found: string[][] = [];
    system.namespace.blocks.scan(1, 10_000, (block) => {
      found.push(system.blockManager.locations(block).storages.map(({ node }) => node.location));
    });
    return found;
  }

  get calm(): boolean {
    const stats = this.cluster.nameNode.running?.system.blockManager.statistics();
    if (stats === undefined) return false;
    return stats.lowRedundancy + stats.pendingReplication + stats.pendingDeletion + stats.excess === 0;
  }
}

it('uses a rack for each replica, and does so again after a DataNode was moved', async () => {
  const racks = new Racks('org.apache.hadoop.hdfs.server.blockmanagement.BlockPlacementPolicyRackFaultTolerant', [
    '/r0',
    '/r0',
    '/r1',
    '/r1',
    '/r2',
    '/r2',
  ]);
  const { cluster } = racks;
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await simulation.run(cluster.connect(machine), 60_000);
  for (let i = 0; i < 8; i++) await simulation.run(client.writeFile(`/f-${i}`, Buffer.alloc(30_000, i)), 60_000);
  // The last block's third replica may be reported after its file is closed.
  expect(await cluster.until(() => racks.spread().every((replicas) => replicas.length === 3), 10_000)).toBe(true);
  for (const replicas of racks.spread()) expect(new Set(replicas)).toEqual(new Set(['/r0', '/r1', '/r2']));
  // One of the third rack's two goes over to the second.
  await cluster.setRacks(['/r0', '/r0', '/r1', '/r1', '/r2', '/r1']);
  cluster.crash('dn5', 'process', false);
  await simulation.advance(1_000);
  cluster.restart('dn5');
  await simulation.advance(10_000);
  expect(await cluster.until(() => racks.calm, 180_000)).toBe(true);
  const after = racks.spread();
  expect(after.length).toBeGreaterThan(8);
  for (const replicas of after) {
    expect(replicas).toHaveLength(3);
    expect(new Set(replicas)).toEqual(new Set(['/r0', '/r1', '/r2']));
  }
  for (let i = 0; i < 8; i++) {
    expect((await simulation.run(client.readFile(`/f-${i}`), 60_000)).equals(Buffer.alloc(30_000, i))).toBe(true);
  }
  expect(cluster.violations.found).toEqual([]);
});

it('spreads what was written before there was a second rack', async () => {
  const racks = new Racks('first-rack', ['/r0', '/r0', '/r0', '/r0']);
  const { cluster } = racks;
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await simulation.run(cluster.connect(machine), 60_000);
  for (let i = 0; i < 4; i++) await simulation.run(client.writeFile(`/f-${i}`, Buffer.alloc(30_000, i)), 60_000);
  await cluster.setRacks(['/r0', '/r0', '/r0', '/r1']);
  cluster.crash('dn3', 'process', false);
  await simulation.advance(1_000);
  cluster.restart('dn3');
  await simulation.advance(10_000);
  expect(await cluster.until(() => racks.calm, 180_000)).toBe(true);
  for (const replicas of racks.spread()) expect(replicas.sort()).toEqual(['/r0', '/r0', '/r1']);
  expect(cluster.violations.found).toEqual([]);
});

it('refuses to start with a policy that is not built', async () => {
  const racks = new Racks('org.apache.hadoop.hdfs.server.blockmanagement.BlockPlacementPolicyWithNodeGroup', ['/r0']);
  const { simulation, nameNode, configuration } = racks.cluster;
  await simulation.run(formatNameNode(nameNode.machine.host, configuration, {}), 60_000);
  const namenode = new NameNode(nameNode.machine.host, configuration);
  await expect(simulation.run(namenode.start(), 60_000)).rejects.toThrow('node groups are not built');
});
