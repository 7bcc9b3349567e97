// The children of directories in byte order of their names: for each directory a B+ tree of handles, whose keys are the names
// of the inodes themselves. A directory of one child has no node, one of few has a small node that grows in steps; beyond
// 127 children nodes split. Finding, adding and removing one among a million touches four nodes, and a walk starts anywhere.
//
// A node is a run of words: first its header (number of entries, level, room), then the entries. A leaf's (level 0) entry is a
// handle. An inner node's entry is the first handle below the child, then the child. No two nodes point to each other
// sideways, so a frozen view needs nothing special.
import { assert } from '../../../base/assert.ts';
import type { Arena } from '../../pages/arena.ts';
import type { Records } from '../../pages/records.ts';
import { CHILD_COUNT, CHILDREN } from './layout.ts';
import type { Names } from './names.ts';

const MAX_NODE_WORDS = 128;
const MAX_LEAF_ENTRIES = MAX_NODE_WORDS - 1;
const MAX_INNER_ENTRIES = (MAX_NODE_WORDS - 1) >>> 1;
/** Room of the leaf of a small directory, header included. */
const SMALL_LEAF_WORDS: readonly number[] = [3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, MAX_NODE_WORDS];
/** 32^16 children would not fit into handles. */
const MAX_HEIGHT = 16;

const COUNT_MASK = 0xffff;
const LEVEL_SHIFT = 16;
const LEVEL_MASK = 0xff;
const ROOM_SHIFT = 24;

const countOf = (header: number): number => header & COUNT_MASK;
const levelOf = (header: number): number => (header >>> LEVEL_SHIFT) & LEVEL_MASK;
/** Words of the run. */
const roomOf = (header: number): number => header >>> ROOM_SHIFT;

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
    let page = this.nodes.page(node);
    let at = this.nodes.at(node);
    let header = page[at] as number;
    while (levelOf(header) > 0) {
      let low = 0;
      let high = countOf(header) - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (this.names.compare(page[at + 1 + 2 * middle] as number, bytes, start, end) <= 0) low = middle;
        else high = middle - 1;
      }
      node = page[at + 2 + 2 * low] as number;
      page = this.nodes.page(node);
      at = this.nodes.at(node);
      header = page[at] as number;
    }
    let low = 0;
    let high = countOf(header) - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const child = page[at + 1 + middle] as number;
      const order = this.names.compare(child, bytes, start, end);
      if (order === 0) return child;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return 0;
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
        nodes[depth] = this.nodes.get(node, 2 + 2 * index);
        indexes[depth] = 0;
      } else {
        indexes[depth] = index + 1;
        if (!visit(this.nodes.get(node, 1 + index))) return;
        this.assertUnchanged(changes);
      }
    }
  }

  private assertUnchanged(changes: number): void {
    assert(changes === this.changes, 'directories must not change during a walk: gather first');
  }

  /**
   * Goes down to the leaf where the name is or belongs, leaving the way in `path…`. The leaf's index is that of the first
   * child whose name is not smaller; the answer is whether it is the name itself.
   */
  protected search(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    let node = root;
    let depth = 0;
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
        if (this.names.compare(page[at + 1 + 2 * middle] as number, bytes, start, end) <= 0) low = middle;
        else high = middle - 1;
      }
      this.pathIndex[depth] = low;
      node = page[at + 2 + 2 * low] as number;
      depth++;
    }
    this.depth = depth;
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
    this.pathIndex[depth] = low;
    return found;
  }
}

/** The live index: also changes. */
export class ChildIndex extends ChildReader {
  /** Adds an inode under its name, which must be free. */
  add(directory: number, child: number): void {
    const count = this.rows.get(directory, CHILD_COUNT);
    const bytes = this.names.bytes(child);
    const start = this.names.start(child);
    const end = start + this.names.length(child);
    if (count === 0) {
      this.rows.set(directory, CHILDREN, child);
    } else if (count === 1) {
      const other = this.rows.get(directory, CHILDREN);
      const order = this.names.compare(other, bytes, start, end);
      assert(order !== 0, 'the name is taken');
      const leaf = this.makeNode(SMALL_LEAF_WORDS[0] as number, 0);
      this.nodes.set(leaf, 1, order < 0 ? other : child);
      this.nodes.set(leaf, 2, order < 0 ? child : other);
      this.setCount(leaf, 2);
      this.rows.set(directory, CHILDREN, leaf);
    } else {
      const root = this.rows.get(directory, CHILDREN);
      if (!this.searchEnd(root, bytes, start, end)) {
        assert(!this.search(root, bytes, start, end), 'the name is taken');
      }
      this.insert(directory, child);
    }
    this.rows.set(directory, CHILD_COUNT, count + 1);
    this.changes++;
  }

