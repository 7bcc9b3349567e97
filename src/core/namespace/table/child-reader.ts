// The children of directories in byte order of their names: for each directory a B+ tree of handles, whose keys are the names
// of the inodes themselves. A directory of one child has no node, one of few has a small node that grows in steps; beyond
// 127 children nodes split. Finding, adding and removing one among a million touches four nodes, and a walk starts anywhere.
//
// A node is a run of words: first its header (number of entries, level, room), then the entries. An inner node's entry is the
// first handle below the child, the child, and the number of handles below it. A leaf's (level 0) entry is a handle; after the room for all of them comes
// one byte for each, a hash of the name: a lookup compares these and then one or two names, where a search by halves would
// fetch seven names from all over the memory. No two nodes point to each other sideways, so a frozen view needs nothing
// special.
//
// This file looks things up and walks; children.ts adds and removes.
import { assert } from '../../../base/assert.ts';
import type { Arena } from '../../pages/arena.ts';
import type { Records } from '../../pages/records.ts';
import { CHILD_COUNT, CHILDREN } from './layout.ts';
import type { Names } from './names.ts';

/** 32^16 children would not fit into handles. */
export const MAX_HEIGHT = 16;

export const COUNT_MASK = 0xffff;
export const LEVEL_SHIFT = 16;
const LEVEL_MASK = 0xff;
export const ROOM_SHIFT = 24;

export const countOf = (header: number): number => header & COUNT_MASK;
export const levelOf = (header: number): number => (header >>> LEVEL_SHIFT) & LEVEL_MASK;
/** Words of the run. */
export const roomOf = (header: number): number => header >>> ROOM_SHIFT;

/** The last name that was looked up in vain is remembered up to this length: file systems have no longer ones by default. */
const MISSED_BYTES = 255;

/** Words of an entry in an inner node, and where they stand. */
export const ENTRY_WORDS = 3;
export const keyAt = (index: number): number => 1 + ENTRY_WORDS * index;
export const childAt = (index: number): number => 2 + ENTRY_WORDS * index;
export const belowAt = (index: number): number => 3 + ENTRY_WORDS * index;

/** Entries of four bytes, and one byte each, that a leaf has room for. */
export function leafEntries(words: number): number {
  return Math.floor(((words - 1) * 4) / 5);
}

/** Eight bits of a name, to tell names apart without fetching them. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 24;
}

/** Reading: all that a frozen view needs. */
export class ChildReader {
  protected readonly rows: Records;
  protected readonly nodes: Arena;
  protected readonly names: Names;
  /** The way down of the last search: nodes, and the entry taken in each; the leaf's is at `depth`. */
  protected readonly pathNode: number[] = new Array<number>(MAX_HEIGHT).fill(0);
  protected readonly pathIndex: number[] = new Array<number>(MAX_HEIGHT).fill(0);
  protected depth = 0;
  /** Counts changes of any directory: a walk must not be changed under its feet. */
  protected changes = 0;
  /** The last look-up, where it found nothing: the directory (0: it found something), when, and the name; its way is `path…`. */
  private missedIn = 0;
  private missedAt = -1;
  private missedLength = 0;
  private readonly missedName = new Uint8Array(MISSED_BYTES);

  constructor(rows: Records, nodes: Arena, names: Names) {
    this.rows = rows;
    this.nodes = nodes;
    this.names = names;
  }

  count(directory: number): number {
    return this.rows.get(directory, CHILD_COUNT);
  }

