// What a simulated disk holds: files and directories, each in two layers. The live one is what processes see; the
// durable one is what is left after the power fails. A file's sync makes its content durable, a directory's sync its
// names. Nothing becomes durable by itself, however long it waits.
import type { SeededRandom } from '../../base/random.ts';
import { commit, pendingNames, withNeeded } from './pending-names.ts';

export type Content = { readonly at: number; readonly bytes: Buffer } | { readonly truncateTo: number };

const SECTOR_BYTES = 512;

/** Bytes that grow. Two of them may share one buffer until one changes what the other has. */
class Bytes {
  private buffer = Buffer.alloc(0);
  /** Another one has the bytes below this. */
  private sharedBelow = 0;
  size = 0;

  /** Room for `size` bytes of which those from `from` on are going to change: in another buffer where they are shared. */
  private reserve(size: number, from: number): void {
    const { buffer } = this;
    if (size <= buffer.length && from >= this.sharedBelow) return;
    const capacity =
      size <= buffer.length ? buffer.length : Math.max(size, Math.min(buffer.length * 2, buffer.length + (1 << 24)), 256);
    const own = Buffer.allocUnsafeSlow(capacity);
    buffer.copy(own, 0, 0, this.size);
    this.buffer = own;
    this.sharedBelow = 0;
  }

  resize(size: number): void {
    if (size > this.size) {
      this.reserve(size, this.size);
      this.buffer.fill(0, this.size, size);
    }
    this.size = size;
  }

  write(bytes: Uint8Array, at: number): void {
    if (at > this.size) this.resize(at);
    this.reserve(Math.max(this.size, at + bytes.length), at);
    this.buffer.set(bytes, at);
    this.size = Math.max(this.size, at + bytes.length);
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.size - position));
    into.set(this.buffer.subarray(position, position + count), offset);
    return count;
  }

  apply(change: Content): void {
    if ('truncateTo' in change) this.resize(change.truncateTo);
    else this.write(change.bytes, change.at);
  }

  copyOf(other: Bytes): void {
    this.buffer = other.buffer;
    this.size = other.size;
    this.sharedBelow = Math.max(other.sharedBelow, other.size);
    other.sharedBelow = this.sharedBelow;
  }
}

interface NodeFields {
  readonly inode: number;
  mode: number;
  mtimeMs: number;
}

export class SimFileNode implements NodeFields {
  readonly kind = 'file';
  readonly inode: number;
  mode: number;
  mtimeMs: number;
  private readonly live = new Bytes();
  private readonly durable = new Bytes();
  /** Changes of the live layer that no sync has made durable, in order. */
  private unsynced: Content[] = [];
  /** The layers differ in more than `unsynced`. */
  private forgotten = false;

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  get size(): number {
    return this.live.size;
  }

  /** `bytes` are copied. */
  change(change: Content): void {
    const kept = 'truncateTo' in change ? change : { at: change.at, bytes: Buffer.from(change.bytes) };
    this.live.apply(kept);
    this.unsynced.push(kept);
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return this.live.read(into, offset, length, position);
  }

  /** Counts the changes of what would be left. */
  durableVersion = 0;

  /** What is left when the power fails now. A copy. */
  durableBytes(): Buffer {
    const bytes = Buffer.alloc(this.durable.size);
    this.durable.read(bytes, 0, bytes.length, 0);
    return bytes;
  }

  /** What a power cut may take or leave, in order. */
  get pending(): readonly Content[] {
    return this.unsynced;
  }

  sync(): void {
    if (this.unsynced.length === 0) return;
    // What was only appended is shared and not copied.
    const { size } = this.durable;
    const isAppended = this.unsynced.every((change) => 'bytes' in change && change.at >= size);
    if (isAppended && !this.forgotten) this.durable.copyOf(this.live);
    else for (const change of this.unsynced) this.durable.apply(change);
    this.durableVersion++;
    this.unsynced = [];
  }

  /** What was written since the last sync will be on no disk, though every process goes on reading it. */
  forgetUnsynced(): void {
    this.forgotten ||= this.unsynced.length > 0;
    this.unsynced = [];
  }

  /** Bytes on the medium change, unseen by everybody: for what is read now and after a power cut. */
  damage(at: number, change: (bytes: Buffer) => void): void {
    for (const layer of [this.live, this.durable]) {
      const length = Math.min(SECTOR_BYTES, layer.size - at);
      if (length <= 0) continue;
      const bytes = Buffer.alloc(length);
      layer.read(bytes, 0, length, at);
      change(bytes);
      layer.write(bytes, at);
    }
    this.durableVersion++;
  }

  /**
   * The power failed. With `luck`, some unsynced changes had reached the disk all the same, in any order and each in part:
   * up to some byte, up to some sector, or any of its sectors.
   */
  losePower(luck: SeededRandom | undefined): void {
    if (luck !== undefined && this.unsynced.length > 0) {
      this.durableVersion++;
      for (const change of this.unsynced) if (luck.below(2) === 0) tear(change, luck, this.durable);
    }
    this.unsynced = [];
    this.forgotten = false;
    this.live.copyOf(this.durable);
  }
}

function tear(change: Content, luck: SeededRandom, onto: Bytes): void {
  if ('truncateTo' in change) {
    onto.apply(change);
    return;
  }
  const { at, bytes } = change;
  const sectors = Math.ceil(bytes.length / SECTOR_BYTES);
  switch (luck.below(4)) {
    case 0:
      onto.write(bytes, at);
      return;
    case 1:
      onto.write(bytes.subarray(0, luck.below(bytes.length + 1)), at);
      return;
    case 2:
      onto.write(bytes.subarray(0, Math.min(bytes.length, luck.below(sectors + 1) * SECTOR_BYTES)), at);
      return;
    default:
      for (let sector = 0; sector < sectors; sector++) {
        const from = sector * SECTOR_BYTES;
        if (luck.below(2) === 0) onto.write(bytes.subarray(from, from + SECTOR_BYTES), at + from);
      }
  }
}

