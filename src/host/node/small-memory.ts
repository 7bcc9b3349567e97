// A process that keeps little of what it needed once. V8 doubles the space for new objects whenever enough of them have survived,
// to 32 MiB and more, though most of a DataNode's die at once and 2 MiB take no more processor time; and the C library keeps what
// was freed, in an arena for each of many threads. Both are told not to; where they do not hear, the process is larger.
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { kernelLibrary } from './kernel-library.ts';

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

interface Trim {
  async(keep: number, done: (error: unknown) => void): void;
}

/** False: the C library has none. */
let trim: Trim | false | undefined;

function trimOf(): Trim | false {
  const library = kernelLibrary();
  if (library === false) return false;
  try {
    return library.func('int malloc_trim(size_t keep)') as Trim;
  } catch {
    return false;
  }
}

/** Gives the machine what the C library keeps for later, in a thread of the pool. */
export function trimMemory(): Promise<void> {
  trim ??= trimOf();
  const call = trim;
  return call === false ? Promise.resolve() : new Promise((resolve) => call.async(0, () => resolve()));
}

function limitArenas(): void {
  const library = kernelLibrary();
  if (library === false) return;
  try {
    const set = library.func('int mallopt(int option, int value)') as (option: number, value: number) => number;
    set(M_ARENA_MAX, ARENAS);
    set(M_MMAP_THRESHOLD, LARGE_BYTES);
    set(M_TRIM_THRESHOLD, LARGE_BYTES);
  } catch {
    // Another C library, which has its own ways.
  }
}

/** While it stands, V8 does not enlarge the space for new objects. Each thread that begins makes V8 forget it. */
const holdNewSpace = (): void => setFlagsFromString('--semi-space-growth-factor=1');

let isSmall = false;

/** From now on this process keeps little. For one that has just started, and for good. */
export function keepMemorySmall(): void {
  if (isSmall) return;
  isSmall = true;
  holdNewSpace();
  limitArenas();
  setInterval(() => {
    holdNewSpace();
    void trimMemory();
  }, TRIM_MS).unref();
}

/** To be told of each thread that is begun. */
export function threadBegins(worker: Worker): Worker {
  if (isSmall) worker.once('online', holdNewSpace);
  return worker;
}
