// If this fails, a daemon that hangs in its end stays for ever, and is killed by whoever waits for it; or a start-up option does
// what another one is for; or who has begun to load a large namespace cannot end it.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { testTerminal } from '../testing.ts';
import { parseNameNodeArguments, serve } from './roles.ts';

test('a daemon that does not stop in time ends all the same', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('m');
  const endAfter = async (stopMs: number, timeout: string) => {
    const terminal = testTerminal('/');
    const configuration = Configuration.of({ 'hadoop.service.shutdown.timeout': timeout });
    const began = simulation.nowMs;
    const code = serve(host, terminal, configuration, 'datanode', () => Promise.resolve(() => host.clock.sleep(stopMs)));
    terminal.interrupt();
    return { code: await simulation.run(code, 1_000_000), tookMs: simulation.nowMs - began };
  };
  expect(await endAfter(20_000, '30s')).toEqual({ code: 0, tookMs: 20_000 });
  expect(await endAfter(50_000, '30s')).toEqual({ code: 1, tookMs: 30_000 });
  // Less than a second is none.
  expect(await endAfter(50_000, '10ms')).toEqual({ code: 1, tookMs: 1_000 });
});

test('a daemon that is still starting ends when it is asked to, and when it fails meanwhile', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { host } = simulation.node('m');
  const starting = (terminal = testTerminal('/'), work: (fail: (error: Error) => void) => void = () => undefined) => ({
    terminal,
    code: serve(host, terminal, Configuration.of({}), 'namenode', async (fail) => {
      work(fail);
      await host.clock.sleep(1_000_000);
      return () => Promise.resolve();
    }),
  });
  const asked = starting();
  asked.terminal.interrupt();
  expect(await simulation.run(asked.code, 1_000)).toBe(0);
  expect(asked.terminal.stderr.take()).toBe('');
  const askedBefore = testTerminal('/');
  askedBefore.interrupt();
  expect(await simulation.run(starting(askedBefore).code, 1_000)).toBe(0);
  const failed = starting(testTerminal('/'), (fail) => fail(new Error('the disk is gone')));
  expect(await simulation.run(failed.code, 1_000)).toBe(1);
  expect(failed.terminal.stderr.take()).toBe('namenode: the disk is gone\n');
});

test.each([
  ['', { kind: 'regular' }],
  ['-regular', { kind: 'regular' }],
  ['-regular -importCheckpoint', { kind: 'import' }],
  ['-ROLLBACK', { kind: 'rollback' }],
  ['-rollback -regular', { kind: 'regular' }],
  ['-metadataVersion', { kind: 'metadata-version' }],
  ['-genclusterid', { kind: 'new-cluster-id' }],
  ['-format -force -clusterId C -nonInteractive', { kind: 'format', clusterId: 'C', force: true, nonInteractive: true }],
  ['-format anything', { kind: 'format', clusterId: undefined, force: false, nonInteractive: false }],
  ['-regular -upgrade -clusterid C', { kind: 'upgrade', clusterId: 'C' }],
  ['-upgradeOnly', { kind: 'upgrade-only', clusterId: undefined }],
  ['-recover', { kind: 'recover', force: false }],
  ['-regular -recover -force -Force', { kind: 'recover', force: true }],
  ['-rollback -recover', { kind: 'usage', reason: "Can't combine -recover with other startup options." }],
  ['-recover -x', { kind: 'usage', reason: 'Error parsing recovery options: can\'t understand option "-x"' }],
  ['-upgrade -x', { kind: 'usage', reason: 'Unknown upgrade flag: -x' }],
  ['-format -clusterid -force', { kind: 'usage', reason: 'Must specify a valid cluster ID after the -clusterId flag' }],
  ['-finalize', { kind: 'usage' }],
  ['-rollback more', { kind: 'usage' }],
  ['constructor', { kind: 'usage' }],
  ['-bootstrapStandby', { kind: 'refused', reason: '-bootstrapStandby: standby NameNodes are not built yet' }],
])('hdfs namenode %s', (line, expected) => {
  expect(parseNameNodeArguments(line === '' ? [] : line.split(' '))).toEqual(expected);
});
