// One storage's full report on its way into the block map. It may be long, so it is worked off in slices (FullReport.step),
// and in each group by group (table/layout.ts): what agrees with the map is found for up to 32 replicas at a time. What an
// incremental report says about a block meanwhile is newer than the full report, and wins.
import { HdfsError } from '../../base/errors.ts';
import type { BlockId } from '../../base/ids.ts';
import { emptyReplica, type ReplicaCursor, type ReportedReplica } from './block-list.ts';
import type { BlockGroup, BlockHandle } from './block-map.ts';
import type { Storage } from './datanode.ts';
import type { GroupReplication } from './group-replication.ts';
import { ReplicaBatch } from './replica-batch.ts';
import { countOne, type ReplicaCounts } from './replica-counts.ts';
import { addWanted, firstAdded, forgetReplica, unlink } from './replicas.ts';
import { type Occasion, processReplica } from './reports.ts';
import type { ManagerState } from './state.ts';
import { ReplicaState } from './storage-type.ts';
import { GROUP_SIZE, lowestPlace, popCount } from './table/layout.ts';

/** A set takes some hundred times as long and as much memory for a handle as bits do. */
const FEW = 1024;

/** Handles that a report named: a set while they are few, bits when they are many. */
class SeenHandles {
  readonly #few: Set<BlockHandle> | undefined;
  readonly #many: Uint32Array;
  readonly #limit: number;

  constructor(expected: number, highest: BlockHandle) {
    this.#limit = highest;
    this.#few = expected * FEW < highest ? new Set() : undefined;
    this.#many = new Uint32Array(this.#few === undefined ? (highest >>> 5) + 1 : 0);
  }

  /** The handle was made after the report began: it is not recorded, and counts as seen. */
  isLater(block: BlockHandle): boolean {
    return block > this.#limit;
  }

