// If this failed, a NameNode would come back from a restart with another tree than the one that its clients saw, or a
// refused request would leave half of itself behind, or a rename or deletion would lose or keep what it should not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { UNKNOWN_INODE_ID } from '../../base/ids.ts';
import { BlockState } from '../blocks/block-map.ts';
import { StorageType } from '../blocks/storage-type.ts';
import { fileLength } from './file-length.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import { checkAddBlock, newBlock } from './ops/add-block.ts';
import { checkAppend } from './ops/append.ts';
import { checkSetPermission, checkSetReplication, checkSetStoragePolicy, checkSetTimes } from './ops/attributes.ts';
import { blockFromEnd } from './ops/block-values.ts';
import { checkClose, checkComplete } from './ops/complete.ts';
import { checkConcat } from './ops/concat.ts';
import { checkCreate } from './ops/create.ts';
import { checkDelete } from './ops/delete.ts';
import { beginRecovery, checkLeaseRelease, closeDeadFile } from './ops/lease-recovery.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkSetQuota } from './ops/quota.ts';
import { checkRename, checkRename2 } from './ops/rename.ts';
import { checkTruncate } from './ops/truncate.ts';
import { nameText, splitPath } from './paths.ts';
import { QUOTA_DONT_SET } from './quota.ts';
import { lookUp } from './resolve.ts';
import { createRequest, dump, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

/** The naive namespace: what stands at each path. A file is the list of its blocks' lengths. */
type Model = Map<string, 'directory' | number[]>;

type Step =
  | { do: 'mkdirs'; path: string; parents: boolean }
  | { do: 'create'; path: string; overwrite: boolean; parents: boolean }
  | { do: 'write'; path: string; lengths: number[] }
  /** Creates, writes and closes. */
  | { do: 'make'; path: string; lengths: number[] }
  | { do: 'close'; path: string }
  | { do: 'delete'; path: string; recursive: boolean }
  | { do: 'rename'; from: string; to: string }
  | { do: 'rename2'; from: string; to: string; overwrite: boolean }
  | { do: 'concat'; target: string; sources: string[] }
  | { do: 'append'; path: string; newBlock: boolean }
  /** Begins to cut; inside a block that is only finished by `release`. */
  | { do: 'truncate'; path: string; length: number; copies: boolean }
  /** The NameNode takes an open file over and closes it. */
  | { do: 'release'; path: string }
  | { do: 'chmod'; path: string; mode: number }
  | { do: 'times'; path: string; mtime: number; atime: number }
  | { do: 'setrep'; path: string; replication: number }
  /** A limit that nothing reaches: what is counted below it must be right. -1 takes it away. */
  | { do: 'quota'; path: string; space: number; type: number | undefined }
  | { do: 'policy'; path: string; policy: string | undefined }
  | { do: 'reclaim'; budget: number };

const anyPath = fc
  .array(fc.constantFrom('a', 'b', 'c', 'dd'), { minLength: 0, maxLength: 4 })
  .map((names) => `/${names.join('/')}`);
// Mostly a few names, so that steps meet what steps before them made.
const path = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('/a', '/a/b', '/b', '/c') }, { weight: 1, arbitrary: anyPath });
const filePath = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('/f', '/g', '/a/b') }, { weight: 1, arbitrary: path });
const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 });
const is = <K extends Step['do']>(kind: K) => fc.constant(kind);
const treeStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: is('mkdirs'), path, parents: fc.boolean() }),
  fc.record({ do: is('create'), path, overwrite: fc.boolean(), parents: fc.boolean() }),
  fc.record({ do: is('delete'), path, recursive: fc.boolean() }),
  fc.record({ do: is('rename'), from: path, to: path }),
  fc.record({ do: is('rename2'), from: fc.oneof(path, filePath), to: path, overwrite: fc.boolean() }),
  fc.record({ do: is('chmod'), path, mode: fc.integer({ min: 0, max: 0o1777 }) }),
  fc.record({
    do: is('times'),
    path,
    mtime: fc.integer({ min: -1, max: 10_000 }),
    atime: fc.integer({ min: -1, max: 10_000 }),
  }),
  fc.record({
    do: is('quota'),
    path,
    space: fc.constantFrom(2 ** 40, 2 ** 50, -1),
    type: fc.constantFrom(undefined, undefined, StorageType.SSD, StorageType.DISK),
  }),
  fc.record({ do: is('policy'), path, policy: fc.constantFrom('ONE_SSD', 'ALL_SSD', 'WARM', undefined) }),
  fc.record({ do: is('reclaim'), budget: fc.integer({ min: 1, max: 3 }) }),
);
const fileStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: is('create'), path: filePath, overwrite: fc.boolean(), parents: fc.constant(true) }),
  { weight: 3, arbitrary: fc.record({ do: is('make'), path: filePath, lengths }) },
  { weight: 2, arbitrary: fc.record({ do: is('write'), path: filePath, lengths }) },
  { weight: 2, arbitrary: fc.record({ do: is('close'), path: filePath }) },
  fc.record({ do: is('append'), path: filePath, newBlock: fc.boolean() }),
  { weight: 3, arbitrary: fc.record({ do: is('truncate'), path: filePath, length: fc.nat(20), copies: fc.boolean() }) },
  fc.record({ do: is('release'), path: filePath }),
  fc.record({ do: is('concat'), target: filePath, sources: fc.array(filePath, { minLength: 1, maxLength: 2 }) }),
  fc.record({ do: is('setrep'), path: filePath, replication: fc.integer({ min: 0, max: 4 }) }),
);
const step = fc.oneof(treeStep, { weight: 2, arbitrary: fileStep });

