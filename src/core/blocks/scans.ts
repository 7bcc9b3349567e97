// Walks over the whole block map, in slices of about a millisecond: taking out the replicas of storages that are gone,
// and looking for blocks with too few or too many replicas after a start.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { BlockHandle, StorageNumber } from './block-map.ts';
import { CorruptReason } from './corrupt-replicas.ts';
import type { Datanode, Storage } from './datanode.ts';
import { judge } from './judgement.ts';
import { NodeBlocksWalk } from './node-blocks-walk.ts';
import { updateNeeded } from './redundancy.ts';
import { noReplicas, recount, storageOnNode } from './replica-counts.ts';
import { forgetStanding, unlink, updateSafety } from './replicas.ts';
import type { ManagerState } from './state.ts';

/** Handles passed by in one slice of a drain, a few ns each, in steps that count what was found. */
const DRAIN_SLICE = 131_072;
const DRAIN_STEP = 256;
/** Replicas taken out in one slice: some 1 µs each. */
const DRAIN_REPLICAS = 1024;
/** Bad replicas remembered for a silent node; a node with more has lost a disk anyway. */
const MAX_KNOWN_BAD = 10_000;
/** Blocks judged in one slice: one or two microseconds each. */
const JUDGE_SLICE = 512;

/** Takes the replicas of retired storages out, all storages that wait in one walk. */
export class Drain {
  readonly #state: ManagerState;
  #waiting: Storage[] = [];
  #batch: Storage[] = [];
  readonly #numbers: StorageNumber[] = [];
  #at: BlockHandle = 0;
  #taken = 0;
  /** The blocks of this slice that have lost replicas, and how many each of them wants. */
  readonly #poorer = new Uint32Array(DRAIN_REPLICAS + DRAIN_STEP);
  readonly #wanted = new Uint16Array(DRAIN_REPLICAS + DRAIN_STEP);
  #poorerCount = 0;
  readonly #counts = noReplicas();

  constructor(state: ManagerState) {
    this.#state = state;
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#batch.length === 0;
  }

  add(storage: Storage): void {
    if (storage.blockCount === 0) this.#state.datanodes.released(storage);
    else this.#waiting.push(storage);
  }

  step(): void {
    if (this.#batch.length === 0) {
      if (this.#waiting.length === 0) return;
      this.#batch = this.#waiting;
      this.#waiting = [];
      this.#at = 1;
    }
    // Anew for each slice: storages come meanwhile, with higher numbers.
    const inBatch = new Uint8Array(this.#state.datanodes.highestStorageNumber + 1);
    for (const storage of this.#batch) inBatch[storage.number] = 1;
    const visit = (block: BlockHandle): void => this.#visit(block, inBatch);
    this.#taken = 0;
    for (let looked = 0; looked < DRAIN_SLICE && this.#taken < DRAIN_REPLICAS && this.#at !== 0; looked += DRAIN_STEP) {
      this.#at = this.#state.blocks.scanStorages(this.#at, DRAIN_STEP, inBatch, visit);
    }
    this.#judge();
    if (this.#at === 0 || this.#batch.every((storage) => storage.blockCount === 0)) {
      for (const storage of this.#batch) this.#state.datanodes.released(storage);
      this.#batch = [];
    }
  }

  /** Takes the block's replicas on those storages out; what that means for it is looked at with the rest of the slice. */
  #visit(block: BlockHandle, inBatch: Uint8Array): void {
    const state = this.#state;
    const { blocks, datanodes, corrupt } = state;
    const numbers = this.#numbers;
    for (let i = blocks.replicasInto(block, numbers) - 1; i >= 0; i--) {
      const number = numbers[i] as StorageNumber;
      if (inBatch[number] !== 1) continue;
      this.#taken++;
      const storage = datanodes.storage(number);
      const { node } = storage;
      const bad = corrupt.get(block, node);
      if (bad?.reason === CorruptReason.CORRUPTION_REPORTED) rememberBad(node, blocks.id(block), bad.genStamp);
      unlink(state, block, storage);
      const hasStanding = bad !== undefined || (node.excess.size > 0 && node.excess.has(block));
      // The node may be back with the block on a new storage: that one's standing is its own.
      if (hasStanding && storageOnNode(state, block, node) === undefined) forgetStanding(state, block, node);
    }
    this.#poorer[this.#poorerCount++] = block;
  }

  /** All files are asked for at once, since each asks for memory of its own. */
  #judge(): void {
    const state = this.#state;
    state.owner.replications(this.#poorer, this.#poorerCount, this.#wanted);
    for (let i = 0; i < this.#poorerCount; i++) {
      const block = this.#poorer[i] as BlockHandle;
      const wanted = this.#wanted[i] as number;
      if (wanted === 0) continue;
      const counts = recount(this.#counts, state, block);
      updateSafety(state, block, counts, wanted);
      updateNeeded(state, block, counts, wanted);
    }
    this.#poorerCount = 0;
  }
}

function rememberBad(node: Datanode, id: BlockId, genStamp: GenStamp): void {
  if (node.knownBad.size < MAX_KNOWN_BAD) node.knownBad.set(id, genStamp);
}

/** Judges every block once: after a start, and when the cluster has more racks than before. */
export class RedundancyScan {
  readonly #state: ManagerState;
  #at: BlockHandle = 0;

  constructor(state: ManagerState) {
    this.#state = state;
  }

  get idle(): boolean {
    return this.#at === 0;
  }

  /** 0 to 1. */
  get progress(): number {
    const highest = this.#state.blocks.highestHandle;
    return this.idle || highest === 0 ? 1 : this.#at / highest;
  }

  start(): void {
    this.#at = 1;
  }

  step(): void {
    if (this.#at === 0) return;
    this.#at = this.#state.blocks.scan(this.#at, JUDGE_SLICE, (block) => {
      if (judge(this.#state, block) === 'postponed') this.#state.postponed.add(0, block);
    });
  }
}

/** Judges every block of some nodes once: of those that stand in another rack now, or are back in service. */
export class NodeScan {
  readonly #state: ManagerState;
  #waiting = new Set<Datanode>();
  #walk: NodeBlocksWalk | undefined;

  constructor(state: ManagerState) {
    this.#state = state;
  }

  get idle(): boolean {
    return this.#walk === undefined && this.#waiting.size === 0;
  }

  add(node: Datanode): void {
    this.#waiting.add(node);
  }

  step(): void {
    if (this.#walk === undefined) {
      if (this.#waiting.size === 0) return;
      const state = this.#state;
      this.#walk = new NodeBlocksWalk(state, this.#waiting, (block) => {
        if (judge(state, block) === 'postponed') state.postponed.add(0, block);
      });
      this.#waiting = new Set();
    }
    if (this.#walk.step()) this.#walk = undefined;
  }
}
