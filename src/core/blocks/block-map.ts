// The block map: every block of the namespace, what is known of it, and which storages hold it. Passive state in pages;
// what to do about it is the block manager's. How a row is laid out is in table/layout.ts, ids in table/block-ids.ts.
import { assert } from '../../base/assert.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import type { InodeHandle } from '../namespace/inodes.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { Arena } from '../pages/arena.ts';
import { listFree, listGet, listPop, listPush, listSet } from '../pages/number-list.ts';
import { join, Records, splitHigh, splitLow } from '../pages/records.ts';
import { BlockIds } from './table/block-ids.ts';
import * as row from './table/layout.ts';

/** Recycled number of a block; 0 is none. */
export type BlockHandle = number;
/** Number of a storage (a DataNode's volume) in the block manager's table, from 1 to 2^24 - 1; 0 is none. */
export type StorageNumber = number;

/** Apache: HdfsServerConstants.BlockUCState, in its order. */
export const BlockState = { COMPLETE: 0, UNDER_CONSTRUCTION: 1, UNDER_RECOVERY: 2, COMMITTED: 3 } as const;
export type BlockState = (typeof BlockState)[keyof typeof BlockState];

/** What a checkpoint reads of blocks: valid and unchanging while the live map goes on. */
export interface BlockReader {
  id(block: BlockHandle): BlockId;
  genStamp(block: BlockHandle): GenStamp;
  numBytes(block: BlockHandle): number;
  state(block: BlockHandle): BlockState;
}

export interface FrozenBlocks extends BlockReader {
  /** Gives the pages back; the view must not be used afterwards. */
  release(): void;
}

/** One code for the live map and its frozen views. */
class BlockView implements BlockReader {
  protected readonly rows: Records;

  constructor(rows: Records) {
    this.rows = rows;
  }

  id(block: BlockHandle): BlockId {
    const low = this.rows.get(block, row.ID_LOW);
    const high = this.rows.get(block, row.ID_HIGH) | 0;
    // Below 2^53 a number gets there with one conversion instead of three operations on bigints.
    if (high >= 0 && high <= row.LENGTH_HIGH_MASK) return BigInt(join(low, high)) as BlockId;
    return blockId((BigInt(high) << 32n) | BigInt(low));
  }

  /** Low and high half of the id, for whoever needs no bigint. */
  idLow(block: BlockHandle): number {
    return this.rows.get(block, row.ID_LOW);
  }

  idHigh(block: BlockHandle): number {
    return this.rows.get(block, row.ID_HIGH);
  }

  genStamp(block: BlockHandle): GenStamp {
    return genStamp(join(this.rows.get(block, row.STAMP_LOW), this.rows.get(block, row.STAMP_HIGH)));
  }

  numBytes(block: BlockHandle): number {
    return join(this.rows.get(block, row.LENGTH_LOW), this.rows.get(block, row.LENGTH_HIGH_FLAGS) & row.LENGTH_HIGH_MASK);
  }

  state(block: BlockHandle): BlockState {
    return ((this.rows.get(block, row.LENGTH_HIGH_FLAGS) >>> row.STATE_SHIFT) & row.STATE_MASK) as BlockState;
  }
}

class FrozenBlockView extends BlockView implements FrozenBlocks {
  release(): void {
    this.rows.release();
  }
}

export interface BlockMapOptions {
  /** Pages of several tables may come from one allocator. */
  readonly allocator?: PageAllocator;
}

export class BlockMap extends BlockView {
  private readonly lists: Arena;
  private readonly ids: BlockIds;
  private count = 0;

  constructor(options: BlockMapOptions = {}) {
    const allocator = options.allocator ?? new PageAllocator();
    super(new Records(allocator, row.ROW_WORDS));
    this.lists = new Arena(allocator);
    this.ids = new BlockIds(allocator);
  }

  get size(): number {
    return this.count;
  }

  /** Highest handle ever handed out: the end of a scan. */
  get highestHandle(): BlockHandle {
    return this.rows.highestHandle;
  }

