// If this fails, a listing of open files in pages leaves some out, or tells of some twice.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascending } from './ascending.ts';

test('goes on in order behind any number, whatever the order and the pages', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(500), { maxLength: 300 }),
      fc.integer({ min: -1, max: 510 }),
      fc.integer({ min: 0, max: 60 }),
      (ids, after, likely) => {
        const sorted = ids.filter((id) => id > after).sort((a, b) => a - b);
        expect([...ascending(() => ids, after, likely)]).toEqual(sorted);
      },
    ),
  );
});

test('a page of very many does not sort them all', () => {
  let walks = 0;
  const ids = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
  const page: number[] = [];
  for (const id of ascending(
    () => {
      walks++;
      return ids;
    },
    50_000,
    101,
  )) {
    page.push(id);
    if (page.length === 100) break;
  }
  expect(page).toEqual(
    ids
      .filter((id) => id > 50_000)
      .sort((a, b) => a - b)
      .slice(0, 100),
  );
  expect(walks).toBe(1);
});
