// The two open files of a replica being written, the data and its checksums, and how a packet goes into them: which of its
// bytes are new, and which checksums change when a chunk was left half full. Packets that came together go into each file
// with one write (write-batch.ts), and what comes while it is under way goes with the next. Apache:
// BlockReceiver.receivePacket's disk part.

import { HdfsError, ProtocolError } from '../../base/errors.ts';
import { blockFileName, META_HEADER_BYTES, metaFileName } from '../../format/storage/block-files.ts';
import type { FileStep } from '../../host/host.ts';
import { Counters } from './counters.ts';
import { DataChecksum } from './data-checksum.ts';
import { Gathering } from './gathering.ts';
import type { PacketMemory } from './packet-memory.ts';
import { describeBlock, type InFlightReplica } from './replica.ts';
import type { SlowIo } from './slow-io.ts';
import { SyncedTail, tailFileName } from './synced-tail.ts';
import type { VolumeFile } from './volume-disk.ts';
import { WriteBatch } from './write-batch.ts';

/** Bytes that one replica may have waiting for its disk before its sender is held back. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;
/** The same while much waits for the disk altogether. */
const CROWDED_WAITING_BYTES = 128 * 1024;
/** Less than that is copied for another thread, which then writes it with its checksums. */
const SHORT_BYTES = 16 * 1024;
/** So much is handed to the disk at a time while more is written. */
const WRITEBACK_BYTES = 8 * 1024 * 1024;

export interface PacketData {
  readonly offset: number;
  readonly data: Buffer;
  readonly sums: Buffer;
  /** Where `data` lies; absent: it is not changed until it is written. */
  readonly memory?: PacketMemory;
}

export class ReplicaFiles {
  readonly checksum: DataChecksum;
  private readonly replica: InFlightReplica;
  private readonly counters: Counters;
  private readonly dataFile: VolumeFile;
  private readonly metaFile: VolumeFile;
  /** End of what was given to the disk; lengths.onDisk follows when it is written. */
  private end: number;
  /** CRC of the bytes of the last, partial chunk. */
  private tailCrc = 0;
  /** What was taken and not yet given to the disk, and what is on its way there. */
  private batch = new WriteBatch();
  private spare = new WriteBatch();
  /** Part of waitingBytes that is still in `batch`. */
  private batchBytes = 0;
  private waitingBytes = 0;
  private waiting: (() => void)[] = [];
  private draining = false;
  private drain: Promise<void> = Promise.resolve();
  /** Part of what waits is not to wait for more. */
  private hurries = false;
  private readonly gathering: Gathering;
  private onRoom: (() => void) | undefined;
  private failure: Error | undefined;
  private directorySynced = false;
  /** Notes where a sync ended within a chunk. */
  private tail: SyncedTail | undefined;
  private noting: Promise<void> = Promise.resolve();
  private closed = false;
  /** What is written is put on the disk while more comes: a sync at the end would wait for all of it. */
  writesBehind = false;
  /** Up to where, and the last piece's being handed over. */
  private writtenBehind: number;
  private handingOver: Promise<void> | undefined;
  /** Told how long the disk takes. */
  slow: SlowIo | undefined;
  /** Called once behind all the `done`s of one write. */
  onWritten: (() => void) | undefined;
  /** Told when nothing more will be written: whoever waits for an answer may send nothing that would find out. */
  onFailed: ((error: Error) => void) | undefined;

  private constructor(
    replica: InFlightReplica,
    checksum: DataChecksum,
    [dataFile, metaFile]: readonly [VolumeFile, VolumeFile],
    counters: Counters,
  ) {
    this.replica = replica;
    this.counters = counters;
    this.checksum = checksum;
    this.dataFile = dataFile;
    this.metaFile = metaFile;
    this.end = replica.lengths.onDisk;
    this.writtenBehind = this.end;
    this.gathering = new Gathering(replica.volume.clock, () => this.hurry());
    replica.checksum = checksum;
  }

