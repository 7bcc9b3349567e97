// Goes through the finalized blocks of one pool on one volume in the order of their names, and can be left and taken up
// again by its cursor. Apache: FsVolumeImpl.BlockIteratorImpl.
import { messageOf } from '../../base/errors.ts';
import type { BlockId } from '../../base/ids.ts';
import { blockDirectory, parseBlockFileName } from '../../format/storage/block-files.ts';
import { CURSOR_FILE, formatCursor, parseCursor, type ScannerCursor } from '../../format/storage/scanner-cursor.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { Clock, Log } from '../../host/host.ts';
import { finalizedDir, poolDir } from './layout.ts';
import type { Volume } from './volume.ts';

export class BlockIterator {
  readonly pool: string;
  private readonly volume: Volume;
  private readonly clock: Clock;
  private state: ScannerCursor;
  /** Block files of the present directory, and the first that is still to come. */
  private entries: readonly string[] = [];
  private nextEntry = 0;
  private loaded = false;

  constructor(pool: string, volume: Volume, clock: Clock) {
    this.pool = pool;
    this.volume = volume;
    this.clock = clock;
    this.state = this.fresh();
  }

  private fresh(): ScannerCursor {
    const now = this.clock.now();
    const nowhere = { curFinalizedDir: null, curFinalizedSubDir: null, curEntry: null };
    return { lastSavedMs: now, iterStartMs: now, ...nowhere, atEnd: false };
  }

  private get path(): string {
    return `${poolDir(this.volume.path, this.pool)}/${CURSOR_FILE}`;
  }

  /** Goes on from the saved cursor; without a good one, from the beginning. */
  async load(log: Log): Promise<void> {
    try {
      // Asked for first: a new volume has none, and a failed read would have the volume looked at.
      if (!(await this.volume.disk.exists(this.path))) return;
      this.state = parseCursor(await this.volume.disk.readFile(this.path));
    } catch (error) {
      log.log('info', 'datanode', `${this.path}: ${messageOf(error)}; scanning from the beginning`);
    }
  }

  async save(): Promise<void> {
    const state = { ...this.state, lastSavedMs: this.clock.now() };
    await this.volume.disk.writeFileAtomic(this.path, formatCursor(state));
    this.state = state;
  }

  rewind(): void {
    this.state = this.fresh();
    this.entries = [];
    this.nextEntry = 0;
    this.loaded = false;
  }

  get atEnd(): boolean {
    return this.state.atEnd;
  }

  get startMs(): number {
    return this.state.iterStartMs;
  }

  get savedMs(): number {
    return this.state.lastSavedMs;
  }

  /** The next block; undefined at the end. */
  async next(): Promise<BlockId | undefined> {
    while (!this.state.atEnd) {
      if (!this.loaded) await this.open();
      // Not taken off the front: of many names, each time would move all the others.
      for (let name = this.entries[this.nextEntry]; name !== undefined; name = this.entries[this.nextEntry]) {
        this.nextEntry++;
        this.state = { ...this.state, curEntry: name };
        const file = parseBlockFileName(name);
        // What lies in the wrong directory is not served either.
        if (file?.kind === 'block' && blockDirectory(file.id) === this.directory) return file.id;
      }
      await this.advance();
    }
    return undefined;
  }

  private get directory(): string {
    return `${this.state.curFinalizedDir}/${this.state.curFinalizedSubDir}`;
  }

  private async open(): Promise<void> {
    this.loaded = true;
    const { curFinalizedDir, curFinalizedSubDir, curEntry } = this.state;
    if (curFinalizedDir === null || curFinalizedSubDir === null) return;
    const names = await this.list(this.directory);
    this.entries = names.filter((name) => parseBlockFileName(name)?.kind === 'block' && (curEntry === null || name > curEntry));
    this.nextEntry = 0;
  }

  private async advance(): Promise<void> {
    const isSubdir = (name: string): boolean => name.startsWith('subdir');
    let { curFinalizedDir: outer, curFinalizedSubDir: inner } = this.state;
    for (;;) {
      if (outer !== null) {
        const after = inner;
        inner = (await this.list(outer)).filter(isSubdir).find((name) => after === null || name > after) ?? null;
        if (inner !== null) break;
      }
      const last = outer;
      outer = (await this.list('')).filter(isSubdir).find((name) => last === null || name > last) ?? null;
      inner = null;
      if (outer === null) {
        this.state = { ...this.state, curFinalizedDir: null, curFinalizedSubDir: null, curEntry: null, atEnd: true };
        return;
      }
    }
    this.state = { ...this.state, curFinalizedDir: outer, curFinalizedSubDir: inner, curEntry: null };
    this.loaded = false;
  }

  /** Names in a directory below finalized/; none when it has gone. */
  private async list(directory: string): Promise<readonly string[]> {
    const path = `${finalizedDir(this.volume.path, this.pool)}${directory === '' ? '' : `/${directory}`}`;
    try {
      return await this.volume.disk.readdir(path);
    } catch (error) {
      const code = diskErrorCode(error);
      if (directory !== '' && (code === 'ENOENT' || code === 'ENOTDIR')) return [];
      this.volume.trouble(error);
      throw error;
    }
  }
}
