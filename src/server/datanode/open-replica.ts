// A replica opened for reading: its two files, how far it may be read, and the checksum of a last chunk that a writer may
// yet change. Opened while nobody moves the files; once open they stay readable whatever happens to their names.

import { HdfsError } from '../../base/errors.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { Clock } from '../../host/host.ts';
import { DataChecksum } from './data-checksum.ts';
import type { Dataset } from './dataset.ts';
import { type BlockName, describeBlock, type LastChunk } from './replica.ts';
import { visibleLengthOf } from './visible-length.ts';
import type { Volume } from './volume.ts';
import type { VolumeDisk, VolumeFile } from './volume-disk.ts';

/** How long a reader waits for bytes that a writer has announced. Apache: BlockSender's waitForMinLength. */
const WAIT_FOR_BYTES_MS = 3000;
/** What is read of a meta file with its header: all of it where the block is small. */
const FIRST_READ_BYTES = 2048;
/** As most replicas have them, for guessing how long the meta file is. */
const USUAL_CHECKSUM = DataChecksum.of(2, 512);

export interface OpenReplica {
  readonly block: BlockName;
  readonly state: ReplicaState;
  readonly volume: Volume;
  readonly dataFile: VolumeFile;
  /** Absent when checksums are not wanted, or the file is missing and that is allowed. */
  readonly metaFile: VolumeFile | undefined;
  readonly checksum: DataChecksum;
  /** Checksums of the first chunks, as far as they were read with the file's header. */
  readonly firstSums: Buffer;
  /** Bytes that may be sent. */
  readonly end: number;
  /** Bytes that readers are promised. */
  readonly visible: number;
  readonly lastChunk: LastChunk | undefined;
  /** Nobody waits for it: the connection goes on with its next operation. */
  close(): void;
}

export interface OpenOptions {
  readonly withChecksums: boolean;
  /** Bytes that the reader will want: a writer is waited for until it has them. */
  readonly wantedEnd: number;
}

/** Checksums of a block that is read without any: none, in chunks of 512. */
const NO_CHECKSUM = DataChecksum.of(0, 512);

export async function openReplica(
  dataset: Dataset,
  clock: Clock,
  block: BlockName,
  options: OpenOptions,
): Promise<OpenReplica> {
  await waitForBytes(dataset, clock, block, options.wantedEnd);
  return dataset.locks.run(dataset.key(block), () => openHeld(dataset, block, options));
}

async function waitForBytes(dataset: Dataset, clock: Clock, block: BlockName, wantedEnd: number): Promise<void> {
  const pool = dataset.pool(block.pool);
  const replica = pool.inFlight.get(pool.replicas.find(block.id));
  if (replica === undefined || replica.lengths.onDisk >= wantedEnd || replica.stopWriter === undefined) return;
  await new Promise<void>((resolve) => {
    const timer = clock.setTimer(WAIT_FOR_BYTES_MS, resolve);
    const look = (): void => {
      if (replica.lengths.onDisk < wantedEnd && replica.stopWriter !== undefined) replica.onGrown(look);
      else {
        timer.cancel();
        resolve();
      }
    };
    replica.onGrown(look);
  });
}

/**
 * A finalized replica that was open just now, or whose files and first checksums the machine has in memory, without waiting for
 * anything: nobody holds it, so that what is read of it in this turn is of one state. undefined: it is not so, and
 * `openReplica` tells.
 */
export function openNow(dataset: Dataset, block: BlockName): OpenReplica | undefined {
  const pool = dataset.poolOrNone(block.pool);
  const handle = pool?.replicas.find(block.id) ?? 0;
  if (pool === undefined || handle === 0) return undefined;
  const { replicas } = pool;
  const genStamp = replicas.genStamp(handle);
  if (replicas.state(handle) !== ReplicaState.FINALIZED || genStamp < block.genStamp) return undefined;
  if (dataset.locks.held > 0 && dataset.locks.isHeld(dataset.key(block))) return undefined;
  const volume = pool.volumeOf(handle);
  const end = replicas.numBytes(handle);
  const name: BlockName = { pool: block.pool, id: block.id, genStamp, numBytes: end };
  const kept = volume.kept.take(name);
  const opened =
    kept === undefined && !volume.isInMemory
      ? openFilesNow(volume.disk, pool.blockFile(handle), pool.metaFile(handle), end)
      : undefined;
  const files = kept ?? opened;
  if (files === undefined) return undefined;
  const { dataFile, metaFile, checksum } = files;
  const toKeep = kept ?? volume.kept.opened({ key: name, dataFile, metaFile, checksum });
  return {
    block: name,
    state: ReplicaState.FINALIZED,
    volume,
    dataFile,
    metaFile,
    checksum,
    firstSums: opened?.firstSums ?? NO_SUMS,
    end,
    visible: end,
    lastChunk: undefined,
    close: () => volume.kept.give(toKeep),
  };
}