  /** Adds a block that belongs to `owner` (0: to none yet). The id must be new. */
  add(id: BlockId, stamp: GenStamp, numBytes: number, owner: InodeHandle, state: BlockState): BlockHandle {
    const block = this.rows.allocate();
    this.ids.add(id, block);
    const page = this.rows.rowPage(block);
    const at = this.rows.rowAt(block);
    page[at + row.ID_LOW] = Number(BigInt.asUintN(32, id));
    page[at + row.ID_HIGH] = Number(id >> 32n);
    page[at + row.STAMP_LOW] = splitLow(stamp);
    page[at + row.STAMP_HIGH] = splitHigh(stamp);
    page[at + row.LENGTH_LOW] = splitLow(numBytes);
    page[at + row.LENGTH_HIGH_FLAGS] = lengthHigh(numBytes) | (state << row.STATE_SHIFT) | row.LIVE;
    page[at + row.OWNER] = owner;
    this.count++;
    return block;
  }

  /** Forgets the block and its replicas; the handle will be reused. */
  remove(block: BlockHandle): void {
    assert(this.isLive(block), 'no such block');
    this.ids.remove(this.id(block));
    if (this.inList(block)) listFree(this.lists, this.rows.get(block, row.LIST_HEAD), this.rows.get(block, row.LIST_LENGTH));
    this.rows.free(block);
    this.count--;
  }

  /** Handle of an id, or 0. */
  find(id: BlockId): BlockHandle {
    return this.ids.find(id);
  }

  isLive(block: BlockHandle): boolean {
    return block > 0 && block <= this.rows.highestHandle && (this.rows.get(block, row.LENGTH_HIGH_FLAGS) & row.LIVE) !== 0;
  }

  owner(block: BlockHandle): InodeHandle {
    return this.rows.get(block, row.OWNER);
  }

  setOwner(block: BlockHandle, owner: InodeHandle): void {
    this.rows.set(block, row.OWNER, owner);
  }

  setGenStamp(block: BlockHandle, stamp: GenStamp): void {
    this.rows.set(block, row.STAMP_LOW, splitLow(stamp));
    this.rows.set(block, row.STAMP_HIGH, splitHigh(stamp));
  }

  setNumBytes(block: BlockHandle, numBytes: number): void {
    const rest = this.rows.get(block, row.LENGTH_HIGH_FLAGS) & ~row.LENGTH_HIGH_MASK;
    this.rows.set(block, row.LENGTH_LOW, splitLow(numBytes));
    this.rows.set(block, row.LENGTH_HIGH_FLAGS, rest | lengthHigh(numBytes));
  }

  setState(block: BlockHandle, state: BlockState): void {
    const rest = this.rows.get(block, row.LENGTH_HIGH_FLAGS) & ~(row.STATE_MASK << row.STATE_SHIFT);
    this.rows.set(block, row.LENGTH_HIGH_FLAGS, rest | (state << row.STATE_SHIFT));
  }

  replicaCount(block: BlockHandle): number {
    const inline = this.replicaField(block);
    return inline === row.REPLICAS_IN_LIST ? this.rows.get(block, row.LIST_LENGTH) : inline;
  }

  /** In the order in which they were added. */
  replicaAt(block: BlockHandle, index: number): StorageNumber {
    const inline = this.replicaField(block);
    if (inline === row.REPLICAS_IN_LIST) {
      return listGet(this.lists, this.rows.get(block, row.LIST_HEAD), this.rows.get(block, row.LIST_LENGTH), index);
    }
    assert(index >= 0 && index < inline, 'no such replica');
    return this.rows.get(block, row.REPLICAS + index);
  }

  hasReplica(block: BlockHandle, storage: StorageNumber): boolean {
    return this.indexOf(block, storage) >= 0;
  }

  /** False when it was there already. */
  addReplica(block: BlockHandle, storage: StorageNumber): boolean {
    assert(storage > 0 && storage <= row.MAX_STORAGE_NUMBER, 'storage number out of range');
    if (this.indexOf(block, storage) >= 0) return false;
    const inline = this.replicaField(block);
    if (inline < row.INLINE_REPLICAS) {
      this.rows.set(block, row.REPLICAS + inline, storage);
      this.setReplicaField(block, inline + 1);
      return true;
    }
    let head = 0;
    let length = 0;
    if (inline === row.REPLICAS_IN_LIST) {
      head = this.rows.get(block, row.LIST_HEAD);
      length = this.rows.get(block, row.LIST_LENGTH);
    } else {
      for (; length < inline; length++) head = listPush(this.lists, head, length, this.rows.get(block, row.REPLICAS + length));
      this.setReplicaField(block, row.REPLICAS_IN_LIST);
    }
    this.rows.set(block, row.LIST_HEAD, listPush(this.lists, head, length, storage));
    this.rows.set(block, row.LIST_LENGTH, length + 1);
    return true;
  }

