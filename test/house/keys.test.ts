// If this failed, some code would read a configuration key that nobody declared, so without type, default or explanation.
import { expect, test } from 'vitest';
import { currentName, declaredKey } from '../../src/config/keys/index.ts';
import { lineOf, sources } from './sources.ts';

const GETTER =
  /\b(?:get(?:Int|Long|Size|Float|Boolean|Duration|Strings|Choice)|isSet|require|addressOf|directoriesOf)\(\s*(?:\w+,\s*)?'([a-z][\w-]*(?:\.[\w-]+)+)'/g;
const PLAIN_GETTER = /\b(?:configuration|conf|config)\.get\(\s*'([a-z][\w-]*(?:\.[\w-]+)+)'/g;

test('every key that is read is declared', () => {
  const wrong: string[] = [];
  for (const source of sources(['src'], /\.ts$/)) {
    if (source.path.endsWith('.test.ts')) continue;
    for (const pattern of [GETTER, PLAIN_GETTER]) {
      for (const match of source.text.matchAll(pattern)) {
        const name = match[1] ?? '';
        if (declaredKey(currentName(name)) === undefined)
          wrong.push(`${source.path}:${lineOf(source.text, match.index ?? 0)}: ${name}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
