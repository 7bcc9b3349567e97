// If this fails, a writer overruns congested DataNodes, pauses without need, or keeps a node that only slows it down.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineFlag, Ecn } from '../../wire/transfer/acks.ts';
import { AckHints } from './ack-hints.ts';

const SETTINGS = { backoffMeanMs: 5000, backoffMaxMs: 50_000, slowThreshold: 3 };
const OK = combineFlag(0);
const CONGESTED = combineFlag(0, Ecn.CONGESTED);
const SLOW = combineFlag(0, Ecn.SUPPORTED, 2);
const NODES = ['a', 'b', 'c'];

test('pauses once for each congested acknowledgement, longer each time, and not at all after a good one', () => {
  const hints = new AckHints(SETTINGS);
  const half = (): number => 0.5;
  hints.take([OK, OK, OK], NODES);
  expect(hints.backOff(half)).toBe(0);
  hints.take([OK, CONGESTED, OK], NODES);
  expect(hints.backOff(half)).toBe(2500);
  expect(hints.backOff(half)).toBe(0);
  hints.take([CONGESTED, OK, OK], NODES);
  // From min(7500, 5000), a range of |7500 - 5000|.
  expect(hints.backOff(half)).toBe(6250);
  hints.take([OK, OK, OK], NODES);
  hints.take([OK, OK, CONGESTED], NODES);
  expect(hints.backOff(half)).toBe(2500);
});

test('a pause never exceeds the longest one', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 30 }), (chances) => {
      const hints = new AckHints(SETTINGS);
      for (const chance of chances) {
        hints.take([CONGESTED], ['a']);
        const pause = hints.backOff(() => chance);
        expect(pause).toBeGreaterThanOrEqual(0);
        expect(pause).toBeLessThanOrEqual(SETTINGS.backoffMaxMs);
      }
    }),
  );
});

test('a node that is slow in so many acknowledgements in a row is a bad one', () => {
  const hints = new AckHints(SETTINGS);
  const slowB = [OK, SLOW, OK];
  expect(hints.take(slowB, NODES)).toBeUndefined();
  expect(hints.take(slowB, NODES)).toBeUndefined();
  expect(hints.take([SLOW, OK, OK], NODES)).toBeUndefined();
  expect(hints.take(slowB, NODES)).toBeUndefined();
  expect(hints.take(slowB, NODES)).toBeUndefined();
  expect(hints.take(slowB, NODES)).toBe(1);
  // It keeps its count in the next pipeline, at another position.
  expect(hints.take([SLOW, OK], ['b', 'd'])).toBe(0);
});
