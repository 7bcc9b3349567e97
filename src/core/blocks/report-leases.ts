// Leases for full block reports: only so many DataNodes at a time may send one, so that a restart of the NameNode is not
// a stampede. A lease comes with a heartbeat's answer and ends with the report or by time. Mirrors BlockReportLeaseManager.
import type { Datanode } from './datanode.ts';

interface Lease {
  readonly id: bigint;
  readonly sinceMs: number;
}

export interface ReportLeaseOptions {
  /** dfs.namenode.max.full.block.report.leases. */
  readonly maxPending: number;
  /** dfs.namenode.full.block.report.lease.length.ms. */
  readonly leaseMs: number;
}

export const DEFAULT_REPORT_LEASE_OPTIONS: ReportLeaseOptions = { maxPending: 6, leaseMs: 5 * 60 * 1000 };

export class BlockReportLeases {
  readonly #options: ReportLeaseOptions;
  /** In the order of granting. */
  readonly #leases = new Map<Datanode, Lease>();
  #nextId: bigint;

  /** `firstId` is random, so that leases of an earlier NameNode are not taken for ours. */
  constructor(options: ReportLeaseOptions, firstId: bigint) {
    this.#options = options;
    this.#nextId = BigInt.asIntN(64, firstId);
  }

  get pending(): number {
    return this.#leases.size;
  }

  /** A new lease for the node, in place of any that it has; 0n when all are out. */
  request(node: Datanode, nowMs: number): bigint {
    this.#leases.delete(node);
    for (const [holder, lease] of this.#leases) {
      if (nowMs - lease.sinceMs < this.#options.leaseMs) break;
      this.#leases.delete(holder);
    }
    if (this.#leases.size >= this.#options.maxPending) return 0n;
    this.#nextId = BigInt.asIntN(64, this.#nextId + 1n);
    if (this.#nextId === 0n) this.#nextId = 1n;
    this.#leases.set(node, { id: this.#nextId, sinceMs: nowMs });
    return this.#nextId;
  }

  /** Whether a report under that lease is welcome; 0n is (a DataNode that knows no leases, or an operator's order). */
  check(node: Datanode, id: bigint, nowMs: number): boolean {
    if (id === 0n) return true;
    const lease = this.#leases.get(node);
    if (lease === undefined) return false;
    if (nowMs - lease.sinceMs >= this.#options.leaseMs) {
      this.#leases.delete(node);
      return false;
    }
    return BigInt.asIntN(64, id) === lease.id;
  }

  /** The report is complete, or the node is gone. */
  end(node: Datanode): void {
    this.#leases.delete(node);
  }
}
