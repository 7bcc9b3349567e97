// How the two files of a replica are cut, and how a cut that a crash has cut off is ended (cut-note.ts says what is noted of
// it before). Who may cut, and when: replica-changes.ts, replica-recovery.ts.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { BlockId } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import { blockDirectory, META_HEADER_BYTES, parseBlockFileName } from '../../format/storage/block-files.ts';
import type { Log } from '../../host/host.ts';
import { type CutNote, cutNoteName, decodeCutNote, parseCutNoteName } from './cut-note.ts';
import { DataChecksum } from './data-checksum.ts';
import { finalizedDir, rbwDir } from './layout.ts';
import { type LastChunk, pathsOf } from './replica.ts';
import { unlinkQuietly } from './replica-removal.ts';
import type { Volume } from './volume.ts';
import type { VolumeDisk, VolumeFile } from './volume-disk.ts';

/** The two open files of a replica. */
export interface ReplicaFilePair {
  readonly data: VolumeFile;
  readonly meta: VolumeFile;
}

export async function withFiles<T>(
  disk: VolumeDisk,
  blockPath: string,
  metaPath: string,
  fn: (files: ReplicaFilePair, checksum: DataChecksum) => Promise<T>,
): Promise<T> {
  const data = await disk.open(blockPath, 'r+');
  try {
    const meta = await disk.open(metaPath, 'r+');
    try {
      const header = Buffer.alloc(META_HEADER_BYTES);
      const got = await meta.read(header, 0, META_HEADER_BYTES, 0);
      return await fn({ data, meta }, DataChecksum.fromHeader(header.subarray(0, got)));
    } finally {
      await meta.close();
    }
  } finally {
    await data.close();
  }
}

/** Whether both files end at `length`, the last chunk with its checksum. */
export async function endsAt({ data, meta }: ReplicaFilePair, checksum: DataChecksum, length: number): Promise<boolean> {
  if ((await data.stat()).size !== length) return false;
  if ((await meta.stat()).size !== checksum.metaOffset(0) + checksum.sumBytes(length)) return false;
  return chunkFits({ data, meta }, checksum, Math.max(0, length - 1), length);
}

/** Whether the chunk that holds the byte `at` has its checksum, where the data ends at `end`. */
async function chunkFits({ data, meta }: ReplicaFilePair, checksum: DataChecksum, at: number, end: number): Promise<boolean> {
  const start = at - (at % checksum.bytesPerChecksum);
  const bytes = Buffer.alloc(Math.min(checksum.bytesPerChecksum, end - start));
  if (checksum.size === 0 || bytes.length === 0) return true;
  const sum = Buffer.alloc(checksum.size);
  if ((await data.read(bytes, 0, bytes.length, start)) !== bytes.length) return false;
  if ((await meta.read(sum, 0, sum.length, checksum.metaOffset(start))) !== sum.length) return false;
  return checksum.firstBad(bytes, sum) < 0;
}

/** What is known of the chunk in which a cut falls, beside its checksum in the meta file. */
export interface ChunkProofs {
  /** How long the replica counts as: its files may hold more, of which nothing is known. */
  readonly length: number;
  /** Checksums of chunks that end within, from memory or from notes; asked for only when the meta file's proves nothing. */
  noted(): Promise<readonly LastChunk[]>;
}

/**
 * Whether the bytes before a cut at `length` are those that were written. A new checksum is about to be made of them, after
 * which nobody could tell. The chunk's own checksum may reach to the end of the file, or to the length that counts when a
 * write stopped half way; when it was written over already, what was noted before counts.
 */
async function isProven(files: ReplicaFilePair, checksum: DataChecksum, length: number, proofs: ChunkProofs): Promise<boolean> {
  const start = length - (length % checksum.bytesPerChecksum);
  const chunk = Buffer.alloc(checksum.bytesPerChecksum);
  const bytes = chunk.subarray(0, await files.data.read(chunk, 0, chunk.length, start));
  const fits = (sum: Buffer, end: number): boolean =>
    end >= length && end <= start + bytes.length && checksum.firstBad(bytes.subarray(0, end - start), sum) < 0;
  const sum = Buffer.alloc(checksum.size);
  const isThere = (await files.meta.read(sum, 0, sum.length, checksum.metaOffset(start))) === sum.length;
  if (isThere && (fits(sum, start + bytes.length) || fits(sum, proofs.length))) return true;
  return (await proofs.noted()).some((known) => fits(known.sum.subarray(0, checksum.size), known.length));
}

/**
 * The checksum of the last chunk once the replica ends at `length`; undefined: that will be a whole one. ECHECKSUM: nothing
 * proves the bytes that it would be made of; with `unsound` it is one that does not fit them.
 */
export async function provenSumOfLastChunk(
  files: ReplicaFilePair,
  checksum: DataChecksum,
  length: number,
  proofs: ChunkProofs,
  unsound = false,
): Promise<Buffer | undefined> {
  const sum = await sumOfLastChunk(files, checksum, length);
  if (sum === undefined || (await isProven(files, checksum, length, proofs))) return sum;
  if (unsound) return sum.map((byte) => byte ^ 0xff) as Buffer;
  sometimes('cut of a replica refused because its bytes are not proved');
  throw new HdfsError(
    'ECHECKSUM',
    `Checksum error at ${length - (length % checksum.bytesPerChecksum)}: the bytes before the cut at ${length} are not what was written`,
  );
}

