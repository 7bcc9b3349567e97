// Leases: which client writes which open files, and when it was last heard of. Keyed by inode id, so that a file's lease
// follows it through renames. Times are monotonic milliseconds handed in by the caller.
//
// A file deleted with a directory keeps its entry until its inode is reclaimed; whoever walks the leases skips inodes
// that are gone.
import type { InodeId } from '../../base/ids.ts';

/** Apache: HdfsServerConstants.NAMENODE_LEASE_HOLDER; it holds the leases of files that nobody else asked for. */
export const NAMENODE_LEASE_HOLDER = 'HDFS_NameNode';

/** All open files of one client. */
export class Lease {
  readonly holder: string;
  readonly files = new Set<InodeId>();
  lastRenewalMs: number;

  constructor(holder: string, nowMs: number) {
    this.holder = holder;
    this.lastRenewalMs = nowMs;
  }
}

export interface LeaseLimits {
  readonly softLimitMs: number;
  readonly hardLimitMs: number;
}

export class Leases {
  readonly #limits: LeaseLimits;
  // A renewed lease moves to the end, so the map is in order of last renewal: expiry looks at its head only.
  readonly #byHolder = new Map<string, Lease>();
  readonly #byFile = new Map<InodeId, Lease>();
  /** The last of the map: renewing it moves nothing. */
  #newest: Lease | undefined;

  constructor(limits: LeaseLimits) {
    this.#limits = limits;
  }

  /** Clients with open files. */
  get holderCount(): number {
    return this.#byHolder.size;
  }

  /** Files open for writing. */
  get fileCount(): number {
    return this.#byFile.size;
  }

  ofHolder(holder: string): Lease | undefined {
    return this.#byHolder.get(holder);
  }

  ofFile(file: InodeId): Lease | undefined {
    return this.#byFile.get(file);
  }

  /** Ids of the files open for writing, in the order in which they were opened. */
  files(): IterableIterator<InodeId> {
    return this.#byFile.keys();
  }

  add(holder: string, file: InodeId, nowMs: number): void {
    this.remove(file);
    let lease = this.#byHolder.get(holder);
    if (lease === undefined) {
      lease = new Lease(holder, nowMs);
      this.#byHolder.set(holder, lease);
      this.#newest = lease;
    } else {
      this.#renew(lease, nowMs);
    }
    lease.files.add(file);
    this.#byFile.set(file, lease);
  }

  remove(file: InodeId): void {
    const lease = this.#byFile.get(file);
    if (lease === undefined) return;
    this.#byFile.delete(file);
    lease.files.delete(file);
    if (lease.files.size > 0) return;
    this.#byHolder.delete(lease.holder);
    if (this.#newest === lease) this.#newest = undefined;
  }

  /** The client lives. A client without open files has nothing to renew. */
  renew(holder: string, nowMs: number): void {
    const lease = this.#byHolder.get(holder);
    if (lease !== undefined) this.#renew(lease, nowMs);
  }

  /** After a start or a failover every client gets its whole time anew. */
  renewAll(nowMs: number): void {
    for (const lease of this.#byHolder.values()) lease.lastRenewalMs = nowMs;
  }

  /** Another client may take the file over. */
  softLimitExpired(lease: Lease, nowMs: number): boolean {
    return nowMs - lease.lastRenewalMs > this.#limits.softLimitMs;
  }

  /** The NameNode itself closes the file. */
  hardLimitExpired(lease: Lease, nowMs: number): boolean {
    return nowMs - lease.lastRenewalMs > this.#limits.hardLimitMs;
  }

  /** Leases beyond the hard limit, the longest silent first, at most `limit`. */
  expired(nowMs: number, limit: number): Lease[] {
    const found: Lease[] = [];
    for (const lease of this.#byHolder.values()) {
      if (found.length >= limit || !this.hardLimitExpired(lease, nowMs)) break;
      found.push(lease);
    }
    return found;
  }

  #renew(lease: Lease, nowMs: number): void {
    lease.lastRenewalMs = nowMs;
    if (lease === this.#newest) return;
    this.#byHolder.delete(lease.holder);
    this.#byHolder.set(lease.holder, lease);
    this.#newest = lease;
  }
}
