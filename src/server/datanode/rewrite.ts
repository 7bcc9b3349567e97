// After a failed sync a kernel takes the file's pages for clean: everybody goes on reading what was written, later syncs
// succeed, and nothing of it is on the disk. Who takes over a replica after such a failure, or one of a process of which
// nobody knows what it met, writes the same bytes to the same places, so that a sync has something to do. Apache syncs once more.
import type { VolumeFile } from './volume-disk.ts';

const PART_BYTES = 1024 * 1024;

/** Writes a file over with what it holds. It is as it was at any moment in between. */
export async function rewrite(file: VolumeFile): Promise<void> {
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafe(Math.min(size, PART_BYTES));
  for (let at = 0; at < size; ) {
    const got = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (got === 0) return;
    await file.write(buffer.subarray(0, got), at);
    at += got;
  }
}
