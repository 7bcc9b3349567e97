// If these fail, some order of creates, renames, deletes and checkpoints loses a file, shows one twice, or writes an image
// that mixes two moments. Every change is also made to a naive model of Maps, and the two are compared whole.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareNames } from '../../base/bytes.ts';
import { type InodeId, inodeId } from '../../base/ids.ts';
import { XAttrNamespace } from '../edits/ops.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { type FrozenInodes, type InodeHandle, type InodeReader, Inodes, InodeType } from './inodes.ts';

interface Model {
  readonly id: InodeId;
  readonly type: InodeType;
  name: string;
  parent: Model | undefined;
  /** By name, in latin1: one character for each byte. */
  readonly children: Map<string, Model>;
  blocks: readonly number[];
  mode: number;
  user: string;
  mtime: number;
  text: string | undefined;
  handle: InodeHandle;
}

const bytesOf = (name: string): Uint8Array => Buffer.from(name, 'latin1');

/** All of a tree that a checkpoint would write, as text. */
function dumpTable(inodes: InodeReader): string[] {
  const lines: string[] = [];
  const walk = (inode: InodeHandle, path: string): void => {
    const blocks: number[] = [];
    for (let i = 0; i < inodes.blockCount(inode); i++) blocks.push(inodes.blockAt(inode, i));
    const text = inodes.xattrs(inode)?.[0]?.name;
    lines.push(
      `${path} ${inodes.id(inode)} ${inodes.type(inode)} ${inodes.mode(inode)} ${inodes.user(inode)} ${inodes.mtime(inode)} ${text} ${blocks}`,
    );
    const children: InodeHandle[] = [];
    inodes.forEachChild(inode, undefined, (child) => children.push(child) > 0);
    expect(children.length).toBe(inodes.childCount(inode));
    for (const child of children) {
      expect(inodes.parent(child)).toBe(inode);
      walk(child, `${path}/${Buffer.from(inodes.name(child)).toString('hex')}`);
    }
  };
  walk(inodes.root, '');
  expect(inodes.size).toBe(lines.length);
  let reachable = 0;
  for (let handle = 1; handle <= inodes.highestHandle; handle++) if (inodes.isReachable(handle)) reachable++;
  expect(reachable).toBe(lines.length);
  if (inodes instanceof Inodes) {
    const handles = Uint32Array.from({ length: inodes.highestHandle + 3 }, (_, handle) => handle);
    const wanted = new Uint16Array(handles.length);
    inodes.wantedReplicasOf(handles, handles.length, wanted);
    expect(wanted.every((replicas, handle) => replicas === inodes.wantedReplicas(handle))).toBe(true);
  }
  return lines;
}

function dumpModel(root: Model): string[] {
  const lines: string[] = [];
  const walk = (node: Model, path: string): void => {
    lines.push(`${path} ${node.id} ${node.type} ${node.mode} ${node.user} ${node.mtime} ${node.text} ${node.blocks}`);
    const names = [...node.children.keys()].sort((a, b) => compareNames(bytesOf(a), bytesOf(b)));
    for (const name of names) walk(node.children.get(name) as Model, `${path}/${Buffer.from(name, 'latin1').toString('hex')}`);
  };
  walk(root, '');
  return lines;
}

const sum = (node: Model, of: (node: Model) => number): number =>
  [...node.children.values()].reduce((total, child) => total + sum(child, of), of(node));

/** Does one step to both; `what` and the numbers choose among all that is possible. */
class Pair {
  readonly inodes = new Inodes({ user: 'root', group: 'g', mode: 0o755, mtime: 1 });
  readonly root: Model;
  readonly all: Model[] = [];
  frozen: { readonly view: FrozenInodes; readonly lines: string[] }[] = [];
  private nextId = 16386;

  constructor() {
    this.root = {
      id: inodeId(16385),
      type: InodeType.DIRECTORY,
      name: '',
      parent: undefined,
      children: new Map(),
      blocks: [],
      mode: 0o755,
      user: 'root',
      mtime: 1,
      text: undefined,
      handle: this.inodes.root,
    };
    this.all.push(this.root);
  }

