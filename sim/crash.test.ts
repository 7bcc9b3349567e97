// If this fails, something that was acknowledged is gone, or shows wrong bytes, after the power failed or processes died:
// the edit log, the blocks or the order of their syncs and acknowledgements is wrong. Each seed can be played again:
// `npm run sim -- --story power --from SEED --seeds 1 --verbose`.
import { expect, test } from 'vitest';
import { crashStory } from './crash.ts';
import { SimCluster } from './power-cluster.ts';

const SEEDS = 12;

test(`${SEEDS} stories of power cuts and dead processes`, async () => {
  const broken: string[] = [];
  let acknowledged = 0;
  let recovered = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const story = await crashStory({ seed });
    acknowledged += story.acknowledged;
    recovered += story.recovered;
    for (const violation of story.violations) broken.push(`seed ${seed}: ${violation}`);
  }
  expect(broken).toEqual([]);
  expect(acknowledged).toBeGreaterThan(SEEDS * 50);
  expect(recovered).toBeGreaterThan(SEEDS);
}, 300_000);

test('one seed is one story', async () => {
  const [first, second, other] = [
    await crashStory({ seed: 77 }),
    await crashStory({ seed: 77 }),
    await crashStory({ seed: 78 }),
  ];
  expect(second).toEqual(first);
  expect(other.hash).not.toBe(first.hash);
});

test('a file is not closed without its synced bytes when its DataNodes come later than the wish to close it', async () => {
  const cluster = new SimCluster({ seed: 5 });
  const { sim } = cluster;
  await cluster.format();
  await cluster.start(60_000);
  const fs = await sim.run(cluster.connect());
  const write = async (): Promise<void> => {
    const handle = await fs.open('/open', 'w');
    await handle.write('synced');
    await handle.hsync();
  };
  await sim.run(write());
  cluster.crash(cluster.machines, 'power');
  await sim.run(cluster.startNameNode());
  const admin = cluster.admin();
  await sim.run(admin.ready(0, 60_000));
  expect(await sim.run(admin.recoverLease('/open'))).toBe(false);
  await sim.advance(30_000);
  expect(await sim.run(admin.recoverLease('/open'))).toBe(false);
  await cluster.start(60_000);
  const close = async (): Promise<string> => {
    while (!(await admin.recoverLease('/open'))) await cluster.clientMachine.host.clock.sleep(1000);
    return (await cluster.connect()).readFile('/open', 'utf8');
  };
  expect(await sim.run(close(), 120_000)).toBe('synced');
});

test('a block that nobody ever got is dropped in the end', async () => {
  const cluster = new SimCluster({ seed: 6, configuration: { 'dfs.namenode.heartbeat.recheck-interval': '10000' } });
  const { sim } = cluster;
  await cluster.format();
  await cluster.start(60_000);
  const fs = await sim.run(cluster.connect());
  const writing = fs.writeFile('/lost', 'x');
  writing.catch(() => undefined);
  // The NameNode gives a block, and the DataNodes lose their disks before they have it.
  await sim.advance(1);
  for (let i = 0; i < 1000 && cluster.nameNode?.system.namespace.blockCount === 0; i++) await sim.advance(0.1);
  cluster.crash(cluster.machines, 'power');
  await cluster.start(60_000);
  const admin = cluster.admin();
  const close = async (): Promise<number> => {
    while (!(await admin.recoverLease('/lost'))) await cluster.clientMachine.host.clock.sleep(1000);
    return (await (await cluster.connect()).stat('/lost')).size;
  };
  expect(await sim.run(close(), 120_000)).toBe(0);
});
