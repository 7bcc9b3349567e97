// If this fails, a daemon that hangs in its end stays for ever, and is killed by whoever waits for it.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { testTerminal } from '../testing.ts';
import { serve } from './roles.ts';

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
