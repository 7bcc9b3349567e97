// The few statistics that the comparisons need.

/** Of values in order. */
export function quantile(sorted, q) {
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Ratios of the runs that were made one after the other: what changed on the machine in between touches both of a pair. */
export function pairRatios(ours, theirs) {
  return ours.slice(0, theirs.length).map((value, i) => value / theirs[i]);
}

export function spread(values) {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}
