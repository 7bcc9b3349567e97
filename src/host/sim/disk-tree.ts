// What a simulated disk holds: files and directories, each in two layers. The live one is what processes see; the
// durable one is what is left after the power fails. A file's sync makes its content durable, a directory's sync its
// names. Nothing becomes durable by itself, however long it waits.
import { assert } from '../../base/assert.ts';
import type { SeededRandom } from '../../base/random.ts';
import { givePages, PAGE_BYTES, takePage } from './pages.ts';
import { commit, pendingNames, withNeeded } from './pending-names.ts';

/** Bytes that were written at once. */
export class Written {
  readonly at: number;
  readonly length: number;
  /** They never change. */
  readonly pieces: readonly Buffer[];

  constructor(at: number, length: number, pieces: readonly Buffer[]) {
    this.at = at;
    this.length = length;
    this.pieces = pieces;
  }

  get bytes(): Buffer {
    const [only] = this.pieces;
    return only !== undefined && this.pieces.length === 1 ? only : Buffer.concat(this.pieces, this.length);
  }
}

export type Content = Written | { readonly truncateTo: number };

const SECTOR_BYTES = 512;

/** Up to here a file grows by doubling; longer ones have whole pages. */
const SMALL_FILE_BYTES = 4096;
const SMALLEST_PAGE_BYTES = 512;

/** A page of a file, or the beginning of one. */
class Page {
  buffer: Buffer;
  /** Somebody else has the bytes below this, and they stay as they are: what is changed there is changed in a copy. */
  frozenBelow = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }
}

/** Bytes that grow, in pages: a layer that has all that another one has is made without a copy. */
class Bytes {
  private pages: Page[] = [];
  size = 0;

  /** A page that has room up to `to`, and in which bytes from `from` on may change. */
  private page(index: number, from: number, to: number): Page {
    const known = this.pages[index];
    if (known !== undefined && to <= known.buffer.length && from >= known.frozenBelow) return known;
    const before = known?.buffer.length ?? 0;
    const isSmall = index === 0 && to <= SMALL_FILE_BYTES && before <= SMALL_FILE_BYTES;
    const page = new Page(
      isSmall ? Buffer.allocUnsafe(Math.max(to, before * (to <= before ? 1 : 2), SMALLEST_PAGE_BYTES)) : takePage(),
    );
    if (known !== undefined) known.buffer.copy(page.buffer, 0, 0, Math.min(before, this.size - index * PAGE_BYTES));
    this.pages[index] = page;
    return page;
  }

  resize(size: number): void {
    for (let at = this.size; at < size; ) {
      const index = Math.floor(at / PAGE_BYTES);
      const from = at - index * PAGE_BYTES;
      const to = Math.min(PAGE_BYTES, size - index * PAGE_BYTES);
      this.page(index, from, to).buffer.fill(0, from, to);
      at += to - from;
      this.size = at;
    }
    this.size = size;
    this.pages.length = Math.ceil(size / PAGE_BYTES);
  }

  /** Writes, and gives what lies there now to `keep`, where that is wanted: it never changes then. */
  write(bytes: Uint8Array, at: number, keep?: Buffer[]): void {
    if (at > this.size && bytes.length > 0) this.resize(at);
    for (let done = 0; done < bytes.length; ) {
      const position = at + done;
      const index = Math.floor(position / PAGE_BYTES);
      const from = position - index * PAGE_BYTES;
      const part = Math.min(bytes.length - done, PAGE_BYTES - from);
      const page = this.page(index, from, from + part);
      page.buffer.set(part === bytes.length ? bytes : bytes.subarray(done, done + part), from);
      done += part;
      this.size = Math.max(this.size, position + part);
      if (keep === undefined) continue;
      page.frozenBelow = Math.max(page.frozenBelow, from + part);
      keep.push(page.buffer.subarray(from, from + part));
    }
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.size - position));
    for (let done = 0; done < count; ) {
      const piece = this.piece(position + done, count - done);
      into.set(piece, offset + done);
      done += piece.length;
    }
    return count;
  }

  /** At most `length` bytes from `at` on, where they lie: up to the end of a page. */
  piece(at: number, length: number): Buffer {
    const index = Math.floor(at / PAGE_BYTES);
    const from = at - index * PAGE_BYTES;
    const to = Math.min(from + length, PAGE_BYTES, this.size - index * PAGE_BYTES);
    return (this.pages[index] as Page).buffer.subarray(from, to);
  }

  /** Gives its pages away, and is empty. */
  giveUp(pages: Set<Buffer>): void {
    for (const { buffer } of this.pages) pages.add(buffer);
    this.pages = [];
    this.size = 0;
  }

  apply(change: Content): void {
    if ('truncateTo' in change) this.resize(change.truncateTo);
    else {
      let { at } = change;
      for (const piece of change.pieces) {
        this.write(piece, at);
        at += piece.length;
      }
    }
  }

  /** Only the other one goes on in the pages that both have then. */
  copyOf(other: Bytes): void {
    this.size = other.size;
    // Pages that both have already are the other's by then.
    this.pages = other.pages.map((page, index) => {
      const mine = this.pages[index];
      if (mine?.buffer === page.buffer) return mine;
      const copy = new Page(page.buffer);
      copy.frozenBelow = Number.POSITIVE_INFINITY;
      return copy;
    });
    for (const [index, page] of other.pages.entries()) {
      page.frozenBelow = Math.max(page.frozenBelow, Math.min(PAGE_BYTES, other.size - index * PAGE_BYTES));
    }
  }
}

