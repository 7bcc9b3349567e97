// If these fail, CONFIGURATION.md offers a setting that changes nothing, or calls one idle that does.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KEYS } from './index.ts';
import { WITHOUT_EFFECT } from './without-effect.ts';

const SOURCES = join(import.meta.dirname, '../..');
/** Files that speak of keys without heeding them; protection.ts only refuses values. */
const NOT_READERS = /^config\/(?:keys\/|protection\.ts$)|\.test\.ts$/;
/** Read by a name put together from parts, and one that defaults of others refer to. */
const READ_IN_PARTS = [
  /^dfs\.client\.block\.write\.replace-datanode-on-failure\./,
  /^ipc\.(?:callqueue|scheduler)\./,
  /^hadoop\.tmp\.dir$/,
];

const code = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !NOT_READERS.test(file))
  .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
  .join('\n');

const isRead = (name: string): boolean =>
  code.includes(`'${name}'`) || code.includes(`\`${name}`) || READ_IN_PARTS.some((pattern) => pattern.test(name));

test('what no code reads is said to have no effect', () => {
  expect(Object.keys(KEYS).filter((name) => !isRead(name) && !Object.hasOwn(WITHOUT_EFFECT, name))).toEqual([]);
});

test('what is said to have no effect is read by no code', () => {
  expect(Object.keys(WITHOUT_EFFECT).filter(isRead)).toEqual([]);
});
