// What later writers and recoveries do to a replica that exists: append, going on with another pipeline, repeating a
// close, joining a pipeline, and the two steps of block recovery. Each holds the block's lock, ends a writer that may still
// be at it, checks state, generation stamp and length in Apache's words, and only then changes files. Apache: FsDatasetImpl.

import { HdfsError } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { REPLICA_STATE_NAMES, ReplicaState, TRANSITIONS } from '../../core/replica/states.ts';
import type { FoundReplica } from '../../core/replica/sync-block.ts';
import { blockFileName, metaFileName } from '../../format/storage/block-files.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import { type BlockPool, NO_GEN_STAMP } from './block-pool.ts';
import { copyShortened } from './copy-replica.ts';
import { cutNotePath, writeCutNote } from './cut-note.ts';
import type { Dataset } from './dataset.ts';
import { breakHardLinks } from './hard-links.ts';
import { rbwDir } from './layout.ts';
import { readLastSum } from './read-checksum.ts';
import { type BlockName, describeBlock, InFlightReplica, type LastChunk } from './replica.ts';
import { cutFiles, endCut, endsAt, provenSumOfLastChunk, syncPair, withFiles } from './replica-cut.ts';
import { sizeQuietly, unlinkQuietly } from './replica-removal.ts';
import { rewrite } from './rewrite.ts';
import { noteSyncedTail, readTailRecords, tailFileName } from './synced-tail.ts';
import type { Volume } from './volume.ts';
import type { WriterSetup } from './writer-setup.ts';

