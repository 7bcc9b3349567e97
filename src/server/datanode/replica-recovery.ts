// The two steps of block recovery on a replica: it is taken from its writer and told of, then cut and finalized under the
// recovery's stamp. Who decides between them is block-recovery.ts. Apache: FsDatasetImpl.

import { HdfsError } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { REPLICA_STATE_NAMES, ReplicaState, TRANSITIONS } from '../../core/replica/states.ts';
import type { FoundReplica } from '../../core/replica/sync-block.ts';
import { NO_GEN_STAMP } from '../../format/storage/block-files.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { BlockPool } from './block-pool.ts';
import { copyShortened } from './copy-replica.ts';
import type { Dataset } from './dataset.ts';
import type { LengthAndStamp } from './length-and-stamp.ts';
import { provenLength } from './proven-length.ts';
import { type BlockName, describeBlock, type InFlightReplica, pathsOf } from './replica.ts';
import { tailFileName } from './synced-tail.ts';
import type { Volume } from './volume.ts';

/** What a recovery makes of a replica. */
export interface RecoveryEnd {
  readonly recoveryId: GenStamp;
  /** The block's own id, or that of the shorter copy that is made of it. */
  readonly newId: BlockId;
  readonly newBytes: number;
  readonly sync: boolean;
}

export class ReplicaRecovery {
  private readonly dataset: Dataset;
  private readonly files: LengthAndStamp;
  private readonly verifyMs: number;

  /** `verifyMs`: how long a replica may be verified; what is not read by then is believed. */
  constructor(dataset: Dataset, files: LengthAndStamp, verifyMs: number) {
    this.dataset = dataset;
    this.files = files;
    this.verifyMs = verifyMs;
  }

  /**
   * Stops writers and tells what is here. Undefined: no such replica; where one may be on a volume that is out of service, it
   * rejects, for what all have none of is given up. What a writer left is verified, while nothing can change
   * it any more: its length is a matter of choice, and bytes that are wrong must not win over good ones (`offered`). Apache:
   * initReplicaRecovery.
   */
  async start(block: BlockName, recoveryId: GenStamp): Promise<FoundReplica | undefined> {
    const found = await this.begin(block, recoveryId);
    if (found === undefined || found.state === ReplicaState.FINALIZED || found.numBytes === 0) return found;
    const pool = this.dataset.pool(block.pool);
    const handle = pool.replicas.find(block.id);
    if (handle === 0) return this.none(block);
    const replica = this.files.objectFor(pool, handle);
    const proven = replica.volume.isInMemory ? found.numBytes : await this.provenLength(pool, handle, replica);
    if (proven >= found.numBytes) return found;
    return this.dataset.held(block, () => Promise.resolve(this.offer(pool, { ...block, ...found }, recoveryId, proven)));
  }

  /** There is none, and none can be out of reach. */
  private none(block: BlockName): undefined {
    this.dataset.checkReach(block);
    return undefined;
  }

