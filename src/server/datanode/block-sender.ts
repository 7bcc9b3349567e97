// A range of a replica going out as packets: to a reading client, or to another DataNode. The range is widened to whole
// chunks, so that the receiver can check them. Packets are made in two buffers by turns, several of them with one read of
// the disk: while one buffer goes to the peer, the other is being filled. Apache: BlockSender.
import { HdfsError } from '../../base/errors.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import type { Clock } from '../../host/host.ts';
import type { ByteSource } from '../../transfer/byte-source.ts';
import type { Throttle } from '../../transfer/throttle.ts';
import { writePacketHeader } from '../../wire/transfer/packet.ts';
import type { Counters } from './counters.ts';
import type { OpenReplica } from './open-replica.ts';
import { dropBuffer, giveBuffer, LARGE_BYTES, mayTakeLarge, takeBuffer } from './packet-buffers.ts';
import { describeBlock } from './replica.ts';

/** Data of one packet, whatever the chunk size, unless one chunk is larger, or so long a packet would not be taken. */
const PACKET_BYTES = 128 * 1024;
/** Lengths and header of a packet, and a little more. */
const PACKET_OVERHEAD_BYTES = 64;
/** Checksums that are read from the meta file at once. */
const SUMS_BYTES = 32 * 1024;

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
  readonly counters: Counters;
  /** Bound on a peer that takes nothing. */
  readonly writeTimeoutMs: number;
  /** Missing or short checksums are sent as zeros, so that the client finds and reports them, instead of failing. */
  readonly corruptChecksumOk: boolean;
  readonly throttle: Throttle;
  /** Longest packet that is taken where the same is configured, with its checksums and header. */
  readonly maxPacketBytes: number;
}

/** Whole chunks, at least one. */
function packetDataBytes(checksum: OpenReplica['checksum'], maxPacketBytes: number): number {
  const chunk = checksum.bytesPerChecksum;
  const taken = (maxPacketBytes - PACKET_OVERHEAD_BYTES) / (chunk + checksum.sumBytes(chunk));
  return Math.max(1, Math.floor(Math.min(PACKET_BYTES / chunk, taken))) * chunk;
}

/** Packets that lie one after the other in `buffer`. */
interface Burst {
  readonly buffer: Buffer;
  readonly size: number;
  readonly packets: number;
}

export class BlockSender {
  private readonly replica: OpenReplica;
  private readonly range: SendRange;
  private readonly source: ByteSource;
  private readonly options: SendOptions;
  /** Data of a packet. */
  private readonly step: number;
  /** With all that belongs to it. */
  private readonly packetBytes: number;
  private readonly sums: Buffer;
  /** Which part of the meta file `sums` holds: offset of its first byte in the block, and bytes. */
  private sumsFrom = 0;
  private sumsLength = 0;
  private seqno = 0;
  /** Where the next burst begins, and how many packets it may have: the first ones are small, so that the reader has them soon. */
  private next: number;
  private packets = 1;

  constructor(replica: OpenReplica, range: SendRange, source: ByteSource, options: SendOptions) {
    this.replica = replica;
    this.range = range;
    this.source = source;
    this.options = options;
    const { checksum } = replica;
    this.step = packetDataBytes(checksum, options.maxPacketBytes);
    this.packetBytes = PACKET_OVERHEAD_BYTES + checksum.sumBytes(this.step) + this.step;
    this.next = range.start;
    if (replica.firstSums.length >= checksum.sumBytes(range.end)) {
      this.sums = replica.firstSums;
      this.sumsLength = replica.firstSums.length;
      return;
    }
    // No more than the range has: most reads are of a few chunks.
    this.sums = Buffer.allocUnsafe(Math.min(SUMS_BYTES, checksum.sumBytes(range.end - range.start)));
  }

