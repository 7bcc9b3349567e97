// Which inodes were changed by transactions that are perhaps not durable yet. A read asks for the inodes that it met and
// waits for the highest answer; a read that met nothing fresh never waits for other people's fsync.
//
// Every change puts two or three inodes here that are forgotten a moment later. So the table is of words, open addressing
// without removal: what is durable is passed over, and dropped when the table is half full.
import type { InodeHandle } from './inodes.ts';

/** Powers of two. */
const LEAST_SLOTS = 1024;
const GOLDEN = 0x9e3779b1;

export class Touched {
  /** Off during a replay, where everything is durable already. */
  enabled = false;
  #inodes = new Uint32Array(LEAST_SLOTS);
  #txids = new Float64Array(LEAST_SLOTS);
  #used = 0;
  #highest = 0;
  #durable = 0;

  /** Highest transaction that is still remembered; 0 when all were forgotten. */
  get highest(): number {
    return this.#highest > this.#durable ? this.#highest : 0;
  }

  add(inode: InodeHandle, txid: number): void {
    if (!this.enabled) return;
    if (this.#used * 2 >= this.#inodes.length) this.#dropDurable();
    this.#put(inode, txid);
    this.#highest = txid;
  }

  /** The transaction that last changed the inode, or 0. A reused handle may answer for its predecessor: a longer wait. */
  of(inode: InodeHandle): number {
    if (inode === 0 || this.#highest <= this.#durable) return 0;
    const slot = this.#slotOf(inode);
    if (this.#inodes[slot] !== inode) return 0;
    const txid = this.#txids[slot] as number;
    return txid > this.#durable ? txid : 0;
  }

  /** Highest answer over several inodes; zeros among them are passed over. */
  ofAll(inodes: Iterable<InodeHandle>): number {
    if (this.#highest <= this.#durable) return 0;
    let highest = 0;
    for (const inode of inodes) highest = Math.max(highest, this.of(inode));
    return highest;
  }

  /** Everything up to `durableTxid` is on disk. */
  forget(durableTxid: number): void {
    if (durableTxid > this.#durable) this.#durable = durableTxid;
  }

  /** Where the inode stands, or where it would. */
  #slotOf(inode: InodeHandle): number {
    const last = this.#inodes.length - 1;
    let slot = Math.imul(inode, GOLDEN) >>> Math.clz32(last);
    while (this.#inodes[slot] !== 0 && this.#inodes[slot] !== inode) slot = (slot + 1) & last;
    return slot;
  }

  #put(inode: InodeHandle, txid: number): void {
    const slot = this.#slotOf(inode);
    if (this.#inodes[slot] === 0) {
      this.#inodes[slot] = inode;
      this.#used++;
    }
    this.#txids[slot] = txid;
  }

  /** Makes the table anew, with room for as many again as there are. */
  #dropDurable(): void {
    const inodes = this.#inodes;
    const txids = this.#txids;
    let left = 0;
    for (let slot = 0; slot < inodes.length; slot++) if ((txids[slot] as number) > this.#durable && inodes[slot] !== 0) left++;
    let slots = LEAST_SLOTS;
    while (left * 4 > slots) slots *= 2;
    this.#inodes = new Uint32Array(slots);
    this.#txids = new Float64Array(slots);
    this.#used = 0;
    for (let slot = 0; slot < inodes.length; slot++) {
      const txid = txids[slot] as number;
      if (inodes[slot] !== 0 && txid > this.#durable) this.#put(inodes[slot] as number, txid);
    }
  }
}