  /** False when it was not there. */
  removeReplica(block: BlockHandle, storage: StorageNumber): boolean {
    const index = this.indexOf(block, storage);
    if (index < 0) return false;
    const inline = this.replicaField(block);
    if (inline !== row.REPLICAS_IN_LIST) {
      for (let i = index; i < inline - 1; i++) {
        this.rows.set(block, row.REPLICAS + i, this.rows.get(block, row.REPLICAS + i + 1));
      }
      this.rows.set(block, row.REPLICAS + inline - 1, 0);
      this.setReplicaField(block, inline - 1);
      return true;
    }
    let head = this.rows.get(block, row.LIST_HEAD);
    const length = this.rows.get(block, row.LIST_LENGTH);
    for (let i = index; i < length - 1; i++) {
      head = listSet(this.lists, head, length, i, listGet(this.lists, head, length, i + 1));
    }
    head = listPop(this.lists, head, length);
    if (length - 1 > row.INLINE_REPLICAS) {
      this.rows.set(block, row.LIST_HEAD, head);
      this.rows.set(block, row.LIST_LENGTH, length - 1);
      return true;
    }
    for (let i = 0; i < length - 1; i++) this.rows.set(block, row.REPLICAS + i, listGet(this.lists, head, length - 1, i));
    listFree(this.lists, head, length - 1);
    this.setReplicaField(block, length - 1);
    return true;
  }

  /** Blocks from handle `from` on, at most `limit` handles looked at; answers where to go on, 0 at the end. */
  scan(from: BlockHandle, limit: number, visit: (block: BlockHandle) => void): BlockHandle {
    const start = Math.max(from, 1);
    const end = Math.min(start + limit, this.rows.highestHandle + 1);
    for (let block = start; block < end; block++) if (this.isLive(block)) visit(block);
    return end > this.rows.highestHandle ? 0 : end;
  }

  freeze(): FrozenBlocks {
    return new FrozenBlockView(this.rows.freeze());
  }

  private replicaField(block: BlockHandle): number {
    return (this.rows.get(block, row.LENGTH_HIGH_FLAGS) >>> row.REPLICAS_SHIFT) & row.REPLICAS_MASK;
  }

  private setReplicaField(block: BlockHandle, value: number): void {
    const rest = this.rows.get(block, row.LENGTH_HIGH_FLAGS) & ~(row.REPLICAS_MASK << row.REPLICAS_SHIFT);
    this.rows.set(block, row.LENGTH_HIGH_FLAGS, rest | (value << row.REPLICAS_SHIFT));
  }

  private inList(block: BlockHandle): boolean {
    return this.replicaField(block) === row.REPLICAS_IN_LIST;
  }

  private indexOf(block: BlockHandle, storage: StorageNumber): number {
    const page = this.rows.page(block);
    const at = this.rows.rowAt(block);
    const inline = ((page[at + row.LENGTH_HIGH_FLAGS] as number) >>> row.REPLICAS_SHIFT) & row.REPLICAS_MASK;
    if (inline !== row.REPLICAS_IN_LIST) {
      for (let i = 0; i < inline; i++) if (page[at + row.REPLICAS + i] === storage) return i;
      return -1;
    }
    const head = this.rows.get(block, row.LIST_HEAD);
    const length = this.rows.get(block, row.LIST_LENGTH);
    for (let i = 0; i < length; i++) if (listGet(this.lists, head, length, i) === storage) return i;
    return -1;
  }
}

/** The bits of a length above 32; a length beyond 2^53 cannot be. */
function lengthHigh(numBytes: number): number {
  assert(numBytes >= 0 && numBytes <= Number.MAX_SAFE_INTEGER, 'block length out of range');
  return splitHigh(numBytes);
}
