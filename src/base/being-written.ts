// The name of a file while it is written. Whoever writes one aside gives it this name, and whoever tidies up behind a crash knows it by
// that.

/** Behind the name that the file takes once it is whole. */
export const BEING_WRITTEN = '.tmp';
