// If this fails, people read wrong sizes and counts, or sentences that nobody would say.
import { expect, it } from 'vitest';
import { counted, humanSize, sizeInWords } from './human.ts';

it.each([
  [0, '0', '0 bytes'],
  [1, '1', '1 byte'],
  [1023, '1023', '1023 bytes'],
  [1536, '1.5K', '1.5K'],
  [128 * 1024 * 1024, '128M', '128M'],
])('%i bytes are %s in a column and %s in a sentence', (bytes, column, words) => {
  expect(humanSize(bytes)).toBe(column);
  expect(sizeInWords(bytes)).toBe(words);
});

it('counts one and many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'file'))).toEqual(['0 files', '1 file', '2 files']);
});