  step(what: number, a: number, b: number, name: string): void {
    const one = this.all[a % this.all.length] as Model;
    const other = this.all[b % this.all.length] as Model;
    switch (what) {
      case 0:
      case 1:
        this.create(what === 0 ? InodeType.FILE : InodeType.DIRECTORY, name, b);
        this.attach(this.all.at(-1) as Model, one);
        break;
      case 2:
        if (one.parent === undefined) this.attach(one, other);
        break;
      case 3:
        this.detach(one);
        break;
      case 4:
        if (one === this.root || one.parent !== undefined || name === '') break;
        one.name = name;
        this.inodes.setName(one.handle, bytesOf(name));
        break;
      case 5:
        this.free(one);
        break;
      case 6:
        if (one.type !== InodeType.FILE) break;
        one.blocks = [...one.blocks, b + 1];
        this.inodes.appendBlock(one.handle, b + 1);
        break;
      case 7:
        if (one.type !== InodeType.FILE) break;
        one.blocks = Array.from({ length: b % 9 }, (_, i) => i + a);
        this.inodes.setBlocks(one.handle, one.blocks);
        break;
      case 8:
        one.mode = b & 0o1777;
        one.user = `user${b % 5}`;
        one.mtime = b * 2 ** 20;
        this.inodes.setMode(one.handle, one.mode);
        this.inodes.setOwner(one.handle, one.user, undefined);
        this.inodes.setMtime(one.handle, one.mtime);
        break;
      case 9:
        one.text = b % 3 === 0 ? undefined : 'x'.repeat(b % 200);
        this.inodes.setXattrs(
          one.handle,
          one.text === undefined ? undefined : [{ namespace: XAttrNamespace.USER, name: one.text, value: bytesOf(one.text) }],
        );
        break;
      case 10:
        if (this.frozen.length < 3) this.frozen.push({ view: this.inodes.freeze(), lines: dumpModel(this.root) });
        break;
      default:
        this.thaw(a);
    }
  }

  /** Compares everything, and the counters of every directory. */
  check(): void {
    expect(dumpTable(this.inodes)).toEqual(dumpModel(this.root));
    for (const node of this.all) {
      expect(this.inodes.subtreeInodes(node.handle)).toBe(sum(node, () => 1));
      expect(this.inodes.subtreeBlocks(node.handle)).toBe(sum(node, ({ blocks }) => blocks.length));
      expect(this.inodes.findAnywhere(node.id)).toBe(node.handle);
      expect(this.inodes.find(node.id)).toBe(this.top(node) === this.root ? node.handle : 0);
      for (const [name, child] of node.children) expect(this.inodes.child(node.handle, bytesOf(name))).toBe(child.handle);
      expect(this.inodes.nameEquals(node.handle, bytesOf(node.name))).toBe(true);
    }
  }

  thaw(which: number): void {
    const [gone] = this.frozen.splice(which % Math.max(this.frozen.length, 1), 1);
    if (gone === undefined) return;
    expect(dumpTable(gone.view)).toEqual(gone.lines);
    gone.view.release();
  }

  private create(type: InodeType, name: string, b: number): void {
    const id = inodeId(this.nextId);
    this.nextId += b % 7 === 0 ? 2 ** 45 + b : 1 + (b % 3) * 40;
    const model = {
      id,
      type,
      name,
      parent: undefined,
      children: new Map(),
      blocks: [],
      mode: 0o644,
      user: 'u',
      mtime: b,
      text: undefined,
    };
    const handle = this.inodes.create({
      id,
      type,
      name: bytesOf(name),
      user: 'u',
      group: 'g',
      mode: 0o644,
      mtime: b,
      atime: 0,
    });
    expect(this.all.some((other) => other.handle === handle)).toBe(false);
    this.all.push({ ...model, handle });
  }

  private attach(child: Model, directory: Model): void {
    if (child === this.root || child.parent !== undefined || directory.type !== InodeType.DIRECTORY || child.name === '')
      return;
    if (directory.children.has(child.name) || this.top(directory) === child) return;
    child.parent = directory;
    directory.children.set(child.name, child);
    this.inodes.attach(directory.handle, child.handle);
  }

  private detach(node: Model): void {
    if (node.parent === undefined) return;
    node.parent.children.delete(node.name);
    node.parent = undefined;
    this.inodes.detach(node.handle);
  }

  private free(node: Model): void {
    if (node === this.root || node.parent !== undefined || node.children.size > 0 || node.blocks.length > 0) return;
    this.all.splice(this.all.indexOf(node), 1);
    this.inodes.free(node.handle);
  }

