// A simulated file: what processes see, what is left after the power fails, and what a power cut may take or leave of the
// difference.
import { assert } from '../../base/assert.ts';
import type { SeededRandom } from '../../base/random.ts';
import { Bytes, type Content, Written } from './file-bytes.ts';
import { givePages } from './pages.ts';

const SECTOR_BYTES = 512;

/** Bytes of the durable layer that may be others from `version` on. */
interface DurableChange {
  readonly version: number;
  readonly from: number;
  readonly to: number;
}

/** Whoever looks less often than this sees the whole file as changed. */
const MAX_CHANGES_KEPT = 64;

/** An open file. */
export interface FileHandle {
  /** It may still be used. */
  readonly isInUse: boolean;
}

export interface NodeFields {
  readonly inode: number;
  mode: number;
  mtimeMs: number;
}

export class SimFileNode implements NodeFields {
  readonly kind = 'file';
  readonly inode: number;
  mode: number;
  mtimeMs: number;
  private readonly live = new Bytes();
  private readonly durable = new Bytes();
  /** Changes of the live layer that no sync has made durable, in order. */
  private unsynced: Content[] = [];
  /** The layers differ in more than `unsynced`. */
  private forgotten = false;
  /** Where the durable layer has changed lately. */
  private changes: DurableChange[] = [];
  /** Whoever has it open. */
  readonly handles = new Set<FileHandle>();
  private gone = false;

  constructor(inode: number, mode: number, mtimeMs: number) {
    this.inode = inode;
    this.mode = mode;
    this.mtimeMs = mtimeMs;
  }

  get size(): number {
    return this.live.size;
  }

  /** Nobody can reach it any more: its pages serve again. Whoever knew a way to it nevertheless is told. */
  recycle(): void {
    const pages = new Set<Buffer>();
    this.live.giveUp(pages);
    this.durable.giveUp(pages);
    this.unsynced = [];
    this.gone = true;
    givePages(pages);
  }

  /** Writes the chunks behind one another; they are copied. */
  write(at: number, chunks: readonly Uint8Array[]): void {
    assert(!this.gone, 'a file that nobody can reach is written');
    // What is appended stays where it lies; what is written over something else will be written over again.
    const pieces: Buffer[] = [];
    const keep = at >= this.live.size ? pieces : undefined;
    let end = at;
    for (const chunk of chunks) {
      this.live.write(chunk, end, keep);
      end += chunk.length;
      if (keep === undefined) pieces.push(Buffer.from(chunk));
    }
    this.unsynced.push(new Written(at, end - at, pieces));
  }

  truncate(length: number): void {
    const change = { truncateTo: length };
    this.live.apply(change);
    this.unsynced.push(change);
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    assert(!this.gone, 'a file that nobody can reach is read');
    return this.live.read(into, offset, length, position);
  }

  /** Counts the changes of what would be left. */
  durableVersion = 0;

  get durableSize(): number {
    return this.durable.size;
  }

  /** What is left when the power fails now, or a part of it. A copy. */
  durableBytes(from = 0, to = this.durable.size): Buffer {
    assert(!this.gone, 'a file that nobody can reach is looked at');
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(to, this.durable.size) - from));
    this.durable.read(bytes, 0, bytes.length, from);
    return bytes;
  }

  /** The same, at most `length` bytes, where they lie: valid until the next change. */
  durablePiece(at: number, length: number): Buffer {
    return this.durable.piece(at, length);
  }

  /** Bytes that may be others than they were at `version`: none before `from`, none from `to` on that are still there. */
  durableSince(version: number): { readonly from: number; readonly to: number } {
    const { changes } = this;
    const size = this.durable.size;
    if (version < this.durableVersion - changes.length) return { from: 0, to: size };
    let from = size;
    let to = 0;
    for (const change of changes) {
      if (change.version <= version) continue;
      from = Math.min(from, change.from);
      to = Math.max(to, change.to);
    }
    return { from, to: Math.min(to, size) };
  }

  private changed(from: number, to: number): void {
    this.durableVersion++;
    if (this.changes.length >= MAX_CHANGES_KEPT) this.changes = this.changes.slice(MAX_CHANGES_KEPT / 2);
    this.changes.push({ version: this.durableVersion, from, to });
  }

  /** What a power cut may take or leave, in order. */
  get pending(): readonly Content[] {
    return this.unsynced;
  }

  sync(): void {
    if (this.unsynced.length === 0) return;
    // What was only appended is shared and not copied.
    const { size } = this.durable;
    const isAppended = this.unsynced.every((change) => change instanceof Written && change.at >= size);
    if (isAppended && !this.forgotten) {
      this.durable.copyOf(this.live);
      this.changed(size, this.durable.size);
    } else {
      let from = size;
      let to = 0;
      for (const change of this.unsynced) {
        const before = this.durable.size;
        this.durable.apply(change);
        from = Math.min(from, before, 'truncateTo' in change ? change.truncateTo : change.at);
        // What is cut off here may be written again by the next change.
        to = Math.max(to, 'truncateTo' in change ? Math.max(before, change.truncateTo) : change.at + change.length);
      }
      this.changed(from, to);
    }
    this.unsynced = [];
  }

  /** What was written since the last sync will be on no disk, though every process goes on reading it. */
  forgetUnsynced(): void {
    this.forgotten ||= this.unsynced.length > 0;
    this.unsynced = [];
  }

  /** Bytes on the medium change, unseen by everybody: for what is read now and after a power cut. */
  damage(at: number, change: (bytes: Buffer) => void): void {
    for (const layer of [this.live, this.durable]) {
      const length = Math.min(SECTOR_BYTES, layer.size - at);
      if (length <= 0) continue;
      const bytes = Buffer.alloc(length);
      layer.read(bytes, 0, length, at);
      change(bytes);
      layer.write(bytes, at);
    }
    this.changed(at, at + SECTOR_BYTES);
  }

  /**
   * The power failed. With `luck`, some unsynced changes had reached the disk all the same, in any order and each in part:
   * up to some byte, up to some sector, or any of its sectors.
   */
  losePower(luck: SeededRandom | undefined): void {
    if (luck !== undefined && this.unsynced.length > 0) {
      for (const change of this.unsynced) if (luck.below(2) === 0) tear(change, luck, this.durable);
      this.changed(0, this.durable.size);
    }
    this.unsynced = [];
    this.forgotten = false;
    this.live.copyOf(this.durable);
  }
}

function tear(change: Content, luck: SeededRandom, onto: Bytes): void {
  if ('truncateTo' in change) {
    onto.apply(change);
    return;
  }
  const { at, bytes } = change;
  const sectors = Math.ceil(bytes.length / SECTOR_BYTES);
  switch (luck.below(4)) {
    case 0:
      onto.write(bytes, at);
      return;
    case 1:
      onto.write(bytes.subarray(0, luck.below(bytes.length + 1)), at);
      return;
    case 2:
      onto.write(bytes.subarray(0, Math.min(bytes.length, luck.below(sectors + 1) * SECTOR_BYTES)), at);
      return;
    default:
      for (let sector = 0; sector < sectors; sector++) {
        const from = sector * SECTOR_BYTES;
        if (luck.below(2) === 0) onto.write(bytes.subarray(from, from + SECTOR_BYTES), at + from);
      }
  }
}