type OpenedNow = Pick<OpenReplica, 'dataFile' | 'checksum' | 'firstSums'> & { readonly metaFile: VolumeFile };

function openFilesNow(disk: VolumeDisk, dataPath: string, metaPath: string, end: number): OpenedNow | undefined {
  const dataFile = disk.openFinalNow(dataPath);
  if (dataFile === undefined) return undefined;
  const metaFile = disk.openFinalNow(metaPath);
  let opened: OpenedNow | undefined;
  try {
    const bytes = firstBytesOf(end);
    if (metaFile?.readNow(bytes, 0, bytes.length, 0) !== undefined)
      opened = { dataFile, metaFile, ...headOf(bytes, bytes.length) };
  } finally {
    if (opened === undefined) closeBoth({ dataFile, metaFile });
  }
  return opened;
}

async function openHeld(dataset: Dataset, block: BlockName, options: OpenOptions): Promise<OpenReplica> {
  const pool = dataset.pool(block.pool);
  const handle = pool.replicas.find(block.id);
  if (handle === 0) {
    throw new HdfsError(
      'ENOREPLICA',
      `Replica not found for ${describeBlock(block)}. The block may have been removed recently by the balancer or by intentionally reducing the replication factor. This condition is usually harmless. To be certain, please check the preceding datanode log messages for signs of a more serious issue.`,
    );
  }
  const genStamp = pool.replicas.genStamp(handle);
  const described = dataset.describe(pool, handle);
  if (genStamp < block.genStamp) {
    throw new HdfsError('EIO', `Replica gen stamp < block genstamp, block=${describeBlock(block)}, replica=${described}`);
  }
  const visible = visibleLengthOf(pool, handle);
  if (visible < 0) {
    throw new HdfsError('EIO', `Replica is not readable, block=${describeBlock(block)}, replica=${described}`);
  }
  const volume = pool.volumeOf(handle);
  const inFlight = pool.inFlight.get(handle);
  const end = inFlight?.lengths.onDisk ?? pool.replicas.numBytes(handle);
  let lastChunk = inFlight?.lastChunk;
  const name: BlockName = { pool: block.pool, id: block.id, genStamp, numBytes: end };
  const state = pool.replicas.state(handle);
  const mayBeKept = state === ReplicaState.FINALIZED && options.withChecksums;
  const kept = mayBeKept ? volume.kept.take(name) : undefined;
  const files: OpenedFiles =
    kept !== undefined
      ? { ...kept, firstSums: NO_SUMS }
      : await openFiles(dataset, {
          volume,
          dataPath: pool.blockFile(handle),
          metaPath: pool.metaFile(handle),
          // Of a replica in the making its writer knows; the file may not say yet.
          checksum: inFlight?.checksum,
          isFinal: inFlight === undefined,
          end,
          withChecksums: options.withChecksums && (await hasChecksums(volume, pool.metaFile(handle))),
        });
  const { bytesPerChecksum } = files.checksum;
  if (inFlight === undefined && files.metaFile !== undefined && end % bytesPerChecksum !== 0) {
    // An append may change this checksum while we read: what counts is the one of now.
    try {
      const sum = await lastSum(files, end);
      if (sum !== undefined) lastChunk = { length: end, sum };
    } catch (error) {
      closeBoth(files);
      throw error;
    }
  }
  const { dataFile, metaFile, checksum, firstSums } = files;
  const toKeep =
    kept ?? (mayBeKept && metaFile !== undefined ? volume.kept.opened({ key: name, dataFile, metaFile, checksum }) : undefined);
  return {
    block: name,
    state,
    volume,
    dataFile,
    metaFile,
    checksum,
    firstSums,
    end: lastChunk?.length ?? end,
    visible,
    lastChunk,
    close: () => (toKeep === undefined ? closeBoth(files) : volume.kept.give(toKeep)),
  };
}

