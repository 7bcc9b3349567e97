// If this fails, -D in front of a command changes another key than on Hadoop, or the command takes it for a word of its own.
import { expect, test } from 'vitest';
import { parseGenericOptions } from './generic-options.ts';

test('a key without a value changes nothing, and the words behind it are the command’s', () => {
  for (const words of [['-D', 'dfs.blocksize'], ['-Ddfs.blocksize']]) {
    expect(parseGenericOptions([...words, '-ls', '/'])).toEqual({ overrides: {}, files: [], rest: ['-ls', '/'] });
  }
});

test('a value may hold an equals sign, and the last one of a key counts', () => {
  expect(parseGenericOptions(['-D', 'a=1', '-Da=b=c', '-ls']).overrides).toEqual({ a: 'b=c' });
});
