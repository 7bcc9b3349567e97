// What later writers do to a replica that exists: append, going on with another pipeline, repeating a close, joining a
// pipeline. Each holds the block's lock, ends a writer that may still be at it, checks state, generation stamp and length in
// Apache's words, and only then changes files (length-and-stamp.ts). Block recovery is in replica-recovery.ts. Apache:
// FsDatasetImpl.

import { HdfsError } from '../../base/errors.ts';
import type { GenStamp } from '../../base/ids.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import { breakHardLinks } from './hard-links.ts';
import { rbwDir } from './layout.ts';
import { LengthAndStamp } from './length-and-stamp.ts';
import { moveReplica } from './move-replica.ts';
import { readLastSum } from './read-checksum.ts';
import { type BlockName, describeBlock, InFlightReplica, pathsOf } from './replica.ts';
import { ReplicaRecovery } from './replica-recovery.ts';
import { unlinkIfThere } from './replica-removal.ts';
import { noteSyncedTail, tailFileName } from './synced-tail.ts';
import type { WriterSetup } from './writer-setup.ts';

/** Apache's DataNode asks another for its replica with a time-out of a minute (dfs.client.socket-timeout). */
const VERIFY_MS = 15_000;

export interface ChangesOptions {
  /** Is told of a replica whose bytes are not what was written. */
  readonly foundCorrupt?: (block: BlockName) => void;
  /** How long a replica may be verified before a recovery: what is not read by then is believed. */
  readonly verifyMs?: number;
}

export class ReplicaChanges {
  private readonly dataset: Dataset;
  private readonly blockSize: number;
  private readonly files: LengthAndStamp;
  /** What recoveries do. */
  readonly recovery: ReplicaRecovery;

  constructor(dataset: Dataset, blockSize: number, { foundCorrupt, verifyMs }: ChangesOptions = {}) {
    this.dataset = dataset;
    this.blockSize = blockSize;
    this.files = new LengthAndStamp(dataset, foundCorrupt ?? (() => undefined));
    this.recovery = new ReplicaRecovery(dataset, this.files, verifyMs ?? VERIFY_MS);
  }

  /** A finalized replica is opened for more. */
  append(block: BlockName, newGenStamp: GenStamp, expectedBytes: number, setup?: WriterSetup): Promise<InFlightReplica> {
    return this.dataset.held(block, async (pool) => {
      if (newGenStamp < block.genStamp) {
        throw new HdfsError(
          'EIO',
          `The new generation stamp ${newGenStamp} should be greater than the replica ${describeBlock(block)}'s generation stamp`,
        );
      }
      const handle = this.dataset.require(pool, block);
      // Another one than the client was told of: a recovery may have given it a later stamp, which must not be taken back.
      if (pool.replicas.genStamp(handle) !== block.genStamp) {
        throw new HdfsError(
          'ENOREPLICA',
          `Cannot append to a replica with unexpected generation stamp ${describeBlock(block)}`,
        );
      }
      if (pool.replicas.state(handle) !== ReplicaState.FINALIZED) {
        throw new HdfsError('ENOREPLICA', `Cannot append to an unfinalized replica ${describeBlock(block)}`);
      }
      this.checkLength(pool, handle, expectedBytes);
      const replica = await this.reopenFinalized(pool, handle, newGenStamp);
      setup?.begin(replica);
      return replica;
    });
  }

  private checkLength(pool: BlockPool, handle: ReplicaHandle, expectedBytes: number): void {
    const bytes = pool.replicas.numBytes(handle);
    if (bytes !== expectedBytes) {
      throw new HdfsError(
        'EIO',
        `Corrupted replica ${this.dataset.describe(pool, handle)} with a length of ${bytes} expected length is ${expectedBytes}`,
      );
    }
  }