export class SimDirectoryNode implements NodeFields {
  readonly kind = 'directory';
  readonly inode: number;
  mode: number;
  mtimeMs: number;
  live = new Map<string, SimNode>();
  durable = new Map<string, SimNode>();

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  sync(): void {
    this.durable = new Map(this.live);
  }

  /** The power failed: here and in all that is durably below. */
  losePower(luck: SeededRandom | undefined, seen = new Set<SimNode>()): void {
    this.live = new Map(this.durable);
    for (const node of this.live.values()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (node.kind === 'file') node.losePower(luck);
      else node.losePower(luck, seen);
    }
  }
}

export type SimNode = SimFileNode | SimDirectoryNode;

interface Move {
  readonly from: SimDirectoryNode;
  readonly name: string;
  readonly to: SimDirectoryNode;
  readonly newName: string;
  readonly newPath: string;
}

/** What a whole machine's disks hold; it outlives the machine's processes. */
export class DiskTree {
  readonly root = new SimDirectoryNode(2, 0o755, 0);
  /** Locks by path, with the process that has each. */
  readonly locks = new Map<string, { readonly alive: boolean }>();
  capacity = 2 ** 40;
  used = 0;
  private lastInode = 2;
  /** Renames from one directory to another that the sync of neither has made durable. */
  private readonly moves = new Map<SimNode, Move>();

  nextInode(): number {
    return ++this.lastInode;
  }

  find(path: string): SimNode | undefined {
    let node: SimNode = this.root;
    for (const part of partsOf(path)) {
      if (node.kind !== 'directory') return undefined;
      const next: SimNode | undefined = node.live.get(part);
      if (next === undefined) return undefined;
      node = next;
    }
    return node;
  }

  /** The files of a directory that are left when the power fails now, by name. */
  durableFiles(path: string): Map<string, SimFileNode> {
    let node: SimNode = this.root;
    for (const part of partsOf(path)) {
      const next: SimNode | undefined = node.kind === 'directory' ? node.durable.get(part) : undefined;
      if (next === undefined) return new Map();
      node = next;
    }
    const files = new Map<string, SimFileNode>();
    if (node.kind === 'directory') for (const [name, child] of node.durable) if (child.kind === 'file') files.set(name, child);
    return files;
  }

  /** Notes that a node has another name. Within one directory that needs no note: its sync makes both durable. */
  renamed(node: SimNode, { from, name, to, newName, newPath }: Move): void {
    const before = this.moves.get(node);
    if (from === to && before === undefined) return;
    this.moves.set(node, { from: before?.from ?? from, name: before?.name ?? name, to, newName, newPath });
  }

  /**
   * A directory's sync; its own name and those above are on the disk by then, and so is the other half of each rename into
   * it or out of it, as with every journalling file system.
   */
  syncDirectory(path: string): void {
    const directory = this.keepPath(path);
    if (directory?.kind !== 'directory') return;
    directory.sync();
    for (const [node, { from, name, to, newName, newPath }] of this.moves) {
      if (from !== directory && to !== directory) continue;
      this.moves.delete(node);
      if (from.live.get(name) !== node && from.durable.get(name) === node) from.durable.delete(name);
      if (to.live.get(newName) !== node) continue;
      to.durable.set(newName, node);
      this.keepPath(newPath);
    }
  }

  /** The names along a path become durable. */
  private keepPath(path: string): SimNode | undefined {
    let node: SimNode = this.root;
    for (const part of partsOf(path)) {
      if (node.kind !== 'directory') return undefined;
      const next: SimNode | undefined = node.live.get(part);
      if (next === undefined) return undefined;
      node.durable.set(part, next);
      node = next;
    }
    return node;
  }

  /** The files below a directory, as processes see them now, by path. */
  files(path: string): Map<string, SimFileNode> {
    const found = new Map<string, SimFileNode>();
    const walk = (at: string, node: SimNode): void => {
      if (node.kind === 'file') found.set(at, node);
      else for (const [name, child] of node.live) walk(`${at}/${name}`, child);
    };
    const top = this.find(path);
    if (top !== undefined)
      walk(
        partsOf(path)
          .map((part) => `/${part}`)
          .join(''),
        top,
      );
    return found;
  }

  /** The disk that is mounted at `path` is another one, and empty. */
  replaceVolume(path: string): void {
    const node = this.find(path);
    if (node?.kind !== 'directory') return;
    this.used -= sizeOf(node, new Set());
    node.live = new Map();
    node.durable = new Map();
    for (const name of [...this.locks.keys()]) if (name.startsWith(`${partsOf(path).join('/')}/`)) this.locks.delete(name);
  }

  /** With `luck`, some names that were not synced had reached the disk all the same. */
  losePower(luck: SeededRandom | undefined): void {
    if (luck !== undefined) {
      const all = pendingNames(this.root);
      commit(
        withNeeded(
          this.root,
          all.filter(() => luck.below(2) > 0),
          all,
        ),
      );
    }
    this.root.losePower(luck);
    this.moves.clear();
    this.locks.clear();
    this.used = sizeOf(this.root, new Set());
  }
}

function sizeOf(node: SimNode, seen: Set<SimNode>): number {
  if (seen.has(node)) return 0;
  seen.add(node);
  if (node.kind === 'file') return node.size;
  let sum = 0;
  for (const child of node.live.values()) sum += sizeOf(child, seen);
  return sum;
}

/** Names along an absolute path, with `.` and `..` resolved; a relative one begins at the root. */
export function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts;
}