  /** The child of that name, or 0. */
  find(directory: number, bytes: Uint8Array, start: number, end: number): number {
    const count = this.rows.get(directory, CHILD_COUNT);
    if (count === 0) return 0;
    let node = this.rows.get(directory, CHILDREN);
    if (count === 1) return this.names.compare(node, bytes, start, end) === 0 ? node : 0;
    let depth = 0;
    let page = this.nodes.page(node);
    let at = this.nodes.at(node);
    let header = page[at] as number;
    while (levelOf(header) > 0) {
      let low = 0;
      let high = countOf(header) - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (this.names.compare(page[at + keyAt(middle)] as number, bytes, start, end) <= 0) low = middle;
        else high = middle - 1;
      }
      this.pathNode[depth] = node;
      this.pathIndex[depth] = low;
      depth++;
      node = page[at + childAt(low)] as number;
      page = this.nodes.page(node);
      at = this.nodes.at(node);
      header = page[at] as number;
    }
    this.pathNode[depth] = node;
    this.depth = depth;
    const child = this.findInLeaf(node, countOf(header), bytes, start, end);
    this.missedIn = 0;
    if (child === 0) this.noteMissed(directory, bytes, start, end);
    return child;
  }

  private noteMissed(directory: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > MISSED_BYTES) return;
    this.missedIn = directory;
    this.missedAt = this.changes;
    this.missedLength = length;
    for (let i = 0; i < length; i++) this.missedName[i] = bytes[start + i] as number;
  }

  /** As `search`, where the last look-up was for this very name, found nothing, and nothing has changed since. Else false. */
  protected searchMissed(directory: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { missedName, missedLength } = this;
    if (this.missedIn !== directory || this.missedAt !== this.changes || end - start !== missedLength) return false;
    for (let i = 0; i < missedLength; i++) if (missedName[i] !== bytes[start + i]) return false;
    this.searchLeaf(bytes, start, end);
    return true;
  }

  /** Visits children whose names are greater than `after` (from the first, when absent) while `visit` answers true. */
  forEach(directory: number, after: Uint8Array | undefined, visit: (child: number) => boolean): void {
    const count = this.rows.get(directory, CHILD_COUNT);
    if (count === 0) return;
    const root = this.rows.get(directory, CHILDREN);
    const changes = this.changes;
    if (count === 1) {
      if (after !== undefined && this.names.compare(root, after, 0, after.length) <= 0) return;
      if (visit(root)) this.assertUnchanged(changes);
      return;
    }
    // Its own path: `visit` may search, or walk another directory.
    const nodes: number[] = [];
    const indexes: number[] = [];
    let depth = 0;
    if (after === undefined) {
      nodes.push(root);
      indexes.push(0);
    } else {
      const found = this.search(root, after, 0, after.length);
      depth = this.depth;
      for (let i = 0; i <= depth; i++) {
        nodes.push(this.pathNode[i] as number);
        indexes.push(this.pathIndex[i] as number);
      }
      if (found) indexes[depth] = (indexes[depth] as number) + 1;
    }
    while (depth >= 0) {
      const node = nodes[depth] as number;
      const index = indexes[depth] as number;
      const header = this.nodes.get(node, 0);
      if (index >= countOf(header)) {
        depth--;
        if (depth >= 0) indexes[depth] = (indexes[depth] as number) + 1;
      } else if (levelOf(header) > 0) {
        depth++;
        nodes[depth] = this.nodes.get(node, childAt(index));
        indexes[depth] = 0;
      } else {
        // The page stays while no directory changes, which is looked at after each visit.
        const page = this.nodes.page(node);
        const first = this.nodes.at(node) + 1;
        const end = countOf(header);
        for (let i = index; i < end; i++) {
          if (!visit(page[first + i] as number)) return;
          this.assertUnchanged(changes);
        }
        indexes[depth] = end;
      }
    }
  }

  private findInLeaf(leaf: number, count: number, bytes: Uint8Array, start: number, end: number): number {
    const page = this.nodes.page(leaf);
    const at = this.nodes.at(leaf) + 1;
    const firstHash = at + leafEntries(roomOf(page[at - 1] as number));
    const hash = hashOf(bytes, start, end);
    const pattern = Math.imul(hash, 0x01010101);
    const hashes = this.nodes.bytes(leaf);
    for (let base = 0; base < count; base += 4) {
      // Four hashes at once: a byte of `differs` is zero where one is equal.
      const differs = (page[firstHash + (base >>> 2)] as number) ^ pattern;
      if (((differs - 0x01010101) & ~differs & 0x80808080) === 0) continue;
      const end4 = Math.min(base + 4, count);
      for (let i = base; i < end4; i++) {
        if (hashes[(firstHash << 2) + i] !== hash) continue;
        const child = page[at + i] as number;
        if (this.names.compare(child, bytes, start, end) === 0) return child;
      }
    }
    return 0;
  }

  private assertUnchanged(changes: number): void {
    assert(changes === this.changes, 'directories must not change during a walk: gather first');
  }

  /** How many children have names greater than `after`. */
  countAfter(directory: number, after: Uint8Array): number {
    const count = this.rows.get(directory, CHILD_COUNT);
    if (count === 0) return 0;
    const root = this.rows.get(directory, CHILDREN);
    if (count === 1) return this.names.compare(root, after, 0, after.length) > 0 ? 1 : 0;
    let before = this.search(root, after, 0, after.length) ? 1 : 0;
    for (let depth = 0; depth < this.depth; depth++) {
      const node = this.pathNode[depth] as number;
      for (let i = (this.pathIndex[depth] as number) - 1; i >= 0; i--) before += this.nodes.get(node, belowAt(i));
    }
    return count - before - (this.pathIndex[this.depth] as number);
  }

  /**
   * Goes down to the leaf where the name is or belongs, leaving the way in `path…`. The leaf's index is that of the first
   * child whose name is not smaller; the answer is whether it is the name itself.
   */
  protected search(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    let node = root;
    let depth = 0;
    this.missedIn = 0;
    for (;;) {
      const page = this.nodes.page(node);
      const at = this.nodes.at(node);
      const header = page[at] as number;
      this.pathNode[depth] = node;
      if (levelOf(header) === 0) break;
      let low = 0;
      let high = countOf(header) - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (this.names.compare(page[at + keyAt(middle)] as number, bytes, start, end) <= 0) low = middle;
        else high = middle - 1;
      }
      this.pathIndex[depth] = low;
      node = page[at + childAt(low)] as number;
      depth++;
    }
    this.depth = depth;
    return this.searchLeaf(bytes, start, end);
  }

  /** The last step of a search, in the leaf at the end of the way. */
  private searchLeaf(bytes: Uint8Array, start: number, end: number): boolean {
    const node = this.pathNode[this.depth] as number;
    const page = this.nodes.page(node);
    const at = this.nodes.at(node);
    let low = 0;
    let high = countOf(page[at] as number);
    let found = false;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.names.compare(page[at + 1 + middle] as number, bytes, start, end);
      if (order < 0) low = middle + 1;
      else {
        high = middle;
        if (order === 0) found = true;
      }
    }
    this.pathIndex[this.depth] = low;
    return found;
  }
}
