// The work of every few seconds, in slices: order copies of what is most urgent, give back what did not come in time,
// look again at what could not be judged. Nothing of it runs in safe mode. Mirrors BlockManager.RedundancyMonitor.
import { shuffle } from '../placement/topology.ts';
import { judge } from './judgement.ts';
import type { ChosenBlock } from './low-redundancy.ts';
import { repeatExcess, requeueTimedOut, scheduleCopies } from './redundancy.ts';
import type { ManagerState } from './state.ts';

/** Blocks for which copies are ordered in one slice: each asks the placement policy. */
const SCHEDULE_SLICE = 64;
const RESCAN_SLICE = 512;
const TIMEOUT_SLICE = 512;
/** dfs.namenode.excess.redundancy.timeout.check.limit. */
const EXCESS_LIMIT = 1_000;

export class RedundancyWork {
  readonly #state: ManagerState;
  #dueMs = 0;
  /** When this NameNode began to work. */
  #startedMs: number | undefined;
  #chosen: ChosenBlock[] = [];
  #rescan = 0;
  #callsSinceRewind = 0;
  /** Copies ordered in the last round. */
  scheduled = 0;

  constructor(state: ManagerState) {
    this.#state = state;
  }

  /** Runs a slice. True when more of this round is left. */
  step(): boolean {
    const state = this.#state;
    this.#startedMs ??= state.now.monotonicMs;
    if (state.safeMode.isOn || !state.populating) {
      this.#chosen = [];
      return false;
    }
    const nowMs = state.now.monotonicMs;
    if (this.#chosen.length === 0 && this.#rescan === 0 && nowMs >= this.#dueMs) this.#begin(nowMs);
    for (const { block, priority } of this.#chosen.splice(0, SCHEDULE_SLICE)) {
      // Slices lie between the choice and now: the block may have left the queue, or be another under its handle.
      if (state.needed.priority(block) === priority && scheduleCopies(state, block, priority)) this.scheduled++;
    }
    const timedOut = requeueTimedOut(state, TIMEOUT_SLICE);
    const looks = Math.min(this.#rescan, RESCAN_SLICE);
    for (let i = 0; i < looks; i++) {
      const block = state.postponed.first(0);
      if (block === 0) break;
      state.postponed.remove(block);
      if (judge(state, block) === 'postponed') state.postponed.add(0, block);
    }
    this.#rescan -= looks;
    return this.#chosen.length > 0 || this.#rescan > 0 || timedOut === TIMEOUT_SLICE;
  }

  #begin(nowMs: number): void {
    const state = this.#state;
    // Counted from when it was due: what is late by a little does not make every round longer.
    const { redundancyIntervalMs } = state.options;
    this.#dueMs =
      nowMs - this.#dueMs < redundancyIntervalMs ? this.#dueMs + redundancyIntervalMs : nowMs + redundancyIntervalMs;
    this.scheduled = 0;
    if (++this.#callsSinceRewind > state.options.queueRestartIterations) {
      this.#callsSinceRewind = 0;
      state.needed.rewind();
    }
    const limit = state.datanodes.aliveCount * state.options.replicationWorkMultiplier;
    this.#chosen = limit > 0 ? state.needed.choose(limit) : [];
    this.#rescan = Math.min(state.postponed.size, state.options.postponedRescanLimit);
    repeatExcess(state, EXCESS_LIMIT);
    this.#grantDeletions(nowMs);
  }

  /** So many nodes, at random, may be told to delete. Apache: computeInvalidateWork. */
  #grantDeletions(nowMs: number): void {
    const { datanodes, invalidations, options, random } = this.#state;
    if (nowMs - (this.#startedMs ?? nowMs) < options.deletionDelayMs) return;
    const nodes = [...invalidations.nodes].filter((node) => invalidations.sizeOf(node) > invalidations.grantedTo(node));
    const most = Math.ceil(datanodes.aliveCount * options.invalidateWorkShare);
    for (const node of shuffle(nodes, random).slice(0, most)) invalidations.grant(node, options.invalidateLimit);
  }
}
