// The block map: every block of the namespace, what is known of it, and which storages hold it. Passive state in pages;
// what to do about it is the block manager's. How blocks lie there in groups is in table/layout.ts.
import { assert } from '../../base/assert.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import type { InodeHandle } from '../namespace/inodes.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { Arena } from '../pages/arena.ts';
import { join, Records, splitHigh, splitLow } from '../pages/records.ts';
import type { ReplicaBatch } from './replica-batch.ts';
import { BlockGroupIds } from './table/block-ids.ts';
import { Column, Exceptions } from './table/exceptions.ts';
import { GroupReplicas } from './table/group-replicas.ts';
import * as row from './table/layout.ts';
import { type PackedReplicas, PackedRuns } from './table/packed-runs.ts';

/** Recycled number of a block; 0 is none. */
export type BlockHandle = number;
/** Number of a group of 32 ids (table/layout.ts); 0 is none. */
export type BlockGroup = number;
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
  protected readonly runs: Arena;
  protected readonly exceptions: Exceptions;

  constructor(rows: Records, runs: Arena) {
    this.rows = rows;
    this.runs = runs;
    this.exceptions = new Exceptions(rows, runs);
  }

  id(block: BlockHandle): BlockId {
    const low = this.idLow(block);
    const high = this.rows.get(groupOf(block), row.ID_HIGH) | 0;
    // Below 2^53 a number gets there with one conversion instead of three operations on bigints.
    if (high >= 0 && high <= row.LENGTH_HIGH_MASK) return BigInt(join(low, high)) as BlockId;
    return blockId((BigInt(high) << 32n) | BigInt(low));
  }

  /** Low and high half of the id, for whoever needs no bigint. */
  idLow(block: BlockHandle): number {
    return ((this.rows.get(groupOf(block), row.ID_LOW) & ~row.PLACE_MASK) | placeOf(block)) >>> 0;
  }

  idHigh(block: BlockHandle): number {
    return this.rows.get(groupOf(block), row.ID_HIGH);
  }

  genStamp(block: BlockHandle): GenStamp {
    return genStamp(this.wide(block, Column.STAMP) + placeOf(block));
  }

  numBytes(block: BlockHandle): number {
    const low = this.exceptions.get(groupOf(block), placeOf(block), Column.LENGTH, 0);
    return join(low, this.lengthHigh(block) & row.LENGTH_HIGH_MASK);
  }

  state(block: BlockHandle): BlockState {
    return ((this.lengthHigh(block) >>> row.STATE_SHIFT) & row.STATE_MASK) as BlockState;
  }

  protected lengthHigh(block: BlockHandle): number {
    return this.exceptions.get(groupOf(block), placeOf(block), Column.LENGTH, 1);
  }

  private wide(block: BlockHandle, column: Column): number {
    const { exceptions } = this;
    const group = groupOf(block);
    const place = placeOf(block);
    return join(exceptions.get(group, place, column, 0), exceptions.get(group, place, column, 1));
  }
}

class FrozenBlockView extends BlockView implements FrozenBlocks {
  release(): void {
    this.rows.release();
    this.runs.release();
  }
}

export interface BlockMapOptions {
  /** Pages of several tables may come from one allocator. */
  readonly allocator?: PageAllocator;
}

export class BlockMap extends BlockView {
  private readonly replicas: GroupReplicas;
  private readonly ids: BlockGroupIds;
  private readonly packed: PackedRuns;
  private count = 0;
  /** The group that was found last, 0: none, and the id that it begins with: who asks in order asks for it again. */
  private foundGroup = 0;
  private foundLow = 0;
  private foundHigh = 0;

  constructor(options: BlockMapOptions = {}) {
    const allocator = options.allocator ?? new PageAllocator();
    super(new Records(allocator, row.ROW_WORDS), new Arena(allocator));
    // Not frozen with the others: no view shows replicas.
    const homes = new Arena(allocator);
    this.replicas = new GroupReplicas(this.rows, homes);
    this.ids = new BlockGroupIds(allocator);
    this.packed = new PackedRuns(this.rows, this.runs, this.replicas, homes);
  }

