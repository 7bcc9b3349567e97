// If this fails, DataNodes that run while their NameNode is upgraded stay up without a NameNode, and nobody starts them again; or
// they serve it without keeping what a rollback needs.
import { expect, test } from 'vitest';
import { DataNode } from '../src/server/datanode/datanode.ts';
import { NameNode } from '../src/server/namenode/namenode.ts';
import { SimCluster } from './cluster.ts';

const LIMIT_MS = 120_000;

test('a DataNode ends when its NameNode was upgraded meanwhile, and follows when it is started again', async () => {
  const cluster = new SimCluster({ seed: 5, dataNodes: 1, clients: 1 });
  const { simulation, nameNode, configuration } = cluster;
  await cluster.start();
  const [daemon] = cluster.dataNodes;
  if (daemon?.running === undefined) throw new Error('the cluster has a DataNode');
  await simulation.run(daemon.running.stop(), LIMIT_MS);
  daemon.machine.restart();
  let ends = 0;
  const start = async (): Promise<DataNode> => {
    const node = new DataNode(daemon.machine.host, configuration, { onShutdown: () => ends++ });
    await simulation.run(node.start(), LIMIT_MS);
    return node;
  };
  const running = await start();
  const alive = (server: NameNode | undefined): boolean => server?.system.blockManager.datanodes.aliveCount === 1;
  await simulation.advance(10_000);
  expect(alive(nameNode.running)).toBe(true);
  await simulation.run(nameNode.running?.stop() ?? Promise.resolve(), LIMIT_MS);
  nameNode.machine.restart();
  const server = new NameNode(nameNode.machine.host, configuration, { startup: 'upgrade' });
  await simulation.run(server.start(), LIMIT_MS);
  expect(await cluster.until(() => ends > 0, LIMIT_MS)).toBe(true);
  await simulation.run(running.stop(), LIMIT_MS);
  daemon.machine.restart();
  await start();
  expect(await cluster.until(() => alive(server), LIMIT_MS)).toBe(true);
  expect([...daemon.machine.disk.files('/').keys()].some((path) => path.includes('/previous/VERSION'))).toBe(true);
  expect(ends).toBe(1);
});