  /** Takes an inode out; it must be there. */
  remove(directory: number, child: number): void {
    const count = this.rows.get(directory, CHILD_COUNT);
    const root = this.rows.get(directory, CHILDREN);
    if (count === 1) {
      assert(root === child, 'not a child of that directory');
      this.rows.set(directory, CHILDREN, 0);
    } else {
      const bytes = this.names.bytes(child);
      const start = this.names.start(child);
      const found = this.search(root, bytes, start, start + this.names.length(child));
      const leaf = this.pathNode[this.depth] as number;
      const index = this.pathIndex[this.depth] as number;
      assert(found && this.nodes.get(leaf, 1 + index) === child, 'not a child of that directory');
      this.removeEntry(leaf, index);
      this.mend();
      this.shrinkRoot(directory, count - 1);
    }
    this.rows.set(directory, CHILD_COUNT, count - 1);
    this.changes++;
  }

  private makeNode(words: number, level: number): number {
    const node = this.nodes.allocate(words);
    this.nodes.set(node, 0, (level << LEVEL_SHIFT) | (words << ROOM_SHIFT));
    return node;
  }

  private freeNode(node: number): void {
    this.nodes.free(node, roomOf(this.nodes.get(node, 0)));
  }

  private setCount(node: number, count: number): void {
    this.nodes.set(node, 0, (this.nodes.get(node, 0) & ~COUNT_MASK) | count);
  }

  /** Goes to the very end when the name comes after all others, as it does when an image is loaded. */
  private searchEnd(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    let node = root;
    let depth = 0;
    for (;;) {
      const header = this.nodes.get(node, 0);
      const count = countOf(header);
      this.pathNode[depth] = node;
      if (levelOf(header) === 0) {
        if (this.names.compare(this.nodes.get(node, count), bytes, start, end) >= 0) return false;
        this.pathIndex[depth] = count;
        this.depth = depth;
        return true;
      }
      this.pathIndex[depth] = count - 1;
      node = this.nodes.get(node, 2 * count);
      depth++;
    }
  }

  /** Puts the child where the last search ended. */
  private insert(directory: number, child: number): void {
    let depth = this.depth;
    const leaf = this.pathNode[depth] as number;
    const index = this.pathIndex[depth] as number;
    // Before the first of a leaf means before the first of all: the way here was along the left edge.
    if (index === 0) {
      for (let d = depth - 1; d >= 0; d--) this.nodes.set(this.pathNode[d] as number, 1, child);
    }
    const header = this.nodes.get(leaf, 0);
    const count = countOf(header);
    const room = roomOf(header);
    if (count < room - 1) {
      this.insertEntry(leaf, index, child);
      return;
    }
    if (room < MAX_NODE_WORDS) {
      const larger = this.makeNode(SMALL_LEAF_WORDS.find((words) => words > room) ?? MAX_NODE_WORDS, 0);
      this.nodes.move(leaf, 1, larger, 1, count);
      this.setCount(larger, count);
      this.nodes.free(leaf, room);
      this.rows.set(directory, CHILDREN, larger);
      this.insertEntry(larger, index, child);
      return;
    }
    let left = leaf;
    let right = this.splitLeaf(leaf, index, child);
    // `right` needs an entry after `left` in each node above, as far up as those are full.
    while (depth > 0) {
      depth--;
      const node = this.pathNode[depth] as number;
      const position = (this.pathIndex[depth] as number) + 1;
      if (countOf(this.nodes.get(node, 0)) < MAX_INNER_ENTRIES) {
        this.insertPair(node, position, right);
        return;
      }
      right = this.splitInner(node, position, right);
      left = node;
    }
    const level = levelOf(this.nodes.get(left, 0)) + 1;
    assert(level < MAX_HEIGHT, 'directory index too high');
    const root = this.makeNode(MAX_NODE_WORDS, level);
    this.insertPair(root, 0, left);
    this.insertPair(root, 1, right);
    this.rows.set(directory, CHILDREN, root);
  }

  /** Splits a full leaf while adding a child to it; answers the new right half. */
  private splitLeaf(leaf: number, index: number, child: number): number {
    const right = this.makeNode(MAX_NODE_WORDS, 0);
    // Adding at the end leaves the left one full: names that come in order fill their nodes.
    const keep = index === MAX_LEAF_ENTRIES ? MAX_LEAF_ENTRIES : MAX_LEAF_ENTRIES >>> 1;
    this.nodes.move(leaf, 1 + keep, right, 1, MAX_LEAF_ENTRIES - keep);
    this.setCount(right, MAX_LEAF_ENTRIES - keep);
    this.setCount(leaf, keep);
    if (index > keep || keep === MAX_LEAF_ENTRIES) this.insertEntry(right, index - keep, child);
    else this.insertEntry(leaf, index, child);
    return right;
  }

