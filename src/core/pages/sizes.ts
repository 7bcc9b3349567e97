// How rows and words lie in pages. By itself, because the bundler writes constants of a file without imports out where they are
// used; others are looked up in the module each time, and what lies in a page is looked for tens of millions of times.

/** Rows of a page (records.ts). */
export const ROW_BITS = 10;
export const PAGE_ROWS = 1 << ROW_BITS;
export const ROW_MASK = PAGE_ROWS - 1;

/** Words of a page (arena.ts). */
export const WORD_BITS = 14;
export const PAGE_WORDS = 1 << WORD_BITS;
export const WORD_MASK = PAGE_WORDS - 1;
