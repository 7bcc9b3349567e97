// A process that keeps little of what it needed once. V8 doubles the space for new objects whenever enough of them have survived,
// to 32 MiB and more, though most of a DataNode's die at once and 2 MiB take no more processor time; and the C library keeps what
// was freed, in an arena for each of many threads. Both are told not to; where they do not hear, the process is larger.
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { fromKernelLibrary, type KernelLibrary } from './kernel-library.ts';

/** The C library's numbers (glibc). */
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
const M_ARENA_MAX = -8;
/** Memory from this size on goes back the moment it is freed. */
const LARGE_BYTES = 128 * 1024;
/** For the threads of the pool to share. */
const ARENAS = 2;
/** So often the C library gives back what it has. */
const TRIM_MS = 10_000;
/** And once when the start, which takes more than what comes after it, is over. */
const START_MS = 1000;
/** Linux's number: pages are gone, and are empty ones when they are touched again. */
const MADV_DONTNEED = 4;

interface Trim {
  async(keep: number, done: (error: unknown) => void): void;
}

/** False: the C library has none. */
let trim: Trim | false | undefined;

function beginTrim(): Promise<void> {
  trim ??= fromKernelLibrary((library) => library.func('int malloc_trim(size_t keep)') as Trim) ?? false;
  const call = trim;
  return new Promise((resolve) => {
    if (call === false) resolve();
    else call.async(0, () => resolve());
  });
}

let trimming: Promise<void> | undefined;

/** Gives the machine what the C library keeps for later, in a thread of the pool, where disks that hang may keep it waiting. */
export function trimMemory(): Promise<void> {
  // One at a time: behind disks that hang they would pile up.
  trimming ??= beginTrim()
    .catch(() => undefined) // too many calls of the library are under way: another time
    .finally(() => {
      trimming = undefined;
    });
  return trimming;
}

function limitArenas(): void {
  fromKernelLibrary((library) => {
    const set = library.func('int mallopt(int option, int value)') as (option: number, value: number) => number;
    set(M_ARENA_MAX, ARENAS);
    set(M_MMAP_THRESHOLD, LARGE_BYTES);
    set(M_TRIM_THRESHOLD, LARGE_BYTES);
  });
}

/** While it stands, V8 does not enlarge the space for new objects. Each thread that begins makes V8 forget it. */
const holdNewSpace = (): void => setFlagsFromString('--semi-space-growth-factor=1');

let isSmall = false;

/**
 * The space for new objects grows with what a start makes, to 32 MiB, and no collection that a program can ask for by itself
 * makes it small again; this one, of the debugger, does. Without it (Node can be built so) the memory stays until it is used again.
 */
async function collectGarbage(): Promise<void> {
  if (!process.features.inspector) return;
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
}

/** As Machine.releaseMemory. */
export async function releaseMemory(): Promise<void> {
  await collectGarbage();
  await trimMemory();
}

interface Pages {
  readonly bytes: number;
  readonly advise: (address: bigint, bytes: number, advice: number) => number;
  addressOf(bytes: Uint8Array): bigint;
}

/** False: the kernel takes no advice. */
let pages: Pages | false | undefined;

const pagesOf = (library: KernelLibrary): Pages => ({
  bytes: (library.func('int getpagesize()') as () => number)(),
  advise: library.func('int madvise(uintptr_t address, size_t bytes, int advice)') as Pages['advise'],
  addressOf: (bytes) => library.addressOf(bytes),
});

/**
 * Gives the pages of memory that nobody will look at again to the machine; the rest of it goes when V8 finds it to be garbage. V8
 * could be made to look: but then it forgets, of the code that it has compiled, what has to do with objects that are gone, as those
 * of the last connection always are, and compiles it again for the next one, for a fifth of a DataNode's processor time.
 */
export function givePagesBack(memory: readonly Buffer[]): void {
  if (memory.length === 0) return;
  pages ??= fromKernelLibrary(pagesOf) ?? false;
  if (pages === false) return;
  const page = pages.bytes;
  for (const bytes of memory) {
    const begin = Number(pages.addressOf(bytes));
    const from = Math.ceil(begin / page) * page;
    const to = Math.floor((begin + bytes.length) / page) * page;
    // Where the kernel refuses, it keeps them until V8 has looked.
    if (to > from) pages.advise(BigInt(from), to - from, MADV_DONTNEED);
  }
}

/** From now on this process keeps little. For one that has just started, and for good. `dropUnused` as in Machine. */
export function keepMemorySmall(dropUnused: () => readonly Buffer[]): void {
  if (isSmall) return;
  isSmall = true;
  holdNewSpace();
  limitArenas();
  const look = (): void => {
    holdNewSpace();
    givePagesBack(dropUnused());
    trimMemory().catch(() => undefined); // the memory stays until it is needed
  };
  setTimeout(look, START_MS).unref();
  setInterval(look, TRIM_MS).unref();
}

/** To be told of each thread that is begun. */
export function threadBegins(worker: Worker): Worker {
  if (isSmall) worker.once('online', holdNewSpace);
  return worker;
}
