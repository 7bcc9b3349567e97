// If these fail, files appear under wrong names or in wrong places, listings miss entries, or a checkpoint shows a moment
// that never was.
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../base/assert.ts';
import { utf8, utf8Bytes } from '../../base/bytes.ts';
import { inodeId, LONG_MAX, ROOT_INODE_ID } from '../../base/ids.ts';
import { AclScope, AclType, XAttrNamespace } from '../edits/ops.ts';
import { type InodeHandle, type InodeReader, Inodes, InodeType } from './inodes.ts';

let nextId = 20_000;

function make(inodes: Inodes, name: string | Uint8Array, type: InodeType = InodeType.FILE): InodeHandle {
  return inodes.create({
    id: inodeId(nextId++),
    type,
    name: typeof name === 'string' ? utf8Bytes(name) : name,
    user: 'alice',
    group: 'staff',
    mode: 0o644,
    mtime: 1_700_000_000_123,
    atime: 1_700_000_000_456,
  });
}

function childNames(inodes: InodeReader, directory: InodeHandle, after?: string): string[] {
  const names: string[] = [];
  inodes.forEachChild(directory, after === undefined ? undefined : utf8Bytes(after), (child) => {
    names.push(utf8(inodes.name(child)));
    return true;
  });
  return names;
}