  get size(): number {
    return this.count;
  }

  /** Highest handle that there can be: the end of a scan. */
  get highestHandle(): BlockHandle {
    return this.rows.highestHandle * row.GROUP_SIZE + row.PLACE_MASK;
  }

  /** Adds a block that belongs to `owner` (0: to none yet). The id must be new. */
  add(id: BlockId, stamp: GenStamp, numBytes: number, owner: InodeHandle, state: BlockState): BlockHandle {
    const value = Number(id);
    const isExact = Number.isSafeInteger(value);
    const low = isExact ? value | 0 : Number(BigInt.asIntN(32, id));
    const high = isExact ? Math.floor(value / TWO_32) : Number(id >> 32n);
    const place = low & row.PLACE_MASK;
    let group = this.ids.find(low, high);
    if (group === 0) {
      group = this.rows.allocate();
      assert(group < row.MAX_GROUPS, 'more groups of blocks than handles');
      this.ids.add(low, high, group);
      this.rows.set(group, row.ID_LOW, low & ~row.PLACE_MASK);
      this.rows.set(group, row.ID_HIGH, high);
    }
    const present = this.rows.get(group, row.PRESENT);
    assert(((present >>> place) & 1) === 0, 'the id is taken');
    this.rows.set(group, row.PRESENT, present | (1 << place));
    this.replicas.blockAdded(group, place);
    const shift = stamp - place;
    this.exceptions.set(group, place, Column.STAMP, splitLow(shift), splitHigh(shift));
    const lengthHigh = highOf(numBytes) | (state << row.STATE_SHIFT);
    this.exceptions.set(group, place, Column.LENGTH, splitLow(numBytes), lengthHigh);
    this.exceptions.set(group, place, Column.OWNER, owner, 0);
    this.count++;
    return group * row.GROUP_SIZE + place;
  }

  /** Forgets the block and its replicas; the handle will be used again. */
  remove(block: BlockHandle): void {
    assert(this.isLive(block), 'no such block');
    const group = groupOf(block);
    const place = placeOf(block);
    this.replicas.blockLeaves(group, place);
    this.exceptions.clear(group, place);
    const rest = this.rows.get(group, row.PRESENT) & ~(1 << place);
    this.rows.set(group, row.PRESENT, rest);
    if (rest === 0) {
      this.ids.remove(this.rows.get(group, row.ID_LOW) | 0, this.rows.get(group, row.ID_HIGH) | 0);
      this.rows.free(group);
      this.foundGroup = 0;
    }
    this.count--;
  }

  /** Handle of an id, or 0. */
  find(id: BlockId): BlockHandle {
    const value = Number(id);
    if (Number.isSafeInteger(value)) return this.findHalves(value | 0, Math.floor(value / TWO_32));
    return this.findHalves(Number(BigInt.asIntN(32, id)), Number(id >> 32n));
  }

  /** The same for an id in two halves, both signed. */
  findHalves(low: number, high: number): BlockHandle {
    const place = low & row.PLACE_MASK;
    if (this.foundGroup === 0 || low - place !== this.foundLow || high !== this.foundHigh) {
      this.foundGroup = this.ids.find(low, high);
      this.foundLow = low - place;
      this.foundHigh = high;
    }
    return this.at(this.foundGroup, place);
  }

  isLive(block: BlockHandle): boolean {
    const group = groupOf(block);
    return group > 0 && group <= this.rows.highestHandle && ((this.rows.get(group, row.PRESENT) >>> placeOf(block)) & 1) !== 0;
  }

  owner(block: BlockHandle): InodeHandle {
    return this.exceptions.get(groupOf(block), placeOf(block), Column.OWNER, 0);
  }

