// Looks after DataNodes on their way out of service: which of their blocks still need copies, and when the node may go.
// A round begins every `dfs.namenode.decommission.interval` and is worked off in slices of about a millisecond: nodes whose
// insufficient blocks are known have those looked at again, others are walked through whole. A node goes only after a
// whole walk that found nothing. Mirrors DatanodeAdminDefaultMonitor.
import type { BlockHandle } from '../block-map.ts';
import type { Datanode } from '../datanode.ts';
import { NodeBlocksWalk } from '../node-blocks-walk.ts';
import { placementStatus, requiredLive, updateNeeded } from '../redundancy.ts';
import { countReplicas, outOfService } from '../replica-counts.ts';
import type { ManagerState } from '../state.ts';
import { ADMIN_STATE_NAMES, isSufficient } from './admin-states.ts';

/** Blocks looked at again in one slice: one or two microseconds each. */
const PRUNE_SLICE = 512;

/** Blocks that hold a node back. A handle is used again when its block is gone, so part of the id goes with it. */
class HeldBack {
  readonly #handles: BlockHandle[] = [];
  readonly #idsLow: number[] = [];

  get size(): number {
    return this.#handles.length;
  }

  add(block: BlockHandle, idLow: number): void {
    this.#handles.push(block);
    this.#idsLow.push(idLow);
  }

  at(index: number): { readonly block: BlockHandle; readonly idLow: number } {
    return { block: this.#handles[index] as BlockHandle, idLow: this.#idsLow[index] as number };
  }
}

/** What a pass over a node's blocks has found so far. */
class Tally {
  readonly held = new HeldBack();
  readonly openFiles = new Set<number>();
  inOpenFiles = 0;
  outOfServiceOnly = 0;
}

interface Round {
  /** Nodes still to be looked at, in this order. */
  readonly queue: Datanode[];
  readonly walked: Map<Datanode, Tally>;
  readonly unhealthy: Datanode[];
  checked: number;
  nodes: number;
  pruning: { readonly node: Datanode; readonly from: HeldBack; next: number; readonly tally: Tally } | undefined;
  walk: NodeBlocksWalk | undefined;
}

export interface LeavingEvents {
  /** Nothing on the node is needed any more. */
  readonly replicated: (node: Datanode) => void;
  readonly maintenanceExpired: (node: Datanode) => void;
}

export class LeavingNodes {
  readonly #state: ManagerState;
  readonly #events: LeavingEvents;
  /** Waiting for a place among the tracked. */
  readonly #pending = new Set<Datanode>();
  /** With the blocks known to hold them back; undefined: to be found by a walk. */
  readonly #tracked = new Map<Datanode, HeldBack | undefined>();
  /** Address of the node that was looked at last. */
  #last = '';
  #dueMs: number | undefined;
  #round: Round | undefined;

  constructor(state: ManagerState, events: LeavingEvents) {
    this.#state = state;
    this.#events = events;
  }

