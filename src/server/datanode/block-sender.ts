// A range of a replica going out as packets: to a reading client, or to another DataNode. The range is widened to whole
// chunks, so that the receiver can check them. One that is in memory goes out in the turn it was asked for, unless it is long. Of
// a long one only headers and checksums are written here, where the kernel can send what is between them straight from the file.
// Otherwise packets are made in two buffers by turns, several of them with one read of the disk: while one buffer goes to the
// peer, the other is being filled. Apache: BlockSender.
import { HdfsError } from '../../base/errors.ts';
import type { Clock, FileSender } from '../../host/host.ts';
import type { ByteSource } from '../../transfer/byte-source.ts';
import type { Throttle } from '../../transfer/throttle.ts';
import { writePacketHeader } from '../../wire/transfer/packet.ts';
import type { Counters } from './counters.ts';
import type { OpenReplica } from './open-replica.ts';
import { dropBuffer, giveBuffer, LARGE_BYTES, mayTakeLarge, takeBuffer } from './packet-buffers.ts';
import { PacketSums } from './packet-sums.ts';
import { describeBlock } from './replica.ts';

/** Data of one packet, whatever the chunk size, unless one chunk is larger, or so long a packet would not be taken. */
const PACKET_BYTES = 128 * 1024;
/** Lengths and header of a packet, and a little more. */
const PACKET_OVERHEAD_BYTES = 64;
/** The kernel is asked to send so much and more: for less, making ready for it takes as long as it spares. */
const LONG_BYTES = 1024 * 1024;
/** Data of a packet that the kernel sends to a client: each takes the way to a thread and back. */
export const CLIENT_PACKET_BYTES = 1024 * 1024;
/** The same to a DataNode of ours, which has memory ready for it (packet-memory.ts). */
export const DATANODE_PACKET_BYTES = 256 * 1024;
/** Up to so much is sent from what this process reads of the machine's memory: of more, the kernel sending it spares more. */
const MOST_NOW_BYTES = 4 * 1024 * 1024 + 64 * 1024;
/** Data of a packet of it, and a chunk more for a range that begins within one: the fewer, the less often its reader is woken. */
const NOW_PACKET_BYTES = 512 * 1024;
/** Packets of it that are sent in one turn: others wait meanwhile. */
const TURN_PACKETS = 2;
/** What is read and written where the kernel takes no more. */
const PIECE_BYTES = 32 * 1024;

const NOTHING = Buffer.alloc(0);

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
  /** Most data of a packet that this process does not take into its own memory. */
  readonly longPacketBytes: number;
}

