// The disk of one volume, as everything in the DataNode sees it: each call takes its turn in the volume's bounds
// (volume-io.ts), and there is none that holds the thread. Whoever has a Volume needs no other way to its files.
import type {
  CachedFile,
  CachedReads,
  Disk,
  DiskFile,
  FileSender,
  FileSizes,
  FileStat,
  FileStep,
  OpenFlags,
  VolumeStat,
} from '../../host/host.ts';
import type { VolumeIo } from './volume-io.ts';

/** So much of a file is read from the machine's memory until one read takes the usual way: others have their turn meanwhile. */
const TURN_BYTES = 1024 * 1024 + 64 * 1024;
/** More than that is copied by another thread, unless whoever reads it has asked for it to be now. */
const SHORT_BYTES = 128 * 1024;

export class VolumeFile {
  readonly path: string;
  private readonly io: VolumeIo;
  private readonly file: DiskFile;
  /** The same, where it was opened past the disk. */
  private readonly cached: CachedFile | undefined;
  /** As the volume had taken away when it was opened. */
  private readonly removals: number;
  private turnBytes = 0;

  constructor(io: VolumeIo, file: DiskFile, cached?: CachedFile) {
    this.io = io;
    this.file = file;
    this.cached = cached;
    this.removals = io.removals;
    this.path = file.path;
  }

  /** Reads `length` bytes at `position`, or fewer at the end of the file. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    const got = length > SHORT_BYTES ? undefined : this.readNow(buffer, offset, length, position);
    if (got !== undefined) return Promise.resolve(got);
    return this.io.run(
      length,
      async () => {
        let done = 0;
        while (done < length) {
          const got = await this.file.read(buffer, offset + done, length - done, position + done);
          if (got === 0) break;
          done += got;
        }
        return done;
      },
      'READ',
    );
  }

  /** As `read`, in the thread, of what the machine has in memory. undefined: it does not, or others have their turn first. */
  readNow(buffer: Uint8Array, offset: number, length: number, position: number): number | undefined {
    const { cached } = this;
    if (cached === undefined) return undefined;
    this.turnBytes += length;
    if (this.turnBytes <= TURN_BYTES) return this.io.now('READ', () => cached.readNow(buffer, offset, length, position));
    this.turnBytes = 0;
    return undefined;
  }

  /** Another turn, or reader, begins: what was read from memory before was in turns of its own. */
  beginTurn(): void {
    this.turnBytes = 0;
  }

  /** Fills the chunks one after the other from `position` on; fewer bytes only at the end of the file. */
  readv(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const only = chunks[0];
    if (only !== undefined && chunks.length === 1) return this.read(only, 0, only.length, position);
    return this.io.run(totalOf(chunks), () => this.file.readv(chunks, position), 'READ');
  }

  /** As the sender's `send`. Takes no memory of ours. */
  sendTo(sender: FileSender, position: number, length: number): Promise<number> {
    return this.io.run(0, async () => this.file.sendTo?.(sender, position, length) ?? 0, 'READ');
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.io.run(bytes.length, () => this.file.write(bytes, position), 'WRITE');
  }

  writev(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return this.io.run(totalOf(chunks), () => this.file.writev(chunks, position), 'WRITE');
  }

  /** As the file's; false where there is none. undefined: not now, the disk has syncs to make that are waited for. */
  beginWriteback(position: number, length: number): Promise<boolean> | undefined {
    return this.io.spareSync(async () => this.file.beginWriteback?.(position, length) ?? false);
  }

  truncate(length: number): Promise<void> {
    this.io.removing();
    return this.io.run(0, () => this.file.truncate(length));
  }

  /** For VolumeDisk.inTurn. */
  step(bytes: Uint8Array, position: number): FileStep {
    return { file: this.file, bytes, position };
  }

  datasync(): Promise<void> {
    return this.io.sync(() => this.file.datasync());
  }

  stat(): Promise<FileStat> {
    return this.io.run(0, () => this.file.stat());
  }

  /** It was opened past the disk, and has its name and its bytes for all that the volume has done since. */
  get mayStayOpen(): boolean {
    return this.cached !== undefined && this.removals === this.io.removals;
  }

  close(): Promise<void> {
    // What a removed file had of the disk is given back by who closes it last, and that waits for the disk.
    if (!this.mayStayOpen) return this.io.release(() => this.file.close());
    this.cached?.closeNow();
    return Promise.resolve();
  }
}

/** Files that one call asks of; it tells of fewer when the disk is slow. */
const SIZES_A_CALL = 512;

/** Sizes of very many files of the volume, as host.ts has them. */
export class VolumeFileSizes {
  private readonly io: VolumeIo;
  private readonly sizes: FileSizes;

  constructor(io: VolumeIo, sizes: FileSizes) {
    this.io = io;
    this.sizes = sizes;
  }