  /** Moves a finalized replica back to rbw/ under a new generation stamp. */
  private async reopenFinalized(pool: BlockPool, handle: ReplicaHandle, newGenStamp: GenStamp): Promise<InFlightReplica> {
    const volume = pool.volumeOf(handle);
    const { disk } = volume;
    const id = pool.replicas.id(handle);
    const from = pool.directoryOf(handle);
    const oldMeta = pool.metaFile(handle);
    const bytes = pool.replicas.numBytes(handle);
    const to = rbwDir(volume.path, pool.id);
    const metaBytes = (await disk.stat(oldMeta)).size;
    await this.dataset.ramDisk?.changing(pool, handle);
    let lastSum: Buffer | undefined;
    try {
      await breakHardLinks(pool, volume, [oldMeta, pool.blockFile(handle)]);
      // What was closed is to stay provable when the checksum of its last chunk is written over.
      lastSum = volume.isInMemory ? undefined : await readLastSum(volume, oldMeta, bytes);
      if (lastSum !== undefined) await noteSyncedTail(disk, `${to}/${tailFileName(id)}`, bytes, lastSum);
      const open = pathsOf({ directory: to, id, genStamp: newGenStamp });
      await moveReplica(disk, [pool.blockFile(handle), oldMeta], open, async () => {
        // Before anybody takes the new generation stamp for granted: a power cut must not bring the old one back.
        await disk.syncDirectory(to);
        await disk.syncDirectory(from);
      });
    } catch (error) {
      // It is closed as before: it needs no note, and one in memory is to be saved again.
      await unlinkIfThere(this.dataset.log, volume, `${to}/${tailFileName(id)}`);
      await this.dataset.ramDisk?.completed(pool, handle);
      throw error;
    }
    // Counted again when the replica is finalized again.
    volume.addUsed(pool.id, -metaBytes);
    const name: BlockName = { pool: pool.id, id, genStamp: newGenStamp, numBytes: bytes };
    const replica = new InFlightReplica(name, ReplicaState.RBW, volume, to, bytes);
    replica.hasTailFile = lastSum !== undefined;
    replica.promise(Math.max(0, this.blockSize - bytes));
    pool.replicas.setState(handle, ReplicaState.RBW);
    pool.replicas.setGenStamp(handle, newGenStamp);
    pool.inFlight.set(handle, replica);
    return replica;
  }

  /** A client goes on with another pipeline after a failure: what was not acknowledged is cut off. */
  recoverRbw(
    block: BlockName,
    newGenStamp: GenStamp,
    minBytes: number,
    maxBytes: number,
    setup?: WriterSetup,
  ): Promise<InFlightReplica> {
    return this.dataset.held(block, async (pool) => {
      const handle = this.dataset.require(pool, block);
      const replica = pool.inFlight.get(handle);
      if (pool.replicas.state(handle) !== ReplicaState.RBW || replica === undefined) {
        throw new HdfsError('ENOREPLICA', `Cannot recover a non-RBW replica ${this.dataset.describe(pool, handle)}`);
      }
      await replica.stopWriter?.();
      await this.files.endCutOf(pool, handle);
      this.checkGenStamp(pool, handle, block, newGenStamp);
      const { acked, received, onDisk } = replica.lengths;
      if (acked < minBytes || received > maxBytes) {
        throw new HdfsError(
          'ENOREPLICA',
          `Unmatched length replica ${this.dataset.describe(pool, handle)}: BytesAcked = ${acked} BytesRcvd = ${received} are not in the range of [${minBytes}, ${maxBytes}].`,
        );
      }
      if (onDisk < acked) {
        throw new HdfsError(
          'ENOREPLICA',
          `Found fewer bytesOnDisk than bytesAcked for replica ${this.dataset.describe(pool, handle)}`,
        );
      }
      // What is synced is proved by its own note; of the rest no power cut is owed anything.
      if (onDisk > acked || replica.isRagged) {
        await this.files.provably(pool, handle, () =>
          this.files.truncate(pool, handle, replica, acked, { durable: false, unsound: false }),
        );
      }
      if (replica.syncFailed) await this.files.syncFiles(replica);
      await this.files.bumpGenStamp(pool, handle, replica, newGenStamp);
      await this.files.cutIsKnown(pool, handle, replica);
      setup?.begin(replica);
      return replica;
    });
  }

  private checkGenStamp(pool: BlockPool, handle: ReplicaHandle, block: BlockName, newGenStamp: GenStamp): void {
    const genStamp = pool.replicas.genStamp(handle);
    if (genStamp < block.genStamp || genStamp > newGenStamp) {
      throw new HdfsError(
        'ENOREPLICA',
        `Cannot append to a replica with unexpected generation stamp ${genStamp}. Expected GS range is [${block.genStamp}, ${newGenStamp}].`,
      );
    }
  }