function closeBoth({ dataFile, metaFile }: Pick<OpenReplica, 'dataFile' | 'metaFile'>): void {
  // When it fails, the volume hears of it.
  for (const file of [dataFile, metaFile]) file?.close().catch(() => undefined);
}

/** The checksum of the chunk that `end` is in, where the meta file has it. */
async function lastSum({ metaFile, checksum, firstSums }: OpenedFiles, end: number): Promise<Buffer | undefined> {
  const at = checksum.metaOffset(end);
  const first = firstSums.subarray(at - META_HEADER_BYTES, at - META_HEADER_BYTES + checksum.size);
  if (first.length === checksum.size) return Buffer.from(first);
  const sum = Buffer.alloc(checksum.size);
  const got = await metaFile?.read(sum, 0, sum.length, at);
  return got === sum.length ? sum : undefined;
}

/** Apache's DataNode keeps none of a replica in memory whose writer sent none: its meta file is a header alone. */
async function hasChecksums(volume: Volume, metaPath: string): Promise<boolean> {
  return !volume.isInMemory || (await volume.disk.stat(metaPath)).size > META_HEADER_BYTES;
}

interface FilesToOpen {
  readonly volume: Volume;
  readonly dataPath: string;
  readonly metaPath: string;
  /** Where it is known without the meta file's header. */
  readonly checksum: DataChecksum | undefined;
  /** Nobody writes them. */
  readonly isFinal: boolean;
  /** Of the replica. */
  readonly end: number;
  readonly withChecksums: boolean;
}

type OpenedFiles = Pick<OpenReplica, 'dataFile' | 'metaFile' | 'checksum' | 'firstSums'>;

interface OpenMeta extends Pick<OpenReplica, 'checksum' | 'firstSums'> {
  readonly file: VolumeFile;
}

const NO_SUMS = Buffer.alloc(0);

async function openFiles(dataset: Dataset, wanted: FilesToOpen): Promise<OpenedFiles> {
  const { disk } = wanted.volume;
  const { dataPath, metaPath, withChecksums } = wanted;
  const [data, meta] = await Promise.allSettled([
    openFile(disk, dataPath, wanted),
    withChecksums ? openMeta(disk, wanted) : undefined,
  ]);
  if (data.status === 'fulfilled' && meta.status === 'fulfilled') {
    const { file: metaFile, checksum = NO_CHECKSUM, firstSums = NO_SUMS } = meta.value ?? {};
    return { dataFile: data.value, metaFile, checksum, firstSums };
  }
  if (data.status === 'fulfilled') await data.value.close();
  if (meta.status === 'fulfilled') await meta.value?.file.close();
  if (data.status === 'rejected') throw data.reason;
  const { reason } = meta as PromiseRejectedResult;
  if (diskErrorCode(reason) === 'ENOENT') {
    dataset.log.log('warn', 'datanode', `${metaPath} is missing`);
    throw new HdfsError('ENOENT', `Meta-data not found for ${metaPath}`);
  }
  throw reason;
}

const openFile = (disk: VolumeDisk, path: string, { isFinal }: FilesToOpen): Promise<VolumeFile> =>
  isFinal ? disk.openFinal(path) : disk.open(path, 'r');

async function openMeta(disk: VolumeDisk, wanted: FilesToOpen): Promise<OpenMeta> {
  const { metaPath, checksum: known, end } = wanted;
  const file = await openFile(disk, metaPath, wanted);
  if (known !== undefined) return { file, checksum: known, firstSums: NO_SUMS };
  try {
    const bytes = firstBytesOf(end);
    const got = await file.read(bytes, 0, bytes.length, 0);
    return { file, ...headOf(bytes, got) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** For the beginning of a meta file, of a replica so long. */
const firstBytesOf = (end: number): Buffer =>
  Buffer.allocUnsafe(Math.min(FIRST_READ_BYTES, META_HEADER_BYTES + USUAL_CHECKSUM.sumBytes(end)));

/** What the first `got` bytes of a meta file say. Throws when they are no header. */
function headOf(bytes: Buffer, got: number): Pick<OpenReplica, 'checksum' | 'firstSums'> {
  const header = Math.min(got, META_HEADER_BYTES);
  return { checksum: DataChecksum.fromHeader(bytes.subarray(0, header)), firstSums: bytes.subarray(header, got) };
}
