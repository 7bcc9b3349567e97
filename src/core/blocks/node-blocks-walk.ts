// A walk over all blocks of some DataNodes, in slices of about a millisecond. The block map has no list of a node's blocks,
// so the walk passes by every block; walking for several nodes at once costs no more than for one.
import type { BlockHandle } from './block-map.ts';
import type { Datanode } from './datanode.ts';
import type { ManagerState } from './state.ts';

/** Handles passed by in one slice, a few ns each, in steps that count what was found. */
const PASSED_PER_SLICE = 131_072;
const STEP = 256;
/** Replicas shown in one slice: one or two microseconds each. */
const SHOWN_PER_SLICE = 512;

export class NodeBlocksWalk {
  readonly #state: ManagerState;
  readonly #nodes: ReadonlySet<Datanode>;
  readonly #visit: (block: BlockHandle, node: Datanode) => void;
  #at: BlockHandle = 1;
  #shown = 0;

  /** `nodes` may shrink while the walk goes on. */
  constructor(state: ManagerState, nodes: ReadonlySet<Datanode>, visit: (block: BlockHandle, node: Datanode) => void) {
    this.#state = state;
    this.#nodes = nodes;
    this.#visit = visit;
  }

  /** Goes on for a slice; true at the end. Blocks that come to a node meanwhile may be passed over. */
  step(): boolean {
    // Storages come and go between slices, and their numbers are used again.
    const ofNode = new Uint8Array(this.#state.datanodes.highestStorageNumber + 1);
    let any = false;
    for (const node of this.#nodes) {
      for (const storage of node.storages.values()) {
        ofNode[storage.number] = 1;
        any = true;
      }
    }
    if (!any) return true;
    const show = (block: BlockHandle): void => this.#show(block, ofNode);
    this.#shown = 0;
    for (let passed = 0; passed < PASSED_PER_SLICE && this.#shown < SHOWN_PER_SLICE && this.#at !== 0; passed += STEP) {
      this.#at = this.#state.blocks.scanStorages(this.#at, STEP, ofNode, show);
    }
    return this.#at === 0;
  }

  #show(block: BlockHandle, ofNode: Uint8Array): void {
    const { blocks, datanodes } = this.#state;
    // From the last on, because a visit may take the replica away.
    for (let i = blocks.replicaCount(block) - 1; i >= 0; i--) {
      const number = blocks.replicaAt(block, i);
      if (ofNode[number] !== 1) continue;
      this.#shown++;
      this.#visit(block, datanodes.storage(number).node);
    }
  }
}
