// Who waits for which transaction to be durable. Txids only grow, so does what is durable, and most waiters come in
// the order of their txids: a queue that is sorted when it is not.

interface Waiter {
  readonly txid: number;
  readonly fn: (error?: Error) => void;
}

export class TxWaiters {
  /** Everything up to here is durable. */
  reached = 0;
  private waiters: Waiter[] = [];
  private head = 0;
  private sorted = true;

  /** Calls `fn` at once when `txid` is reached already. */
  add(txid: number, fn: (error?: Error) => void): void {
    if (txid <= this.reached) {
      fn();
      return;
    }
    const last = this.waiters.at(-1);
    if (last !== undefined && last.txid > txid && this.waiters.length > this.head) this.sorted = false;
    this.waiters.push({ txid, fn });
  }

  advance(txid: number): void {
    if (txid <= this.reached) return;
    this.reached = txid;
    if (!this.sorted) {
      this.waiters = this.waiters.slice(this.head).sort((a, b) => a.txid - b.txid);
      this.head = 0;
      this.sorted = true;
    }
    while (this.head < this.waiters.length) {
      const waiter = this.waiters[this.head] as Waiter;
      if (waiter.txid > txid) break;
      this.head++;
      waiter.fn();
    }
    if (this.head === this.waiters.length) {
      this.waiters.length = 0;
      this.head = 0;
    } else if (this.head > 4096) {
      this.waiters = this.waiters.slice(this.head);
      this.head = 0;
    }
  }

  /** Tells everybody that no more will become durable. */
  fail(error: Error): void {
    const left = this.waiters.slice(this.head);
    this.waiters = [];
    this.head = 0;
    for (const waiter of left) waiter.fn(error);
  }
}
