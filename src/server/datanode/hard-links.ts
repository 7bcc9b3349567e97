// While a volume keeps the state of before an upgrade, its files and those of now are the same ones under two names. Before
// one of them is changed in place it gets a copy of its own, so that a rollback finds what was there. Apache:
// LocalReplica.breakHardLinksIfNeeded.
import type { Log } from '../../host/host.ts';
import type { BlockPool } from './block-pool.ts';
import { unlinkQuietly } from './replica-removal.ts';
import type { Volume } from './volume.ts';
import type { VolumeDisk, VolumeFile } from './volume-disk.ts';

/** A copy that was not yet put in place when a crash came. Apache: DatanodeUtil.UNLINK_BLOCK_SUFFIX. */
const UNLINKED_SUFFIX = '.unlinked';
const COPY_BYTES = 1024 * 1024;

/** Nobody may have the files open for writing. */
export async function breakHardLinks(pool: BlockPool, volume: Volume, paths: readonly string[]): Promise<void> {
  if (!pool.keepsPrevious.has(volume)) return;
  for (const path of paths) await copyInPlace(volume.disk, path);
}

/** Of the names in a directory, removes those of copies that a crash left beside the files that they are of. */
export async function removeLeftCopies(log: Log, volume: Volume, directory: string, names: readonly string[]): Promise<void> {
  const copies = names.filter((name) => name.endsWith(UNLINKED_SUFFIX));
  if (copies.length === 0) return;
  const there = new Set(names);
  for (const name of copies) {
    if (there.has(name.slice(0, -UNLINKED_SUFFIX.length))) await unlinkQuietly(log, volume, `${directory}/${name}`);
  }
}

async function copyInPlace(disk: VolumeDisk, path: string): Promise<void> {
  const aside = `${path}${UNLINKED_SUFFIX}`;
  const from = await disk.open(path, 'r');
  try {
    await copyTo(disk, aside, from);
    await disk.rename(aside, path);
  } catch (error) {
    // On a full disk it would take the last room for good.
    await disk.unlink(aside).catch(() => undefined);
    throw error;
  } finally {
    await from.close();
  }
}

async function copyTo(disk: VolumeDisk, path: string, from: VolumeFile): Promise<void> {
  const to = await disk.open(path, 'w');
  try {
    const buffer = Buffer.allocUnsafe(COPY_BYTES);
    for (let at = 0; ; ) {
      const got = await from.read(buffer, 0, COPY_BYTES, at);
      if (got === 0) break;
      await to.write(buffer.subarray(0, got), at);
      at += got;
    }
    await to.datasync();
  } finally {
    await to.close();
  }
}
