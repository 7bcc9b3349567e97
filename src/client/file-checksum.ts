// The checksum of a whole file, made from what DataNodes compute over the checksums of their blocks: nothing of the data
// crosses the network. Same values as Apache's FileChecksumHelper, oddities included.
import { createHash } from 'node:crypto';
import { combineCrc } from '../base/crc.ts';
import { HdfsError, messageOf, ProtocolError } from '../base/errors.ts';
import { crcOf } from '../transfer/checksum.ts';
import { checkResponse, readResponse } from '../transfer/response.ts';
import { BlockChecksumTypeProto, type ChecksumTypeProto } from '../wire/messages/hdfs.ts';
import { OpBlockChecksumProto, type OpBlockChecksumResponseProto } from '../wire/messages/transfer.ts';
import { encodeOp, Op } from '../wire/transfer/ops.ts';
import { type ClientContext, checkSignal, transferAddressOf } from './context.ts';
import { blockName, type Located, nodeName } from './located.ts';
import type { FileLocations } from './locations.ts';

/** How long a DataNode may compute, beside the socket timeout, for each replica of the block. */
const TIMEOUT_PER_NODE_MS = 3000;
const MD5_BYTES = 16;
/** Capacity of the buffer that Hadoop collects the MD5s of blocks in, before it first grows. */
const JAVA_BUFFER_BYTES = 32;

export interface FileChecksum {
  /** `MD5-of-0MD5-of-512CRC32C`, `COMPOSITE-CRC32C`. */
  readonly algorithm: string;
  /** As `hdfs dfs -checksum` prints them, in hexadecimal. */
  readonly bytes: Buffer;
}

export async function fileChecksum(
  context: ClientContext,
  locations: FileLocations,
  mode: 'MD5MD5CRC' | 'COMPOSITE_CRC',
  signal?: AbortSignal,
): Promise<FileChecksum> {
  const blocks: Located[] = [];
  const answers: OpBlockChecksumResponseProto[] = [];
  for (let at = 0; at < locations.length; ) {
    const block = await locations.at(at, signal);
    answers.push(await blockChecksum(context, block, mode, locations.path, signal));
    blocks.push(block);
    at = block.offset + block.length;
  }
  const first = answers[0];
  if (first === undefined) return emptyChecksum();
  const type = first.crcType;
  if (type === undefined) throw new ProtocolError('a block checksum without its type');
  const same = answers.every((answer) => answer.crcType === type);
  if (mode === 'COMPOSITE_CRC') {
    if (!same)
      throw new HdfsError('EIO', 'DataChecksum.Type.MIXED is not supported for COMPOSITE_CRC', { path: locations.path });
    return compositeChecksum(type, answers, blocks);
  }
  const different = answers.find((answer) => answer.bytesPerCrc !== first.bytesPerCrc);
  if (different !== undefined) {
    throw new HdfsError(
      'EIO',
      `Byte-per-checksum not matched: bpc=${different.bytesPerCrc} but bytesPerCRC=${first.bytesPerCrc}`,
      {
        path: locations.path,
      },
    );
  }
  const name = crcOf(type);
  if (name === undefined || !same)
    throw new HdfsError('EUNSUPPORTED', `${locations.path} has no checksums of one kind`, { path: locations.path });
  const crcPerBlock = answers.length > 1 ? first.crcPerBlock : 0;
  return md5Checksum(name, first.bytesPerCrc, crcPerBlock, md5OfBlocks(answers.map((answer) => answer.blockChecksum)));
}

/**
 * MD5 over the MD5s of the blocks. Hadoop hashes the whole of the buffer that it collected them in, whose unused rest is
 * zero and whose capacity doubles from 32 bytes on; so does this. Exported for its test.
 */
