// If this failed, a tenant could fill a cluster beyond what it was given, or be refused although it has room; or the room
// of deleted and moved files would never come back.
import { beforeEach, describe, expect, it } from 'vitest';
import { UNKNOWN_INODE_ID } from '../../base/ids.ts';
import { BlockState } from '../blocks/block-map.ts';
import { StorageType } from '../blocks/storage-type.ts';
import type { InodeHandle } from './inodes.ts';
import { checkAddBlock, newBlock } from './ops/add-block.ts';
import { checkAppend } from './ops/append.ts';
import { checkSetReplication, checkSetStoragePolicy } from './ops/attributes.ts';
import { blockFromEnd } from './ops/block-values.ts';
import { checkClose, checkComplete } from './ops/complete.ts';
import { checkConcat } from './ops/concat.ts';
import { checkCreate } from './ops/create.ts';
import { checkDelete } from './ops/delete.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkAbandonBlock } from './ops/open-file.ts';
import { checkSetQuota } from './ops/quota.ts';
import { checkRename, checkRename2 } from './ops/rename.ts';
import { checkTruncate } from './ops/truncate.ts';
import { splitPath } from './paths.ts';
import { beginContentSummary, beginQuotaUsage, type QuotaUsage } from './queries/content-summary.ts';
import { QUOTA_DONT_SET, QUOTA_RESET, quotaOf } from './quota.ts';
import { lookUp } from './resolve.ts';
import { SubtreeSpace } from './subtree-space.ts';
import { ALICE, createRequest, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

const BLOCK = 1000;
const { SSD, DISK } = StorageType;

let logged: LoggedNamespace;
let call = 0;

beforeEach(() => {
  logged = new LoggedNamespace();
});

const inode = (path: string): InodeHandle => lookUp(logged.ns.inodes, splitPath(path)).last;
const mkdirs = (path: string): boolean =>
  logged.run(checkMkdirs(logged.ns, SUPERUSER, { path, mode: { masked: 0o755 }, createParent: true }, 1));
const limit = (path: string, namespace: number, space = QUOTA_DONT_SET, storageType?: number): void =>
  logged.run(checkSetQuota(logged.ns, SUPERUSER, { path, namespace, space, storageType }));
const policy = (path: string, name: string | undefined): void =>
  logged.run(checkSetStoragePolicy(logged.ns, SUPERUSER, path, name));
const remove = (path: string): boolean =>
  logged.run(checkDelete(logged.ns, SUPERUSER, { path, recursive: true, rpc: rpcIds(++call) }, 2));
const rename = (source: string, destination: string): boolean =>
  logged.run(checkRename(logged.ns, SUPERUSER, { source, destination, rpc: rpcIds(++call) }, 3));

function create(path: string, replication = 2): void {
  const request = createRequest(path, {
    clientName: 'writer',
    overwrite: true,
    replication,
    blockSize: BLOCK,
    rpc: rpcIds(++call),
  });
  logged.run(checkCreate(logged.ns, SUPERUSER, request, 1));
}

function lastBlock(path: string, numBytes: number) {
  const last = blockFromEnd(logged.ns, inode(path), 0);
  if (last === 0) return undefined;
  return { poolId: 'BP-1', id: logged.ns.blocks.id(last), genStamp: logged.ns.blocks.genStamp(last), numBytes };
}

const writing = (path: string, clientName = 'writer') => ({ path, fileId: UNKNOWN_INODE_ID, clientName });

function addBlock(path: string, previousBytes = BLOCK): void {
  const check = checkAddBlock(logged.ns, SUPERUSER, { ...writing(path), previous: lastBlock(path, previousBytes) });
  if (check.kind !== 'new') throw new Error('a retry without one');
  logged.run(newBlock(logged.ns, check));
}

function close(path: string, bytes: number): boolean {
  const check = checkComplete(logged.ns, SUPERUSER, { ...writing(path), last: lastBlock(path, bytes) });
  if (check.kind !== 'close') throw new Error(check.kind);
  if (check.commit !== undefined) logged.ns.commitBlock(check.commit.block, check.commit.numBytes);
  return logged.run(checkClose(logged.ns, check.file, 5));
}

/** A closed file of full blocks and a last one of `bytes`. */
function write(path: string, bytes: number, replication = 2): void {
  create(path, replication);
  for (let left = bytes; left > 0; left -= BLOCK) addBlock(path);
  close(path, bytes % BLOCK || BLOCK);
}

function usage(path: string): QuotaUsage {
  const count = beginQuotaUsage(logged.ns, SUPERUSER, path);
  while (!count.step(1));
  return count.usage();
}

it('the root has a name quota beyond any count whenever no other is set', () => {
  const { inodes } = logged.ns;
  const unlimited = { namespace: QUOTA_DONT_SET, space: QUOTA_RESET, byType: new Map() };
  expect(quotaOf(inodes, inodes.root)).toEqual(unlimited);
  limit('/', QUOTA_DONT_SET, 5000);
  expect(quotaOf(inodes, inodes.root)).toEqual({ ...unlimited, space: 5000 });
  limit('/', QUOTA_DONT_SET, QUOTA_RESET);
  expect(quotaOf(inodes, inodes.root)).toEqual(unlimited);
  limit('/', 2);
  expect(mkdirs('/a')).toBe(true);
  expect(() => mkdirs('/b')).toThrow(/The NameSpace quota .* of directory \/ is exceeded: quota=2 file count=3/);
  limit('/', QUOTA_RESET);
  expect(quotaOf(inodes, inodes.root)).toEqual(unlimited);
  expect(mkdirs('/b')).toBe(true);
});

describe('names', () => {
  it('are refused one beyond the quota, in the words of the nearest directory that has no room', () => {
    mkdirs('/a/b');
    limit('/a', 4);
    limit('/a/b', 2);
    mkdirs('/a/b/one');
    expect(() => mkdirs('/a/b/two')).toThrow(
      'The NameSpace quota (directories and files) of directory /a/b is exceeded: quota=2 file count=3',
    );
    mkdirs('/a/c');
    expect(() => create('/a/d')).toThrow('of directory /a is exceeded: quota=4 file count=5');
    // Of several that are missing, the first that does not fit tells.
    limit('/a', 5);
    expect(() => mkdirs('/a/x/y/z')).toThrow('of directory /a is exceeded: quota=5 file count=6');
    remove('/a/b');
    expect(mkdirs('/a/x/y')).toBe(true);
  });

  it('may be more already than a new quota allows', () => {
    mkdirs('/a/b/c');
    limit('/a', 1);
    expect(usage('/a')).toMatchObject({ fileAndDirectoryCount: 3, quota: { namespace: 1 } });
    expect(() => mkdirs('/a/d')).toThrow('quota=1 file count=4');
    limit('/a', QUOTA_RESET);
    create('/a/f');
    limit('/a', 3);
    // A file that replaces another is one name more, once that is gone.
    expect(() => create('/a/f')).toThrow('quota=3 file count=4');
    expect(inode('/a/f')).not.toBe(0);
    limit('/a', 4);
    create('/a/f');
    limit('/a', QUOTA_RESET);
    expect(mkdirs('/a/d')).toBe(true);
  });
});

describe('space', () => {
  it('is taken for a whole block when it is asked for, and given back when the block is complete', () => {
    mkdirs('/q');
    limit('/q', QUOTA_DONT_SET, 4 * BLOCK);
    create('/q/f');
    addBlock('/q/f');
    expect(usage('/q').spaceConsumed).toBe(2 * BLOCK);
    addBlock('/q/f', 100);
    expect(usage('/q').spaceConsumed).toBe(200 + 2 * BLOCK);
    expect(() => addBlock('/q/f')).toThrow(
      'The DiskSpace quota of /q is exceeded: quota = 4000 B = 3.91 KB but diskspace consumed = 4200 B = 4.10 KB',
    );
    close('/q/f', 50);
    expect(usage('/q').spaceConsumed).toBe(300);
    expect(logged.ns.space.wrong()).toEqual([]);
  });

  it('of a block that waits for its replicas is given back when they come', () => {
    const { ns } = logged;
    mkdirs('/q');
    limit('/q', QUOTA_DONT_SET, 10 * BLOCK);
    create('/q/f');
    addBlock('/q/f');
    ns.hasEnoughReplicas = () => false;
    expect(close('/q/f', 10)).toBe(false);
    expect(usage('/q').spaceConsumed).toBe(2 * BLOCK);
    const block = blockFromEnd(ns, inode('/q/f'), 0);
    ns.blocks.setState(block, BlockState.COMPLETE);
    ns.space.blockCompleted(block);
    expect(usage('/q').spaceConsumed).toBe(20);
    expect(ns.space.wrong()).toEqual([]);
  });

  it('comes back with an abandoned block, a deletion, and a replaced file', () => {
    mkdirs('/q');
    limit('/q', QUOTA_DONT_SET, 100 * BLOCK);
    create('/q/f');
    addBlock('/q/f');
    const block = lastBlock('/q/f', 0);
    if (block === undefined) throw new Error('no block');
    logged.run(checkAbandonBlock(logged.ns, SUPERUSER, { ...writing('/q/f'), block }));
    expect(usage('/q').spaceConsumed).toBe(0);
    write('/q/d/g', 2500);
    expect(usage('/q').spaceConsumed).toBe(5000);
    create('/q/d/g');
    expect(usage('/q').spaceConsumed).toBe(0);
    write('/q/d/g', 300);
    remove('/q/d');
    expect(usage('/q').spaceConsumed).toBe(0);
    while (logged.ns.reclaim(1, () => undefined));
    expect(usage('/q').spaceConsumed).toBe(0);
  });

  it('is asked for by more replicas, an append, a cut inside a block, and a concat to more replicas', () => {
    mkdirs('/q');
    write('/q/f', 1500);
    write('/q/g', 800, 1);
    limit('/q', QUOTA_DONT_SET, 4000);
    expect(usage('/q').spaceConsumed).toBe(3800);
    const refused = 'The DiskSpace quota of /q is exceeded: quota = 4000 B = 3.91 KB but diskspace consumed =';
    const setReplication = (replication: number) => logged.run(checkSetReplication(logged.ns, SUPERUSER, '/q/f', replication));
    expect(() => setReplication(3)).toThrow(`${refused} 5300 B = 5.18 KB`);
    const append = () =>
      logged.run(
        checkAppend(
          logged.ns,
          SUPERUSER,
          { path: '/q/f', clientName: 'writer', clientMachine: 'here', newBlock: false, rpc: rpcIds(++call) },
          () => true,
        ),
      );
    expect(append).toThrow(`${refused} 4800 B = 4.69 KB`);
    const truncate = (newLength: number) =>
      logged.run(checkTruncate(logged.ns, SUPERUSER, { path: '/q/f', newLength, clientName: 'w', clientMachine: 'here' }, 9));
    expect(() => truncate(1400)).toThrow(`${refused} 4800 B = 4.69 KB`);
    const concat = () =>
      logged.run(checkConcat(logged.ns, SUPERUSER, { target: '/q/f', sources: ['/q/g'], rpc: rpcIds(++call) }, 9));
    expect(concat).toThrow(`${refused} 4600 B = 4.49 KB`);
    limit('/q', QUOTA_DONT_SET, 5000);
    append();
    expect(usage('/q').spaceConsumed).toBe(4800);
    close('/q/f', 600);
    concat();
    expect(usage('/q').spaceConsumed).toBe(4800);
    setReplication(1);
    expect(usage('/q').spaceConsumed).toBe(2400);
    truncate(1000);
    expect(usage('/q').spaceConsumed).toBe(1000);
    expect(logged.ns.space.wrong()).toEqual([]);
  });

  it('moves with a rename, which is refused where there is no room, but not within one quota', () => {
    mkdirs('/a/in');
    mkdirs('/b');
    write('/a/in/f', 1000);
    limit('/a', QUOTA_DONT_SET, 2000);
    limit('/b', QUOTA_DONT_SET, 1999);
    expect(() => rename('/a/in', '/b/in')).toThrow('The DiskSpace quota of /b is exceeded: quota = 1999 B = 1.95 KB');
    expect(rename('/a/in', '/a/on')).toBe(true);
    limit('/b', QUOTA_DONT_SET, 2000);
    expect(rename('/a/on', '/b/on')).toBe(true);
    expect([usage('/a').spaceConsumed, usage('/b').spaceConsumed]).toEqual([0, 2000]);
    write('/a/f', 900);
    // What is replaced makes room.
    const overwrite = { source: '/a/f', destination: '/b/on/f', rpc: rpcIds(++call) };
    logged.run(checkRename2(logged.ns, SUPERUSER, overwrite, { overwrite: true, toTrash: false }, 9));
    expect([usage('/a').spaceConsumed, usage('/b').spaceConsumed]).toEqual([0, 1800]);
    expect(logged.ns.space.wrong()).toEqual([]);
  });
});

describe('space by storage type', () => {
  it('follows the policy in force, and is not counted where none is set', () => {
    mkdirs('/q/d');
    write('/q/d/f', 1000, 3);
    limit('/q', QUOTA_DONT_SET, 5000, SSD);
    expect([...usage('/q').spaceByType]).toEqual([]);
    policy('/q/d', 'ONE_SSD');
    expect([usage('/q').spaceByType.get(SSD), usage('/q').spaceByType.get(DISK)]).toEqual([1000, 2000]);
    policy('/q', 'ALL_SSD');
    expect(usage('/q').spaceByType.get(SSD)).toBe(1000);
    policy('/q/d', undefined);
    expect([...usage('/q').spaceByType]).toEqual([[SSD, 3000]]);
    policy('/q/d/f', 'HOT');
    expect([...usage('/q').spaceByType]).toEqual([[DISK, 3000]]);
    expect(logged.ns.space.wrong()).toEqual([]);
  });

  it('is refused in its own words, and lifted by itself', () => {
    mkdirs('/q');
    policy('/q', 'ONE_SSD');
    limit('/q', QUOTA_DONT_SET, 1500, SSD);
    create('/q/f', 3);
    addBlock('/q/f');
    expect(() => addBlock('/q/f')).toThrow(
      'Quota by storage type : SSD on path : /q is exceeded. quota = 1.46 KB but space consumed = 1.95 KB',
    );
    limit('/q', QUOTA_DONT_SET, QUOTA_RESET, SSD);
    addBlock('/q/f');
    expect(usage('/q').spaceConsumed).toBe(6000);
  });

  it('shows in a content summary by lengths', () => {
    mkdirs('/q/d');
    policy('/q', 'ONE_SSD');
    write('/q/d/f', 1200, 3);
    create('/q/d/open', 2);
    addBlock('/q/d/open');
    const count = beginContentSummary(logged.ns, SUPERUSER, '/q/d');
    while (!count.step(1));
    expect([...count.summary().spaceByType]).toEqual([
      [SSD, 1200],
      [DISK, 2400],
    ]);
  });
});

describe('setting a quota', () => {
  it('refuses who may not, what is no directory, and what is no quota', () => {
    mkdirs('/q');
    write('/q/f', 10);
    const as = (caller: typeof ALICE, path: string, namespace: number, space: number, storageType?: number) => () =>
      logged.run(checkSetQuota(logged.ns, caller, { path, namespace, space, storageType }));
    expect(as(ALICE, '/q', 1, QUOTA_DONT_SET)).toThrow('Superuser privilege is required for operation setQuota');
    expect(as(ALICE, '/q', QUOTA_DONT_SET, QUOTA_RESET)).toThrow('for operation clearSpaceQuota');
    expect(as(SUPERUSER, '/q', -7, 3)).toThrow('Illegal value for nsQuota or ssQuota : -7 and 3');
    expect(as(SUPERUSER, '/none', 1, 1)).toThrow('Directory does not exist: /none');
    expect(as(SUPERUSER, '/q/f', 1, 1)).toThrow("`/q/f': Is not a directory");
    expect(as(SUPERUSER, '/q', 1, 1, SSD)).toThrow('nsQuota value is illegal 1');
  });

  it('logs nothing where nothing changes, and is the same after a replay', () => {
    mkdirs('/q');
    limit('/q', 5, 100);
    limit('/q', QUOTA_DONT_SET, 7, SSD);
    const ops = logged.log.length;
    limit('/q', 5, QUOTA_DONT_SET);
    limit('/q', QUOTA_DONT_SET, 7, SSD);
    expect(logged.log.length).toBe(ops);
    limit('/', QUOTA_RESET, QUOTA_RESET);
    const replayed = logged.replay();
    replayed.space.start();
    const directory = lookUp(replayed.inodes, splitPath('/q')).last;
    expect(replayed.inodes.quota(directory)).toEqual({ namespace: 5, space: 100, byType: new Map([[SSD, 7]]) });
    expect(replayed.space.of(directory)?.space).toBe(0);
    limit('/q', QUOTA_RESET, QUOTA_RESET);
    limit('/q', QUOTA_DONT_SET, QUOTA_RESET, SSD);
    expect(logged.ns.inodes.quota(inode('/q'))).toBeUndefined();
    expect(logged.ns.space.of(inode('/q'))).toBeUndefined();
  });
});

describe('a walk in slices before a change', () => {
  it('is taken when nothing changed below it, and not when something did', () => {
    const { ns } = logged;
    mkdirs('/big/d');
    for (let i = 0; i < 5; i++) write(`/big/d/${i}`, 100);
    const walked = (change: () => void): boolean => {
      const walk = new SubtreeSpace(ns, inode('/big'));
      ns.space.prepare(walk);
      while (!walk.step(1));
      change();
      const { holds } = walk;
      limit('/big', QUOTA_DONT_SET, 1e6);
      ns.space.prepare(undefined);
      expect(ns.space.wrong()).toEqual([]);
      limit('/big', QUOTA_DONT_SET, QUOTA_RESET);
      return holds;
    };
    expect(walked(() => mkdirs('/other'))).toBe(true);
    expect(walked(() => write('/big/new', 100))).toBe(false);
    create('/big/open');
    addBlock('/big/open');
    const commit = () => ns.commitBlock(blockFromEnd(ns, inode('/big/open'), 0), 10);
    expect(walked(commit)).toBe(false);
    expect(usage('/big').spaceConsumed).toBe(1220);
  });
});
