// Names of inodes: where their bytes lie, and how they compare. Names are bytes; nothing here decodes them.
import type { Arena } from '../../pages/arena.ts';
import type { Records } from '../../pages/records.ts';
import { MODE_NAME_LENGTH, NAME, NAME_LENGTH_SHIFT } from './layout.ts';

const wordsFor = (bytes: number): number => (bytes + 3) >>> 2;

export class Names {
  private readonly rows: Records;
  private readonly arena: Arena;

  constructor(rows: Records, arena: Arena) {
    this.rows = rows;
    this.arena = arena;
  }

  /** Stores bytes; 0 for an empty name. */
  put(name: Uint8Array): number {
    const { length } = name;
    if (length === 0) return 0;
    const run = this.arena.allocate(wordsFor(length));
    const target = this.arena.ownBytes(run);
    const at = this.arena.byteAt(run);
    if (length > 64) target.set(name, at);
    else for (let i = 0; i < length; i++) target[at + i] = name[i] as number;
    return run;
  }

  free(run: number, length: number): void {
    if (length > 0) this.arena.free(run, wordsFor(length));
  }

  length(inode: number): number {
    return this.rows.get(inode, MODE_NAME_LENGTH) >>> NAME_LENGTH_SHIFT;
  }

  /** A copy. */
  copy(inode: number): Uint8Array {
    const length = this.length(inode);
    const name = new Uint8Array(length);
    if (length === 0) return name;
    const run = this.rows.get(inode, NAME);
    const from = this.arena.bytes(run);
    const at = this.arena.byteAt(run);
    for (let i = 0; i < length; i++) name[i] = from[at + i] as number;
    return name;
  }

  /** Order of an inode's name against the bytes from `start` to `end`: negative when the inode's comes first. */
  compare(inode: number, bytes: Uint8Array, start: number, end: number): number {
    const length = this.length(inode);
    const wanted = end - start;
    const shared = Math.min(length, wanted);
    if (shared > 0) {
      const run = this.rows.get(inode, NAME);
      const own = this.arena.bytes(run);
      const at = this.arena.byteAt(run);
      for (let i = 0; i < shared; i++) {
        const mine = own[at + i] as number;
        const other = bytes[start + i] as number;
        // Java's bytes are signed, and so is Hadoop's order: 0x80 comes before 0x00. Listings, images and the loaders of
        // images rely on it.
        if (mine !== other) return (mine ^ 0x80) - (other ^ 0x80);
      }
    }
    return length - wanted;
  }

  /** Where the bytes of a name are, for `compare`: valid until the next change. */
  bytes(inode: number): Uint8Array {
    return this.arena.bytes(this.rows.get(inode, NAME));
  }

  start(inode: number): number {
    return this.arena.byteAt(this.rows.get(inode, NAME));
  }
}
