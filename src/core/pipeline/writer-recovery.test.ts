// If this fails, a writer blames the wrong DataNode, gives up too early, or waits for one that never comes back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PipelineFailure, planRecovery, type RecoveryState } from './writer-recovery.ts';

const state: RecoveryState = {
  nodes: ['a:1', 'b:2', 'c:3'],
  local: [false, false, false],
  attempts: 0,
  maxAttempts: 5,
  closing: false,
  restart: undefined,
  nowMs: 1000,
  restartTimeoutMs: 30_000,
};
const failure: PipelineFailure = { index: 1, restarting: false, duringSetup: false, reason: 'x' };
const goOn = { kind: 'continue', returns: false, restart: undefined, closing: false, waitMs: 0, counts: true };

test('goes on without the node at fault, or without the first one when nobody knows which it is', () => {
  expect(planRecovery(failure, state)).toEqual({ ...goOn, drop: 1 });
  expect(planRecovery({ ...failure, index: undefined }, { ...state, closing: true })).toEqual({
    ...goOn,
    drop: 0,
    closing: true,
  });
});

test('gives up without nodes, or after too many failures of a pipeline that was set up', () => {
  expect(planRecovery(failure, { ...state, nodes: ['a:1'] })).toEqual({
    kind: 'fail',
    message: 'All datanodes [a:1] are bad. Aborting...',
  });
  expect(planRecovery(failure, { ...state, attempts: 5 })).toEqual({
    kind: 'fail',
    message: 'Failing write. Tried pipeline recovery 5 times without success.',
  });
  // Failed set-ups end when no node is left, not by their number.
  expect(planRecovery({ ...failure, duringSetup: true }, { ...state, attempts: 5 })).toEqual({
    ...goOn,
    drop: 1,
    counts: false,
  });
});

test('drops a node elsewhere that restarts, which may come back into another pipeline', () => {
  expect(planRecovery({ ...failure, restarting: true }, state)).toEqual({ ...goOn, drop: 1, returns: true, counts: false });
});

test('waits for the only node and for one of this machine', () => {
  const restart = { index: 0, until: 31_000 };
  const waits = { ...goOn, drop: undefined, restart, waitMs: 4000, counts: false };
  expect(planRecovery({ ...failure, restarting: true }, { ...state, nodes: ['a:1'] })).toEqual(waits);
  expect(planRecovery({ ...failure, index: 0, restarting: true }, { ...state, local: [true, false, false] })).toEqual(waits);
  // A failed set-up in the meantime is what it is waited for, until the time is over.
  const setup = { ...failure, index: undefined, duringSetup: true };
  expect(planRecovery(setup, { ...state, nodes: ['a:1'], restart, nowMs: 30_000 })).toEqual(waits);
  expect(planRecovery(setup, { ...state, nodes: ['a:1'], restart, nowMs: 31_000 }).kind).toBe('fail');
  expect(planRecovery(setup, { ...state, restart, nowMs: 31_000 })).toEqual({ ...goOn, drop: 0, counts: false });
});

test('drops another node while one restarts, and keeps counting positions right', () => {
  const restart = { index: 1, until: 31_000 };
  const setup = { ...failure, duringSetup: true };
  expect(planRecovery({ ...setup, index: 0 }, { ...state, restart })).toMatchObject({
    drop: 0,
    restart: { index: 0, until: 31_000 },
    waitMs: 4000,
  });
  expect(planRecovery({ ...setup, index: 2 }, { ...state, restart })).toMatchObject({ drop: 2, restart: undefined, waitMs: 0 });
});

test('always ends: each failure drops a node, counts, or is within the time of a restart', () => {
  const anyFailure = fc.record({
    index: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    restarting: fc.boolean(),
    duringSetup: fc.boolean(),
    reason: fc.constant('x'),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(anyFailure, { minLength: 60, maxLength: 60 }), (size, failures) => {
      let now = state;
      now = { ...now, nodes: Array.from({ length: size }, (_, i) => `n:${i}`), local: Array(size).fill(true) };
      for (const each of failures) {
        // One node says once that it restarts; a set-up follows each failure.
        const plan = planRecovery(each, now);
        if (plan.kind !== 'continue') return;
        const { drop, restart, waitMs, counts } = plan;
        expect(drop === undefined || (drop >= 0 && drop < now.nodes.length)).toBe(true);
        const nodes = now.nodes.filter((_, index) => index !== drop);
        expect(nodes.length).toBeGreaterThan(0);
        if (restart !== undefined) expect(restart.index).toBeLessThan(nodes.length);
        if (drop === undefined) expect(waitMs).toBeGreaterThan(0);
        now = {
          ...now,
          nodes,
          local: Array(nodes.length).fill(false),
          restart,
          nowMs: now.nowMs + waitMs + 1,
          attempts: now.attempts + (counts ? 1 : 0),
        };
        if (drop === undefined && nodes.length > 1) now = { ...now, local: Array(nodes.length).fill(false) };
      }
      // 60 failures in a row are more than any pipeline of six survives, unless its only node says again and again that it restarts.
      expect(now.nodes.length).toBe(1);
    }),
    { numRuns: 200 },
  );
});
