// If this fails, a client sends a NameNode a path that is not clean, or changes one that is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolvePath } from './paths.ts';

const RULES = { home: '/user/ann', authorities: ['ns1'] };

test('a path comes out clean, and a clean one as it is', () => {
  const part = fc.stringMatching(/^[a.:é ]{0,4}$/);
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const path = `/${parts.join('/')}`;
      const clean: string[] = [];
      for (const name of parts) {
        if (name === '..') clean.pop();
        else if (name !== '' && name !== '.') clean.push(name);
      }
      expect(resolvePath(path, RULES)).toBe(`/${clean.join('/')}`);
    }),
  );
  expect(resolvePath('..', RULES)).toBe('/user');
  expect(() => resolvePath('/a\0b', RULES)).toThrow('zero byte');
});
