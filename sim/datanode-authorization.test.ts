// If this failed, hadoop-policy.xml would keep nobody away from DataNodes.
import { expect, test } from 'vitest';
import { DataNodeAdmin } from '../src/client/datanode-admin.ts';
import { SimCluster } from './cluster.ts';

test('who may not use a protocol of a DataNode is turned away, and others are not', async () => {
  const keys = { 'hadoop.security.authorization': true, 'security.client.datanode.protocol.acl': 'hdfs,ann' };
  const cluster = new SimCluster({ seed: 3, dataNodes: 1, clients: 1, keys });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  const [daemon] = cluster.dataNodes;
  if (machine === undefined || daemon?.running === undefined) throw new Error('the cluster lacks a node');
  const { port } = daemon.running.addresses.ipc;
  const as = (user: string) => new DataNodeAdmin(machine.host, cluster.configuration, `${daemon.name}:${port}`, user);
  await expect(simulation.run(as('alice').info(), 60_000)).rejects.toThrow(
    'User alice (auth:SIMPLE) is not authorized for protocol interface ' +
      'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol: denied by configured ACL',
  );
  for (const user of ['ann', 'hdfs']) {
    expect((await simulation.run(as(user).info(), 60_000)).softwareVersion).toBe('3.5.0');
  }
  // What clients do with data does not go this way.
  const client = await simulation.run(cluster.connect(machine), 60_000);
  await simulation.run(client.writeFile('/f', 'x', { replication: 1 }), 60_000);
  expect(String(await simulation.run(client.readFile('/f'), 60_000))).toBe('x');
});
