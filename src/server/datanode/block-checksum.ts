// The checksum of a block as `hdfs dfs -checksum` wants it: the MD5 of its chunks' checksums, or their composition into
// the CRC of the data itself (which does not depend on chunk and block sizes). Apache: BlockChecksumHelper.
import { createHash } from 'node:crypto';
import { HdfsError } from '../../base/errors.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { BlockChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import type { OpBlockChecksumResponseProtoInit } from '../../wire/messages/transfer.ts';
import type { OpenReplica } from './open-replica.ts';

/** Checksums read at once. */
const READ_BYTES = 64 * 1024;
/** Most stripes of one composed answer. */
const MAX_STRIPES = 64 * 1024;

export interface ChecksumRequest {
  /** Bytes of the block that count; the client's idea of its length. */
  readonly requestedBytes: number;
  readonly type: BlockChecksumTypeProto;
  readonly stripeLength: number;
}

export async function blockChecksum(replica: OpenReplica, request: ChecksumRequest): Promise<OpBlockChecksumResponseProtoInit> {
  const { checksum, metaFile } = replica;
  if (metaFile === undefined) throw new HdfsError('EIO', 'the block has no checksums');
  const metaBytes = (await metaFile.stat()).size - META_HEADER_BYTES;
  const crcPerBlock = checksum.size === 0 ? 0 : Math.floor(metaBytes / checksum.size);
  const bytes = Math.min(request.requestedBytes, replica.visible);
  const blockChecksum =
    request.type === BlockChecksumTypeProto.COMPOSITE_CRC
      ? await composite(replica, bytes, request.stripeLength)
      : await md5(replica, request.requestedBytes < replica.visible && crcPerBlock > 0 ? bytes : undefined, metaBytes);
  return {
    bytesPerCrc: checksum.bytesPerChecksum,
    crcPerBlock,
    blockChecksum,
    crcType: checksum.type,
    blockChecksumOptions: { blockChecksumType: request.type, stripeLength: request.stripeLength },
  };
}

/** Checksums of the chunks in `bytes` of data, each run of them given to `take`; a cut chunk's is computed from its data. */
async function eachRun(replica: OpenReplica, bytes: number, take: (sums: Buffer) => void): Promise<void> {
  const { checksum, metaFile, dataFile } = replica;
  if (metaFile === undefined) return;
  const partial = bytes % checksum.bytesPerChecksum;
  const wholeBytes = Math.floor(bytes / checksum.bytesPerChecksum) * checksum.size;
  const buffer = Buffer.alloc(Math.min(READ_BYTES, Math.max(wholeBytes, 1)));
  for (let at = 0; at < wholeBytes; ) {
    const want = Math.min(buffer.length, wholeBytes - at);
    const got = await metaFile.read(buffer, 0, want, META_HEADER_BYTES + at);
    if (got < want) throw new HdfsError('EIO', 'the checksums end before the data');
    take(buffer.subarray(0, got));
    at += got;
  }
  if (partial === 0) return;
  const data = Buffer.alloc(partial);
  if ((await dataFile.read(data, 0, partial, bytes - partial)) < partial) {
    throw new HdfsError('EIO', 'the data end before their checksums');
  }
  const sum = Buffer.alloc(checksum.size);
  checksum.one(data, sum, 0);
  take(sum);
}

/** Of the whole meta file (`bytes` undefined), or of the chunks in so many bytes. */
async function md5(replica: OpenReplica, bytes: number | undefined, metaBytes: number): Promise<Buffer> {
  const hash = createHash('md5');
  if (bytes !== undefined) {
    await eachRun(replica, bytes, (sums) => hash.update(sums));
    return hash.digest();
  }
  const { metaFile } = replica;
  const buffer = Buffer.alloc(Math.min(READ_BYTES, Math.max(metaBytes, 1)));
  for (let at = 0; at < metaBytes && metaFile !== undefined; ) {
    const got = await metaFile.read(buffer, 0, Math.min(buffer.length, metaBytes - at), META_HEADER_BYTES + at);
    if (got === 0) break;
    hash.update(buffer.subarray(0, got));
    at += got;
  }
  return hash.digest();
}

async function composite(replica: OpenReplica, bytes: number, stripeLength: number): Promise<Buffer> {
  const { checksum } = replica;
  const chunk = checksum.bytesPerChecksum;
  const stripe = stripeLength <= 0 || stripeLength > bytes ? bytes : stripeLength;
  if (stripe < bytes && (stripe % chunk !== 0 || bytes / stripe > MAX_STRIPES)) {
    throw new HdfsError('EIO', `stripe length ${stripe} does not fit chunks of ${chunk}`);
  }
  const crcs: number[] = [];
  let crc = 0;
  let done = 0;
  await eachRun(replica, bytes, (sums) => {
    for (let at = 0; at < sums.length; at += 4) {
      const length = Math.min(chunk, bytes - done);
      crc = checksum.append(crc, sums.readUInt32BE(at), length);
      done += length;
      if (done % stripe === 0 || done === bytes) {
        crcs.push(crc);
        crc = 0;
      }
    }
  });
  if (crcs.length === 0) crcs.push(0);
  const result = Buffer.alloc(crcs.length * 4);
  for (let i = 0; i < crcs.length; i++) result.writeUInt32BE((crcs[i] as number) >>> 0, i * 4);
  return result;
}
