// The trash of a block pool on one volume: during a rolling upgrade blocks that the NameNode wants gone are moved there, so
// that `-rollback` finds them again. A file keeps its place: trash/finalized/subdir0/subdir1/blk_7 was in current/finalized/….
// The marker file says that the upgrade is under way. Apache: BlockPoolSliceStorage, its trash part.
import { poolCurrentDir, poolDir, trashDir } from './layout.ts';
import type { DirectoryDisk } from './volume-disk.ts';

const MARKER = 'RollingUpgradeInProgress';

/** Directory in the trash for the files of a directory of the pool. */
export function trashDirectoryOf(volumePath: string, pool: string, directory: string): string {
  return `${trashDir(volumePath, pool)}${directory.slice(poolCurrentDir(volumePath, pool).length)}`;
}

/** Moves everything back that has not been replaced meanwhile, and removes the trash. Answers how many files came back. */
export async function restoreTrash(disk: DirectoryDisk, volumePath: string, pool: string): Promise<number> {
  const root = trashDir(volumePath, pool);
  if (!(await disk.exists(root))) return 0;
  const restored = await restoreInto(disk, root, poolCurrentDir(volumePath, pool));
  await disk.removeTree(root);
  await disk.syncDirectory(poolDir(volumePath, pool));
  return restored;
}

async function restoreInto(disk: DirectoryDisk, from: string, to: string): Promise<number> {
  let restored = 0;
  let moved = 0;
  await disk.mkdir(to);
  for (const name of await disk.readdir(from)) {
    const source = `${from}/${name}`;
    const target = `${to}/${name}`;
    const { isDirectory, size } = await disk.stat(source);
    if (isDirectory) {
      restored += await restoreInto(disk, source, target);
      continue;
    }
    // Never an older version over a newer one.
    if ((await disk.exists(target)) && (await disk.stat(target)).size >= size) continue;
    await disk.rename(source, target);
    moved++;
  }
  if (moved > 0) await disk.syncDirectory(to);
  return restored + moved;
}

/** Answers whether there was any. */
export async function clearTrash(disk: DirectoryDisk, volumePath: string, pool: string): Promise<boolean> {
  const root = trashDir(volumePath, pool);
  if (!(await disk.exists(root))) return false;
  await disk.removeTree(root);
  return true;
}

export async function setUpgradeMarker(disk: DirectoryDisk, volumePath: string, pool: string): Promise<void> {
  const path = `${poolDir(volumePath, pool)}/${MARKER}`;
  if (await disk.exists(path)) return;
  const file = await disk.open(path, 'w');
  await file.close();
  await disk.syncDirectory(poolDir(volumePath, pool));
}

/** Answers whether it was there. */
export async function clearUpgradeMarker(disk: DirectoryDisk, volumePath: string, pool: string): Promise<boolean> {
  const path = `${poolDir(volumePath, pool)}/${MARKER}`;
  if (!(await disk.exists(path))) return false;
  await disk.unlink(path);
  return true;
}