class World {
  readonly logged = new LoggedNamespace();
  readonly model: Model = new Map([['/', 'directory']]);
  readonly open = new Map<string, number>();
  freed = 0;
  now = 1000;
  call = 0;

  inode(at: string): InodeHandle {
    return lookUp(this.logged.ns.inodes, splitPath(at)).last;
  }

  /** Carries out a step; answers whether it succeeded. */
  take(s: Step): boolean {
    const { logged } = this;
    const { ns } = logged;
    this.now += 7;
    const rpc = rpcIds(++this.call);
    switch (s.do) {
      case 'mkdirs':
        return logged.run(
          checkMkdirs(ns, SUPERUSER, { path: s.path, mode: { masked: 0o755 }, createParent: s.parents }, this.now),
        );
      case 'create': {
        const status = logged.run(
          checkCreate(
            ns,
            SUPERUSER,
            createRequest(s.path, {
              clientName: 'writer',
              overwrite: s.overwrite,
              createParent: s.parents,
              replication: 2,
              rpc,
            }),
            this.now,
          ),
        );
        return status.fileId === ns.lastInodeId;
      }
      case 'write': {
        for (const length of s.lengths) {
          const check = checkAddBlock(ns, SUPERUSER, {
            path: s.path,
            fileId: UNKNOWN_INODE_ID,
            clientName: 'writer',
            previous: this.previous(s.path),
          });
          if (check.kind !== 'new') throw new Error('a retry without one');
          const { block } = logged.run(newBlock(ns, check));
          this.written.set(block, length);
        }
        return true;
      }
      case 'make':
        this.take({ do: 'create', path: s.path, overwrite: true, parents: true });
        this.take({ do: 'write', path: s.path, lengths: s.lengths });
        return this.take({ do: 'close', path: s.path });
      case 'close': {
        const check = checkComplete(ns, SUPERUSER, {
          path: s.path,
          fileId: UNKNOWN_INODE_ID,
          clientName: 'writer',
          last: this.previous(s.path),
        });
        if (check.kind === 'closed already') return true;
        if (check.kind === 'wait') return false;
        if (check.commit !== undefined) ns.commitBlock(check.commit.block, check.commit.numBytes);
        return logged.run(checkClose(ns, check.file, this.now));
      }
      case 'delete':
        return logged.run(checkDelete(ns, SUPERUSER, { path: s.path, recursive: s.recursive, rpc }, this.now));
      case 'rename':
        return logged.run(checkRename(ns, SUPERUSER, { source: s.from, destination: s.to, rpc }, this.now));
      case 'rename2':
        logged.run(
          checkRename2(
            ns,
            SUPERUSER,
            { source: s.from, destination: s.to, rpc },
            { overwrite: s.overwrite, toTrash: false },
            this.now,
          ),
        );
        return true;
      case 'concat':
        return logged.run(checkConcat(ns, SUPERUSER, { target: s.target, sources: s.sources, rpc }, this.now)) !== 0;
      case 'append':
        logged.run(
          checkAppend(
            ns,
            SUPERUSER,
            { path: s.path, clientName: 'writer', clientMachine: 'here', newBlock: s.newBlock, rpc },
            () => true,
          ),
        );
        return true;
      case 'truncate': {
        ns.keepsOldBlocks = () => s.copies;
        const asked = { path: s.path, newLength: s.length, clientName: 'cutter', clientMachine: 'here' };
        const truncated = logged.run(checkTruncate(ns, SUPERUSER, asked, this.now));
        if (truncated.kind === 'begun') {
          ns.blocks.setState(truncated.block, BlockState.UNDER_RECOVERY);
          const truncation = ns.truncations.of(truncated.block);
          if (truncation?.kind === 'copy') this.written.set(truncated.block, truncation.newBytes);
        }
        return true;
      }
      case 'release':
        return this.release(this.inode(s.path));
      case 'chmod':
        logged.run(checkSetPermission(ns, SUPERUSER, s.path, s.mode));
        return true;
      case 'times':
        logged.run(checkSetTimes(ns, SUPERUSER, s.path, s.mtime, s.atime));
        return true;
      case 'setrep':
        return logged.run(checkSetReplication(ns, SUPERUSER, s.path, s.replication)) !== 0;
      case 'quota':
        logged.run(
          checkSetQuota(ns, SUPERUSER, { path: s.path, namespace: QUOTA_DONT_SET, space: s.space, storageType: s.type }),
        );
        return true;
      case 'policy':
        logged.run(checkSetStoragePolicy(ns, SUPERUSER, s.path, s.policy));
        return true;
      case 'reclaim':
        ns.reclaim(s.budget, () => this.freed++);
        return true;
    }
  }

