// Memory for the packets of blocks that come in. They are put into it once, from the network's, and the next node and the disk
// take them from there, each as long as it needs. Blocks come and go all the time, and fresh memory for each would cost more
// than what is done with its packets: pages to clear, and collections that the engine makes for the sake of memory
// outside its heap.
import { assert } from '../../base/assert.ts';
import { Shelf } from '../../base/shelf.ts';

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

const memoryOf = (bytes: number): PacketMemory => new PacketMemory(Buffer.allocUnsafeSlow(bytes));

interface Size {
  readonly bytes: number;
  readonly shelf: Shelf<PacketMemory>;
}

const sizeOf = (bytes: number, room: number): Size => ({ bytes, shelf: new Shelf(room, () => memoryOf(bytes)) });

const sizes: readonly Size[] = [sizeOf(PACKET_MEMORY_BYTES, 64), sizeOf(TURN_MEMORY_BYTES, 24)];

const shelfOf = (bytes: number): Shelf<PacketMemory> | undefined => sizes.find((each) => each.bytes === bytes)?.shelf;

/** At least `bytes`, held by the caller. */
export function takePacketMemory(bytes: number): PacketMemory {
  const memory = sizes.find((each) => bytes <= each.bytes)?.shelf.take() ?? memoryOf(bytes);
  memory.hold();
  return memory;
}

/** Lets go what no packet has needed since it was called last, and answers it. */
export const dropUnusedMemory = (): Buffer[] => sizes.flatMap(({ shelf }) => shelf.dropUnused().map(({ bytes }) => bytes));
