// Buffers in which packets are made for readers, kept for the next one. Readers that take many packets get large ones, as
// long as there are not too many of those.

import { Shelf } from '../../base/shelf.ts';

/** Room for four packets of 128 KB with headers and checksums of 512-byte chunks, and what goes before and behind them. */
export const LARGE_BYTES = 4 * (64 + 1024 + 128 * 1024) + 1024;
/** Below this, memory of the process's own pool serves as well. */
const SMALL_BYTES = 32 * 1024;
/** Large buffers that may be out at once; beyond, readers get a packet at a time. */
const MAX_LARGE = 64;
/** Large buffers that are kept. */
const MAX_KEPT = 16;

const kept = new Shelf<Buffer>(MAX_KEPT, () => Buffer.allocUnsafeSlow(LARGE_BYTES));
const lent = new Set<Buffer>();

/** Whether another reader may have a large buffer. */
export function mayTakeLarge(): boolean {
  return lent.size < MAX_LARGE;
}

export function takeBuffer(bytes: number): Buffer {
  if (bytes <= SMALL_BYTES) return Buffer.allocUnsafe(bytes);
  if (bytes > LARGE_BYTES || !mayTakeLarge()) return Buffer.allocUnsafeSlow(bytes);
  const buffer = kept.take();
  lent.add(buffer);
  return buffer;
}

/** Gives back what nobody reads or writes any more. */
export function giveBuffer(buffer: Buffer): void {
  if (lent.delete(buffer)) kept.give(buffer);
}

/** Lets go what no reader has needed since it was called last, and answers it. */
export const dropUnusedBuffers = (): Buffer[] => kept.dropUnused();

/** Gives up a buffer that the kernel may still read. */
export function dropBuffer(buffer: Buffer): void {
  lent.delete(buffer);
}
