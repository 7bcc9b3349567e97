// One block pool on all volumes: its directories, its replica map, and what a start finds on the disks. Finalized replicas
// are taken by their names and lengths; replicas left by a writer are cut to what their checksums prove and wait for
// recovery (RWR); copies in the making are dropped. Apache: BlockPoolSlice.

import { HdfsError } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import { betterCopy } from '../../core/replica/duplicates.ts';
import { type ReplicaHandle, ReplicaMap } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import {
  blockDirectory,
  blockFileName,
  metaFileName,
  NO_GEN_STAMP,
  parseBlockFileName,
} from '../../format/storage/block-files.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import { type FileStat, type Log, NO_FILE } from '../../host/host.ts';
import type { CutNote } from './cut-note.ts';
import { finalizedDirectories, finalizedFiles, namesIn } from './finalized-walk.ts';
import { breakHardLinks, removeLeftCopies } from './hard-links.ts';
import { finalizedDir, poolCurrentDir, previousDir, rbwDir, tmpDir } from './layout.ts';
import { provenLength } from './proven-length.ts';
import type { InFlightReplica } from './replica.ts';
import { endNotedCuts } from './replica-cut.ts';
import { parseTailFileName, tailFileName } from './synced-tail.ts';
import type { Volume } from './volume.ts';
import type { VolumeFileSizes } from './volume-disk.ts';
import type { VolumeList } from './volumes.ts';

/** Apache: BlockPoolSlice.REPLICA_CACHE_FILE and DU_CACHE_FILE. */
const CACHE_FILES = ['replicas', 'replicas.tmp', 'dfsUsed'];
/** Blocks taken up in one turn. */
const SLICE = 2048;

/** What is known of a replica under recovery. */
export interface RunningRecovery {
  readonly recoveryId: GenStamp;
  /** State that it was in. */
  readonly original: ReplicaState;
  /** Length that the leader of the recovery was told. */
  readonly offered: number;
  /** It has wrong bytes, and was left out of a recovery for that. One that begins after it has found nothing better. */
  readonly unsound: boolean;
}

/** What a writer left in rbw/. */
export interface WrittenReplica {
  readonly id: BlockId;
  readonly stamp: GenStamp;
  /** Bytes that are proved. */
  readonly length: number;
  /** The disk did not tell how many these are. */
  readonly isUnread: boolean;
  /** The block's file comes last: without it the others say nothing. */
  readonly files: readonly string[];
}

export class BlockPool {
  readonly id: string;
  readonly replicas = new ReplicaMap();
  /** What only replicas in the making need, by handle. */
  readonly inFlight = new Map<ReplicaHandle, InFlightReplica>();
  readonly recoveries = new Map<ReplicaHandle, RunningRecovery>();
  /** Cuts that have begun and are not yet known by a new generation stamp. */
  readonly cuts = new Map<ReplicaHandle, CutNote>();
  /** Replicas that writers left and that count as empty, because the disk did not give them: not for good. */
  private readonly unread = new Set<BlockId>();
  /** Blocks that are to go are moved to the trash: a rolling upgrade is under way. */
  trashEnabled = false;
  /** Volumes that keep the state of before an upgrade, whose files are the same as ours as long as nobody writes them. */
  readonly keepsPrevious = new Set<Volume>();
  private readonly volumes: VolumeList;
  private readonly log: Log;
  private readonly isInUse: (id: BlockId) => boolean;
  /** finalized/ subdirectories that are known to exist, by volume. */
  private readonly knownDirs = new WeakMap<Volume, Set<string>>();

  /** `isInUse`: somebody goes by what is known of a block now, though its replica may be closed, or none. */
  constructor(id: string, volumes: VolumeList, log: Log, isInUse: (id: BlockId) => boolean = () => false) {
    this.id = id;
    this.isInUse = isInUse;
    this.volumes = volumes;
    this.log = log;
  }

  volumeOf(handle: ReplicaHandle): Volume {
    return this.volumes.at(this.replicas.volume(handle));
  }

  /** Directory of a replica's two files. */
  directoryOf(handle: ReplicaHandle): string {
    const inFlight = this.inFlight.get(handle);
    if (inFlight !== undefined) return inFlight.directory;
    const volume = this.volumeOf(handle);
    const original = this.recoveries.get(handle)?.original ?? this.replicas.state(handle);
    switch (original) {
      case ReplicaState.FINALIZED:
        return `${finalizedDir(volume.path, this.id)}/${blockDirectory(this.replicas.id(handle))}`;
      case ReplicaState.RBW:
      case ReplicaState.RWR:
      case ReplicaState.RUR:
        return rbwDir(volume.path, this.id);
      case ReplicaState.TEMPORARY:
        return tmpDir(volume.path, this.id);
    }
  }

