// Java's long as text, from the number that it was read into.

const LONG_MAX = 2n ** 63n - 1n;
/** Java's Long.MAX_VALUE as the nearest number. */
const LONG_END = 2 ** 63;

/** Decimal digits; a number beyond 2^53 with all that it stands for. */
export function decimal(value: number | bigint): string {
  if (typeof value === 'number' && value >= LONG_END) return String(LONG_MAX);
  return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(value).toString() : String(value);
}
