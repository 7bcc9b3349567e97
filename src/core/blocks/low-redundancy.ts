// Blocks that need more replicas, or better placed ones, in five queues of urgency. What is done about them is the
// redundancy work's. Mirrors LowRedundancyBlocks for contiguous blocks.
import type { BlockHandle } from './block-map.ts';
import { HandleLists } from './handle-lists.ts';

export const Priority = {
  /** One live replica, or only ones on nodes that are leaving: lost at the next failure. */
  HIGHEST: 0,
  /** Fewer than a third of the replicas wanted. */
  VERY_LOW: 1,
  LOW: 2,
  /** Enough replicas, too few racks. */
  BADLY_DISTRIBUTED: 3,
  /** No good replica known: nothing to copy from. */
  CORRUPT: 4,
} as const;
export type Priority = (typeof Priority)[keyof typeof Priority];
export const PRIORITY_LEVELS = 5;

/** Where a block with these counts belongs. */
export function priorityOf(live: number, readOnly: number, outOfService: number, expected: number): Priority {
  if (live >= expected) return Priority.BADLY_DISTRIBUTED;
  if (live === 0) return outOfService > 0 || readOnly > 0 ? Priority.HIGHEST : Priority.CORRUPT;
  if (live === 1) return Priority.HIGHEST;
  if (live * 3 < expected) return Priority.VERY_LOW;
  return Priority.LOW;
}

export interface ChosenBlock {
  readonly block: BlockHandle;
  readonly priority: Priority;
}

export class LowRedundancyBlocks {
  /** The mark of a handle says that one replica is wanted. */
  readonly #queues = new HandleLists(PRIORITY_LEVELS);

  get size(): number {
    return this.#queues.size;
  }

  sizeOf(priority: Priority): number {
    return this.#queues.sizeOf(priority);
  }

  /** All but those without a good replica. */
  get lowRedundancyCount(): number {
    return this.#queues.size - this.corruptCount;
  }

  get corruptCount(): number {
    return this.#queues.sizeOf(Priority.CORRUPT);
  }

  /** Without a good replica, and only one was wanted. */
  get corruptWithOneReplicaCount(): number {
    return this.#queues.markedOf(Priority.CORRUPT);
  }

  has(block: BlockHandle): boolean {
    return this.#queues.has(block);
  }

  priority(block: BlockHandle): Priority | undefined {
    const list = this.#queues.listOf(block);
    return list < 0 ? undefined : (list as Priority);
  }

  /** Puts the block where its counts say, wherever it was. True when it was in no queue or in another. */
  update(block: BlockHandle, live: number, readOnly: number, outOfService: number, expected: number): boolean {
    const priority = priorityOf(live, readOnly, outOfService, expected);
    const single = expected === 1;
    const before = this.#queues.listOf(block);
    const wasSingle = before >= 0 && this.#queues.marked(block);
    if (before === priority && wasSingle === single) return false;
    this.#queues.move(priority, block, single);
    return true;
  }

  remove(block: BlockHandle): boolean {
    return this.#queues.remove(block);
  }

  /** As `update` of blocks of a group that all have the same counts, one bit for each place. */
  updateGroup(first: BlockHandle, bits: number, live: number, readOnly: number, outOfService: number, expected: number): void {
    this.#queues.moveGroup(priorityOf(live, readOnly, outOfService, expected), first, bits, expected === 1);
  }

  /** As `remove`. */
  removeGroup(first: BlockHandle, bits: number): void {
    this.#queues.removeGroup(first, bits);
  }

  /**
   * Up to `limit` blocks, most urgent first, going on where the last call ended; at the end of all queues the walk
   * begins again. Blocks without a good replica are passed over (they use up the limit, as in Apache).
   */
  choose(limit: number): ChosenBlock[] {
    const chosen: ChosenBlock[] = [];
    let looked = 0;
    let level = 0;
    for (; level < PRIORITY_LEVELS && looked < limit; level++) {
      for (; looked < limit; looked++) {
        const block = this.#queues.advance(level);
        if (block === 0) break;
        if (level !== Priority.CORRUPT) chosen.push({ block, priority: level as Priority });
      }
    }
    if (level === PRIORITY_LEVELS && looked < limit) this.#queues.rewind();
    return chosen;
  }

  /** Begins the walk of `choose` at the front again. */
  rewind(): void {
    this.#queues.rewind();
  }

  /** Those behind `after`, or all when that is not among them. */
  blocksOf(priority: Priority, after: BlockHandle = 0): IterableIterator<BlockHandle> {
    return this.#queues.in(priority, after);
  }

  clear(): void {
    this.#queues.clear();
  }
}
