// Cuts the bytes of a pipeline into packets while they arrive. They come to lie in memory that the consumer may hold on to
// (packet-memory.ts); there every packet lies in one piece, and those that came together lie behind one another. Where much
// comes at a time, the kernel puts them there, behind what is there of a packet; else they are copied out of the network's slab.

import type { ReadTarget } from '../../host/host.ts';
import type { ByteSink, ByteSource } from '../../transfer/byte-source.ts';
import {
  MAX_PACKET_BYTES,
  PACKET_LENGTHS_BYTES,
  type PacketHeader,
  type PacketLengths,
  parsePacketHeader,
  parsePacketLengths,
} from '../../wire/transfer/packet.ts';
import { HELD_BYTES, LEAST_ROOM_BYTES, type PacketMemory, TURN_MEMORY_BYTES, takePacketMemory } from './packet-memory.ts';

/** A packet in place: `bytes` is all of it as it came, from PLEN on. */
export interface PacketView {
  readonly header: PacketHeader;
  readonly bytes: Buffer;
  readonly sums: Buffer;
  readonly data: Buffer;
  /** Where all of them lie. */
  readonly memory: PacketMemory;
}

export interface PacketConsumer {
  /** A throw ends the stream. */
  packet(view: PacketView): void;
  /**
   * All packets of this turn were given; their memory may change after the call, unless the consumer holds it. A promise
   * holds further ones back until it is settled. A throw ends the stream.
   */
  flush(): Promise<void> | undefined;
  /** The stream has ended before the last packet (`error` when it failed), or its consumer threw. */
  broken(error: Error | undefined): void;
}

/** So many connections keep memory ready while nothing half sent lies in it: any of them may fall silent. */
const MAX_READY = 32;
let ready = 0;

export class PacketParser implements ByteSink, ReadTarget {
  readonly target: ReadTarget = this;
  private readonly source: ByteSource;
  private readonly consumer: PacketConsumer;
  private readonly maxPacketBytes: number;
  /** Bytes that came and are no packet yet: from `parsed` to `filled` in `memory`. */
  private memory: PacketMemory | undefined;
  private parsed = 0;
  private filled = 0;
  /** Of the packet that begins at `parsed`, once so much of it is there. */
  private lengths: PacketLengths | undefined;
  /** Packets were handed on since the last flush; these too lie in `spent`. */
  private unflushed = false;
  private spent: PacketMemory[] = [];
  private blocked = false;
  private done = false;
  /** Much came at a time, the last time. */
  private streams = false;
  /** The connection reads into it, behind `filled`; `isReady`: as one of MAX_READY. */
  private lent: PacketMemory | undefined;
  private isReady = false;

  /** Takes over the source, until the last packet of the block has been consumed. */
  constructor(source: ByteSource, consumer: PacketConsumer, maxPacketBytes = MAX_PACKET_BYTES) {
    this.maxPacketBytes = maxPacketBytes;
    this.source = source;
    this.consumer = consumer;
  }

  start(): void {
    this.source.setSink(this);
  }

  push(chunk: Buffer): number {
    this.streams = chunk.length >= HELD_BYTES;
    if (this.blocked || this.done) return 0;
    try {
      return this.take(chunk);
    } catch (error) {
      if (!this.done) throw error;
      // The source gave this sink up with the last packet: nobody else would tell the consumer.
      this.consumer.broken(error instanceof Error ? error : new Error(String(error)));
      this.letGo();
      return chunk.length;
    }
  }

  private take(chunk: Buffer): number {
    let at = 0;
    if (this.lent !== undefined && this.isInPlace(chunk, this.lent)) {
      this.filled += chunk.length;
      at = chunk.length;
      this.parse(this.lent);
    }
    while (at < chunk.length && !this.done) {
      const memory = this.roomFor(chunk.length - at);
      const part = Math.min(chunk.length - at, memory.bytes.length - this.filled);
      chunk.copy(memory.bytes, this.filled, at, at + part);
      this.filled += part;
      at += part;
      this.parse(memory);
    }
    // What came behind the last packet is the next operation's.
    if (this.done) at -= this.filled - this.parsed;
    if (this.unflushed) this.flush();
    // Most writers wait for an answer with nothing half sent: such a one keeps no memory.
    if (this.done || this.parsed === this.filled) this.letGo();
    return at;
  }

