// If this failed, a NameNode would come back from a restart with another tree than the one that its clients saw, or a
// refused request would leave half of itself behind, or a rename or deletion would lose or keep what it should not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { UNKNOWN_INODE_ID } from '../../base/ids.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import { checkAddBlock, newBlock } from './ops/add-block.ts';
import { checkSetPermission, checkSetReplication, checkSetTimes } from './ops/attributes.ts';
import { blockFromEnd } from './ops/block-values.ts';
import { checkClose, checkComplete } from './ops/complete.ts';
import { checkConcat } from './ops/concat.ts';
import { checkCreate } from './ops/create.ts';
import { checkDelete } from './ops/delete.ts';
import { checkMkdirs } from './ops/mkdirs.ts';
import { checkRename, checkRename2 } from './ops/rename.ts';
import { nameText, splitPath } from './paths.ts';
import { lookUp } from './resolve.ts';
import { dump, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

/** The naive namespace: what stands at each path. A file is the list of its blocks' lengths. */
type Model = Map<string, 'directory' | number[]>;

type Step =
  | { do: 'mkdirs'; path: string; parents: boolean }
  | { do: 'create'; path: string; overwrite: boolean; parents: boolean }
  | { do: 'write'; path: string; lengths: number[] }
  | { do: 'close'; path: string }
  | { do: 'delete'; path: string; recursive: boolean }
  | { do: 'rename'; from: string; to: string }
  | { do: 'rename2'; from: string; to: string; overwrite: boolean }
  | { do: 'concat'; target: string; sources: string[] }
  | { do: 'chmod'; path: string; mode: number }
  | { do: 'times'; path: string; mtime: number; atime: number }
  | { do: 'setrep'; path: string; replication: number }
  | { do: 'reclaim'; budget: number };

const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'dd'), { minLength: 0, maxLength: 4 })
  .map((names) => `/${names.join('/')}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('mkdirs' as const), path, parents: fc.boolean() }),
  fc.record({ do: fc.constant('create' as const), path, overwrite: fc.boolean(), parents: fc.boolean() }),
  fc.record({
    do: fc.constant('write' as const),
    path,
    lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ do: fc.constant('close' as const), path }),
  fc.record({ do: fc.constant('delete' as const), path, recursive: fc.boolean() }),
  fc.record({ do: fc.constant('rename' as const), from: path, to: path }),
  fc.record({ do: fc.constant('rename2' as const), from: path, to: path, overwrite: fc.boolean() }),
  fc.record({
    do: fc.constant('concat' as const),
    target: path,
    sources: fc.array(path, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ do: fc.constant('chmod' as const), path, mode: fc.integer({ min: 0, max: 0o1777 }) }),
  fc.record({
    do: fc.constant('times' as const),
    path,
    mtime: fc.integer({ min: -1, max: 10_000 }),
    atime: fc.integer({ min: -1, max: 10_000 }),
  }),
  fc.record({ do: fc.constant('setrep' as const), path, replication: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ do: fc.constant('reclaim' as const), budget: fc.integer({ min: 1, max: 3 }) }),
);

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
            {
              path: s.path,
              mode: { masked: 0o644 },
              clientName: 'writer',
              clientMachine: 'here',
              create: true,
              overwrite: s.overwrite,
              lazyPersist: false,
              shouldReplicate: false,
              createParent: s.parents,
              replication: 2,
              blockSize: 10,
              rpc,
            },
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
      case 'chmod':
        logged.run(checkSetPermission(ns, SUPERUSER, s.path, s.mode));
        return true;
      case 'times':
        logged.run(checkSetTimes(ns, SUPERUSER, s.path, s.mtime, s.atime));
        return true;
      case 'setrep':
        return logged.run(checkSetReplication(ns, SUPERUSER, s.path, s.replication)) !== 0;
      case 'reclaim':
        ns.reclaim(s.budget, () => this.freed++);
        return true;
    }
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
    case 'write': {
      const file = model.get(s.path);
      if (!Array.isArray(file) || !isOpen(s.path)) return undefined;
      model.set(s.path, [...file, ...s.lengths]);
      return model;
    }
    case 'close':
      if (!Array.isArray(model.get(s.path))) return undefined;
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
    case 'chmod':
    case 'times':
      return model.has(s.path) ? model : undefined;
    case 'setrep':
      return s.replication >= 1 && Array.isArray(model.get(s.path)) ? model : undefined;
    case 'reclaim':
      return model;
  }
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
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
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
        }
        const replayed = dump(world.logged.replay());
        expect(replayed).toEqual(dump(world.logged.ns));
        // Taking the deleted apart changes nothing that anybody sees, and frees every block that no file has.
        const before = dump(world.logged.ns);
        while (world.logged.ns.reclaim(5, () => world.freed++));
        expect(dump(world.logged.ns)).toEqual(before);
        expect(world.logged.ns.blocks.size).toBe(world.logged.ns.blockCount);
        expect(world.logged.ns.leases.fileCount).toBe(world.logged.ns.openFiles().length);
      }),
      { numRuns: 400 },
    );
  });
});
