// Files that the kernel has in memory, opened and read in the thread itself: the way to another thread and back takes ten
// times as long as such a call. Nothing here may wait for a disk, which can hang at any time, so each call is one that the
// kernel answers from memory or refuses: names are looked up with RESOLVE_CACHED, pages are counted (cachestat) before they
// are read with RWF_NOWAIT. Counted are those of the next read-ahead too: NOWAIT begins one, and beginning it may wait. Where the
// kernel reads far ahead, these are counted once for all reads of a few milliseconds. Nor is a reader's visit written down
// (O_NOATIME), since that takes a place in the file system's journal. Tried, with a file of the volume, before it is used.
import fs, { promises as fsp } from 'node:fs';
import type { CachedFile, CachedReads } from '../host.ts';
import { type KernelLibrary, kernelLibrary, O_CLOEXEC } from './kernel-library.ts';
import { NodeFile } from './node-file.ts';

/** More than that is copied by another thread: this one has others to serve. */
const LONGEST_BYTES = 576 * 1024;

/** Counting the pages of a longer read-ahead takes longer than a short read: what was counted just now is not counted again. */
const LONG_READ_AHEAD_BYTES = 512 * 1024;
/**
 * How long ago "just now" is: the system lets this thread stand still for longer between two calls. Only pages that left the
 * memory meanwhile and were brought back by another's read-ahead could begin one.
 */
const COUNTED_MS = 20;

/** Linux's numbers, the same on every processor of today. */
const SYS_OPENAT2 = 437;
const SYS_CACHESTAT = 451;
const AT_FDCWD = -100;
const RESOLVE_CACHED = 0x20;
const RWF_NOWAIT = 8;
const SEEK_END = 2;
/** File systems of which it is known that an open file's pages and a name's inode are all that these calls need. */
const EXT4 = 0xef53;

interface Calls {
  open(number: number, directory: number, path: string, how: Buffer, bytes: number): number;
  seek(file: number, offset: number, whence: number): number;
  countPages(number: number, file: number, range: Buffer, counts: Buffer, flags: number): number;
  read(file: number, vector: Buffer, vectors: number, position: number, flags: number): number;
  pageBytes(): number;
}

function callsOf(library: KernelLibrary): Calls | undefined {
  try {
    return {
      open: library.func('long syscall(long number, int directory, str path, void *how, size_t bytes)') as Calls['open'],
      seek: library.func('int64_t lseek64(int file, int64_t offset, int whence)') as Calls['seek'],
      countPages: library.func(
        'long syscall(long number, int file, void *range, void *counts, uint32_t flags)',
      ) as Calls['countPages'],
      read: library.func('long preadv64v2(int file, void *vector, int vectors, int64_t position, int flags)') as Calls['read'],
      pageBytes: library.func('int getpagesize()') as Calls['pageBytes'],
    };
  } catch {
    return undefined; // an older C library
  }
}

interface KnownFile {
  readonly size: number;
  /** When each stretch of it, as long as a read-ahead, was found to be in memory; none where these are short. */
  readonly countedAt: Float64Array;
}

class CachedCalls implements CachedReads {
  private readonly calls: Calls;
  private readonly library: KernelLibrary;
  private readonly pageBytes: number;
  private readonly readAheadBytes: number;
  /** open_how, cachestat_range, cachestat and iovec, as the kernel wants them. */
  private readonly how = Buffer.alloc(24);
  private readonly range = Buffer.alloc(16);
  private readonly counts = Buffer.alloc(40);
  private readonly vector = Buffer.alloc(16);

  constructor(library: KernelLibrary, calls: Calls, readAheadBytes: number) {
    this.library = library;
    this.calls = calls;
    this.pageBytes = calls.pageBytes();
    this.readAheadBytes = readAheadBytes;
    const { O_RDONLY, O_NOATIME } = fs.constants;
    this.how.writeUInt32LE(O_RDONLY | O_NOATIME | O_CLOEXEC, 0);
    this.how.writeUInt32LE(RESOLVE_CACHED, 16);
  }

  open(path: string): NodeCachedFile | undefined {
    const descriptor = this.calls.open(SYS_OPENAT2, AT_FDCWD, path, this.how, this.how.length);
    if (descriptor < 0) return undefined;
    const size = this.calls.seek(descriptor, 0, SEEK_END);
    const stretches = this.readAheadBytes >= LONG_READ_AHEAD_BYTES ? Math.ceil(size / this.readAheadBytes) : 0;
    return new NodeCachedFile(path, descriptor, this, {
      size,
      countedAt: new Float64Array(stretches).fill(Number.NEGATIVE_INFINITY),
    });
  }

