// If this fails, a run with a DataNode that has given up tells of broken promises that nobody gave.
import { expect, test } from 'vitest';
import { SimCluster } from '../cluster.ts';
import { GhostWriter } from '../ghost-writer.ts';
import { observe } from '../observers.ts';
import { prepare } from '../workload.ts';
import { shownByAll } from './shown.ts';

test('what all show is asked of those DataNodes that still run', async () => {
  const cluster = new SimCluster({ seed: 3, clients: 1 });
  const { simulation, violations } = cluster;
  const { ledger, witness } = observe(cluster, 1);
  await cluster.start();
  const machine = simulation.node('client0');
  await simulation.run(prepare(cluster, ledger, machine), 60_000);
  const fs = await simulation.run(cluster.connect(machine), 60_000);
  const scene = { cluster, ledger, actor: 'writer' };
  const shape = { key: 7, blockSize: 16_384, replication: 3 };
  const writer = await simulation.run(GhostWriter.create(scene, fs, '/shared/a/f', shape), 60_000);
  await simulation.run(
    writer.write(3_000).then(() => writer.flush('sync')),
    60_000,
  );
  expect(shownByAll(cluster, witness, writer.file, 9_000)).toBe(3_000);
  const [first] = cluster.dataNodes;
  const stopped = first?.running;
  if (first === undefined || stopped === undefined) throw new Error('no DataNode runs');
  await simulation.run(stopped.stop(), 60_000);
  expect(first.running).toBe(stopped);
  expect(shownByAll(cluster, witness, writer.file, 9_000)).toBe(3_000);
  expect(violations.found).toEqual([]);
});