/** What a recovery makes of a replica. */
export interface RecoveryEnd {
  readonly recoveryId: GenStamp;
  /** The block's own id, or that of the shorter copy that is made of it. */
  readonly newId: BlockId;
  readonly newBytes: number;
  readonly sync: boolean;
}

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
  private readonly foundCorrupt: (block: BlockName) => void;
  private readonly verifyMs: number;

  constructor(dataset: Dataset, blockSize: number, { foundCorrupt, verifyMs }: ChangesOptions = {}) {
    this.dataset = dataset;
    this.blockSize = blockSize;
    this.foundCorrupt = foundCorrupt ?? (() => undefined);
    this.verifyMs = verifyMs ?? VERIFY_MS;
  }

  private held<T>(block: { readonly pool: string; readonly id: BlockId }, fn: (pool: BlockPool) => Promise<T>): Promise<T> {
    return this.dataset.locks.run(this.dataset.key(block), () => fn(this.dataset.pool(block.pool)));
  }

  /** A finalized replica is opened for more. */
  append(block: BlockName, newGenStamp: GenStamp, expectedBytes: number, setup?: WriterSetup): Promise<InFlightReplica> {
    return this.held(block, async (pool) => {
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
    await this.dataset.ramDisk?.changing(pool, handle);
    await breakHardLinks(pool, volume, [oldMeta, pool.blockFile(handle)]);
    // Counted again when the replica is finalized again.
    volume.addUsed(pool.id, -(await sizeQuietly(this.dataset.log, volume, oldMeta)));
    // What was closed is to stay provable when the checksum of its last chunk is written over.
    const lastSum = volume.isInMemory ? undefined : await readLastSum(volume, oldMeta, bytes);
    if (lastSum !== undefined) await noteSyncedTail(disk, `${to}/${tailFileName(id)}`, bytes, lastSum);
    await disk.rename(oldMeta, `${to}/${metaFileName(id, newGenStamp)}`);
    await disk.rename(`${from}/${blockFileName(id)}`, `${to}/${blockFileName(id)}`);
    // Before anybody takes the new generation stamp for granted: a power cut must not bring the old one back.
    await disk.syncDirectory(to);
    await disk.syncDirectory(from);
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
    return this.held(block, async (pool) => {
      const handle = this.dataset.require(pool, block);
      const replica = pool.inFlight.get(handle);
      if (pool.replicas.state(handle) !== ReplicaState.RBW || replica === undefined) {
        throw new HdfsError('ENOREPLICA', `Cannot recover a non-RBW replica ${this.dataset.describe(pool, handle)}`);
      }
      await replica.stopWriter?.();
      await this.endCutOf(pool, handle);
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
      if (onDisk > acked) {
        await this.provably(pool, handle, () =>
          this.truncate(pool, handle, replica, acked, { durable: false, unsound: false }),
        );
      }
      if (replica.syncFailed) await this.syncFiles(replica);
      await this.bumpGenStamp(pool, handle, replica, newGenStamp);
      await this.cutIsKnown(pool, handle, replica);
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
    return this.held(block, async (pool) => {
      const handle = await this.recoverCheck(pool, block, newGenStamp, expectedBytes);
      const known = pool.inFlight.get(handle);
      const replica = known ?? (await this.reopenFinalized(pool, handle, newGenStamp));
      if (replica.syncFailed) await this.syncFiles(replica);
      await this.bumpGenStamp(pool, handle, replica, newGenStamp);
      setup?.begin(replica);
      return replica;
    });
  }

  /** A client repeats a close: the replica is finalized with the new generation stamp. Answers where it lies. */
  recoverClose(block: BlockName, newGenStamp: GenStamp, expectedBytes: number, sync: boolean): Promise<InFlightReplica> {
    return this.held(block, async (pool) => {
      const handle = await this.recoverCheck(pool, block, newGenStamp, expectedBytes);
      const replica = this.objectFor(pool, handle);
      await this.dataset.ramDisk?.changing(pool, handle);
      await this.bumpGenStamp(pool, handle, replica, newGenStamp);
      if (pool.replicas.state(handle) === ReplicaState.RBW) {
        if (sync) await this.syncFiles(replica);
        await this.dataset.finalizeHeld(replica, sync);
      } else await this.dataset.ramDisk?.completed(pool, handle);
      return replica;
    });
  }

  /** A replica that was copied from a member of a pipeline joins it. */
  convertToRbw(copy: InFlightReplica, visibleBytes: number, current: () => boolean): Promise<void> {
    return this.held(copy, async (pool) => {
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
      const { disk } = volume;
      const to = rbwDir(volume.path, pool.id);
      for (const name of [metaFileName(copy.id, copy.genStamp), blockFileName(copy.id)]) {
        await disk.rename(`${copy.directory}/${name}`, `${to}/${name}`);
      }
      copy.directory = to;
      copy.state = ReplicaState.RBW;
      copy.lengths.acknowledge(visibleBytes);
      pool.replicas.setState(handle, ReplicaState.RBW);
      pool.replicas.setNumBytes(handle, onDisk);
    });
  }

  // -------------------------------------------------------------------------------------------------- block recovery

  /**
   * Stops writers and tells what is here. Undefined: no such replica. What a writer left is verified, while nothing can change
   * it any more: its length is a matter of choice, and bytes that are wrong must not win over good ones (`offered`). Apache:
   * initReplicaRecovery.
   */
  async startRecovery(block: BlockName, recoveryId: GenStamp): Promise<FoundReplica | undefined> {
    const found = await this.beginRecovery(block, recoveryId);
    if (found === undefined || found.state === ReplicaState.FINALIZED || found.numBytes === 0) return found;
    const pool = this.dataset.pool(block.pool);
    const handle = pool.replicas.find(block.id);
    if (handle === 0) return undefined;
    const replica = this.objectFor(pool, handle);
    const proven = replica.volume.isInMemory ? found.numBytes : await this.provenLength(pool, handle, replica);
    if (proven >= found.numBytes) return found;
    return this.held(block, () => Promise.resolve(this.offer(pool, { ...block, ...found }, recoveryId, proven)));
  }

  /** How much of the replica is as it was written, as far as there was time to look. */
  private async provenLength(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<number> {
    const { volume } = replica;
    const notes = await this.notedSums(pool, handle, replica);
    let goesOn = true;
    const verified = pool.provenLength(volume, ...pathsOf(replica), { noted: notes, goesOn: () => goesOn });
    return new Promise((resolve, reject) => {
      const timer = volume.clock.setTimer(this.verifyMs, () => {
        goesOn = false;
        resolve(replica.lengths.onDisk);
      });
      verified.then(resolve, reject).finally(() => timer.cancel());
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
      this.foundCorrupt(found);
      throw new HdfsError('ECHECKSUM', `Checksum error at ${proven} of ${describeBlock(found)}, of which ${owed} bytes count`);
    }
    const numBytes = Math.max(proven, owed);
    pool.recoveries.set(handle, { ...running, offered: numBytes });
    return { state, genStamp, numBytes };
  }

  /** As Apache's. */
  private beginRecovery(block: BlockName, recoveryId: GenStamp): Promise<FoundReplica | undefined> {
    return this.held(block, async (pool) => {
      const handle = pool.replicas.find(block.id);
      if (handle === 0) return undefined;
      const replica = pool.inFlight.get(handle);
      await replica?.stopWriter?.();
      const described = this.dataset.describe(pool, handle);
      const genStamp = pool.replicas.genStamp(handle);
      // A power cut left bytes and no checksums: nothing of them is proved, and nobody was promised them.
      if (genStamp === NO_GEN_STAMP && pool.replicas.state(handle) === ReplicaState.RWR) return undefined;
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
      await this.endCutOf(pool, handle);
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
  finishRecovery(block: BlockName, { recoveryId, newId, newBytes, sync }: RecoveryEnd): Promise<string> {
    return this.held(block, async (pool) => {
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
        await this.provably(pool, handle, () =>
          copyShortened(this.dataset, pool, handle, { newId, genStamp: recoveryId, numBytes: newBytes, sync }),
        );
        pool.recoveries.delete(handle);
        pool.replicas.setState(handle, recovery.original);
        return this.received(pool, { id: newId, genStamp: recoveryId, numBytes: newBytes }, pool.volumeOf(handle));
      }
      const replica = this.objectFor(pool, handle);
      await this.dataset.ramDisk?.changing(pool, handle);
      // The files of a replica that a dead process left may hold more than was proved of them, and a checksum of that.
      const left = recovery.original === ReplicaState.RWR;
      if (left) replica.hasTailFile = await replica.volume.disk.exists(`${replica.directory}/${tailFileName(replica.id)}`);
      if (left || replica.lengths.onDisk > newBytes) {
        const { unsound } = recovery;
        await this.provably(pool, handle, () => this.truncate(pool, handle, replica, newBytes, { durable: true, unsound }));
      }
      // Nobody knows which syncs failed before the process died that wrote it.
      if (left) replica.syncFailed = true;
      if (sync) await this.syncFiles(replica);
      // Last, since a new stamp says that the replica is as was agreed. Apache cuts the files afterwards.
      await this.bumpGenStamp(pool, handle, replica, recoveryId);
      await this.cutIsKnown(pool, handle, replica);
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

  // --------------------------------------------------------------------------------------------------------- pieces

  /** What wrong bytes keep from being done is reported, and a further recovery knows of it. */
  private async provably(pool: BlockPool, handle: ReplicaHandle, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof HdfsError && error.code === 'ECHECKSUM') {
        this.foundCorrupt(nameOf(this.objectFor(pool, handle)));
        const recovery = pool.recoveries.get(handle);
        if (recovery !== undefined) pool.recoveries.set(handle, { ...recovery, unsound: true });
      }
      throw error;
    }
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

  /** The object of a replica in the making, or a passing one for a replica that is at rest. */
  private objectFor(pool: BlockPool, handle: ReplicaHandle): InFlightReplica {
    const known = pool.inFlight.get(handle);
    if (known !== undefined) return known;
    const { replicas } = pool;
    const numBytes = replicas.numBytes(handle);
    const name = { pool: pool.id, id: replicas.id(handle), genStamp: replicas.genStamp(handle), numBytes };
    return new InFlightReplica(name, replicas.state(handle), pool.volumeOf(handle), pool.directoryOf(handle), numBytes);
  }

  private async bumpGenStamp(
    pool: BlockPool,
    handle: ReplicaHandle,
    replica: InFlightReplica,
    genStamp: GenStamp,
  ): Promise<void> {
    if (genStamp === replica.genStamp) return;
    const from = `${replica.directory}/${metaFileName(replica.id, replica.genStamp)}`;
    const to = `${replica.directory}/${metaFileName(replica.id, genStamp)}`;
    const { disk } = replica.volume;
    await disk.rename(from, to);
    const bumped = (): void => {
      replica.genStamp = genStamp;
      pool.replicas.setGenStamp(handle, genStamp);
    };
    try {
      // The NameNode is about to log this generation stamp: a replica that a power cut throws back to the old one is stale.
      await disk.syncDirectory(replica.directory);
    } catch (error) {
      // What is in memory is what the file is called, whatever becomes of the call.
      await disk.rename(to, from).catch(bumped);
      throw error;
    }
    bumped();
  }

  /**
   * Cuts data and checksums; the checksum of a chunk that becomes partial is made anew, from bytes that were proved. It is
   * noted first, and the note goes with `cutIsKnown`. With `durable` a power cut in the middle does no harm either; with
   * `unsound` a chunk of which nothing is proved gets a checksum that does not fit.
   */
  private async truncate(
    pool: BlockPool,
    handle: ReplicaHandle,
    replica: InFlightReplica,
    bytes: number,
    { durable, unsound }: { readonly durable: boolean; readonly unsound: boolean },
  ): Promise<void> {
    const { volume, genStamp } = replica;
    const [blockPath, metaPath] = pathsOf(replica);
    await breakHardLinks(pool, volume, [metaPath, blockPath]);
    const proofs = { length: replica.lengths.onDisk, noted: () => this.notedSums(pool, handle, replica) };
    await withFiles(volume.disk, blockPath, metaPath, async (files, checksum) => {
      const sum = await provenSumOfLastChunk(files, checksum, bytes, proofs, unsound);
      if (!(await endsAt(files, checksum, bytes))) {
        const note = { genStamp, length: bytes, sum };
        await writeCutNote(volume, pool.id, replica.id, note, durable);
        pool.cuts.set(handle, note);
        await cutFiles(files, checksum, bytes, sum);
        if (durable) await this.noting(replica, () => syncPair(files));
      }
      replica.lastChunk = sum === undefined ? undefined : { length: bytes, sum };
    });
    this.setLength(pool, handle, replica, bytes);
  }

  /** Checksums of a last chunk that are known beside the one in the meta file. */
  private async notedSums(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<readonly LastChunk[]> {
    const { disk } = replica.volume;
    const tail = `${replica.directory}/${tailFileName(replica.id)}`;
    const synced = (await disk.exists(tail)) ? await readTailRecords(disk, tail) : [];
    const cut = pool.cuts.get(handle);
    return [
      ...synced,
      ...(replica.lastChunk === undefined ? [] : [replica.lastChunk]),
      ...(cut?.sum === undefined ? [] : [{ length: cut.length, sum: cut.sum }]),
    ];
  }

  private setLength(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica, bytes: number): void {
    replica.volume.addUsed(pool.id, bytes - replica.lengths.onDisk);
    replica.lengths.cut(bytes);
    pool.replicas.setNumBytes(handle, bytes);
  }

  /** An error may have cut off a cut: it is ended before anything else is done with the replica. */
  private async endCutOf(pool: BlockPool, handle: ReplicaHandle): Promise<void> {
    const note = pool.cuts.get(handle);
    if (note === undefined) return;
    const replica = this.objectFor(pool, handle);
    const { bytes } = await withFiles(replica.volume.disk, ...pathsOf(replica), (files, checksum) =>
      endCut(files, checksum, note),
    );
    if (bytes < replica.lengths.onDisk) this.setLength(pool, handle, replica, bytes);
  }

  /** Nobody needs the note any more: the generation that it is about is gone, or its files are as it says. */
  private async cutIsKnown(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<void> {
    const note = pool.cuts.get(handle);
    if (note === undefined) return;
    const { volume } = replica;
    const path = cutNotePath(volume, pool.id, replica.id);
    if (note.genStamp === replica.genStamp) {
      // It would count again, were it found beside what is written from now on.
      await volume.disk.unlink(path);
      await volume.disk.syncDirectory(rbwDir(volume.path, pool.id));
    } else await unlinkQuietly(this.dataset.log, volume, path);
    pool.cuts.delete(handle);
  }

  /** What its files hold is on the disk when it resolves, also where a sync of them failed before. */
  private async syncFiles(replica: InFlightReplica): Promise<void> {
    const again = replica.syncFailed;
    for (const path of pathsOf(replica)) {
      const file = await replica.volume.disk.open(path, 'r+');
      try {
        if (again) await rewrite(file);
        await this.noting(replica, () => file.datasync());
      } finally {
        await file.close();
      }
    }
    if (again) sometimes('replica written again because a sync may have failed');
    replica.syncFailed = false;
  }

  /** Remembers when a sync fails. */
  private async noting(replica: InFlightReplica, sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      replica.syncFailed = true;
      throw error;
    }
  }
}

const nameOf = ({ pool, id, genStamp, lengths }: InFlightReplica): BlockName => ({
  pool,
  id,
  genStamp,
  numBytes: lengths.onDisk,
});

/** Data and checksums. */
const pathsOf = ({ directory, id, genStamp }: InFlightReplica): readonly [string, string] => [
  `${directory}/${blockFileName(id)}`,
  `${directory}/${metaFileName(id, genStamp)}`,
];
