// How long something took, many times over: for averages a count and a sum, for a distribution how many took at most how
// long. An addition costs a few comparisons, so that it can stand in the path of every call.

/** Upper bounds of the classes, in milliseconds; what takes longer is in one more. */
export const TIMING_BOUNDS_MS: readonly number[] = [
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000,
];

const CLASSES = TIMING_BOUNDS_MS.length;

export class Timing {
  count = 0;
  sumMs = 0;
  /** How many fell into each class. */
  readonly classes = new Float64Array(CLASSES + 1);

  add(ms: number): void {
    this.count++;
    this.sumMs += ms;
    let index = 0;
    while (index < CLASSES && ms > (TIMING_BOUNDS_MS[index] as number)) index++;
    this.classes[index] = (this.classes[index] as number) + 1;
  }
}

/** Average of the last stretch of time in which something was counted, as Hadoop's MutableStat shows it between two snapshots. */
export class RecentAverage {
  readonly #timing: Pick<Timing, 'count' | 'sumMs'>;
  readonly #stretchMs: number;
  #count = 0;
  #sumMs = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #last = 0;

  constructor(timing: Pick<Timing, 'count' | 'sumMs'>, stretchMs: number) {
    this.#timing = timing;
    this.#stretchMs = stretchMs;
  }

  /** `nowMs` of a clock that does not go back. */
  at(nowMs: number): number {
    const { count, sumMs } = this.#timing;
    if (nowMs - this.#sinceMs < this.#stretchMs) return this.#last;
    if (count > this.#count) this.#last = (sumMs - this.#sumMs) / (count - this.#count);
    this.#count = count;
    this.#sumMs = sumMs;
    this.#sinceMs = nowMs;
    return this.#last;
  }
}
