// What is to go into the two files of a replica with one write each: bytes of the data file that follow one another, and
// the checksums that belong to them. Gathered where they lie, in the memory of the network; `own` copies them when the disk
// will take them only later. Which bytes and checksums these are is replica-files.ts.

/** Copies lie in blocks of this size, which are used again. */
const BLOCK_BYTES = 256 * 1024;
/** Blocks that are kept for the next copies of any replica. */
const MAX_FREE_BLOCKS = 32;
/** Room for the checksums of 512 KB in chunks of 512 bytes. */
const SUMS_BYTES = 4096;

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
  /** So many of the pieces are copies of ours. */
  private owned = 0;
  private readonly blocks: Buffer[] = [];
  private blockUsed = BLOCK_BYTES;
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

  /** It holds bytes that are not copies of ours. */
  get borrows(): boolean {
    return this.owned < this.pieces.length;
  }

  /** Bytes that follow those before; valid until `own` or `clear`. */
  addData(piece: Buffer, at: number): void {
    if (this.dataBytes === 0) this.dataAt = at;
    this.pieces.push(piece);
    this.dataBytes += piece.length;
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

  /** Copies what is not a copy yet: the memory that it came in may change. */
  own(): void {
    const borrowed = this.pieces.splice(this.owned);
    for (const piece of borrowed) {
      for (let at = 0; at < piece.length; ) {
        if (this.blockUsed === BLOCK_BYTES) {
          this.blocks.push(freeBlocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
          this.blockUsed = 0;
          this.pieces.push(Buffer.alloc(0));
        }
        const block = this.blocks[this.blocks.length - 1] as Buffer;
        const part = Math.min(piece.length - at, BLOCK_BYTES - this.blockUsed);
        piece.copy(block, this.blockUsed, at, at + part);
        this.blockUsed += part;
        at += part;
        this.pieces[this.pieces.length - 1] = block.subarray(0, this.blockUsed);
      }
    }
    this.owned = this.pieces.length;
  }

  /** Makes it empty. Only when nothing writes from it. */
  clear(): void {
    this.pieces.length = 0;
    this.owned = 0;
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
