// What replicas take of a disk beyond their bytes: file systems give out whole blocks of their own, and directories take
// some too. Hadoop has `du` find that out; it follows from the lengths and the numbers of the replicas.

/** Of nearly every file system. */
export const DISK_BLOCK_BYTES = 4096;
/** Bytes that one checksum of a meta file covers, where nobody has said otherwise, and its own. */
const BYTES_PER_CHECKSUM = 512;
const CHECKSUM_BYTES = 4;
const META_HEADER_BYTES = 7;
/** A block pool's own, its current, finalized, rbw and tmp directories, and two small files: VERSION, scanner.cursor. */
const FIXED_BLOCKS = 7;
/** Directories that the blocks of a pool are spread over: so many, each with as many in it. */
const FAN_OUT = 32;

/** What the last disk block of a file has left over. */
const roundingOf = (bytes: number): number => (DISK_BLOCK_BYTES - (bytes % DISK_BLOCK_BYTES)) % DISK_BLOCK_BYTES;

export class DiskSpace {
  #bytes = FIXED_BLOCKS * DISK_BLOCK_BYTES;
  readonly #directories = new Uint8Array(FAN_OUT * FAN_OUT);
  readonly #outer = new Uint8Array(FAN_OUT);

  /** A replica of so many bytes, which lies in the directory that its number says. */
  add(low: number, numBytes: number): void {
    const metaBytes = META_HEADER_BYTES + CHECKSUM_BYTES * Math.ceil(numBytes / BYTES_PER_CHECKSUM);
    this.#bytes += roundingOf(numBytes) + roundingOf(metaBytes);
    const outer = (low >>> 16) & (FAN_OUT - 1);
    const directory = outer * FAN_OUT + ((low >>> 8) & (FAN_OUT - 1));
    if (this.#directories[directory] === 1) return;
    this.#directories[directory] = 1;
    this.#bytes += DISK_BLOCK_BYTES;
    if (this.#outer[outer] === 1) return;
    this.#outer[outer] = 1;
    this.#bytes += DISK_BLOCK_BYTES;
  }

  /** What is taken beyond the bytes of the files. */
  get overhead(): number {
    return this.#bytes;
  }
}
