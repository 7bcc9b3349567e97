// Random commands of Hadoop's shell on one small tree whose names are odd ones: with spaces, letters of other scripts, and what
// globs are made of; named as they are, by patterns, relative, with dots, slashes too many, or as URIs. The same seed gives
// the same commands.
import { SeededRandom } from '../../../src/base/random.ts';

/** Names as they are, each with its escaped form. */
const NAMES: readonly (readonly [plain: string, escaped: string])[] = [
  ['a', 'a'],
  ['b', 'b'],
  ['f', 'f'],
  ['two words', 'two words'],
  ['é', 'é'],
  ['日本', '日本'],
  ['[x', '\\[x'],
  ['{a,b}', '\\{a,b\\}'],
  ['x*y', 'x\\*y'],
  ['%41', '%41'],
  ['-n', '-n'],
  ['#', '#'],
  ['a+b', 'a+b'],
  ['~', '~'],
  ["it's", "it's"],
];
const PATTERNS = [
  '*',
  '?',
  '[a-c]',
  '[!a]',
  '[^a]*',
  '{a,b}',
  '{a,{b,é}}',
  '{a,none}',
  '[ab',
  '{a',
  'a}',
  '\\a',
  '*o*',
  '??*',
  '[[]x',
  '[é日]*',
  '{f,two words}',
  '*.none',
  '[]a]',
  '[a-]',
  '{}',
  '{,a}',
  '(a|b)',
  'a|b',
  '^a',
  '$',
] as const;
/** Of one that is not closed Hadoop’s `find` dies with a stack. */
const CLOSED = PATTERNS.filter((pattern) => !/^(\[ab|\{a|\[\[\]x)$/.test(pattern));
/** Local files: see `prepare` of the test. Hadoop’s shell does not find those whose names are no URIs. */
const LOCAL = ['small', 'dir', 'big', 'dir/one', 'none', 'é', 'sm*', 'dir/', './small'] as const;

export function randomCommands(seed: number, steps: number): readonly (readonly string[])[] {
  const random = new SeededRandom(seed, 'shell commands');
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const chance = (percent: number): boolean => random.below(100) < percent;

  const name = (): string => (chance(22) ? pick(PATTERNS) : pick(NAMES)[chance(70) ? 1 : 0]);
  const below = (): string => {
    const depth = 1 + random.below(3);
    const parts = Array.from({ length: depth }, name);
    if (chance(4)) parts.splice(random.below(parts.length), 0, pick(['.', '..', '']));
    return parts.join('/');
  };
  const path = (): string => {
    const own = below();
    const end = chance(6) ? '/' : '';
    switch (random.below(20)) {
      case 0:
        return `${own}${end}`;
      case 1:
        return `./${own}${end}`;
      case 2:
        return `hdfs://@AUTHORITY/w/${own}${end}`;
      case 3:
        return `hdfs:///w/${own}${end}`;
      case 4:
        return pick(['/w', '/w/', '/', '.', '..', '/w/..', '/w/.', '/w/*', '/w/*/*']);
      default:
        return `/w/${own}${end}`;
    }
  };
  const some = (): string[] => Array.from({ length: chance(70) ? 1 : 1 + random.below(3) }, path);
  const local = (): string => `@/${pick(LOCAL)}`;
  const target = (): string => (chance(12) ? local() : `@/out${random.below(6)}${chance(5) ? '/x' : ''}`);
  const options = (...from: readonly string[]): string[] => from.filter(() => chance(25));
  const mode = (): string =>
    pick(['755', '0640', '1777', 'u+x', 'go-rwx', 'a=rX', '+t', '-t', 'u=rwx,g=rx,o=', 'a+w', '8', 'u', 'o+s', 'ugo=r', '777']);
  const entry = (): string =>
    pick(['user:bob:rwx', 'group:g1:r-x', 'default:user:bob:r--', 'mask::r--', 'user::rw-', 'other::---', 'user:bob', 'nope']);
  const expression = (): string[] =>
    pick([
      [],
      ['-name', pick([...CLOSED, 'a', 'two words', 'É'])],
      ['-iname', pick(['A', 'É', 'TWO*'])],
      ['-name', 'a', '-print'],
      ['-name', pick(CLOSED), '-print0'],
      ['-name', 'a', '-name', '*'],
      ['-name', 'a', '-and', '-name', '*'],
      ['-print', '-a', '-name', '*'],
    ]);

  const verbs: readonly (() => string[])[] = [
    () => ['-ls', ...options('-C', '-d', '-h', '-q', '-R', '-r', '-S'), ...some()],
    () => ['-ls', ...options('-R', '-d', '-C'), ...some()],
    () => ['-mkdir', ...options('-p'), ...some()],
    () => ['-mkdir', '-p', ...some()],
    () => ['-put', ...options('-f', '-p', '-d'), ...(chance(80) ? [local()] : [local(), local()]), path()],
    () => ['-put', '-f', local(), path()],
    () => ['-copyFromLocal', ...options('-f'), local(), path()],
    () => ['-touchz', ...some()],
    () => ['-touch', ...options('-c', '-a'), '-t', '20240102:030405', ...some()],
    () => ['-appendToFile', pick(['@/small', '@/big']), path()],
    () => [pick(['-cat', '-text', '-head', '-tail']), path()],
    () => ['-cat', ...options('-ignoreCrc'), ...some()],
    () => ['-checksum', ...options('-v'), ...some()],
    () => ['-count', ...options('-q', '-h', '-v', '-x', '-u', '-s'), ...some()],
    () => ['-count', ...options('-v', '-e', '-q'), ...some()],
    () => ['-du', ...options('-s', '-h', '-v', '-x'), ...some()],
    () => ['-stat', pick(['%F %n %b', '%a %A %u:%g', '%o %r', '%%%n%', '%q', '']), ...some()],
    () => ['-stat', ...some()],
    () => ['-test', pick(['-d', '-e', '-f', '-s', '-z', '-r', '-w']), path()],
    () => ['-find', ...some(), ...expression()],
    () => ['-get', ...options('-f', '-p', '-crc', '-ignoreCrc'), ...some(), target()],
    () => ['-getmerge', ...options('-nl', '-skip-empty-file'), ...some(), target()],
    () => ['-cp', ...options('-f', '-p', '-d'), ...some(), path()],
    () => ['-cp', pick(['-pt', '-po', '-ptopax', '-pax', '-px']), ...options('-f'), path(), path()],
    () => ['-mv', ...some(), path()],
    () => ['-mv', path(), path()],
    () => ['-rm', '-skipTrash', ...options('-f', '-r', '-R'), ...some()],
    () => ['-rmdir', ...options('--ignore-fail-on-non-empty'), ...some()],
    () => ['-chmod', ...options('-R'), mode(), ...some()],
    () => ['-chown', ...options('-R'), pick(['bob', 'bob:staff', ':staff', 'bob:', 'b@c', 'a b']), ...some()],
    () => ['-chgrp', ...options('-R'), pick(['staff', 'g-1', 'a:b']), ...some()],
    () => ['-setrep', ...options('-R'), pick(['1', '2', '0', 'x']), ...some()],
    () => ['-setfacl', ...options('-R'), pick(['-m', '-x', '--set']), entry(), ...some()],
    () => ['-setfacl', ...options('-R'), pick(['-b', '-k']), ...some()],
    () => ['-getfacl', ...options('-R'), path()],
    () => ['-setfattr', '-n', pick(['user.a', 'user.é', 'trusted.t', 'bad']), '-v', pick(['v', '0x00', 'a"b', '']), path()],
    () => ['-setfattr', '-x', 'user.a', path()],
    () => ['-getfattr', ...options('-R'), '-d', ...(chance(30) ? ['-e', pick(['hex', 'base64', 'text'])] : []), path()],
    () => ['-truncate', '-w', pick(['0', '100000', '-1']), ...some()],
    () => ['-concat', path(), ...some()],
    () => ['-dus', ...some()],
    () => ['-lsr', ...some()],
  ];

  const begin: readonly (readonly string[])[] = [
    ['-rm', '-r', '-f', '-skipTrash', '/w', '.'],
    ['-mkdir', '-p', '/w/a/b', '/w/b/two words', '/w/é/日本', '/w/\\{a,b\\}/a', '/w/\\[x', '.'],
    ['-put', '@/small', '/w/f'],
    ['-put', '@/dir', '/w/two words'],
    ['-put', '@/small', '/w/a/x\\*y'],
    ['-put', '@/small', '/w/b/f'],
    ['-touchz', '/w/~', '/w/a/%41', '/w/é/é', '/w/#'],
    ['-put', '@/small', 'f'],
  ];
  const commands: (readonly string[])[] = [];
  for (let step = 0; step < steps; step++) {
    if (step % CHAPTER === 0) commands.push(...begin);
    commands.push(pick(verbs)());
  }
  return [...commands, ['-ls', '-R', '/w', '.']];
}

/** Between two new beginnings. */
const CHAPTER = 60;