/** Bytes of the durable layer that may be others from `version` on. */
interface DurableChange {
  readonly version: number;
  readonly from: number;
  readonly to: number;
}

/** Whoever looks less often than this sees the whole file as changed. */
const MAX_CHANGES_KEPT = 64;

/** An open file. */
export interface FileHandle {
  /** It may still be used. */
  readonly isInUse: boolean;
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
  /** Where the durable layer has changed lately. */
  private changes: DurableChange[] = [];
  /** Whoever has it open. */
  readonly handles = new Set<FileHandle>();
  private gone = false;

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  get size(): number {
    return this.live.size;
  }

  /** Nobody can reach it any more: its pages serve again. Whoever knew a way to it nevertheless is told. */
  recycle(): void {
    const pages = new Set<Buffer>();
    this.live.giveUp(pages);
    this.durable.giveUp(pages);
    this.unsynced = [];
    this.gone = true;
    givePages(pages);
  }

  /** Writes the chunks behind one another; they are copied. */
  write(at: number, chunks: readonly Uint8Array[]): void {
    assert(!this.gone, 'a file that nobody can reach is written');
    // What is appended stays where it lies; what is written over something else will be written over again.
    const pieces: Buffer[] = [];
    const keep = at >= this.live.size ? pieces : undefined;
    let end = at;
    for (const chunk of chunks) {
      this.live.write(chunk, end, keep);
      end += chunk.length;
      if (keep === undefined) pieces.push(Buffer.from(chunk));
    }
    this.unsynced.push(new Written(at, end - at, pieces));
  }

  truncate(length: number): void {
    const change = { truncateTo: length };
    this.live.apply(change);
    this.unsynced.push(change);
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    assert(!this.gone, 'a file that nobody can reach is read');
    return this.live.read(into, offset, length, position);
  }

  /** Counts the changes of what would be left. */
  durableVersion = 0;

  get durableSize(): number {
    return this.durable.size;
  }

