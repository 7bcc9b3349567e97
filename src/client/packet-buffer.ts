// Memory of the packets a writer has on the way: header, checksums and data of one packet lie in one piece, so that a
// packet is one write. Buffers go back to a pool when their packet is acknowledged.
import { assert } from '../base/assert.ts';
import { type CrcType, writeChunkSums, writeSums } from '../base/crc.ts';
import { chunkCount, type PacketGeometry } from '../core/pipeline/writer-geometry.ts';
import { MAX_PACKET_HEADER_BYTES, packetHeaderBytes, writePacketHeader } from '../wire/transfer/packet.ts';

export class PacketBuffer {
  readonly #bytes: Buffer;
  readonly #dataStart: number;
  readonly #geometry: PacketGeometry;
  /** The full chunks of the data, made with the first full packet: making them each time costs as much as their sums. */
  #chunks: readonly Uint8Array[] = [];
  #length = 0;
  #sealed: Buffer | undefined;

  constructor(geometry: PacketGeometry) {
    this.#geometry = geometry;
    this.#dataStart = MAX_PACKET_HEADER_BYTES + geometry.chunksPerPacket * geometry.checksumBytes;
    this.#bytes = Buffer.allocUnsafeSlow(this.#dataStart + geometry.dataBytes);
  }

  get length(): number {
    return this.#length;
  }

  get geometry(): PacketGeometry {
    return this.#geometry;
  }

  reset(): void {
    this.#length = 0;
    this.#sealed = undefined;
  }

  /** Copies at most `limit` bytes of `chunk` from `from` on; answers how many. */
  append(chunk: Uint8Array, from: number, limit: number): number {
    assert(this.#sealed === undefined, 'a packet that is on its way does not change');
    const taken = Math.min(chunk.length - from, limit, this.#geometry.dataBytes - this.#length);
    this.#bytes.set(
      from === 0 && taken === chunk.length ? chunk : chunk.subarray(from, from + taken),
      this.#dataStart + this.#length,
    );
    this.#length += taken;
    return taken;
  }

  /** Makes checksums and header; from here on the bytes stay as they are until `reset`. */
  seal(
    crc: CrcType | undefined,
    header: { readonly seqno: number; readonly offset: number; readonly last: boolean; readonly sync: boolean },
  ): void {
    const { bytesPerChecksum, checksumBytes } = this.#geometry;
    const sumBytes = crc === undefined ? 0 : chunkCount(this.#length, bytesPerChecksum) * checksumBytes;
    const sumStart = this.#dataStart - sumBytes;
    const end = this.#dataStart + this.#length;
    if (crc !== undefined && sumBytes > 0) this.#writeSums(crc, sumStart);
    const start = sumStart - packetHeaderBytes(header.sync);
    writePacketHeader(
      this.#bytes,
      start,
      {
        offsetInBlock: header.offset,
        seqno: header.seqno,
        lastPacketInBlock: header.last,
        dataLen: this.#length,
        syncBlock: header.sync,
      },
      sumBytes,
    );
    this.#sealed = this.#bytes.subarray(start, end);
  }

  #writeSums(crc: CrcType, at: number): void {
    const { bytesPerChecksum, dataBytes } = this.#geometry;
    if (this.#length === dataBytes) {
      if (this.#chunks.length === 0) this.#chunks = this.#makeChunks();
      writeSums(crc, this.#chunks, this.#chunks.length, this.#bytes, at);
    } else writeChunkSums(crc, this.tail(0), bytesPerChecksum, this.#bytes, at);
  }

  #makeChunks(): readonly Uint8Array[] {
    const { bytesPerChecksum, chunksPerPacket } = this.#geometry;
    const { buffer, byteOffset } = this.#bytes;
    const first = byteOffset + this.#dataStart;
    return Array.from(
      { length: chunksPerPacket },
      (_, i) => new Uint8Array(buffer, first + i * bytesPerChecksum, bytesPerChecksum),
    );
  }

  /** The packet as it goes on the wire. */
  get wire(): Buffer {
    assert(this.#sealed !== undefined, 'the packet is sealed');
    return this.#sealed;
  }

  /** Its last bytes, from `at` on: what a later packet has to repeat. */
  tail(at: number): Buffer {
    return this.#bytes.subarray(this.#dataStart + at, this.#dataStart + this.#length);
  }
}

export class PacketBufferPool {
  readonly #limit: number;
  readonly #geometry: PacketGeometry;
  readonly #free: PacketBuffer[] = [];

  /** Keeps at most `limit` buffers that nobody uses. */
  constructor(geometry: PacketGeometry, limit: number) {
    this.#geometry = geometry;
    this.#limit = limit;
  }

  get geometry(): PacketGeometry {
    return this.#geometry;
  }

  take(): PacketBuffer {
    const buffer = this.#free.pop() ?? new PacketBuffer(this.#geometry);
    buffer.reset();
    return buffer;
  }

  give(buffer: PacketBuffer): void {
    if (this.#free.length < this.#limit) this.#free.push(buffer);
  }
}
