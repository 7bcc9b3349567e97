// If this fails, one disk that hangs while a DataNode starts holds back the blocks of its other disks, or what lies on it is
// forgotten, served twice or deleted once it has answered.
import { expect, test } from 'vitest';
import { type Keys, SimCluster } from './cluster.ts';

const HANG_MS = 60_000;
/** A start with a late disk, until its other blocks are served. */
const START_MS = 20_000;
const FILES = 16;
const bytesOf = (i: number): Buffer => Buffer.alloc(10_000 + i, i + 1);

async function begin(seed: number, keys: Keys = {}) {
  const cluster = new SimCluster({
    seed,
    dataNodes: 1,
    clients: 1,
    keys: { 'dfs.datanode.data.dir': '/a,/b', 'dfs.replication': 1, ...keys },
  });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  const [dataNode] = cluster.dataNodes;
  if (machine === undefined || dataNode === undefined) throw new Error('the cluster lacks a machine');
  const client = await simulation.run(cluster.connect(machine), 60_000);
  for (let i = 0; i < FILES; i++) await simulation.run(client.writeFile(`/f${i}`, bytesOf(i)), 60_000);
  const working = (): string[] => (dataNode.running?.dataset.volumes ?? []).map(({ path }) => path);
  const reported = (): number => {
    const [known] = [...(cluster.nameNode.running?.system.blockManager.datanodes.all ?? [])];
    return known?.storages.size ?? 0;
  };
  const replicas = (): number => dataNode.running?.dataset.replicaCount ?? 0;
  const readAll = async (): Promise<void> => {
    for (let i = 0; i < FILES; i++) {
      expect((await simulation.run(client.readFile(`/f${i}`), 60_000)).equals(bytesOf(i))).toBe(true);
    }
  };
  return { cluster, simulation, client, dataNode, working, reported, replicas, readAll };
}

// Nothing answers; or the directory opens, and hangs when its blocks are looked for.
for (const [name, hangs] of [
  ['all', () => true],
  ['what lies below the block pool', (path: string) => path.includes('/BP-') && !path.includes('VERSION')],
] as const) {
  test(`a disk on which ${name} hangs for a minute at the start comes later, and holds nothing else`, async () => {
    const { cluster, simulation, client, dataNode, working, reported, replicas, readAll } = await begin(31);
    dataNode.crash('process');
    const end = simulation.nowMs + HANG_MS;
    dataNode.diskFault = ({ path }) =>
      simulation.nowMs < end && path.startsWith('/a/') && hangs(path) ? { delayMs: end - simulation.nowMs } : undefined;
    void dataNode.restart();
    expect(await cluster.until(() => working().length === 1 && replicas() > 0 && reported() === 1, START_MS)).toBe(true);
    expect(working()).toEqual(['/b']);
    const onOther = replicas();
    expect(onOther).toBeLessThan(FILES);
    await simulation.run(client.writeFile('/during', bytesOf(99)), 10_000);
    expect(dataNode.running?.dataset.volumeList.failures).toEqual([]);
    expect(await cluster.until(() => working().length === 2 && reported() === 2, HANG_MS + 20_000)).toBe(true);
    expect(simulation.nowMs).toBeGreaterThan(end);
    expect(await cluster.until(() => replicas() === FILES + 1, 10_000)).toBe(true);
    await simulation.advance(10_000);
    await readAll();
    expect((await simulation.run(client.readFile('/during'), 10_000)).equals(bytesOf(99))).toBe(true);
    expect(cluster.violations.found).toEqual([]);
  });
}

test('one that takes longer than a check may take has failed, and stays away when it answers after all', async () => {
  const keys = { 'dfs.datanode.disk.check.timeout': '30s', 'dfs.datanode.failed.volumes.tolerated': 1 };
  const { cluster, simulation, dataNode, working } = await begin(32, keys);
  dataNode.crash('process');
  const end = simulation.nowMs + HANG_MS;
  dataNode.diskFault = ({ path }) =>
    simulation.nowMs < end && path.startsWith('/a/') ? { delayMs: end - simulation.nowMs } : undefined;
  void dataNode.restart();
  const failures = () => dataNode.running?.dataset.volumeList.failedPaths ?? [];
  expect(await cluster.until(() => failures().length === 1, 40_000)).toBe(true);
  expect(simulation.nowMs).toBeLessThan(end);
  await simulation.advance(HANG_MS);
  expect(working()).toEqual(['/b']);
  // Its lock was let go of: the next start has it again.
  dataNode.crash('process');
  void dataNode.restart();
  expect(await cluster.until(() => working().length === 2, 20_000)).toBe(true);
});

test('and one too many ends the node, as a disk that fails later does', async () => {
  const { cluster, simulation, dataNode } = await begin(33, { 'dfs.datanode.disk.check.timeout': '30s' });
  dataNode.crash('process');
  const end = simulation.nowMs + HANG_MS;
  dataNode.diskFault = ({ path }) =>
    simulation.nowMs < end && path.startsWith('/a/') ? { delayMs: end - simulation.nowMs } : undefined;
  void dataNode.restart();
  const serves = (): boolean => {
    try {
      return dataNode.running?.dataset !== undefined;
    } catch (error) {
      expect(String(error)).toMatch(/the DataNode is not running/);
      return false;
    }
  };
  expect(await cluster.until(serves, START_MS)).toBe(true);
  expect(await cluster.until(() => !serves(), 40_000)).toBe(true);
});
