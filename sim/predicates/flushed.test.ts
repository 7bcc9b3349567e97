// If this fails, a run does not see wrong bytes in what a flush has acknowledged, or blames a writer for what a disk has done.
import { expect, test } from 'vitest';
import { SimCluster } from '../cluster.ts';
import { GhostWriter } from '../ghost-writer.ts';
import { observe } from '../observers.ts';
import { allReplicas } from '../replicas.ts';
import { prepare } from '../workload.ts';

test.each([
  { what: 'is seen', isNoted: false, expected: ['BK4'] },
  { what: 'is no alarm where a fault did it', isNoted: true, expected: [] },
])('a damaged byte in a replica that is appended to $what', async ({ isNoted, expected }) => {
  const cluster = new SimCluster({ seed: 3, clients: 1 });
  const { simulation, violations } = cluster;
  const { ledger } = observe(cluster, 1);
  await cluster.start();
  const machine = simulation.node('client0');
  await simulation.run(prepare(cluster, ledger, machine), 60_000);
  const fs = await simulation.run(cluster.connect(machine), 60_000);
  const scene = { cluster, ledger, actor: 'writer' };
  const create = async (): Promise<void> => {
    const writer = await GhostWriter.create(scene, fs, '/shared/a/f', { key: 7, blockSize: 16_384, replication: 3 });
    await writer.write(3_000);
    await writer.close();
  };
  await simulation.run(create(), 60_000);
  // All replicas are finalized and told of.
  await simulation.advance(2_000);
  const [replica] = allReplicas(cluster);
  const file = replica === undefined ? undefined : simulation.node(replica.dataNode).disk.files('/').get(replica.path);
  if (replica === undefined || file === undefined) throw new Error('there is no replica');
  expect(replica.state).toBe('finalized');
  file.damage(700, (bytes) => {
    bytes[0] = (bytes[0] ?? 0) ^ 1;
  });
  if (isNoted) cluster.damaged.add(`${replica.dataNode}${replica.path}`);
  const append = async (): Promise<void> => {
    const writer = await GhostWriter.append(scene, fs, '/shared/a/f', { key: 8, newBlock: false });
    if (writer === undefined) throw new Error('the file cannot be appended to');
    await writer.write(1_000);
    await writer.flush('flush');
  };
  await simulation.run(append(), 60_000);
  expect(allReplicas(cluster, replica.id).some(({ state }) => state === 'other')).toBe(true);
  expect([...new Set(violations.found.map(({ invariant }) => invariant))]).toEqual(expected);
});
