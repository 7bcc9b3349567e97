// What a DataNode leaves behind whose queues belong to a life that is over: it died, or has registered anew. What they stood
// for is judged again. Copies to it may be among a million others, and it may have had as many replicas too many, so both are
// looked for in slices.
import type { BlockHandle } from './block-map.ts';
import type { Datanode } from './datanode.ts';
import { updateNeeded } from './redundancy.ts';
import type { ManagerState } from './state.ts';

/** Blocks looked at in one slice: some 100 ns each. */
const SLICE = 2048;

export class DroppedWork {
  readonly #state: ManagerState;
  /** Extra replicas whose deletion will not be heard of. */
  readonly #excess: IterableIterator<BlockHandle>[] = [];

  constructor(state: ManagerState) {
    this.#state = state;
  }

  get idle(): boolean {
    return this.#excess.length === 0 && !this.#state.pending.hasGone;
  }

  drop(node: Datanode): void {
    const { blocks, invalidations, pending } = this.#state;
    for (const { handle, block, targets } of node.transfers.splice(0)) {
      for (const target of targets) target.node.decrementBlocksScheduled(target.type);
      if (blocks.find(block.id) === handle && pending.cancel(handle, targets)) this.#judge(handle);
    }
    // What comes to a node that has only registered anew may be there already: its report tells.
    if (node.alive) pending.back(node);
    else pending.gone(node);
    invalidations.removeNode(node);
    if (node.excess.size > 0) {
      this.#excess.push(node.excess.keys());
      node.excess = new Map();
    }
    node.recoveries.clear();
  }

  step(): void {
    for (const block of this.#state.pending.takeGone(SLICE)) this.#judge(block);
    const { blocks, postponed } = this.#state;
    for (let looked = 0; looked < SLICE; looked++) {
      const first = this.#excess[0];
      if (first === undefined) return;
      const { done, value } = first.next();
      if (done === true) this.#excess.shift();
      // The block may be gone meanwhile, and another under its handle: that one is looked at once more.
      else if (blocks.isLive(value)) postponed.add(0, value);
    }
  }

  #judge(block: BlockHandle): void {
    if (this.#state.owner.replication(block) > 0) updateNeeded(this.#state, block);
  }
}
