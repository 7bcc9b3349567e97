// If this failed, an attribute could be read or set by somebody whom Hadoop keeps from it, or grow beyond its limits.
import { describe, expect, it } from 'vitest';
import { type XAttr, XAttrNamespace } from '../edits/ops.ts';
import { FeatureNotBuilt, type NamespaceOptions } from './namespace.ts';
import { checkSetOwner, checkSetPermission } from './ops/attributes.ts';
import { checkCreate } from './ops/create.ts';
import { checkDelete } from './ops/delete.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkRename2 } from './ops/rename.ts';
import { checkRemoveXattr, checkSetXattr } from './ops/xattr.ts';
import type { Caller } from './permissions.ts';
import { blockLocations } from './queries/block-locations.ts';
import { xattrsOf } from './queries/xattrs.ts';
import { ALICE, BOB, createRequest, dump, LoggedNamespace, refusal, rpcIds, SUPERUSER } from './testing.ts';
import { parseXattrName, xattrName } from './xattrs.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const attribute = (name: string, value?: string): XAttr => ({
  ...parseXattrName(name),
  value: value === undefined ? undefined : bytes(value),
});

function world(options: Partial<NamespaceOptions> = {}) {
  const logged = new LoggedNamespace(options);
  const { ns } = logged;
  logged.run(checkMkdirs(ns, SUPERUSER, { path: '/d', mode: { masked: 0o755 }, createParent: true }, 1));
  logged.run(checkSetOwner(ns, SUPERUSER, '/d', 'alice', 'staff'));
  logged.run(checkCreate(ns, ALICE, createRequest('/d/f'), 2));
  const set = (caller: Caller, path: string, xattr: XAttr, flags = 3) =>
    logged.run(
      checkSetXattr(ns, caller, { path, xattr, create: (flags & 1) !== 0, replace: (flags & 2) !== 0, rpc: rpcIds(2) }),
    );
  const remove = (caller: Caller, path: string, name: string) =>
    logged.run(checkRemoveXattr(ns, caller, { path, xattr: attribute(name), rpc: rpcIds(3) }));
  const names = (caller: Caller, path: string) => xattrsOf(ns, caller, path).xattrs.map(xattrName);
  return { logged, ns, set, remove, names };
}

describe('names', () => {
  it('are a name space and a name', () => {
    expect(parseXattrName('User.a.b')).toEqual({ namespace: XAttrNamespace.USER, name: 'a.b' });
    const rule = "An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'";
    for (const wrong of ['a', 'us.x', '.x', 'other.x', '__proto__.x']) {
      expect(refusal(() => parseXattrName(wrong))).toEqual(['EINVAL', rule]);
    }
    expect(refusal(() => parseXattrName('user.'))).toEqual(['EINVAL', 'XAttr name cannot be empty.']);
  });
});