  private release(file: InodeHandle): boolean {
    const { logged } = this;
    const { ns } = logged;
    if (file === 0 || ns.inodes.type(file) !== InodeType.FILE || ns.inodes.underConstruction(file) === undefined) return false;
    const facts = { hasMinReplication: () => true, hasLocations: () => true };
    const release = checkLeaseRelease(ns, file, facts, this.now);
    if (release.kind === 'close') {
      for (const op of release.ops) logged.apply(op);
      return true;
    }
    const { block } = release;
    const { ops, recoveryId } = beginRecovery(ns, file, 'HDFS_NameNode');
    for (const op of ops) logged.apply(op);
    const numBytes = ns.truncations.of(block)?.newBytes ?? this.written.get(block) ?? 0;
    for (const op of closeDeadFile(ns, file, { numBytes, genStamp: recoveryId }, this.now)) logged.apply(op);
    this.written.set(block, numBytes);
    return true;
  }

  /** What a client has written into each block so far. */
  readonly written = new Map<number, number>();

  previous(at: string) {
    const { ns } = this.logged;
    const file = this.inode(at);
    if (file === 0 || ns.inodes.type(file) !== InodeType.FILE) return undefined;
    const last = blockFromEnd(ns, file, 0);
    if (last === 0) return undefined;
    const numBytes = this.written.get(last) ?? ns.blocks.numBytes(last);
    return { poolId: 'BP-1', id: ns.blocks.id(last), genStamp: ns.blocks.genStamp(last), numBytes };
  }
}

