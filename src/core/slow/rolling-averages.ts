// Averages of the last hours by name, from sums of short windows. Apache: MutableRollingAverages.

export interface RollingOptions {
  readonly windowMs: number;
  readonly windows: number;
  /** Names that are kept; those that would come beyond are passed over. */
  readonly maxNames: number;
}

/** Apache's defaults: three hours. */
export const DEFAULT_ROLLING: RollingOptions = { windowMs: 300_000, windows: 36, maxNames: 10_000 };

interface Window {
  readonly endMs: number;
  readonly sum: number;
  readonly count: number;
}

interface Series {
  sum: number;
  count: number;
  windows: Window[];
}

export class RollingAverages {
  readonly #options: RollingOptions;
  readonly #series = new Map<string, Series>();
  #windowEndMs: number;

  constructor(nowMs: number, options: RollingOptions = DEFAULT_ROLLING) {
    this.#options = options;
    this.#windowEndMs = nowMs + options.windowMs;
  }

  add(name: string, value: number, nowMs: number): void {
    if (nowMs >= this.#windowEndMs) this.#roll(nowMs);
    let series = this.#series.get(name);
    if (series === undefined) {
      if (this.#series.size >= this.#options.maxNames) return;
      series = { sum: 0, count: 0, windows: [] };
      this.#series.set(name, series);
    }
    series.sum += value;
    series.count++;
  }

  /** Averages over the windows that are over, of names with more samples than that. */
  averages(nowMs: number, minSamples: number): ReadonlyMap<string, number> {
    if (nowMs >= this.#windowEndMs) this.#roll(nowMs);
    const found = new Map<string, number>();
    for (const [name, { windows }] of this.#series) {
      let sum = 0;
      let count = 0;
      for (const window of windows) {
        sum += window.sum;
        count += window.count;
      }
      if (count > minSamples) found.set(name, sum / count);
    }
    return found;
  }

  /** The window that runs is over; what is too old goes. */
  #roll(nowMs: number): void {
    const { windowMs, windows } = this.#options;
    const oldestMs = nowMs - windowMs * windows;
    for (const [name, series] of this.#series) {
      if (series.count > 0) series.windows.push({ endMs: this.#windowEndMs, sum: series.sum, count: series.count });
      series.sum = 0;
      series.count = 0;
      series.windows = series.windows.filter(({ endMs }) => endMs > oldestMs);
      if (series.windows.length === 0) this.#series.delete(name);
    }
    this.#windowEndMs += Math.ceil((nowMs - this.#windowEndMs + 1) / windowMs) * windowMs;
  }
}
