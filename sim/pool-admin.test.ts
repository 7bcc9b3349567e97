// If these fail, a DataNode does not take up a NameNode that its configuration names now, or an administrator's slip removes
// blocks that are served.
import { expect, test } from 'vitest';
import { clusterWithReloading } from './reloading-datanode.ts';

/** The node goes to the port for clients, until it reads its configuration again. */
const begin = (seed: number) =>
  clusterWithReloading(
    { seed, dataNodes: 1, clients: 1, keys: { 'dfs.namenode.servicerpc-address': 'nn:8021' } },
    (configuration) => configuration.with({ 'dfs.namenode.servicerpc-address': undefined }),
  );

test('the pool that is served is not removed, another one only with what it holds asked for', async () => {
  const { simulation, client, admin, host } = await begin(5);
  await simulation.run(client.writeFile('/f', 'content', { replication: 1 }), 60_000);
  const { disk } = host;
  const pools = async () =>
    (await simulation.run(disk.readdir('/data/current'), 1000)).filter((name) => name.startsWith('BP-'));
  const [served = ''] = await pools();
  const remove = (pool: string, force: boolean) => simulation.run(admin.deleteBlockPool(pool, force), 60_000);
  for (const force of [false, true]) await expect(remove(served, force)).rejects.toThrow('The block pool is still running');
  for (const name of ['..', '../../name', 'VERSION', ''])
    await expect(remove(name, true)).rejects.toThrow('is not the id of a block pool');
  const other = 'BP-1-10.0.0.1-1';
  await remove(other, false);
  await simulation.run(disk.mkdir(`/data/current/${other}/current/finalized/subdir0/subdir0`), 1000);
  await simulation.run(disk.writeFileAtomic(`/data/current/${other}/current/finalized/subdir0/subdir0/blk_1`, 'x'), 1000);
  await expect(remove(other, false)).rejects.toThrow('Cannot delete block pool, it contains some block files');
  expect(await pools()).toHaveLength(2);
  await remove(other, true);
  expect(await pools()).toEqual([served]);
  expect(String(await simulation.run(client.readFile('/f'), 60_000))).toBe('content');
});

test('a refresh goes over to the addresses that are named now, and leaves none out by mistake', async () => {
  const { simulation, client, admin, files, cluster } = await begin(6);
  const connections = () => cluster.nameNode.running?.rpcServers.service?.connectionCount;
  await simulation.run(admin.refreshNameNodes(), 60_000);
  expect(connections()).toBe(0);
  await simulation.run(client.writeFile('/before', 'a', { replication: 1 }), 60_000);
  files.configuration = cluster.configuration;
  await simulation.run(admin.refreshNameNodes(), 60_000);
  await simulation.advance(10_000);
  expect(connections()).toBe(1);
  await simulation.run(client.writeFile('/after', 'b', { replication: 1 }), 60_000);
  expect(String(await simulation.run(client.readFile('/before'), 60_000))).toBe('a');
  files.configuration = cluster.configuration.with({
    'dfs.nameservices': 'other',
    'dfs.namenode.rpc-address.other': 'nn:8020',
  });
  await expect(simulation.run(admin.refreshNameNodes(), 60_000)).rejects.toThrow(
    'Giving up a nameservice of a running DataNode',
  );
  await simulation.run(client.writeFile('/later', 'c', { replication: 1 }), 60_000);
});
