// If this fails, a known bug can no longer be put back, and the simulator's alarm for it is no longer known to work.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesOf, MUTANTS, mutate } from './index.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))('%s still applies', (_id, mutant) => {
  for (const file of filesOf(mutant)) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(mutate(mutant, text, file)).not.toBe(text);
  }
  expect(mutant.trips.length).toBeGreaterThan(0);
  expect(mutant.seeds).toBeGreaterThan(0);
});

test('each mutant has a name of its own', () => {
  expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
});

test('a mutant whose text is gone, or there twice, is an error', () => {
  const [mutant] = MUTANTS;
  if (mutant === undefined) throw new Error('there are no mutants');
  expect(() => mutate(mutant, 'something else')).toThrow('no longer in');
  expect(() => mutate(mutant, `${mutant.find} ${mutant.find}`)).toThrow('more than once');
});