  /** The owners of the first `count` of `blocks`; quickest where those of a group follow each other. */
  owners(blocks: Uint32Array, count: number, into: Uint32Array): void {
    for (let i = 0; i < count; ) i = this.exceptions.owners(blocks, i, count, into);
  }

  setOwner(block: BlockHandle, owner: InodeHandle): void {
    this.exceptions.set(groupOf(block), placeOf(block), Column.OWNER, owner, 0);
  }

  setGenStamp(block: BlockHandle, stamp: GenStamp): void {
    const shift = stamp - placeOf(block);
    this.exceptions.set(groupOf(block), placeOf(block), Column.STAMP, splitLow(shift), splitHigh(shift));
  }

  setNumBytes(block: BlockHandle, numBytes: number): void {
    this.setLength(block, numBytes, this.state(block));
  }

  setState(block: BlockHandle, state: BlockState): void {
    this.setLength(block, this.numBytes(block), state);
  }

  /** The block at a place of a group, or 0. */
  at(group: BlockGroup, place: number): BlockHandle {
    return group !== 0 && ((this.rows.get(group, row.PRESENT) >>> place) & 1) !== 0 ? group * row.GROUP_SIZE + place : 0;
  }

  /**
   * What reports ask of every replica: whether there is such a block, complete, of that stamp and length, and whether the storage is
   * known to hold it. Cuts the batch into runs for that.
   */
  compare(batch: ReplicaBatch, storage: StorageNumber): void {
    const { starts, groups, named, right, held } = batch;
    let run = 0;
    let fresh = 0;
    for (let from = 0; from < batch.count; run++) {
      const group = this.groupNearby(batch.idLow(from), batch.idHigh(from));
      starts[run] = from;
      groups[run] = group;
      if (group === 0) {
        // By itself, and never settled.
        from++;
        named[run] = ALL;
        right[run] = 0;
        held[run] = 0;
        continue;
      }
      from = this.exceptions.match(group, batch, run);
      const known = right[run] === 0 ? 0 : this.replicas.held(group, right[run] as number, storage);
      held[run] = known;
      fresh |= (right[run] as number) & ~known;
    }
    starts[run] = batch.count;
    batch.runs = run;
    batch.hasFresh = fresh !== 0;
  }

  /**
   * Reads at most `limit` replicas of a report as far as they are what they should be; answers how many it read. The batch
   * has their runs, without words.
   */
  readRight(packed: PackedReplicas, limit: number, storage: StorageNumber, batch: ReplicaBatch): number {
    return this.packed.read(packed, limit, this, storage, batch);
  }

  /** The group of an id in two halves, both signed, or 0. Groups were mostly made in the order of their ids, so it is tried where it should be. */
  groupNearby(low: number, high: number): BlockGroup {
    const start = low & ~row.PLACE_MASK;
    const guess = this.foundGroup + ((start - this.foundLow) >> row.GROUP_BITS);
    let group = 0;
    if (high === this.foundHigh && guess > 0 && guess <= this.rows.highestHandle) {
      const page = this.rows.page(guess);
      const at = this.rows.rowAt(guess);
      const isIt =
        (((page[at + row.ID_LOW] as number) ^ start) & ~row.PLACE_MASK) === 0 &&
        ((page[at + row.ID_HIGH] as number) ^ high) === 0 &&
        page[at + row.PRESENT] !== 0;
      if (isIt) group = guess;
    }
    if (group === 0) group = this.ids.find(low, high);
    this.foundGroup = group;
    this.foundLow = start;
    this.foundHigh = high;
    return group;
  }

  /** Gives a replica to those of these blocks of the group that have none; answers which they are. */
  addFirstReplicas(group: BlockGroup, bits: number, storage: StorageNumber): number {
    assert(storage > 0 && storage <= row.MAX_STORAGE_NUMBER, 'storage number out of range');
    return this.replicas.addFirst(group, bits, storage);
  }

  replicaCount(block: BlockHandle): number {
    return this.replicas.count(groupOf(block), placeOf(block));
  }

