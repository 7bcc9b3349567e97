// One data directory: who it is (storage id and type), how much room it has and has promised, and how its disk is called.
// Which replica lies on it is the dataset's business.
import { DiskFailure, diskErrorCode } from '../../host/disk-error.ts';
import type { Clock, Disk, DiskErrorCode, DiskLock, VolumeStat } from '../../host/host.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { DirectorySyncs } from './directory-syncs.ts';
import { KeptReplicas } from './kept-replicas.ts';
import { currentDir, VERSION_FILE } from './layout.ts';
import { VolumeDisk } from './volume-disk.ts';
import { type IoShare, VolumeIo } from './volume-io.ts';

/** Failed calls after which a volume is checked. */
const SUSPICIOUS: ReadonlySet<DiskErrorCode> = new Set(['EIO', 'EROFS', 'EACCES', 'ENOENT', 'ENOTDIR', 'EOTHER']);
/** How old the file system's numbers may be. */
const STAT_AGE_MS = 3000;

export interface VolumeIdentity {
  readonly path: string;
  readonly storageType: StorageTypeProto;
  readonly lock: DiskLock;
  /** Bytes that are left to others: fixed, or by the capacity of the file system (dfs.datanode.du.reserved…). */
  readonly reservedBytes: number | ((capacityBytes: number) => number);
  /** Its capacity is what it was at first, however its file system grows (dfs.datanode.fixed.volume.size). */
  readonly hasFixedSize?: boolean;
  /** How many calls of its disk run at once. */
  readonly share?: IoShare;
  /** How many threads ask for the sizes of its files at a start. */
  readonly startThreads?: number;
}

export class Volume {
  /** What replicas call it by; given by the list of volumes. */
  index = -1;
  readonly path: string;
  readonly storageType: StorageTypeProto;
  readonly startThreads: number;
  readonly io: VolumeIo;
  readonly directorySyncs: DirectorySyncs;
  /** DS-…; known once the directory's VERSION was read or written. */
  storageId = '';
  /** Bytes promised to replicas being written and not yet in their files. */
  promisedBytes = 0;
  /** Why it is out of service; undefined while it works. */
  failure: string | undefined;
  /** Out of service, and no replica bears its number any more. */
  isVacant = false;
  /** A call of its disk failed: whoever is responsible finds out whether the whole volume did. */
  onTrouble: ((error: unknown) => void) | undefined;
  /** Bytes in the files of each pool. */
  readonly usedByPool = new Map<string, number>();
  /** What these take of the disk beyond that, as it was last counted. */
  readonly overheadByPool = new Map<string, number>();
  /** Replicas of which a sync failed, by pool and block; see rewrite.ts. */
  readonly failedSyncs = new Set<string>();
  /** All that is done on it. */
  readonly disk: VolumeDisk;
  /** For finding out how the disk is: one call at a time, and not behind those of others. */
  readonly probes: VolumeDisk;
  /** Which of its replicas are open though nobody reads them. */
  readonly kept: KeptReplicas;
  readonly clock: Clock;
  private readonly lock: DiskLock;
  private readonly hasFixedSize: boolean;
  private readonly reserved: number | ((capacityBytes: number) => number);
  private stat: VolumeStat | undefined;
  private statAt = Number.NEGATIVE_INFINITY;
  private statRunning = false;

  constructor(disk: Disk, clock: Clock, identity: VolumeIdentity) {
    this.clock = clock;
    this.path = identity.path;
    this.storageType = identity.storageType;
    this.startThreads = identity.startThreads ?? 1;
    this.lock = identity.lock;
    this.reserved = identity.reservedBytes;
    this.hasFixedSize = identity.hasFixedSize ?? false;
    this.io = new VolumeIo(clock, identity.path, identity.share);
    this.io.onFailure = (error) => this.trouble(error);
    this.kept = new KeptReplicas(clock);
    this.io.beforeRemoval = () => this.kept.letGo();
    this.disk = new VolumeDisk(this.io, disk, `${currentDir(identity.path)}/${VERSION_FILE}`);
    this.probes = new VolumeDisk(new VolumeIo(clock, identity.path, { calls: 1, syncs: 1 }), disk);
    this.directorySyncs = new DirectorySyncs(this.disk);
  }

  /** Asks the file system anew. Nobody but a start waits for it: a hung disk must not hold a heartbeat. */
  async refresh(): Promise<void> {
    if (this.statRunning) return;
    this.statRunning = true;
    try {
      const stat = await this.probes.volume(this.path);
      this.stat = this.hasFixedSize && this.stat !== undefined ? { ...stat, capacity: this.stat.capacity } : stat;
      this.statAt = this.clock.monotonic();
    } finally {
      this.statRunning = false;
    }
  }

  private refreshSoon(): void {
    if (this.clock.monotonic() - this.statAt < STAT_AGE_MS) return;
    // Not before the next period, whatever comes of it.
    this.statAt = this.clock.monotonic();
    this.refresh().catch((error: unknown) => this.trouble(error));
  }

  /** Tells of a failed call, unless it says nothing of the disk: a full one, a name that exists, too many open files. */
  trouble(error: unknown): void {
    if (this.failure === undefined && SUSPICIOUS.has(diskErrorCode(error)) && error instanceof DiskFailure) {
      this.onTrouble?.(error);
    }
  }

  /** What lies on it is gone after a power cut. Apache: isTransientStorage. */
  get isInMemory(): boolean {
    return this.storageType === StorageTypeProto.RAM_DISK;
  }

  get reservedBytes(): number {
    return typeof this.reserved === 'number' ? this.reserved : this.reserved(this.stat?.capacity ?? 0);
  }

  get dfsUsed(): number {
    let used = 0;
    for (const pool of this.usedByPool.keys()) used += this.usedBy(pool);
    return used;
  }

  /** What a pool takes of the disk. */
  usedBy(pool: string): number {
    return (this.usedByPool.get(pool) ?? 0) + (this.overheadByPool.get(pool) ?? 0);
  }

  get capacity(): number {
    this.refreshSoon();
    return Math.max(0, (this.stat?.capacity ?? 0) - this.reservedBytes);
  }

  /** Free bytes that HDFS may still use. Apache: FsVolumeImpl.getAvailable. */
  get availableBytes(): number {
    this.refreshSoon();
    // What others use already counts towards what is left to them.
    const others = Math.max(0, (this.stat?.used ?? 0) - this.dfsUsed);
    const stillReserved = Math.max(0, this.reservedBytes - others);
    const free = Math.min(this.capacity - this.dfsUsed, (this.stat?.available ?? 0) - stillReserved);
    return Math.max(0, free - this.promisedBytes);
  }

  /** Bytes of others on the file system; what it keeps for its superuser is not used. Apache: FsVolumeImpl.getNonDfsUsed. */
  get nonDfsUsed(): number {
    const used = this.stat?.used ?? 0;
    return Math.max(0, used - this.dfsUsed - this.reservedBytes);
  }

  addUsed(pool: string, bytes: number): void {
    this.usedByPool.set(pool, Math.max(0, (this.usedByPool.get(pool) ?? 0) + bytes));
  }

  /** Lets others have their turn in the middle of long work. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.clock.defer(resolve));
  }

  release(): Promise<void> {
    this.kept.letGo();
    return this.lock.release();
  }
}
