// If these fail, the simulator does not see that a call which was refused has happened all the same, or calls that a fault of a
// NameNode that started from an image and, as Hadoop's, cannot know what it answered before.
import { expect, test } from 'vitest';
import { HdfsError } from '../src/base/errors.ts';
import type { EditOp } from '../src/core/edits/ops.ts';
import { Ledger } from './ledger.ts';
import { checkLog } from './log-checks.ts';
import { Model } from './model.ts';
import { Violations } from './violations.ts';
import type { Testimony } from './witness.ts';

const TXID = 40;

/** A mkdir is done and refused, between 10 and 50 ms. */
async function violationsAfter(start: { readonly atMs: number; readonly imageTxid: number } | undefined): Promise<string[]> {
  let nowMs = 10;
  const ledger = new Ledger(() => nowMs);
  const refused = ledger.call('client', 'mkdir', '/a', undefined, async () => {
    if (start !== undefined) {
      nowMs = start.atMs;
      ledger.startedFrom(start.imageTxid);
    }
    nowMs = 50;
    throw new HdfsError('ENOENT', 'the parent is gone');
  });
  await expect(refused).rejects.toThrow('the parent is gone');
  const violations = new Violations(() => nowMs);
  const log = [{ txid: TXID, op: { kind: 'MKDIR', path: '/a' } as EditOp }] as unknown as Testimony[];
  checkLog(ledger, log, new Model(() => undefined), violations);
  return violations.found.map(({ detail }) => detail);
}

test.each([
  ['no start', undefined],
  ['a start from an image without the op', { atMs: 20, imageTxid: TXID - 1 }],
  ['a start before the call', { atMs: 5, imageTxid: TXID }],
])('%s excuses no call that was refused and done', async (_what, start) => {
  expect(await violationsAfter(start)).toEqual(['mkdir /a  is in the log 1 times, for at most 0 calls']);
});

test('a start from an image with the op excuses it', async () => {
  expect(await violationsAfter({ atMs: 20, imageTxid: TXID })).toEqual([]);
});
