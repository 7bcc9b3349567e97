// A range of a replica going out as packets: to a reading client, or to another DataNode. The range is widened to whole
// chunks, so that the receiver can check them. Packets are made in two buffers by turns; while the kernel takes all that
// is written and the volume is fast, nothing waits and nothing is copied twice. Apache: BlockSender.

import { HdfsError } from '../../base/errors.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import type { Clock } from '../../host/host.ts';
import type { ByteSource } from '../../transfer/byte-source.ts';
import { writePacketHeader } from '../../wire/transfer/packet.ts';
import type { OpenReplica } from './open-replica.ts';
import { describeBlock } from './replica.ts';

/** Data of one packet, whatever the chunk size, unless one chunk is larger. */
const PACKET_BYTES = 128 * 1024;
/** Checksums that are read from the meta file at once. */
const SUMS_BYTES = 32 * 1024;
/** Packets that are sent before other connections have their turn. */
const PACKETS_PER_TURN = 16;
/** Buffer pairs that are kept for the next sender. */
const MAX_POOLED = 64;

const pool: Buffer[] = [];

function takeBuffer(bytes: number): Buffer {
  if (bytes > POOLED_BYTES) return Buffer.allocUnsafeSlow(bytes);
  return pool.pop() ?? Buffer.allocUnsafeSlow(POOLED_BYTES);
}

function giveBuffer(buffer: Buffer): void {
  if (buffer.length === POOLED_BYTES && pool.length < MAX_POOLED) pool.push(buffer);
}

/** Room for header, checksums of 512-byte chunks, and data. */
const POOLED_BYTES = 64 + (PACKET_BYTES / 512) * 4 + PACKET_BYTES;

export interface SendRange {
  /** First byte that is sent: the beginning of a chunk. */
  readonly start: number;
  readonly end: number;
  /** The last chunk is sent as it was when the replica was opened. */
  readonly endsAtLastChunk: boolean;
}

/** The chunks that cover [offset, offset + length). Throws HdfsError EIO, in Apache's words, when the replica is shorter. */
export function rangeOf(replica: OpenReplica, offset: number, length: number): SendRange {
  const { end } = replica;
  const chunk = replica.checksum.bytesPerChecksum;
  if (offset < 0 || length < 0 || offset > end || offset + length > end) {
    throw new HdfsError(
      'EIO',
      ` Offset ${offset} and length ${length} don't match block ${describeBlock(replica.block)} ( blockLen ${end} )`,
    );
  }
  const widened = Math.ceil((offset + length) / chunk) * chunk;
  return {
    start: offset - (offset % chunk),
    end: Math.min(widened, end),
    endsAtLastChunk: widened >= end && replica.lastChunk !== undefined,
  };
}

export interface SendOptions {
  readonly clock: Clock;
  /** Bound on a peer that takes nothing. */
  readonly writeTimeoutMs: number;
  /** Missing or short checksums are sent as zeros, so that the client finds and reports them, instead of failing. */
  readonly corruptChecksumOk: boolean;
}

export class BlockSender {
  private readonly replica: OpenReplica;
  private readonly range: SendRange;
  private readonly source: ByteSource;
  private readonly options: SendOptions;
  private readonly sums: Buffer;
  /** Which part of the meta file `sums` holds: offset of its first byte in the block, and bytes. */
  private sumsFrom = 0;
  private sumsLength = 0;

  constructor(replica: OpenReplica, range: SendRange, source: ByteSource, options: SendOptions) {
    this.replica = replica;
    this.range = range;
    this.source = source;
    this.options = options;
    // No more than the range has: most reads are of a few chunks.
    this.sums = Buffer.allocUnsafe(Math.min(SUMS_BYTES, replica.checksum.sumBytes(range.end - range.start)));
  }

  /** Sends all packets and the empty last one. Rejects when the disk or the peer fails. Answers the bytes of data. */
  async send(): Promise<number> {
    const { checksum } = this.replica;
    const { start, end } = this.range;
    const chunk = checksum.bytesPerChecksum;
    const step = Math.max(1, Math.floor(PACKET_BYTES / chunk)) * chunk;
    const bytes = 64 + checksum.sumBytes(step) + step;
    let front = takeBuffer(bytes);
    let back = takeBuffer(bytes);
    let seqno = 0;
    const { connection } = this.source;
    try {
      for (let offset = start; offset < end; seqno++) {
        const length = Math.min(step, end - offset);
        const size = this.fillNow(front, seqno, offset, length) ?? (await this.fill(front, seqno, offset, length, false));
        // `back` was handed to the kernel last: before it is filled again all of it must be gone.
        if (connection.queuedBytes > 0 || connection.destroyed) await this.settled();
        connection.write(front.subarray(0, size));
        [front, back] = [back, front];
        offset += length;
        if (seqno % PACKETS_PER_TURN === PACKETS_PER_TURN - 1) await this.yieldTurn();
      }
      await this.settled();
      const size = await this.fill(front, seqno, end, 0, true);
      this.source.connection.write(front.subarray(0, size));
      await this.settled();
    } finally {
      // A buffer that the kernel has not taken all of must not be used again.
      if (this.source.connection.queuedBytes === 0) {
        giveBuffer(front);
        giveBuffer(back);
      }
    }
    return end - start;
  }

