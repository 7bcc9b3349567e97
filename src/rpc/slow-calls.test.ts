// If this failed, the log of a NameNode would be silent about the calls that made everybody wait, or full of usual ones.
import { expect, test } from 'vitest';
import { Timing } from '../base/timing.ts';
import { isSlowCall } from './slow-calls.ts';

function usual(count: number): Timing {
  const timing = new Timing();
  for (let i = 0; i < count; i++) timing.add(i % 2 === 0 ? 1 : 3);
  return timing;
}

test('a call is slow three standard deviations above the average, once enough are known', () => {
  const enough = usual(2000);
  // The average is 2, the deviation 1.
  expect(isSlowCall(enough, 5.01, 0)).toBe(true);
  expect(isSlowCall(enough, 4.99, 0)).toBe(false);
  expect(isSlowCall(enough, 100, 100)).toBe(false);
  expect(isSlowCall(enough, 101, 100)).toBe(true);
  expect(isSlowCall(usual(1024), 1000, 0)).toBe(false);
});

test('among calls that take equally long none is slow', () => {
  const timing = new Timing();
  for (let i = 0; i < 5000; i++) timing.add(0.1);
  expect(isSlowCall(timing, 0.1, 0)).toBe(false);
});
