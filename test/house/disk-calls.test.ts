// If this fails, the DataNode could call a disk in its one thread, or past the bounds of the volume: the next disk that hangs
// takes the heartbeats and all other disks with it.
import { expect, test } from 'vitest';
import { codeOnly, lineOf, sources } from './sources.ts';

const FORBIDDEN: readonly { readonly pattern: RegExp; readonly allowed: readonly string[] }[] = [
  {
    pattern:
      /\b(?:open|close|read|readv|write|writev|truncate|datasync|sync|rename|unlink|syncDirectory)Sync\b|\bAtomics\.wait\b/g,
    allowed: [],
  },
  // A start makes and locks the directories before there are volumes.
  { pattern: /\bhost\.disk\b/g, allowed: ['storages.ts'] },
];

/** The machine's own disks by type. */
const IMPORT = /import type \{[^}]*\b(?:Disk|DiskFile)\b[^}]*\} from '[^']*host\/host\.ts'/g;
const WRAPPERS = ['volume.ts', 'volume-disk.ts'];

test('the DataNode calls its disks through the bounds of their volumes only', () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const source of sources(['src/server/datanode'])) {
    if (source.path.endsWith('.test.ts')) continue;
    seen++;
    const code = codeOnly(source.text);
    for (const { pattern, allowed } of FORBIDDEN) {
      if (allowed.some((name) => source.path.endsWith(`/${name}`))) continue;
      for (const match of code.matchAll(pattern)) wrong.push(`${source.path}:${lineOf(source.text, match.index)} ${match[0]}`);
    }
    if (WRAPPERS.some((name) => source.path.endsWith(`/${name}`))) continue;
    for (const [text] of source.text.matchAll(IMPORT)) wrong.push(`${source.path} ${text}`);
  }
  expect(seen).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});