  private splitInner(node: number, position: number, child: number): number {
    const right = this.makeNode(MAX_NODE_WORDS, levelOf(this.nodes.get(node, 0)));
    const keep = position === MAX_INNER_ENTRIES ? MAX_INNER_ENTRIES : MAX_INNER_ENTRIES >>> 1;
    this.nodes.move(node, 1 + 2 * keep, right, 1, 2 * (MAX_INNER_ENTRIES - keep));
    this.setCount(right, MAX_INNER_ENTRIES - keep);
    this.setCount(node, keep);
    if (position > keep || keep === MAX_INNER_ENTRIES) this.insertPair(right, position - keep, child);
    else this.insertPair(node, position, child);
    return right;
  }

  private insertEntry(leaf: number, index: number, child: number): void {
    const count = countOf(this.nodes.get(leaf, 0));
    this.nodes.move(leaf, 1 + index, leaf, 2 + index, count - index);
    this.nodes.set(leaf, 1 + index, child);
    this.setCount(leaf, count + 1);
  }

  private insertPair(node: number, index: number, child: number): void {
    const count = countOf(this.nodes.get(node, 0));
    this.nodes.move(node, 1 + 2 * index, node, 3 + 2 * index, 2 * (count - index));
    // The first handle below a node stands in the same place in leaves and inner nodes.
    this.nodes.set(node, 1 + 2 * index, this.nodes.get(child, 1));
    this.nodes.set(node, 2 + 2 * index, child);
    this.setCount(node, count + 1);
  }

  private removeEntry(leaf: number, index: number): void {
    const count = countOf(this.nodes.get(leaf, 0));
    this.nodes.move(leaf, 2 + index, leaf, 1 + index, count - index - 1);
    this.setCount(leaf, count - 1);
  }

  private removePair(node: number, index: number): void {
    const count = countOf(this.nodes.get(node, 0));
    this.nodes.move(node, 3 + 2 * index, node, 1 + 2 * index, 2 * (count - index - 1));
    this.setCount(node, count - 1);
  }

  /** After a removal at the end of the path: drops empty nodes, joins small ones, rights the keys above. */
  private mend(): void {
    for (let depth = this.depth; depth > 0; depth--) {
      const node = this.pathNode[depth] as number;
      const above = this.pathNode[depth - 1] as number;
      const index = this.pathIndex[depth - 1] as number;
      if (countOf(this.nodes.get(node, 0)) === 0) {
        this.freeNode(node);
        this.removePair(above, index);
        continue;
      }
      this.nodes.set(above, 1 + 2 * index, this.nodes.get(node, 1));
      const last = countOf(this.nodes.get(above, 0)) - 1;
      if (index > 0 && this.joinable(this.nodes.get(above, 2 * index), node)) {
        this.join(this.nodes.get(above, 2 * index), node);
        this.removePair(above, index);
      } else if (index < last && this.joinable(node, this.nodes.get(above, 4 + 2 * index))) {
        this.join(node, this.nodes.get(above, 4 + 2 * index));
        this.removePair(above, index + 1);
      } else if (index > 0) {
        return;
      }
    }
  }

  /** Neighbours are joined when one of them is nearly empty and the result leaves room to grow. */
  private joinable(left: number, right: number): boolean {
    const header = this.nodes.get(left, 0);
    const a = countOf(header);
    const b = countOf(this.nodes.get(right, 0));
    const most = levelOf(header) === 0 ? MAX_LEAF_ENTRIES : MAX_INNER_ENTRIES;
    return Math.min(a, b) < most >>> 2 && a + b <= (most * 3) >>> 2;
  }

  private join(left: number, right: number): void {
    const header = this.nodes.get(left, 0);
    const width = levelOf(header) === 0 ? 1 : 2;
    const a = countOf(header);
    const b = countOf(this.nodes.get(right, 0));
    this.nodes.move(right, 1, left, 1 + width * a, width * b);
    this.setCount(left, a + b);
    this.freeNode(right);
  }

  /** Takes levels of one entry off, makes the leaf of a small directory small, and removes the last node for one child. */
  private shrinkRoot(directory: number, count: number): void {
    let root = this.rows.get(directory, CHILDREN);
    let header = this.nodes.get(root, 0);
    while (levelOf(header) > 0 && countOf(header) === 1) {
      const below = this.nodes.get(root, 2);
      this.freeNode(root);
      root = below;
      header = this.nodes.get(root, 0);
    }
    if (levelOf(header) === 0) {
      const room = roomOf(header);
      if (count === 1) {
        const only = this.nodes.get(root, 1);
        this.freeNode(root);
        root = only;
      } else if (room > 8 && count + 1 <= room >>> 2) {
        const smaller = this.makeNode(SMALL_LEAF_WORDS.find((words) => words >= (count + 1) * 2) ?? MAX_NODE_WORDS, 0);
        this.nodes.move(root, 1, smaller, 1, count);
        this.setCount(smaller, count);
        this.freeNode(root);
        root = smaller;
      }
    }
    this.rows.set(directory, CHILDREN, root);
  }
}
