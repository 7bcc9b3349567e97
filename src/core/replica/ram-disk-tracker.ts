// The replicas that lie in memory: in what order they are saved to a disk, and which of the saved ones leaves the memory
// first, the one that was read least recently. Times are the caller's. Apache: RamDiskReplicaLruTracker.

import type { BlockId } from '../../base/ids.ts';

/** A replica that is complete. */
export interface InMemory {
  readonly key: string;
  readonly pool: string;
  readonly id: BlockId;
  readonly bytes: number;
  /** Milliseconds of the monotonic clock. */
  readonly createdMs: number;
}

export interface RamDiskReplica<Saved> extends InMemory {
  reads: number;
  /** Where its copy lies; undefined while there is none. */
  saved: Saved | undefined;
}

export class RamDiskTracker<Saved> {
  readonly #replicas = new Map<string, RamDiskReplica<Saved>>();
  /** To be saved, in the order in which they came. */
  #waiting: RamDiskReplica<Saved>[] = [];
  /** Saved, the least recently used first. */
  readonly #used = new Map<string, RamDiskReplica<Saved>>();

  get size(): number {
    return this.#replicas.size;
  }

  /** How many are to be looked at for saving; some may have left meanwhile. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get(key: string): RamDiskReplica<Saved> | undefined {
    return this.#replicas.get(key);
  }

  /** One of the same key must have been forgotten. */
  add(complete: InMemory): void {
    const replica: RamDiskReplica<Saved> = { ...complete, reads: 0, saved: undefined };
    this.#replicas.set(replica.key, replica);
    this.#waiting.push(replica);
  }

  /** Somebody reads it. */
  touch(key: string): void {
    const replica = this.#replicas.get(key);
    if (replica === undefined) return;
    replica.reads++;
    if (this.#used.delete(key)) this.#used.set(key, replica);
  }

  /** The next one to be saved, which leaves the queue. */
  takeWaiting(): RamDiskReplica<Saved> | undefined {
    for (let replica = this.#waiting.shift(); replica !== undefined; replica = this.#waiting.shift()) {
      if (this.#replicas.get(replica.key) === replica) return replica;
    }
    return undefined;
  }

  /** It could not be saved, or its copy is gone: it comes after all others. */
  waitAgain(replica: RamDiskReplica<Saved>): void {
    if (this.#replicas.get(replica.key) !== replica) return;
    replica.saved = undefined;
    this.#used.delete(replica.key);
    this.#waiting.push(replica);
  }

  /** A copy stands. False: the replica has left, or changed, meanwhile, and the copy is of no use. */
  recordSaved(replica: RamDiskReplica<Saved>, saved: Saved): boolean {
    if (this.#replicas.get(replica.key) !== replica) return false;
    replica.saved = saved;
    this.#used.set(replica.key, replica);
    return true;
  }

  /** Those that have a copy, whether or not they are candidates. */
  *saved(): Iterable<RamDiskReplica<Saved> & { readonly saved: Saved }> {
    for (const replica of this.#replicas.values()) {
      const { saved } = replica;
      if (saved !== undefined) yield replica as RamDiskReplica<Saved> & { readonly saved: Saved };
    }
  }

  /** The saved one that was not used for the longest time; it is no candidate again until it is saved or put back. */
  takeLeastRecentlyUsed(): RamDiskReplica<Saved> | undefined {
    for (const [key, replica] of this.#used) {
      this.#used.delete(key);
      return replica;
    }
    return undefined;
  }

  /** It lies in memory no more, or is being changed. */
  forget(key: string): RamDiskReplica<Saved> | undefined {
    const replica = this.#replicas.get(key);
    this.#replicas.delete(key);
    this.#used.delete(key);
    return replica;
  }
}
