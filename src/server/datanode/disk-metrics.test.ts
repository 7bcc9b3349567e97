// If this failed, one dying disk among many would hold up its DataNode, and nobody would hear of it.
import { expect, test } from 'vitest';
import { Simulation } from '../../host/sim/index.ts';
import { DiskMetrics } from './disk-metrics.ts';
import { VolumeIo } from './volume-io.ts';

test('a disk that is slow for one kind of call is found at the end of an interval', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  const volumes = ['/a', '/b', '/c', '/slow'].map((path) => ({ path, io: new VolumeIo(clock, path) }));
  const settings = {
    diskSamplingPercent: 1,
    diskMinDisks: 4,
    diskLowThresholdMs: 20,
    maxSlowDisksExcluded: 0,
    outliersReportMs: 60_000,
  };
  const metrics = new DiskMetrics(clock, settings, () => volumes);
  const use = (readMs: (path: string) => number) =>
    simulation.run(
      Promise.all(
        volumes.flatMap(({ path, io }) => [
          io.run(1, () => clock.sleep(readMs(path)), 'READ'),
          io.run(1, () => clock.sleep(5), 'WRITE'),
          // Syncs take long by nature.
          io.sync(() => clock.sleep(path === '/slow' ? 500 : 1)),
        ]),
      ),
      10_000,
    );
  await use((path) => (path === '/slow' ? 100 : 10));
  expect([...metrics.slow()]).toEqual([]);
  await simulation.advance(60_000);
  const [found] = metrics.slow();
  expect([found?.[0], Object.keys(found?.[1] ?? {})]).toEqual(['/slow', ['READ']]);
  expect(found?.[1].READ).toBeCloseTo(100);
  expect([...metrics.excluded]).toEqual([]);
  await use(() => 10);
  await simulation.advance(60_000);
  expect([...metrics.slow()]).toEqual([]);

  settings.maxSlowDisksExcluded = 1;
  await use((path) => (path === '/slow' ? 100 : 10));
  await simulation.advance(60_000);
  metrics.slow();
  expect([...metrics.excluded]).toEqual(['/slow']);
  settings.diskSamplingPercent = 0;
  expect([...metrics.excluded]).toEqual([]);
});
