// Sums over all DataNodes, kept up to date: a node is taken out before it changes and put back afterwards. Mirrors DatanodeStats.
import type { Datanode } from './datanode.ts';
import { StorageState, type StorageType } from './storage-type.ts';

export interface StorageTypeTotals {
  capacityTotal: number;
  capacityUsed: number;
  capacityNonDfsUsed: number;
  capacityRemaining: number;
  blockPoolUsed: number;
  nodesInService: number;
  nodesInServiceXceiverCount: number;
}

export class ClusterTotals {
  capacityTotal = 0;
  capacityUsed = 0;
  capacityUsedNonDfs = 0;
  capacityRemaining = 0;
  blockPoolUsed = 0;
  xceiverCount = 0;
  cacheCapacity = 0;
  cacheUsed = 0;
  nodesInService = 0;
  nodesInServiceXceiverCount = 0;
  nodesInServiceVolumes = 0;
  expiredHeartbeats = 0;
  readonly byType = new Map<StorageType, StorageTypeTotals>();

  /** What placement holds a node's load against. */
  get inServiceXceiverAverage(): number {
    return this.nodesInService === 0 ? 0 : this.nodesInServiceXceiverCount / this.nodesInService;
  }

  add(node: Datanode): void {
    this.#change(node, 1);
  }

  subtract(node: Datanode): void {
    this.#change(node, -1);
  }

  #change(node: Datanode, sign: 1 | -1): void {
    this.xceiverCount += sign * node.xceiverCount;
    if (node.inService) {
      this.capacityUsed += sign * node.dfsUsed;
      this.capacityUsedNonDfs += sign * node.nonDfsUsed;
      this.blockPoolUsed += sign * node.blockPoolUsed;
      this.nodesInService += sign;
      this.nodesInServiceXceiverCount += sign * node.xceiverCount;
      this.capacityTotal += sign * node.capacity;
      this.capacityRemaining += sign * node.remaining;
      this.nodesInServiceVolumes += sign * node.volumesAvailable;
    }
    if (node.inService || node.decommissioning || node.enteringMaintenance) {
      this.cacheCapacity += sign * node.cacheCapacity;
      this.cacheUsed += sign * node.cacheUsed;
    }
    const types = new Set<StorageType>();
    for (const storage of node.storages.values()) {
      if (storage.state === StorageState.FAILED) continue;
      types.add(storage.type);
      const totals = this.#totals(storage.type);
      totals.capacityUsed += sign * storage.dfsUsed;
      totals.blockPoolUsed += sign * storage.blockPoolUsed;
      totals.capacityNonDfsUsed += sign * storage.nonDfsUsed;
      if (!node.decommissioned && !node.decommissioning) {
        totals.capacityTotal += sign * storage.capacity;
        totals.capacityRemaining += sign * storage.remaining;
      } else {
        totals.capacityTotal += sign * storage.dfsUsed;
      }
    }
    for (const type of types) {
      if (!node.inService) continue;
      const totals = this.#totals(type);
      totals.nodesInService += sign;
      totals.nodesInServiceXceiverCount += sign * node.xceiverCount;
      if (totals.nodesInService === 0) this.byType.delete(type);
    }
  }

  #totals(type: StorageType): StorageTypeTotals {
    let totals = this.byType.get(type);
    if (totals === undefined) {
      totals = {
        capacityTotal: 0,
        capacityUsed: 0,
        capacityNonDfsUsed: 0,
        capacityRemaining: 0,
        blockPoolUsed: 0,
        nodesInService: 0,
        nodesInServiceXceiverCount: 0,
      };
      this.byType.set(type, totals);
    }
    return totals;
  }
}
