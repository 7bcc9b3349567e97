// If this fails, one disk that hangs takes the DataNode's other disks, or its heartbeats, with it.
import { expect, test } from 'vitest';
import { SimCluster } from './cluster.ts';

test('a disk whose syncs hang stops its own blocks only', async () => {
  const cluster = new SimCluster({ seed: 11, dataNodes: 1, clients: 1, keys: { 'dfs.datanode.data.dir': '/a,/b' } });
  const { simulation } = cluster;
  const [dataNode] = cluster.dataNodes;
  if (dataNode === undefined) throw new Error('the cluster has no DataNode');
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await simulation.run(cluster.connect(machine), 60_000);
  const content = Buffer.alloc(40_000, 7);
  await simulation.run(client.writeFile('/before', content, { replication: 1 }), 60_000);
  let hung = 0;
  dataNode.diskFault = ({ operation, path }) => {
    if (!path.startsWith('/a/') || (operation !== 'fsync' && operation !== 'fdatasync')) return undefined;
    hung++;
    return { delayMs: 1e9 };
  };
  // Blocks go to both disks by turns. Those on the hung one do not come to their end; what lies on the other does.
  const writes = Array.from({ length: 6 }, (_, i) =>
    client.writeFile(`/during-${i}`, Buffer.alloc(10_000, i), { replication: 1 }).then(
      () => i,
      () => undefined,
    ),
  );
  await simulation.advance(60_000);
  expect(hung).toBeGreaterThan(0);
  const done: (number | undefined)[] = [];
  for (const write of writes) void write.then((index) => done.push(index));
  await simulation.advance(1_000);
  const written = done.filter((index) => index !== undefined);
  expect(written.length).toBeGreaterThanOrEqual(2);
  for (const index of written) {
    const read = await simulation.run(client.readFile(`/during-${index}`), 60_000);
    expect(read.equals(Buffer.alloc(10_000, index))).toBe(true);
  }
  // What was there before is read from either disk, and the NameNode goes on hearing of the node.
  expect((await simulation.run(client.readFile('/before'), 60_000)).equals(content)).toBe(true);
  const { datanodes } = cluster.nameNode.running?.system.blockManager ?? {};
  const now = cluster.nameNode.machine.host.clock.monotonic();
  const heard = [...(datanodes?.alive ?? [])].map((node) => now - node.lastUpdateMonotonicMs);
  expect(heard).toHaveLength(1);
  expect(heard[0]).toBeLessThan(5_000);
});
