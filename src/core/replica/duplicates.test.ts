// If this fails, a DataNode with two copies of a block serves the worse one and deletes the better.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { genStamp } from '../../base/ids.ts';
import { betterCopy, type Copy } from './duplicates.ts';

const copy = fc.record({
  finalized: fc.boolean(),
  genStamp: fc.integer({ min: 1, max: 3 }).map(genStamp),
  numBytes: fc.integer({ min: 0, max: 3 }),
  inMemory: fc.boolean(),
});
const value = ({ finalized, genStamp: stamp, numBytes, inMemory }: Copy): number =>
  stamp * 100 + (finalized ? 10 : 0) + numBytes + (inMemory ? 0 : 0.5);

test('the better copy wins whichever was found first, and of equal ones the first', () => {
  fc.assert(
    fc.property(copy, copy, (a, b) => {
      const chosen = betterCopy(a, b) === 'first' ? a : b;
      expect(value(chosen)).toBe(Math.max(value(a), value(b)));
      if (value(a) === value(b)) expect(chosen).toBe(a);
    }),
  );
});
