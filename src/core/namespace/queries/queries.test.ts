// If this failed, `ls` would skip or repeat names of a large directory, `du` would count wrongly, or a quota would let
// more through than it says.
import { describe, expect, it } from 'vitest';
import { LONG_MAX } from '../../../base/ids.ts';
import type { Namespace } from '../namespace.ts';
import { checkSetPermission, checkSetStoragePolicy } from '../ops/attributes.ts';
import { checkCreate } from '../ops/create.ts';
import { checkDelete } from '../ops/delete.ts';
import { checkMkdirs } from '../ops/mkdirs.ts';
import { checkSetQuota } from '../ops/quota.ts';
import { checkRename, checkRename2 } from '../ops/rename.ts';
import { pathOfInode } from '../permissions.ts';
import { ALICE, createRequest, LoggedNamespace, rpcIds, SUPERUSER } from '../testing.ts';
import { beginContentSummary, contentSummary } from './content-summary.ts';
import { fileStatus } from './file-status.ts';
import { type ListingRequest, listing } from './listing.ts';

function world(options = {}) {
  const logged = new LoggedNamespace(options);
  const { ns } = logged;
  const mkdir = (path: string) =>
    logged.run(checkMkdirs(ns, SUPERUSER, { path, mode: { masked: 0o755 }, createParent: true }, 1));
  const file = (path: string) => logged.run(checkCreate(ns, SUPERUSER, createRequest(path, { replication: 3 }), 1));
  return { logged, ns, mkdir, file };
}

function pageOf(ns: Namespace, request: ListingRequest, more: () => boolean = () => true) {
  const names: string[] = [];
  const left = listing(ns, SUPERUSER, request)?.walk(({ inode, name }) => {
    names.push(Buffer.from(inode === 0 ? name : ns.inodes.name(inode)).toString());
    return more();
  });
  return { names, left: left ?? -1 };
}

describe('a listing', () => {
  it('comes in pages, in byte order, each from after the last name', () => {
    const { ns, file } = world();
    const names = Array.from({ length: 25 }, (_, i) => `f${i}`);
    for (const name of names) file(`/d/${name}`);
    const seen: string[] = [];
    const remaining: number[] = [];
    let startAfter: Uint8Array = new Uint8Array(0);
    for (;;) {
      const { names: page, left } = pageOf(ns, { path: '/d', startAfter, limit: 10 });
      seen.push(...page);
      remaining.push(left);
      if (left === 0) break;
      startAfter = Buffer.from(page.at(-1) ?? '');
    }
    expect(seen).toEqual([...names].sort());
    expect(remaining).toEqual([15, 5, 0]);
  });

  it('ends early when its blocks fill the answer, is a file itself, and nothing where nothing is', () => {
    const { ns, file } = world();
    file('/d/a');
    file('/d/b');
    const none = new Uint8Array(0);
    expect(pageOf(ns, { path: '/d', startAfter: none, limit: 9 }, () => false)).toEqual({ names: ['a'], left: 1 });
    expect(listing(ns, SUPERUSER, { path: '/d/a', startAfter: none, limit: 9 })?.isDirectory).toBe(false);
    expect(pageOf(ns, { path: '/d/a', startAfter: none, limit: 9 })).toEqual({ names: ['a'], left: 0 });
    expect(listing(ns, SUPERUSER, { path: '/x', startAfter: none, limit: 9 })).toBeUndefined();
  });

  it('goes on from an inode path', () => {
    const { ns, file } = world();
    const first = file('/d/a');
    file('/d/b');
    const startAfter = Buffer.from(`/.reserved/.inodes/${first.fileId}`);
    expect(pageOf(ns, { path: '/d', startAfter, limit: 9 })).toEqual({ names: ['b'], left: 0 });
  });

  it('shows the storage policy in force', () => {
    const { logged, ns, file } = world();
    file('/d/a');
    logged.run(checkSetStoragePolicy(ns, SUPERUSER, '/d', 'cold'));
    expect(fileStatus(ns, SUPERUSER, '/d/a', true)?.status?.storagePolicy).toBe(2);
    logged.run(checkSetStoragePolicy(ns, SUPERUSER, '/d/a', 'HOT'));
    expect(fileStatus(ns, SUPERUSER, '/d/a', true)?.status?.storagePolicy).toBe(7);
    logged.run(checkSetStoragePolicy(ns, SUPERUSER, '/d', undefined));
    expect(fileStatus(ns, SUPERUSER, '/d', true)?.status?.storagePolicy).toBe(0);
    expect(() => checkSetStoragePolicy(ns, SUPERUSER, '/d', 'nope')).toThrow('Cannot find a block policy with the name nope');
    const long = createRequest(`/${'x'.repeat(256)}`, { storagePolicy: 'nope' });
    expect(() => checkCreate(ns, SUPERUSER, long, 1)).toThrow('Cannot find a block policy with the name nope');
  });
});

