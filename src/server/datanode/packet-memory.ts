// Memory for the packets of blocks that come in. They are put into it once, from the network's, and the next node and the disk
// take them from there, each as long as it needs. Blocks come and go all the time, and fresh memory for each would cost more
// than what is done with its packets: pages to clear, and collections that the engine makes for the sake of memory
// outside its heap.
import { assert } from '../../base/assert.ts';

/** Packets of the usual size, with their checksums, find room twice. */
export const PACKET_MEMORY_BYTES = 128 * 1024;
/** Reads of the kernel go into a slab of this size, reused for each connection. */
export const SLAB_BYTES = 256 * 1024;
/** All packets that one read of the connection brings, and the one before them that it completes. */
export const TURN_MEMORY_BYTES = SLAB_BYTES + PACKET_MEMORY_BYTES;
/** A connection reads into memory of its own only where so much finds room. */
export const LEAST_ROOM_BYTES = 128 * 1024;
/** Less than this is copied rather than holding on to the memory that it lies in, which is larger. */
export const HELD_BYTES = 16 * 1024;

/** Memory that several hold; it serves again once the last has let go. Whoever forgets to costs a piece of memory, no more. */
export class PacketMemory {
  readonly bytes: Buffer;
  private holders = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isShared(): boolean {
    return this.holders > 1;
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    assert(this.holders > 0, 'packet memory is released more often than held');
    this.holders--;
    if (this.holders === 0) shelfOf(this.bytes.length)?.give(this);
  }
}

/** Pieces of one size; so many are kept while nobody uses them. */
class Shelf {
  readonly bytes: number;
  private readonly room: number;
  private readonly idle: PacketMemory[] = [];

  constructor(bytes: number, room: number) {
    this.bytes = bytes;
    this.room = room;
  }

  take(): PacketMemory {
    return this.idle.pop() ?? new PacketMemory(Buffer.allocUnsafeSlow(this.bytes));
  }

  give(memory: PacketMemory): void {
    if (this.idle.length < this.room) this.idle.push(memory);
  }
}

const shelves = [new Shelf(PACKET_MEMORY_BYTES, 64), new Shelf(TURN_MEMORY_BYTES, 24)];

const shelfOf = (bytes: number): Shelf | undefined => shelves.find((each) => each.bytes === bytes);

/** At least `bytes`, held by the caller. */
export function takePacketMemory(bytes: number): PacketMemory {
  const shelf = shelves.find((each) => bytes <= each.bytes);
  const memory = shelf?.take() ?? new PacketMemory(Buffer.allocUnsafeSlow(bytes));
  memory.hold();
  return memory;
}
