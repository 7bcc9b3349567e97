// What of the packets of a block belongs to the range a reader asked for: DataNodes send whole chunks, so the first
// packet may begin before it and the last one end behind it. Pure arithmetic.
import { ProtocolError } from '../base/errors.ts';

export interface ReadRange {
  /** First byte wanted, in the block. */
  readonly start: number;
  /** Behind the last byte wanted. */
  readonly end: number;
}

/** Throws ProtocolError when a DataNode wants to begin at a place from which `start` cannot be read. */
export function checkFirstChunk(chunkOffset: number, start: number, bytesPerChecksum: number): void {
  if (chunkOffset < 0 || chunkOffset > start || chunkOffset <= start - bytesPerChecksum) {
    throw new ProtocolError(`error in first chunk offset (${chunkOffset}) startOffset is ${start}`);
  }
}

/** The part of a packet's data that is wanted, as offsets into it: empty when there is none. */
export function wantedPart(
  range: ReadRange,
  packetOffset: number,
  dataLength: number,
): { readonly from: number; readonly to: number } {
  const from = Math.min(Math.max(0, range.start - packetOffset), dataLength);
  const to = Math.max(from, Math.min(dataLength, range.end - packetOffset));
  return { from, to };
}

/** Bytes of checksums that must stand before `dataLength` bytes. */
export function checksumBytesFor(dataLength: number, bytesPerChecksum: number, checksumSize: number): number {
  return Math.ceil(dataLength / bytesPerChecksum) * checksumSize;
}
