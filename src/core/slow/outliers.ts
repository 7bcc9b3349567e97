// Which of many alike things answer far more slowly than the others: beyond three times the median, and beyond three median
// absolute deviations from it. Apache: OutlierDetector.

export interface Outlier {
  readonly latencyMs: number;
  readonly median: number;
  readonly mad: number;
  readonly upperLimit: number;
}

export interface OutlierLimits {
  /** With fewer things there is nothing to compare with. */
  readonly minResources: number;
  /** Nothing below it is slow. */
  readonly lowThresholdMs: number;
}

const MEDIAN_MULTIPLIER = 3;
const DEVIATION_MULTIPLIER = 3;
/** Makes the deviation of a normal distribution of a median absolute deviation. */
const MAD_MULTIPLIER = 1.4826;

const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

/** Of sorted values, at least one. */
export function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 0 ? (upper + (sorted[middle - 1] ?? 0)) / 2 : upper;
}

export function findOutliers(latenciesMs: ReadonlyMap<string, number>, limits: OutlierLimits): ReadonlyMap<string, Outlier> {
  const found = new Map<string, Outlier>();
  if (latenciesMs.size === 0 || latenciesMs.size < limits.minResources) return found;
  const sorted = ascending(latenciesMs.values());
  const median = medianOf(sorted);
  const mad = medianOf(ascending(sorted.map((value) => Math.abs(value - median)))) * MAD_MULTIPLIER;
  const upperLimit = Math.max(limits.lowThresholdMs, median * MEDIAN_MULTIPLIER, median + DEVIATION_MULTIPLIER * mad);
  for (const [name, latencyMs] of latenciesMs) {
    if (latencyMs > upperLimit) found.set(name, { latencyMs, median, mad, upperLimit });
  }
  return found;
}
