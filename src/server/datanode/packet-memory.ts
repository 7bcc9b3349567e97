// Memory for the packets of blocks that come in: to put them together, and to send them on. Blocks come and go all the time,
// and fresh memory for each would cost more than what is done with its packets.

/** Packets of the usual size, with their checksums, find room twice. */
export const PACKET_MEMORY_BYTES = 128 * 1024;
/** Pieces that are kept while nobody uses them. */
const MAX_IDLE = 64;

const idle: Buffer[] = [];

/** At least `bytes`. */
export function takePacketMemory(bytes: number): Buffer {
  if (bytes > PACKET_MEMORY_BYTES) return Buffer.allocUnsafeSlow(bytes);
  return idle.pop() ?? Buffer.allocUnsafeSlow(PACKET_MEMORY_BYTES);
}

/** Gives back what nobody reads or writes any more. */
export function givePacketMemory(memory: Buffer): void {
  if (memory.length === PACKET_MEMORY_BYTES && idle.length < MAX_IDLE) idle.push(memory);
}
