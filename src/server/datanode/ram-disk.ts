// Replicas in memory: on directories marked [RAM_DISK], as many bytes as dfs.datanode.max.locked.memory allows. A client's
// block of a file under LAZY_PERSIST is written there while there is room, and saved to a disk later, every
// dfs.datanode.lazywriter.interval.sec. When room is wanted the saved replicas leave the memory, those first that nobody
// reads; a block for which there is none goes to a disk at once. Files of the copies: lazy-persist-files.ts. Apache:
// FsDatasetImpl's LazyWriter, RamDiskAsyncLazyPersistService.

import { HdfsError, messageOf } from '../../base/errors.ts';
import type { BlockId } from '../../base/ids.ts';
import { LockedMemory, MEMORY_PAGE_BYTES, roundUpToPages } from '../../core/replica/locked-memory.ts';
import { type RamDiskReplica, RamDiskTracker } from '../../core/replica/ram-disk-tracker.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { blockFileName, metaFileName } from '../../format/storage/block-files.ts';
import type { Clock, Log, Timer } from '../../host/host.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import { activateCopy, type CopySource, type SavedCopy, saveCopy } from './lazy-persist-files.ts';
import type { BlockName } from './replica.ts';
import { sizeQuietly, unlinkQuietly } from './replica-removal.ts';
import type { Volume } from './volume.ts';

/** Replicas that leave the memory for one that comes. Apache: MAX_BLOCK_EVICTIONS_PER_ITERATION. */
const MAX_EVICTIONS = 3;
/** Replicas of the map looked at in one turn. */
const SLICE = 8192;

export interface RamDiskOptions {
  readonly dataset: Dataset;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxLockedMemory: number;
  readonly intervalMs: number;
}

/** What /jmx says. */
export interface RamDiskCounters {
  blocksWrite: number;
  blocksWriteFallback: number;
  bytesWrite: number;
  readHits: number;
  evicted: number;
  evictedWithoutRead: number;
  evictionWindowMs: number;
  lazyPersisted: number;
  bytesLazyPersisted: number;
  lazyPersistWindowMs: number;
  deletedBeforeLazyPersisted: number;
}

/** Room in memory for one block that is about to be written. */
export interface MemoryPlace {
  readonly volume: Volume;
  /** The replica has been made. */
  take(key: string): void;
  /** It has not: the room is free again. Does nothing once it was taken. */
  giveBack(): void;
}

export class RamDisk {
  readonly memory: LockedMemory;
  readonly counters: RamDiskCounters = {
    blocksWrite: 0,
    blocksWriteFallback: 0,
    bytesWrite: 0,
    readHits: 0,
    evicted: 0,
    evictedWithoutRead: 0,
    evictionWindowMs: 0,
    lazyPersisted: 0,
    bytesLazyPersisted: 0,
    lazyPersistWindowMs: 0,
    deletedBeforeLazyPersisted: 0,
  };
  readonly #options: RamDiskOptions;
  readonly #tracker = new RamDiskTracker<SavedCopy>();
  /** Bytes that each replica is counted with. */
  readonly #locked = new Map<string, number>();
  #timer: Timer | undefined;
  #saving = 0;

  constructor(options: RamDiskOptions) {
    this.#options = options;
    this.memory = new LockedMemory(options.maxLockedMemory);
  }

