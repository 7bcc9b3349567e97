// Cuts the bytes of a pipeline into packets while they arrive. A packet that lies whole in the incoming slab is handed
// on where it lies; one that is cut by the slab's end is put together in a buffer of its own. Either way the memory is
// the consumer's until `flush` returns, which is called once for all packets that came together.

import type { ByteSink, ByteSource } from '../../transfer/byte-source.ts';
import {
  PACKET_LENGTHS_BYTES,
  type PacketHeader,
  type PacketLengths,
  parsePacketHeader,
  parsePacketLengths,
} from '../../wire/transfer/packet.ts';
import { givePacketMemory, takePacketMemory } from './packet-memory.ts';

/** A packet in place: `bytes` is all of it as it came, from PLEN on. */
export interface PacketView {
  readonly header: PacketHeader;
  readonly bytes: Buffer;
  readonly sums: Buffer;
  readonly data: Buffer;
}

export interface PacketConsumer {
  /** A throw ends the stream. */
  packet(view: PacketView): void;
  /**
   * All packets of this turn were given; their memory may change after the call. A promise holds further ones back until
   * it is settled. A throw ends the stream.
   */
  flush(): Promise<void> | undefined;
  /** The stream has ended before the last packet (`error` when it failed), or its consumer threw. */
  broken(error: Error | undefined): void;
}

/** Longer memory is let go with its packet. */
const MAX_KEPT_BYTES = 256 * 1024;

const NONE: Buffer = Buffer.allocUnsafeSlow(0);

export class PacketParser implements ByteSink {
  private readonly source: ByteSource;
  private readonly consumer: PacketConsumer;
  private partial: Buffer = NONE;
  /** The packet that was put together last lies here until it is flushed, while the next begins in `partial`. */
  private handed: Buffer = NONE;
  private unflushed = false;
  private filled = 0;
  private lengths: PacketLengths | undefined;
  private blocked = false;
  private done = false;

  /** Takes over the source, until the last packet of the block has been consumed. */
  constructor(source: ByteSource, consumer: PacketConsumer) {
    this.source = source;
    this.consumer = consumer;
  }

  start(): void {
    this.source.setSink(this);
  }

  push(chunk: Buffer): number {
    try {
      return this.take(chunk);
    } catch (error) {
      if (!this.done) throw error;
      // The source gave this sink up with the last packet: nobody else would tell the consumer.
      this.consumer.broken(error instanceof Error ? error : new Error(String(error)));
      this.giveBack();
      return chunk.length;
    }
  }

  /** Nothing of the stream is looked at any more. */
  private giveBack(): void {
    givePacketMemory(this.partial);
    givePacketMemory(this.handed);
    this.partial = NONE;
    this.handed = NONE;
  }

  private take(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.blocked && !this.done) {
      const left = chunk.length - at;
      if (this.filled === 0 && left >= PACKET_LENGTHS_BYTES) {
        const lengths = parsePacketLengths(chunk, at);
        if (left >= lengths.totalBytes) {
          const bytes = chunk.subarray(at, at + lengths.totalBytes);
          at += lengths.totalBytes;
          this.hand(bytes, lengths);
          continue;
        }
      }
      at += this.collect(chunk, at);
    }
    if (this.unflushed) this.flush();
    return at;
  }

  private flush(): void {
    this.unflushed = false;
    const waiting = this.consumer.flush();
    if (this.done) this.giveBack();
    if (waiting === undefined || this.done) return;
    this.blocked = true;
    waiting.then(
      () => {
        this.blocked = false;
        this.source.resume();
      },
      (error: unknown) => this.source.fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private collect(chunk: Buffer, at: number): number {
    const target = this.lengths?.totalBytes ?? PACKET_LENGTHS_BYTES;
    this.reserve(target);
    const part = Math.min(target - this.filled, chunk.length - at);
    chunk.copy(this.partial, this.filled, at, at + part);
    this.filled += part;
    if (this.filled < target) return part;
    if (this.lengths === undefined) {
      this.lengths = parsePacketLengths(this.partial, 0);
      if (this.filled < this.lengths.totalBytes) return part;
    }
    const { lengths } = this;
    const bytes = this.partial.subarray(0, lengths.totalBytes);
    this.filled = 0;
    this.lengths = undefined;
    const { partial } = this;
    this.partial = this.handed.length > MAX_KEPT_BYTES ? NONE : this.handed;
    this.handed = partial;
    this.hand(bytes, lengths);
    return part;
  }

  private reserve(bytes: number): void {
    if (this.partial.length >= bytes) return;
    const grown = takePacketMemory(bytes);
    this.partial.copy(grown, 0, 0, this.filled);
    givePacketMemory(this.partial);
    this.partial = grown;
  }

  private hand(bytes: Buffer, lengths: PacketLengths): void {
    const header = parsePacketHeader(bytes, PACKET_LENGTHS_BYTES, lengths);
    const sumsAt = PACKET_LENGTHS_BYTES + lengths.headerBytes;
    const dataAt = lengths.totalBytes - header.dataLen;
    if (header.lastPacketInBlock) {
      this.done = true;
      this.source.setSink(undefined);
    }
    this.unflushed = true;
    this.consumer.packet({
      header,
      bytes,
      sums: bytes.subarray(sumsAt, dataAt),
      data: bytes.subarray(dataAt),
    });
  }

  end(error: Error | undefined): void {
    if (this.done) return;
    this.consumer.broken(error);
    this.giveBack();
  }
}
