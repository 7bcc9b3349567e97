// Directories by the text of their paths, as they were found last: most paths that a NameNode is asked for lead to a directory
// that it has just been asked about. Nothing is remembered of what is not there, so only a directory that leaves its place
// changes anything: all is forgotten then.
import type { InodeHandle } from './types.ts';

/** A power of two. */
const SLOTS = 1024;
/** Longer paths are not remembered. */
const MAX_LENGTH = 256;
/** Paths are told apart by so many letters of their ends; where that is too few, the later takes the place of the earlier. */
const HASHED_LETTERS = 10;

interface Known {
  readonly text: string;
  readonly age: number;
  /** From the root down to the directory. */
  readonly inodes: readonly InodeHandle[];
}

export class KnownDirectories {
  readonly #slots: (Known | undefined)[] = new Array(SLOTS).fill(undefined);
  #age = 0;

  /** The inodes along the first `end` letters of the path; they are not to be changed. */
  find(path: string, end: number): readonly InodeHandle[] | undefined {
    const known = this.#slots[slotOf(path, end)];
    if (known === undefined || known.age !== this.#age || known.text.length !== end) return undefined;
    return path.startsWith(known.text) ? known.inodes : undefined;
  }

  /** Remembers them; all are directories in the tree. */
  add(path: string, end: number, inodes: readonly InodeHandle[]): void {
    if (end <= MAX_LENGTH) this.#slots[slotOf(path, end)] = { text: path.slice(0, end), age: this.#age, inodes };
  }

  forgetAll(): void {
    this.#age++;
  }
}

function slotOf(path: string, end: number): number {
  let hash = end;
  for (let i = Math.max(0, end - HASHED_LETTERS); i < end; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