  /**
   * Sends all packets and the empty last one. Rejects when the disk or the peer fails. Answers the bytes of data and of their
   * checksums.
   */
  async send(): Promise<number> {
    const { connection } = this.source;
    const { start, end } = this.range;
    const { checksum, metaFile } = this.replica;
    const { clock, counters, throttle } = this.options;
    let beganMs = clock.monotonic();
    let coming = this.read();
    let going: Burst | undefined;
    try {
      while (coming !== undefined) {
        going = await coming;
        coming = undefined;
        connection.write(going.buffer.subarray(0, going.size));
        coming = this.read();
        const writtenMs = clock.monotonic();
        await this.settled();
        const { size, packets } = going;
        counters.sent(packets, writtenMs - beganMs, clock.monotonic() - writtenMs);
        giveBuffer(going.buffer);
        going = undefined;
        await throttle.take(size, () => connection.destroyed);
        beganMs = clock.monotonic();
      }
      const last = Buffer.allocUnsafe(PACKET_OVERHEAD_BYTES);
      connection.write(last.subarray(0, this.writeHeader(last, 0, end, 0, 0)));
      await this.settled();
    } catch (error) {
      if (going !== undefined) dropBuffer(going.buffer);
      // The files stay open until nothing reads them.
      const unsent = await coming?.catch(() => undefined);
      if (unsent !== undefined) giveBuffer(unsent.buffer);
      throw error;
    }
    return end - start + (metaFile === undefined ? 0 : checksum.sumBytes(end - start));
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

  /** Begins to read the next burst; undefined at the end of the range. */
  private read(): Promise<Burst> | undefined {
    const { next, step } = this;
    const { end } = this.range;
    if (next >= end) return undefined;
    const packets = mayTakeLarge() && !this.options.throttle.isOn ? this.packets : 1;
    if (this.packetBytes * this.packets * 2 <= LARGE_BYTES) this.packets *= 2;
    const length = Math.min(step * packets, end - next);
    this.next = next + length;
    const reading = this.fill(next, length);
    // It fails while the burst before is being sent: whoever awaits it next is told then.
    reading.catch(() => undefined);
    return reading;
  }

  private async fill(offset: number, length: number): Promise<Burst> {
    const { replica, step } = this;
    const { checksum, metaFile, dataFile } = replica;
    const sumsOf = (bytes: number): number => (metaFile === undefined ? 0 : checksum.sumBytes(bytes));
    const count = Math.ceil(length / step);
    const buffer = takeBuffer(count * (PACKET_OVERHEAD_BYTES + sumsOf(step)) + length);
    const places: Buffer[] = [];
    let size = 0;
    for (let done = 0; done < length; done += step) {
      const part = Math.min(step, length - done);
      const dataAt = this.writeHeader(buffer, size, offset + done, part, sumsOf(part));
      places.push(buffer.subarray(dataAt, dataAt + part));
      size = dataAt + part;
    }
    const [read, summed] = await Promise.allSettled([dataFile.readv(places, offset), this.fillSums(places, offset, length)]);
    if (read.status === 'fulfilled' && summed.status === 'fulfilled' && read.value === length)
      return { buffer, size, packets: count };
    giveBuffer(buffer);
    if (read.status === 'rejected') throw read.reason;
    if (summed.status === 'rejected') throw summed.reason;
    throw new HdfsError('EDISK', `${describeBlock(replica.block)} ends at ${offset + read.value}, before ${offset + length}`);
  }

  /** Answers where the data begins. */
  private writeHeader(buffer: Buffer, at: number, offset: number, length: number, sumBytes: number): number {
    const header = {
      offsetInBlock: offset,
      seqno: this.seqno++,
      lastPacketInBlock: length === 0,
      dataLen: length,
      syncBlock: false,
    };
    return writePacketHeader(buffer, at, header, sumBytes) + sumBytes;
  }

  /** Puts the checksums of `length` bytes before the places of their data. */
  private async fillSums(places: readonly Buffer[], offset: number, length: number): Promise<void> {
    const { checksum, metaFile, lastChunk } = this.replica;
    if (metaFile === undefined) return;
    let from = checksum.metaOffset(offset) - META_HEADER_BYTES;
    for (const place of places) {
      const bytes = checksum.sumBytes(place.length);
      const into = Buffer.from(place.buffer, place.byteOffset - bytes, bytes);
      for (let done = 0; done < bytes; ) {
        if (from < this.sumsFrom || from >= this.sumsFrom + this.sumsLength) await this.readSums(from);
        const part = Math.min(this.sumsFrom + this.sumsLength - from, bytes - done);
        this.sums.copy(into, done, from - this.sumsFrom, from - this.sumsFrom + part);
        from += part;
        done += part;
      }
      if (place === places[places.length - 1] && lastChunk !== undefined && this.range.endsAtLastChunk) {
        if (offset + length === this.range.end) lastChunk.sum.copy(into, bytes - lastChunk.sum.length);
      }
    }
  }

  private async readSums(from: number): Promise<void> {
    const { metaFile, checksum } = this.replica;
    const total = checksum.sumBytes(this.range.end);
    const want = Math.min(this.sums.length, total - from);
    const got = metaFile === undefined ? 0 : await metaFile.read(this.sums, 0, want, META_HEADER_BYTES + from);
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
