// If these fail, a DataNode does not take up a NameNode that its configuration names now, or an administrator's slip removes
// blocks that are served.
import { expect, test } from 'vitest';
import { DataNodeAdmin } from '../src/client/datanode-admin.ts';
import type { Configuration } from '../src/config/configuration.ts';
import { DataNode } from '../src/server/datanode/datanode.ts';
import { SimCluster } from './cluster.ts';

async function begin(seed: number) {
  const keys = { 'dfs.namenode.servicerpc-address': 'nn:8021' };
  const cluster = new SimCluster({ seed, dataNodes: 1, clients: 1, keys });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  const [daemon] = cluster.dataNodes;
  if (machine === undefined || daemon === undefined) throw new Error('the cluster lacks a node');
  // The node once more, as one that can read its configuration again, and goes to the port for clients.
  daemon.crash('process');
  const files = { configuration: cluster.configuration.with({ 'dfs.namenode.servicerpc-address': undefined }) };
  const host = daemon.machine.restart();
  const node = new DataNode(host, files.configuration, { reload: async (): Promise<Configuration> => files.configuration });
  await simulation.run(node.start(), 60_000);
  await simulation.advance(5_000);
  const client = await simulation.run(cluster.connect(machine), 60_000);
  const admin = new DataNodeAdmin(machine.host, cluster.configuration, `${daemon.name}:${node.addresses.ipc.port}`, 'hdfs');
  return { cluster, simulation, client, admin, host, files };
}

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