  /** All of it. */
  read(file: number, known: KnownFile, into: Uint8Array, position: number): number | undefined {
    const end = position + into.length;
    if (into.length === 0 || into.length > LONGEST_BYTES || end > known.size) return undefined;
    if (!this.holdsAhead(file, known, position, end)) return undefined;
    this.vector.writeBigUInt64LE(this.library.addressOf(into), 0);
    this.vector.writeUInt32LE(into.length, 8);
    return this.calls.read(file, this.vector, 1, position, RWF_NOWAIT) === into.length ? into.length : undefined;
  }

  /** What is read, and what would be read ahead. */
  private holdsAhead(file: number, { size, countedAt }: KnownFile, from: number, to: number): boolean {
    const { readAheadBytes } = this;
    const end = Math.min(to + readAheadBytes, size);
    if (countedAt.length === 0) return this.holds(file, from, end);
    if (!this.holds(file, from, to)) return false;
    const now = performance.now();
    for (let i = Math.floor(from / readAheadBytes); i * readAheadBytes < end; i++) {
      if (now - (countedAt[i] as number) < COUNTED_MS) continue;
      if (!this.holds(file, i * readAheadBytes, Math.min((i + 1) * readAheadBytes, size))) return this.holds(file, to, end);
      countedAt[i] = now;
    }
    return true;
  }

  private holds(file: number, from: number, to: number): boolean {
    put(this.range, 0, from);
    put(this.range, 8, to - from);
    if (this.calls.countPages(SYS_CACHESTAT, file, this.range, this.counts, 0) !== 0) return false;
    return this.counts.readUInt32LE(0) >= Math.floor((to - 1) / this.pageBytes) - Math.floor(from / this.pageBytes) + 1;
  }
}

const WORD = 0x1_0000_0000;

function put(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % WORD, at);
  into.writeUInt32LE(Math.floor(value / WORD), at + 4);
}

class NodeCachedFile extends NodeFile implements CachedFile {
  private readonly calls: CachedCalls;
  private readonly known: KnownFile;

  constructor(path: string, descriptor: number, calls: CachedCalls, known: KnownFile) {
    super(path, descriptor);
    this.calls = calls;
    this.known = known;
  }

  readNow(buffer: Uint8Array, offset: number, length: number, position: number): number | undefined {
    return this.calls.read(this.fd, this.known, buffer.subarray(offset, offset + length), position);
  }

  closeNow(): void {
    this.closeSync();
  }
}

/** How far the kernel reads ahead on the file's disk. */
async function readAheadOf(file: string): Promise<number> {
  const { dev } = await fsp.stat(file, { bigint: true });
  // As the C library's major() and minor() take the number apart.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const device = `/sys/dev/block/${major}:${minor}`;
  // A partition has no queue of its own, and lies in the directory of its disk.
  const queue = (await exists(`${device}/partition`)) ? `${device}/../queue` : `${device}/queue`;
  return Number.parseInt(await fsp.readFile(`${queue}/read_ahead_kb`, 'latin1'), 10) * 1024;
}

const exists = (path: string): Promise<boolean> =>
  fsp.access(path).then(
    () => true,
    () => false,
  );

async function tryWith(file: string, library: KernelLibrary, ahead?: number): Promise<CachedReads | undefined> {
  const calls = callsOf(library);
  if (calls === undefined || (await fsp.statfs(file)).type !== EXT4) return undefined;
  const reads = new CachedCalls(library, calls, ahead ?? (await readAheadOf(file)));
  const expected = await fsp.readFile(file);
  const opened = reads.open(file);
  if (opened === undefined) return undefined;
  const seen = Buffer.alloc(expected.length);
  const got = opened.readNow(seen, 0, seen.length, 0);
  await opened.close();
  return got === seen.length && seen.equals(expected) ? reads : undefined;
}

/** `ahead`: how far the kernel reads ahead, where that is not to be asked. */
export async function cachedReads(file: string, library = kernelLibrary(), ahead?: number): Promise<CachedReads | undefined> {
  if (library === false) return undefined;
  try {
    return await tryWith(file, library, ahead);
  } catch {
    return undefined; // the file cannot be read, or the kernel does not say how far it reads ahead: the usual way tells, and serves
  }
}
