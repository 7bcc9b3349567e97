// If these fail, a script that calls a viewer in one of the ways Apache's takes is refused here, or does something else.
import { expect, test } from 'vitest';
import { type OptionRow, readOptions, requireOptions } from './option-table.ts';

const TABLE = [
  { short: 'o', long: 'outputFilename', takes: 'value', required: true },
  { short: 'i', long: 'inputFilename', takes: 'value', required: true },
  { short: 'v', long: 'verbose' },
  { short: 'r', long: 'recover' },
  { short: 'maxSize', takes: 'value' },
] as const satisfies readonly OptionRow[];

function read(words: string): Record<string, string | undefined> {
  const given = readOptions(TABLE, words.split(' '));
  return Object.fromEntries(TABLE.filter(({ short }) => given.has(short)).map(({ short }) => [short, given.value(short)]));
}

test.each([
  ['-i a -o b', { i: 'a', o: 'b' }],
  ['--inputFilename a --outputFilename=b=c', { i: 'a', o: 'b=c' }],
  // Long names may be cut short, as long as they are clear.
  ['--inputFile a -outputFile b', { i: 'a', o: 'b' }],
  ['-ia -o - -maxSize 5', { i: 'a', o: '-', maxSize: '5' }],
  // Short ones may be written together; the value follows the one that takes it.
  ['-vri a', { v: '', r: '', i: 'a' }],
  ['-vra', undefined],
  // The first value counts, and words that are no options are passed over.
  ['-i a b -i c d', { i: 'a' }],
  ['--nothing -i a', { i: 'a' }],
  ['-i a -- -v', { i: 'a' }],
])('%s', (words, expected) => {
  if (expected === undefined) expect(() => read(words)).toThrow('Unrecognized option: -vra');
  else expect(read(words)).toEqual(expected);
});

test('what is missing is named as Apache names it', () => {
  expect(() => read('-x')).toThrow('Unrecognized option: -x');
  expect(() => read('-i')).toThrow('Missing argument for option: i');
  expect(() => read('-i -v')).toThrow('Missing argument for option: i');
  expect(() => requireOptions(TABLE, readOptions(TABLE, ['-v']))).toThrow('Missing required options: o, i');
  expect(() => requireOptions(TABLE, readOptions(TABLE, ['-i', 'a']))).toThrow('Missing required option: o');
});
