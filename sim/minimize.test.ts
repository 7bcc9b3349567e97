// If this fails, a failing seed is not made smaller, or is made into one that fails for another reason.
import { expect, test } from 'vitest';
import type { Fault } from './faults.ts';
import { minimize } from './minimize.ts';
import type { RunResult } from './run.ts';
import type { Shape } from './shape.ts';

const pause = (node: string, atMs: number): Fault => ({ kind: 'pause', node, atMs, lastsMs: 10 });

const SHAPE: Shape = {
  scenario: 'swarm',
  spanMs: 300_000,
  steps: 0,
  dataNodes: 3,
  clients: 2,
  roles: ['writer', 'reader', 'admin'],
  maxPauseMs: 100,
  minReplication: 1,
  keys: {},
  faults: Array.from({ length: 40 }, (_, i) => pause(`dn${i}`, i * 1_000)),
};

function resultOf(shape: Shape, broken: readonly string[]): RunResult {
  return {
    seed: 1,
    scenario: 'swarm',
    hash: '',
    virtualMs: 0,
    events: 0,
    calls: 0,
    acknowledged: 0,
    files: 0,
    reads: 0,
    bytesWritten: 0,
    txids: 0,
    shape,
    done: new Map(),
    reached: new Set(),
    failures: new Map(),
    violations: broken.map((invariant) => ({ invariant, detail: '', atMs: 20_000 })),
    evaluated: new Map(),
  };
}

test('only the faults, clients and time that a violation needs are left', async () => {
  const play = async (shape: Shape): Promise<RunResult> => {
    const has = (node: string): boolean => shape.faults.some((fault) => fault.kind === 'pause' && fault.node === node);
    const fails = has('dn7') && has('dn19') && shape.roles.includes('reader');
    // With few faults something else is wrong, which is not what is looked for.
    return resultOf(shape, fails ? ['BK6'] : ['NS1']);
  };
  const { shape, result, runs } = await minimize(resultOf(SHAPE, ['BK6', 'NS1']), play, 500, () => undefined);
  expect(shape.faults.map((fault) => ('node' in fault ? fault.node : ''))).toEqual(['dn7', 'dn19']);
  expect(shape.roles).toEqual(['reader']);
  expect(shape.spanMs).toBeLessThan(30_000);
  expect(result.violations[0]?.invariant).toBe('BK6');
  expect(runs).toBeLessThan(100);
});

test('it ends after so many runs', async () => {
  let runs = 0;
  const play = async (shape: Shape): Promise<RunResult> => {
    runs++;
    return resultOf(shape, ['BK6']);
  };
  await minimize(resultOf(SHAPE, ['BK6']), play, 3, () => undefined);
  expect(runs).toBe(3);
});
