// Leases: which client writes which open files, and when it was last heard of. Keyed by inode id, so that a file's lease
// follows it through renames. Times are monotonic milliseconds handed in by the caller.
//
// A file deleted with a directory keeps its entry until its inode is reclaimed; whoever walks the leases skips inodes
// that are gone.
//
// Clients are few, files may be many: each is a row in two chains, of all and of its client's. Hash tables of them would be
// read from all over the memory with every create, and made anew as they grow.
import { type InodeId, inodeId } from '../../base/ids.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { IdIndex } from '../pages/id-index.ts';
import { Records } from '../pages/records.ts';

/** Apache: HdfsServerConstants.NAMENODE_LEASE_HOLDER; it holds the leases of files that nobody else asked for. */
export const NAMENODE_LEASE_HOLDER = 'HDFS_NameNode';

/** Words of an open file's row. */
const FILE_ID = 0;
const LEASE = 2;
/** Of each chain the rows before and behind; 0: none. */
const IN_ALL = 3;
const IN_LEASE = 5;
const ROW_WORDS = 7;

/** The way through a chain of somebody who may stay away for a while: the row that comes next, 0 at the end. */
interface Walk {
  next: number;
}

/** Open files in the order in which they were opened. */
class OpenFiles implements Iterable<InodeId> {
  readonly #rows: Records;
  /** Where this chain's two words are in a row. */
  readonly #before: number;
  readonly #behind: number;
  #first = 0;
  #last = 0;
  #size = 0;
  readonly #walks = new Set<Walk>();

  constructor(rows: Records, chain: number) {
    this.#rows = rows;
    this.#before = chain;
    this.#behind = chain + 1;
  }

  get size(): number {
    return this.#size;
  }

  /** As of a Set: what comes meanwhile is visited, what goes is not. */
  *[Symbol.iterator](): Generator<InodeId> {
    const rows = this.#rows;
    const walk: Walk = { next: this.#first };
    this.#walks.add(walk);
    try {
      while (walk.next !== 0) {
        const row = walk.next;
        walk.next = rows.get(row, this.#behind);
        yield inodeId(rows.getWide(row, FILE_ID));
      }
    } finally {
      this.#walks.delete(walk);
    }
  }

  append(row: number): void {
    const rows = this.#rows;
    rows.set(row, this.#before, this.#last);
    rows.set(row, this.#behind, 0);
    if (this.#last === 0) this.#first = row;
    else rows.set(this.#last, this.#behind, row);
    this.#last = row;
    this.#size++;
    this.#turnWalks(0, row);
  }

  takeOut(row: number): void {
    const rows = this.#rows;
    const before = rows.get(row, this.#before);
    const behind = rows.get(row, this.#behind);
    if (before === 0) this.#first = behind;
    else rows.set(before, this.#behind, behind);
    if (behind === 0) this.#last = before;
    else rows.set(behind, this.#before, before);
    this.#size--;
    this.#turnWalks(row, behind);
  }

  #turnWalks(from: number, to: number): void {
    if (this.#walks.size > 0) for (const walk of this.#walks) if (walk.next === from) walk.next = to;
  }
}

/** All open files of one client. */
export class Lease {
  readonly holder: string;
  /** Its number among the leases there are. */
  readonly number: number;
  readonly files: OpenFiles;
  lastRenewalMs: number;

  constructor(holder: string, number: number, files: OpenFiles, nowMs: number) {
    this.holder = holder;
    this.number = number;
    this.files = files;
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
  readonly #byNumber: (Lease | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #rows: Records;
  readonly #rowOfFile: IdIndex;
  readonly #files: OpenFiles;
  /** The last of the map: renewing it moves nothing. */
  #newest: Lease | undefined;

  constructor(limits: LeaseLimits) {
    this.#limits = limits;
    const allocator = new PageAllocator();
    this.#rows = new Records(allocator, ROW_WORDS);
    this.#rowOfFile = new IdIndex(allocator);
    this.#files = new OpenFiles(this.#rows, IN_ALL);
  }

  /** Clients with open files. */
  get holderCount(): number {
    return this.#byHolder.size;
  }

  /** Files open for writing. */
  get fileCount(): number {
    return this.#files.size;
  }

  ofHolder(holder: string): Lease | undefined {
    return this.#byHolder.get(holder);
  }

  ofFile(file: InodeId): Lease | undefined {
    const row = this.#rowOfFile.find(file);
    return row === 0 ? undefined : this.#leaseOf(row);
  }

  /** Ids of the files open for writing, in the order in which they were opened. */
  files(): Iterable<InodeId> {
    return this.#files;
  }

  add(holder: string, file: InodeId, nowMs: number): void {
    this.remove(file);
    let lease = this.#byHolder.get(holder);
    if (lease === undefined) {
      const number = this.#freeNumbers.pop() ?? this.#byNumber.length;
      lease = new Lease(holder, number, new OpenFiles(this.#rows, IN_LEASE), nowMs);
      this.#byNumber[number] = lease;
      this.#byHolder.set(holder, lease);
      this.#newest = lease;
    } else {
      this.#renew(lease, nowMs);
    }
    const row = this.#rows.allocate();
    this.#rows.setWide(row, FILE_ID, file);
    this.#rows.set(row, LEASE, lease.number);
    this.#rowOfFile.add(file, row);
    this.#files.append(row);
    lease.files.append(row);
  }

  remove(file: InodeId): void {
    const row = this.#rowOfFile.find(file);
    if (row === 0) return;
    const lease = this.#leaseOf(row);
    this.#rowOfFile.remove(file);
    this.#files.takeOut(row);
    lease.files.takeOut(row);
    this.#rows.free(row);
    if (lease.files.size > 0) return;
    this.#byHolder.delete(lease.holder);
    this.#byNumber[lease.number] = undefined;
    this.#freeNumbers.push(lease.number);
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

  /** Leases beyond the hard limit, the longest silent first. They may end, or be renewed, while they are gone through. */
  *expired(nowMs: number): Generator<Lease, void> {
    for (const lease of this.#byHolder.values()) {
      if (!this.hardLimitExpired(lease, nowMs)) return;
      yield lease;
    }
  }

  #leaseOf(row: number): Lease {
    return this.#byNumber[this.#rows.get(row, LEASE)] as Lease;
  }

  #renew(lease: Lease, nowMs: number): void {
    lease.lastRenewalMs = nowMs;
    if (lease === this.#newest) return;
    this.#byHolder.delete(lease.holder);
    this.#byHolder.set(lease.holder, lease);
    this.#newest = lease;
  }
}
