// Copies on a disk of replicas that lie in memory. They stand in lazypersist/ of a pool, in the order of finalized/, and are
// complete when their block file has its name; when the replica leaves the memory, or is lost with it, the copy moves into
// finalized/ and is the replica. What is copied is verified on the way, or gets its checksums here. Apache:
// FsDatasetImpl.copyBlockFiles, BlockPoolSlice.activateSavedReplica, moveLazyPersistReplicasToFinalized.
import { HdfsError } from '../../base/errors.ts';
import type { BlockId, GenStamp } from '../../base/ids.ts';
import {
  blockDirectory,
  blockFileName,
  META_HEADER_BYTES,
  metaFileName,
  parseBlockFileName,
} from '../../format/storage/block-files.ts';
import type { Log } from '../../host/host.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import type { BlockPool } from './block-pool.ts';
import { DataChecksum } from './data-checksum.ts';
import { finalizedDir, lazyPersistDir, poolCurrentDir } from './layout.ts';
import type { Volume } from './volume.ts';
import type { VolumeDisk, VolumeFile } from './volume-disk.ts';

const COPY_BYTES = 1024 * 1024;
/** Chunks of a replica whose writer sent no checksums. */
const DEFAULT_CHUNK = 512;
/** At the end of a block file's name while it is being written. */
const ASIDE = '.saving';

/** A finalized replica, open for reading. */
export interface CopySource {
  readonly pool: string;
  readonly id: BlockId;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
  readonly data: VolumeFile;
  readonly meta: VolumeFile;
}

export interface SavedCopy {
  readonly volume: Volume;
  readonly directory: string;
  readonly genStamp: GenStamp;
  /** Of both files together. */
  readonly bytes: number;
}

/** Makes a copy that survives a power cut. Whoever calls counts its bytes. */
export async function saveCopy(source: CopySource, volume: Volume): Promise<SavedCopy> {
  const { disk } = volume;
  const { pool, id, genStamp } = source;
  const directory = `${lazyPersistDir(volume.path, pool)}/${blockDirectory(id)}`;
  // Only below what is there: the mount may have gone.
  await disk.stat(poolCurrentDir(volume.path, pool));
  await disk.mkdir(directory);
  const block = `${directory}/${blockFileName(id)}`;
  const aside = `${block}${ASIDE}`;
  const meta = `${directory}/${metaFileName(id, genStamp)}`;
  let metaBytes: number;
  try {
    metaBytes = await writeFiles(disk, source, aside, meta);
    await disk.rename(aside, block);
  } catch (error) {
    await Promise.allSettled([disk.unlink(aside), disk.unlink(meta)]);
    throw error;
  }
  for (let at = directory; at.length >= poolCurrentDir(volume.path, pool).length; at = at.slice(0, at.lastIndexOf('/'))) {
    await volume.directorySyncs.sync(at);
  }
  return { volume, directory, genStamp, bytes: source.numBytes + metaBytes };
}

/** Answers the length of the meta file. */
async function writeFiles(disk: VolumeDisk, source: CopySource, blockPath: string, metaPath: string): Promise<number> {
  const { checksum, hasSums } = await checksumOf(source);
  const data = await disk.open(blockPath, 'w');
  try {
    const meta = await disk.open(metaPath, 'w');
    try {
      await meta.write(checksum.header(), 0);
      const step = Math.max(1, Math.floor(COPY_BYTES / checksum.bytesPerChecksum)) * checksum.bytesPerChecksum;
      for (let at = 0; at < source.numBytes; at += step) {
        const part = await readPart(source, checksum, hasSums, at, Math.min(step, source.numBytes - at));
        await data.write(part.bytes, at);
        await meta.write(part.sums, checksum.metaOffset(at));
      }
      await Promise.all([data.datasync(), meta.datasync()]);
    } finally {
      await meta.close();
    }
  } finally {
    await data.close();
  }
  return META_HEADER_BYTES + checksum.sumBytes(source.numBytes);
}