describe('rights', () => {
  it('to user attributes go with the file, in a sticky directory with its ownership', () => {
    const { logged, ns, set, names } = world();
    set(ALICE, '/d/f', attribute('user.a', '1'));
    expect(refusal(() => set(BOB, '/d/f', attribute('user.b', '1')))).toEqual([
      'EACCES',
      'Permission denied: user=bob, access=WRITE, inode="/d/f":alice:staff:-rw-r--r--',
    ]);
    expect(names(BOB, '/d/f')).toEqual(['user.a']);
    logged.run(checkSetPermission(ns, ALICE, '/d/f', 0o600));
    expect(refusal(() => names(BOB, '/d/f'))[0]).toBe('EACCES');
    logged.run(checkSetPermission(ns, ALICE, '/d', 0o1777));
    expect(refusal(() => set(BOB, '/d', attribute('user.b')))).toEqual([
      'EACCES',
      'Permission denied. user=bob is not the owner of inode=/d',
    ]);
    set(ALICE, '/d', attribute('user.b'));
  });

  it('to the other name spaces are the superuser’s, or nobody’s', () => {
    const { set, names, ns, remove } = world();
    set(SUPERUSER, '/d/f', attribute('trusted.t', '1'));
    expect(names(SUPERUSER, '/d/f')).toEqual(['trusted.t']);
    expect(names(ALICE, '/d/f')).toEqual([]);
    const mayNot = (name: string) => ['EACCES', `User doesn't have permission for xattr: ${name}`];
    expect(refusal(() => set(ALICE, '/d/f', attribute('trusted.u')))).toEqual(mayNot('trusted.u'));
    expect(refusal(() => xattrsOf(ns, ALICE, '/d/f', [attribute('trusted.t')]))).toEqual(mayNot('trusted.t'));
    for (const name of ['security.s', 'system.s', 'raw.r']) {
      expect(refusal(() => set(SUPERUSER, '/d/f', attribute(name)))).toEqual(mayNot(name));
    }
    set(SUPERUSER, '/.reserved/raw/d/f', attribute('raw.r', 'x'));
    expect(names(SUPERUSER, '/d/f')).toEqual(['trusted.t']);
    expect(names(SUPERUSER, '/.reserved/raw/d/f')).toEqual(['raw.r', 'trusted.t']);
    expect(refusal(() => set(ALICE, '/.reserved/raw/d/f', attribute('raw.s')))[0]).toBe('EACCES');
    remove(SUPERUSER, '/.reserved/raw/d/f', 'raw.r');
    expect(names(SUPERUSER, '/.reserved/raw/d/f')).toEqual(['trusted.t']);
  });

  it('may keep a file from the superuser, for good', () => {
    const { set, ns, remove } = world();
    const name = 'security.hdfs.unreadable.by.superuser';
    expect(refusal(() => set(SUPERUSER, '/d/f', attribute(name, 'x')))).toEqual([
      'EACCES',
      `Attempt to set a value for '${name}'. Values are not allowed for this xattr.`,
    ]);
    expect(refusal(() => set(ALICE, '/d', attribute(name)))).toEqual(['EIO', `Can only set '${name}' on a file.`]);
    blockLocations(ns, SUPERUSER, '/d/f', 0, 10);
    set(ALICE, '/d/f', attribute(name));
    expect(refusal(() => blockLocations(ns, SUPERUSER, '/d/f', 0, 10))).toEqual([
      'EACCES',
      'Access is denied for hdfs since the superuser is not allowed to perform this operation.',
    ]);
    blockLocations(ns, ALICE, '/d/f', 0, 10);
    expect(refusal(() => remove(ALICE, '/d/f', name))).toEqual(['EACCES', `The xattr '${name}' can not be deleted.`]);
  });

  it('end where features begin that are not built', () => {
    const { set, logged } = world();
    expect(refusal(() => set(SUPERUSER, '/.reserved/raw/d', attribute('raw.hdfs.crypto.encryption.zone', 'x')))[0]).toBe(
      'EUNSUPPORTED',
    );
    const policy = { namespace: XAttrNamespace.SYSTEM, name: 'hdfs.erasurecoding.policy', value: bytes('\0\0\0\x04RS-6') };
    expect(() => logged.ns.apply({ kind: 'SET_XATTR', path: '/d', xAttrs: [policy], rpc: rpcIds(9) }, 99)).toThrow(
      FeatureNotBuilt,
    );
  });
});

