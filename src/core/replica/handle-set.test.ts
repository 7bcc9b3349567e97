// If this fails, a directory scan looks at replicas again that it has seen, or misses that the files of one are gone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HandleSet } from './handle-set.ts';

test('has what was added and nothing else, however high the handles', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100_000), { maxLength: 200 }), fc.array(fc.nat(200_000)), (added, asked) => {
      const set = new HandleSet();
      for (const handle of added) set.add(handle);
      const model = new Set(added);
      for (const handle of [...added, ...asked]) expect(set.has(handle)).toBe(model.has(handle));
    }),
  );
});
