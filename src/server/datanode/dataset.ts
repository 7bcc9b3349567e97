// All replicas of this DataNode: who has which block, in what state, on which volume; making, finalizing, dropping and
// deleting them. One owner of the state: data workers ask at a block's beginning and end, never for each packet. What
// writers and recoveries do to replicas is in replica-changes.ts and replica-recovery.ts; reports in block-reports.ts. Apache:
// FsDatasetImpl.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { REPLICA_STATE_NAMES, ReplicaState, TRANSITIONS } from '../../core/replica/states.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { DiskFailure } from '../../host/disk-error.ts';
import type { Log } from '../../host/host.ts';
import type { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { BlockPool } from './block-pool.ts';
import { cutNotePath } from './cut-note.ts';
import { type BlockToDelete, invalidate } from './invalidation.ts';
import { KeyedLock } from './keyed-lock.ts';
import { rbwDir, tmpDir } from './layout.ts';
import { recoverCopies } from './lazy-persist-files.ts';
import { moveReplica } from './move-replica.ts';
import { OutOfReach } from './out-of-reach.ts';
import { NO_HURRY, notBack, type Patience, settledOrLate } from './patience.ts';
import type { MemoryPlace, RamDisk } from './ram-disk.ts';
import { type BlockName, describeBlock, InFlightReplica, pathsOf } from './replica.ts';
import { moveToTrash, sizeQuietly, unlinkIfThere, unlinkQuietly } from './replica-removal.ts';
import { tailFileName } from './synced-tail.ts';
import { visibleLengthOf } from './visible-length.ts';
import type { Volume } from './volume.ts';
import { type PlacementOptions, VolumePlacement } from './volume-placement.ts';
import { forgetReplicas, withdrawVolume } from './volume-removal.ts';
import { VolumeList } from './volumes.ts';
import type { WriterSetup } from './writer-setup.ts';

/** What changes here that NameNodes must hear of. */
export interface DatasetEvents {
  receiving(pool: string, block: BlockName, volume: Volume): void;
  received(pool: string, block: BlockName, volume: Volume, delHint: string): void;
  deleted(pool: string, block: BlockName, volume: Volume): void;
}

export class Dataset {
  readonly volumeList: VolumeList;
  readonly log: Log;
  readonly events: DatasetEvents;
  readonly locks = new KeyedLock();
  readonly outOfReach = new OutOfReach();
  /** Blocks that NameNodes wanted gone: those that are, and those whose files are on their way. */
  blocksRemoved = 0;
  pendingDeletions = 0;
  onVolumeFailed: ((volume: Volume, reason: string) => void) | undefined;
  /** A volume does not answer while a pool is taken up; unset: it is waited for. It is out of service until `enter`. */
  onVolumeLate: ((volume: Volume, takenUp: Promise<void>) => void) | undefined;
  /** Whether volumes have not answered since the start. */
  awaitsVolumes: () => boolean = () => false;
  /** Who looks after replicas that lie in memory. */
  ramDisk: RamDisk | undefined;
  private readonly pools = new Map<string, BlockPool>();
  private readonly placement: VolumePlacement;

  constructor(volumes: readonly Volume[], log: Log, events: DatasetEvents, options?: PlacementOptions) {
    this.volumeList = new VolumeList(volumes);
    this.placement = new VolumePlacement(options);
    this.log = log;
    this.events = events;
  }

  /** Those in service. */
  get volumes(): readonly Volume[] {
    return this.volumeList.working;
  }

  get poolIds(): readonly string[] {
    return [...this.pools.keys()];
  }

  hasPool(id: string): boolean {
    return this.pools.has(id);
  }

  /**
   * Makes and scans the directories of a pool on every volume; volumes are bound and scanned side by side. Rejects when `bind`
   * does for another reason than a disk's failure.
   */
  async addPool(
    id: string,
    bind: (volume: Volume) => Promise<void> = () => Promise.resolve(),
    patience: Patience = NO_HURRY,
  ): Promise<BlockPool> {
    const known = this.pools.get(id);
    if (known !== undefined) return known;
    const pool = new BlockPool(id, this.volumeList, this.log, (block) => this.isInUse({ pool: id, id: block }));
    const { volumes } = this;
    const refusals: unknown[] = [];
    const work = volumes.map(async (volume) => {
      await bind(volume).catch((error: unknown) => {
        if (!(error instanceof DiskFailure)) refusals.push(error);
        throw error;
      });
      await this.takeUp(pool, volume);
    });
    const outcomes = await settledOrLate(
      volumes[0]?.clock,
      work,
      patience,
      (done) => this.onVolumeLate !== undefined && done > 0,
    );
    if (refusals.length > 0) throw refusals[0];
    this.pools.set(id, pool);
    await this.ramDisk?.adopt(pool);
    const answered = outcomes.some((outcome) => outcome?.status === 'fulfilled');
    for (const [i, outcome] of outcomes.entries()) {
      const volume = volumes[i] as Volume;
      if (outcome === undefined && answered) {
        this.volumeList.suspend(volume);
        this.onVolumeLate?.(volume, work[i] as Promise<void>);
      } else if (outcome === undefined) await this.failVolume(volume, notBack(volume.path, patience));
      else if (outcome.status === 'rejected') await this.failVolume(volume, messageOf(outcome.reason));
    }
    return pool;
  }

  private async takeUp(pool: BlockPool, volume: Volume): Promise<void> {
    await pool.prepare(volume);
    await recoverCopies(pool, volume, this.log);
    await pool.scan(volume);
    await volume.refresh();
  }

  /** Takes up the pools that came since the volume was looked at last. It has a number, and is not in service. */
  async takeUpFurther(volume: Volume): Promise<void> {
    for (const pool of this.pools.values()) {
      if (volume.usedByPool.has(pool.id)) continue;
      await this.takeUp(pool, volume);
      await this.ramDisk?.adopt(pool);
    }
  }

  hasAllPools(volume: Volume): boolean {
    return this.poolIds.every((id) => volume.usedByPool.has(id));
  }

  /** A further volume comes into service: every pool is made and scanned on it first. */
  async addVolume(volume: Volume): Promise<void> {
    try {
      this.volumeList.reserve(volume);
      await this.takeUpFurther(volume);
    } catch (error) {
      volume.failure = messageOf(error);
      await forgetReplicas(this, volume, () => undefined);
      throw error;
    }
    this.volumeList.enter(volume);
  }

  /** A volume was found unusable: it is out of service from now on, and whoever set `onVolumeFailed` is told. */
  async failVolume(volume: Volume, reason: string): Promise<void> {
    if (!this.volumeList.isWorking(volume)) return;
    this.volumeList.noteFailure(volume, volume.clock.now(), volume.capacity);
    const lost = await withdrawVolume(this, volume, reason);
    this.log.log('error', 'datanode', `volume ${volume.path} with ${lost} replicas is out of service: ${reason}`);
    this.onVolumeFailed?.(volume, reason);
  }

  removePool(id: string): void {
    this.pools.delete(id);
  }

  pool(id: string): BlockPool {
    const pool = this.pools.get(id);
    if (pool === undefined) throw new HdfsError('EIO', `Block pool ${id} is not found`);
    return pool;
  }

  poolOrNone(id: string): BlockPool | undefined {
    return this.pools.get(id);
  }

  /** Somebody changes the block's replica, or sees to its being saved from memory. */
  private isInUse(block: { readonly pool: string; readonly id: BlockId }): boolean {
    // A start asks of each of its millions, and meets nobody.
    if (this.locks.held === 0 && (this.ramDisk?.memory.used ?? 0) === 0) return false;
    const key = this.key(block);
    return this.locks.isHeld(key) || this.ramDisk?.holds(key) === true;
  }

  key(block: { readonly pool: string; readonly id: BlockId }): string {
    return `${block.pool}/${block.id}`;
  }

  /** The replica of a block, or HdfsError ENOREPLICA. */
  require(pool: BlockPool, block: BlockName): ReplicaHandle {
    const handle = pool.replicas.find(block.id);
    if (handle === 0) throw new HdfsError('ENOREPLICA', `Replica does not exist ${describeBlock(block)}`);
    return handle;
  }

  describe(pool: BlockPool, handle: ReplicaHandle): string {
    const { replicas } = pool;
    const state = REPLICA_STATE_NAMES[replicas.state(handle)];
    return `${state}, blk_${replicas.id(handle)}_${replicas.genStamp(handle)}, length ${replicas.numBytes(handle)}`;
  }

  /** Runs while nobody else changes the block's replica. */
  held<T>(block: { readonly pool: string; readonly id: BlockId }, fn: (pool: BlockPool) => Promise<T>): Promise<T> {
    return this.locks.run(this.key(block), () => fn(this.pool(block.pool)));
  }

  // --------------------------------------------------------------------------------------------------------- creating

  chooseVolume(storageType: StorageTypeProto, bytes: number): Volume {
    return this.placement.choose(this.volumes, storageType, bytes);
  }

  /**
   * A replica for a client's pipeline. `newGenStamp` beyond 0: a retry that may replace an older attempt. `memory`: where it
   * is to lie, rather than on a disk.
   */
  createRbw(
    block: BlockName,
    storageType: StorageTypeProto,
    expectedBytes: number,
    newGenStamp: GenStamp,
    setup?: WriterSetup,
    memory?: MemoryPlace,
  ): Promise<InFlightReplica> {
    return this.locks.run(this.key(block), async () => {
      const pool = this.pool(block.pool);
      const known = pool.replicas.find(block.id);
      if (known !== 0) {
        if (newGenStamp === 0 || newGenStamp <= pool.replicas.genStamp(known)) throw this.existsAlready(pool, known, block);
        await this.stopWriterOf(pool, known);
        await this.dropReplica(pool, known);
      }
      const volume = memory?.volume ?? this.chooseVolume(storageType, expectedBytes);
      const replica = this.createRbwOn(pool, block, volume, expectedBytes);
      memory?.take(this.key(block));
      setup?.begin(replica);
      return replica;
    });
  }

  /** A new replica on a given volume, for who holds the lock of the block. */
  createRbwOn(pool: BlockPool, block: BlockName, volume: Volume, expectedBytes: number): InFlightReplica {
    return this.register(pool, block, ReplicaState.RBW, volume, rbwDir(volume.path, pool.id), expectedBytes);
  }

  /** A replica copied from another DataNode. */
  createTemporary(
    block: BlockName,
    storageType: StorageTypeProto,
    expectedBytes: number,
    isTransfer: boolean,
    setup?: WriterSetup,
  ): Promise<InFlightReplica> {
    return this.locks.run(this.key(block), async () => {
      const pool = this.pool(block.pool);
      const known = pool.replicas.find(block.id);
      if (known !== 0) {
        const state = pool.replicas.state(known);
        // A finalized replica is not replaced by a copy. One that a writer left, older than the copy, is of no use any more:
        // the block went on without it.
        const replaceable = state !== ReplicaState.FINALIZED && pool.recoveries.get(known)?.original !== ReplicaState.FINALIZED;
        if (pool.replicas.genStamp(known) >= block.genStamp || (!isTransfer && !replaceable)) {
          throw this.existsAlready(pool, known, block);
        }
        await this.stopWriterOf(pool, known);
        await this.dropReplica(pool, known);
      }
      const volume = this.chooseVolume(storageType, expectedBytes);
      const replica = this.register(pool, block, ReplicaState.TEMPORARY, volume, tmpDir(volume.path, pool.id), expectedBytes);
      setup?.begin(replica);
      return replica;
    });
  }

  private existsAlready(pool: BlockPool, handle: ReplicaHandle, block: BlockName): HdfsError {
    const state = REPLICA_STATE_NAMES[pool.replicas.state(handle)];
    return new HdfsError(
      'EREPLICAEXISTS',
      `Block ${describeBlock(block)} already exists in state ${state} and thus cannot be created.`,
    );
  }

  private register(
    pool: BlockPool,
    block: BlockName,
    state: ReplicaState,
    volume: Volume,
    directory: string,
    expectedBytes: number,
  ): InFlightReplica {
    const handle = pool.replicas.add(block.id, block.genStamp, 0, state, volume.index);
    const replica = new InFlightReplica(block, state, volume, directory, 0);
    replica.promise(expectedBytes);
    pool.inFlight.set(handle, replica);
    return replica;
  }

  async stopWriterOf(pool: BlockPool, handle: ReplicaHandle): Promise<void> {
    await pool.inFlight.get(handle)?.stopWriter?.();
  }

  // ------------------------------------------------------------------------------------------------- finalize, discard

  /** Handle of a replica in the making, or 0 when it was replaced or deleted in the meantime. */
  handleOf(replica: InFlightReplica): ReplicaHandle {
    const pool = this.pools.get(replica.pool);
    const handle = pool?.replicas.find(replica.id) ?? 0;
    return handle !== 0 && pool?.inFlight.get(handle) === replica ? handle : 0;
  }

  /**
   * The files are complete and synced (where that is wanted) and closed: they move to finalized/. With `sync` both
   * directories are synced before it returns. `current` is asked once nobody else can change the replica.
   */
  finalize(replica: InFlightReplica, sync: boolean, current: () => boolean = () => true): Promise<void> {
    return this.locks.run(this.key(replica), () => {
      if (!current()) throw new HdfsError('EIO', `${describeBlock(replica)} was taken over by another writer`);
      return this.finalizeHeld(replica, sync);
    });
  }

  /** As `finalize`, for who holds the lock of the block. */
  async finalizeHeld(replica: InFlightReplica, sync: boolean): Promise<void> {
    const pool = this.pool(replica.pool);
    const handle = this.handleOf(replica);
    if (handle === 0) throw new HdfsError('ENOREPLICA', `Replica does not exist ${describeBlock(replica)}`);
    if (TRANSITIONS[replica.state].finalize === 'refused') {
      throw new HdfsError('EIO', `Cannot finalize block: ${this.describe(pool, handle)}`);
    }
    const { volume } = replica;
    const from = replica.directory;
    const to = await pool.makeFinalizedDir(volume, replica.id);
    const { id, genStamp } = replica;
    await moveReplica(volume.disk, pathsOf(replica), pathsOf({ directory: to, id, genStamp }), async () => {
      if (sync) await Promise.all([volume.directorySyncs.sync(to), volume.directorySyncs.sync(from)]);
    });
    replica.directory = to;
    if (replica.hasTailFile) await unlinkQuietly(this.log, volume, `${from}/${tailFileName(replica.id)}`);
    replica.hasTailFile = false;
    pool.replicas.setState(handle, ReplicaState.FINALIZED);
    pool.replicas.setNumBytes(handle, replica.lengths.onDisk);
    pool.replicas.setGenStamp(handle, replica.genStamp);
    pool.inFlight.delete(handle);
    replica.state = ReplicaState.FINALIZED;
    replica.lengths.acknowledge(replica.lengths.onDisk);
    replica.settleRest();
    volume.addUsed(pool.id, META_HEADER_BYTES + (replica.checksum?.sumBytes(replica.lengths.onDisk) ?? 0));
    await this.ramDisk?.completed(pool, handle);
    replica.grown();
  }

  /** Drops a copy whose writer failed; a client's replica stays, for its bytes were acknowledged. */
  discard(replica: InFlightReplica): Promise<void> {
    return this.locks.run(this.key(replica), async () => {
      const pool = this.pools.get(replica.pool);
      const handle = this.handleOf(replica);
      if (pool === undefined || handle === 0) return;
      if (replica.state !== ReplicaState.TEMPORARY) return;
      await this.dropReplica(pool, handle);
    });
  }

  /** Removes a replica from the map, then its files, or moves them to the trash. */
  async dropReplica(pool: BlockPool, handle: ReplicaHandle, toTrash = false): Promise<void> {
    const volume = pool.volumeOf(handle);
    const block = pool.blockFile(handle);
    const meta = pool.metaFile(handle);
    const replica = pool.inFlight.get(handle);
    const tail = `${pool.directoryOf(handle)}/${tailFileName(pool.replicas.id(handle))}`;
    const bytes = pool.replicas.numBytes(handle);
    const original = pool.recoveries.get(handle)?.original ?? pool.replicas.state(handle);
    const wasFinalized = original === ReplicaState.FINALIZED;
    const id = pool.replicas.id(handle);
    replica?.settleRest();
    pool.inFlight.delete(handle);
    pool.recoveries.delete(handle);
    const wasCut = pool.cuts.delete(handle);
    pool.replicas.remove(handle);
    // Before the files: what a start finds of it would be served again.
    await this.ramDisk?.dropped(pool, id);
    // Counted since the replica was finalized.
    const metaBytes = wasFinalized ? await sizeQuietly(this.log, volume, meta) : 0;
    if (!toTrash || !(await moveToTrash(this.log, volume, pool.id, block, meta))) {
      await unlinkQuietly(this.log, volume, meta);
      await unlinkQuietly(this.log, volume, block);
    }
    // A start does not keep whether a replica that a writer left has one.
    if (replica?.hasTailFile ?? !wasFinalized) await unlinkIfThere(this.log, volume, tail);
    if (wasCut) await unlinkQuietly(this.log, volume, cutNotePath(volume, pool.id, id));
    volume.addUsed(pool.id, -bytes - metaBytes);
  }

  /** Deletes blocks that a NameNode wants gone. */
  invalidate(poolId: string, blocks: readonly BlockToDelete[]): Promise<void> {
    const pool = this.pools.get(poolId);
    return pool === undefined ? Promise.resolve() : invalidate(this, pool, blocks);
  }

  // ---------------------------------------------------------------------------------------------------------- asking

  /** Length that readers may rely on. Apache: getReplicaVisibleLength. */
  visibleLength(block: BlockName): number {
    const pool = this.pool(block.pool);
    if (pool.replicas.find(block.id) === 0) this.checkReach(block);
    const handle = this.require(pool, block);
    if (pool.replicas.genStamp(handle) < block.genStamp) {
      throw new HdfsError(
        'EIO',
        `replica.getGenerationStamp() < block.getGenerationStamp(), block=${describeBlock(block)}, replica=${this.describe(pool, handle)}`,
      );
    }
    return visibleLengthOf(pool, handle);
  }

  /**
   * Of a block of which no replica is known: throws when there may be one on a volume that is out of service. "No such replica"
   * from all its nodes means that the block was not begun: the file ends before it, and a recovery gives it up.
   */
  checkReach(block: BlockName): void {
    if (this.outOfReach.has(block)) {
      throw new HdfsError('EIO', `The volume of replica ${describeBlock(block)} is out of service`);
    }
    // Whether that is so is not known here; a writer who is about to begin it is waited for.
    if (this.volumeList.failures.length > 0 || this.awaitsVolumes()) {
      throw new HdfsError('ERETRY', `Replica ${describeBlock(block)} may be on a volume that is out of service`);
    }
  }

  get replicaCount(): number {
    let count = 0;
    for (const pool of this.pools.values()) count += pool.replicas.size;
    return count;
  }

  async close(): Promise<void> {
    for (const pool of this.pools.values()) {
      await Promise.all([...pool.inFlight.values()].map((replica) => replica.stopWriter?.()));
    }
    await Promise.all(this.volumes.map((volume) => volume.release()));
  }
}