export function md5OfBlocks(md5s: readonly Uint8Array[]): Buffer {
  let capacity = JAVA_BUFFER_BYTES;
  while (capacity < md5s.length * MD5_BYTES) capacity *= 2;
  const buffer = Buffer.alloc(capacity);
  for (const [index, md5] of md5s.entries()) {
    if (md5.length !== MD5_BYTES) throw new ProtocolError(`an MD5 of ${md5.length} bytes`);
    buffer.set(md5, index * MD5_BYTES);
  }
  return createHash('md5').update(buffer).digest();
}

function md5Checksum(name: string, bytesPerCrc: number, crcPerBlock: number, md5: Buffer): FileChecksum {
  const bytes = Buffer.alloc(12 + MD5_BYTES);
  bytes.writeInt32BE(bytesPerCrc, 0);
  bytes.writeBigInt64BE(BigInt(crcPerBlock), 4);
  md5.copy(bytes, 12);
  return { algorithm: `MD5-of-${crcPerBlock}MD5-of-${bytesPerCrc}${name}`, bytes };
}

/** What Hadoop says of a file without blocks, whatever was asked for. */
function emptyChecksum(): FileChecksum {
  return md5Checksum('CRC32', 0, 0, createHash('md5').update(Buffer.alloc(JAVA_BUFFER_BYTES)).digest());
}

function compositeChecksum(
  type: ChecksumTypeProto,
  answers: readonly OpBlockChecksumResponseProto[],
  blocks: readonly Located[],
): FileChecksum {
  const name = crcOf(type);
  if (name === undefined) throw new HdfsError('EUNSUPPORTED', 'the file has no checksums');
  let whole = 0;
  for (const [index, answer] of answers.entries()) {
    if (
      answer.blockChecksumOptions?.blockChecksumType !== BlockChecksumTypeProto.COMPOSITE_CRC ||
      answer.blockChecksum.length !== 4
    ) {
      throw new ProtocolError('Unexpected blockChecksumType, expecting COMPOSITE_CRC');
    }
    const crc = Buffer.from(answer.blockChecksum).readUInt32BE(0);
    const length = blocks[index]?.length ?? 0;
    whole = index === 0 ? crc : combineCrc(name, whole, crc, length);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(whole >>> 0);
  return { algorithm: `COMPOSITE-${name}`, bytes };
}

async function blockChecksum(
  context: ClientContext,
  block: Located,
  mode: 'MD5MD5CRC' | 'COMPOSITE_CRC',
  path: string,
  signal: AbortSignal | undefined,
): Promise<OpBlockChecksumResponseProto> {
  const failures: string[] = [];
  const timeoutMs = TIMEOUT_PER_NODE_MS * block.nodes.length + context.settings.socketTimeoutMs;
  for (const { info } of block.nodes) {
    checkSignal(context, signal);
    try {
      const peer = await context.peers.open(transferAddressOf(context, info), timeoutMs, signal);
      const abort = (): void => peer.connection.destroy();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        peer.connection.write(
          encodeOp(Op.BLOCK_CHECKSUM, OpBlockChecksumProto, {
            header: { block: block.block, token: block.token },
            blockChecksumOptions: {
              blockChecksumType:
                mode === 'COMPOSITE_CRC' ? BlockChecksumTypeProto.COMPOSITE_CRC : BlockChecksumTypeProto.MD5CRC,
            },
          }),
        );
        const response = await readResponse(peer.source);
        checkResponse(response, `for block ${blockName(block.block)} from datanode ${nodeName(info)}`);
        if (response.checksumResponse === undefined) throw new ProtocolError('the answer to BLOCK_CHECKSUM lacks the checksum');
        return response.checksumResponse;
      } finally {
        signal?.removeEventListener('abort', abort);
        peer.connection.destroy();
      }
    } catch (error) {
      checkSignal(context, signal);
      failures.push(`${nodeName(info)}: ${messageOf(error)}`);
    }
  }
  throw new HdfsError('EIO', `\`${path}': Fail to get block MD5 for ${blockName(block.block)} (${failures.join('; ')})`, {
    path,
  });
}