  blockFile(handle: ReplicaHandle): string {
    return `${this.directoryOf(handle)}/${blockFileName(this.replicas.id(handle))}`;
  }

  metaFile(handle: ReplicaHandle): string {
    return `${this.directoryOf(handle)}/${metaFileName(this.replicas.id(handle), this.replicas.genStamp(handle))}`;
  }

  /** The directory of a finalized block, made durably when it is new. */
  async makeFinalizedDir(volume: Volume, id: BlockId): Promise<string> {
    const root = finalizedDir(volume.path, this.id);
    const subdir = blockDirectory(id);
    const path = `${root}/${subdir}`;
    const known = this.knownDirs.get(volume) ?? new Set<string>();
    this.knownDirs.set(volume, known);
    if (known.has(subdir)) return path;
    if (!(await volume.disk.exists(path))) {
      // Only below what is there: the mount may have gone.
      await volume.disk.stat(root);
      await volume.disk.mkdir(path);
      await volume.disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
      await volume.disk.syncDirectory(root);
    }
    known.add(subdir);
    return path;
  }

  // ----------------------------------------------------------------------------------------------------------- start

  /** Makes the directories of the pool on a volume, and drops copies that were in the making. */
  async prepare(volume: Volume): Promise<void> {
    if (await volume.disk.exists(previousDir(volume.path, this.id))) this.keepsPrevious.add(volume);
    await volume.disk.removeTree(tmpDir(volume.path, this.id));
    await this.dropCaches(volume);
    for (const dir of [finalizedDir(volume.path, this.id), rbwDir(volume.path, this.id), tmpDir(volume.path, this.id)]) {
      await volume.disk.mkdir(dir);
    }
    await volume.disk.syncDirectory(poolCurrentDir(volume.path, this.id));
  }

  /**
   * Apache's DataNode leaves its list of replicas and its count of bytes behind when it stops, and believes them for minutes:
   * it must not find them again after this one has changed the blocks. They are not needed here.
   */
  private async dropCaches(volume: Volume): Promise<void> {
    for (const name of CACHE_FILES) {
      const path = `${poolCurrentDir(volume.path, this.id)}/${name}`;
      if (await volume.disk.exists(path)) await volume.disk.unlink(path);
    }
  }

  /** Takes up what lies on a volume. */
  async scan(volume: Volume): Promise<void> {
    volume.usedByPool.set(this.id, 0);
    await this.mendSplit(volume);
    await endNotedCuts(volume, this.id, this.log, (paths) => breakHardLinks(this, volume, paths));
    await this.scanFinalized(volume);
    await this.scanWritten(volume);
  }

  /**
   * The two files of a replica move one after the other when it is finalized or opened again: a crash between the two
   * leaves them apart. The checksums then follow the bytes.
   */
  private async mendSplit(volume: Volume): Promise<void> {
    const rbw = rbwDir(volume.path, this.id);
    const names = await volume.disk.readdir(rbw);
    const stamps = stampsOf(names);
    const blocks = new Set(names.flatMap((name) => blockOf(name) ?? []));
    for (const id of new Set([...blocks, ...stamps.keys()])) {
      if (blocks.has(id) && stamps.has(id)) continue;
      const finalized = `${finalizedDir(volume.path, this.id)}/${blockDirectory(id)}`;
      if (!(await volume.disk.exists(finalized))) continue;
      const there = await volume.disk.readdir(finalized);
      const stampThere = stampsOf(there).get(id);
      const blockThere = there.includes(blockFileName(id));
      const stamp = stamps.get(id);
      const move = async (from: string, to: string, found: GenStamp): Promise<void> => {
        this.log.log('warn', 'datanode', `block ${id} of ${this.id} was cut off while it moved; its checksums go to ${to}`);
        await volume.disk.rename(`${from}/${metaFileName(id, found)}`, `${to}/${metaFileName(id, found)}`);
      };
      if (blocks.has(id) && stampThere !== undefined && !blockThere) await move(finalized, rbw, stampThere);
      else if (stamp !== undefined && blockThere && stampThere === undefined) await move(rbw, finalized, stamp);
    }
  }

  /** Size of an ordinary file; undefined, and a word in the log, for anything else under a block's name. */
  private async sizeOfFile(volume: Volume, path: string): Promise<number | undefined> {
    const stat = await this.statOrNone(volume, path);
    if (stat?.isFile === true) return stat.size;
    this.log.log('warn', 'datanode', `${path} is no file; it is not served`);
    return undefined;
  }

