// Packets of a block as they come in, for the reading client: bytes are copied once, from where the connection put them
// into the packet's own buffer. Checksums are looked at by block-reader.ts; the DataNode's receiver is another file, since
// it forwards while it receives.
import { HdfsError, ProtocolError } from '../base/errors.ts';
import {
  MAX_PACKET_BYTES,
  MAX_PACKET_PROTO_BYTES,
  PACKET_LENGTHS_BYTES,
  type PacketHeader,
  type PacketLengths,
  parsePacketHeader,
  parsePacketLengths,
} from '../wire/transfer/packet.ts';
import type { ByteSink, ByteSource } from './byte-source.ts';

export interface IncomingPacket {
  readonly header: PacketHeader;
  readonly checksums: Buffer;
  readonly data: Buffer;
}

/** Packets that are kept while nobody takes them: the connection pauses beyond. */
const MAX_QUEUED_PACKETS = 16;
/** And their bytes, of which the last packet may bring more: DataNodes choose how long packets are. */
const MAX_QUEUED_BYTES = 1024 * 1024;

const bytesOf = ({ checksums, data }: IncomingPacket): number => checksums.length + data.length;

type Part =
  | { readonly kind: 'lengths' }
  | { readonly kind: 'header'; readonly lengths: PacketLengths }
  | { readonly kind: 'body'; readonly header: PacketHeader; readonly body: Buffer }
  /** The last packet of the block has come; what follows belongs to the next operation. */
  | { readonly kind: 'done' };

export class PacketStream implements ByteSink {
  readonly #source: ByteSource;
  readonly #maxPacketBytes: number;
  readonly #scratch = Buffer.allocUnsafe(PACKET_LENGTHS_BYTES + MAX_PACKET_PROTO_BYTES);
  #part: Part = { kind: 'lengths' };
  /** Bytes of the present part that are there. */
  #filled = 0;
  readonly #packets: IncomingPacket[] = [];
  /** Of those. */
  #queuedBytes = 0;
  #waiter: { readonly resolve: (packet: IncomingPacket) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  #blocked = false;

  /** Takes the source over until the last packet has been taken, or `detach`. */
  constructor(source: ByteSource, maxPacketBytes = MAX_PACKET_BYTES) {
    this.#source = source;
    this.#maxPacketBytes = maxPacketBytes;
    source.setSink(this);
  }

  /** The next packet. Rejects when the connection fails or ends before the last one. */
  next(): Promise<IncomingPacket> {
    const packet = this.#packets.shift();
    if (packet !== undefined) {
      this.#queuedBytes -= bytesOf(packet);
      if (this.#blocked) {
        this.#blocked = false;
        this.#source.resume();
      }
      return Promise.resolve(packet);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** Gives the source back. Only after the packet with `lastPacketInBlock`. */
  detach(): void {
    this.#source.setSink(undefined);
  }

  push(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      const part = this.#part;
      if (part.kind === 'done') break;
      if (this.#packets.length >= MAX_QUEUED_PACKETS || this.#queuedBytes >= MAX_QUEUED_BYTES) {
        this.#blocked = true;
        break;
      }
      at += this.#fill(part, chunk, at);
    }
    return at;
  }

  /** Takes what the present part lacks, or what there is; answers how many bytes it took. */
  #fill(part: Exclude<Part, { kind: 'done' }>, chunk: Buffer, at: number): number {
    const [target, start, end] =
      part.kind === 'body'
        ? [part.body, 0, part.body.length]
        : part.kind === 'lengths'
          ? [this.#scratch, 0, PACKET_LENGTHS_BYTES]
          : [this.#scratch, PACKET_LENGTHS_BYTES, PACKET_LENGTHS_BYTES + part.lengths.headerBytes];
    const taken = Math.min(end - start - this.#filled, chunk.length - at);
    chunk.copy(target, start + this.#filled, at, at + taken);
    this.#filled += taken;
    if (start + this.#filled === end) this.#complete(part);
    return taken;
  }

  #complete(part: Exclude<Part, { kind: 'done' }>): void {
    this.#filled = 0;
    switch (part.kind) {
      case 'lengths':
        this.#part = { kind: 'header', lengths: parsePacketLengths(this.#scratch, 0, this.#maxPacketBytes) };
        if (this.#part.lengths.headerBytes === 0) throw new ProtocolError('a packet without a header');
        return;
      case 'header': {
        const header = parsePacketHeader(this.#scratch, PACKET_LENGTHS_BYTES, part.lengths);
        const body = Buffer.allocUnsafeSlow(part.lengths.bodyBytes);
        if (body.length === 0) this.#deliver(header, body);
        else this.#part = { kind: 'body', header, body };
        return;
      }
      case 'body':
        this.#deliver(part.header, part.body);
        return;
    }
  }

  #deliver(header: PacketHeader, body: Buffer): void {
    this.#part = { kind: header.lastPacketInBlock ? 'done' : 'lengths' };
    const border = body.length - header.dataLen;
    const packet = { header, checksums: body.subarray(0, border), data: body.subarray(border) };
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter !== undefined) {
      waiter.resolve(packet);
      return;
    }
    this.#packets.push(packet);
    this.#queuedBytes += bytesOf(packet);
  }

  end(error: Error | undefined): void {
    this.#failure = error ?? new HdfsError('ECONN', 'Premature EOF: the connection was closed in the middle of a block');
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(this.#failure);
  }
}
