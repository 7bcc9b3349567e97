// Changing the index of children: adding and removing, with the splits and joins of nodes that follow. What a node looks like
// is told in child-reader.ts.
import { assert } from '../../../base/assert.ts';
import {
  belowAt,
  ChildReader,
  COUNT_MASK,
  childAt,
  countOf,
  ENTRY_WORDS,
  hashOf,
  keyAt,
  LEVEL_SHIFT,
  leafEntries,
  levelOf,
  MAX_HEIGHT,
  ROOM_SHIFT,
  roomOf,
} from './child-reader.ts';
import { CHILD_COUNT, CHILDREN } from './layout.ts';

const MAX_INNER_WORDS = 192;
const MAX_INNER_ENTRIES = Math.floor((MAX_INNER_WORDS - 1) / ENTRY_WORDS);
const MAX_LEAF_WORDS = 160;
const MAX_LEAF_ENTRIES = leafEntries(MAX_LEAF_WORDS);
/** Room of the only leaf of a small directory grows in these steps. */
const LEAF_WORDS: readonly number[] = [4, 6, 9, 12, 16, 24, 33, 48, 64, 96, 128, MAX_LEAF_WORDS];

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
      const leaf = this.makeNode(LEAF_WORDS[0] as number, 0);
      this.insertEntry(leaf, 0, other);
      this.insertEntry(leaf, order < 0 ? 1 : 0, child);
      this.rows.set(directory, CHILDREN, leaf);
    } else {
      const root = this.rows.get(directory, CHILDREN);
      // Who makes a name has mostly just looked whether it is free.
      if (!this.searchMissed(directory, bytes, start, end) && !this.searchEnd(root, bytes, start, end)) {
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
      this.countPath(-1);
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
      node = this.nodes.get(node, childAt(count - 1));
      depth++;
    }
  }

  /** Adds to the counts along the path of the last search. */
  private countPath(delta: number): void {
    for (let depth = 0; depth < this.depth; depth++) {
      const node = this.pathNode[depth] as number;
      const word = belowAt(this.pathIndex[depth] as number);
      this.nodes.set(node, word, this.nodes.get(node, word) + delta);
    }
  }

  /** Handles in a node and below it. */
  private below(node: number): number {
    const header = this.nodes.get(node, 0);
    if (levelOf(header) === 0) return countOf(header);
    let sum = 0;
    for (let i = countOf(header) - 1; i >= 0; i--) sum += this.nodes.get(node, belowAt(i));
    return sum;
  }

  /** Puts the child where the last search ended. */
  private insert(directory: number, child: number): void {
    let depth = this.depth;
    const leaf = this.pathNode[depth] as number;
    const index = this.pathIndex[depth] as number;
    this.countPath(1);
    // Before the first of a leaf means before the first of all: the way here was along the left edge.
    if (index === 0) {
      for (let d = depth - 1; d >= 0; d--) this.nodes.set(this.pathNode[d] as number, keyAt(0), child);
    }
    const header = this.nodes.get(leaf, 0);
    const count = countOf(header);
    const room = roomOf(header);
    if (count < leafEntries(room)) {
      this.insertEntry(leaf, index, child);
      return;
    }
    if (room < MAX_LEAF_WORDS) {
      const larger = this.makeNode(LEAF_WORDS.find((words) => words > room) ?? MAX_LEAF_WORDS, 0);
      this.moveEntries(leaf, 0, larger, 0, count);
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
      this.nodes.set(node, belowAt(position - 1), this.below(left));
      if (countOf(this.nodes.get(node, 0)) < MAX_INNER_ENTRIES) {
        this.insertChild(node, position, right);
        return;
      }
      right = this.splitInner(node, position, right);
      left = node;
    }
    const level = levelOf(this.nodes.get(left, 0)) + 1;
    assert(level < MAX_HEIGHT, 'directory index too high');
    const root = this.makeNode(MAX_INNER_WORDS, level);
    this.insertChild(root, 0, left);
    this.insertChild(root, 1, right);
    this.rows.set(directory, CHILDREN, root);
  }

  /** Splits a full leaf while adding a child to it; answers the new right half. */
  private splitLeaf(leaf: number, index: number, child: number): number {
    const right = this.makeNode(MAX_LEAF_WORDS, 0);
    // Adding at the end leaves the left one full: names that come in order fill their nodes.
    const keep = index === MAX_LEAF_ENTRIES ? MAX_LEAF_ENTRIES : MAX_LEAF_ENTRIES >>> 1;
    this.moveEntries(leaf, keep, right, 0, MAX_LEAF_ENTRIES - keep);
    this.setCount(right, MAX_LEAF_ENTRIES - keep);
    this.setCount(leaf, keep);
    if (index > keep || keep === MAX_LEAF_ENTRIES) this.insertEntry(right, index - keep, child);
    else this.insertEntry(leaf, index, child);
    return right;
  }

  private splitInner(node: number, position: number, child: number): number {
    const right = this.makeNode(MAX_INNER_WORDS, levelOf(this.nodes.get(node, 0)));
    const keep = position === MAX_INNER_ENTRIES ? MAX_INNER_ENTRIES : MAX_INNER_ENTRIES >>> 1;
    this.nodes.move(node, keyAt(keep), right, keyAt(0), ENTRY_WORDS * (MAX_INNER_ENTRIES - keep));
    this.setCount(right, MAX_INNER_ENTRIES - keep);
    this.setCount(node, keep);
    if (position > keep || keep === MAX_INNER_ENTRIES) this.insertChild(right, position - keep, child);
    else this.insertChild(node, position, child);
    return right;
  }

  private insertEntry(leaf: number, index: number, child: number): void {
    const count = countOf(this.nodes.get(leaf, 0));
    this.moveEntries(leaf, index, leaf, index + 1, count - index);
    this.nodes.set(leaf, 1 + index, child);
    const start = this.names.start(child);
    const hash = hashOf(this.names.bytes(child), start, start + this.names.length(child));
    this.nodes.ownBytes(leaf)[this.hashAt(leaf) + index] = hash;
    this.setCount(leaf, count + 1);
  }

  /** Copies entries of a leaf, handles and hashes, to another (or within one). */
  private moveEntries(from: number, fromIndex: number, to: number, toIndex: number, count: number): void {
    if (count <= 0) return;
    this.nodes.move(from, 1 + fromIndex, to, 1 + toIndex, count);
    const target = this.nodes.ownBytes(to);
    const source = this.nodes.bytes(from);
    const sourceAt = this.hashAt(from) + fromIndex;
    const targetAt = this.hashAt(to) + toIndex;
    if (source === target) target.copyWithin(targetAt, sourceAt, sourceAt + count);
    else for (let i = 0; i < count; i++) target[targetAt + i] = source[sourceAt + i] as number;
  }

  /** Where the hashes of a leaf begin in its page's bytes. */
  private hashAt(leaf: number): number {
    return this.nodes.byteAt(leaf) + 4 * (1 + leafEntries(roomOf(this.nodes.get(leaf, 0))));
  }

  private insertChild(node: number, index: number, child: number): void {
    const count = countOf(this.nodes.get(node, 0));
    this.nodes.move(node, keyAt(index), node, keyAt(index + 1), ENTRY_WORDS * (count - index));
    // The first handle below a node stands in the same place in leaves and inner nodes.
    this.nodes.set(node, keyAt(index), this.nodes.get(child, keyAt(0)));
    this.nodes.set(node, childAt(index), child);
    this.nodes.set(node, belowAt(index), this.below(child));
    this.setCount(node, count + 1);
  }

  private removeEntry(leaf: number, index: number): void {
    const count = countOf(this.nodes.get(leaf, 0));
    this.moveEntries(leaf, index + 1, leaf, index, count - index - 1);
    this.setCount(leaf, count - 1);
  }

  private removeChild(node: number, index: number): void {
    const count = countOf(this.nodes.get(node, 0));
    this.nodes.move(node, keyAt(index + 1), node, keyAt(index), ENTRY_WORDS * (count - index - 1));
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
        this.removeChild(above, index);
        continue;
      }
      this.nodes.set(above, keyAt(index), this.nodes.get(node, keyAt(0)));
      const last = countOf(this.nodes.get(above, 0)) - 1;
      if (index > 0 && this.joinable(above, index - 1)) {
        this.join(above, index - 1);
      } else if (index < last && this.joinable(above, index)) {
        this.join(above, index);
      } else if (index > 0) {
        return;
      }
    }
  }

  /** A child and the one after it are joined when one of them is nearly empty and the result leaves room to grow. */
  private joinable(above: number, index: number): boolean {
    const header = this.nodes.get(this.nodes.get(above, childAt(index)), 0);
    const a = countOf(header);
    const b = countOf(this.nodes.get(this.nodes.get(above, childAt(index + 1)), 0));
    const most = levelOf(header) === 0 ? MAX_LEAF_ENTRIES : MAX_INNER_ENTRIES;
    return Math.min(a, b) < most >>> 2 && a + b <= (most * 3) >>> 2;
  }

  private join(above: number, index: number): void {
    const left = this.nodes.get(above, childAt(index));
    const right = this.nodes.get(above, childAt(index + 1));
    const header = this.nodes.get(left, 0);
    const a = countOf(header);
    const b = countOf(this.nodes.get(right, 0));
    if (levelOf(header) === 0) this.moveEntries(right, 0, left, a, b);
    else this.nodes.move(right, keyAt(0), left, keyAt(a), ENTRY_WORDS * b);
    this.setCount(left, a + b);
    this.freeNode(right);
    this.nodes.set(above, belowAt(index), this.nodes.get(above, belowAt(index)) + this.nodes.get(above, belowAt(index + 1)));
    this.removeChild(above, index + 1);
  }

  /** Takes levels of one entry off, makes the leaf of a small directory small, and removes the last node for one child. */
  private shrinkRoot(directory: number, count: number): void {
    let root = this.rows.get(directory, CHILDREN);
    let header = this.nodes.get(root, 0);
    while (levelOf(header) > 0 && countOf(header) === 1) {
      const below = this.nodes.get(root, childAt(0));
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
      } else if (room > 8 && count <= leafEntries(room) >>> 2) {
        const smaller = this.makeNode(LEAF_WORDS.find((words) => leafEntries(words) >= count * 2) ?? MAX_LEAF_WORDS, 0);
        this.moveEntries(root, 0, smaller, 0, count);
        this.setCount(smaller, count);
        this.freeNode(root);
        root = smaller;
      }
    }
    this.rows.set(directory, CHILDREN, root);
  }
}