  get trackedCount(): number {
    return this.#tracked.size;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  track(node: Datanode): void {
    if (!this.#tracked.has(node)) this.#pending.add(node);
  }

  untrack(node: Datanode): void {
    this.#pending.delete(node);
    this.#tracked.delete(node);
    this.#round?.walked.delete(node);
    if (this.#round?.pruning?.node === node) this.#round.pruning = undefined;
  }

  /** Runs a slice of what is due. True when more of this round is left. */
  step(): boolean {
    const state = this.#state;
    const nowMs = state.now.monotonicMs;
    this.#dueMs ??= nowMs + state.options.decommissionIntervalMs;
    if (this.#round === undefined) {
      if (nowMs < this.#dueMs || (this.#tracked.size === 0 && this.#pending.size === 0)) return false;
      this.#dueMs = nowMs + state.options.decommissionIntervalMs;
      this.#round = this.#begin();
    }
    if (!this.#work(this.#round)) return true;
    this.#end(this.#round);
    this.#round = undefined;
    return false;
  }

  #begin(): Round {
    const limit = this.#state.options.maxTrackedLeavingNodes;
    // Those heard of last come first: they are the likeliest to get done.
    const waiting = [...this.#pending].sort((a, b) => b.lastUpdateWallMs - a.lastUpdateWallMs);
    for (const node of waiting) {
      if (limit > 0 && this.#tracked.size >= limit) break;
      this.#pending.delete(node);
      this.#tracked.set(node, undefined);
    }
    const queue = [...this.#tracked.keys()].sort((a, b) => (a.xferAddress < b.xferAddress ? -1 : 1));
    const next = queue.findIndex((node) => node.xferAddress > this.#last);
    if (next > 0) queue.push(...queue.splice(0, next));
    return { queue, walked: new Map(), unhealthy: [], checked: 0, nodes: 0, pruning: undefined, walk: undefined };
  }

  /** True at the end of the round. */
  #work(round: Round): boolean {
    if (round.pruning !== undefined) {
      this.#prune(round, round.pruning);
      return false;
    }
    if (round.walk === undefined) {
      const node = round.queue[0];
      if (node !== undefined && round.checked < this.#state.options.decommissionBlocksPerInterval) {
        round.queue.shift();
        if (this.#tracked.has(node)) this.#look(round, node);
        return false;
      }
      if (round.walked.size === 0) return true;
      const { walked } = round;
      const nodes = new Set(walked.keys());
      round.walk = new NodeBlocksWalk(this.#state, nodes, (block, of) => {
        const tally = walked.get(of);
        if (tally === undefined) nodes.delete(of);
        else this.#check(block, of, tally);
      });
    }
    if (!round.walk.step()) return false;
    for (const [node, tally] of round.walked) this.#walkEnded(round, node, tally);
    return true;
  }

  #look(round: Round, node: Datanode): void {
    this.#last = node.xferAddress;
    round.nodes++;
    if (node.maintenance && this.#state.now.wallMs >= node.maintenanceUntilMs) {
      this.#events.maintenanceExpired(node);
      return;
    }
    if (node.inMaintenance) return;
    const known = this.#tracked.get(node);
    if (known === undefined) this.#planWalk(round, node);
    else round.pruning = { node, from: known, next: 0, tally: new Tally() };
  }

  #planWalk(round: Round, node: Datanode): void {
    round.checked += node.blockCount;
    round.walked.set(node, new Tally());
  }

  #prune(round: Round, pruning: NonNullable<Round['pruning']>): void {
    const { node, from, tally } = pruning;
    const { blocks } = this.#state;
    for (let looked = 0; looked < PRUNE_SLICE && pruning.next < from.size; looked++) {
      const { block, idLow } = from.at(pruning.next++);
      round.checked++;
      if (blocks.isLive(block) && blocks.idLow(block) === idLow) this.#check(block, node, tally);
    }
    if (pruning.next < from.size) return;
    round.pruning = undefined;
    this.#passEnded(node, tally);
    if (tally.held.size > 0) {
      if (!this.#isHealthy(node)) round.unhealthy.push(node);
      this.#state.log(
        `Node ${node.xferAddress} still has ${tally.held.size} blocks to replicate ` +
          `before it is a candidate to finish ${ADMIN_STATE_NAMES[node.adminState]}.`,
      );
    } else {
      // What was known is done; only a walk over all its blocks tells that nothing else came up.
      this.#planWalk(round, node);
    }
  }

  #walkEnded(round: Round, node: Datanode, tally: Tally): void {
    this.#passEnded(node, tally);
    const healthy = this.#isHealthy(node);
    if (!healthy) round.unhealthy.push(node);
    if (tally.held.size === 0 && healthy) {
      this.#events.replicated(node);
      // In maintenance it is kept track of until that is over.
      if (!node.inMaintenance) this.untrack(node);
      return;
    }
    this.#state.log(
      `Node ${node.xferAddress} ${healthy ? 'is' : "isn't"} healthy. It needs to replicate ${tally.held.size} more blocks. ` +
        `${ADMIN_STATE_NAMES[node.adminState]} is still in progress.`,
    );
  }

  #passEnded(node: Datanode, tally: Tally): void {
    this.#tracked.set(node, tally.held);
    node.leaving = {
      lowRedundancy: tally.held.size,
      inOpenFiles: tally.inOpenFiles,
      outOfServiceOnly: tally.outOfServiceOnly,
      openFiles: tally.openFiles,
      startedMonotonicMs: node.leaving.startedMonotonicMs,
    };
  }

  #check(block: BlockHandle, node: Datanode, tally: Tally): void {
    const state = this.#state;
    const { blocks, options, owner } = state;
    const wanted = owner.replication(block);
    if (wanted === 0) return;
    const counts = countReplicas(state, block);
    updateNeeded(state, block, counts);
    const open = owner.openFile(block);
    const sufficient = isSufficient({
      live: counts.live,
      required: requiredLive(state, block, counts),
      placementSatisfied: placementStatus(state, block).satisfied,
      lastOfOpenFile: open?.isLast === true,
      decommission: node.decommissioning,
      maintenance: node.enteringMaintenance,
      minReplication: options.minReplication,
      defaultReplication: options.defaultReplication,
      minMaintenanceReplication: Math.min(options.minMaintenanceReplication, wanted),
    });
    if (sufficient) return;
    tally.held.add(block, blocks.idLow(block));
    if (open !== undefined) {
      tally.inOpenFiles++;
      tally.openFiles.add(open.id);
    }
    if (counts.live === 0 && outOfService(counts) > 0) tally.outOfServiceOnly++;
  }

  /** Apache: BlockManager.isNodeHealthyForDecommissionOrMaintenance. */
  #isHealthy(node: Datanode): boolean {
    const { datanodes, needed, pending } = this.#state;
    if (!node.alive) {
      if (node.reportedStorageIds.size === 0 || datanodes.retiringCount > 0) return false;
      return pending.size === 0 && needed.size === 0;
    }
    if (node.storages.size === 0) return false;
    for (const storage of node.storages.values()) if (storage.reportCount === 0) return false;
    return true;
  }

  #end(round: Round): void {
    const { log, options } = this.#state;
    const limit = options.maxTrackedLeavingNodes;
    const tooMany = this.#tracked.size + this.#pending.size - limit;
    if (limit > 0 && tooMany > 0) {
      log(`${this.#tracked.size + this.#pending.size} nodes are leaving but only ${limit} nodes will be tracked at a time.`);
      // Dead ones make room for those that can get done, the longest silent first.
      const silent = round.unhealthy.filter((node) => this.#tracked.has(node));
      silent.sort((a, b) => a.lastUpdateWallMs - b.lastUpdateWallMs);
      for (const node of silent.slice(0, tooMany)) {
        this.#tracked.delete(node);
        this.#pending.add(node);
      }
    }
    log(
      `Checked ${round.checked} blocks and ${round.nodes} nodes this tick. ${this.#tracked.size} nodes are now in ` +
        `maintenance or transitioning state. ${this.#pending.size} nodes pending.`,
    );
  }
}
