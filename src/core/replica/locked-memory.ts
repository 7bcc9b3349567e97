// How much memory the replicas of a DataNode may take, dfs.datanode.max.locked.memory, and how much they do. Bytes are
// counted in pages of the system, and are not locked: what keeps them in memory is the file system that they lie in.
// Apache: FsDatasetCache, MemoryCacheStats.

/** Of every system that HDFS runs on, or a divisor of it. */
export const MEMORY_PAGE_BYTES = 4096;

export const roundUpToPages = (bytes: number): number => Math.ceil(bytes / MEMORY_PAGE_BYTES) * MEMORY_PAGE_BYTES;

export class LockedMemory {
  readonly capacity: number;
  #used = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  get free(): number {
    return this.capacity - this.#used;
  }

  /** Bytes that were taken, in whole pages; undefined: there is not so much room. */
  reserve(bytes: number): number | undefined {
    const pages = roundUpToPages(bytes);
    if (this.#used + pages > this.capacity) return undefined;
    this.#used += pages;
    return pages;
  }

  /** Counts what is there already, whatever room there is. Answers the bytes in whole pages. */
  count(bytes: number): number {
    const pages = roundUpToPages(bytes);
    this.#used += pages;
    return pages;
  }

  /** Gives back what `reserve` answered, or a part of it. */
  release(pages: number): void {
    this.#used -= pages;
  }
}
