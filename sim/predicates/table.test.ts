// If this fails, the table of predicates says of one that it is looked at and no run looks at it, or the other way round.
import { expect, test } from 'vitest';
import { runSeed } from '../run.ts';
import { PREDICATES, tellPredicates, WAITING } from './table.ts';

/** Looked at only when something rare or wrong has happened before. */
const RARE: ReadonlySet<string> = new Set([
  'NS7',
  'NS8',
  'EL9',
  'RP4',
  'PR5',
  'X2',
  'X3',
  'LR3',
  'LR5',
  'BK7',
  'BK8',
  'BK9',
  'EL4',
  'TR1',
  'TR2',
]);

test('what the table says is looked at is looked at', async () => {
  const evaluated = new Set<string>();
  for (const [seed, scenario] of [
    [5, 'blackout'],
    [9, 'faults'],
  ] as const) {
    const result = await runSeed({ seed, scenario });
    expect(result.violations).toEqual([]);
    for (const id of result.evaluated.keys()) evaluated.add(id);
  }
  const claimed = PREDICATES.map(({ id }) => id);
  expect(claimed.filter((id) => !evaluated.has(id) && !RARE.has(id))).toEqual([]);
  expect([...evaluated].filter((id) => !claimed.includes(id))).toEqual([]);
}, 240_000);

test('each predicate is there once, and is looked at some time or said to wait', () => {
  const ids = [...PREDICATES.map(({ id }) => id), ...WAITING.flatMap((waiting) => waiting.ids)];
  expect(ids.filter((id, i) => ids.indexOf(id) < i)).toEqual([]);
  for (const { id, when } of PREDICATES) expect(when.length, id).toBeGreaterThan(0);
  const told = tellPredicates().join('\n');
  for (const id of ids) expect(told).toMatch(new RegExp(`\\b${id}\\b`));
});
