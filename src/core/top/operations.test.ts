// If this failed, an operator who looks for the user that overloads a NameNode would be shown another, or an old one.
import { expect, test } from 'vitest';
import { RollingWindow, TopOperations } from './operations.ts';

const MINUTE_MS = 60_000;

test('a window forgets what is older than its length, a bucket at a time', () => {
  const window = new RollingWindow(MINUTE_MS, 10);
  for (let second = 0; second < 60; second++) window.add(second * 1000);
  expect(window.sum(59_999)).toBe(60);
  // The first bucket was begun a minute ago; what it counted goes all at once.
  expect(window.sum(60_000)).toBe(54);
  expect(window.sum(66_000)).toBe(48);
  window.add(61_000);
  expect(window.sum(61_000)).toBe(55);
  expect(window.sum(200_000)).toBe(0);
});

test('operations name their busiest users, and all together whom any of them names', () => {
  const top = new TopOperations({ windowsMs: [MINUTE_MS, 5 * MINUTE_MS], buckets: 10, users: 2 });
  const calls = (operation: string, user: string, times: number, atMs = 0): void => {
    for (let i = 0; i < times; i++) top.record(operation, user, atMs);
  };
  calls('open', 'ann', 3);
  calls('open', 'bob', 5);
  calls('open', 'cid', 1);
  calls('delete', 'dan', 2);
  const all = { user: 'bob', count: 5 };
  const [window] = top.windows(1000);
  expect(window).toEqual({
    windowLenMs: MINUTE_MS,
    ops: [
      {
        opType: '*',
        totalCount: 11,
        topUsers: [all, { user: 'ann', count: 3 }, { user: 'dan', count: 2 }],
        allUsers: [all, { user: 'ann', count: 3 }, { user: 'dan', count: 2 }],
      },
      {
        opType: 'open',
        totalCount: 9,
        topUsers: [all, { user: 'ann', count: 3 }],
        allUsers: [all, { user: 'ann', count: 3 }, { user: 'cid', count: 1 }],
      },
      { opType: 'delete', totalCount: 2, topUsers: [{ user: 'dan', count: 2 }], allUsers: [{ user: 'dan', count: 2 }] },
    ],
  });
  calls('open', 'cid', 1, 2 * MINUTE_MS);
  const [minute, five] = top.windows(2 * MINUTE_MS);
  expect(minute?.ops.map(({ opType, totalCount }) => `${opType} ${totalCount}`)).toEqual(['* 1', 'open 1']);
  expect(five?.ops.map(({ opType, totalCount }) => `${opType} ${totalCount}`)).toEqual(['* 12', 'open 10', 'delete 2']);
  expect(top.windows(60 * MINUTE_MS).map(({ ops }) => ops)).toEqual([
    [{ opType: '*', totalCount: 0, topUsers: [], allUsers: [] }],
    [{ opType: '*', totalCount: 0, topUsers: [], allUsers: [] }],
  ]);
});

test('more users than are counted do no harm', () => {
  const top = new TopOperations({ windowsMs: [MINUTE_MS], buckets: 10, users: 1 });
  for (let i = 0; i < 25_000; i++) top.record('open', `user${i}`, 0);
  expect(top.windows(0)[0]?.ops[0]?.totalCount).toBe(20_000);
  // Those of before have gone.
  top.record('open', 'late', 2 * MINUTE_MS);
  expect(top.windows(2 * MINUTE_MS)[0]?.ops[0]?.totalCount).toBe(1);
});
