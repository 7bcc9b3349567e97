// If this fails, writers go on with too few replicas, or fail where Hadoop's policy lets them go on.
import { expect, test } from 'vitest';
import { type ReplacePolicy, wantsReplacement } from './replace-datanode.ts';

/** Replication, nodes left, then what each policy says: never flushed or appended, flushed, appended. */
const TABLE: readonly (readonly [ReplacePolicy, number, number, boolean, boolean, boolean])[] = [
  ['DISABLE', 3, 1, false, false, false],
  ['NEVER', 3, 1, false, false, false],
  ['NEVER', 10, 1, false, false, false],
  ['ALWAYS', 1, 1, false, false, false],
  ['ALWAYS', 2, 1, true, true, true],
  ['ALWAYS', 3, 2, true, true, true],
  ['ALWAYS', 3, 3, false, false, false],
  ['ALWAYS', 3, 4, false, false, false],
  ['ALWAYS', 3, 0, false, false, false],
  ['DEFAULT', 1, 1, false, false, false],
  ['DEFAULT', 2, 1, false, false, false],
  ['DEFAULT', 3, 0, false, false, false],
  ['DEFAULT', 3, 1, true, true, true],
  ['DEFAULT', 3, 2, false, true, true],
  ['DEFAULT', 3, 3, false, false, false],
  ['DEFAULT', 4, 2, true, true, true],
  ['DEFAULT', 4, 3, false, true, true],
  ['DEFAULT', 5, 2, true, true, true],
  ['DEFAULT', 5, 3, false, true, true],
  ['DEFAULT', 10, 5, true, true, true],
  ['DEFAULT', 10, 6, false, true, true],
];

test.each(TABLE)('%s with replication %i and %i nodes left', (policy, replication, existing, plain, flushed, appended) => {
  const said = (is: { readonly flushed?: boolean; readonly appended?: boolean }): boolean =>
    wantsReplacement(policy, { replication, existing, flushed: false, appended: false, ...is });
  expect(said({})).toBe(plain);
  expect(said({ flushed: true })).toBe(flushed);
  expect(said({ appended: true })).toBe(appended);
});