describe('a content summary', () => {
  it('counts the same in slices as at once, and says when the tree changed under it', () => {
    const { ns, mkdir, file } = world();
    for (let i = 0; i < 30; i++) {
      mkdir(`/d/${i % 3}/e${i}`);
      file(`/d/${i % 3}/f${i}`);
      file(`/d/${i % 3}/e${i}/g`);
    }
    const whole = contentSummary(ns, SUPERUSER, '/');
    expect(whole).toMatchObject({ fileCount: 60, directoryCount: 35, length: 0, quota: { namespace: LONG_MAX, space: -1 } });
    for (const slice of [1, 2, 7]) {
      const walk = beginContentSummary(ns, SUPERUSER, '/');
      let steps = 0;
      while (!walk.step(slice)) steps++;
      expect(steps).toBeGreaterThan(5);
      expect(walk.holds).toBe(true);
      expect(walk.summary()).toEqual(whole);
    }
    const walk = beginContentSummary(ns, SUPERUSER, '/d');
    walk.step(3);
    file('/d/later');
    expect(walk.step(3)).toBe(true);
    expect(walk.holds).toBe(false);
  });

  it('told to go through changes ends after as many steps as what is there takes, whatever others do', () => {
    const { logged, ns, mkdir, file } = world();
    for (let i = 10; i < 40; i++) for (let k = 0; k < 3; k++) file(`/d/e${i}/f${k}`);
    const walk = beginContentSummary(ns, SUPERUSER, '/d');
    walk.goThroughChanges();
    let steps = 0;
    while (!walk.step(4)) {
      // Before the walk, and what it stands in: the whole of that goes away below it.
      mkdir(`/d/a${steps}`);
      if (steps === 3) {
        logged.run(checkDelete(ns, SUPERUSER, { path: '/d/e12', recursive: true, rpc: rpcIds(1) }, 2));
        while (ns.reclaim(100, () => undefined));
        // Its handle is used again, for what lies elsewhere.
        for (let i = 0; i < 5; i++) file(`/other/x${i}`);
      }
      steps++;
    }
    expect(walk.holds).toBe(true);
    expect(steps).toBeLessThanOrEqual(Math.ceil((1 + 30 * 5) / 4) + 1);
    const { fileCount, directoryCount } = walk.summary();
    expect(fileCount).toBeGreaterThanOrEqual(29 * 3);
    expect(fileCount).toBeLessThanOrEqual(30 * 3);
    expect(directoryCount).toBeLessThanOrEqual(31);
    const gone = beginContentSummary(ns, SUPERUSER, '/d');
    gone.goThroughChanges();
    gone.step(2);
    logged.run(checkDelete(ns, SUPERUSER, { path: '/d', recursive: true, rpc: rpcIds(2) }, 3));
    expect(gone.step(2)).toBe(true);
    expect(gone.holds).toBe(false);
  });

  it('needs every directory to be readable', () => {
    const { logged, ns, mkdir } = world();
    mkdir('/d/closed');
    logged.run(checkSetPermission(ns, SUPERUSER, '/d/closed', 0o700));
    expect(() => contentSummary(ns, ALICE, '/d')).toThrow(
      'Permission denied: user=alice, access=READ_EXECUTE, inode="/d/closed":hdfs:supergroup:drwx------',
    );
    expect(contentSummary(ns, SUPERUSER, '/d').directoryCount).toBe(2);
    expect(() => contentSummary(ns, SUPERUSER, '/no')).toThrow('File does not exist: /no');
  });

  it('of a tree whose rights are looked at first is refused where one directory is closed, or sticky', () => {
    const { logged, ns, mkdir, file } = world({ summaryGuarded: true });
    mkdir('/d/empty');
    file('/d/f');
    expect(contentSummary(ns, ALICE, '/d')).toMatchObject({ directoryCount: 2, fileCount: 1 });
    logged.run(checkSetPermission(ns, SUPERUSER, '/d', 0o1777));
    expect(() => contentSummary(ns, ALICE, '/d')).toThrow('Permission denied by sticky bit: user=alice, path="/d/empty"');
    expect(contentSummary(ns, SUPERUSER, '/d').directoryCount).toBe(2);
    logged.run(checkSetPermission(ns, SUPERUSER, '/d', 0o755));
    logged.run(checkSetPermission(ns, SUPERUSER, '/d/empty', 0o700));
    expect(() => contentSummary(ns, ALICE, '/d')).toThrow(
      'Permission denied: user=alice, access=READ_EXECUTE, inode="/d/empty":hdfs:supergroup:drwx------',
    );
    expect(contentSummary(ns, ALICE, '/d/f').fileCount).toBe(1);
  });
});