describe('inode table', () => {
  test('a new table holds the root and its attributes', () => {
    const inodes = new Inodes({ user: 'hdfs', group: 'supergroup', mode: 0o755, mtime: 5 });
    expect(inodes.size).toBe(1);
    expect(inodes.find(ROOT_INODE_ID)).toBe(inodes.root);
    expect(inodes.id(inodes.root)).toBe(ROOT_INODE_ID);
    expect(inodes.type(inodes.root)).toBe(InodeType.DIRECTORY);
    expect(inodes.name(inodes.root).length).toBe(0);
    expect(inodes.parent(inodes.root)).toBe(0);
    expect(inodes.user(inodes.root)).toBe('hdfs');
    expect(inodes.group(inodes.root)).toBe('supergroup');
    expect(inodes.mtime(inodes.root)).toBe(5);
    expect(inodes.isReachable(inodes.root)).toBe(true);
    expect(inodes.isReachable(0)).toBe(false);
    expect(inodes.isReachable(99)).toBe(false);
  });

  test('every attribute reads back as it was written, and does not disturb the others', () => {
    const inodes = new Inodes();
    const file = make(inodes, 'f');
    inodes.attach(inodes.root, file);
    inodes.setReplication(file, 512);
    inodes.setPreferredBlockSize(file, 2 ** 47 + 12345);
    inodes.setMode(file, 0o1777);
    inodes.setStoragePolicy(file, 15);
    inodes.setErasureCodingPolicy(file, 255);
    inodes.setOwner(file, undefined, 'others');
    inodes.setMtime(file, -1);
    inodes.setAtime(file, LONG_MAX);
    expect(inodes.replication(file)).toBe(512);
    expect(inodes.preferredBlockSize(file)).toBe(2 ** 47 + 12345);
    expect(inodes.mode(file)).toBe(0o1777);
    expect(inodes.storagePolicy(file)).toBe(15);
    expect(inodes.erasureCodingPolicy(file)).toBe(255);
    expect([inodes.user(file), inodes.group(file)]).toEqual(['alice', 'others']);
    expect(inodes.mtime(file)).toBe(-1);
    expect(inodes.atime(file)).toBe(LONG_MAX);
    expect(inodes.type(file)).toBe(InodeType.FILE);
    expect(utf8(inodes.name(file))).toBe('f');
    inodes.setOwner(file, 'bob', undefined);
    inodes.setReplication(file, 1);
    inodes.setPreferredBlockSize(file, 1024);
    inodes.setStoragePolicy(file, 0);
    expect([inodes.user(file), inodes.group(file)]).toEqual(['bob', 'others']);
    expect([inodes.replication(file), inodes.preferredBlockSize(file), inodes.storagePolicy(file)]).toEqual([1, 1024, 0]);
  });

  test('rare attributes come and go one by one, also when they are large', () => {
    const inodes = new Inodes();
    const file = make(inodes, 'f');
    inodes.attach(inodes.root, file);
    expect(inodes.acl(file)).toBeUndefined();
    const acl = [
      { scope: AclScope.ACCESS, type: AclType.USER, name: 'bob', permission: 7 },
      { scope: AclScope.DEFAULT, type: AclType.MASK, name: undefined, permission: 5 },
    ];
    const xattrs = [
      { namespace: XAttrNamespace.USER, name: 'empty', value: undefined },
      { namespace: XAttrNamespace.RAW, name: '__proto__', value: new Uint8Array(300_000).fill(7) },
    ];
    const quota = { namespace: -1, space: 2 ** 60, byType: new Map([[3, 10]]) };
    inodes.setAcl(file, acl);
    inodes.setXattrs(file, xattrs);
    inodes.setQuota(file, quota);
    inodes.setUnderConstruction(file, { clientName: 'DFSClient_1', clientMachine: '10.0.0.1' });
    inodes.setSymlinkTarget(file, '/there/ü');
    expect(inodes.acl(file)).toEqual(acl);
    const read = inodes.xattrs(file) ?? [];
    expect(read[0]).toEqual(xattrs[0]);
    expect(Buffer.compare(read[1]?.value ?? new Uint8Array(0), xattrs[1]?.value ?? new Uint8Array(0))).toBe(0);
    expect(inodes.quota(file)).toEqual(quota);
    expect(inodes.symlinkTarget(file)).toBe('/there/ü');
    inodes.setXattrs(file, undefined);
    inodes.setUnderConstruction(file, undefined);
    expect(inodes.xattrs(file)).toBeUndefined();
    expect(inodes.underConstruction(file)).toBeUndefined();
    expect(inodes.acl(file)).toEqual(acl);
    expect(inodes.quota(file)).toEqual(quota);
  });

  test('children are in byte order, and a listing starts after any name', () => {
    const inodes = new Inodes();
    for (const name of ['b', 'a', 'ab', '__proto__', 'B', 'é', 'constructor']) inodes.attach(inodes.root, make(inodes, name));
    expect(childNames(inodes, inodes.root)).toEqual(['é', 'B', '__proto__', 'a', 'ab', 'b', 'constructor']);
    expect(childNames(inodes, inodes.root, 'a')).toEqual(['ab', 'b', 'constructor']);
    expect(childNames(inodes, inodes.root, 'aa')).toEqual(['ab', 'b', 'constructor']);
    expect(childNames(inodes, inodes.root, 'zzé')).toEqual([]);
    // Hadoop's bytes are signed: what is not ASCII comes first.
    expect(childNames(inodes, inodes.root, 'é')).toHaveLength(6);
    expect(inodes.child(inodes.root, utf8Bytes('toString'))).toBe(0);
    expect(['', 'a', 'aa', 'é', 'zz'].map((name) => inodes.childrenAfter(inodes.root, utf8Bytes(name)))).toEqual([
      7, 3, 3, 6, 0,
    ]);
    const path = utf8Bytes('/ab/c');
    expect(utf8(inodes.name(inodes.child(inodes.root, path, 1, 3)))).toBe('ab');
  });

  test('a subtree leaves and comes back with its counters', () => {
    const inodes = new Inodes();
    const a = make(inodes, 'a', InodeType.DIRECTORY);
    const b = make(inodes, 'b', InodeType.DIRECTORY);
    const f = make(inodes, 'f');
    // Children before parents, as an image may give them.
    inodes.appendBlock(f, 7);
    inodes.attach(b, f);
    inodes.attach(a, b);
    expect(inodes.isReachable(f)).toBe(false);
    expect(inodes.find(inodes.id(f))).toBe(0);
    expect(inodes.findAnywhere(inodes.id(f))).toBe(f);
    inodes.attach(inodes.root, a);
    inodes.appendBlock(f, 8);
    expect([inodes.size, inodes.subtreeBlocks(inodes.root), inodes.subtreeInodes(a)]).toEqual([4, 2, 3]);
    expect(inodes.find(inodes.id(f))).toBe(f);
    inodes.detach(a);
    expect([inodes.size, inodes.subtreeBlocks(inodes.root)]).toEqual([1, 0]);
    expect(inodes.isReachable(f)).toBe(false);
    expect(inodes.find(inodes.id(f))).toBe(0);
    expect(childNames(inodes, a)).toEqual(['b']);
    inodes.setName(a, utf8Bytes('renamed'));
    inodes.attach(inodes.root, a);
    expect(inodes.child(inodes.root, utf8Bytes('renamed'))).toBe(a);
    inodes.detach(f);
    inodes.setBlocks(f, []);
    const id = inodes.id(f);
    inodes.free(f);
    expect(inodes.findAnywhere(id)).toBe(0);
    expect(make(inodes, 'again')).toBe(f);
    expect(inodes.subtreeInodes(inodes.root)).toBe(3);
  });

  test('the version of a subtree changes with its shape, blocks and rights, not with times', () => {
    const inodes = new Inodes();
    const a = make(inodes, 'a', InodeType.DIRECTORY);
    const other = make(inodes, 'other', InodeType.DIRECTORY);
    const f = make(inodes, 'f');
    inodes.attach(inodes.root, a);
    inodes.attach(inodes.root, other);
    const seen = new Set<number>([inodes.subtreeVersion(a)]);
    const elsewhere = inodes.subtreeVersion(other);
    const changes = [
      () => inodes.attach(a, f),
      () => inodes.appendBlock(f, 1),
      () => inodes.setMode(f, 0),
      () => inodes.setOwner(f, 'x', 'y'),
      () => inodes.setQuota(a, { namespace: 1, space: 1, byType: new Map() }),
      () => inodes.setReplication(f, 2),
      () => inodes.setBlocks(f, []),
      () => inodes.detach(f),
    ];
    for (const change of changes) {
      change();
      expect(seen.has(inodes.subtreeVersion(a))).toBe(false);
      seen.add(inodes.subtreeVersion(a));
    }
    inodes.setMtime(a, 99);
    expect(seen.has(inodes.subtreeVersion(a))).toBe(true);
    expect(inodes.subtreeVersion(other)).toBe(elsewhere);
  });

  test('mistakes of callers are caught before they change anything', () => {
    const inodes = new Inodes();
    const a = make(inodes, 'a', InodeType.DIRECTORY);
    const b = make(inodes, 'b', InodeType.DIRECTORY);
    inodes.attach(inodes.root, a);
    inodes.attach(a, b);
    const twin = make(inodes, 'a');
    expect(() => inodes.attach(inodes.root, twin)).toThrow(AssertionError);
    expect(() => inodes.attach(inodes.root, a)).toThrow(AssertionError);
    inodes.detach(a);
    expect(() => inodes.attach(b, a)).toThrow(AssertionError);
    expect(() => inodes.free(a)).toThrow(AssertionError);
    expect(() => inodes.free(inodes.root)).toThrow(AssertionError);
    const detachEach = (child: InodeHandle): boolean => {
      inodes.detach(child);
      return true;
    };
    expect(() => inodes.forEachChild(a, undefined, detachEach)).toThrow(AssertionError);
    const f = make(inodes, 'f');
    expect(() => inodes.attach(f, twin)).toThrow(AssertionError);
    expect(() =>
      inodes.create({ id: ROOT_INODE_ID, type: 1, name: utf8Bytes('x'), user: '', group: '', mode: 0, mtime: 0, atime: 0 }),
    ).toThrow(AssertionError);
    expect(inodes.size).toBe(1);
  });
});
