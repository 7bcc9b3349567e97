// If this failed, the quota of the root would look like none, or like one that is used up.
import { expect, test } from 'vitest';
import { decimal, longLess, quotaValue } from './java-long.ts';

const LONG_MAX = 2 ** 63;

test('Long.MAX_VALUE is a quota, and is counted down exactly', () => {
  // As the unsigned numbers of -1 and of Long.MAX_VALUE are read.
  expect([Number(2n ** 64n - 1n), Number(2n ** 63n - 1n), -1, 0, 5].map(quotaValue)).toEqual([-1, LONG_MAX, -1, 0, 5]);
  expect(decimal(longLess(LONG_MAX, 0))).toBe('9223372036854775807');
  expect(decimal(longLess(LONG_MAX, 8))).toBe('9223372036854775799');
  expect(longLess(5, 8)).toBe(-3);
});
