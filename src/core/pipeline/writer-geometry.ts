// How bytes of a file fall into chunks and packets on the writing side: pure arithmetic, nothing else. The machine that
// queues the packets is writer.ts; what a packet looks like on the wire is wire/transfer.
import { assert } from '../../base/assert.ts';

/** Apache: PacketHeader.PKT_MAX_HEADER_LEN, two lengths and the longest header message. */
export const MAX_PACKET_HEADER_BYTES = 33;
const CHECKSUM_BYTES = 4;

export interface PacketGeometry {
  readonly bytesPerChecksum: number;
  /** 0 for a file without checksums, 4 otherwise. */
  readonly checksumBytes: number;
  readonly chunksPerPacket: number;
  /** Data bytes of a full packet. */
  readonly dataBytes: number;
}

/**
 * The shape of packets: `dfs.client-write-packet-size` holds header, checksums and data together, with at least one
 * chunk. Formula of Apache: DFSOutputStream.computePacketChunkSize.
 */
export function packetGeometry(writePacketSize: number, bytesPerChecksum: number, checksummed: boolean): PacketGeometry {
  assert(bytesPerChecksum > 0, 'bytes per checksum are positive');
  const checksumBytes = checksummed ? CHECKSUM_BYTES : 0;
  const body = writePacketSize - MAX_PACKET_HEADER_BYTES;
  const chunksPerPacket = Math.max(Math.floor(body / (bytesPerChecksum + checksumBytes)), 1);
  return { bytesPerChecksum, checksumBytes, chunksPerPacket, dataBytes: chunksPerPacket * bytesPerChecksum };
}

/** Chunks that `length` bytes starting on a chunk border make. */
export function chunkCount(length: number, bytesPerChecksum: number): number {
  return Math.ceil(length / bytesPerChecksum);
}

/**
 * How many more bytes a packet takes that starts at `packetOffset` of its block and holds `filled` already. Behind bytes of
 * somebody else that end within a chunk, a packet ends with that chunk: its checksum covers what is added only.
 */
export function packetRoom(geometry: PacketGeometry, blockSize: number, packetOffset: number, filled: number): number {
  const within = packetOffset % geometry.bytesPerChecksum;
  const most = within === 0 ? geometry.dataBytes : geometry.bytesPerChecksum - within;
  return Math.min(most, blockSize - packetOffset) - filled;
}

/**
 * Where the packet after a flush at `end` starts: a chunk that is not full yet is sent again from its first byte, because
 * its checksum covers all of it; or from where the packet of the flush started, when the chunk's beginning is not ours.
 */
export function restartOfChunk(end: number, bytesPerChecksum: number, packetOffset = 0): number {
  return Math.max(end - (end % bytesPerChecksum), packetOffset);
}
