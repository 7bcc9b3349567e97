// If this fails, a report of rare situations names one that no code can reach, or leaves one out.
import { expect, test } from 'vitest';
import { SITUATIONS } from '../src/base/sometimes.ts';
import { sources } from '../test/house/sources.ts';

test('each situation is marked where it happens', () => {
  const code = sources(['src'])
    .filter(({ path }) => path !== 'src/base/sometimes.ts' && !path.endsWith('.test.ts'))
    .map(({ text }) => text)
    .filter((text) => text.includes('sometimes('))
    .join('\n');
  for (const situation of SITUATIONS) expect(code, situation).toContain(`'${situation}'`);
});
