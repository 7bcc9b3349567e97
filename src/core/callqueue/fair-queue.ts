// Calls that wait, in one queue for each priority level. What comes next is drawn from the levels in turn, from each as often
// as its weight says, so that low levels go on slowly rather than not at all. One level is a queue by order of arrival.
// Apache: FairCallQueue, WeightedRoundRobinMultiplexer.
import { assert } from '../../base/assert.ts';

export interface FairQueueOptions {
  readonly levels: number;
  /** Calls of all levels together. */
  readonly capacity: number;
  /** How many calls of each level are drawn in one round. */
  readonly weights: readonly number[];
  /** Shares of the levels in the capacity. */
  readonly capacityWeights: readonly number[];
}

/** The highest level is drawn from most, each further one half as often. */
export const defaultWeights = (levels: number): readonly number[] =>
  Array.from({ length: levels }, (_, level) => 2 ** (levels - 1 - level));

/** First in, first out, without moving what stands behind. */
class Line<E> {
  #items: (E | undefined)[] = [];
  #first = 0;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#first;
  }

  push(item: E): void {
    this.#items.push(item);
  }

  shift(): E | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first++] = undefined;
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}

export class FairQueue<E> {
  /** How often a level was full when one of its calls came. */
  readonly overflowed: number[];
  readonly #lines: readonly Line<E>[];
  readonly #weights: readonly number[];
  #turn = 0;
  #left: number;
  #size = 0;

  constructor({ levels, capacity, weights, capacityWeights }: FairQueueOptions) {
    assert(levels >= 1 && weights.length === levels && capacityWeights.length === levels, 'a weight for each level');
    const shares = capacityWeights.reduce((sum, weight) => sum + weight, 0);
    const unit = Math.floor(capacity / shares);
    // What cannot be shared evenly is the highest level's.
    this.#lines = capacityWeights.map((weight, level) => new Line<E>(unit * weight + (level === 0 ? capacity % shares : 0)));
    this.overflowed = capacityWeights.map(() => 0);
    this.#weights = weights;
    this.#left = weights[0] ?? 1;
  }

  get size(): number {
    return this.#size;
  }

  get levels(): number {
    return this.#lines.length;
  }

  get sizes(): readonly number[] {
    return this.#lines.map(({ size }) => size);
  }

  /** Whether a call of that level finds room there, or further down. */
  hasRoom(level: number): boolean {
    for (let at = this.#inRange(level); at < this.#lines.length; at++) if (this.#isOpen(at)) return true;
    return false;
  }

  /** Puts it into its level, or into the next one further down with room. False: there is none. */
  offer(level: number, item: E): boolean {
    for (let at = this.#inRange(level); at < this.#lines.length; at++) {
      if (this.#isOpen(at)) {
        this.#push(at, item);
        return true;
      }
      this.overflowed[at] = (this.overflowed[at] ?? 0) + 1;
    }
    return false;
  }

  /** Puts it in whether there is room or not; without room, into the lowest level. */
  force(level: number, item: E): void {
    if (!this.offer(level, item)) this.#push(this.#lines.length - 1, item);
  }

  /** What is next; undefined: nothing waits. */
  take(): E | undefined {
    if (this.#size === 0) return undefined;
    const turn = this.#turn;
    if (--this.#left === 0) {
      this.#turn = (turn + 1) % this.#lines.length;
      this.#left = this.#weights[this.#turn] ?? 1;
    }
    let item = this.#lines[turn]?.shift();
    // Nothing waits in the level whose turn it is: the highest that has something.
    for (let at = 0; item === undefined && at < this.#lines.length; at++) item = this.#lines[at]?.shift();
    this.#size--;
    return item;
  }

  #inRange(level: number): number {
    return Math.min(level, this.#lines.length - 1);
  }

  #isOpen(level: number): boolean {
    const line = this.#lines[level];
    return line !== undefined && line.size < line.capacity;
  }

  #push(level: number, item: E): void {
    this.#lines[level]?.push(item);
    this.#size++;
  }
}
