// From a block id (64 bits, signed, in two halves) to the number of its group. Three kinds of ids are met: contiguous blocks
// count up from 2^30, striped block groups from -2^63, and old clusters drew theirs at random. The first two are counted, so
// an index by digits serves them; the few that are not lie in a map.
import { assert } from '../../../base/assert.ts';
import { LAST_RESERVED_BLOCK_ID } from '../../../base/ids.ts';
import type { PageAllocator } from '../../pages/allocator.ts';
import { IdIndex } from '../../pages/id-index.ts';
import { GROUP_BITS, GROUP_SIZE } from './layout.ts';

/** Counted ids lie within so much of their start; beyond, an id is taken for a random one. */
const COUNTED_SPAN = 2 ** 40;
const CONTIGUOUS_START = Number(LAST_RESERVED_BLOCK_ID);
const CONTIGUOUS_END = CONTIGUOUS_START + COUNTED_SPAN;
const TWO_32 = 2 ** 32;
/** The high half of the first striped id, and of the first that is not counted any more. */
const STRIPED_START_HIGH = -(2 ** 31);
const STRIPED_END_HIGH = STRIPED_START_HIGH + COUNTED_SPAN / TWO_32;

export class BlockGroupIds {
  private readonly contiguous: IdIndex;
  private readonly striped: IdIndex;
  private readonly random = new Map<bigint, number>();

  constructor(allocator: PageAllocator) {
    this.contiguous = new IdIndex(allocator);
    this.striped = new IdIndex(allocator);
  }

  /** The group of an id, or 0. Both halves are signed. */
  find(low: number, high: number): number {
    const value = high * TWO_32 + (low >>> 0);
    if (value >= CONTIGUOUS_START && value < CONTIGUOUS_END) return this.contiguous.find(numberOf(value - CONTIGUOUS_START));
    if (high < STRIPED_END_HIGH) return this.striped.find(stripedNumber(low, high));
    return this.random.size === 0 ? 0 : (this.random.get(key(low, high)) ?? 0);
  }

  add(low: number, high: number, group: number): void {
    const value = high * TWO_32 + (low >>> 0);
    if (value >= CONTIGUOUS_START && value < CONTIGUOUS_END) {
      this.contiguous.add(numberOf(value - CONTIGUOUS_START), group);
    } else if (high < STRIPED_END_HIGH) {
      this.striped.add(stripedNumber(low, high), group);
    } else {
      const id = key(low, high);
      assert(!this.random.has(id), 'the id is taken');
      this.random.set(id, group);
    }
  }

  remove(low: number, high: number): void {
    const value = high * TWO_32 + (low >>> 0);
    if (value >= CONTIGUOUS_START && value < CONTIGUOUS_END) {
      this.contiguous.remove(numberOf(value - CONTIGUOUS_START));
    } else if (high < STRIPED_END_HIGH) {
      this.striped.remove(stripedNumber(low, high));
    } else {
      assert(this.random.delete(key(low, high)), 'the id is not there');
    }
  }
}

const numberOf = (counted: number): number => Math.floor(counted / GROUP_SIZE);

/** Halves, because the striped ids are too large for a number. */
const stripedNumber = (low: number, high: number): number => numberOf((high - STRIPED_START_HIGH) * TWO_32 + (low >>> 0));

const key = (low: number, high: number): bigint => ((BigInt(high) << 32n) | BigInt(low >>> 0)) >> BigInt(GROUP_BITS);