describe('setting and removing', () => {
  it('follow their flags', () => {
    const { set, remove } = world();
    expect(refusal(() => set(ALICE, '/d/f', attribute('user.a'), 0))).toEqual(['EINVAL', 'A flag must be specified.']);
    expect(refusal(() => set(ALICE, '/d/f', attribute('user.a'), 2))).toEqual([
      'EIO',
      'XAttr: a does not exist. The CREATE flag must be specified.',
    ]);
    set(ALICE, '/d/f', attribute('user.a'), 1);
    expect(refusal(() => set(ALICE, '/d/f', attribute('user.a'), 1))).toEqual([
      'EIO',
      'XAttr: a already exists. The REPLACE flag must be specified.',
    ]);
    set(ALICE, '/d/f', attribute('user.a', '2'), 2);
    remove(ALICE, '/d/f', 'user.a');
    expect(refusal(() => remove(ALICE, '/d/f', 'user.a'))).toEqual([
      'EIO',
      'No matching attributes found for remove operation',
    ]);
    expect(refusal(() => set(ALICE, '/none', attribute('user.a')))).toEqual(['ENOENT', 'cannot find /none']);
  });

  it('stay within the limits', () => {
    const { set, names } = world({ maxXattrsPerInode: 2, maxXattrSize: 10 });
    expect(refusal(() => set(ALICE, '/d/f', attribute('user.a', '1234567890')))).toEqual([
      'EINVAL',
      'The XAttr is too big. The maximum combined size of the name and value is 10, but the total size is 11',
    ]);
    set(ALICE, '/d/f', attribute('user.a', '123456789'));
    set(SUPERUSER, '/d/f', attribute('trusted.b'));
    // Those that users do not see do not count.
    set(SUPERUSER, '/.reserved/raw/d/f', attribute('raw.c'));
    expect(refusal(() => set(ALICE, '/d/f', attribute('user.d')))).toEqual([
      'EIO',
      'Cannot add additional XAttr to inode, would exceed limit of 2',
    ]);
    set(ALICE, '/d/f', attribute('user.a', '2'));
    expect(names(SUPERUSER, '/d/f')).toEqual(['user.a', 'trusted.b']);
  });

  it('can be switched off', () => {
    const { set, ns } = world({ xattrsEnabled: false });
    const off =
      'The XAttr operation has been rejected.  Support for XAttrs has been disabled by setting dfs.namenode.xattrs.enabled to false.';
    expect(refusal(() => set(ALICE, '/d/f', attribute('user.a')))).toEqual(['EIO', off]);
    expect(refusal(() => xattrsOf(ns, ALICE, '/d/f'))).toEqual(['EIO', off]);
  });
});

describe('attributes', () => {
  it('are found by name, all of those that were asked for or none', () => {
    const { set, ns } = world();
    set(ALICE, '/d/f', attribute('user.a', '1'));
    expect(xattrsOf(ns, BOB, '/d/f', [attribute('user.a')]).xattrs).toEqual([attribute('user.a', '1')]);
    expect(refusal(() => xattrsOf(ns, BOB, '/d/f', [attribute('user.a'), attribute('user.b')]))).toEqual([
      'ENODATA',
      'At least one of the attributes provided was not found.',
    ]);
  });

  it('go where their file goes, come back from the log, and are in Apache’s order', () => {
    const { logged, ns, set, names } = world();
    set(ALICE, '/d/f', attribute('user.small', '1'));
    set(ALICE, '/d/f', attribute('user.large', 'x'.repeat(1025)));
    set(ALICE, '/d/f', attribute('user.empty', ''));
    expect(names(ALICE, '/d/f')).toEqual(['user.empty', 'user.small', 'user.large']);
    expect(xattrsOf(ns, ALICE, '/d/f').xattrs[0]?.value).toBeUndefined();
    const move = { source: '/d/f', destination: '/d/g', rpc: rpcIds(4) };
    logged.run(checkRename2(ns, ALICE, move, { overwrite: false, toTrash: false }, 5));
    expect(names(ALICE, '/d/g')).toEqual(['user.empty', 'user.small', 'user.large']);
    expect(dump(logged.replay())).toEqual(dump(ns));
    logged.run(checkDelete(ns, ALICE, { path: '/d/g', recursive: false, rpc: rpcIds(5) }, 6));
    expect(refusal(() => names(ALICE, '/d/g'))).toEqual(['ENOENT', 'cannot find /d/g']);
  });
});