  /** What recoverAppend and recoverClose check. Apache: FsDatasetImpl.recoverCheck. */
  private async recoverCheck(
    pool: BlockPool,
    block: BlockName,
    newGenStamp: GenStamp,
    expectedBytes: number,
  ): Promise<ReplicaHandle> {
    const handle = this.dataset.require(pool, block);
    const state = pool.replicas.state(handle);
    if (state !== ReplicaState.FINALIZED && state !== ReplicaState.RBW) {
      throw new HdfsError(
        'ENOREPLICA',
        `Cannot recover append/close to a replica that's not FINALIZED and not RBW ${this.dataset.describe(pool, handle)}`,
      );
    }
    this.checkGenStamp(pool, handle, block, newGenStamp);
    const replica = pool.inFlight.get(handle);
    if (state === ReplicaState.RBW && replica !== undefined) {
      await replica.stopWriter?.();
      const { received, onDisk, acked } = replica.lengths;
      if (received !== onDisk || received !== acked) {
        throw new HdfsError(
          'EREPLICAEXISTS',
          `RBW replica ${this.dataset.describe(pool, handle)}bytesRcvd(${received}), bytesOnDisk(${onDisk}), and bytesAcked(${acked}) are not the same.`,
        );
      }
    }
    this.checkLength(pool, handle, expectedBytes);
    return handle;
  }

  recoverAppend(block: BlockName, newGenStamp: GenStamp, expectedBytes: number, setup?: WriterSetup): Promise<InFlightReplica> {
    return this.dataset.held(block, async (pool) => {
      const handle = await this.recoverCheck(pool, block, newGenStamp, expectedBytes);
      const known = pool.inFlight.get(handle);
      const replica = known ?? (await this.reopenFinalized(pool, handle, newGenStamp));
      await this.cutRagged(pool, handle, replica);
      if (replica.syncFailed) await this.files.syncFiles(replica);
      await this.files.bumpGenStamp(pool, handle, replica, newGenStamp);
      await this.files.cutIsKnown(pool, handle, replica);
      setup?.begin(replica);
      return replica;
    });
  }

  private async cutRagged(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<void> {
    if (!replica.isRagged) return;
    await this.files.provably(pool, handle, () =>
      this.files.truncate(pool, handle, replica, replica.lengths.onDisk, { durable: true, unsound: false }),
    );
  }

  /** A client repeats a close: the replica is finalized with the new generation stamp. Answers where it lies. */
  recoverClose(block: BlockName, newGenStamp: GenStamp, expectedBytes: number, sync: boolean): Promise<InFlightReplica> {
    return this.dataset.held(block, async (pool) => {
      const handle = await this.recoverCheck(pool, block, newGenStamp, expectedBytes);
      const replica = this.files.objectFor(pool, handle);
      await this.cutRagged(pool, handle, replica);
      await this.dataset.ramDisk?.changing(pool, handle);
      try {
        await this.files.bumpGenStamp(pool, handle, replica, newGenStamp);
        await this.files.cutIsKnown(pool, handle, replica);
      } finally {
        if (pool.replicas.state(handle) === ReplicaState.FINALIZED) await this.dataset.ramDisk?.completed(pool, handle);
      }
      if (pool.replicas.state(handle) === ReplicaState.RBW) {
        if (sync) await this.files.syncFiles(replica);
        await this.dataset.finalizeHeld(replica, sync);
      }
      return replica;
    });
  }

  /** A replica that was copied from a member of a pipeline joins it. */
  convertToRbw(copy: InFlightReplica, visibleBytes: number, current: () => boolean): Promise<void> {
    return this.dataset.held(copy, async (pool) => {
      const handle = this.dataset.handleOf(copy);
      if (handle === 0 || !current()) throw new HdfsError('ENOREPLICA', `Replica does not exist ${describeBlock(copy)}`);
      const { onDisk } = copy.lengths;
      if (onDisk < visibleBytes) {
        throw new HdfsError(
          'EIO',
          `${onDisk} = numBytes < visible = ${visibleBytes}, temp=${this.dataset.describe(pool, handle)}`,
        );
      }
      const { volume } = copy;
      const to = rbwDir(volume.path, pool.id);
      const { id, genStamp } = copy;
      await moveReplica(volume.disk, pathsOf(copy), pathsOf({ directory: to, id, genStamp }));
      copy.directory = to;
      copy.state = ReplicaState.RBW;
      copy.lengths.acknowledge(visibleBytes);
      pool.replicas.setState(handle, ReplicaState.RBW);
      pool.replicas.setNumBytes(handle, onDisk);
    });
  }
}
