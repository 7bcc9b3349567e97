// If these fail, CONFIGURATION.md offers a setting that changes nothing, or calls one idle that does.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KEYS } from './index.ts';
import { WITHOUT_EFFECT } from './without-effect.ts';

const SOURCES = join(import.meta.dirname, '../..');
/** Files that speak of keys without heeding them; protection.ts only refuses values. */
const NOT_READERS = /^config\/(?:keys\/|protection\.ts$)|\.test\.ts$/;
/** Read by a name put together from parts or out of a table, and one that defaults of others refer to. */
const READ_IN_PARTS = [
  /^dfs\.client\.block\.write\.replace-datanode-on-failure\./,
  /^dfs\.namenode\.read\.consider/,
  /^ipc\.(?:callqueue|scheduler|identity-provider|cost-provider)\./,
  /^ipc\.\[port_number\]\./,
  /^security\./,
  /^hadoop\.tmp\.dir$/,
];

const COMMENTS = /^\s*\/\/[^\n]*|\/\*.*?\*\//gms;
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !NOT_READERS.test(file))
  .map((file) => readFileSync(join(SOURCES, file), 'utf8').replace(COMMENTS, ''));

/** What may be a key, whole or the beginning of one that is put together. */
const NAME = /['`]([a-zA-Z][\w.[\]-]*\w)(?=['`]|\.?\$\{)/g;
/** How much before a name is looked at. */
const LOOK_BEHIND = 200;
const AS_ARGUMENT = /[\w\])>]\(\s*(?:(?:[^()[\]{};]|\([^()]*\))*,\s*)?$/;
const AS_CONSTANT = /const (\w+)(?:: \w+)? =\s*$/;

/** Names handed to a function, or to a constant that is used behind: a list of keys, or a sentence that names one, reads none. */
function namesReadIn(file: string): readonly string[] {
  const names: string[] = [];
  for (const { index, 1: name = '' } of file.matchAll(NAME)) {
    const before = file.slice(Math.max(0, index - LOOK_BEHIND), index);
    const constant = AS_CONSTANT.exec(before)?.[1];
    const isUsed = constant !== undefined && file.split(new RegExp(`\\b${constant}\\b`)).length > 2;
    if (isUsed || AS_ARGUMENT.test(before)) names.push(name);
  }
  return names;
}

const mentioned: ReadonlySet<string> = new Set(files.flatMap(namesReadIn));
const isMentioned = (name: string): boolean => mentioned.has(name);

const isRead = (name: string): boolean => READ_IN_PARTS.some((pattern) => pattern.test(name)) || isMentioned(name);

test('what no code reads is said to have no effect', () => {
  expect(Object.keys(KEYS).filter((name) => !isRead(name) && !Object.hasOwn(WITHOUT_EFFECT, name))).toEqual([]);
});

test('what is said to have no effect is read by no code', () => {
  expect(Object.keys(WITHOUT_EFFECT).filter(isMentioned)).toEqual([]);
});

test('a list of keys, a comment and a sentence read none', () => {
  const text = "const LIST = ['a.b', 'c.d']; throw new Error(`a.b is wrong`); const KEY = 'e.f'; get('g.h'); get(KEY);";
  expect(namesReadIn(text)).toEqual(['e.f', 'g.h']);
});
