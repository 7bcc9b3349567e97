// Java's long as text, from the number that it was read into.

const LONG_MAX = 2n ** 63n - 1n;
/** Java's Long.MAX_VALUE as the nearest number. */
const LONG_END = 2 ** 63;

/** A quota as it travels, unsigned: -1 for none. Long.MAX_VALUE, which the root has where nobody set another, is one. */
export const quotaValue = (value: number): number => (value > LONG_END ? -1 : value);

/** All that a number stands for, less another; where it stands for Long.MAX_VALUE, less than that by it. */
export function longLess(value: number, less: number): number | bigint {
  return value >= LONG_END ? LONG_MAX - BigInt(less) : value - less;
}

/** Decimal digits; a number beyond 2^53 with all that it stands for. */
export function decimal(value: number | bigint): string {
  if (typeof value === 'number' && value >= LONG_END) return String(LONG_MAX);
  return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(value).toString() : String(value);
}
