// The row of a block: 10 words of 32 bits.
//
//   0      id, low word
//   1      id, high word
//   2      generation stamp, low word
//   3      length, low word
//   4      length, high 21 bits | state, 2 bits | replicas, 3 bits | live, 1 bit
//   5      owner
//   6      generation stamp, high word
//   7 - 9  up to three storages; with more, a list: its head and its length (core/pages/number-list.ts)
//
// A storage takes 24 of its 32 bits; the other 8 are kept for the index of a replica within a striped block group.

export const ROW_WORDS = 10;

export const ID_LOW = 0;
export const ID_HIGH = 1;
export const STAMP_LOW = 2;
export const LENGTH_LOW = 3;
export const LENGTH_HIGH_FLAGS = 4;
export const OWNER = 5;
export const STAMP_HIGH = 6;
export const REPLICAS = 7;
export const LIST_HEAD = 7;
export const LIST_LENGTH = 8;

export const LENGTH_HIGH_MASK = 0x1fffff;
export const STATE_SHIFT = 21;
export const STATE_MASK = 3;
export const REPLICAS_SHIFT = 23;
export const REPLICAS_MASK = 7;
export const LIVE = 1 << 26;

/** Replicas that fit into the row; one more in the field of their number means a list. */
export const INLINE_REPLICAS = 3;
export const REPLICAS_IN_LIST = INLINE_REPLICAS + 1;

export const MAX_STORAGE_NUMBER = 0xffffff;