  /** In the order in which they were added. */
  replicaAt(block: BlockHandle, index: number): StorageNumber {
    return this.replicas.at(groupOf(block), placeOf(block), index);
  }

  /** Puts all of them into `into`, in that order, without a call for each; answers how many they are. */
  replicasInto(block: BlockHandle, into: StorageNumber[]): number {
    return this.replicas.list(groupOf(block), placeOf(block), into);
  }

  hasReplica(block: BlockHandle, storage: StorageNumber): boolean {
    return this.replicas.indexOf(groupOf(block), placeOf(block), storage) >= 0;
  }

  /** False when it was there already. */
  addReplica(block: BlockHandle, storage: StorageNumber): boolean {
    assert(storage > 0 && storage <= row.MAX_STORAGE_NUMBER, 'storage number out of range');
    const group = groupOf(block);
    const place = placeOf(block);
    if (this.replicas.indexOf(group, place, storage) >= 0) return false;
    this.replicas.add(group, place, storage);
    return true;
  }

  /** False when it was not there. */
  removeReplica(block: BlockHandle, storage: StorageNumber): boolean {
    const group = groupOf(block);
    const place = placeOf(block);
    const index = this.replicas.indexOf(group, place, storage);
    if (index < 0) return false;
    this.replicas.remove(group, place, index);
    return true;
  }

  /** Blocks from handle `from` on, at most `limit` handles looked at; answers where to go on, 0 at the end. */
  scan(from: BlockHandle, limit: number, visit: (block: BlockHandle) => void): BlockHandle {
    const start = Math.max(from, row.GROUP_SIZE);
    const end = Math.min(start + limit, this.highestHandle + 1);
    for (let block = start; block < end; ) {
      const present = this.rows.get(groupOf(block), row.PRESENT) >>> placeOf(block);
      if (present === 0) {
        block += row.GROUP_SIZE - placeOf(block);
        continue;
      }
      if ((present & 1) !== 0) visit(block);
      block++;
    }
    return end > this.highestHandle ? 0 : end;
  }

  /**
   * The same for the blocks with a replica on a storage for whose number there is a 1 in `marked`, which is long enough for all
   * numbers. Whole groups are looked at: `from` is 1, or what came as an answer.
   */
  scanStorages(from: BlockHandle, limit: number, marked: Uint8Array, visit: (block: BlockHandle) => void): BlockHandle {
    const start = Math.max(groupOf(from), 1);
    const end = Math.min(start + Math.ceil(limit / row.GROUP_SIZE), this.rows.highestHandle + 1);
    for (let group = start; group < end; group++) {
      if (this.rows.get(group, row.PRESENT) === 0) continue;
      for (let rest = this.replicas.onMarked(group, marked); rest !== 0; rest &= rest - 1) {
        visit(group * row.GROUP_SIZE + row.lowestPlace(rest));
      }
    }
    return end > this.rows.highestHandle ? 0 : end * row.GROUP_SIZE;
  }

  freeze(): FrozenBlocks {
    return new FrozenBlockView(this.rows.freeze(), this.runs.freeze());
  }

  private setLength(block: BlockHandle, numBytes: number, state: BlockState): void {
    const high = highOf(numBytes) | (state << row.STATE_SHIFT);
    this.exceptions.set(groupOf(block), placeOf(block), Column.LENGTH, splitLow(numBytes), high);
  }
}

const TWO_32 = 2 ** 32;
/** A bit for each place. */
const ALL = -1;

const groupOf = (block: BlockHandle): number => block >>> row.GROUP_BITS;
const placeOf = (block: BlockHandle): number => block & row.PLACE_MASK;

/** The bits of a length above 32; a length beyond 2^53 cannot be. */
function highOf(numBytes: number): number {
  assert(numBytes >= 0 && numBytes <= Number.MAX_SAFE_INTEGER, 'block length out of range');
  return splitHigh(numBytes);
}
