// hdfs debug verifyMeta and computeMeta: the checksums of one replica, without a DataNode. Apache: DebugAdmin.
import { type CrcType, crcOfBytes, firstBadChunk, writeChunkSums } from '../../base/crc.ts';
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import {
  ChecksumType,
  decodeMetaHeader,
  encodeMetaHeader,
  META_HEADER_BYTES,
  type MetaHeader,
} from '../../format/storage/block-files.ts';
import type { DiskFile, Host } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import type { Terminal } from '../terminal.ts';

/** Data that is looked at together, whole chunks of it. */
const SLICE_BYTES = 4 * 1024 * 1024;
const SUM_BYTES = 4;

const CRC_OF: Readonly<Record<ChecksumType, CrcType | undefined>> = {
  [ChecksumType.NULL]: undefined,
  [ChecksumType.CRC32]: 'CRC32',
  [ChecksumType.CRC32C]: 'CRC32C',
};

const nameOf = (type: ChecksumType): string => CRC_OF[type] ?? 'NULL';
const sliceOf = ({ bytesPerChecksum }: MetaHeader): number =>
  Math.max(1, Math.floor(SLICE_BYTES / bytesPerChecksum)) * bytesPerChecksum;

/** Reads as much of `buffer` as the file has from `position` on. */
async function readFully(file: DiskFile, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const got = await file.read(buffer, done, buffer.length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

export async function verifyMeta(
  host: Host,
  terminal: Terminal,
  options: { readonly meta: string; readonly block: string | undefined },
): Promise<number> {
  const { stdout, stderr } = terminal;
  let meta: DiskFile | undefined;
  let block: DiskFile | undefined;
  try {
    let header: MetaHeader;
    try {
      meta = await host.disk.open(absolutePath(options.meta, terminal.cwd), 'r');
      const bytes = Buffer.alloc(META_HEADER_BYTES);
      header = decodeMetaHeader(bytes.subarray(0, await readFully(meta, bytes, 0)));
    } catch (error) {
      stderr.write(`Failed to read HDFS metadata file header for ${options.meta}: ${reason(error)}\n`);
      return 1;
    }
    stdout.write(`Checksum type: DataChecksum(type=${nameOf(header.type)}, chunkSize=${header.bytesPerChecksum})\n`);
    if (options.block === undefined) return 0;
    try {
      block = await host.disk.open(absolutePath(options.block, terminal.cwd), 'r');
    } catch (error) {
      stderr.write(`Failed to open HDFS block file for ${options.block}: ${reason(error)}\n`);
      return 1;
    }
    const bad = await firstMismatch(meta, block, header);
    if (bad !== undefined) {
      stdout.write(`verifyChunkedSums error: ${bad.replace('FILE', options.block)}\n`);
      return 1;
    }
    stdout.write(`Checksum verification succeeded on block file ${options.block}\n`);
    return 0;
  } finally {
    await meta?.close();
    await block?.close();
  }
}

/** What does not fit; undefined: everything does. */
async function firstMismatch(meta: DiskFile, block: DiskFile, header: MetaHeader): Promise<string | undefined> {
  const crc = CRC_OF[header.type];
  if (crc === undefined) return undefined;
  const { bytesPerChecksum } = header;
  const data = Buffer.allocUnsafe(sliceOf(header));
  const sums = Buffer.allocUnsafe((data.length / bytesPerChecksum) * SUM_BYTES);
  for (let offset = 0; ; ) {
    const length = await readFully(block, data, offset);
    if (length === 0) return undefined;
    const chunks = Math.ceil(length / bytesPerChecksum);
    const at = META_HEADER_BYTES + (offset / bytesPerChecksum) * SUM_BYTES;
    const wanted = sums.subarray(0, chunks * SUM_BYTES);
    const got = Math.floor((await readFully(meta, wanted, at)) / SUM_BYTES);
    const present = data.subarray(0, Math.min(length, got * bytesPerChecksum));
    const bad = firstBadChunk(crc, present, sums, bytesPerChecksum);
    if (bad >= 0) {
      const position = offset + bad * bytesPerChecksum;
      const chunk = present.subarray(bad * bytesPerChecksum, (bad + 1) * bytesPerChecksum);
      const hex = (value: number): string => value.toString(16).toUpperCase();
      return (
        `org.apache.hadoop.fs.ChecksumException: Checksum ${crc} not matched for file FILE at position ${position}: ` +
        `expected=${hex(sums.readUInt32BE(bad * SUM_BYTES))} but computed=${hex(crcOfBytes(crc, chunk))}, algorithm=${crc}`
      );
    }
    if (got < chunks)
      return `the meta file has no checksum for what stands at position ${offset + got * bytesPerChecksum} of FILE`;
    offset += length;
  }
}

export async function computeMeta(
  host: Host,
  terminal: Terminal,
  configuration: Configuration,
  options: { readonly block: string; readonly out: string },
): Promise<number> {
  const header = checksumOf(configuration);
  const crc = CRC_OF[header.type];
  const block = await host.disk.open(absolutePath(options.block, terminal.cwd), 'r');
  try {
    const out = await host.disk.open(absolutePath(options.out, terminal.cwd), 'wx');
    try {
      await out.write(encodeMetaHeader(header), 0);
      const data = Buffer.allocUnsafe(sliceOf(header));
      const sums = Buffer.allocUnsafe((data.length / header.bytesPerChecksum) * SUM_BYTES);
      for (let offset = 0, at = META_HEADER_BYTES; crc !== undefined; ) {
        const length = await readFully(block, data, offset);
        if (length === 0) break;
        const end = writeChunkSums(crc, data.subarray(0, length), header.bytesPerChecksum, sums);
        await out.write(sums.subarray(0, end), at);
        at += end;
        offset += length;
      }
      await out.sync();
    } finally {
      await out.close();
    }
  } finally {
    await block.close();
  }
  terminal.stdout.write(
    `Checksum calculation succeeded on block file ${options.block} saved metadata to meta file ${options.out}\n`,
  );
  return 0;
}

function checksumOf(configuration: Configuration): MetaHeader {
  const name = configuration.get('dfs.checksum.type') ?? '';
  if (!Object.hasOwn(ChecksumType, name)) throw new HdfsError('EINVAL', `Invalid checksum type: ${name}`);
  const header = {
    type: ChecksumType[name as keyof typeof ChecksumType],
    bytesPerChecksum: configuration.getInt('dfs.bytes-per-checksum'),
  };
  // Refuses what no reader would take.
  return decodeMetaHeader(encodeMetaHeader(header));
}

function reason(error: unknown): string {
  const isExpected = error instanceof ProtocolError || (error instanceof Error && error.name === 'DiskError');
  if (!isExpected) throw error;
  return messageOf(error);
}
