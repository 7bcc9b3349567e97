// If this failed, a cluster without any setting would behave otherwise than Hadoop's, without anybody having decided it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Configuration } from '../configuration.ts';
import type { Key } from '../key.ts';
import { hasDefaultOfHdfs, KEYS } from './index.ts';

const hadoop = JSON.parse(
  readFileSync(new URL('../../../test/golden/config-defaults.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

test('every default is Hadoop’s, or says why not', () => {
  const different: string[] = [];
  for (const [name, key] of Object.entries<Key>(KEYS)) {
    const theirs = hadoop[name];
    if (theirs === undefined || key.differs !== undefined) continue;
    if (theirs.trim() !== (key.default ?? '')) different.push(`${name}: ours ${key.default}, Hadoop's ${theirs}`);
  }
  expect(different).toEqual([]);
});

test('the keys whose defaults are read over core-site.xml are those of hdfs-default.xml', () => {
  const file = new URL('../../../test/golden/hdfs-default-keys.json', import.meta.url);
  const withValue: ReadonlySet<string> = new Set(JSON.parse(readFileSync(file, 'utf8')) as readonly string[]);
  const wrong = Object.keys(KEYS).filter((name) => hasDefaultOfHdfs(name) !== withValue.has(name));
  expect(wrong).toEqual([]);
});

test('a key that says it differs does differ', () => {
  for (const [name, key] of Object.entries<Key>(KEYS)) {
    if (key.differs !== undefined) expect(key.default, name).not.toBe(hadoop[name]);
  }
});

test('every default is a value of its type, and every key is explained', () => {
  const configuration = new Configuration();
  for (const [name, key] of Object.entries<Key>(KEYS)) {
    expect(key.doc, name).toMatch(/\.$|…$/);
    if (key.default === undefined) continue;
    switch (key.type) {
      case 'int':
        configuration.getInt(name);
        break;
      case 'long':
        configuration.getLong(name);
        break;
      case 'size':
        configuration.getSize(name);
        break;
      case 'float':
        configuration.getFloat(name);
        break;
      case 'boolean':
        configuration.getBoolean(name);
        break;
      case 'duration':
        configuration.getDuration(name);
        break;
      case 'choice':
        configuration.getChoice(name);
        break;
      case 'string':
      case 'list':
        configuration.get(name);
    }
  }
});
