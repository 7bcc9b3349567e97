// Which inodes were changed by transactions that are perhaps not durable yet. A read asks for the inodes that it met and
// waits for the highest answer; a read that met nothing fresh never waits for other people's fsync.
import type { InodeHandle } from './inodes.ts';

/** Room for numbers that stays when all have been forgotten. */
const MOST_KEPT = 64 * 1024;

export class Touched {
  /** Off during a replay, where everything is durable already. */
  enabled = false;
  readonly #byInode = new Map<InodeHandle, number>();
  /** Pairs of inode and transaction, one after the other. */
  #order: number[] = [];
  #oldest = 0;
  #end = 0;
  #highest = 0;

  /** Highest transaction that is still remembered; 0 when all were forgotten. */
  get highest(): number {
    return this.#byInode.size === 0 ? 0 : this.#highest;
  }

  add(inode: InodeHandle, txid: number): void {
    if (!this.enabled) return;
    this.#byInode.set(inode, txid);
    this.#order[this.#end++] = inode;
    this.#order[this.#end++] = txid;
    this.#highest = txid;
  }

  /** The transaction that last changed the inode, or 0. A reused handle may answer for its predecessor: a longer wait. */
  of(inode: InodeHandle): number {
    if (this.#byInode.size === 0) return 0;
    return this.#byInode.get(inode) ?? 0;
  }

  /** Highest answer over several inodes; zeros among them are passed over. */
  ofAll(inodes: Iterable<InodeHandle>): number {
    if (this.#byInode.size === 0) return 0;
    let highest = 0;
    for (const inode of inodes) highest = Math.max(highest, this.#byInode.get(inode) ?? 0);
    return highest;
  }

  /** Everything up to `durableTxid` is on disk. */
  forget(durableTxid: number): void {
    while (this.#oldest < this.#end) {
      const inode = this.#order[this.#oldest] as InodeHandle;
      const txid = this.#order[this.#oldest + 1] as number;
      if (txid > durableTxid) break;
      if (this.#byInode.get(inode) === txid) this.#byInode.delete(inode);
      this.#oldest += 2;
    }
    if (this.#oldest === this.#end) {
      // Emptying the array itself, several times in a millisecond, costs more than all else here.
      if (this.#end > MOST_KEPT) this.#order = [];
      this.#oldest = 0;
      this.#end = 0;
    } else if (this.#oldest > 2048 && this.#oldest * 2 > this.#end) {
      this.#order = this.#order.slice(this.#oldest, this.#end);
      this.#end -= this.#oldest;
      this.#oldest = 0;
    }
  }
}