  /** What is left when the power fails now, or a part of it. A copy. */
  durableBytes(from = 0, to = this.durable.size): Buffer {
    assert(!this.gone, 'a file that nobody can reach is looked at');
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(to, this.durable.size) - from));
    this.durable.read(bytes, 0, bytes.length, from);
    return bytes;
  }

  /** The same, at most `length` bytes, where they lie: valid until the next change. */
  durablePiece(at: number, length: number): Buffer {
    return this.durable.piece(at, length);
  }

  /** Bytes that may be others than they were at `version`: none before `from`, none from `to` on that are still there. */
  durableSince(version: number): { readonly from: number; readonly to: number } {
    const { changes } = this;
    const size = this.durable.size;
    if (version < this.durableVersion - changes.length) return { from: 0, to: size };
    let from = size;
    let to = 0;
    for (const change of changes) {
      if (change.version <= version) continue;
      from = Math.min(from, change.from);
      to = Math.max(to, change.to);
    }
    return { from, to: Math.min(to, size) };
  }

  private changed(from: number, to: number): void {
    this.durableVersion++;
    if (this.changes.length >= MAX_CHANGES_KEPT) this.changes = this.changes.slice(MAX_CHANGES_KEPT / 2);
    this.changes.push({ version: this.durableVersion, from, to });
  }

  /** What a power cut may take or leave, in order. */
  get pending(): readonly Content[] {
    return this.unsynced;
  }

  sync(): void {
    if (this.unsynced.length === 0) return;
    // What was only appended is shared and not copied.
    const { size } = this.durable;
    const isAppended = this.unsynced.every((change) => change instanceof Written && change.at >= size);
    if (isAppended && !this.forgotten) {
      this.durable.copyOf(this.live);
      this.changed(size, this.durable.size);
    } else {
      let from = size;
      let to = 0;
      for (const change of this.unsynced) {
        const before = this.durable.size;
        this.durable.apply(change);
        from = Math.min(from, before, 'truncateTo' in change ? change.truncateTo : change.at);
        // What is cut off here may be written again by the next change.
        to = Math.max(to, 'truncateTo' in change ? Math.max(before, change.truncateTo) : change.at + change.length);
      }
      this.changed(from, to);
    }
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
    this.changed(at, at + SECTOR_BYTES);
  }

  /**
   * The power failed. With `luck`, some unsynced changes had reached the disk all the same, in any order and each in part:
   * up to some byte, up to some sector, or any of its sectors.
   */
  losePower(luck: SeededRandom | undefined): void {
    if (luck !== undefined && this.unsynced.length > 0) {
      for (const change of this.unsynced) if (luck.below(2) === 0) tear(change, luck, this.durable);
      this.changed(0, this.durable.size);
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

/** As a subclass would call its parent, which takes a search for the parent each time. */
const { set: putName, delete: dropName } = Map.prototype as Map<string, SimNode>;

/** Names in the order in which they came, and which of them have come, gone or changed since somebody asked. */
class Names extends Map<string, SimNode> {
  /** In the order in which they came last, and whether they came: others have the place that they had. */
  private changed = new Map<string, boolean>();

  /** Those of `other`; none of them is a change. */
  static of(other: ReadonlyMap<string, SimNode>): Names {
    const names = new Names();
    for (const [name, node] of other) putName.call(names, name, node);
    return names;
  }

  override set(name: string, node: SimNode): this {
    if (!this.has(name)) {
      this.changed.delete(name);
      this.changed.set(name, true);
    } else if (!this.changed.has(name)) this.changed.set(name, false);
    putName.call(this, name, node);
    return this;
  }

  override delete(name: string): boolean {
    if (!dropName.call(this, name)) return false;
    this.changed.set(name, true);
    return true;
  }

  /** Makes `other`, which was like this one when it was done last, like it again, in its order too. */
  copyChangesTo(other: Map<string, SimNode>): void {
    for (const [name, hasCome] of this.changed) {
      if (hasCome) other.delete(name);
      const node = this.get(name);
      if (node !== undefined) other.set(name, node);
    }
    this.changed.clear();
  }
}

export class SimDirectoryNode implements NodeFields {
  readonly kind = 'directory';
  readonly inode: number;
  mode: number;
  mtimeMs: number;
  live = new Names();
  durable = new Map<string, SimNode>();

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  sync(): void {
    this.live.copyChangesTo(this.durable);
  }

  /** The power failed: here and in all that is durably below. */
  losePower(luck: SeededRandom | undefined, seen = new Set<SimNode>()): void {
    this.live = Names.of(this.durable);
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

/** How much a machine's files grow until it is looked which of them can be reached. */
const RECYCLE_AFTER_BYTES = 4 * 1024 * 1024;

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

  /** Files that have pages, and how much they have grown since it was looked which of them can be reached. */
  private readonly large = new Set<SimFileNode>();
  private grown = 0;

  nextInode(): number {
    return ++this.lastInode;
  }

  /** A file has become so much longer. Now and then all that nobody can reach is given up. */
  grew(node: SimFileNode, bytes: number): void {
    this.used += bytes;
    if (node.size <= SMALL_FILE_BYTES) return;
    this.large.add(node);
    this.grown += bytes;
    if (this.grown < RECYCLE_AFTER_BYTES) return;
    this.grown = 0;
    const reached = this.reachable();
    for (const each of this.large) {
      if (reached.has(each)) continue;
      for (const handle of each.handles) if (!handle.isInUse) each.handles.delete(handle);
      if (each.handles.size > 0) continue;
      this.large.delete(each);
      each.recycle();
    }
  }

  /** What some name leads to, now or after a power cut. */
  private reachable(): Set<SimNode> {
    const reached = new Set<SimNode>();
    const reach = (node: SimNode): void => {
      if (reached.has(node)) return;
      reached.add(node);
      if (node.kind === 'file') return;
      for (const child of node.live.values()) reach(child);
      for (const child of node.durable.values()) reach(child);
    };
    reach(this.root);
    for (const [node, { from, to }] of this.moves) for (const each of [node, from, to]) reach(each);
    return reached;
  }

  find(path: string): SimNode | undefined {
    const { parents, name } = placeOf(path);
    const directory = this.walk(parents);
    if (name === undefined) return directory;
    return directory?.kind === 'directory' ? directory.live.get(name) : undefined;
  }

  /** What the names lead to. */
  walk(parts: readonly string[]): SimNode | undefined {
    let node: SimNode = this.root;
    for (const part of parts) {
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
    node.live = new Names();
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

/** The directory's names of an absolute path, and its own; none for the root. */
export function placeOf(path: string): { readonly parents: readonly string[]; readonly name: string | undefined } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  // Files come and go, directories stay: theirs are known, and only they are kept.
  if (slash >= 0 && name !== '' && name !== '.' && name !== '..') return { parents: partsOf(path.slice(0, slash)), name };
  const parts = partsOf(path);
  return { parents: parts.slice(0, -1), name: parts.at(-1) };
}

/** Paths of directories come again and again. */
const knownParts = new Map<string, readonly string[]>();
const MAX_KNOWN_PATHS = 4096;

/** Names along an absolute path, with `.` and `..` resolved; a relative one begins at the root. */
export function partsOf(path: string): readonly string[] {
  const known = knownParts.get(path);
  if (known !== undefined) return known;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  if (knownParts.size >= MAX_KNOWN_PATHS) knownParts.clear();
  knownParts.set(path, parts);
  return parts;
}