async function sumOfLastChunk({ data }: ReplicaFilePair, checksum: DataChecksum, length: number): Promise<Buffer | undefined> {
  const partial = length % checksum.bytesPerChecksum;
  if (partial === 0 || checksum.size === 0) return undefined;
  const bytes = Buffer.alloc(partial);
  if ((await data.read(bytes, 0, partial, length - partial)) !== partial) {
    throw new HdfsError('EIO', 'the block file is shorter than it should be');
  }
  const sum = Buffer.alloc(checksum.size);
  checksum.one(bytes, sum, 0);
  return sum;
}

export async function cutFiles(
  { data, meta }: ReplicaFilePair,
  checksum: DataChecksum,
  length: number,
  sum: Buffer | undefined,
): Promise<void> {
  await data.truncate(length);
  await meta.truncate(checksum.metaOffset(0) + checksum.sumBytes(length));
  if (sum !== undefined) await meta.write(sum, checksum.metaOffset(length));
}

/** Durable when it resolves. */
export async function syncPair({ data, meta }: ReplicaFilePair): Promise<void> {
  await Promise.all([data.datasync(), meta.datasync()]);
}

/**
 * What becomes of a cut that may have been cut off:
 *
 * | the files | then |
 * |---|---|
 * | shorter than the cut | they are others' by now: nothing is done |
 * | as they were before it, or as they are after it | nothing is done |
 * | anything between, and the bytes before the cut fit the note | the cut is ended |
 * | the same, and they do not | nothing is done: the readers' checksums tell |
 *
 * Answers how long the replica is, and whether the cut was ended: then durably.
 */
export async function endCut(
  files: ReplicaFilePair,
  checksum: DataChecksum,
  note: CutNote,
): Promise<{ readonly bytes: number; readonly ended: boolean }> {
  const { length } = note;
  const { size } = await files.data.stat();
  const asItIs = { bytes: size, ended: false };
  if (size < length) return asItIs;
  const metaSize = (await files.meta.stat()).size;
  const isWhole =
    metaSize === checksum.metaOffset(0) + checksum.sumBytes(size) &&
    (await chunkFits(files, checksum, size === length ? Math.max(0, length - 1) : length, size));
  if (isWhole) return asItIs;
  const partial = length % checksum.bytesPerChecksum;
  if (metaSize < checksum.metaOffset(0) + checksum.sumBytes(length - partial)) return asItIs;
  let sum: Buffer | undefined;
  if (partial > 0 && checksum.size > 0) {
    sum = await sumOfLastChunk(files, checksum, length);
    if (sum === undefined || note.sum === undefined || !sum.equals(note.sum)) return asItIs;
  }
  await cutFiles(files, checksum, length, sum);
  await syncPair(files);
  return { bytes: length, ended: true };
}

/**
 * At a start, before the replicas are taken up: ends the cuts that are noted in rbw/. `beforeChange` is awaited before
 * files are changed in place. One replica that cannot be read keeps its note, and nothing else waits for it.
 */
export async function endNotedCuts(
  volume: Volume,
  pool: string,
  log: Log,
  beforeChange: (paths: readonly string[]) => Promise<void>,
): Promise<void> {
  const rbw = rbwDir(volume.path, pool);
  for (const name of await volume.disk.readdir(rbw)) {
    const id = parseCutNoteName(name);
    if (id === undefined) continue;
    try {
      const note = decodeCutNote(await volume.disk.readFile(`${rbw}/${name}`));
      if (note !== undefined) {
        for (const directory of [`${finalizedDir(volume.path, pool)}/${blockDirectory(id)}`, rbw]) {
          await endCutIn(volume, directory, id, note, log, beforeChange);
        }
      }
    } catch (error) {
      log.log('warn', 'datanode', `${rbw}/${name} was not followed: ${messageOf(error)}`);
      continue;
    }
    await unlinkQuietly(log, volume, `${rbw}/${cutNoteName(id)}`);
  }
}

async function endCutIn(
  { disk }: Volume,
  directory: string,
  id: BlockId,
  note: CutNote,
  log: Log,
  beforeChange: (paths: readonly string[]) => Promise<void>,
): Promise<void> {
  if (!(await disk.exists(directory))) return;
  let newest = -1;
  let hasBlock = false;
  for (const name of await disk.readdir(directory)) {
    const file = parseBlockFileName(name);
    if (file?.id !== id) continue;
    if (file.kind === 'meta') newest = Math.max(newest, file.genStamp);
    else hasBlock = true;
  }
  // Of another generation: the cut was ended, or others have changed the replica since.
  if (!hasBlock || newest !== note.genStamp) return;
  const paths = pathsOf({ directory, id, genStamp: note.genStamp });
  await beforeChange(paths);
  const { bytes, ended } = await withFiles(disk, ...paths, (files, checksum) => endCut(files, checksum, note));
  if (!ended) return;
  sometimes('cut of a replica ended at the start of a DataNode');
  log.log('info', 'datanode', `ended the cut of ${paths[0]} to ${bytes} bytes, which was cut off`);
}
