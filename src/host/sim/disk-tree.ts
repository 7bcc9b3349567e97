// What a simulated disk holds: files and directories, each in two layers. The live one is what processes see; the
// durable one is what is left after the power fails. A file's sync makes its content durable, a directory's sync its
// names. Nothing becomes durable by itself, however long it waits.
import type { SeededRandom } from '../../base/random.ts';
import { SimDirectoryNode, type SimNode } from './directory-node.ts';
import { partsOf, placeOf } from './disk-path.ts';
import { SMALL_FILE_BYTES } from './file-bytes.ts';
import type { SimFileNode } from './file-node.ts';
import { commit, pendingNames, withNeeded } from './pending-names.ts';

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

  /** What some name leads to, now or after a power cut. Renames of what none leads to any more change nothing, and are forgotten. */
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
    for (const [node, { from, to }] of this.moves) {
      if (!reached.has(node)) this.moves.delete(node);
      else for (const directory of [from, to]) reach(directory);
    }
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
    node.empty();
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
