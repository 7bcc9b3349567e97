// If these fail, one user who calls without pause makes all others wait, or is never answered at all.
import { expect, test } from 'vitest';
import { DecayScheduler, defaultBackOffTimes, defaultThresholds } from './decay-scheduler.ts';
import { defaultWeights, FairQueue } from './fair-queue.ts';

const queueOf = (levels: number, capacity: number): FairQueue<string> =>
  new FairQueue({ levels, capacity, weights: defaultWeights(levels), capacityWeights: Array(levels).fill(1) });

test('higher levels are drawn from more often, and lower ones all the same', () => {
  const queue = queueOf(3, 300);
  for (let i = 0; i < 50; i++) for (let level = 0; level < 3; level++) expect(queue.offer(level, `${level}`)).toBe(true);
  const drawn = Array.from({ length: 14 }, () => queue.take()).join('');
  expect(drawn).toBe('00001120000112');
  expect(queue.sizes).toEqual([42, 46, 48]);
  expect(queue.size).toBe(136);
});

test('within a level calls come in order, and nothing is lost or made up', () => {
  const queue = queueOf(1, 10_000);
  for (let i = 0; i < 5000; i++) queue.force(3, `${i}`);
  for (let i = 0; i < 5000; i++) expect(queue.take()).toBe(`${i}`);
  expect(queue.take()).toBeUndefined();
  expect(queue.size).toBe(0);
});

test('a full level overflows into the ones below, never above', () => {
  const queue = queueOf(2, 5);
  expect([0, 0, 0, 0, 0].map((level) => queue.offer(level, 'x'))).toEqual([true, true, true, true, true]);
  expect(queue.sizes).toEqual([3, 2]);
  expect(queue.hasRoom(0)).toBe(false);
  expect(queue.offer(0, 'x')).toBe(false);
  expect(queue.overflowed).toEqual([3, 1]);
  queue.force(0, 'x');
  expect(queue.sizes).toEqual([3, 3]);
  queue.take();
  expect([queue.hasRoom(0), queue.hasRoom(1), queue.offer(1, 'x')]).toEqual([true, false, false]);
});

test('the share of late calls decides the level, and is forgotten in time', () => {
  const scheduler = new DecayScheduler({
    levels: 4,
    periodMs: 5000,
    factor: 0.5,
    thresholds: defaultThresholds(4),
    serviceUsers: new Set(['hdfs']),
    backOffTimesMs: undefined,
  });
  expect(defaultThresholds(4)).toEqual([0.125, 0.25, 0.5]);
  const call = (user: string, times: number): void => {
    for (let i = 0; i < times; i++) scheduler.answered(user, scheduler.priorityOf(user), 1);
  };
  call('greedy', 80);
  call('some', 15);
  call('few', 5);
  call('hdfs', 500);
  scheduler.decay();
  expect(['greedy', 'some', 'few', 'hdfs', 'new'].map((user) => scheduler.priorityOf(user))).toEqual([3, 1, 0, 0, 0]);
  expect(scheduler.totals).toEqual({ decayed: 49, raw: 100 });
  expect(scheduler.serviceTotals).toEqual({ decayed: 250, raw: 500 });
  for (let period = 0; period < 7; period++) scheduler.decay();
  expect([...scheduler.costs.keys()]).toEqual(['hdfs']);
  expect(scheduler.priorityOf('greedy')).toBe(0);
});

test('slow answers of a level send it away, and all below it', () => {
  const scheduler = new DecayScheduler({
    levels: 3,
    periodMs: 5000,
    factor: 0.5,
    thresholds: defaultThresholds(3),
    serviceUsers: new Set(),
    backOffTimesMs: defaultBackOffTimes(3),
  });
  scheduler.answered('ann', 1, 25_000);
  scheduler.decay();
  expect(scheduler.averageResponseMs).toEqual([0, 25_000, 0]);
  expect([0, 1, 2].map((level) => scheduler.shouldBackOff(level))).toEqual([false, true, true]);
  scheduler.decay();
  expect(scheduler.averageResponseMs).toEqual([0, 12_500, 0]);
  expect(scheduler.shouldBackOff(2)).toBe(false);
});