  /** Waits until the kernel has taken everything, within the time that a peer has. */
  private async settled(): Promise<void> {
    const { connection } = this.source;
    if (connection.queuedBytes > 0) {
      const { clock, writeTimeoutMs } = this.options;
      const timer =
        writeTimeoutMs > 0
          ? clock.setTimer(writeTimeoutMs, () => {
              connection.destroy(
                new HdfsError('ETIMEDOUT', `${writeTimeoutMs} millis timeout while sending to ${connection.remote.host}`),
              );
            })
          : undefined;
      await this.source.drained();
      timer?.cancel();
    }
    if (connection.destroyed) throw this.source.error ?? new HdfsError('ECONN', 'Connection reset by peer');
  }

  private yieldTurn(): Promise<void> {
    return new Promise((resolve) => this.options.clock.defer(resolve));
  }

  /** Makes a packet without a pause, on a fast volume with its checksums at hand; undefined: `fill` has to do it. */
  private fillNow(buffer: Buffer, seqno: number, offset: number, length: number): number | undefined {
    const { checksum, metaFile, dataFile, volume, lastChunk } = this.replica;
    if (!volume.io.fast || lastChunk !== undefined) return undefined;
    const sumBytes = metaFile === undefined ? 0 : checksum.sumBytes(length);
    const from = sumBytes === 0 ? 0 : checksum.metaOffset(offset) - META_HEADER_BYTES - this.sumsFrom;
    if (sumBytes > 0 && (from < 0 || from + sumBytes > this.sumsLength)) return undefined;
    const dataAt = this.writeHeader(buffer, seqno, offset, length, false, sumBytes);
    if (sumBytes > 0) this.sums.copy(buffer, dataAt - sumBytes, from, from + sumBytes);
    const got = volume.io.sync(length, () => dataFile.readSync(buffer, dataAt, length, offset));
    return got === length ? dataAt + length : undefined;
  }

  /** Answers where the data begins. */
  private writeHeader(buffer: Buffer, seqno: number, offset: number, length: number, last: boolean, sumBytes: number): number {
    const header = { offsetInBlock: offset, seqno, lastPacketInBlock: last, dataLen: length, syncBlock: false };
    return writePacketHeader(buffer, 0, header, sumBytes) + sumBytes;
  }

  private async fill(buffer: Buffer, seqno: number, offset: number, length: number, last: boolean): Promise<number> {
    const { checksum, metaFile, dataFile, volume } = this.replica;
    const sumBytes = metaFile === undefined ? 0 : checksum.sumBytes(length);
    const dataAt = this.writeHeader(buffer, seqno, offset, length, last, sumBytes);
    if (length === 0) return dataAt;
    if (sumBytes > 0) await this.fillSums(buffer, dataAt - sumBytes, offset, length, sumBytes);
    const got = await volume.io.read(dataFile, buffer, dataAt, length, offset);
    if (got < length) {
      throw new HdfsError('EDISK', `${describeBlock(this.replica.block)} ends at ${offset + got}, before ${offset + length}`);
    }
    return dataAt + length;
  }

  private async fillSums(buffer: Buffer, at: number, offset: number, length: number, sumBytes: number): Promise<void> {
    const { checksum } = this.replica;
    const first = checksum.metaOffset(offset) - META_HEADER_BYTES;
    let into = at;
    for (let from = first; from < first + sumBytes; ) {
      if (from < this.sumsFrom || from >= this.sumsFrom + this.sumsLength) await this.readSums(from);
      const part = Math.min(this.sumsFrom + this.sumsLength - from, first + sumBytes - from);
      this.sums.copy(buffer, into, from - this.sumsFrom, from - this.sumsFrom + part);
      from += part;
      into += part;
    }
    const { lastChunk } = this.replica;
    if (lastChunk !== undefined && this.range.endsAtLastChunk && offset + length === this.range.end) {
      lastChunk.sum.copy(buffer, at + sumBytes - lastChunk.sum.length);
    }
  }

  private async readSums(from: number): Promise<void> {
    const { metaFile, volume, checksum } = this.replica;
    const total = checksum.sumBytes(this.range.end);
    const want = Math.min(this.sums.length, total - from);
    const got = metaFile === undefined ? 0 : await volume.io.read(metaFile, this.sums, 0, want, META_HEADER_BYTES + from);
    if (got < want) {
      if (!this.options.corruptChecksumOk) {
        throw new HdfsError('EDISK', `the checksums of ${describeBlock(this.replica.block)} end at ${from + got}`);
      }
      this.sums.fill(0, got, want);
    }
    this.sumsFrom = from;
    this.sumsLength = want;
  }
}
