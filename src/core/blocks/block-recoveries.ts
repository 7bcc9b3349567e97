// Recoveries of blocks whose writer is gone: one of the nodes with a replica leads, the one heard from last that has not
// tried yet. What the DataNodes agree upon comes back as commitBlockSynchronization, which is the namespace's business.
// Mirrors BlockUnderConstructionFeature.initializeBlockRecovery.
import type { GenStamp } from '../../base/ids.ts';
import type { Truncation } from '../namespace/truncations.ts';
import { type BlockHandle, BlockState } from './block-map.ts';
import type { RecoveryTask } from './commands.ts';
import type { Datanode } from './datanode.ts';
import { tripleOf } from './orders.ts';
import { storagesOf } from './replica-counts.ts';
import type { ManagerState } from './state.ts';
import { type ExpectedReplica, isUnbroken } from './under-construction.ts';

/** Blocks that one heartbeat's answer may order to be recovered. */
const MAX_RECOVERIES = 1_000;

export class BlockRecoveries {
  readonly #state: ManagerState;

  constructor(state: ManagerState) {
    this.#state = state;
  }

  /** Whether a node is known that has a replica, or should have one. */
  hasLocations(block: BlockHandle): boolean {
    return this.#state.underConstruction.expected(block).length > 0 || storagesOf(this.#state, block).length > 0;
  }

  /**
   * Begins a recovery under a new generation stamp, or the cutting of a block that is as long as it should be. Answers who
   * leads, or undefined when no node can.
   */
  start(block: BlockHandle, recoveryId: GenStamp, truncation?: Truncation): Datanode | undefined {
    const { blocks, underConstruction } = this.#state;
    blocks.setState(block, BlockState.UNDER_RECOVERY);
    this.#expectHolders(block, truncation);
    const found = underConstruction.get(block);
    if (found === undefined) return undefined;
    found.recoveryId = recoveryId;
    found.truncation = truncation;
    found.asked = [];
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

  /** Who takes part, where nobody has told of a replica since the block was opened: those that had it before. */
  #expectHolders(block: BlockHandle, truncation: Truncation | undefined): void {
    const { blocks, underConstruction } = this.#state;
    const source = truncation?.kind === 'copy' ? truncation.source : block;
    if (source === block && underConstruction.expected(block).length > 0) return;
    const holders = storagesOf(this.#state, source);
    const known = underConstruction.get(block)?.replicas ?? [];
    const same = known.length === holders.length && known.every(({ storage }) => holders.includes(storage));
    // Those that have led before are remembered.
    if (!same && holders.length > 0) underConstruction.setExpected(block, blocks.genStamp(block), holders);
  }

  recoveryId(block: BlockHandle): GenStamp | undefined {
    return this.#state.underConstruction.get(block)?.recoveryId;
  }

  /** Nodes that may have a replica, and were not named to whoever leads the running recovery. */
  unasked(block: BlockHandle): readonly Datanode[] {
    const found = this.#state.underConstruction.get(block);
    if (found === undefined) return [];
    return found.replicas.flatMap(({ storage: { node } }) => (node.alive && !found.asked.includes(node) ? [node] : []));
  }

  /** Each known replica has lost its writer to a crash of its DataNode, which may have cost bytes that were only flushed. */
  allCrashed(block: BlockHandle): boolean {
    const found = this.#state.underConstruction.get(block);
    return found !== undefined && found.replicas.length > 0 && !found.replicas.some(isUnbroken);
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
      // Stale nodes are left out while at least two others are there; but for Apache, only while one of those must have all that
      // the writer was told is there. Where they may all have lost their power, a node that keeps it may be out of reach for a while.
      const alive = found.replicas.filter(({ storage }) => storage.node.alive);
      const fresh = alive.filter((replica) => !replica.storage.node.isStale(nowMs, staleIntervalMs));
      const members = fresh.length > 1 && fresh.some(isUnbroken) ? fresh : alive;
      found.asked = members.map(({ storage }) => storage.node);
      const { truncation, recoveryId } = found;
      tasks.push({
        block: tripleOf(this.#state, truncation?.kind === 'copy' ? truncation.source : block),
        recoveryId,
        truncateBlock: truncation && { id: blocks.id(block), genStamp: recoveryId, numBytes: truncation.newBytes },
        locations: members.map(({ storage, state }) => ({ storage, state })),
      });
    }
    return tasks;
  }
}
