// If these fail, a healthy disk is given up, or a broken one stays in service for a quarter of an hour because somebody missed a
// file shortly before.
import { expect, test } from 'vitest';
import { DiskFailure } from '../../host/disk-error.ts';
import type { DiskErrorCode } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { finalizedDir, rbwDir, tmpDir } from './layout.ts';
import { testVolume } from './test-dataset.ts';
import { VolumeChecker } from './volume-checker.ts';

const POOL = 'BP-1';
const MINUTE_MS = 60_000;

async function begin() {
  const sim = new Simulation({ seed: 9 });
  const node = sim.node('dn');
  const { host } = node;
  const volume = testVolume(host, '/a');
  for (const dir of [finalizedDir('/a', POOL), rbwDir('/a', POOL), tmpDir('/a', POOL)]) await sim.run(host.disk.mkdir(dir));
  const failed: string[] = [];
  let checks = 0;
  const checker = new VolumeChecker({
    clock: host.clock,
    log: host.log,
    minGapMs: 15 * MINUTE_MS,
    timeoutMs: 10 * MINUTE_MS,
    pools: () => [POOL],
    failed: (_, reason) => failed.push(reason),
  });
  let fault: DiskErrorCode | undefined;
  let delayMs = 0;
  let full = false;
  node.diskFault = ({ operation, path }) => {
    if (operation === 'stat' && path === finalizedDir('/a', POOL)) checks++;
    if (full) return operation === 'write' ? { error: 'ENOSPC' } : undefined;
    return fault === undefined && delayMs === 0 ? undefined : { error: fault, delayMs };
  };
  const suspect = (code: DiskErrorCode): void => checker.suspect(volume, new DiskFailure(code, `${code}: a call failed`));
  return {
    sim,
    host,
    failed,
    suspect,
    checks: () => checks,
    break: (code: DiskErrorCode | undefined) => {
      fault = code;
    },
    fill: () => {
      full = true;
    },
    hang: () => {
      delayMs = 1e9;
    },
  };
}

test('a healthy disk is checked once in the gap, and a missing file does not put off the check', async () => {
  const { sim, host, failed, suspect, checks, break: set } = await begin();
  suspect('EIO');
  suspect('EIO');
  await sim.advance(1000);
  suspect('EIO');
  await sim.advance(14 * MINUTE_MS);
  suspect('EIO');
  expect(checks()).toBe(1);
  await sim.advance(MINUTE_MS);
  suspect('ENOENT');
  await sim.advance(1000);
  expect([checks(), failed]).toEqual([2, []]);
  expect(await sim.run(host.disk.readdir(tmpDir('/a', POOL)))).toEqual([]);
  set('EIO');
  suspect('EIO');
  await sim.advance(1000);
  expect(failed).toEqual([`EIO: i/o error, stat '${finalizedDir('/a', POOL)}'`]);
});

test('a full disk is no failed one; a directory that is gone, or a check that never ends, is', async () => {
  const full = await begin();
  full.fill();
  full.suspect('EIO');
  await full.sim.advance(1000);
  expect([full.checks(), full.failed]).toEqual([1, []]);
  const gone = await begin();
  await gone.sim.run(gone.host.disk.removeTree(finalizedDir('/a', POOL)));
  gone.suspect('ENOENT');
  await gone.sim.advance(1000);
  expect(gone.failed[0]).toMatch(/^ENOENT/);
  const hung = await begin();
  hung.hang();
  hung.suspect('EIO');
  await hung.sim.advance(9 * MINUTE_MS);
  expect(hung.failed).toEqual([]);
  await hung.sim.advance(2 * MINUTE_MS);
  expect(hung.failed).toEqual(['the check of /a has not come back in 600000 ms']);
});
