// From a block id (64 bits, signed) to a handle. Three kinds of ids are met: contiguous blocks count up from 2^30, striped
// block groups from -2^63, and old clusters drew theirs at random. The first two are counted, so an index by digits serves
// them; the few that are not lie in a map.
import { assert } from '../../../base/assert.ts';
import { type BlockId, LAST_RESERVED_BLOCK_ID } from '../../../base/ids.ts';
import type { PageAllocator } from '../../pages/allocator.ts';
import { IdIndex } from '../../pages/id-index.ts';

/** Counted ids lie within so much of their start; beyond, an id is taken for a random one. */
const COUNTED_SPAN = 2 ** 40;
const CONTIGUOUS_START = Number(LAST_RESERVED_BLOCK_ID);
const CONTIGUOUS_END = CONTIGUOUS_START + COUNTED_SPAN;
const STRIPED_START = -(2n ** 63n);
/** A number that is certainly beyond the striped ids, rounding included. */
const STRIPED_BOUND = -(2 ** 62);

export class BlockIds {
  private readonly contiguous: IdIndex;
  private readonly striped: IdIndex;
  private readonly random = new Map<bigint, number>();

  constructor(allocator: PageAllocator) {
    this.contiguous = new IdIndex(allocator);
    this.striped = new IdIndex(allocator);
  }

  find(id: BlockId): number {
    const value = Number(id);
    if (value >= CONTIGUOUS_START && value < CONTIGUOUS_END) return this.contiguous.find(value - CONTIGUOUS_START);
    const key = value < STRIPED_BOUND ? Number(id - STRIPED_START) : COUNTED_SPAN;
    return key < COUNTED_SPAN ? this.striped.find(key) : (this.random.get(id) ?? 0);
  }

  add(id: BlockId, handle: number): void {
    const value = Number(id);
    if (value >= CONTIGUOUS_START && value < CONTIGUOUS_END) {
      this.contiguous.add(value - CONTIGUOUS_START, handle);
      return;
    }
    const key = value < STRIPED_BOUND ? Number(id - STRIPED_START) : COUNTED_SPAN;
    if (key < COUNTED_SPAN) {
      this.striped.add(key, handle);
    } else {
      assert(!this.random.has(id), 'the id is taken');
      this.random.set(id, handle);
    }
  }

  remove(id: BlockId): void {
    const value = Number(id);
    if (value >= CONTIGUOUS_START && value < CONTIGUOUS_END) {
      this.contiguous.remove(value - CONTIGUOUS_START);
      return;
    }
    const key = value < STRIPED_BOUND ? Number(id - STRIPED_START) : COUNTED_SPAN;
    if (key < COUNTED_SPAN) this.striped.remove(key);
    else assert(this.random.delete(id), 'the id is not there');
  }
}
