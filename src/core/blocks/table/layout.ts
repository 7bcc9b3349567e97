// How blocks lie in memory. 32 ids that begin at a multiple of 32 are a group, and a block's handle is its group's number
// and its place in it. Blocks whose ids follow one another are mostly alike: written by one client after another, of one
// file, full, complete, with stamps that count up as the ids do. So a group says once what its blocks have in common and lists
// only those that differ (exceptions.ts); replicas have an arena of their own (group-replicas.ts).
//
// The row of a group: 10 words of 32 bits.
//
//   0      id of its first block, low word; in its five free bits how replicas are kept
//   1      the same, high word
//   2      which blocks there are, one bit each
//   3, 4   generation stamp less the place in the group
//   5      length, low word
//   6      length, high 21 bits | state, 2 bits
//   7      owner
//   8      those that differ: a run (exceptions.ts); 0 none
//   9      replicas: a run (group-replicas.ts); 0 none

export const ROW_WORDS = 10;

export const ID_LOW = 0;
export const ID_HIGH = 1;
export const PRESENT = 2;
export const STAMP = 3;
export const LENGTH = 5;
export const OWNER = 7;
export const EXCEPTIONS = 8;
export const REPLICAS = 9;

export const GROUP_BITS = 5;
export const GROUP_SIZE = 1 << GROUP_BITS;
export const PLACE_MASK = GROUP_SIZE - 1;
/** Handles have 32 bits. */
export const MAX_GROUPS = 2 ** (32 - GROUP_BITS);

export const LENGTH_HIGH_MASK = 0x1fffff;
export const STATE_SHIFT = 21;
export const STATE_MASK = 3;

export const MAX_STORAGE_NUMBER = 0xffffff;

/** In a run of those that differ: which have a stamp, and a length, of their own; and where their values begin, stamps first. */
export const OWN_STAMPS = 0;
export const OWN_LENGTHS = 1;
export const OWN_VALUES = 3;

/** A group of which every block is there. */
export const FULL = 0xffffffff;

/** The three numbers of a block in one word (group-replicas.ts). */
export const NARROW_BITS = 10;
export const NARROW_MASK = 0x3ff;
/** The lowest bit of each, and the highest. */
export const NARROW_ONES = 0x00100401;
export const NARROW_TOPS = 0x20080200;

/** How many of a group's blocks come before the place, of those that `bits` shows. */
export function rank(bits: number, place: number): number {
  return popCount(bits & ((1 << place) - 1));
}

export function popCount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** All bits above the lowest one are set, too. */
export function isDense(bits: number): boolean {
  return (bits | (bits - 1)) === -1;
}

/** The place of the lowest bit. */
export function lowestPlace(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
