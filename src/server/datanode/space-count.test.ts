// If this failed, `DFS Used` of a DataNode would be far below what `du` shows of its directories, and a disk full of small
// blocks would look nearly empty.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';

const LIMIT_MS = 300_000;
const BLOCK = 4096;

test('what small blocks take is counted in whole blocks of the disk, again and again', async () => {
  const keys = { 'dfs.replication': 1, 'fs.du.interval': 60_000, 'fs.getspaceused.jitterMillis': 1000 };
  const cluster = new SimCluster({ seed: 3, dataNodes: 1, clients: 1, keys });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), LIMIT_MS);
  const used = async (): Promise<number> => (await cluster.simulation.run(client.statfs(), LIMIT_MS)).used;
  await cluster.simulation.advance(5_000);
  // Directories and small files of the pool.
  expect(await used()).toBe(7 * BLOCK);
  for (let i = 0; i < 10; i++) await cluster.simulation.run(client.writeFile(`/f${i}`, 'x'), LIMIT_MS);
  await cluster.simulation.advance(5_000);
  // To the byte until the next count: a byte, and eleven of its checksum's file.
  expect(await used()).toBe(7 * BLOCK + 10 * 12);
  await cluster.simulation.advance(62_000);
  expect(await used()).toBe((7 + 2 + 10 * 2) * BLOCK);
  await cluster.simulation.run(client.rm('/f0', { skipTrash: true }), LIMIT_MS);
  await cluster.simulation.advance(70_000);
  expect(await used()).toBe((7 + 2 + 9 * 2) * BLOCK);
});