  /** New files; they must not exist. */
  static async create(
    replica: InFlightReplica,
    checksum: DataChecksum,
    counters: Counters = new Counters(),
  ): Promise<ReplicaFiles> {
    const { disk } = replica.volume;
    const { id, genStamp, directory } = replica;
    const opened = await Promise.allSettled([
      disk.open(`${directory}/${blockFileName(id)}`, 'wx'),
      disk.open(`${directory}/${metaFileName(id, genStamp)}`, 'wx'),
    ]);
    const [data, meta] = opened;
    if (data.status === 'rejected' || meta.status === 'rejected') {
      for (const one of opened) if (one.status === 'fulfilled') await one.value.close();
      throw data.status === 'rejected' ? data.reason : (meta as PromiseRejectedResult).reason;
    }
    const files = new ReplicaFiles(replica, checksum, [data.value, meta.value], counters);
    // On its way to the disk while the next node is connected to.
    files.batch.addSums(checksum.header(), 0);
    files.flush(() => undefined);
    return files;
  }

  /** Files that exist, to be written on from where the replica ends. A wrong last checksum is EIO. */
  static async reopen(replica: InFlightReplica, counters: Counters = new Counters()): Promise<ReplicaFiles> {
    const { disk } = replica.volume;
    const dataFile = await disk.open(`${replica.directory}/${blockFileName(replica.id)}`, 'r+');
    try {
      const metaPath = `${replica.directory}/${metaFileName(replica.id, replica.genStamp)}`;
      const metaFile = await disk.open(metaPath, 'r+');
      try {
        const header = Buffer.alloc(META_HEADER_BYTES);
        const got = await metaFile.read(header, 0, META_HEADER_BYTES, 0);
        const checksum = DataChecksum.fromHeader(header.subarray(0, got));
        const files = new ReplicaFiles(replica, checksum, [dataFile, metaFile], counters);
        await files.readTail();
        return files;
      } catch (error) {
        await metaFile.close();
        throw error;
      }
    } catch (error) {
      await dataFile.close();
      throw error;
    }
  }

  private async readTail(): Promise<void> {
    const { checksum, end } = this;
    const partial = end % checksum.bytesPerChecksum;
    if (partial === 0 || checksum.size === 0) return;
    const data = Buffer.alloc(partial);
    const stored = Buffer.alloc(checksum.size);
    const gotData = await this.dataFile.read(data, 0, partial, end - partial);
    const gotSum = await this.metaFile.read(stored, 0, checksum.size, checksum.metaOffset(end));
    const computed = Buffer.alloc(checksum.size);
    checksum.one(data, computed, 0);
    if (gotData !== partial || gotSum !== checksum.size || !computed.equals(stored)) {
      throw new HdfsError(
        'EIO',
        `Partial CRC ${computed.readUInt32BE(0)} does not match value computed the  last time file was closed ${stored.readUInt32BE(0)}`,
      );
    }
    this.tailCrc = computed.readUInt32BE(0);
    this.replica.lastChunk = { length: end, sum: computed };
  }

  /** Takes what of the packet is new. */
  add(packet: PacketData): void {
    if (this.failure !== undefined) throw this.failure;
    const packetEnd = packet.offset + packet.data.length;
    // All of it was there before: the client repeats what it saw no answer for.
    if (packetEnd <= this.end) return;
    this.place(packet, packetEnd);
    this.end = packetEnd;
  }

