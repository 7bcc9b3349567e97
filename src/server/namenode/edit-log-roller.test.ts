// If this failed, one segment of the log would grow for as long as nothing makes a checkpoint, and whoever copies ended segments
// would get nothing for days.
import { expect, test } from 'vitest';
import { mkdir, TestNameNode } from './test-namenode.ts';

test('a segment that has grown beyond a part of the transactions of a checkpoint is ended', async () => {
  const nn = new TestNameNode({
    'dfs.namenode.checkpoint.txns': 40,
    'dfs.namenode.edit.log.autoroll.multiplier.threshold': 0.25,
    'dfs.namenode.edit.log.autoroll.check.interval.ms': 60_000,
  });
  await nn.format();
  const api = await nn.start();
  const ended = async (): Promise<readonly string[]> =>
    (await nn.files('/name/current')).filter((name) => /^edits_\d+-\d+$/.test(name));
  // With the op that begins the segment these are ten: not more than the threshold.
  for (let i = 0; i < 9; i++) await mkdir(api, `/d${i}`);
  await nn.simulation.advance(61_000);
  expect(await ended()).toEqual([]);
  await mkdir(api, '/one-more');
  await nn.simulation.advance(61_000);
  const found = await ended();
  expect(found).toHaveLength(1);
  expect(nn.running.system.editLog.segmentFirstTxid).toBe(Number(found[0]?.split('-')[1]) + 1);
  // The new one has hardly begun.
  await nn.simulation.advance(61_000);
  expect(await ended()).toEqual(found);
});
