// Written bytes on their way from the system's memory to the disk before anybody waits for them. Node has no call for that, so
// the kernel's is made (kernel-library.ts), in the thread pool: it holds its thread while the disk has too much to do.
import { fromKernelLibrary } from './kernel-library.ts';

/** Linux's number: begin to write, wait for nothing. */
const SYNC_FILE_RANGE_WRITE = 2;

interface Call {
  async(file: number, position: number, length: number, flags: number, done: (error: unknown, status: number) => void): void;
}

/** False: there is none, and syncs write everything. */
let found: Call | false | undefined;

const PROTOTYPE = 'int sync_file_range(int file, int64_t position, int64_t length, uint32_t flags)';

/** Answers whether the kernel began, at least. Errors of the disk are kept for the file's next sync. */
export function beginWriteback(file: number, position: number, length: number): Promise<boolean> {
  found ??= fromKernelLibrary((library) => library.func(PROTOTYPE) as Call) ?? false;
  const call = found;
  if (call === false) return Promise.resolve(false);
  return new Promise((resolve) => {
    call.async(file, position, length, SYNC_FILE_RANGE_WRITE, (error, status) => resolve(error === null && status === 0));
  });
}