/** The same step in the naive model; false or undefined where it should have failed. */
function expected(world: World, s: Step): Model | undefined {
  const model: Model = new Map(world.model);
  const parentOf = (p: string) => (p.lastIndexOf('/') <= 0 ? '/' : p.slice(0, p.lastIndexOf('/')));
  const ancestors = (p: string): string[] => (p === '/' ? [] : [...ancestors(parentOf(p)), parentOf(p)]);
  const below = (p: string) => [...model.keys()].filter((k) => k.startsWith(p === '/' ? '/' : `${p}/`) && k !== p);
  const walkable = (p: string) => ancestors(p).every((a) => !model.has(a) || model.get(a) === 'directory');
  const drop = (p: string) => {
    for (const k of [p, ...below(p)]) model.delete(k);
  };
  const move = (from: string, to: string) => {
    const moved = [from, ...below(from)].map((k) => [k, model.get(k)] as const);
    drop(from);
    for (const [k, v] of moved) if (v !== undefined) model.set(to + k.slice(from.length), v);
  };
  const makeParents = (p: string) => {
    for (const a of ancestors(p)) if (!model.has(a)) model.set(a, 'directory');
  };
  const isOpen = (p: string) => {
    const inode = world.inode(p);
    return inode !== 0 && world.logged.ns.inodes.underConstruction(inode) !== undefined;
  };
  const holderOf = (p: string) => {
    const inode = world.inode(p);
    return inode === 0 ? undefined : world.logged.ns.inodes.underConstruction(inode)?.clientName;
  };
  switch (s.do) {
    case 'mkdirs':
      if (!walkable(s.path) || Array.isArray(model.get(s.path))) return undefined;
      if (!model.has(s.path) && !s.parents && !model.has(parentOf(s.path))) return undefined;
      makeParents(s.path);
      model.set(s.path, 'directory');
      return model;
    case 'create':
      if (!walkable(s.path) || model.get(s.path) === 'directory') return undefined;
      if (model.has(s.path) && !s.overwrite) return undefined;
      if (!s.parents && !model.has(parentOf(s.path))) return undefined;
      makeParents(s.path);
      model.set(s.path, []);
      return model;
    case 'make':
      if (!walkable(s.path) || model.get(s.path) === 'directory') return undefined;
      makeParents(s.path);
      model.set(s.path, s.lengths);
      return model;
    case 'write': {
      const file = model.get(s.path);
      if (!Array.isArray(file) || holderOf(s.path) !== 'writer') return undefined;
      model.set(s.path, [...file, ...s.lengths]);
      return model;
    }
    case 'close':
      if (!Array.isArray(model.get(s.path)) || holderOf(s.path) === 'cutter') return undefined;
      return model;
    case 'delete':
      if (!model.has(s.path) || s.path === '/') return undefined;
      if (below(s.path).length > 0 && !s.recursive) return undefined;
      drop(s.path);
      return model;
    case 'rename': {
      const to =
        model.get(s.to) === 'directory' ? `${s.to === '/' ? '' : s.to}/${s.from.slice(s.from.lastIndexOf('/') + 1)}` : s.to;
      if (!model.has(s.from) || s.from === '/' || !walkable(to)) return undefined;
      if (to === s.from) return model;
      if (to.startsWith(`${s.from}/`) || model.has(to) || !model.has(parentOf(to))) return undefined;
      move(s.from, to);
      return model;
    }
    case 'rename2': {
      const { from, to } = s;
      if (!model.has(from) || from === '/' || to === '/' || from === to || !walkable(to)) return undefined;
      if (to.startsWith(`${from}/`) || !model.has(parentOf(to))) return undefined;
      if (model.has(to)) {
        if (!s.overwrite || Array.isArray(model.get(from)) !== Array.isArray(model.get(to)) || below(to).length > 0) {
          return undefined;
        }
        drop(to);
      }
      move(from, to);
      return model;
    }
    case 'concat': {
      const target = model.get(s.target);
      if (!Array.isArray(target) || isOpen(s.target) || new Set(s.sources).size < s.sources.length) return undefined;
      let list = target;
      for (const source of s.sources) {
        const blocks = model.get(source);
        if (!Array.isArray(blocks) || blocks.length === 0 || isOpen(source) || source === s.target) return undefined;
        if (parentOf(source) !== parentOf(s.target)) return undefined;
        list = [...list, ...blocks];
      }
      for (const source of s.sources) model.delete(source);
      model.set(s.target, list);
      return model;
    }
    case 'append':
      return Array.isArray(model.get(s.path)) && !isOpen(s.path) ? model : undefined;
    case 'truncate': {
      const blocks = model.get(s.path);
      if (!Array.isArray(blocks)) return undefined;
      if (isOpen(s.path)) return aimedAt(world, s.path) === s.length ? model : undefined;
      if (s.length > blocks.reduce((sum, each) => sum + each, 0)) return undefined;
      const kept: number[] = [];
      let end = 0;
      for (const length of blocks) {
        if (end >= s.length) break;
        end += length;
        // A copy has its length at once; what is cut in place keeps the old one for so long.
        kept.push(s.copies ? length - Math.max(0, end - s.length) : length);
      }
      model.set(s.path, kept);
      return model;
    }
    case 'release': {
      const blocks = model.get(s.path);
      if (!Array.isArray(blocks) || !isOpen(s.path)) return undefined;
      const cut = world.logged.ns.truncations.of(blockFromEnd(world.logged.ns, world.inode(s.path), 0));
      model.set(s.path, cut === undefined ? blocks : [...blocks.slice(0, -1), cut.newBytes]);
      return model;
    }
    case 'quota':
      return model.get(s.path) === 'directory' ? model : undefined;
    case 'chmod':
    case 'times':
    case 'policy':
      return model.has(s.path) ? model : undefined;
    case 'setrep':
      return s.replication >= 1 && Array.isArray(model.get(s.path)) ? model : undefined;
    case 'reclaim':
      return model;
  }
}