  /** How much of the replica is as it was written, as far as there was time to look. */
  private async provenLength(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<number> {
    const { volume } = replica;
    const notes = await this.files.notedSums(pool, handle, replica);
    let goesOn = true;
    const verified = provenLength(this.dataset.log, volume, ...pathsOf(replica), { noted: notes, goesOn: () => goesOn });
    return new Promise((resolve, reject) => {
      const timer = volume.clock.setTimer(this.verifyMs, () => {
        goesOn = false;
        resolve(replica.lengths.onDisk);
      });
      // A sector that cannot be read is a bad one.
      verified.then((bytes) => resolve(bytes ?? 0), reject).finally(() => timer.cancel());
    });
  }

  /**
   * What a recovery may have of a replica of which less is proved than there is:
   *
   * | proved | then |
   * |---|---|
   * | all that a writer was told of | what is proved |
   * | less, for the first time | nothing: the others are better, and this one is reported |
   * | less, and a recovery without it has come to nothing | all that a writer was told of, the wrong bytes known for what they are |
   *
   * What a writer was told of is known of one that died with this process alive; of one that was found at the start, it may
   * be all that was proved then.
   */
  private offer(pool: BlockPool, found: BlockName & FoundReplica, recoveryId: GenStamp, proven: number): FoundReplica {
    const handle = pool.replicas.find(found.id);
    const running = pool.recoveries.get(handle);
    if (handle === 0 || running?.recoveryId !== recoveryId) {
      throw new HdfsError('ERECOVERY', `recovery ${recoveryId} of ${describeBlock(found)} was overtaken`);
    }
    const { state, genStamp } = found;
    const owed = pool.inFlight.get(handle)?.lengths.acked ?? found.numBytes;
    if (proven < owed && !running.unsound) {
      sometimes('replica left out of a recovery because its bytes are wrong');
      pool.recoveries.set(handle, { ...running, unsound: true });
      this.files.foundCorrupt(found);
      throw new HdfsError('ECHECKSUM', `Checksum error at ${proven} of ${describeBlock(found)}, of which ${owed} bytes count`);
    }
    const numBytes = Math.max(proven, owed);
    pool.recoveries.set(handle, { ...running, offered: numBytes });
    return { state, genStamp, numBytes };
  }

  /** As Apache's. */
  private begin(block: BlockName, recoveryId: GenStamp): Promise<FoundReplica | undefined> {
    return this.dataset.held(block, async (pool) => {
      const handle = pool.replicas.find(block.id);
      if (handle === 0) return this.none(block);
      const replica = pool.inFlight.get(handle);
      await replica?.stopWriter?.();
      const described = this.dataset.describe(pool, handle);
      const genStamp = pool.replicas.genStamp(handle);
      // A power cut left bytes and no checksums, while they were written or finalized: nothing of them is proved, and nobody
      // was promised them. Where every holder has no more, the block is given up and the file can be closed.
      if (genStamp === NO_GEN_STAMP) return undefined;
      if (genStamp < block.genStamp) {
        throw new HdfsError(
          'EIO',
          `replica.getGenerationStamp() < block.getGenerationStamp(), block=${describeBlock(block)}, replica=${described}`,
        );
      }
      if (genStamp >= recoveryId) {
        throw new HdfsError(
          'EIO',
          `THIS IS NOT SUPPOSED TO HAPPEN: replica.getGenerationStamp() >= recoveryId = ${recoveryId}, block=${describeBlock(block)}, replica=${described}`,
        );
      }
      const running = pool.recoveries.get(handle);
      if (running !== undefined && running.recoveryId >= recoveryId) {
        throw new HdfsError(
          'ERECOVERY',
          `rur.getRecoveryID() >= recoveryId = ${recoveryId}, block=${describeBlock(block)}, rur=${described}`,
        );
      }
      const original = running?.original ?? pool.replicas.state(handle);
      await pool.readWritten(handle);
      await this.files.endCutOf(pool, handle);
      if (replica !== undefined) {
        if (replica.lengths.onDisk < replica.visibleLength) {
          throw new HdfsError('EIO', `getBytesOnDisk() < getVisibleLength(), rip=${described}`);
        }
        pool.replicas.setNumBytes(handle, replica.lengths.onDisk);
        replica.settleRest();
      }
      // A power cut may leave both files empty, a full disk may not even have let them begin: there is nothing in them to be
      // checked, and nothing to be kept.
      if (pool.replicas.numBytes(handle) > 0) await this.checkFiles(pool, handle);
      const numBytes = pool.replicas.numBytes(handle);
      pool.recoveries.set(handle, { recoveryId, original, offered: numBytes, unsound: running?.unsound ?? false });
      pool.replicas.setState(handle, ReplicaState.RUR);
      if (replica !== undefined) replica.state = ReplicaState.RUR;
      return { genStamp, numBytes, state: original };
    });
  }

  /**
   * Cuts to the length that the recovery found, takes its generation stamp, and finalizes; or, for another block id, makes a
   * replica of that and goes back to what it was. Answers the storage's id. Apache: updateReplicaUnderRecovery.
   */
  finish(block: BlockName, { recoveryId, newId, newBytes, sync }: RecoveryEnd): Promise<string> {
    return this.dataset.held(block, async (pool) => {
      const handle = this.dataset.require(pool, block);
      const recovery = pool.recoveries.get(handle);
      const described = this.dataset.describe(pool, handle);
      if (recovery === undefined || TRANSITIONS[pool.replicas.state(handle)].finishRecovery === 'refused') {
        throw new HdfsError('EIO', `replica.getState() != ${REPLICA_STATE_NAMES[ReplicaState.RUR]}, replica=${described}`);
      }
      const bytes = recovery.offered;
      if (bytes !== block.numBytes) {
        throw new HdfsError(
          'EIO',
          `THIS IS NOT SUPPOSED TO HAPPEN: replica.getBytesOnDisk() != block.getNumBytes(), block=${describeBlock(block)}, replica=${described}`,
        );
      }
      if (recovery.recoveryId !== recoveryId) {
        throw new HdfsError('EIO', `rur.getRecoveryID() != recoveryId = ${recoveryId}, rur=${described}`);
      }
      if (bytes < newBytes) throw new HdfsError('EIO', `rur.getNumBytes() < newlength = ${newBytes}, rur=${described}`);
      if (newId !== block.id) {
        if (recovery.original !== ReplicaState.FINALIZED)
          throw new HdfsError('EIO', `cannot copy the unfinalized ${described}`);
        await this.files.provably(pool, handle, () =>
          copyShortened(this.dataset, pool, handle, { newId, genStamp: recoveryId, numBytes: newBytes, sync }),
        );
        pool.recoveries.delete(handle);
        pool.replicas.setState(handle, recovery.original);
        return this.received(pool, { id: newId, genStamp: recoveryId, numBytes: newBytes }, pool.volumeOf(handle));
      }
      const replica = this.files.objectFor(pool, handle);
      await this.dataset.ramDisk?.changing(pool, handle);
      // The files of a replica that a dead process left may hold more than was proved of them, and a checksum of that.
      const left = recovery.original === ReplicaState.RWR;
      if (left) replica.hasTailFile = await replica.volume.disk.exists(`${replica.directory}/${tailFileName(replica.id)}`);
      if (left || replica.isRagged || replica.lengths.onDisk > newBytes) {
        const { unsound } = recovery;
        await this.files.provably(pool, handle, () =>
          this.files.truncate(pool, handle, replica, newBytes, { durable: true, unsound }),
        );
      }
      // Nobody knows which syncs failed before the process died that wrote it.
      if (left) replica.syncFailed = true;
      if (sync) await this.files.syncFiles(replica);
      // Last, since a new stamp says that the replica is as was agreed. Apache cuts the files afterwards.
      await this.files.bumpGenStamp(pool, handle, replica, recoveryId);
      await this.files.cutIsKnown(pool, handle, replica);
      pool.recoveries.delete(handle);
      if (recovery.original === ReplicaState.FINALIZED) {
        pool.replicas.setState(handle, ReplicaState.FINALIZED);
        await this.dataset.ramDisk?.completed(pool, handle);
      } else {
        pool.replicas.setState(handle, ReplicaState.RBW);
        replica.state = ReplicaState.RBW;
        pool.inFlight.set(handle, replica);
        await this.dataset.finalizeHeld(replica, sync);
      }
      return this.received(pool, { id: block.id, genStamp: recoveryId, numBytes: newBytes }, replica.volume);
    });
  }

  private received(pool: BlockPool, block: Omit<BlockName, 'pool'>, volume: Volume): string {
    this.dataset.events.received(pool.id, { pool: pool.id, ...block }, volume, '');
    return volume.storageId;
  }

  /** Both files are there, and as long as they should be: a replica without them is no part of a recovery. */
  private async checkFiles(pool: BlockPool, handle: ReplicaHandle): Promise<void> {
    const volume = pool.volumeOf(handle);
    const sizeOf = async (path: string): Promise<number> => {
      try {
        return (await volume.disk.stat(path)).size;
      } catch (error) {
        if (diskErrorCode(error) !== 'ENOENT') throw error;
        throw new HdfsError('ENOENT', `File ${path} does not exist, r=${this.dataset.describe(pool, handle)}`);
      }
    };
    const path = pool.blockFile(handle);
    const size = await sizeOf(path);
    if (size < pool.replicas.numBytes(handle)) {
      const described = this.dataset.describe(pool, handle);
      throw new HdfsError('EIO', `File length mismatched.  The length of ${path} is ${size} but r=${described}`);
    }
    const metaPath = pool.metaFile(handle);
    if ((await sizeOf(metaPath)) === 0) throw new HdfsError('EIO', `Metafile ${metaPath} is empty`);
  }
}
