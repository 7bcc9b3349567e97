// If this failed, operators would see averages of other times than those that calls took.
import { expect, test } from 'vitest';
import { RecentAverage, TIMING_BOUNDS_MS, Timing } from './timing.ts';

test('a time falls into the first class that holds it', () => {
  const timing = new Timing();
  for (const ms of [0, 0.05, 0.06, 10_000, 10_001]) timing.add(ms);
  expect(timing.count).toBe(5);
  expect(timing.sum).toBeCloseTo(20_001.11);
  expect([...timing.classes]).toEqual([2, 1, ...Array.from({ length: TIMING_BOUNDS_MS.length - 3 }, () => 0), 1, 1]);
});

test('the average is that of the last stretch, and 0 after one with nothing in it', () => {
  const timing = new Timing();
  const average = new RecentAverage(timing, 10_000);
  expect(average.at(0)).toBe(0);
  timing.add(4);
  timing.add(6);
  expect(average.at(9999)).toBe(0);
  expect(average.at(10_000)).toBe(5);
  timing.add(1);
  expect(average.at(20_000)).toBe(1);
  expect(average.at(29_999)).toBe(1);
  expect(average.at(60_000)).toBe(0);
  timing.addSeveral(2, 6);
  expect(average.at(60_001)).toBe(0);
  expect(average.at(70_000)).toBe(3);
});
