// From an id (a whole number from 0 to 2^53 - 1) to a handle: a tree by groups of five bits, each node a bitmap and only the
// entries that exist. Ids that were handed out one after another and are still alive cost about five bytes each; ids that
// died cost nothing, so a file system that has created many times what it holds stays small. Nothing is ever rehashed.
import { assert } from '../../base/assert.ts';
import type { PageAllocator } from './allocator.ts';
import { Arena } from './arena.ts';

const DIGIT_BITS = 5;
const DIGIT_MASK = 31;
const FULL = 0xffffffff;
const TWO_32 = 2 ** 32;
/** Of the node that a search starts from when it is near the one before. */
const FINGER_LEVEL = 1;
const FINGER_MASK = 2 ** (DIGIT_BITS * (FINGER_LEVEL + 1)) - 1;
/** Levels that 53 bits need. */
const MAX_LEVELS = 11;

function popCount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Words of a node with `count` entries: the bitmap, then a power of two. */
function nodeWords(count: number): number {
  return count <= 1 ? 2 : 1 + (1 << (32 - Math.clz32(count - 1)));
}

function digitOf(low: number, high: number, level: number): number {
  const shift = level * DIGIT_BITS;
  if (shift < 30) return (low >>> shift) & DIGIT_MASK;
  if (shift === 30) return ((low >>> 30) | (high << 2)) & DIGIT_MASK;
  return (high >>> (shift - 32)) & DIGIT_MASK;
}

export class IdIndex {
  private readonly nodes: Arena;
  private root = 0;
  /** Levels of the tree; ids below 32^levels fit. 0: nothing was ever stored. */
  private levels = 0;
  private limit = 1;
  private entries = 0;
  /**
   * Where the last search came by: the node above the last two levels, and the first of the 1,024 ids below it. Who asks for
   * ids in their order, as reports do, begins there. -1: nowhere.
   */
  private fingerId = -1;
  private fingerNode = 0;
  /** The way down of a removal, by level: nodes, and the entry in each. */
  private readonly path: number[] = new Array<number>(MAX_LEVELS + 1).fill(0);
  private readonly indexes: number[] = new Array<number>(MAX_LEVELS + 1).fill(0);

  constructor(allocator: PageAllocator) {
    this.nodes = new Arena(allocator);
  }

  get size(): number {
    return this.entries;
  }

  /** Handle of an id, or 0; also 0 for what is no id at all. */
  find(id: number): number {
    if (!(id >= 0 && id < this.limit)) return 0;
    const low = id >>> 0;
    const high = (id / TWO_32) >>> 0;
    const near = id - (low & FINGER_MASK);
    let node = this.root;
    let level = this.levels - 1;
    if (near === this.fingerId) {
      node = this.fingerNode;
      level = FINGER_LEVEL;
    }
    for (; node !== 0 && level >= 0; level--) {
      if (level === FINGER_LEVEL) {
        this.fingerId = near;
        this.fingerNode = node;
      }
      const digit = digitOf(low, high, level);
      const page = this.nodes.page(node);
      const at = this.nodes.at(node);
      const bitmap = page[at] as number;
      if (bitmap === FULL) {
        node = page[at + 1 + digit] as number;
        continue;
      }
      const bit = 1 << digit;
      if ((bitmap & bit) === 0) return 0;
      node = page[at + 1 + popCount(bitmap & (bit - 1))] as number;
    }
    return node;
  }

