// If this failed, arguments of shell commands would mean something else than in Hadoop: other files, other modes.
import { expect, test } from 'vitest';
import { formatPermission } from '../../base/mode.ts';
import { compileName } from '../../base/name-pattern.ts';
import { binaryPrefix, percent } from '../../base/sizes.ts';
import { Configuration } from '../../config/configuration.ts';
import { Simulation } from '../../host/sim/index.ts';
import { parseGenericOptions } from '../generic-options.ts';
import { absolutePath, parentOf, relativePath } from '../paths.ts';
import { testTerminal } from '../testing.ts';
import { parseOptions, UsageError } from './command-format.ts';
import type { ShellFileSystem } from './file-system.ts';
import { expandBraces } from './glob.ts';
import { byPath, Item, splitPath } from './item.ts';
import { parseMode } from './permissions.ts';
import { runShell } from './shell.ts';

test('options are taken from the front, until -- or the first argument', () => {
  const args = ['-r', '-t', '5', '--', '-x', 'y'];
  const options = parseOptions(args, { min: 1, flags: ['r', 'f'], withValue: ['t'] });
  expect([options.has('r'), options.has('f'), options.value('t'), args]).toEqual([true, false, '5', ['-x', 'y']]);
  expect(() => parseOptions(['-q', 'x'], { min: 1, flags: ['r'] })).toThrow(new UsageError('Illegal option -q'));
  expect(() => parseOptions([], { min: 1 })).toThrow('Not enough arguments: expected 1 but got 0');
  expect(() => parseOptions(['a', 'b'], { min: 1, max: 1 })).toThrow('Too many arguments: expected 1 but got 2');
  expect(parseOptions(['-'], { min: 1 }).given).toEqual([]);
});

test('names match as Hadoop’s patterns do', () => {
  const matches = (pattern: string, name: string) => compileName(pattern).matches(name);
  const yes = [
    ['*', '.hidden'],
    ['a?c', 'abc'],
    ['[a-c]x', 'bx'],
    ['[^a]x', 'bx'],
    ['[!a]x', 'bx'],
    ['{ab,c*}', 'cat'],
    ['a\\*', 'a*'],
    ['a.b', 'a.b'],
    ['a,b', 'a,b'],
    ['a}', 'a}'],
    ['?', 'é'],
    ['[]a]', ']'],
    ['[]a]', 'a'],
    ['[!]a]', 'b'],
    ['[a-]', '-'],
  ] as const;
  const no = [
    ['a?c', 'ac'],
    ['[a-c]x', 'dx'],
    ['[!a]x', 'ax'],
    ['a.b', 'axb'],
    ['a\\*', 'ab'],
    ['[!]a]', ']'],
  ] as const;
  for (const [pattern, name] of yes) expect([pattern, matches(pattern, name)]).toEqual([pattern, true]);
  for (const [pattern, name] of no) expect([pattern, matches(pattern, name)]).toEqual([pattern, false]);
  expect(compileName('a\\*').hasWildcard).toBe(false);
  for (const broken of ['[a', '{a', 'a\\', '[a[b]']) expect(() => compileName(broken), broken).toThrow('Illegal file pattern');
  expect(() => compileName('[[]x')).toThrow('Unclosed character class at pos 1: `[[]x`');
  expect(() => compileName('a[b-z-a]')).not.toThrow();
  expect(() => compileName('a[xz-a]')).toThrow('error parsing regexp: invalid character class range: `z-a`');
});

test('no text is no path, and not the working directory', async () => {
  const sim = new Simulation({ seed: 1 });
  const { host } = sim.node('h');
  const configuration = Configuration.of({ 'fs.defaultFS': 'file:///' });
  for (const words of [
    ['-rm', '-r', '-skipTrash', ''],
    ['-ls', ''],
    ['-put', '', '/w'],
    ['-get', '/w/f', ''],
    ['-getmerge', '/w', ''],
    ['-cp', '/w/f', ''],
    ['-text', ''],
  ]) {
    const terminal = testTerminal('/');
    const code = await sim.run(runShell(host, terminal, configuration, words));
    const [first] = terminal.stderr.take().split('\n');
    expect([words, code, first]).toEqual([words, 255, `${words[0]}: Can not create a Path from an empty string`]);
  }
});

