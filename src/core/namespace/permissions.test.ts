// If this failed, a user could read or remove what is not theirs, or a script that reads the reason of a refusal would
// find other words than Apache's.
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { AclScope, AclType } from '../edits/ops.ts';
import { checkSetOwner, checkSetPermission } from './ops/attributes.ts';
import { checkCreate } from './ops/create.ts';
import { checkDelete } from './ops/delete.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkRename, checkRename2 } from './ops/rename.ts';
import { SubtreeAccess } from './ops/subtree-access.ts';
import { splitPath } from './paths.ts';
import { FsAction, isAllowed, modeText } from './permissions.ts';
import { checkAccess } from './queries/access.ts';
import { fileStatus } from './queries/file-status.ts';
import { lookUp } from './resolve.ts';
import { ALICE, BOB, createRequest, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

function world() {
  const logged = new LoggedNamespace();
  const mkdir = (path: string, mode: number, user: string, group: string) => {
    logged.run(checkMkdirs(logged.ns, SUPERUSER, { path, mode: { masked: mode }, createParent: true }, 1));
    logged.run(checkSetPermission(logged.ns, SUPERUSER, path, mode));
    logged.run(checkSetOwner(logged.ns, SUPERUSER, path, user, group));
  };
  return { logged, ns: logged.ns, mkdir };
}

function refusal(fn: () => unknown): { code: string; message: string } {
  try {
    fn();
  } catch (error) {
    if (error instanceof HdfsError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('not refused');
}

describe('mode bits', () => {
  it('print as ls prints them', () => {
    expect(modeText(0o755)).toBe('rwxr-xr-x');
    expect(modeText(0o1777)).toBe('rwxrwxrwt');
    expect(modeText(0o1770)).toBe('rwxrwx--T');
  });

  it('are looked up as owner, else as group, else as other, never as two of them', () => {
    const { ns, mkdir } = world();
    mkdir('/d', 0o070, 'alice', 'staff');
    const inode = lookUp(ns.inodes, splitPath('/d')).last;
    expect(isAllowed(ns.inodes, ALICE, inode, FsAction.READ)).toBe(false);
    expect(isAllowed(ns.inodes, BOB, inode, FsAction.ALL)).toBe(true);
    expect(isAllowed(ns.inodes, { user: 'eve', groups: [], superuser: false }, inode, FsAction.EXECUTE)).toBe(false);
  });
});

describe('refusals carry the words of Apache', () => {
  it('for a directory that may not be passed, written or owned', () => {
    const { ns, mkdir } = world();
    mkdir('/users', 0o755, 'hdfs', 'supergroup');
    mkdir('/users/alice', 0o700, 'alice', 'staff');
    expect(refusal(() => fileStatus(ns, BOB, '/users/alice/x', true))).toEqual({
      code: 'EACCES',
      message: 'Permission denied: user=bob, access=EXECUTE, inode="/users/alice":alice:staff:drwx------',
    });
    const mkdirs = { path: '/users/bob/new', mode: { masked: 0o755 }, createParent: true };
    expect(refusal(() => checkMkdirs(ns, BOB, mkdirs, 1)).message).toBe(
      'Permission denied: user=bob, access=WRITE, inode="/users":hdfs:supergroup:drwxr-xr-x',
    );
    mkdir('/bobs', 0o755, 'bob', 'staff');
    const into = { source: '/bobs/x', destination: '/users/alice', rpc: rpcIds(1) };
    expect(refusal(() => checkRename(ns, BOB, into, 1)).message).toBe(
      'Permission denied: user=bob, access=EXECUTE, inode="/users/alice":alice:staff:drwx------',
    );
    expect(refusal(() => checkSetPermission(ns, BOB, '/users', 0o777)).message).toBe(
      'Permission denied. user=bob is not the owner of inode=/users',
    );
    expect(refusal(() => checkSetOwner(ns, ALICE, '/users/alice', 'bob', undefined)).message).toBe(
      'User alice is not a super user (non-super user cannot change owner).',
    );
    expect(refusal(() => checkSetOwner(ns, ALICE, '/users/alice', undefined, 'admin')).message).toBe(
      'User alice does not belong to admin',
    );
    expect(refusal(() => checkAccess(ns, BOB, '/users', FsAction.READ_WRITE)).message).toBe(
      'Permission denied: user=bob, access=READ_WRITE, inode="/users":hdfs:supergroup:drwxr-xr-x',
    );
  });

  it('for a sticky directory', () => {
    const { logged, ns, mkdir } = world();
    mkdir('/tmp', 0o1777, 'hdfs', 'supergroup');
    logged.run(checkCreate(ns, ALICE, createRequest('/tmp/f'), 5));
    const request = { path: '/tmp/f', recursive: false, rpc: rpcIds(2) };
    expect(refusal(() => checkDelete(ns, BOB, request, 6))).toEqual({
      code: 'EACCES',
      message:
        'Permission denied by sticky bit: user=bob, path="/tmp/f":alice:supergroup:-rw-r--r--, ' +
        'parent="/tmp":hdfs:supergroup:drwxrwxrwt',
    });
    expect(logged.run(checkDelete(ns, ALICE, request, 6))).toBe(true);
  });

  it('for a file in the way: other methods deny access, those that create say what it is', () => {
    const { logged, ns } = world();
    logged.run(checkCreate(ns, SUPERUSER, createRequest('/f'), 5));
    expect(refusal(() => fileStatus(ns, ALICE, '/f/x', true))).toEqual({
      code: 'EACCES',
      message: '/f (is not a directory)',
    });
    expect(fileStatus(ns, SUPERUSER, '/f/x', true)).toBeUndefined();
    expect(refusal(() => checkCreate(ns, SUPERUSER, createRequest('/f/x'), 5))).toEqual({
      code: 'ENOTDIR',
      message: '/f (is not a directory)',
    });
  });
});

describe('deleting a tree', () => {
  it('needs every directory with something in it, empty ones not', () => {
    const { ns, mkdir } = world();
    mkdir('/top', 0o777, 'alice', 'staff');
    mkdir('/top/empty', 0o700, 'bob', 'staff');
    const request = { path: '/top', recursive: true, rpc: rpcIds(1) };
    mkdir('/', 0o777, 'hdfs', 'supergroup');
    expect(checkDelete(ns, ALICE, request, 9).ops).toHaveLength(1);
    mkdir('/top/empty/full', 0o777, 'bob', 'staff');
    expect(refusal(() => checkDelete(ns, ALICE, request, 9)).message).toBe(
      'Permission denied: user=alice, access=ALL, inode="/top/empty":bob:staff:drwx------',
    );
    const trash = { source: '/top', destination: '/trash', rpc: rpcIds(1) };
    expect(refusal(() => checkRename2(ns, ALICE, trash, { overwrite: false, toTrash: true }, 9)).code).toBe('EACCES');
    expect(checkRename2(ns, ALICE, trash, { overwrite: false, toTrash: false }, 9).ops).toHaveLength(1);
  });

  it('can be asked for in slices, and others change the tree meanwhile', () => {
    const { ns, mkdir } = world();
    mkdir('/', 0o777, 'hdfs', 'supergroup');
    for (let i = 10; i < 30; i++) mkdir(`/top/d${i}/e`, 0o777, 'alice', 'staff');
    mkdir('/top', 0o777, 'alice', 'staff');
    for (let i = 10; i < 30; i++) mkdir(`/top/d${i}`, 0o777, 'alice', 'staff');
    const top = lookUp(ns.inodes, splitPath('/top')).last;
    const walk = new SubtreeAccess(ns, ALICE, top);
    walk.follow();
    let slices = 0;
    while (!walk.step(6)) mkdir(`/top/new${slices++}`, 0o700, 'bob', 'staff');
    // 1 + 20 + 20 inodes that were there, each looked at and gone into; and what comes in each slice takes half of the next.
    expect(slices).toBeGreaterThan(6);
    expect(slices).toBeLessThan((41 * 2) / (6 - 3));
    expect(walk.isOf(top)).toBe(true);
    mkdir('/top/d11/e/f', 0o755, 'alice', 'staff');
    expect(walk.done).toBe(false);
    expect(walk.step(3)).toBe(true);
    // Where the walk has been already, and of somebody who lets nobody else in.
    mkdir('/top/new1/full', 0o755, 'bob', 'staff');
    expect(refusal(() => walk.step(3)).message).toBe(
      'Permission denied: user=alice, access=ALL, inode="/top/new1":bob:staff:drwx------',
    );
    walk.end();
    expect(ns.inodes.watchers.size).toBe(0);
  });

  it('in slices is of no use for what stands there afterwards', () => {
    const { logged, ns, mkdir } = world();
    mkdir('/', 0o777, 'hdfs', 'supergroup');
    for (let i = 0; i < 9; i++) mkdir(`/top/d${i}`, 0o777, 'alice', 'staff');
    const top = lookUp(ns.inodes, splitPath('/top')).last;
    const walk = new SubtreeAccess(ns, ALICE, top);
    walk.follow();
    walk.step(2);
    logged.run(checkRename(ns, SUPERUSER, { source: '/top', destination: '/elsewhere', rpc: rpcIds(3) }, 9));
    expect(walk.step(100)).toBe(true);
    expect(walk.isOf(top)).toBe(true);
    logged.run(checkDelete(ns, SUPERUSER, { path: '/elsewhere', recursive: true, rpc: rpcIds(4) }, 9));
    while (ns.reclaim(100, () => undefined));
    mkdir('/top', 0o700, 'bob', 'staff');
    expect(walk.isOf(lookUp(ns.inodes, splitPath('/top')).last)).toBe(false);
    walk.end();
  });
});

describe('access control lists', () => {
  it('name users and groups, under the mask, before others', () => {
    const { logged, ns, mkdir } = world();
    mkdir('/d', 0o750, 'hdfs', 'supergroup');
    const e = (type: AclType, name: string | undefined, permission: number) => ({
      scope: AclScope.ACCESS,
      type,
      name,
      permission,
    });
    logged.apply({
      kind: 'SET_ACL',
      path: '/d',
      aclEntries: [
        e(AclType.USER, undefined, 7),
        e(AclType.USER, 'alice', 7),
        e(AclType.GROUP, undefined, 0),
        e(AclType.MASK, undefined, 5),
        e(AclType.OTHER, undefined, 0),
      ],
    });
    const inode = lookUp(ns.inodes, splitPath('/d')).last;
    expect(ns.inodes.mode(inode)).toBe(0o750);
    expect(ns.inodes.acl(inode)).toHaveLength(2);
    expect(isAllowed(ns.inodes, ALICE, inode, FsAction.READ_EXECUTE)).toBe(true);
    expect(isAllowed(ns.inodes, ALICE, inode, FsAction.WRITE)).toBe(false);
    expect(isAllowed(ns.inodes, BOB, inode, FsAction.READ)).toBe(false);
    logged.apply({ kind: 'SET_ACL', path: '/d', aclEntries: [] });
    expect(ns.inodes.mode(inode)).toBe(0o700);
    expect(ns.inodes.acl(inode)).toBeUndefined();
  });

  it('pass from a directory to what is made in it', () => {
    const { logged, ns, mkdir } = world();
    mkdir('/d', 0o755, 'hdfs', 'supergroup');
    const e = (scope: AclScope, type: AclType, name: string | undefined, permission: number) => ({
      scope,
      type,
      name,
      permission,
    });
    logged.apply({
      kind: 'SET_ACL',
      path: '/d',
      aclEntries: [
        e(AclScope.ACCESS, AclType.USER, undefined, 7),
        e(AclScope.ACCESS, AclType.GROUP, undefined, 5),
        e(AclScope.ACCESS, AclType.OTHER, undefined, 5),
        e(AclScope.DEFAULT, AclType.USER, undefined, 7),
        e(AclScope.DEFAULT, AclType.USER, 'alice', 7),
        e(AclScope.DEFAULT, AclType.GROUP, undefined, 5),
        e(AclScope.DEFAULT, AclType.MASK, undefined, 7),
        e(AclScope.DEFAULT, AclType.OTHER, undefined, 0),
      ],
    });
    const mode = { masked: 0o755, unmasked: 0o777 };
    logged.run(checkMkdirs(ns, SUPERUSER, { path: '/d/sub', mode, createParent: true }, 3));
    const inode = lookUp(ns.inodes, splitPath('/d/sub')).last;
    expect(ns.inodes.mode(inode)).toBe(0o770);
    expect(ns.inodes.acl(inode)).toHaveLength(7);
    expect(isAllowed(ns.inodes, ALICE, inode, FsAction.ALL)).toBe(true);
    const file = logged.run(checkCreate(ns, SUPERUSER, createRequest('/d/sub/f'), 4));
    expect(file.mode).toBe(0o640);
    expect(file.flags).toBe(1);
  });
});