/** Whole chunks of at most `most` bytes, at least one. */
function packetDataBytes(checksum: OpenReplica['checksum'], most: number, maxPacketBytes: number): number {
  const chunk = checksum.bytesPerChecksum;
  const taken = (maxPacketBytes - PACKET_OVERHEAD_BYTES) / (chunk + checksum.sumBytes(chunk));
  return Math.max(1, Math.floor(Math.min(most / chunk, taken))) * chunk;
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
  /** The same of one that is sent from memory. */
  private readonly nowStep: number;
  /** With all that belongs to it. */
  private readonly packetBytes: number;
  private readonly sums: PacketSums;
  private seqno = 0;
  /** What is to be written before all else, until it is. */
  private greeting: Buffer = NOTHING;
  /** Where the next burst begins, and how many packets it may have: the first ones are small, so that the reader has them soon. */
  private next: number;
  private packets = 1;

  constructor(replica: OpenReplica, range: SendRange, source: ByteSource, options: SendOptions) {
    this.replica = replica;
    this.range = range;
    this.source = source;
    this.options = options;
    const { checksum } = replica;
    this.step = packetDataBytes(checksum, PACKET_BYTES, options.maxPacketBytes);
    const most = NOW_PACKET_BYTES + checksum.bytesPerChecksum;
    this.nowStep = mayTakeLarge() ? packetDataBytes(checksum, most, options.maxPacketBytes) : this.step;
    this.packetBytes = PACKET_OVERHEAD_BYTES + checksum.sumBytes(this.step) + this.step;
    this.next = range.start;
    this.sums = new PacketSums(replica, range, options.corruptChecksumOk);
  }

  /**
   * Sends what the peer is told first, all packets and the empty last one; all with one write where there is not much. Rejects
   * when the disk or the peer fails. Answers the bytes of data and of their checksums.
   */
  async send(greeting: Buffer = NOTHING): Promise<number> {
    const { start, end } = this.range;
    this.greeting = greeting;
    const isLong = end - start >= LONG_BYTES && !this.options.throttle.isOn;
    const sender = isLong ? await this.source.connection.fileSender?.() : undefined;
    if (sender === undefined) await this.sendRead();
    else await this.sendPast(sender).finally(() => sender.close());
    if (sender !== undefined || end === start) await this.sendLast();
    return end - start + this.sums.bytesOf(end - start);
  }

  /**
   * The same of a range that is not long and that the machine has in memory, in this turn. undefined: its first packet is not there, and
   * nothing was done. A promise: the rest is not, or is for another turn, or the peer has not taken all of it yet.
   */
  sendNow(greeting: Buffer): number | Promise<number> | undefined {
    const { start, end } = this.range;
    const { connection } = this.source;
    const { clock, throttle } = this.options;
    if (end - start > MOST_NOW_BYTES || throttle.isOn || connection.queuedBytes > 0 || connection.destroyed) return undefined;
    // In a later turn somebody may write on, and the checksum of the last chunk be that of more bytes.
    if (end % this.replica.checksum.bytesPerChecksum > 0 && end - start > this.nowStep) return undefined;
    this.greeting = greeting;
    const beganMs = clock.monotonic();
    const first = this.fillNow();
    return first === undefined ? undefined : this.sendTurn(first, beganMs);
  }

  /** Sends what is in memory, as much as there is time for, and sees to the rest. */
  private sendTurn(first: Burst | undefined, firstMs: number): number | Promise<number> {
    const { start, end } = this.range;
    const { connection } = this.source;
    const { clock, counters } = this.options;
    const bytes = end - start + this.sums.bytesOf(end - start);
    let beganMs = firstMs;
    let burst = first;
    for (let packets = 1; burst !== undefined; packets++) {
      connection.write(burst.buffer.subarray(0, burst.size));
      if (connection.queuedBytes > 0 || connection.destroyed) return this.sendRead(burst, beganMs).then(() => bytes);
      giveBuffer(burst.buffer);
      const nowMs = clock.monotonic();
      counters.sent(1, nowMs - beganMs, 0);
      if (this.next >= end) return bytes;
      if (packets === TURN_PACKETS) return this.sendNextTurn();
      beganMs = nowMs;
      burst = this.fillNow();
    }
    return this.sendRead().then(() => bytes);
  }

  private async sendNextTurn(): Promise<number> {
    const { clock } = this.options;
    await new Promise<void>((resolve) => clock.defer(resolve));
    this.replica.dataFile.beginTurn();
    const beganMs = clock.monotonic();
    return this.sendTurn(this.fillNow(), beganMs);
  }

  private async sendLast(): Promise<void> {
    const { greeting } = this;
    const last = Buffer.allocUnsafe(greeting.length + PACKET_OVERHEAD_BYTES);
    await this.write(last.subarray(0, this.writeHeader(last, greeting.copy(last), this.range.end, 0, 0)));
  }

  /** The kernel sends the data of each packet, from where it has it. */
  private async sendPast(sender: FileSender): Promise<void> {
    const { start, end } = this.range;
    const { clock, counters, throttle, longPacketBytes, maxPacketBytes } = this.options;
    const longest = packetDataBytes(this.replica.checksum, longPacketBytes, maxPacketBytes);
    if (this.greeting.length > 0) await this.write(this.greeting);
    this.greeting = NOTHING;
    const head = Buffer.allocUnsafe(PACKET_OVERHEAD_BYTES + this.sums.bytesOf(longest));
    let packet = this.step;
    for (let offset = start; offset < end; ) {
      const beganMs = clock.monotonic();
      const length = Math.min(packet, end - offset);
      const sumBytes = this.sums.bytesOf(length);
      const size = this.writeHeader(head, 0, offset, length, sumBytes);
      await this.sums.fill(head.subarray(size - sumBytes, size), offset, length);
      await this.write(head.subarray(0, size));
      let blockedMs = 0;
      for (let at = offset; at < offset + length; ) {
        at += await this.replica.dataFile.sendTo(sender, at, offset + length - at);
        if (at === offset + length) break;
        // The peer is behind, or gone, or the file has come to its end: reading and writing tell, and wait.
        const sinceMs = clock.monotonic();
        at += await this.sendPiece(at, Math.min(PIECE_BYTES, offset + length - at));
        blockedMs += clock.monotonic() - sinceMs;
      }
      counters.sent(1, clock.monotonic() - beganMs - blockedMs, blockedMs);
      await throttle.take(size + length, () => this.source.connection.destroyed);
      offset += length;
      packet = Math.min(packet * 2, longest);
    }
  }

  private async sendPiece(offset: number, length: number): Promise<number> {
    const piece = Buffer.allocUnsafe(length);
    const read = await this.replica.dataFile.read(piece, 0, length, offset);
    if (read < length) throw this.endsEarly(offset + read, offset + length);
    await this.write(piece);
    return length;
  }

  private async write(bytes: Buffer): Promise<void> {
    this.source.connection.write(bytes);
    await this.settled();
  }

  /** `written`: the first burst, if it was given to the connection already. */
  private async sendRead(written?: Burst, writtenFromMs?: number): Promise<void> {
    const { connection } = this.source;
    const { clock, counters, throttle } = this.options;
    let beganMs = writtenFromMs ?? clock.monotonic();
    let going = written;
    let coming = going === undefined ? this.read() : undefined;
    try {
      while (going !== undefined || coming !== undefined) {
        if (going === undefined) {
          going = (await coming) as Burst;
          connection.write(going.buffer.subarray(0, going.size));
        }
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
    } catch (error) {
      if (going !== undefined) dropBuffer(going.buffer);
      // The files stay open until nothing reads them.
      const unsent = await coming?.catch(() => undefined);
      if (unsent !== undefined) giveBuffer(unsent.buffer);
      if (this.greeting.length > 0) connection.write(this.greeting);
      throw error;
    }
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

  /** The next packet, if it is in memory. */
  private fillNow(): Burst | undefined {
    const { next, greeting, seqno, sums } = this;
    const { end } = this.range;
    const length = Math.min(this.nowStep, end - next);
    if (length === 0) return undefined;
    const sumBytes = sums.bytesOf(length);
    const buffer = takeBuffer(greeting.length + 2 * PACKET_OVERHEAD_BYTES + sumBytes + length);
    const dataAt = this.writeHeader(buffer, greeting.copy(buffer), next, length, sumBytes);
    const isThere =
      this.replica.dataFile.readNow(buffer, dataAt, length, next) !== undefined &&
      sums.fillNow(buffer.subarray(dataAt - sumBytes, dataAt), next, length);
    if (!isThere) {
      this.seqno = seqno;
      giveBuffer(buffer);
      return undefined;
    }
    this.greeting = NOTHING;
    this.next = next + length;
    const size = dataAt + length;
    return { buffer, size: this.next === end ? this.writeHeader(buffer, size, end, 0, 0) : size, packets: 1 };
  }

  private async fill(offset: number, length: number): Promise<Burst> {
    const { replica, step } = this;
    const { dataFile } = replica;
    const sumsOf = (bytes: number): number => this.sums.bytesOf(bytes);
    const count = Math.ceil(length / step);
    const { greeting } = this;
    const around = greeting.length + PACKET_OVERHEAD_BYTES;
    const buffer = takeBuffer(around + count * (PACKET_OVERHEAD_BYTES + sumsOf(step)) + length);
    const places: Buffer[] = [];
    let size = greeting.copy(buffer);
    for (let done = 0; done < length; done += step) {
      const part = Math.min(step, length - done);
      const dataAt = this.writeHeader(buffer, size, offset + done, part, sumsOf(part));
      places.push(buffer.subarray(dataAt, dataAt + part));
      size = dataAt + part;
    }
    if (offset + length === this.range.end) size = this.writeHeader(buffer, size, this.range.end, 0, 0);
    const [read, summed] = await Promise.allSettled([dataFile.readv(places, offset), this.fillSums(places, offset)]);
    if (read.status === 'fulfilled' && summed.status === 'fulfilled' && read.value === length) {
      this.greeting = NOTHING;
      return { buffer, size, packets: count };
    }
    giveBuffer(buffer);
    if (read.status === 'rejected') throw read.reason;
    if (summed.status === 'rejected') throw summed.reason;
    throw this.endsEarly(offset + read.value, offset + length);
  }

  private endsEarly(at: number, before: number): HdfsError {
    return new HdfsError('EDISK', `${describeBlock(this.replica.block)} ends at ${at}, before ${before}`);
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

  /** Puts the checksums before the places of their data. */
  private async fillSums(places: readonly Buffer[], offset: number): Promise<void> {
    let at = offset;
    for (const { buffer, byteOffset, length } of places) {
      const bytes = this.sums.bytesOf(length);
      if (bytes > 0) await this.sums.fill(Buffer.from(buffer, byteOffset - bytes, bytes), at, length);
      at += length;
    }
  }
}
