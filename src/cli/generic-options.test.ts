// If this fails, -D in front of a command changes another key than on Hadoop, or the command takes an option for a word of its own.
import { expect, test } from 'vitest';
import { parseGenericOptions } from './generic-options.ts';

const NOTHING = { overrides: {}, files: [], carried: [], mistake: undefined, rest: ['-ls', '/'] };

test('a key without a value changes nothing, and the words behind it are the command’s', () => {
  for (const words of [['-D', 'dfs.blocksize'], ['-Ddfs.blocksize']]) {
    expect(parseGenericOptions([...words, '-ls', '/'])).toEqual(NOTHING);
  }
});

test('a value may hold an equals sign, and the last one of a key counts', () => {
  expect(parseGenericOptions(['-D', 'a=1', '-Da=b=c', '-ls']).overrides).toEqual({ a: 'b=c' });
});

test.each([
  ['-conf f -ls /', { files: ['f'] }],
  ['--conf f -ls /', { files: ['f'] }],
  ['-conf=f -ls /', { files: ['f'] }],
  ['-fs=hdfs://h:1 -ls /', { overrides: { 'fs.defaultFS': 'hdfs://h:1' } }],
  ['--fs h:1 -ls /', { overrides: { 'fs.defaultFS': 'hdfs://h:1' } }],
  ['-fs foo -ls /', { overrides: { 'fs.defaultFS': 'hdfs://foo' } }],
  ['-fs file:/// -ls /', { overrides: { 'fs.defaultFS': 'file:///' } }],
  // The first -fs counts, and -D above it.
  ['-fs a -fs b -ls /', { overrides: { 'fs.defaultFS': 'hdfs://a' } }],
  ['-D fs.defaultFS=hdfs://c -fs a -ls /', { overrides: { 'fs.defaultFS': 'hdfs://c' } }],
  ['-files a,b -jt local -ls /', { carried: [['files', 'a,b']] }],
  ['-conf -ls /', { files: ['-ls'], rest: ['/'] }],
  ['-fs -conf -ls /', { mistake: 'Missing argument for option: fs', rest: [] }],
  ['-files', { mistake: 'Missing argument for option: files', rest: [] }],
  ['-- -ls /', {}],
  ['-nosuch=1 -ls /', { rest: ['-nosuch=1', '-ls', '/'] }],
])('%s', (words, expected) => {
  expect(parseGenericOptions(words.split(' '))).toEqual({ ...NOTHING, ...expected });
});

test('a URI without an authority is none', () => {
  expect(() => parseGenericOptions(['-fs', 'hdfs://'])).toThrow('Expected authority at index 7: hdfs://');
});