  /** To be called whenever volumes have come: the lazy writer begins with the first one that lies in memory. */
  follow(): void {
    const { clock, dataset, intervalMs } = this.#options;
    if (this.#timer !== undefined || !dataset.volumes.some(({ isInMemory }) => isInMemory)) return;
    this.#timer = clock.setPeriodic(Math.max(1, intervalMs), () => this.#saveWaiting());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Room for a block of this size; undefined: it goes to a disk. Only whole pages, as in Apache. */
  async place(bytes: number): Promise<MemoryPlace | undefined> {
    const place = await this.#reserve(bytes);
    if (place === undefined) this.counters.blocksWriteFallback++;
    else this.counters.blocksWrite++;
    return place;
  }

  async #reserve(bytes: number): Promise<MemoryPlace | undefined> {
    const { dataset, log } = this.#options;
    if (bytes % MEMORY_PAGE_BYTES !== 0 || !dataset.volumes.some(({ isInMemory }) => isInMemory)) return undefined;
    let pages = this.memory.reserve(bytes);
    if (pages === undefined) {
      await this.#evict(bytes);
      pages = this.memory.reserve(bytes);
    }
    if (pages === undefined) return undefined;
    let reserved: number | undefined = pages;
    const giveBack = (): void => {
      if (reserved !== undefined) this.memory.release(reserved);
      reserved = undefined;
    };
    try {
      const volume = dataset.chooseVolume(StorageTypeProto.RAM_DISK, bytes);
      return {
        volume,
        take: (key) => {
          if (reserved !== undefined) this.#locked.set(key, reserved);
          reserved = undefined;
        },
        giveBack,
      };
    } catch (error) {
      giveBack();
      if (!(error instanceof HdfsError)) throw error;
      log.log('warn', 'datanode', `no room for a block in memory, it goes to a disk: ${error.message}`);
      return undefined;
    }
  }

  // -------------------------------------------------------------------------------------- what happens to the replicas

  /** A replica has become complete, or has another length or generation stamp now. */
  async completed(pool: BlockPool, handle: ReplicaHandle): Promise<void> {
    if (!pool.volumeOf(handle).isInMemory) return;
    await this.changing(pool, handle);
    this.#add(pool, handle);
    this.counters.bytesWrite += pool.replicas.numBytes(handle);
  }

  #add(pool: BlockPool, handle: ReplicaHandle): void {
    const id = pool.replicas.id(handle);
    const bytes = pool.replicas.numBytes(handle);
    const key = this.#key(pool, id);
    this.memory.release(this.#locked.get(key) ?? 0);
    this.#locked.set(key, this.memory.count(bytes));
    this.#tracker.add({ key, pool: pool.id, id, bytes, createdMs: this.#options.clock.monotonic() });
  }

  /** A complete replica is about to change: a copy of it would be out of date. */
  async changing(pool: BlockPool, handle: ReplicaHandle): Promise<void> {
    if (!pool.volumeOf(handle).isInMemory) return;
    const id = pool.replicas.id(handle);
    const saved = this.#tracker.forget(this.#key(pool, id))?.saved;
    if (saved !== undefined) await this.#removeCopy(pool, id, saved);
  }

  /** A replica was deleted. */
  async dropped(pool: BlockPool, id: BlockId): Promise<void> {
    const key = this.#key(pool, id);
    this.#release(key);
    const replica = this.#tracker.forget(key);
    if (replica === undefined) return;
    if (replica.saved === undefined) this.counters.deletedBeforeLazyPersisted++;
    else await this.#removeCopy(pool, id, replica.saved);
  }

  /** Its volume is out of service, and it has no copy that could take its place. */
  abandoned(pool: BlockPool, id: BlockId): void {
    const key = this.#key(pool, id);
    this.#release(key);
    this.#tracker.forget(key);
  }

  /** A volume is out of service: what was saved to it has to be saved once more. */
  copiesLost(volume: Volume): void {
    for (const replica of this.#tracker.saved()) if (replica.saved.volume === volume) this.#tracker.waitAgain(replica);
  }

  /** Whether a replica is counted with what lies in memory. */
  holds(key: string): boolean {
    return this.#locked.has(key);
  }

  /** Whether a copy could take the place of this replica, whose volume is out of service. */
  hasCopy(key: string): boolean {
    return this.#copyOf(key) !== undefined;
  }

  /** It takes its place; the caller holds the block's lock. False: there is none, or its disk failed. */
  async replaceByCopy(key: string): Promise<boolean> {
    const replica = this.#copyOf(key);
    if (replica === undefined) return false;
    try {
      if ((await this.#activate(replica)) === undefined) return false;
      this.#release(key);
      return true;
    } catch (error) {
      this.#options.log.log('warn', 'datanode', `the copy of ${key} does not take its place: ${messageOf(error)}`);
      return false;
    }
  }

  #copyOf(key: string): RamDiskReplica<SavedCopy> | undefined {
    const replica = this.#tracker.get(key);
    const { saved } = replica ?? {};
    return saved !== undefined && this.#options.dataset.volumes.includes(saved.volume) ? replica : undefined;
  }

  /** A client reads it. */
  read(block: BlockName): void {
    this.counters.readHits++;
    this.#tracker.touch(this.#options.dataset.key(block));
  }

  /** What is found in memory when a pool is taken up: the memory outlived the process. */
  async adopt(pool: BlockPool): Promise<void> {
    const { volumes } = this.#options.dataset;
    const first = volumes.find(({ isInMemory }) => isInMemory);
    if (first === undefined) return;
    for (let at = 1; at !== 0; ) {
      at = pool.replicas.scan(at, SLICE, (handle) => {
        if (!pool.volumeOf(handle).isInMemory) return;
        const isKnown = this.#locked.has(this.#key(pool, pool.replicas.id(handle)));
        if (!isKnown && pool.replicas.state(handle) === ReplicaState.FINALIZED) this.#add(pool, handle);
      });
      await first.turn();
    }
  }

  #key(pool: BlockPool, id: BlockId): string {
    return this.#options.dataset.key({ pool: pool.id, id });
  }

  #release(key: string): void {
    this.memory.release(this.#locked.get(key) ?? 0);
    this.#locked.delete(key);
  }

  async #removeCopy(pool: BlockPool, id: BlockId, { volume, directory, genStamp, bytes }: SavedCopy): Promise<void> {
    const { dataset } = this.#options;
    await unlinkQuietly(dataset.log, volume, `${directory}/${blockFileName(id)}`);
    await unlinkQuietly(dataset.log, volume, `${directory}/${metaFileName(id, genStamp)}`);
    volume.addUsed(pool.id, -bytes);
  }

  // ------------------------------------------------------------------------------------------------------ lazy writer

  /** Saves what waits now, one replica for each disk at a time; one that fails comes again in the next round. */
  #saveWaiting(): void {
    const disks = this.#options.dataset.volumes.filter(({ storageType }) => storageType === StorageTypeProto.DISK).length;
    const round = { left: this.#tracker.waiting };
    const work = async (): Promise<void> => {
      while (round.left-- > 0) {
        const replica = this.#tracker.takeWaiting();
        if (replica === undefined) return;
        await this.#save(replica);
      }
    };
    for (const free = Math.min(round.left, disks - this.#saving), begun = { count: 0 }; begun.count < free; begun.count++) {
      this.#saving++;
      void work().finally(() => this.#saving--);
    }
  }

  async #save(replica: RamDiskReplica<SavedCopy>): Promise<void> {
    const { dataset, clock, log } = this.#options;
    const { key, pool } = replica;
    let source: CopySource | undefined;
    try {
      source = await dataset.locks.run(key, () => this.#open(replica));
      if (source === undefined) {
        this.#tracker.waitAgain(replica);
        return;
      }
      const saved = await saveCopy(source, dataset.chooseVolume(StorageTypeProto.DISK, replica.bytes));
      saved.volume.addUsed(pool, saved.bytes);
      await dataset.locks.run(key, async () => {
        if (!dataset.volumes.includes(saved.volume)) {
          throw new HdfsError('EDISK', `${saved.volume.path} is out of service`);
        }
        if (this.#tracker.recordSaved(replica, saved)) return;
        const known = dataset.poolOrNone(pool);
        if (known !== undefined) await this.#removeCopy(known, replica.id, saved);
      });
      if (replica.saved === undefined) return;
      this.counters.lazyPersisted++;
      this.counters.bytesLazyPersisted += replica.bytes;
      this.counters.lazyPersistWindowMs += clock.monotonic() - replica.createdMs;
    } catch (error) {
      log.log('warn', 'datanode', `the replica ${key} in memory was not saved, and will be tried again: ${messageOf(error)}`);
      this.#tracker.waitAgain(replica);
    } finally {
      for (const file of [source?.data, source?.meta]) file?.close().catch(() => undefined);
    }
  }

  /** Undefined: it is not at rest. */
  async #open(replica: RamDiskReplica<SavedCopy>): Promise<CopySource | undefined> {
    const found = this.#find(replica);
    if (found === undefined) return undefined;
    const { pool, handle } = found;
    const { disk } = pool.volumeOf(handle);
    const data = await disk.open(pool.blockFile(handle), 'r');
    try {
      const meta = await disk.open(pool.metaFile(handle), 'r');
      const { id, bytes } = replica;
      return { pool: pool.id, id, genStamp: pool.replicas.genStamp(handle), numBytes: bytes, data, meta };
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  #find(replica: RamDiskReplica<SavedCopy>): { readonly pool: BlockPool; readonly handle: ReplicaHandle } | undefined {
    if (this.#tracker.get(replica.key) !== replica) return undefined;
    const pool = this.#options.dataset.poolOrNone(replica.pool);
    const handle = pool?.replicas.find(replica.id) ?? 0;
    if (pool === undefined || handle === 0 || pool.replicas.state(handle) !== ReplicaState.FINALIZED) return undefined;
    return { pool, handle };
  }

  // --------------------------------------------------------------------------------------------------------- eviction

  /** Has saved replicas leave the memory until so many bytes are free, or none is left that may. */
  async #evict(bytes: number): Promise<void> {
    const { log } = this.#options;
    const wanted = roundUpToPages(bytes);
    for (let tries = 0; tries < MAX_EVICTIONS && this.memory.free < wanted; tries++) {
      const replica = this.#tracker.takeLeastRecentlyUsed();
      if (replica === undefined) return;
      try {
        await this.#options.dataset.locks.run(replica.key, () => this.#moveToDisk(replica));
      } catch (error) {
        log.log('warn', 'datanode', `the replica ${replica.key} stays in memory: ${messageOf(error)}`);
        this.#tracker.waitAgain(replica);
      }
    }
  }

  async #moveToDisk(replica: RamDiskReplica<SavedCopy>): Promise<void> {
    const { dataset, clock } = this.#options;
    const left = await this.#activate(replica);
    if (left === undefined) {
      this.#tracker.waitAgain(replica);
      return;
    }
    for (const path of left.files) {
      const size = await sizeQuietly(dataset.log, left.volume, path);
      await unlinkQuietly(dataset.log, left.volume, path);
      left.volume.addUsed(replica.pool, -size);
    }
    this.#release(replica.key);
    this.counters.evicted++;
    if (replica.reads === 0) this.counters.evictedWithoutRead++;
    this.counters.evictionWindowMs += clock.monotonic() - replica.createdMs;
  }

  /** The copy is the replica from now on. Answers what stands in memory still; undefined: there is no copy for what is there. */
  async #activate(
    replica: RamDiskReplica<SavedCopy>,
  ): Promise<{ readonly volume: Volume; readonly files: readonly string[] } | undefined> {
    const { dataset } = this.#options;
    const { key, id, bytes, saved } = replica;
    const found = this.#find(replica);
    if (found === undefined || saved === undefined || !dataset.volumes.includes(saved.volume)) return undefined;
    const { pool, handle } = found;
    const volume = pool.volumeOf(handle);
    const files = [pool.metaFile(handle), pool.blockFile(handle)];
    await activateCopy(pool, id, saved);
    // Its disk may have left meanwhile, and with it everything else that lies there.
    if (!dataset.volumes.includes(saved.volume)) return undefined;
    pool.replicas.remove(handle);
    pool.replicas.add(id, saved.genStamp, bytes, ReplicaState.FINALIZED, saved.volume.index);
    this.#tracker.forget(key);
    // The NameNode takes it for the same replica on another storage, before it hears that it is in the memory no more.
    dataset.events.received(pool.id, { pool: pool.id, id, genStamp: saved.genStamp, numBytes: bytes }, saved.volume, '');
    return { volume, files };
  }
}
