// If this fails, a reader of a file that is still written misses bytes that were flushed, because the NameNode has just
// come back and has heard of no DataNode yet.
import { expect, test } from 'vitest';
import { SimCluster } from './cluster.ts';

test('what was flushed is read right after a restart of the NameNode', async () => {
  const cluster = new SimCluster({ seed: 11, clients: 2 });
  const { simulation, nameNode } = cluster;
  const [writing, reading] = cluster.clients;
  if (writing === undefined || reading === undefined) throw new Error('the cluster has two clients');
  await cluster.start();
  const writer = await simulation.run(cluster.connect(writing));
  const flush = async (): Promise<void> => {
    const file = await writer.open('/open', 'w');
    await file.write('flushed');
    await file.hflush();
  };
  await simulation.run(flush(), 60_000);
  nameNode.crash('process');
  await simulation.run(nameNode.restart(), 60_000);
  const reader = await simulation.run(cluster.connect(reading));
  expect(await simulation.run(reader.readFile('/open', 'utf8'), 60_000)).toBe('flushed');
  expect(cluster.violations.found).toEqual([]);
});

test('a block that nobody tells of is an error, not an end of the file', async () => {
  const cluster = new SimCluster({ seed: 12, clients: 2 });
  const { simulation, nameNode, dataNodes } = cluster;
  const [writing, reading] = cluster.clients;
  if (writing === undefined || reading === undefined) throw new Error('the cluster has two clients');
  await cluster.start();
  const writer = await simulation.run(cluster.connect(writing));
  const flush = async (): Promise<void> => {
    const file = await writer.open('/open', 'w');
    await file.write('flushed');
    await file.hflush();
  };
  await simulation.run(flush(), 60_000);
  for (const dataNode of dataNodes) dataNode.crash('process');
  nameNode.crash('process');
  await simulation.run(nameNode.restart(), 60_000);
  const reader = await simulation.run(cluster.connect(reading));
  await expect(simulation.run(reader.readFile('/open', 'utf8'), 60_000)).rejects.toThrow(
    'Could not obtain the last block locations.',
  );
});
