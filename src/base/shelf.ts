// Things that take long to make, or much memory, and serve again: a few are kept while nobody has them, and those that nobody
// needed for a while are let go.

export class Shelf<T> {
  private readonly room: number;
  private readonly make: () => T;
  private readonly idle: T[] = [];
  /** The fewest that lay here since it was looked at. */
  private least = 0;

  /** Keeps up to `room`. */
  constructor(room: number, make: () => T) {
    this.room = room;
    this.make = make;
  }

  take(): T {
    const found = this.idle.pop();
    this.least = Math.min(this.least, this.idle.length);
    return found ?? this.make();
  }

  give(thing: T): void {
    if (this.idle.length < this.room) this.idle.push(thing);
  }

  /** Lets go those that nobody has needed since it was called last, and answers them. */
  dropUnused(): T[] {
    const dropped = this.idle.splice(0, this.least);
    this.least = this.idle.length;
    return dropped;
  }
}