  private isInPlace(chunk: Buffer, lent: PacketMemory): boolean {
    const { bytes } = lent;
    return lent === this.memory && chunk.buffer === bytes.buffer && chunk.byteOffset === bytes.byteOffset + this.filled;
  }

  readRoom(): Buffer | undefined {
    if (!this.streams || this.blocked || this.done) return undefined;
    if (this.memory === undefined) {
      if (ready === MAX_READY) return undefined;
      ready++;
      this.isReady = true;
    }
    const room = this.roomFor(LEAST_ROOM_BYTES);
    this.releaseSpent();
    room.hold();
    this.lent = room;
    return room.bytes.subarray(this.filled);
  }

  readDone(): void {
    this.lent?.release();
    this.lent = undefined;
    if (this.isReady) ready--;
    this.isReady = false;
  }

  /** Memory with room behind `filled`: for all of `bytes`, or for the packet that is coming, where that is more. */
  private roomFor(bytes: number): PacketMemory {
    const { memory } = this;
    const rest = this.filled - this.parsed;
    const wanted = Math.max(rest + bytes, this.lengths?.totalBytes ?? 0);
    // What is lent may change behind `filled` at any time.
    const usable = memory !== undefined && memory !== this.lent;
    if (usable && this.parsed + wanted <= memory.bytes.length) return memory;
    // A packet as long as is believed may take memory of its own; a chunk, however long, only pieces of the usual size.
    const most = this.streams ? TURN_MEMORY_BYTES : Math.min(wanted, TURN_MEMORY_BYTES);
    const size = Math.max(most, this.lengths?.totalBytes ?? 0);
    const mayMove = memory !== undefined && !this.unflushed && !memory.isShared && size <= memory.bytes.length;
    const room = mayMove ? memory : takePacketMemory(size);
    memory?.bytes.copy(room.bytes, 0, this.parsed, this.filled);
    if (memory !== undefined && !mayMove) this.spent.push(memory);
    this.memory = room;
    this.parsed = 0;
    this.filled = rest;
    return room;
  }

  /** Hands on every packet that is there whole. */
  private parse(memory: PacketMemory): void {
    while (!this.done) {
      const rest = this.filled - this.parsed;
      if (this.lengths === undefined) {
        if (rest < PACKET_LENGTHS_BYTES) break;
        this.lengths = parsePacketLengths(memory.bytes, this.parsed, this.maxPacketBytes);
      }
      const { lengths } = this;
      if (rest < lengths.totalBytes) break;
      const bytes = memory.bytes.subarray(this.parsed, this.parsed + lengths.totalBytes);
      this.parsed += lengths.totalBytes;
      this.lengths = undefined;
      this.hand(memory, bytes, lengths);
    }
  }

  private hand(memory: PacketMemory, bytes: Buffer, lengths: PacketLengths): void {
    const header = parsePacketHeader(bytes, PACKET_LENGTHS_BYTES, lengths);
    const sumsAt = PACKET_LENGTHS_BYTES + lengths.headerBytes;
    const dataAt = lengths.totalBytes - header.dataLen;
    if (header.lastPacketInBlock) {
      this.done = true;
      this.source.setSink(undefined);
    }
    this.unflushed = true;
    this.consumer.packet({ header, bytes, sums: bytes.subarray(sumsAt, dataAt), data: bytes.subarray(dataAt), memory });
  }

  private flush(): void {
    const waiting = this.consumer.flush();
    this.unflushed = false;
    this.releaseSpent();
    if (waiting === undefined || this.done) return;
    this.blocked = true;
    this.source.pauseSink();
    waiting.then(
      () => {
        this.blocked = false;
        this.source.resume();
      },
      (error: unknown) => this.source.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private releaseSpent(): void {
    for (const memory of this.spent) memory.release();
    this.spent = [];
  }

  private letGo(): void {
    this.releaseSpent();
    this.memory?.release();
    this.memory = undefined;
    this.parsed = 0;
    this.filled = 0;
  }

  end(error: Error | undefined): void {
    if (this.done) return;
    this.consumer.broken(error);
    this.letGo();
  }
}
