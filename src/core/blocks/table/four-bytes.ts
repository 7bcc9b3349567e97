// Varints of a full report, looked at four bytes at once. `word` has the bytes, the first one lowest; the topmost bit of each says
// whether another one follows. Constants are here because the bundler writes those of other files out where they are used; one of
// the same file is looked up each time.

export const MORE = 0x80808080 | 0;
/** Of those bits, turned around: the fourth byte is the first without another one, and, of the first three, the third is. */
export const FOURTH_ENDS = 0x80000000 | 0;
export const FIRST_THREE = 0x00808080;
export const THIRD_ENDS = 0x00800000;

/** The 28 bits of a number that lie in four bytes. */
export const joined = (word: number): number =>
  (word & 0x7f) | ((word >>> 1) & 0x3f80) | ((word >>> 2) & 0x1fc000) | ((word >>> 3) & 0xfe00000);

/** So many bytes before the end of a buffer, a replica of at most 16 bytes can be looked at so. */
export const MARGIN = 20;
/** An id that is counted takes five bytes. */
export const ID_BYTES = 5;
/** Of the first one: whether another follows, the sixth bit of the id, and the sign. */
export const FIRST_MASK = 0xc1;
export const SIXTH_BIT = 0x40;
