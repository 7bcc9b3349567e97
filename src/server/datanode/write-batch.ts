// What is to go into the two files of a replica with one write each: bytes of the data file that follow one another, and
// the checksums that belong to them. Bytes are written from where they lie, in the packets' memory, which is held until they
// are; few of them are copied instead. Which bytes and checksums these are is replica-files.ts.
import { HELD_BYTES, type PacketMemory } from './packet-memory.ts';

/** Copies lie in blocks of this size, which are used again. */
const BLOCK_BYTES = 256 * 1024;
/** Blocks that are kept for the next copies of any replica. */
const MAX_FREE_BLOCKS = 8;
/** Room for the checksums of 1 MB in chunks of 512 bytes. */
const SUMS_BYTES = 8192;

/** Memory for checksums that is kept for the next batches. */
const MAX_FREE_SUMS = 64;

const freeBlocks: Buffer[] = [];
const freeSums: Buffer[] = [];
const NOTHING = Buffer.alloc(0);

export class WriteBatch {
  /** Where the first byte belongs in the data file. */
  dataAt = 0;
  dataBytes = 0;
  /** Where the first checksum belongs in the meta file. */
  sumsAt = 0;
  /** End of the replica with this batch, and the checksum of a last, partial chunk. */
  end = 0;
  lastSum: Buffer | undefined;
  /** Packets that bytes came in. */
  packets = 0;
  private pieces: Buffer[] = [];
  private readonly held: PacketMemory[] = [];
  private readonly blocks: Buffer[] = [];
  private blockUsed = BLOCK_BYTES;
  /** The last piece is a copy of ours, and what is copied next may go on behind it. */
  private lastIsCopy = false;
  /** Taken with the first checksums, given back when they are written. */
  private sumsBuffer: Buffer = NOTHING;
  private sumBytes = 0;

  get data(): readonly Buffer[] {
    return this.pieces;
  }

  get sums(): Buffer {
    return this.sumsBuffer.subarray(0, this.sumBytes);
  }

  get bytes(): number {
    return this.dataBytes + this.sumBytes;
  }

  /** Bytes that follow those before, and the memory that they lie in if it is to be held. */
  addData(piece: Buffer, at: number, memory: PacketMemory | undefined): void {
    if (this.dataBytes === 0) this.dataAt = at;
    this.dataBytes += piece.length;
    if (piece.length < HELD_BYTES) {
      this.copy(piece);
      return;
    }
    this.pieces.push(piece);
    this.lastIsCopy = false;
    const { held } = this;
    if (memory === undefined || held[held.length - 1] === memory) return;
    memory.hold();
    held.push(memory);
  }

  private copy(piece: Buffer): void {
    const { pieces, blocks } = this;
    for (let at = 0; at < piece.length; ) {
      if (this.blockUsed === BLOCK_BYTES) {
        blocks.push(freeBlocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
        this.blockUsed = 0;
        this.lastIsCopy = false;
      }
      const block = blocks[blocks.length - 1] as Buffer;
      const start = this.blockUsed;
      const part = Math.min(piece.length - at, BLOCK_BYTES - start);
      piece.copy(block, start, at, at + part);
      this.blockUsed += part;
      at += part;
      const before = this.lastIsCopy ? (pieces.pop() as Buffer).length : 0;
      pieces.push(block.subarray(start - before, start + part));
      this.lastIsCopy = true;
    }
  }

  /** Checksums that follow those before, or take the place of the last of them. */
  addSums(sums: Buffer, at: number): void {
    if (sums.length === 0) return;
    if (this.sumBytes === 0) this.sumsAt = at;
    const from = at - this.sumsAt;
    const end = from + sums.length;
    if (end > this.sumsBuffer.length) {
      const before = this.sumsBuffer;
      this.sumsBuffer =
        end <= SUMS_BYTES
          ? (freeSums.pop() ?? Buffer.allocUnsafeSlow(SUMS_BYTES))
          : Buffer.allocUnsafeSlow(Math.max(end, before.length * 2));
      before.copy(this.sumsBuffer, 0, 0, this.sumBytes);
      keepSums(before);
    }
    sums.copy(this.sumsBuffer, from);
    this.sumBytes = end;
  }

  /** Makes it empty. Only when nothing writes from it. */
  clear(): void {
    this.pieces.length = 0;
    for (const memory of this.held) memory.release();
    this.held.length = 0;
    this.lastIsCopy = false;
    this.packets = 0;
    this.dataBytes = 0;
    this.sumBytes = 0;
    this.lastSum = undefined;
    for (const block of this.blocks) if (freeBlocks.length < MAX_FREE_BLOCKS) freeBlocks.push(block);
    this.blocks.length = 0;
    this.blockUsed = BLOCK_BYTES;
    keepSums(this.sumsBuffer);
    this.sumsBuffer = NOTHING;
  }
}

function keepSums(buffer: Buffer): void {
  if (buffer.length === SUMS_BYTES && freeSums.length < MAX_FREE_SUMS) freeSums.push(buffer);
}