test('a pattern of -find that is not closed is wrong usage', async () => {
  const sim = new Simulation({ seed: 1 });
  const terminal = testTerminal('/');
  const keys = Configuration.of({ 'fs.defaultFS': 'file:///' });
  const code = await sim.run(runShell(sim.node('h').host, terminal, keys, ['-find', '/', '-name', '[ab']));
  expect([code, terminal.stderr.take().split('\n')[0]]).toEqual([
    255,
    '-find: Illegal file pattern: error parsing regexp: Unclosed character class at pos 3: `[ab`',
  ]);
});

test('items are sorted by their paths as Java’s URI escapes them', () => {
  const names = ['{a}', '~', 'é', 'a b', 'a-b', '[x', 'Z', 'x*y', '日本', 'x^', '%41', '#'];
  const items = names.map((name) => new Item({ workingDirectory: '/' } as ShellFileSystem, `/${name}`, undefined));
  const sorted = ['#', '%41', '[x', '{a}', 'Z', 'a b', 'a-b', 'x^', 'x*y', '~', 'é', '日本'];
  expect(items.sort(byPath).map(({ name }) => name)).toEqual(sorted);
  const hdfs = { workingDirectory: '/', local: false, qualify: (path: string) => `hdfs://h${path}` } as ShellFileSystem;
  expect(new Item(hdfs, '/a b/é{/', undefined).uri).toBe('hdfs://h/a%20b/é%7B');
  expect(new Item(hdfs, 'hdfs://h/a/b/', undefined).uri).toBe('hdfs://h/a/b/');
});

test('many stars in a pattern do not take for ever', () => {
  expect(compileName('*'.repeat(10_000)).matches('x'.repeat(1000))).toBe(true);
});

test('braces with a slash become several patterns', () => {
  expect(expandBraces('/a/{b,c/d}/{e,f}')).toEqual(['/a/b/{e,f}', '/a/c/d/{e,f}']);
  expect(expandBraces('{a/b,{c/d,e}}')).toEqual(['a/b', 'c/d', 'e']);
  expect(expandBraces('/{a,b}')).toEqual(['/{a,b}']);
  expect(expandBraces('/\\{a/b,c}')).toEqual(['/\\{a/b,c}']);
  expect(() => expandBraces('{a/,b/}'.repeat(20))).toThrow('more than 10000');
});

test('paths', () => {
  expect(['a/../b', '/x//y/', '..', '.', '/../..'].map((path) => absolutePath(path, '/user/ann'))).toEqual([
    '/user/ann/b',
    '/x/y',
    '/user',
    '/user/ann',
    '/',
  ]);
  expect(['/', '/a', '/a/b'].map(parentOf)).toEqual([undefined, '/', '/a']);
  expect(relativePath('/user/ann', '/user/ann/x', false)).toBe('x');
  expect(relativePath('/user/ann', '/user/bob', true)).toBe('../bob');
  expect(relativePath('/user/ann', '/user/ann', true)).toBe('.');
  expect(splitPath('hdfs://h:1/a:b')).toEqual({ scheme: 'hdfs', authority: 'h:1', path: '/a:b' });
  expect(splitPath('a:b')).toEqual({ scheme: undefined, authority: undefined, path: 'a:b' });
  expect(splitPath('file:/x')).toEqual({ scheme: 'file', authority: undefined, path: '/x' });
  expect(splitPath('//x/y')).toEqual({ scheme: undefined, authority: undefined, path: '//x/y' });
});

