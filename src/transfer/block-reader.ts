// Reads a range of one block from one DataNode: the request, the packets, the checksums, the closing status. Which
// DataNode, and what to do when it fails, is the caller's (client/file-reader.ts).

import { crcOfBytes, firstBadChunk } from '../base/crc.ts';
import { HdfsError, ProtocolError } from '../base/errors.ts';
import type { ExtendedBlockProto } from '../wire/messages/hdfs.ts';
import type { TokenProto } from '../wire/messages/security.ts';
import {
  type CachingStrategyProtoInit,
  ClientReadStatusProto,
  OpReadBlockProto,
  type OpReadBlockProtoInit,
  Status,
} from '../wire/messages/transfer.ts';
import { encodeOp, Op } from '../wire/transfer/ops.ts';
import { type ChunkChecksum, chunkChecksum } from './checksum.ts';
import { PacketStream } from './packet-stream.ts';
import type { Peer } from './peer.ts';
import { checkFirstChunk, checksumBytesFor, type ReadRange, wantedPart } from './read-range.ts';
import { checkResponse, readResponse } from './response.ts';

export interface BlockReadRequest {
  readonly block: ExtendedBlockProto;
  readonly token: TokenProto;
  readonly clientName: string;
  readonly range: ReadRange;
  /** False: the DataNode sends no checksums, and nothing is verified. */
  readonly verify: boolean;
  /** A longer packet is not believed. */
  readonly maxPacketBytes: number;
  readonly caching: CachingStrategyProtoInit;
  /** For messages. */
  readonly path: string;
}

export class BlockReader {
  readonly peer: Peer;
  readonly #request: BlockReadRequest;
  readonly #packets: PacketStream;
  readonly #checksum: ChunkChecksum;
  #nextSeqno = 0;
  /** Offset in the block of the next byte that the consumer gets. */
  #at: number;
  #finished = false;

  private constructor(peer: Peer, request: BlockReadRequest, checksum: ChunkChecksum) {
    this.peer = peer;
    this.#request = request;
    this.#checksum = checksum;
    this.#at = request.range.start;
    this.#packets = new PacketStream(peer.source, request.maxPacketBytes);
  }

  /** Sends the request and reads the answer. On failure the connection is the caller's to destroy. */
  static async open(peer: Peer, request: BlockReadRequest): Promise<BlockReader> {
    const { block, token, clientName, range, verify, caching, path } = request;
    const message: OpReadBlockProtoInit = {
      header: { baseHeader: { block, token }, clientName },
      offset: range.start,
      len: range.end - range.start,
      sendChecksums: verify,
      cachingStrategy: caching,
    };
    peer.connection.write(encodeOp(Op.READ_BLOCK, OpReadBlockProto, message));
    const response = await readResponse(peer.source);
    checkResponse(
      response,
      `for OP_READ_BLOCK, self=${describe(peer.connection.local)}, remote=${describe(peer.connection.remote)}, for file ${path}, for pool ${block.poolId} block ${block.blockId}_${block.generationStamp}`,
    );
    const info = response.readOpChecksumInfo;
    if (info === undefined) throw new ProtocolError('the answer to READ_BLOCK lacks the checksum');
    const checksum = chunkChecksum(info.checksum);
    checkFirstChunk(info.chunkOffset, range.start, checksum.bytesPerChecksum);
    return new BlockReader(peer, request, checksum);
  }

  /** All bytes were given and the DataNode was told so: the connection is fit for another operation. */
  get finished(): boolean {
    return this.#finished;
  }

  /** The next bytes, verified, the caller's own; undefined at the end of the range. Rejects with ECHECKSUM for damage. */
  async next(): Promise<Buffer | undefined> {
    const { range } = this.#request;
    while (this.#at < range.end) {
      const { header, checksums, data } = await this.#packets.next();
      if (header.seqno !== this.#nextSeqno || (header.dataLen === 0) !== header.lastPacketInBlock) {
        throw new ProtocolError(`BlockReader: error in packet header (seqno ${header.seqno}, ${header.dataLen} bytes)`);
      }
      this.#nextSeqno++;
      if (header.lastPacketInBlock) {
        throw new HdfsError('EIO', `Block ends at ${this.#at}, before ${range.end} as its NameNode has it`);
      }
      this.#verify(data, checksums, header.offsetInBlock);
      const { from, to } = wantedPart(range, header.offsetInBlock, data.length);
      if (header.offsetInBlock + from !== this.#at) {
        throw new ProtocolError(`BlockReader: packet at ${header.offsetInBlock} where ${this.#at} was expected`);
      }
      this.#at += to - from;
      if (this.#at >= range.end) await this.#finish();
      if (to > from) return data.subarray(from, to);
    }
    return undefined;
  }

  #verify(data: Buffer, checksums: Buffer, offset: number): void {
    if (!this.#request.verify) return;
    const { type, bytesPerChecksum, checksumSize } = this.#checksum;
    if (checksums.length !== checksumBytesFor(data.length, bytesPerChecksum, checksumSize)) {
      throw new ProtocolError(`BlockReader: ${checksums.length} bytes of checksums for ${data.length} bytes`);
    }
    if (type === undefined) return;
    const bad = firstBadChunk(type, data, checksums, bytesPerChecksum);
    if (bad >= 0) {
      const { path } = this.#request;
      const start = bad * bytesPerChecksum;
      const hex = (sum: number): string => sum.toString(16).toUpperCase();
      const expected = hex(checksums.readUInt32BE(bad * checksumSize));
      const computed = hex(crcOfBytes(type, data, start, Math.min(start + bytesPerChecksum, data.length)));
      const sums = `expected=${expected} but computed=${computed}, algorithm=${type}`;
      // Hadoop's words, which its users look for.
      throw new HdfsError('ECHECKSUM', `Checksum ${type} not matched for file ${path} at position ${offset + start}: ${sums}`, {
        path,
      });
    }
  }

  /** Takes the empty packet at the end and tells the DataNode that all went well. */
  async #finish(): Promise<void> {
    const { header } = await this.#packets.next();
    if (!header.lastPacketInBlock || header.dataLen !== 0) {
      throw new ProtocolError('Expected empty end-of-read packet');
    }
    this.#packets.detach();
    const status = this.#request.verify ? Status.CHECKSUM_OK : Status.SUCCESS;
    this.peer.connection.write(ClientReadStatusProto.encodeDelimited({ status }));
    this.#finished = true;
  }
}

function describe(address: { readonly host: string; readonly port: number }): string {
  return `/${address.host}:${address.port}`;
}
