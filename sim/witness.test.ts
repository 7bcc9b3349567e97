// If this fails, the simulator reads the whole edit log again at each look, which makes long runs slow, or it does not see
// what happens to a log that it has read already, and lets losses pass.
import { expect, test } from 'vitest';
import type { SimFileNode } from '../src/host/sim/file-node.ts';
import { SimCluster } from './cluster.ts';
import { logDirectory } from './observers.ts';
import { Witness } from './witness.ts';

const CURRENT = '/name/current';

async function clusterWithOps(ops: number, look: (witness: Witness) => void) {
  const cluster = new SimCluster({ seed: 5, dataNodes: 1, clients: 1 });
  await cluster.start();
  const { disk } = cluster.nameNode.machine;
  const witness = new Witness(disk, cluster.violations);
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('no client');
  const fs = await cluster.simulation.run(cluster.connect(machine));
  for (let i = 0; i < ops; i++) {
    await cluster.simulation.run(fs.mkdir(`/d${i}`));
    look(witness);
  }
  return { cluster, disk, witness };
}

const inProgress = (files: Map<string, SimFileNode>): SimFileNode => {
  const found = [...files].find(([name]) => name.startsWith('edits_inprogress_'))?.[1];
  if (found === undefined) throw new Error('no segment is in progress');
  return found;
};

test('each op is decoded once while it is written and once when its segment is complete', async () => {
  let looks = 0;
  const { cluster, witness } = await clusterWithOps(200, (each) => {
    each.read();
    looks++;
  });
  // Long enough for a checkpoint, which ends a segment.
  await cluster.simulation.advance(20_000);
  const log = witness.read();
  expect(looks).toBe(200);
  expect(log.length).toBeGreaterThan(200);
  expect(log.map(({ txid }) => txid)).toEqual(log.map((_, i) => i + 1));
  // Twice, and the beginning of each new segment.
  expect(witness.decoded).toBeLessThanOrEqual(2 * log.length + 10);
  expect(cluster.violations.found).toEqual([]);
});

test('a bit of an op that was read before flips, and is seen', async () => {
  const { cluster, disk, witness } = await clusterWithOps(5, (each) => each.read());
  const before = witness.read().length;
  const { decoded } = witness;
  expect(witness.read().length).toBe(before);
  expect(witness.decoded).toBe(decoded);
  inProgress(disk.durableFiles(CURRENT)).damage(40, (bytes) => {
    bytes.writeUInt8(bytes.readUInt8(0) ^ 4, 0);
  });
  witness.read();
  expect(cluster.violations.found.map(({ invariant }) => invariant)).toContain('EL3');
});

test('what is logged where a directory has been left out is seen, and what is missing there is not called lost', async () => {
  const cluster = new SimCluster({ seed: 5, dataNodes: 1, clients: 1, keys: { 'dfs.namenode.name.dir': '/name,/name2' } });
  await cluster.start();
  const { simulation, violations, nameNode } = cluster;
  const witness = new Witness(nameNode.machine.disk, violations, logDirectory(cluster));
  const fs = await simulation.run(cluster.connect(simulation.node('client0')));
  const made = (path: string): boolean => witness.read().some(({ op }) => op.kind === 'MKDIR' && op.path === path);
  await simulation.run(fs.mkdir('/before'));
  expect(made('/before')).toBe(true);
  const undo = nameNode.disk.add({ path: '/name', operations: 'write', error: 'ENOSPC' });
  await simulation.run(fs.mkdir('/meanwhile'), 60_000);
  expect(made('/meanwhile')).toBe(true);
  undo();
  // The directory comes back, and the other one goes.
  nameNode.crash('process');
  await simulation.run(nameNode.restart(), 60_000);
  expect(await cluster.until(() => cluster.ready, 60_000)).toBe(true);
  await simulation.run(fs.mkdir('/after'), 60_000);
  expect(made('/after')).toBe(true);
  nameNode.disk.add({ path: '/name2', operations: 'write', error: 'EIO' });
  await simulation.run(fs.mkdir('/last'), 60_000);
  expect(made('/last')).toBe(true);
  expect(violations.found).toEqual([]);
});
