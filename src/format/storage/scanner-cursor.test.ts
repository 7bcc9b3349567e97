// If this fails, a DataNode that takes over from Apache's begins to verify all its blocks anew, or does not start verifying.
import { expect, test } from 'vitest';
import { formatCursor, parseCursor } from './scanner-cursor.ts';

const APACHE = `{
  "lastSavedMs" : 1764335642123,
  "iterStartMs" : 1764335600000,
  "curFinalizedDir" : "subdir0",
  "curFinalizedSubDir" : "subdir17",
  "curEntry" : "blk_1073746209",
  "atEnd" : false
}`;

test('a cursor is written as Apache’s, and read', () => {
  const cursor = parseCursor(Buffer.from(APACHE));
  expect(cursor).toEqual({
    lastSavedMs: 1764335642123,
    iterStartMs: 1764335600000,
    curFinalizedDir: 'subdir0',
    curFinalizedSubDir: 'subdir17',
    curEntry: 'blk_1073746209',
    atEnd: false,
  });
  expect(formatCursor(cursor)).toBe(APACHE);
  expect(formatCursor({ ...cursor, curFinalizedDir: null, atEnd: true })).toContain('"curFinalizedDir" : null');
});

test.each(['', '[]', 'null', '{"lastSavedMs":1}', '{"lastSavedMs":1,"iterStartMs":2,"curEntry":7}', '{'])(
  '%j is refused',
  (text) => {
    expect(() => parseCursor(Buffer.from(text))).toThrow(/cursor/);
  },
);
