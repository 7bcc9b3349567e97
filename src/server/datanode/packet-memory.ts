// Memory for the packets of blocks that come in: to put them together, and to send them on. Blocks come and go all the time,
// and fresh memory for each would cost more than what is done with its packets: pages to clear, and collections that
// the engine makes for the sake of memory outside its heap.

/** Packets of the usual size, with their checksums, find room twice. */
export const PACKET_MEMORY_BYTES = 128 * 1024;
/** Reads of the kernel go into a slab of this size, reused for each connection. */
export const SLAB_BYTES = 256 * 1024;
/** All packets that one read of the connection brings, and the one before them that it completes. */
export const TURN_MEMORY_BYTES = SLAB_BYTES + PACKET_MEMORY_BYTES;

/** Pieces of one size; so many are kept while nobody uses them. */
class Shelf {
  readonly bytes: number;
  private readonly room: number;
  private readonly idle: Buffer[] = [];

  constructor(bytes: number, room: number) {
    this.bytes = bytes;
    this.room = room;
  }

  take(): Buffer {
    return this.idle.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  give(memory: Buffer): void {
    if (this.idle.length < this.room) this.idle.push(memory);
  }
}

const shelves = [new Shelf(PACKET_MEMORY_BYTES, 64), new Shelf(TURN_MEMORY_BYTES, 24)];

/** At least `bytes`. */
export function takePacketMemory(bytes: number): Buffer {
  const shelf = shelves.find((each) => bytes <= each.bytes);
  return shelf?.take() ?? Buffer.allocUnsafeSlow(bytes);
}

/** Gives back what nobody reads or writes any more. */
export function givePacketMemory(memory: Buffer): void {
  shelves.find((each) => each.bytes === memory.length)?.give(memory);
}
