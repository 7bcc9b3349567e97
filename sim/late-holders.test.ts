// If these fail, bytes that were synced are dropped because their DataNodes come back later than the NameNode, or a file
// whose last block nobody ever got stays open for ever.
import { expect, test } from 'vitest';
import { Admin } from '../test/scenarios/checker.ts';
import { SimCluster } from './cluster.ts';

async function begun(seed: number) {
  const cluster = new SimCluster({ seed, clients: 1, keys: { 'dfs.namenode.heartbeat.recheck-interval': 10_000 } });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const admin = () => new Admin(machine.host, { host: 'nn', port: 8020 }, 'hdfs');
  const cutPower = async (): Promise<void> => {
    const names = [...cluster.daemons, machine].map(({ name }) => name);
    for (const name of names) cluster.crash(name, 'power', false);
    await simulation.advance(100);
  };
  /** Asks again and again until the file is closed. */
  const closed = async (path: string): Promise<void> => {
    while (!(await admin().recoverLease(path))) await machine.host.clock.sleep(1000);
  };
  return { cluster, simulation, machine, admin, cutPower, closed };
}

test('a file is not closed without its synced bytes when its DataNodes come later than the wish to close it', async () => {
  const { cluster, simulation, machine, admin, cutPower, closed } = await begun(5);
  const fs = await simulation.run(cluster.connect(machine));
  const write = async (): Promise<void> => {
    const handle = await fs.open('/open', 'w');
    await handle.write('synced');
    await handle.hsync();
  };
  await simulation.run(write());
  await cutPower();
  cluster.restart('client0');
  cluster.restart('nn');
  await simulation.run(admin().ready(0, 60_000));
  expect(await simulation.run(admin().recoverLease('/open'))).toBe(false);
  await simulation.advance(15_000);
  expect(await simulation.run(admin().recoverLease('/open'))).toBe(false);
  for (const { name } of cluster.dataNodes) cluster.restart(name);
  await simulation.run(closed('/open'), 120_000);
  const reader = await simulation.run(cluster.connect(machine));
  expect(await simulation.run(reader.readFile('/open', 'utf8'))).toBe('synced');
  expect(cluster.violations.found).toEqual([]);
});

test('a block that nobody ever got is dropped in the end', async () => {
  const { cluster, simulation, machine, admin, cutPower, closed } = await begun(6);
  const fs = await simulation.run(cluster.connect(machine));
  const writing = fs.writeFile('/lost', 'x');
  writing.catch(() => undefined);
  // The NameNode gives a block, and the DataNodes lose their disks before they have it.
  await simulation.advance(1);
  const blocks = () => cluster.nameNode.running?.system.namespace.blockCount;
  for (let i = 0; i < 1000 && blocks() === 0; i++) await simulation.advance(0.1);
  await cutPower();
  for (const name of [...cluster.daemons, machine].map((each) => each.name)) cluster.restart(name);
  await simulation.run(admin().ready(3, 60_000), 120_000);
  await simulation.run(closed('/lost'), 120_000);
  const reader = await simulation.run(cluster.connect(machine));
  expect((await simulation.run(reader.stat('/lost'))).size).toBe(0);
  expect(cluster.violations.found).toEqual([]);
});