  /** Of all these files of a directory; NO_FILE for what is not there, or is no ordinary file. */
  async of(directory: string, names: readonly string[]): Promise<Float64Array> {
    const all = new Float64Array(names.length);
    for (let at = 0; at < names.length; ) {
      const some = names.slice(at, at + SIZES_A_CALL);
      const told = await this.io.run(0, () => this.sizes.of(directory, some));
      all.set(told, at);
      at += told.length;
    }
    return all;
  }

  close(): void {
    this.sizes.close();
  }
}

function totalOf(chunks: readonly Uint8Array[]): number {
  let total = 0;
  for (const chunk of chunks) total += chunk.length;
  return total;
}

export class VolumeDisk {
  private readonly io: VolumeIo;
  private readonly disk: Disk;
  /** A file with which it is found out whether others can be read past the disk; undefined: it was, or is not to be. */
  private trialFile: string | undefined;
  private cached: CachedReads | undefined;

  constructor(io: VolumeIo, disk: Disk, trialFile?: string) {
    this.io = io;
    this.disk = disk;
    this.trialFile = trialFile;
  }

  /** Opens a file for reading that nobody writes: past the disk, where the machine has it in memory. */
  openFinal(path: string): Promise<VolumeFile> {
    const file = this.openFinalNow(path);
    return file === undefined ? this.open(path, 'r') : Promise.resolve(file);
  }

  /** The same in this turn. undefined: the machine does not have it in memory, or it is not known yet whether that can be asked. */
  openFinalNow(path: string): VolumeFile | undefined {
    const { cached } = this;
    if (cached === undefined) {
      this.tryCachedReads();
      return undefined;
    }
    const file = this.io.now('METADATA', () => cached.open(path));
    return file && new VolumeFile(this.io, file, file);
  }

  private tryCachedReads(): void {
    const { trialFile } = this;
    this.trialFile = undefined;
    if (trialFile === undefined || this.disk.cachedReads === undefined) return;
    const trial = this.io.run(0, async () => this.disk.cachedReads?.(trialFile));
    trial.then(
      (cached) => {
        this.cached = cached;
      },
      () => undefined, // too much waits for the disk: reads go the usual way
    );
  }

  /** As Disk's, of steps of its files. */
  inTurn(steps: readonly FileStep[]): Promise<void> | undefined {
    let bytes = 0;
    for (const step of steps) bytes += step.bytes.length;
    return this.io.atOnce(bytes, () => this.disk.inTurn?.(steps));
  }

  open(path: string, flags: OpenFlags): Promise<VolumeFile> {
    return this.io.run(0, async () => new VolumeFile(this.io, await this.disk.open(path, flags)));
  }

  stat(path: string): Promise<FileStat> {
    return this.io.run(0, () => this.disk.stat(path));
  }

  /** To be closed. */
  fileSizes(): VolumeFileSizes {
    return new VolumeFileSizes(this.io, this.disk.fileSizes());
  }

  exists(path: string): Promise<boolean> {
    return this.io.run(0, () => this.disk.exists(path));
  }

  readdir(path: string): Promise<readonly string[]> {
    return this.io.run(0, () => this.disk.readdir(path));
  }

  mkdir(path: string, mode?: number): Promise<void> {
    return this.io.run(0, () => this.disk.mkdir(path, mode));
  }

  rename(from: string, to: string): Promise<void> {
    this.io.removing();
    return this.io.run(0, () => this.disk.rename(from, to));
  }

  link(existing: string, path: string): Promise<void> {
    return this.io.run(0, () => this.disk.link(existing, path));
  }

  unlink(path: string): Promise<void> {
    this.io.removing();
    return this.io.run(0, () => this.disk.unlink(path));
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.io.run(0, () => this.disk.chmod(path, mode));
  }

  removeTree(path: string): Promise<void> {
    this.io.removing();
    return this.io.run(0, () => this.disk.removeTree(path));
  }

  readFile(path: string): Promise<Buffer> {
    return this.io.run(0, () => this.disk.readFile(path), 'READ');
  }

  /** As Disk's: once it has returned, the content survives a power cut. */
  writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
    return this.io.sync(() => this.disk.writeFileAtomic(path, content));
  }

  syncDirectory(path: string): Promise<void> {
    return this.io.sync(() => this.disk.syncDirectory(path));
  }

  /** Room on the file system of `path`. */
  volume(path: string): Promise<VolumeStat> {
    return this.io.run(0, () => this.disk.volume(path));
  }
}

/** What is done with directories as a whole: at a start before they are served, at an upgrade. */
export interface DirectoryDisk
  extends Pick<
    VolumeDisk,
    | 'stat'
    | 'exists'
    | 'readdir'
    | 'mkdir'
    | 'rename'
    | 'link'
    | 'unlink'
    | 'removeTree'
    | 'readFile'
    | 'writeFileAtomic'
    | 'syncDirectory'
  > {
  open(path: string, flags: OpenFlags): Promise<Pick<VolumeFile, 'close'>>;
}