  /** The id must not be there yet; the handle must not be 0. */
  add(id: number, handle: number): void {
    assert(Number.isSafeInteger(id) && id >= 0, 'an id is a whole number from 0 to 2^53 - 1');
    while (id >= this.limit || this.levels === 0) this.raise();
    this.fingerId = -1;
    const low = id >>> 0;
    const high = (id / TWO_32) >>> 0;
    // The node on the way, where it hangs (a node's slot; 0: the root), one level down in each turn.
    let above = 0;
    let aboveIndex = 0;
    let node = this.root;
    for (let level = this.levels - 1; ; level--) {
      const digit = digitOf(low, high, level);
      const bitmap = this.nodes.get(node, 0);
      const index = 1 + popCount(bitmap & ((1 << digit) - 1));
      const present = (bitmap & (1 << digit)) !== 0;
      if (level === 0) {
        assert(!present, 'the id is taken');
        this.insert(above, aboveIndex, node, digit, index, handle);
        break;
      }
      let child = present ? this.nodes.get(node, index) : 0;
      if (child === 0) {
        child = this.emptyNode();
        node = this.insert(above, aboveIndex, node, digit, index, child);
      }
      above = node;
      aboveIndex = index;
      node = child;
    }
    this.entries++;
  }

  /** The id must be there. */
  remove(id: number): void {
    assert(this.find(id) !== 0, 'the id is not there');
    this.fingerId = -1;
    const low = id >>> 0;
    const high = (id / TWO_32) >>> 0;
    const { path, indexes } = this;
    // Above the root there is nothing.
    path[this.levels] = 0;
    let node = this.root;
    for (let level = this.levels - 1; level >= 0; level--) {
      const digit = digitOf(low, high, level);
      path[level] = node;
      const index = 1 + popCount(this.nodes.get(node, 0) & ((1 << digit) - 1));
      indexes[level] = index;
      node = this.nodes.get(node, index);
    }
    for (let level = 0; level < this.levels; level++) {
      const at = path[level] as number;
      const index = indexes[level] as number;
      const bitmap = this.nodes.get(at, 0);
      const count = popCount(bitmap);
      const rest = bitmap & ~(1 << digitOf(low, high, level));
      if (count === 1 && level < this.levels - 1) {
        // Nothing is left in this node: it goes, and so does its entry one level up.
        this.nodes.free(at, nodeWords(1));
        continue;
      }
      this.nodes.move(at, index + 1, at, index, count - index);
      this.nodes.set(at, 0, rest);
      const fewer = nodeWords(count - 1);
      if (fewer < nodeWords(count)) {
        const smaller = this.nodes.allocate(fewer);
        this.nodes.move(at, 0, smaller, 0, count);
        this.nodes.free(at, nodeWords(count));
        this.hang(path[level + 1] as number, indexes[level + 1] as number, smaller);
      }
      break;
    }
    this.entries--;
  }

  /** One more level on top. */
  private raise(): void {
    const root = this.emptyNode();
    if (this.levels > 0) {
      this.nodes.set(root, 0, 1);
      this.nodes.set(root, 1, this.root);
    }
    this.root = root;
    this.levels++;
    this.limit = Math.min(2 ** (this.levels * DIGIT_BITS), Number.MAX_SAFE_INTEGER + 1);
  }

  private emptyNode(): number {
    const node = this.nodes.allocate(nodeWords(1));
    this.nodes.set(node, 0, 0);
    return node;
  }

  /** Puts an entry into a node, which may have to move; answers where it is now. */
  private insert(above: number, aboveIndex: number, node: number, digit: number, index: number, value: number): number {
    const bitmap = this.nodes.get(node, 0);
    const count = popCount(bitmap);
    let home = node;
    if (nodeWords(count + 1) > nodeWords(count)) {
      home = this.nodes.allocate(nodeWords(count + 1));
      this.nodes.move(node, 0, home, 0, 1 + count);
      this.nodes.free(node, nodeWords(count));
      this.hang(above, aboveIndex, home);
    }
    this.nodes.move(home, index, home, index + 1, 1 + count - index);
    this.nodes.set(home, index, value);
    this.nodes.set(home, 0, bitmap | (1 << digit));
    return home;
  }

  private hang(above: number, index: number, node: number): void {
    if (above === 0) this.root = node;
    else this.nodes.set(above, index, node);
  }
}
