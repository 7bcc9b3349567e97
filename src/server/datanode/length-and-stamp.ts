// What changes the length and the generation stamp of a replica's files: the pieces of which what writers and recoveries do is
// made (replica-changes.ts, replica-recovery.ts). Whoever calls them holds the block's lock.
import { HdfsError } from '../../base/errors.ts';
import type { GenStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { metaFileName } from '../../format/storage/block-files.ts';
import type { BlockPool } from './block-pool.ts';
import { cutNotePath, writeCutNote } from './cut-note.ts';
import type { Dataset } from './dataset.ts';
import { breakHardLinks } from './hard-links.ts';
import { rbwDir } from './layout.ts';
import { type BlockName, InFlightReplica, type LastChunk, pathsOf } from './replica.ts';
import { cutFiles, endCut, endsAt, provenSumOfLastChunk, syncPair, withFiles } from './replica-cut.ts';
import { unlinkQuietly } from './replica-removal.ts';
import { rewrite } from './rewrite.ts';
import { readTailRecords, tailFileName } from './synced-tail.ts';

export class LengthAndStamp {
  private readonly dataset: Dataset;
  /** Is told of a replica whose bytes are not what was written. */
  readonly foundCorrupt: (block: BlockName) => void;

  constructor(dataset: Dataset, foundCorrupt: (block: BlockName) => void) {
    this.dataset = dataset;
    this.foundCorrupt = foundCorrupt;
  }

  /** The object of a replica in the making, or a passing one for a replica that is at rest. */
  objectFor(pool: BlockPool, handle: ReplicaHandle): InFlightReplica {
    const known = pool.inFlight.get(handle);
    if (known !== undefined) return known;
    const { replicas } = pool;
    const numBytes = replicas.numBytes(handle);
    const name = { pool: pool.id, id: replicas.id(handle), genStamp: replicas.genStamp(handle), numBytes };
    return new InFlightReplica(name, replicas.state(handle), pool.volumeOf(handle), pool.directoryOf(handle), numBytes);
  }

  async bumpGenStamp(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica, genStamp: GenStamp): Promise<void> {
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
  async truncate(
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
      replica.isRagged = false;
    });
    this.setLength(pool, handle, replica, bytes);
  }

  /** Checksums of a last chunk that are known beside the one in the meta file. */
  async notedSums(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<readonly LastChunk[]> {
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
  async endCutOf(pool: BlockPool, handle: ReplicaHandle): Promise<void> {
    const note = pool.cuts.get(handle);
    if (note === undefined) return;
    const replica = this.objectFor(pool, handle);
    const { bytes } = await withFiles(replica.volume.disk, ...pathsOf(replica), (files, checksum) =>
      endCut(files, checksum, note),
    );
    if (bytes < replica.lengths.onDisk) this.setLength(pool, handle, replica, bytes);
  }

  /** Nobody needs the note any more: the generation that it is about is gone, or its files are as it says. */
  async cutIsKnown(pool: BlockPool, handle: ReplicaHandle, replica: InFlightReplica): Promise<void> {
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
  async syncFiles(replica: InFlightReplica): Promise<void> {
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

  /** What wrong bytes keep from being done is reported, and a further recovery knows of it. */
  async provably(pool: BlockPool, handle: ReplicaHandle, work: () => Promise<void>): Promise<void> {
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
}

const nameOf = ({ pool, id, genStamp, lengths }: InFlightReplica): BlockName => ({
  pool,
  id,
  genStamp,
  numBytes: lengths.onDisk,
});
