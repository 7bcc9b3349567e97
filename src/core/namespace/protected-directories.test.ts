// If these fail, a directory that an operator protects is deleted or renamed away with all that it holds, or an empty or
// unprotected one cannot be.
import { describe, expect, it } from 'vitest';
import { checkDelete } from './ops/delete.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkRename, checkRename2 } from './ops/rename.ts';
import { protectedPaths } from './protected-directories.ts';
import { LoggedNamespace, refusal, rpcIds, SUPERUSER } from './testing.ts';

function tree(named: string, paths: readonly string[], withAllBelow = false) {
  const logged = new LoggedNamespace({
    protectedDirectories: { paths: protectedPaths(named.split(','), () => undefined), withAllBelow },
  });
  const { ns } = logged;
  for (const path of paths) {
    logged.run(checkMkdirs(ns, SUPERUSER, { path, mode: { masked: 0o755 }, createParent: true }, 1000));
  }
  const remove = (path: string) => checkDelete(ns, SUPERUSER, { path, recursive: true, rpc: rpcIds(1) }, 2000);
  const rename = (source: string) => checkRename(ns, SUPERUSER, { source, destination: '/new', rpc: rpcIds(1) }, 2000);
  const rename2 = (source: string) =>
    checkRename2(ns, SUPERUSER, { source, destination: '/new', rpc: rpcIds(1) }, { overwrite: true, toTrash: false }, 2000);
  const told = (path: string) => [remove, rename, rename2].map((change) => refusal(() => change(path)));
  const done = (path: string) => [remove, rename, rename2].map((change) => change(path).ops.length);
  return { ns, told, done };
}

const threeTimes = (text: string) => [1, 2, 3].map(() => ['EACCES', text]);

describe('a protected directory', () => {
  it('stays where it is while something is in it, for the superuser too', () => {
    const { told, done } = tree('/p,/a/b/c', ['/p/x', '/a/b/c/x', '/a/d/x', '/px/y']);
    expect(told('/p')).toEqual(threeTimes('Cannot delete/rename non-empty protected directory /p'));
    const above = threeTimes('Cannot delete/rename non-empty protected subdirectory /a/b/c');
    expect(told('/a/b')).toEqual(above);
    expect(told('/a')).toEqual(above);
    for (const path of ['/p/x', '/a/b/c/x', '/a/d', '/px']) expect(done(path)).toEqual([1, 1, 1]);
  });

  it('goes when it is empty, and with what is above it', () => {
    const { done } = tree('/p,/a/b/c', ['/p', '/a/b/c']);
    for (const path of ['/p', '/a/b/c', '/a']) expect(done(path)).toEqual([1, 1, 1]);
  });

  it('keeps what is below it where that is asked for, but what is empty', () => {
    const { told, done } = tree('/p', ['/p/x/y/z', '/q/x'], true);
    const below = threeTimes('Cannot delete/rename subdirectory under protected subdirectory /p');
    expect(told('/p/x')).toEqual(below);
    expect(told('/p/x/y')).toEqual(below);
    expect(done('/p/x/y/z')).toEqual([1, 1, 1]);
    expect(done('/q')).toEqual([1, 1, 1]);
  });
});

it('is named by an absolute path in any form, and by no other', () => {
  const ignored: string[] = [];
  const paths = protectedPaths(['/b//c/', 'a', '/a/../d/./e', '/.reserved/raw', 'hdfs://nn/x'], (path) => ignored.push(path));
  expect([...paths]).toEqual(['/b/c', '/d/e']);
  expect(ignored).toEqual(['a', '/.reserved/raw', 'hdfs://nn/x']);
});