describe('a name quota', () => {
  it('holds for whole requests, moves included', () => {
    const { logged, ns, mkdir, file } = world();
    mkdir('/q');
    mkdir('/src/a/b');
    logged.run(checkSetQuota(ns, SUPERUSER, { path: '/q', namespace: 3, space: LONG_MAX }));
    const before = logged.log.length;
    expect(() => mkdir('/q/x/y/z')).toThrow(
      'The NameSpace quota (directories and files) of directory /q is exceeded: quota=3 file count=4',
    );
    expect(logged.log.length).toBe(before);
    file('/q/f');
    expect(() => checkRename(ns, SUPERUSER, { source: '/src', destination: '/q/src', rpc: rpcIds(1) }, 1)).toThrow(
      'is exceeded: quota=3 file count=5',
    );
    // Within the directory nothing is added.
    logged.run(checkRename(ns, SUPERUSER, { source: '/q/f', destination: '/q/g', rpc: rpcIds(1) }, 1));
    logged.run(checkSetQuota(ns, SUPERUSER, { path: '/q', namespace: -1, space: LONG_MAX }));
    mkdir('/q/x/y/z');
  });
});

describe('rename2', () => {
  it('says why it cannot, in the words of Apache', () => {
    const { ns, mkdir, file } = world({ maxDirectoryItems: 3 });
    mkdir('/d/sub');
    file('/f');
    file('/g');
    const rename = (source: string, destination: string, overwrite = false) => {
      try {
        checkRename2(ns, SUPERUSER, { source, destination, rpc: rpcIds(1) }, { overwrite, toTrash: false }, 1);
      } catch (error) {
        return (error as Error).message;
      }
      return 'fine';
    };
    expect(rename('/none', '/x')).toBe('rename source /none is not found.');
    expect(rename('/', '/x')).toBe('rename source cannot be the root');
    expect(rename('/f', '/f')).toBe('The source /f and destination /f are the same');
    expect(rename('/d', '/d/sub/x')).toBe('Rename destination /d/sub/x is a directory or file under source /d');
    expect(rename('/f', '/')).toBe('rename destination cannot be the root');
    expect(rename('/f', '/d')).toBe('Source /f and destination /d must both be directories');
    expect(rename('/f', '/g')).toBe('rename destination /g already exists');
    expect(rename('/f', '/g', true)).toBe('fine');
    expect(rename('/f', '/no/x')).toBe('rename destination parent /no/x not found.');
    expect(rename('/f', '/g/x')).toBe('/g (is not a directory)');
    expect(rename('/d/sub', '/x')).toBe('The directory item limit of / is exceeded: limit=3 items=3');
    mkdir('/d/sub/more');
    mkdir('/d/other');
    expect(rename('/d/other', '/d/sub', true)).toBe('rename destination directory is not empty: /d/sub');
    expect(pathOfInode(ns.inodes, ns.inodes.root)).toBe('/');
  });
});
