// If this failed, the tree would hold notes to its makers, paths of somebody's machine, or promises not kept.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lineOf, ROOT, sources } from './sources.ts';

const EVERYWHERE = [
  'src',
  'sim',
  'bin',
  'bench',
  'scripts',
  'test',
  '.ci',
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'NOTICE',
];
const TEXT = /\.(ts|mjs|js|md|proto|java|xml|json)$|NOTICE$|bin\/\w+$|\.ci\/run$/;

// In pieces, so that this file does not find itself.
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [
    new RegExp(
      `\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['XX', 'X'].join('')}|${['HA', 'CK'].join('')})\\b(?!-)`,
      'g',
    ),
    'a note to do',
  ],
  [
    new RegExp(`/(?:${['wo', 'rk'].join('')}/(?:main|shared)|home/\\w+|Users/\\w+|${['ro', 'ot'].join('')}/\\.)`, 'g'),
    'a path of a machine',
  ],
  [/^(?:<{7}|>{7}) /gm, 'a conflict'],
];

test('no notes, no machine paths, no conflicts', () => {
  const wrong: string[] = [];
  for (const source of sources(EVERYWHERE, TEXT)) {
    for (const [pattern, what] of FORBIDDEN) {
      for (const match of source.text.matchAll(pattern)) {
        wrong.push(`${source.path}:${lineOf(source.text, match.index ?? 0)}: ${what}: ${match[0]}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('every source file opens by saying what it is', () => {
  const wrong: string[] = [];
  for (const source of sources(['src', 'sim', 'scripts', 'test'], /\.(ts|mjs)$/)) {
    const first = source.text.replace(/^#!.*\n/, '');
    if (!/^(?:\/\/ |\/\*)/.test(first)) wrong.push(source.path);
  }
  expect(wrong).toEqual([]);
});

test('no escape from the types', () => {
  const wrong: string[] = [];
  for (const source of sources(['src', 'sim', 'test'], /\.ts$/)) {
    for (const match of source.text.matchAll(/@ts-(?:ignore|expect-error|nocheck)|biome-ignore[^\n]*/g)) {
      wrong.push(`${source.path}:${lineOf(source.text, match.index ?? 0)}: ${match[0]}`);
    }
  }
  // Each of these needs a reason behind the colon.
  expect(wrong.filter((entry) => !/biome-ignore [^:]+: \S+/.test(entry) && !entry.startsWith('test/house/'))).toEqual([]);
});

test('what the package promises to ship is named in package.json', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly files: readonly string[];
    readonly bin: Readonly<Record<string, string>>;
    readonly license: string;
  };
  expect(Object.keys(manifest.bin).sort()).toEqual(['hadoop', 'hdfs', 'tuskfs']);
  expect(manifest.files).toEqual(expect.arrayContaining(['bin', 'dist', 'LICENSE', 'NOTICE']));
  expect(manifest.license).toBe('Apache-2.0');
});
