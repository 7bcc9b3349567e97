// If these fail, the simulator calls an append lost that was acknowledged, or believes in one that never was.
import { expect, test } from 'vitest';
import { GhostFile } from './ghost-file.ts';
import { Ledger } from './ledger.ts';
import type { FileListener } from './model.ts';
import { Violations } from './violations.ts';

const CLIENT = 'client';
const KEY = 7;
type Appended = Parameters<FileListener['appended']>;

/** A closed file of 100 bytes, which is opened to be appended to. */
function appendedFile(): { ledger: Ledger; file: GhostFile; violations: Violations } {
  const ledger = new Ledger(() => 1);
  const violations = new Violations(() => 1);
  const file = new GhostFile(1, '/f', 4_096);
  ledger.making(file);
  file.closed(0, 1);
  ledger.intend(CLIENT, '/f', KEY);
  const follower = ledger.follower(violations, () => undefined, 0);
  follower.appended({ createPath: '/f' } as Appended[0], { clientName: CLIENT, path: '/f' } as Appended[1], 100);
  return { ledger, file, violations };
}

test('an append that the log knows of is known', () => {
  const { ledger, file, violations } = appendedFile();
  expect(ledger.appendOf(KEY)?.file).toBe(file);
  expect(ledger.appendOf(KEY)?.piece).toBe(file.pieces.at(-1));
  expect(ledger.appendOf(KEY + 1)).toBeUndefined();
  expect(violations.found).toEqual([]);
});

test('its writer may hear of it when its lease has ended and its piece was cut away', () => {
  const { ledger, file } = appendedFile();
  file.closed(100, 2);
  file.cut(50, undefined, 3);
  expect(file.pieces.some(({ key }) => key === KEY)).toBe(false);
  expect(ledger.appendOf(KEY)).toMatchObject({ piece: { closedAt: 100 } });
});
