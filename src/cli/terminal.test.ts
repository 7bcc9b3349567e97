// If this failed, the second question of a command (after an answer that was not understood, or for a second directory)
// would get no answer from a script that gives all answers at once.
import { expect, test } from 'vitest';
import { readLine } from './terminal.ts';
import { testTerminal } from './testing.ts';

test('lines that came together are answers to one question each', async () => {
  const terminal = testTerminal('/', 'what\r\n\nY\nrest');
  const lines: (string | undefined)[] = [];
  for (let i = 0; i < 5; i++) lines.push(await readLine(terminal));
  expect(lines).toEqual(['what', '', 'Y', 'rest', undefined]);
});

test('a line without end is cut', async () => {
  const terminal = testTerminal('/', 'x'.repeat(70_000));
  expect((await readLine(terminal))?.length).toBe(64 * 1024);
  expect((await readLine(terminal))?.length).toBe(70_000 - 64 * 1024);
});