/** Apache's DataNode keeps no checksums in memory when the writer sent none. */
async function checksumOf({ meta, numBytes }: CopySource): Promise<{ checksum: DataChecksum; hasSums: boolean }> {
  const header = Buffer.alloc(META_HEADER_BYTES);
  const got = await meta.read(header, 0, META_HEADER_BYTES, 0);
  const stored = DataChecksum.fromHeader(header.subarray(0, got));
  if (stored.size === 0) {
    return { checksum: DataChecksum.of(ChecksumTypeProto.CHECKSUM_CRC32C, DEFAULT_CHUNK), hasSums: false };
  }
  const { size } = await meta.stat();
  return { checksum: stored, hasSums: size >= META_HEADER_BYTES + stored.sumBytes(numBytes) };
}

async function readPart(
  { data, meta }: CopySource,
  checksum: DataChecksum,
  hasSums: boolean,
  at: number,
  length: number,
): Promise<{ readonly bytes: Buffer; readonly sums: Buffer }> {
  const bytes = Buffer.allocUnsafe(length);
  const got = await data.read(bytes, 0, length, at);
  if (got < length) throw new HdfsError('EIO', `the replica ends at ${at + got}`);
  const sums = Buffer.alloc(checksum.sumBytes(length));
  if (!hasSums) {
    checksum.compute(bytes, sums, 0);
    return { bytes, sums };
  }
  const gotSums = await meta.read(sums, 0, sums.length, checksum.metaOffset(at));
  const bad = gotSums < sums.length ? 0 : checksum.firstBad(bytes, sums);
  if (bad >= 0) throw new HdfsError('ECHECKSUM', `Checksum error at ${at + bad} of a replica in memory`);
  return { bytes, sums };
}

/** The copy becomes the replica. Who calls holds the block's lock. */
export async function activateCopy(pool: BlockPool, id: BlockId, { volume, directory, genStamp }: SavedCopy): Promise<void> {
  const to = await pool.makeFinalizedDir(volume, id);
  for (const name of [metaFileName(id, genStamp), blockFileName(id)]) {
    await volume.disk.rename(`${directory}/${name}`, `${to}/${name}`);
  }
  await Promise.all([volume.directorySyncs.sync(to), volume.directorySyncs.sync(directory)]);
}

/** Copies that a dead process left: their replicas were lost with its memory, or are found beside them. */
export async function recoverCopies(pool: BlockPool, volume: Volume, log: Log): Promise<void> {
  const { disk } = volume;
  const root = lazyPersistDir(volume.path, pool.id);
  if (!(await disk.exists(root))) return;
  let recovered = 0;
  const subdirs = async (path: string): Promise<string[]> =>
    (await disk.readdir(path)).filter((name) => name.startsWith('subdir')).map((name) => `${path}/${name}`);
  for (const outer of await subdirs(root)) {
    for (const inner of await subdirs(outer)) recovered += await recoverDirectory(pool, volume, inner);
  }
  await disk.removeTree(root);
  log.log('info', 'datanode', `Recovered ${recovered} replicas from ${root}`);
}

async function recoverDirectory(pool: BlockPool, volume: Volume, directory: string): Promise<number> {
  const { disk } = volume;
  const files = (await disk.readdir(directory)).map((name) => ({ name, file: parseBlockFileName(name) }));
  const touched = new Set<string>();
  let recovered = 0;
  for (const { name, file } of files) {
    if (file?.kind !== 'block') continue;
    const to = await pool.makeFinalizedDir(volume, file.id);
    // Whatever is served already is not older than the copy.
    if (await disk.exists(`${to}/${name}`)) continue;
    const meta = files.find((other) => other.file?.kind === 'meta' && other.file.id === file.id);
    if (meta !== undefined) await disk.rename(`${directory}/${meta.name}`, `${to}/${meta.name}`);
    await disk.rename(`${directory}/${name}`, `${to}/${name}`);
    touched.add(to);
    recovered++;
  }
  for (const path of touched) await disk.syncDirectory(path);
  if (touched.size > 0) await disk.syncDirectory(finalizedDir(volume.path, pool.id));
  return recovered;
}