  /**
   * Writes what was taken, in a moment where `mayWait` says that it is part of a stream. `done` is called when it is in the
   * files, at once or later, unless writing failed. Answers a promise when the sender is to be held back until it is settled.
   */
  flush(done: () => void, mayWait = false): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure;
    const { batch } = this;
    this.waitingBytes += batch.bytes - this.batchBytes;
    this.batchBytes = batch.bytes;
    this.waiting.push(done);
    const { crowded } = this.replica.volume.io;
    const isFull = this.waitingBytes >= (crowded ? CROWDED_WAITING_BYTES : MAX_WAITING_BYTES);
    if (!mayWait || isFull || !this.gathering.waits(batch.bytes)) this.hurry();
    if (!isFull) return undefined;
    return new Promise<void>((resolve) => {
      this.onRoom = resolve;
    }).then(() => this.throwFailure());
  }

  /** What waits is written now, or behind the write that is under way. */
  private hurry(): void {
    this.hurries = this.waiting.length > 0;
    if (this.draining || !this.hurries) return;
    this.draining = true;
    this.drain = this.writeWaiting();
  }

  /** What comes while one write is under way makes the next one. */
  private async writeWaiting(): Promise<void> {
    while (this.hurries) {
      this.hurries = false;
      this.gathering.stop();
      const { batch, waiting } = this;
      const bytes = batch.bytes;
      this.batch = this.spare;
      this.spare = batch;
      this.batchBytes = 0;
      this.waiting = [];
      try {
        if (this.failure === undefined) {
          if (bytes > 0) await this.writeBatch(batch);
          if (batch.dataBytes > 0) this.written(batch);
          for (const done of waiting) done();
          this.onWritten?.();
        }
      } catch (error) {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
        this.replica.isRagged = true;
        this.onFailed?.(this.failure);
      }
      batch.clear();
      this.waitingBytes -= bytes;
      if (this.waitingBytes < MAX_WAITING_BYTES / 2 || this.failure !== undefined) this.makeRoom();
    }
    this.draining = false;
    this.makeRoom();
  }

  private async writeBatch(batch: WriteBatch): Promise<void> {
    const { clock } = this.replica.volume;
    const beganMs = clock.monotonic();
    const together = batch.bytes <= SHORT_BYTES ? this.writeInTurn(batch) : undefined;
    if (together !== undefined) await together;
    else await this.writeEach(batch);
    if (batch.packets === 0) return;
    const ms = clock.monotonic() - beganMs;
    this.counters.written(batch.dataBytes, ms);
    this.slow?.written(batch.packets, ms);
  }

  /** Both in one way to a thread, the checksums behind the bytes. undefined: not now. */
  private writeInTurn({ data, dataAt, sums, sumsAt }: WriteBatch): Promise<void> | undefined {
    const steps: FileStep[] = [];
    let at = dataAt;
    for (const piece of data) {
      steps.push(this.dataFile.step(piece, at));
      at += piece.length;
    }
    if (sums.length > 0) steps.push(this.metaFile.step(sums, sumsAt));
    return this.replica.volume.disk.inTurn(steps);
  }

  private async writeEach({ data, dataAt, sums, sumsAt }: WriteBatch): Promise<void> {
    // The checksum of a chunk that was half full is written over, and only behind the bytes: were the process to die with the
    // new one in the file and the bytes not, nothing would prove the old ones, of which a writer was told.
    const isBehind = this.replica.lengths.onDisk % this.checksum.bytesPerChecksum > 0;
    const summed = sums.length > 0 && !isBehind ? this.metaFile.write(sums, sumsAt) : undefined;
    // It is waited for below, however the other one ends: the batch's memory is theirs as long.
    summed?.catch(() => undefined);
    try {
      if (data.length > 0) await this.dataFile.writev(data, dataAt);
      if (sums.length > 0 && isBehind) await this.metaFile.write(sums, sumsAt);
    } finally {
      await summed;
    }
  }

  private makeRoom(): void {
    const { onRoom } = this;
    this.onRoom = undefined;
    onRoom?.();
  }

  private written(batch: WriteBatch): void {
    const { replica } = this;
    replica.lengths.write(batch.end);
    replica.lastChunk = batch.lastSum === undefined ? undefined : { length: batch.end, sum: batch.lastSum };
    replica.settle(batch.dataBytes);
    if (this.writesBehind && this.handingOver === undefined && batch.end - this.writtenBehind >= WRITEBACK_BYTES) {
      this.handOver(this.writtenBehind, batch.end);
    }
  }

  /** Gives a piece of the data to the disk, which takes it when it has room. */
  private handOver(from: number, to: number): void {
    const begun = this.dataFile.beginWriteback(from, to - from);
    // What is not handed over now goes with the next piece, or with the sync at the end.
    if (begun === undefined) return;
    this.writtenBehind = to;
    const ended = (goesOn: boolean): void => {
      this.writesBehind = goesOn;
      this.handingOver = undefined;
    };
    // Refused: too much waits for the disk already, and the sync at the end says whether it works.
    this.handingOver = begun.then(ended, () => ended(false));
  }

  private throwFailure(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Puts the new part of a packet, and the checksums that go with it, into the batch. */
  private place(packet: PacketData, packetEnd: number): void {
    const { checksum, end, batch } = this;
    const { offset } = packet;
    const chunk = checksum.bytesPerChecksum;
    if (offset > end) throw new ProtocolError(`a packet at ${offset} of ${describeBlock(this.replica)}, which ends at ${end}`);
    batch.packets++;
    const data = offset === end ? packet.data : packet.data.subarray(end - offset);
    if (checksum.size === 0) {
      batch.addData(data, end, packet.memory);
      batch.end = packetEnd;
      return;
    }
    let sums: Buffer;
    let sumsAt: number;
    if (offset % chunk === 0 && packet.sums.length > 0) {
      // The packet holds the chunk that the file ends in from its beginning on: its own checksum counts.
      const first = Math.floor((end - offset) / chunk);
      sums = first === 0 ? packet.sums : packet.sums.subarray(first * checksum.size);
      sumsAt = checksum.metaOffset(offset + first * chunk);
    } else {
      // Without checksums of its own (they are of another kind or chunk than the file's) any cut will do.
      const verified = packet.sums.length > 0;
      if (verified && offset % chunk !== 0 && Math.floor(offset / chunk) !== Math.floor((packetEnd - 1) / chunk)) {
        throw new ProtocolError(
          `Unexpected packet data length for ${describeBlock(this.replica)}: a partial chunk must be sent in an individual packet (data length = ${packet.data.length})`,
        );
      }
      sums = this.continueSums(data);
      sumsAt = checksum.metaOffset(end);
    }
    batch.addData(data, end, packet.memory);
    batch.addSums(sums, sumsAt);
    batch.end = packetEnd;
    if (packetEnd % chunk === 0) {
      batch.lastSum = undefined;
      return;
    }
    batch.lastSum = Buffer.from(sums.subarray(sums.length - checksum.size));
    this.tailCrc = batch.lastSum.readUInt32BE(0);
  }

  /** Checksums of `data`, where the first chunk goes on from what the file ends with. */
  private continueSums(data: Buffer): Buffer {
    const { checksum, end } = this;
    const chunk = checksum.bytesPerChecksum;
    const partial = end % chunk;
    if (partial === 0) {
      const sums = Buffer.alloc(checksum.sumBytes(data.length));
      checksum.compute(data, sums, 0);
      return sums;
    }
    const firstBytes = Math.min(chunk - partial, data.length);
    const rest = data.subarray(firstBytes);
    const sums = Buffer.alloc(checksum.size + checksum.sumBytes(rest.length));
    sums.writeUInt32BE(checksum.extend(this.tailCrc, data.subarray(0, firstBytes)), 0);
    checksum.compute(rest, sums, checksum.size);
    return sums;
  }

  /** Waits until everything given so far is written. */
  async drained(): Promise<void> {
    this.hurry();
    await this.drain;
    this.throwFailure();
  }

  /** hsync: data, checksums and, once, the directory survive a power cut. */
  async sync(): Promise<void> {
    await this.drained();
    const { directorySyncs, clock } = this.replica.volume;
    const beganMs = clock.monotonic();
    const { lastChunk } = this.replica;
    if (lastChunk !== undefined) this.noting = this.noteTail(lastChunk.length, lastChunk.sum);
    await Promise.all([this.syncFile(this.dataFile), this.syncFile(this.metaFile), this.noting]);
    this.counters.syncs++;
    this.slow?.synced(clock.monotonic() - beganMs);
    if (this.directorySynced) return;
    await directorySyncs.sync(this.replica.directory);
    this.directorySynced = true;
  }

  private async syncFile(file: VolumeFile): Promise<void> {
    const { clock } = this.replica.volume;
    const beganMs = clock.monotonic();
    try {
      await file.datasync();
    } catch (error) {
      this.replica.syncFailed = true;
      throw error;
    }
    this.counters.synced(clock.monotonic() - beganMs);
  }

  private async noteTail(length: number, sum: Buffer): Promise<void> {
    const { replica } = this;
    if (this.tail === undefined) {
      this.tail = await SyncedTail.open(replica.volume.disk, `${replica.directory}/${tailFileName(replica.id)}`);
      replica.hasTailFile = true;
      // A new name: the directory has to know it.
      this.directorySynced = false;
    }
    await this.tail.note(length, sum);
  }

  /** Closes both files; with `sync` their content is durable first. A failed sync is told and never tried again. */
  async close(sync: boolean): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.hurry();
    try {
      await this.drain;
      if (sync) {
        this.throwFailure();
        await Promise.all([this.syncFile(this.dataFile), this.syncFile(this.metaFile)]);
        this.counters.syncs++;
      }
    } finally {
      // A note may be on its way though the sync that it belongs to has failed: its file's number must not be another's yet, and
      // who writes next notes in the same file.
      await Promise.allSettled([this.noting, this.handingOver]);
      // Nothing depends on it any more; when it fails, the volume hears of it.
      for (const file of [this.dataFile, this.metaFile, this.tail]) file?.close().catch(() => undefined);
    }
  }
}
