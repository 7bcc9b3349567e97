// If these fail, an operator who changes a key of a running DataNode is told that it holds while the old value does, or that it
// has been changed where nothing looks at it.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { DATANODE_RUN_TIME_KEYS } from '../../config/keys/run-time.ts';
import { Reconfiguration } from '../../config/reconfiguration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { Throttle } from '../../transfer/throttle.ts';
import { Counters } from './counters.ts';
import { reconfigurableKeys } from './reconfigurable-keys.ts';
import { readSettings } from './settings.ts';

/** What becomes of a node whose files say `changed` when they are read again. */
async function after(changed: Readonly<Record<string, string>>) {
  const simulation = new Simulation({ seed: 1 });
  const { clock, log } = simulation.node('dn').host;
  const configuration = Configuration.of({ 'dfs.datanode.data.dir': '/data' });
  const settings = readSettings(configuration);
  const throttles = { transfer: new Throttle(clock, 0), write: new Throttle(clock, 0), read: new Throttle(clock, 0) };
  const counters = new Counters(settings.slowIoMs);
  const keys = reconfigurableKeys(
    { settings, throttles, counters },
    async () => undefined,
    () => [],
  );
  const reload = async (): Promise<Configuration> => configuration.with(changed);
  const reconfiguration = new Reconfiguration({ daemon: 'DataNode', clock, log, configuration, reload, keys });
  const change = async () => {
    reconfiguration.start();
    await simulation.advance(1000);
    return Object.fromEntries(reconfiguration.status.changes.map(({ name, error }) => [name, error]));
  };
  return { settings, throttles, counters, reconfiguration, change };
}

test('keys are named in Hadoop’s order', async () => {
  expect((await after({})).reconfiguration.properties).toEqual(DATANODE_RUN_TIME_KEYS);
});

test('what has an effect has it at once', async () => {
  const { settings, throttles, counters, change } = await after({
    'dfs.datanode.max.slowdisks.to.exclude': '2',
    'dfs.datanode.slow.io.warning.threshold.ms': '50',
    'dfs.datanode.outliers.report.interval': '10m',
    'dfs.datanode.data.write.bandwidthPerSec': '1000',
    'fs.du.interval': '7000',
    'dfs.blockreport.intervalMsec': '9000',
  });
  expect(Object.values(await change()).every((error) => error === undefined)).toBe(true);
  expect(settings).toMatchObject({ maxSlowDisksExcluded: 2, outliersReportMs: 600_000, blockReportMs: 9000 });
  expect(settings.spaceCount.intervalMs).toBe(7000);
  expect([counters.slowMs, throttles.write.bytesPerSecond]).toEqual([50, 1000]);
  // All of it holds: nothing is left to be changed.
  expect(await change()).toEqual({});
});

test('what Hadoop refuses is refused in its words, and so is what would change nothing', async () => {
  const { settings, counters, change } = await after({
    'dfs.blockreport.intervalMsec': '10m',
    'fs.du.interval': '9223372036854775808',
    'dfs.datanode.slow.io.warning.threshold.ms': '0',
    'dfs.datanode.outliers.report.interval': 'often',
    'dfs.datanode.peer.stats.enabled': 'perhaps',
    'dfs.datanode.max.transfer.threads': '0',
    'dfs.cachereport.intervalMsec': '1',
    'dfs.disk.balancer.enabled': 'false',
    'fs.getspaceused.classname': 'org.apache.hadoop.fs.DU',
  });
  expect(await change()).toEqual({
    'dfs.blockreport.intervalMsec': 'For input string: "10m"',
    'fs.du.interval': 'For input string: "9223372036854775808"',
    'dfs.datanode.slow.io.warning.threshold.ms': 'dfs.datanode.slow.io.warning.threshold.ms should be greater than 0',
    'dfs.datanode.outliers.report.interval': 'For input string: "often"',
    'dfs.datanode.peer.stats.enabled':
      'Not a valid Boolean value for dfs.datanode.peer.stats.enabled in reconfSlowPeerParameters',
    'dfs.datanode.max.transfer.threads': 'dfs.datanode.max.transfer.threads should be larger than 0',
    'dfs.cachereport.intervalMsec': 'dfs.cachereport.intervalMsec has no effect: centralized cache management is not built yet',
    'dfs.disk.balancer.enabled': 'dfs.disk.balancer.enabled has no effect: the disk balancer is not built yet',
    'fs.getspaceused.classname': expect.stringContaining('fs.getspaceused.classname has no effect: '),
  });
  expect(settings).toMatchObject({ blockReportMs: 21_600_000, maxTransferThreads: 4096 });
  expect(counters.slowMs).toBe(300);
});
