// How long something took, many times over: for averages a count and a sum, for a distribution how many took at most how
// long. An addition costs a few comparisons, so that it can stand in the path of every call.

/** How often, and how much altogether. Who adds chooses the unit. */
export class Rate {
  count = 0;
  sum = 0;

  add(value: number): void {
    this.count++;
    this.sum += value;
  }

  /** So many at once, which took so much together. */
  addSeveral(count: number, sum: number): void {
    this.count += count;
    this.sum += sum;
  }
}

/** Upper bounds of the classes, in milliseconds; what takes longer is in one more. */
export const TIMING_BOUNDS_MS: readonly number[] = [
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000,
];

const CLASSES = TIMING_BOUNDS_MS.length;

/** In milliseconds. */
export class Timing extends Rate {
  /** Sum of the squares. */
  squares = 0;
  /** How many fell into each class. */
  readonly classes = new Float64Array(CLASSES + 1);

  override add(ms: number): void {
    super.add(ms);
    this.squares += ms * ms;
    let index = 0;
    while (index < CLASSES && ms > (TIMING_BOUNDS_MS[index] as number)) index++;
    this.classes[index] = (this.classes[index] as number) + 1;
  }
}

/**
 * Average of what was counted in the last stretch of time, 0 when that was nothing: as Hadoop's MutableStat shows it between
 * two snapshots.
 */
export class RecentAverage {
  readonly #rate: Pick<Rate, 'count' | 'sum'>;
  readonly #stretchMs: number;
  #count = 0;
  #sum = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #last = 0;

  constructor(rate: Pick<Rate, 'count' | 'sum'>, stretchMs: number) {
    this.#rate = rate;
    this.#stretchMs = stretchMs;
  }

  /** `nowMs` of a clock that does not go back. */
  at(nowMs: number): number {
    const { count, sum } = this.#rate;
    if (nowMs - this.#sinceMs < this.#stretchMs) return this.#last;
    this.#last = count > this.#count ? (sum - this.#sum) / (count - this.#count) : 0;
    this.#count = count;
    this.#sum = sum;
    this.#sinceMs = nowMs;
    return this.#last;
  }
}