  private top(node: Model): Model {
    return node.parent === undefined ? node : this.top(node.parent);
  }
}

const names = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', '__proto__', 'constructor', '\xff\xfe', '\xc3', '\x00'),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 20 }),
);
const steps = fc.array(fc.tuple(fc.nat(11), fc.nat(1000), fc.nat(1000), names), { maxLength: 200, size: 'max' });

describe('inode table against a model', () => {
  test('any order of changes leaves the tree, its counters and every frozen view right', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const pair = new Pair();
        for (const [what, a, b, name] of list) pair.step(what, a, b, name);
        pair.check();
        while (pair.frozen.length > 0) pair.thaw(1);
        pair.check();
      }),
      { numRuns: 150 },
    );
  });

  test('a directory of thousands stays sorted through random inserts, removals and frozen views', () => {
    const order = fc.constantFrom<'up' | 'down' | 'random'>('up', 'down', 'random');
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 9000 }), fc.nat(), (grow, count, seed) => {
        let state = seed | 1;
        const random = (below: number): number => {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          return ((state >>> 8) * below) >>> 24;
        };
        const inodes = new Inodes();
        const handles = new Map<string, InodeHandle>();
        const add = (key: number): void => {
          const name = `part-${String(key).padStart(6, '0')}`;
          if (handles.has(name)) return;
          const id = inodeId(20_000 + handles.size + key * 10_000);
          const handle = inodes.create({ id, type: 1, name: bytesOf(name), user: '', group: '', mode: 0, mtime: 0, atime: 0 });
          inodes.attach(inodes.root, handle);
          handles.set(name, handle);
        };
        for (let i = 0; i < count; i++) add(grow === 'up' ? i : grow === 'down' ? count - i : random(count * 3));
        const listed = (reader: InodeReader, after?: string): string[] => {
          const found: string[] = [];
          const from = after === undefined ? undefined : bytesOf(after);
          reader.forEachChild(reader.root, from, (child) => found.push(Buffer.from(reader.name(child)).toString()) > 0);
          return found;
        };
        const before = [...handles.keys()].sort();
        expect(listed(inodes)).toEqual(before);
        const view = inodes.freeze();
        // Down to a few, with some coming back.
        while (handles.size > 3) {
          const names = [...handles.keys()];
          for (const name of names) {
            if (random(4) === 0) continue;
            const handle = handles.get(name) as InodeHandle;
            inodes.detach(handle);
            inodes.free(handle);
            handles.delete(name);
          }
          for (let i = random(handles.size >> 1); i > 0; i--) add(random(count * 3));
          const now = [...handles.keys()].sort();
          expect(listed(inodes)).toEqual(now);
          const from = `part-${String(random(count)).padStart(6, '0')}`;
          expect(listed(inodes, from)).toEqual(now.filter((name) => name > from));
          expect(inodes.childrenAfter(inodes.root, bytesOf(from))).toBe(now.filter((name) => name > from).length);
          for (let i = 0; i < now.length; i += 97) {
            expect(inodes.childrenAfter(inodes.root, bytesOf(now[i] as string))).toBe(now.length - 1 - i);
          }
          for (const name of now) expect(inodes.child(inodes.root, bytesOf(name))).toBe(handles.get(name));
        }
        expect(listed(view)).toEqual(before);
        view.release();
        expect(listed(inodes)).toEqual([...handles.keys()].sort());
      }),
      { numRuns: 25 },
    );
  });

  test('pages of released views come back: freezing for ever does not grow', () => {
    const allocator = new PageAllocator();
    const inodes = new Inodes({ allocator });
    const before = allocator.bytesInUse;
    for (let round = 0; round < 50; round++) {
      const first = inodes.freeze();
      inodes.setMtime(inodes.root, round);
      const second = inodes.freeze();
      inodes.setMtime(inodes.root, -round);
      (round % 2 === 0 ? first : second).release();
      inodes.setMtime(inodes.root, round + 1);
      expect((round % 2 === 0 ? second : first).mtime(inodes.root)).toBe(round);
      (round % 2 === 0 ? second : first).release();
    }
    expect(allocator.bytesInUse).toBe(before);
    expect(allocator.bytesFree).toBeLessThan(1024 * 1024);
  });
});
