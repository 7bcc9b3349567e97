// If these fail, a clock that is set by hours takes files from their writers, empties somebody's trash, or makes the
// NameNode write images without end, or none any more.
import { describe, expect, test } from 'vitest';
import { createFile, exists, mkdir, TestNameNode } from './test-namenode.ts';

const HOUR = 3_600_000;
const JUMPS: readonly (readonly [string, readonly number[]])[] = [
  ['forward', [30 * HOUR]],
  ['back', [-30 * HOUR]],
  ['back and forth', [10 * HOUR, -25 * HOUR, 15 * HOUR]],
];

async function formatted(keys: Readonly<Record<string, string | number | boolean>> = {}): Promise<TestNameNode> {
  const nn = new TestNameNode(keys);
  expect(await nn.format()).toBe(true);
  return nn;
}

describe.each(JUMPS)('a clock that jumps %s', (_, jumps) => {
  /** The jumps, a minute apart. */
  const jump = async (nn: TestNameNode): Promise<void> => {
    for (const ms of jumps) {
      nn.machine.jumpClock(ms);
      await nn.simulation.advance(60_000);
    }
  };

  test('takes no file from its writer, and does not keep a dead one’s open', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await createFile(api, '/open');
    await jump(nn);
    expect((await api.isFileClosed({ src: '/open' })).result).toBe(false);
    await api.renewLease({ clientName: 'writer' });
    await nn.simulation.advance(19 * 60_000);
    expect((await api.isFileClosed({ src: '/open' })).result).toBe(false);
    await nn.simulation.advance(4 * 60_000);
    expect((await api.isFileClosed({ src: '/open' })).result).toBe(true);
  });

  test('empties no trash before its time, and leaves none for ever', async () => {
    const nn = await formatted({ 'fs.trash.interval': 60 });
    const api = await nn.start();
    await mkdir(api, '/user/ann/.Trash/Current/doc');
    const names = async (): Promise<string[]> => {
      const list = await api.getListing({ src: '/user/ann/.Trash', startAfter: new Uint8Array(0), needLocation: false });
      return (list.dirList?.partialListing ?? []).map(({ path }) => Buffer.from(path).toString());
    };
    await nn.simulation.advance(HOUR);
    const made = await names();
    expect(made).toEqual([expect.stringMatching(/^\d{12}$/)]);
    await jump(nn);
    // Made less than an hour ago, whatever the clock says.
    await nn.simulation.advance(HOUR / 2);
    expect(await names()).toEqual(made);
    const behind = Math.max(0, -jumps.reduce((sum, ms) => sum + ms, 0));
    await nn.simulation.advance(behind + 3 * HOUR);
    expect(await names()).toEqual([]);
    expect(await exists(api, '/user/ann/.Trash')).toBe(true);
  });

  test('makes neither many checkpoints nor none', async () => {
    const nn = await formatted({ 'dfs.namenode.checkpoint.period': 3600 });
    const api = await nn.start();
    const made = (): number => nn.logged.filter((line) => /saved image of transaction/.test(line)).length;
    for (const path of ['/a', '/b', '/c']) await mkdir(api, path);
    await jump(nn);
    await nn.simulation.advance(10 * 60_000);
    expect(made()).toBe(0);
    await nn.simulation.advance(HOUR);
    expect(made()).toBe(1);
    for (const path of ['/d', '/e', '/f']) await mkdir(api, path);
    await jump(nn);
    await nn.simulation.advance(1.5 * HOUR);
    expect(made()).toBe(2);
  });
});