  /** False when it was there. */
  add(block: BlockHandle): boolean {
    if (this.has(block)) return false;
    if (this.#few !== undefined) this.#few.add(block);
    else this.#many[block >>> 5] = (this.#many[block >>> 5] as number) | (1 << (block & 31));
    return true;
  }

  /** The same for some of a group that is not later; answers how many of them were not there. */
  addGroup(group: BlockGroup, bits: number): number {
    let fresh = bits;
    if (this.#few === undefined) {
      const before = this.#many[group] as number;
      fresh &= ~before;
      this.#many[group] = before | bits;
      return popCount(fresh);
    }
    const { size } = this.#few;
    for (; fresh !== 0; fresh &= fresh - 1) this.#few.add(group * GROUP_SIZE + lowestPlace(fresh));
    return this.#few.size - size;
  }

  has(block: BlockHandle): boolean {
    if (this.isLater(block)) return true;
    if (this.#few !== undefined) return this.#few.has(block);
    return ((this.#many[block >>> 5] as number) & (1 << (block & 31))) !== 0;
  }

  delete(block: BlockHandle): boolean {
    if (this.isLater(block) || !this.has(block)) return false;
    if (this.#few !== undefined) this.#few.delete(block);
    else this.#many[block >>> 5] = (this.#many[block >>> 5] as number) & ~(1 << (block & 31));
    return true;
  }
}

/** What is looked at; whoever fills it is done with it before it returns. */
const batch = new ReplicaBatch();
/** The blocks of which the batch brings a first replica if they have none yet, in its order, and how many replicas they want. */
const fresh = new Uint32Array(batch.capacity);
const replication = new Uint16Array(batch.capacity);

/** So many replicas are put down behind those that are right, before it is tried again how far they are. */
const AFTER_RIGHT = 16;

export type ReportProgress = 'more' | 'done';

/** One storage's full report on its way in. */
export class FullReport {
  readonly storage: Storage;
  readonly #state: ManagerState;
  readonly #cursor: ReplicaCursor;
  readonly #occasion: Occasion;
  readonly #seen: SeenHandles;
  readonly #replica = emptyReplica();
  /** The replicas of the batch lie there as words; otherwise all are right. */
  #hasWords = true;
  /** What a block has whose first replica was added, the same for all of a batch. */
  #counts: ReplicaCounts | undefined;
  /** Where the run that is looked at begins in `fresh`. */
  #freshAt = 0;
  /** Blocks that an incremental report named meanwhile. */
  readonly #newer = new Set<BlockId>();
  /** Replicas of the storage in the map that were reported, or gained since. */
  #seenLinked = 0;
  /** Where the search for missing replicas goes on; 0 at its end. */
  #scan: BlockHandle = 1;
  #read = 0;

  constructor(state: ManagerState, storage: Storage, cursor: ReplicaCursor) {
    this.storage = storage;
    this.#state = state;
    this.#cursor = cursor;
    this.#occasion = storage.hasReported ? 'report' : 'firstReport';
    this.#seen = new SeenHandles(cursor.count, state.blocks.highestHandle);
    // Whatever the storage gains meanwhile is not missing.
    state.observers.set(storage, {
      added: (block) => {
        if (this.#seen.isLater(block) || this.#seen.add(block)) this.#seenLinked++;
      },
      removed: (block) => {
        if (this.#seen.isLater(block) || this.#seen.delete(block)) this.#seenLinked--;
      },
    });
  }

  /** The part of its replicas that has been read. */
  get progress(): number {
    return this.#cursor.count === 0 ? 1 : this.#read / this.#cursor.count;
  }

  touched(id: BlockId): void {
    if (!this.#cursor.done) this.#newer.add(id);
  }

  /** Gives up: the report counts for nothing. */
  abandon(): void {
    this.#state.observers.delete(this.storage);
  }

  /** Goes on for about `limit` replicas. The report counts once it is done as a whole. `groups`: of this turn, where others are beside it. */
  step(limit: number, groups?: GroupReplication): ReportProgress {
    const { storage } = this;
    const state = this.#state;
    if (storage.retired || !storage.node.registered) {
      this.abandon();
      throw new HdfsError('EIO', `ProcessReport from dead or unregistered node: ${storage.node.xferAddress}`);
    }
    if (!this.#cursor.done) {
      try {
        this.#readReplicas(limit, groups);
      } catch (error) {
        this.abandon();
        throw error;
      }
      if (!this.#cursor.done) return 'more';
    }
    // The observer keeps `seen` equal to what is linked and was reported or gained since: nothing is missing when the
    // counts agree, so most reports need no scan of the whole map.
    if (this.#scan !== 0 && this.#missing()) this.#scan = this.#removeMissing(limit);
    else this.#scan = 0;
    if (this.#scan !== 0) return 'more';
    state.observers.delete(storage);
    storage.receivedFullReport();
    storage.node.reportedStorageIds.add(storage.id);
    return 'done';
  }

  #readReplicas(limit: number, groups: GroupReplication | undefined): void {
    for (let left = limit; left > 0 && !this.#cursor.done; left -= batch.count) {
      const right = this.#readRight(Math.min(left, batch.capacity), groups);
      left -= right;
      if (left === 0 || this.#cursor.done) return;
      this.#cursor.read(batch, right > 0 ? Math.min(left, AFTER_RIGHT) : left);
      this.#hasWords = true;
      this.#state.blocks.compare(batch, this.storage.number);
      this.#readRuns(groups);
      this.#read += batch.count;
    }
  }

  /** Reads replicas as long as they are right, and answers how many they were. */
  #readRight(limit: number, groups: GroupReplication | undefined): number {
    const { blocks } = this.#state;
    const read =
      this.#cursor.readPacked?.(limit, (packed, most) => blocks.readRight(packed, most, this.storage.number, batch)) ?? 0;
    if (read === 0) return 0;
    this.#hasWords = false;
    this.#readRuns(groups);
    this.#read += read;
    return read;
  }

  #readRuns(groups: GroupReplication | undefined): void {
    this.#counts = undefined;
    if (batch.hasFresh) this.#askReplications(groups);
    for (let run = 0; run < batch.runs; run++) this.#readRun(run);
  }

  /** Asks what the batch's right replicas that are not known belong to: all at once, since each asks for memory of its own. */
  #askReplications(groups: GroupReplication | undefined): void {
    this.#freshAt = 0;
    const { owner } = this.#state;
    if (groups?.pays(batch) === true) {
      groups.put(owner, batch, replication);
      return;
    }
    let count = 0;
    for (let run = 0; run < batch.runs; run++) {
      const first = (batch.groups[run] as BlockGroup) * GROUP_SIZE;
      for (let rest = batch.fresh(run); rest !== 0; rest &= rest - 1) {
        fresh[count++] = first + lowestPlace(rest);
      }
    }
    owner.replications(fresh, count, replication);
  }

  /**
   * A run of the batch. Nearly all of its replicas are what they should be, and those that are known have nothing follow from them,
   * whatever else is known of their blocks.
   */
  #readRun(run: number): void {
    const state = this.#state;
    const { blocks, corrupt } = state;
    const { node } = this.storage;
    const group = batch.groups[run] as BlockGroup;
    let right = node.knownBad.size > 0 ? 0 : (batch.right[run] as number);
    if (corrupt.size > 0) {
      for (let rest = right; rest !== 0; rest &= rest - 1) {
        const place = lowestPlace(rest);
        if (corrupt.has(group * GROUP_SIZE + place, node)) right &= ~(1 << place);
      }
    }
    const held = right & (batch.held[run] as number);
    const added = right === held ? 0 : this.#addFirst(group, right & ~held);
    const fresh = batch.fresh(run);
    if (fresh !== 0) this.#freshAt += popCount(fresh);
    const settled = held | added;
    const isLater = this.#seen.isLater(group * GROUP_SIZE);
    this.#seenLinked += isLater ? popCount(added) : this.#seen.addGroup(group, settled);
    if (settled === batch.named[run]) return;
    if (!this.#hasWords) {
      for (let rest = (batch.named[run] as number) & ~settled; rest !== 0; rest &= rest - 1) {
        const place = lowestPlace(rest);
        this.#readReplica(0, group * GROUP_SIZE + place, ((right >>> place) & 1) !== 0);
      }
      return;
    }
    const to = batch.starts[run + 1] as number;
    for (let i = batch.starts[run] as number; i < to; i++) {
      const bit = 1 << batch.place(i);
      if ((settled & bit) === 0) this.#readReplica(i, blocks.at(group, batch.place(i)), (right & bit) !== 0);
    }
  }

  /** One replica of the batch; `index` is where it lies if the batch has words. */
  #readReplica(index: number, block: BlockHandle, isRight: boolean): void {
    const state = this.#state;
    if (this.#newer.size === 0 || !this.#newer.has(this.#shown(index, block).id)) {
      const wanted = isRight && state.invalidations.sizeOf(this.storage.node) === 0 ? state.owner.replication(block) : 0;
      if (wanted > 0) addWanted(state, block, this.storage, wanted);
      else processReplica(state, this.storage, block, this.#shown(index, block), this.#occasion);
    }
    if (block !== 0 && state.blocks.hasReplica(block, this.storage.number)) this.#see(block);
  }

  /** What was reported. Without words it is just what is known of the block. */
  #shown(index: number, block: BlockHandle): ReportedReplica {
    const replica = this.#replica;
    if (this.#hasWords) {
      batch.show(index, replica);
    } else {
      const { blocks } = this.#state;
      replica.id = blocks.id(block);
      replica.numBytes = blocks.numBytes(block);
      replica.genStamp = blocks.genStamp(block);
      replica.state = ReplicaState.FINALIZED;
    }
    return replica;
  }

  /** Adds what is right and the first replica of its block, unless there is more to be asked; answers what it added. */
  #addFirst(group: BlockGroup, bits: number): number {
    const state = this.#state;
    const { storage } = this;
    const { node } = storage;
    if (state.corrupt.size > 0 || state.invalidations.sizeOf(node) > 0 || node.excess.size > 0 || this.#newer.size > 0)
      return 0;
    let wanted = bits;
    for (let rest = bits, at = this.#freshAt; rest !== 0; rest &= rest - 1, at++) {
      if (replication[at] === 0) wanted &= ~(rest & -rest);
    }
    const added = state.blocks.addFirstReplicas(group, wanted, storage.number);
    if (added === 0) return 0;
    // Where nothing is bad and nothing too much, all blocks with this one replica have the same.
    this.#counts ??= countOne(state, group * GROUP_SIZE + lowestPlace(added), storage);
    const counts = this.#counts;
    storage.blockCount += popCount(added);
    // Nearly always all want as many.
    for (let left = added; left !== 0; ) {
      let alike = 0;
      let wants = 0;
      for (let rest = bits, at = this.#freshAt; rest !== 0; rest &= rest - 1, at++) {
        const bit = rest & -rest;
        if ((bit & left) === 0) continue;
        if (alike === 0) wants = replication[at] as number;
        if (replication[at] === wants) alike |= bit;
      }
      firstAdded(state, group, alike, counts, wants);
      left &= ~alike;
    }
    return added;
  }

  #see(block: BlockHandle): void {
    if (this.#seen.add(block)) this.#seenLinked++;
  }

  #missing(): boolean {
    return this.storage.blockCount > this.#seenLinked;
  }

  #removeMissing(limit: number): BlockHandle {
    const state = this.#state;
    const { storage } = this;
    return state.blocks.scan(this.#scan, limit * 4, (block) => {
      if (this.#seen.has(block) || !state.blocks.hasReplica(block, storage.number)) return;
      if (unlink(state, block, storage)) forgetReplica(state, block, storage.node);
    });
  }
}
