// If this failed, getfattr would show attributes in another order than Hadoop's.
import { expect, test } from 'vitest';
import { inHashOrder } from './java-hash-map.ts';

test('attributes are shown in the order of a Java HashMap', () => {
  // As `new HashMap` with these keys prints them.
  expect(inHashOrder(['b', 'a', 'Aa', 'BB', 'q'])).toEqual(['Aa', 'BB', 'a', 'q', 'b']);
  expect(inHashOrder([])).toEqual([]);
});
