// Recoveries of blocks whose writer is gone: one of the nodes with a replica leads, the one heard from last that has not
// tried yet. What the DataNodes agree upon comes back as commitBlockSynchronization, which is the namespace's business.
// Mirrors BlockUnderConstructionFeature.initializeBlockRecovery.
import type { GenStamp } from '../../base/ids.ts';
import { type BlockHandle, BlockState } from './block-map.ts';
import type { RecoveryTask } from './commands.ts';
import type { Datanode } from './datanode.ts';
import { tripleOf } from './orders.ts';
import type { ManagerState } from './state.ts';
import type { ExpectedReplica } from './under-construction.ts';

/** Blocks that one heartbeat's answer may order to be recovered. */
const MAX_RECOVERIES = 1_000;

export class BlockRecoveries {
  readonly #state: ManagerState;

  constructor(state: ManagerState) {
    this.#state = state;
  }

  /** Begins a recovery under a new generation stamp. Answers who leads, or undefined when no node can. */
  start(block: BlockHandle, recoveryId: GenStamp): Datanode | undefined {
    const { blocks, underConstruction } = this.#state;
    blocks.setState(block, BlockState.UNDER_RECOVERY);
    const found = underConstruction.get(block);
    if (found === undefined) return undefined;
    found.recoveryId = recoveryId;
    const alive = found.replicas.filter((replica) => replica.storage.node.alive);
    if (alive.every((replica) => replica.chosenAsPrimary))
      for (const replica of found.replicas) replica.chosenAsPrimary = false;
    let primary: ExpectedReplica | undefined;
    for (const replica of alive) {
      if (replica.chosenAsPrimary) continue;
      const heard = replica.storage.node.lastUpdateMonotonicMs;
      if (primary === undefined || heard > primary.storage.node.lastUpdateMonotonicMs) primary = replica;
    }
    if (primary === undefined) return undefined;
    primary.chosenAsPrimary = true;
    for (const replica of found.replicas) replica.storage.node.recoveries.delete(block);
    primary.storage.node.recoveries.add(block);
    return primary.storage.node;
  }

  recoveryId(block: BlockHandle): GenStamp | undefined {
    return this.#state.underConstruction.get(block)?.recoveryId;
  }

  /** Recoveries for the node to lead, handed out once. */
  take(node: Datanode): RecoveryTask[] {
    const { blocks, underConstruction } = this.#state;
    const tasks: RecoveryTask[] = [];
    for (const block of node.recoveries) {
      if (tasks.length === MAX_RECOVERIES) break;
      node.recoveries.delete(block);
      const found = underConstruction.get(block);
      if (found === undefined || !blocks.isLive(block) || blocks.state(block) !== BlockState.UNDER_RECOVERY) continue;
      const { staleIntervalMs } = this.#state.datanodes;
      const nowMs = this.#state.now.monotonicMs;
      // Stale nodes are left out while at least two others are there.
      const fresh = found.replicas.filter((replica) => !replica.storage.node.isStale(nowMs, staleIntervalMs));
      const members = fresh.length > 1 ? fresh : found.replicas;
      tasks.push({
        block: tripleOf(this.#state, block),
        recoveryId: found.recoveryId,
        locations: members.map(({ storage, state }) => ({ storage, state })),
      });
    }
    return tasks;
  }
}