test('modes', () => {
  const change = (mode: string, bits: number, isDirectory = false) => parseMode(mode)?.(bits, isDirectory).toString(8);
  expect(change('755', 0o1644)).toBe('755');
  expect(change('1777', 0)).toBe('1777');
  expect(change('u+x,g-w,o=r', 0o664)).toBe('744');
  expect(change('+x', 0o644)).toBe('755');
  expect(change('a=', 0o644)).toBeUndefined();
  expect(change('a+X', 0o644)).toBe('644');
  expect(change('a+X', 0o744)).toBe('755');
  expect(change('a+X', 0o644, true)).toBe('755');
  expect(change('+t', 0o755)).toBe('1755');
  expect(change('o-t', 0o1755)).toBe('755');
  for (const wrong of ['', '888', '75', 'u+q', 'u+x g']) expect([wrong, parseMode(wrong)]).toEqual([wrong, undefined]);
  expect([0o755, 0o1777, 0o1770, 0].map(formatPermission)).toEqual(['rwxr-xr-x', 'rwxrwxrwt', 'rwxrwx--T', '---------']);
});

test('sizes', () => {
  expect([0, 1023, 1024, 1536, 1048575, 1 << 20, 2 ** 50, -2048].map((value) => binaryPrefix(value))).toEqual([
    '0',
    '1023',
    '1 K',
    '1.5 K',
    '1.0 M',
    '1 M',
    '1 P',
    '-2 K',
  ]);
  expect(binaryPrefix(1536, 2, 'B')).toBe('1.50 KB');
  expect([percent(1, 8), percent(0, 0)]).toEqual(['13%', 'NaN%']);
});

test('generic options stand in front', () => {
  expect(parseGenericOptions(['-D', 'a=1', '-Db=x=y', '-fs', 'hdfs://h', '-conf', 'f', '-ls', '-D', 'c=1'])).toMatchObject({
    overrides: { a: '1', b: 'x=y', 'fs.defaultFS': 'hdfs://h' },
    files: ['f'],
    rest: ['-ls', '-D', 'c=1'],
  });
  expect(parseGenericOptions(['-D']).mistake).toBe('Missing argument for option: D');
});

test('a user is told that there is no HDFS, where that is asked for', async () => {
  const warned = async (keys: Readonly<Record<string, string>>): Promise<string> => {
    const terminal = testTerminal('/');
    const sim = new Simulation({ seed: 1 });
    await sim.run(runShell(sim.node('here').host, terminal, Configuration.of(keys), ['-test', '-d', 'file:///']));
    return terminal.stderr.take();
  };
  const asked = { 'hadoop.shell.missing.defaultFs.warning': 'true' };
  const text = 'Warning: fs.defaultFS is not set when running "test" command.\n';
  expect(await warned({})).toBe('');
  expect(await warned(asked)).toBe(text);
  expect(await warned({ ...asked, 'fs.defaultFS': 'file:///' })).toBe(text);
  expect(await warned({ ...asked, 'fs.defaultFS': 'hdfs://nn:8020' })).toBe('');
});

test('what nobody reads ends a command without a word, and cat with the one of Hadoop', async () => {
  const sim = new Simulation({ seed: 1 });
  const { host } = sim.node('h');
  await sim.run(host.disk.mkdir('/w/d'));
  for (const name of ['a', 'd/b', 'd/c']) await sim.run(host.disk.writeFileAtomic(`/w/${name}`, Buffer.from(name)));
  const terminal = testTerminal('/');
  const { stdout, stderr } = terminal;
  stdout.ready = () => Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  const configuration = Configuration.of({ 'fs.defaultFS': 'file:///' });
  const shell = (...words: string[]) => sim.run(runShell(host, terminal, configuration, words), 60_000);
  await expect(shell('-ls', '-R', '/w')).rejects.toMatchObject({ code: 'EPIPE' });
  expect(stderr.take()).toBe('');
  for (const name of ['cat', 'text']) {
    expect(await shell(`-${name}`, '/w/a')).toBe(1);
    expect(stderr.take()).toBe(`${name}: Unable to write to output stream.\n`);
  }
});