/** What a second truncation must ask for to be the same as the running one. */
function aimedAt(world: World, at: string): number | undefined {
  const { ns } = world.logged;
  const file = world.inode(at);
  const last = blockFromEnd(ns, file, 0);
  const cut = ns.truncations.of(last);
  return cut && fileLength(ns, file) - ns.blocks.numBytes(last) + cut.newBytes;
}

function actual(world: World): Model {
  const { ns } = world.logged;
  const found: Model = new Map();
  const visit = (inode: InodeHandle, at: string): void => {
    if (ns.inodes.type(inode) === InodeType.FILE) {
      const lengths: number[] = [];
      for (let i = 0; i < ns.inodes.blockCount(inode); i++) {
        const block = ns.inodes.blockAt(inode, i);
        lengths.push(world.written.get(block) ?? -1);
      }
      found.set(at, lengths);
      return;
    }
    found.set(at === '' ? '/' : at, 'directory');
    ns.inodes.forEachChild(inode, undefined, (child) => {
      visit(child, `${at}/${nameText(ns.inodes.name(child))}`);
      return true;
    });
  };
  visit(ns.inodes.root, '');
  return found;
}

const sorted = (model: Model) => [...model.entries()].sort(([a], [b]) => (a < b ? -1 : 1));

describe('any sequence of requests', () => {
  it('does what a naive tree does, leaves nothing of a refused one, and replays to the same tree', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
        const world = new World();
        for (const s of steps) {
          const before = dump(world.logged.ns);
          const opsBefore = world.logged.log.length;
          const want = expected(world, s);
          let done = false;
          try {
            done = world.take(s);
          } catch (error) {
            if (!(error instanceof HdfsError)) throw error;
            if (s.do !== 'write') {
              expect(dump(world.logged.ns), `${JSON.stringify(s)}: ${error.message}`).toEqual(before);
              expect(world.logged.log.length).toBe(opsBefore);
            }
          }
          expect(done, JSON.stringify(s)).toBe(want !== undefined);
          if (want !== undefined) {
            world.model.clear();
            for (const [k, v] of want) world.model.set(k, v);
          }
          expect(sorted(actual(world))).toEqual(sorted(world.model));
          expect(world.logged.ns.space.wrong(), JSON.stringify(s)).toEqual([]);
        }
        const replayed = dump(world.logged.replay());
        expect(replayed).toEqual(dump(world.logged.ns));
        // Taking the deleted apart changes nothing that anybody sees, and frees every block that no file has.
        const before = dump(world.logged.ns);
        while (world.logged.ns.reclaim(5, () => world.freed++));
        expect(dump(world.logged.ns)).toEqual(before);
        const { truncations, blocks, blockCount } = world.logged.ns;
        const sources = [...truncations.blocks()].filter((block) => truncations.of(block)?.kind === 'copy');
        expect(blocks.size).toBe(blockCount + sources.length);
        expect(world.logged.ns.leases.fileCount).toBe(world.logged.ns.openFiles().length);
      }),
      { numRuns: 200 },
    );
  });
});
