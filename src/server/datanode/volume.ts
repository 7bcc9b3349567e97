// One data directory: who it is (storage id and type), how much room it has and has promised, and how its disk is called.
// Which replica lies on it is the dataset's business.
import type { Clock, Disk, DiskLock, VolumeStat } from '../../host/host.ts';
import type { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { DirectorySyncs } from './directory-syncs.ts';
import { VolumeIo } from './volume-io.ts';

/** How old the file system's numbers may be. */
const STAT_AGE_MS = 3000;

export interface VolumeIdentity {
  readonly index: number;
  readonly path: string;
  readonly storageType: StorageTypeProto;
  readonly lock: DiskLock;
  /** dfs.datanode.du.reserved. */
  readonly reservedBytes: number;
}

export class Volume {
  readonly index: number;
  readonly path: string;
  readonly storageType: StorageTypeProto;
  readonly io: VolumeIo;
  readonly directorySyncs: DirectorySyncs;
  /** DS-…; known once the directory's VERSION was read or written. */
  storageId = '';
  /** Bytes promised to replicas being written and not yet in their files. */
  promisedBytes = 0;
  /** Why it is out of service; undefined while it works. */
  failure: string | undefined;
  readonly usedByPool = new Map<string, number>();
  private readonly disk: Disk;
  private readonly clock: Clock;
  private readonly lock: DiskLock;
  readonly reservedBytes: number;
  private stat: VolumeStat | undefined;
  private statAt = Number.NEGATIVE_INFINITY;
  private statRunning = false;

  constructor(disk: Disk, clock: Clock, identity: VolumeIdentity) {
    this.disk = disk;
    this.clock = clock;
    this.index = identity.index;
    this.path = identity.path;
    this.storageType = identity.storageType;
    this.lock = identity.lock;
    this.reservedBytes = identity.reservedBytes;
    this.io = new VolumeIo(clock, identity.path);
    this.directorySyncs = new DirectorySyncs(disk);
  }

  /** Asks the file system anew. Nobody but a start waits for it: a hung disk must not hold a heartbeat. */
  async refresh(): Promise<void> {
    if (this.statRunning) return;
    this.statRunning = true;
    try {
      this.stat = await this.disk.volume(this.path);
      this.statAt = this.clock.monotonic();
    } finally {
      this.statRunning = false;
    }
  }

  private refreshSoon(): void {
    if (this.clock.monotonic() - this.statAt < STAT_AGE_MS) return;
    this.refresh().catch((error: unknown) => {
      this.failure ??= error instanceof Error ? error.message : String(error);
    });
  }

  get dfsUsed(): number {
    let used = 0;
    for (const bytes of this.usedByPool.values()) used += bytes;
    return used;
  }

  get capacity(): number {
    this.refreshSoon();
    return Math.max(0, (this.stat?.capacity ?? 0) - this.reservedBytes);
  }

  /** Free bytes that HDFS may still use. Apache: FsVolumeImpl.getAvailable. */
  get availableBytes(): number {
    this.refreshSoon();
    const free = Math.min(Math.max(0, this.capacity - this.dfsUsed), this.stat?.available ?? 0);
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

  release(): Promise<void> {
    return this.lock.release();
  }
}