  /** One odd name must not take the volume out of service: only what the disk fails to tell does. */
  private async statOrNone(volume: Volume, path: string): Promise<FileStat | undefined> {
    try {
      return await volume.disk.stat(path);
    } catch (error) {
      const code = diskErrorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  private async scanFinalized(volume: Volume): Promise<void> {
    const directories = finalizedDirectories(volume, this.id);
    const threads = Array.from({ length: volume.startThreads }, () => volume.disk.fileSizes());
    const lane = async (sizes: VolumeFileSizes): Promise<void> => {
      for await (const directory of directories) await this.scanDirectory(volume, directory, sizes);
    };
    try {
      // One more than threads: while the disk tells of some directories, what it told of another is taken. All come to an
      // end before the volume is given up for the failure of one, or the others would go on to find replicas on it.
      const ended = await Promise.allSettled([...threads, ...threads.slice(0, 1)].map(lane));
      for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
    } finally {
      for (const sizes of threads) sizes.close();
    }
  }

  private async scanDirectory(volume: Volume, directory: string, sizes: VolumeFileSizes): Promise<void> {
    const dir = `${finalizedDir(volume.path, this.id)}/${directory}`;
    const names = await namesIn(volume, dir);
    await removeLeftCopies(this.log, volume, dir, names);
    const { blocks, misplaced } = finalizedFiles(directory, names);
    for (const name of misplaced) {
      this.log.log('warn', 'datanode', `${dir}/${name} does not lie where its number says; it is not served`);
    }
    for (let at = 0; at < blocks.length; at += SLICE) {
      const slice = blocks.slice(at, at + SLICE);
      const files = slice.flatMap(({ name, meta }) => (meta === undefined ? [name] : [name, meta]));
      const told = await sizes.of(dir, files);
      let next = 0;
      for (const { id, name, meta, genStamp: stamp } of slice) {
        const size = told[next++] as number;
        const metaSize = meta === undefined ? 0 : (told[next++] as number);
        if (size === NO_FILE) this.log.log('warn', 'datanode', `${dir}/${name} is no file; it is not served`);
        else if (this.take(volume, id, stamp, size, ReplicaState.FINALIZED)) {
          volume.addUsed(this.id, size + Math.max(0, metaSize));
        }
      }
    }
  }

  private async scanWritten(volume: Volume): Promise<void> {
    const dir = rbwDir(volume.path, this.id);
    const names = await volume.disk.readdir(dir);
    await removeLeftCopies(this.log, volume, dir, names);
    const stamps = stampsOf(names);
    const there = new Set(names);
    for (const name of names) {
      const id = blockOf(name);
      const left = id === undefined ? undefined : await this.writtenOf(volume, id, stamps.get(id), there);
      if (left === undefined) continue;
      sometimes('block found half written at the start of a DataNode');
      if (!this.takeWritten(volume, left) && this.isSurpassed(left)) {
        await this.removeWritten(volume, left);
        for (const path of left.files) there.delete(path.slice(dir.length + 1));
      }
    }
    for (const name of there) {
      const id = parseTailFileName(name);
      if (id !== undefined && !there.has(`blk_${id}`)) await volume.disk.unlink(`${dir}/${name}`);
    }
  }

  /** A replica that a writer left on a volume, or undefined where there is none. */
  async lookForWritten(volume: Volume, id: BlockId): Promise<WrittenReplica | undefined> {
    const names = await volume.disk.readdir(rbwDir(volume.path, this.id));
    if (!names.includes(blockFileName(id))) return undefined;
    return this.writtenOf(volume, id, stampsOf(names).get(id), new Set(names));
  }

  private async writtenOf(
    volume: Volume,
    id: BlockId,
    stamp: GenStamp | undefined,
    names: ReadonlySet<string>,
  ): Promise<WrittenReplica | undefined> {
    const dir = rbwDir(volume.path, this.id);
    const path = `${dir}/${blockFileName(id)}`;
    if ((await this.sizeOfFile(volume, path)) === undefined) return undefined;
    const tailPath = names.has(tailFileName(id)) ? `${dir}/${tailFileName(id)}` : undefined;
    const metaPath = stamp === undefined ? undefined : `${dir}/${metaFileName(id, stamp)}`;
    const files = metaPath === undefined ? [path] : [metaPath, path];
    // Without its meta file nothing of it is proved.
    const length = metaPath === undefined ? 0 : await provenLength(this.log, volume, path, metaPath, { tailPath });
    return {
      id,
      stamp: stamp ?? NO_GEN_STAMP,
      length: length ?? 0,
      isUnread: length === undefined,
      files: tailPath === undefined ? files : [tailPath, ...files],
    };
  }

  /** False: another replica of the block is served, and stays. `isInUse`: by others than the caller. */
  takeWritten(volume: Volume, { id, stamp, length, isUnread }: WrittenReplica, isInUse = this.isInUse(id)): boolean {
    if (!this.take(volume, id, stamp, length, ReplicaState.RWR, isInUse)) return false;
    volume.addUsed(this.id, length);
    if (isUnread) this.unread.add(id);
    else this.unread.delete(id);
    return true;
  }

  /**
   * What a writer left is read now where the disk did not give it before: empty, it would be given up. The caller holds the
   * block's lock. Rejects when the disk does not give it now either.
   */
  async readWritten(handle: ReplicaHandle): Promise<void> {
    const id = this.replicas.id(handle);
    if (this.replicas.state(handle) !== ReplicaState.RWR || !this.unread.has(id)) return;
    const volume = this.volumeOf(handle);
    const left = await this.lookForWritten(volume, id);
    if (left?.isUnread !== false) throw new HdfsError('EIO', `what a writer left of block ${id} cannot be read`);
    this.unread.delete(id);
    this.replicas.setNumBytes(handle, left.length);
    volume.addUsed(this.id, left.length);
  }

  /** A finalized replica is served that is newer, or as new and no shorter: nothing that lies beside it has any worth. */
  isSurpassed({ id, stamp, length, isUnread }: WrittenReplica): boolean {
    const served = this.replicas.find(id);
    if (served === 0 || this.replicas.state(served) !== ReplicaState.FINALIZED) return false;
    const servedStamp = this.replicas.genStamp(served);
    return servedStamp > stamp || (servedStamp === stamp && !isUnread && this.replicas.numBytes(served) >= length);
  }

  /** What a power cut has brought back of a replica that had been replaced. */
  async removeWritten(volume: Volume, { files }: WrittenReplica): Promise<void> {
    this.log.log('info', 'datanode', `removing the left over ${files.at(-1)}`);
    for (const path of files) await volume.disk.unlink(path);
  }

  /**
   * One replica for each block: of two, the better one stays. One that is being written, recovered or changed, or lies in memory,
   * which only a volume that comes into service later meets, stays too: whoever is at it would end it in the other's place. The
   * directory scanner looks at the two again. Apache: BlockPoolSlice.resolveDuplicateReplicas.
   */
  private take(
    volume: Volume,
    id: BlockId,
    stamp: GenStamp,
    bytes: number,
    state: ReplicaState,
    isInUse = this.isInUse(id),
  ): boolean {
    const other = this.replicas.find(id);
    if (other === 0 && isInUse) {
      this.log.log(
        'warn',
        'datanode',
        `block ${id} of ${this.id} is being deleted, or replaced; what ${volume.path} has waits`,
      );
      return false;
    }
    if (other !== 0) {
      const known = {
        finalized: this.replicas.state(other) === ReplicaState.FINALIZED,
        genStamp: this.replicas.genStamp(other),
        numBytes: this.replicas.numBytes(other),
        inMemory: this.volumeOf(other).isInMemory,
      };
      const found = {
        finalized: state === ReplicaState.FINALIZED,
        genStamp: stamp,
        numBytes: bytes,
        inMemory: volume.isInMemory,
      };
      const isBusy = isInUse || this.inFlight.has(other) || this.recoveries.has(other) || this.cuts.has(other);
      if (isBusy) sometimes('data directory came with a replica of a block that is being written');
      const better = !isBusy && betterCopy(known, found) === 'second';
      this.log.log(
        'warn',
        'datanode',
        `block ${id} of ${this.id} was found twice; the ${better ? 'second' : 'first'} is served`,
      );
      if (!better) return false;
      this.volumeOf(other).addUsed(this.id, -known.numBytes);
      this.replicas.remove(other);
    }
    this.replicas.add(id, stamp, bytes, state, volume.index);
    return true;
  }
}

function blockOf(name: string): BlockId | undefined {
  const file = parseBlockFileName(name);
  return file?.kind === 'block' ? file.id : undefined;
}

/** Generation stamps of the blocks of a directory; of several meta files the newest counts. */
function stampsOf(names: readonly string[]): Map<BlockId, GenStamp> {
  const stamps = new Map<BlockId, GenStamp>();
  for (const name of names) {
    const meta = parseBlockFileName(name);
    if (meta?.kind === 'meta' && meta.genStamp > (stamps.get(meta.id) ?? -1)) stamps.set(meta.id, meta.genStamp);
  }
  return stamps;
}
