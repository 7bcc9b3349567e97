// If this failed, one client's path would mean another file than the next one's, or a name that HDFS cannot store would
// be made.
import { describe, expect, it } from 'vitest';
import { checkSetStoragePolicy } from './ops/attributes.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkSymlink } from './ops/symlink.ts';
import { isPathLengthAllowed, isValidName, joinPath, splitPath } from './paths.ts';
import { storagePolicyOf } from './queries/access.ts';
import { fileStatus } from './queries/file-status.ts';
import { listing } from './queries/listing.ts';
import { resolvePath } from './resolve.ts';
import { ALICE, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

describe('splitting', () => {
  it('drops repeated and trailing slashes, and keeps every other byte', () => {
    const text = (path: string) => joinPath(splitPath(path));
    expect(text('/')).toBe('/');
    expect(text('///')).toBe('/');
    expect(text('/a//b/')).toBe('/a/b');
    expect(text('//a')).toBe('/a');
    expect(text('/é/日本 x')).toBe('/é/日本 x');
    expect(splitPath('/é')[1]).toEqual(Buffer.from('é'));
    expect(() => splitPath('a/b')).toThrow("Absolute path required, but got 'a/b'");
    expect(() => splitPath('')).toThrow("Absolute path required, but got ''");
  });
});

describe('names that may be made', () => {
  it.each(['/', '/a', '/a/', '/a//', '/a b', '/.x', '/...', '/.reserved/.inodes/7/../x'])('%s is fine', (path) => {
    expect(isValidName(path)).toBe(true);
  });
  it.each(['', 'a', '/a//b', '/./a', '/a/..', '/a:b', '/.reserved/.inodes/..'])('%s is not', (path) => {
    expect(isValidName(path)).toBe(false);
  });
  it('are at most 8000 long and 1000 deep', () => {
    expect(isPathLengthAllowed(`/${'x'.repeat(7999)}`)).toBe(true);
    expect(isPathLengthAllowed(`/${'x'.repeat(8000)}`)).toBe(false);
    expect(isPathLengthAllowed('/d'.repeat(1000))).toBe(true);
    expect(isPathLengthAllowed('/d'.repeat(1001))).toBe(false);
  });
});

describe('reserved paths', () => {
  const world = () => {
    const logged = new LoggedNamespace();
    const mode = { masked: 0o755 };
    logged.run(checkMkdirs(logged.ns, SUPERUSER, { path: '/a/b/c', mode, createParent: true }, 1));
    return logged;
  };
  const at = (path: string, caller = SUPERUSER) => resolvePath(world().ns, caller, path, 'read').text;

  it('name an inode by its number, and what is below it', () => {
    expect(at('/.reserved/.inodes/16385')).toBe('/');
    expect(at('/.reserved/.inodes/16386')).toBe('/a');
    expect(at('/.reserved/.inodes/16386/b/c')).toBe('/a/b/c');
    expect(at('/.reserved/.inodes/16388/..')).toBe('/a/b');
    expect(at('/.reserved/.inodes/16386/..')).toBe('/');
    expect(() => at('/.reserved/.inodes/99')).toThrow('File for given inode path does not exist: /.reserved/.inodes/99');
    expect(() => at('/.reserved/.inodes/x')).toThrow('Invalid inode path: /.reserved/.inodes/x');
  });

  it('name the raw tree, which only the superuser may change', () => {
    expect(at('/.reserved/raw')).toBe('/');
    expect(at('/.reserved/raw/a/b', ALICE)).toBe('/a/b');
    const { ns } = world();
    const mkdirs = { path: '/.reserved/raw/a/x', mode: { masked: 0o755 }, createParent: true };
    expect(() => checkMkdirs(ns, ALICE, mkdirs, 1)).toThrow('Superuser privilege is required');
    expect(checkMkdirs(ns, SUPERUSER, mkdirs, 1).ops).toMatchObject([{ path: '/a/x' }]);
  });

  it('show up as directories of their own', () => {
    const { ns } = world();
    expect(fileStatus(ns, SUPERUSER, '/.reserved', true)?.status).toMatchObject({ mode: 0o1770, inode: 0 });
    const names: string[] = [];
    listing(ns, SUPERUSER, { path: '/.reserved', startAfter: new Uint8Array(0), limit: 10 })?.walk((entry) => {
      names.push(Buffer.from(entry.name).toString());
      return true;
    });
    expect(names).toEqual(['.inodes', 'raw']);
    const mkdirs = { path: '/.reserved', mode: { masked: 0o755 }, createParent: true };
    expect(() => checkMkdirs(ns, SUPERUSER, mkdirs, 1)).toThrow('File name ".reserved" is reserved');
    expect(() => checkMkdirs(ns, SUPERUSER, { ...mkdirs, path: '/a/.snapshot' }, 1)).toThrow('".snapshot" is a reserved name.');
  });
});

describe('symlinks', () => {
  it('send a client on, with the rest of its path', () => {
    const logged = new LoggedNamespace();
    const { ns } = logged;
    const link = (path: string, target: string) =>
      logged.run(
        checkSymlink(
          ns,
          SUPERUSER,
          { link: path, target, directoryMode: { masked: 0o755 }, createParent: true, rpc: rpcIds(1) },
          5,
        ),
      );
    link('/dir/absolute', '/else');
    link('/dir/relative', 'x/y');
    const message = (path: string) => {
      try {
        resolvePath(ns, SUPERUSER, path, 'read');
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    expect(message('/dir/absolute/a/b')).toBe('/else/a/b');
    expect(message('/dir/relative/a')).toBe('/dir/x/y/a');
    expect(message('/dir/relative')).toBe('/dir/x/y');
    link('/dir/up', '../x');
    link('/dir/far', 'hdfs://far:8020/x');
    expect(message('/dir/up')).toBe('/x');
    expect(message('/dir/up/../y')).toBe('/y');
    expect(message('/dir/absolute/../../y')).toBe('/../y');
    expect(message('/dir/far/./a')).toBe('hdfs://far:8020/x/a');
    expect(fileStatus(ns, SUPERUSER, '/dir/relative', false)?.status).toMatchObject({ type: 3, group: 'supergroup' });
    logged.run(checkSetStoragePolicy(ns, SUPERUSER, '/dir', 'COLD'));
    // Only a listing gives it the policy of its directory.
    expect(fileStatus(ns, SUPERUSER, '/dir/up', false)?.status).toMatchObject({ storagePolicy: 0 });
    const policies: number[] = [];
    listing(ns, SUPERUSER, { path: '/dir', startAfter: new Uint8Array(0), limit: 1 })?.walk(({ storagePolicy }) => {
      policies.push(storagePolicy);
      return true;
    });
    expect(policies).toEqual([2]);
    expect(() => storagePolicyOf(ns, SUPERUSER, '/dir/up')).toThrow('Storage policy are not supported on symlinks');
  });
});
