// If this failed, a client would be shown what stands where a directory was before it was moved or deleted.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inodeId } from '../../../base/ids.ts';
import { Inodes, InodeType } from '../inodes.ts';
import { splitPath } from '../paths.ts';
import { lookUp, lookUpText } from '../resolve.ts';

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
const step = fc.oneof(
  fc.record({ kind: fc.constant('make' as const), path, isFile: fc.boolean() }),
  fc.record({ kind: fc.constant('remove' as const), path }),
  fc.record({ kind: fc.constant('move' as const), path, to: path }),
);

test('a path leads where its names lead, whatever moved and went since it was looked up', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(path, { minLength: 1, maxLength: 8 }), (steps, asked) => {
      const inodes = new Inodes();
      let lastId = 20_000;
      const at = (text: string) => lookUp(inodes, splitPath(text));
      for (const each of steps) {
        const found = at(each.path);
        const { parent, last } = found;
        if (each.kind === 'make' && last === 0 && parent !== 0 && inodes.type(parent) === InodeType.DIRECTORY) {
          const type = each.isFile ? InodeType.FILE : InodeType.DIRECTORY;
          const about = { user: 'u', group: 'g', mode: 0, mtime: 0, atime: 0 };
          inodes.attach(parent, inodes.create({ id: inodeId(++lastId), type, name: found.name, ...about }));
        } else if (each.kind === 'remove' && last !== 0 && inodes.childCount(last) === 0) {
          inodes.detach(last);
          // Its handle will be another's.
          inodes.free(last);
        } else if (each.kind === 'move' && last !== 0) {
          const to = at(each.to);
          const isFree = to.last === 0 && to.parent !== 0 && inodes.type(to.parent) === InodeType.DIRECTORY;
          if (isFree && !inodes.isWithin(to.parent, last)) {
            inodes.detach(last);
            inodes.setName(last, to.name);
            inodes.attach(to.parent, last);
          }
        }
        for (const text of asked) expect(lookUpText(inodes, text)?.inodes).toEqual(at(text).inodes);
      }
    }),
    { numRuns: 300 },
  );
});

test('what is no plain path is left to others, also below a directory that is known', () => {
  const inodes = new Inodes();
  const about = { user: 'u', group: 'g', mode: 0, mtime: 0, atime: 0 };
  const made = inodes.create({ id: inodeId(20_000), type: InodeType.DIRECTORY, name: Buffer.from('a'), ...about });
  inodes.attach(inodes.root, made);
  for (let times = 0; times < 2; times++) {
    expect(lookUpText(inodes, '/a/x')?.inodes).toEqual([inodes.root, made, 0]);
    for (const other of ['/a/', '/a//x', '//a/x', 'a/x', '', '/.reserved/a', '/a/ö']) {
      expect(lookUpText(inodes, other)).toBeUndefined();
    }
    expect(lookUpText(inodes, '/')?.inodes).toEqual([inodes.root]);
  }
});
