// If this fails, a balancer carries blocks away from the nodes that their writer has asked for.
import { expect, test } from 'vitest';
import type { Hdfs } from '../src/client/index.ts';
import { SimCluster } from './cluster.ts';

async function modesOfBlocks(pinning: boolean, favoured: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const keys = { 'dfs.datanode.block-pinning.enabled': pinning };
  const cluster = new SimCluster({ seed: 77, dataNodes: 4, clients: 1, keys });
  await cluster.start();
  const { simulation } = cluster;
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client: Hdfs = await simulation.run(cluster.connect(machine), 60_000);
  const names = cluster.dataNodes.filter(({ name }) => favoured.includes(name)).map(({ name }) => `${name}:9866`);
  await simulation.run(client.writeFile('/f', Buffer.alloc(9_000), { replication: 3, favoredNodes: names }), 60_000);
  const found = new Map<string, number>();
  for (const { name, machine: node } of cluster.dataNodes) {
    const { disk } = node.host;
    const look = async (path: string): Promise<void> => {
      for (const entry of await disk.readdir(path)) {
        const stat = await disk.stat(`${path}/${entry}`);
        if (stat.isDirectory) await look(`${path}/${entry}`);
        else if (/^blk_\d+$/.test(entry)) found.set(name, stat.mode & 0o7000);
      }
    };
    await simulation.run(look('/data/current'), 60_000);
  }
  expect(cluster.violations.found).toEqual([]);
  return found;
}

test('replicas on favoured nodes are pinned, where that is switched on, and no others', async () => {
  const modes = await modesOfBlocks(true, ['dn1', 'dn3']);
  expect(modes.size).toBe(3);
  expect([modes.get('dn1'), modes.get('dn3')]).toEqual([0o1000, 0o1000]);
  expect([...modes.values()].filter((mode) => mode === 0)).toHaveLength(1);
  const off = await modesOfBlocks(false, ['dn1', 'dn3']);
  expect([...off.keys()]).toEqual(expect.arrayContaining(['dn1', 'dn3']));
  expect([...off.values()]).toEqual([0, 0, 0]);
});
