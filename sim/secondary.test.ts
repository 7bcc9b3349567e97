// If this fails, a SecondaryNameNode of a simulated cluster makes no checkpoints, or a run with one is not what it should be.
import { expect, test } from 'vitest';
import { SimCluster } from './cluster.ts';

test('a SecondaryNameNode brings images to the NameNode, and does so again after a power cut', async () => {
  const cluster = new SimCluster({
    seed: 9,
    dataNodes: 1,
    clients: 1,
    secondary: true,
    keys: { 'dfs.namenode.checkpoint.txns': 20, 'dfs.namenode.checkpoint.check.period': 5 },
  });
  const { simulation, nameNode } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const fs = await simulation.run(cluster.connect(machine));
  const images = (): string[] =>
    [...nameNode.machine.disk.files('/name/current').keys()].filter((path) => /fsimage_\d+$/.test(path));
  const onSecondary = (): number =>
    [...(cluster.secondary?.machine.disk.files('/checkpoint') ?? [])].filter(([path]) => /fsimage_\d+$/.test(path)).length;
  for (let i = 0; i < 30; i++) await simulation.run(fs.mkdir(`/a${i}`));
  expect(await cluster.until(() => onSecondary() > 0, 120_000)).toBe(true);
  const before = images().length;
  cluster.crash('snn', 'power', false);
  cluster.restart('snn');
  for (let i = 0; i < 30; i++) await simulation.run(fs.mkdir(`/b${i}`));
  expect(await cluster.until(() => onSecondary() > 1 || images().length > before, 120_000)).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});
