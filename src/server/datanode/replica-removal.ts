// How the files of a replica go: deleted, or moved to the trash of a rolling upgrade. What is not there any more is fine.
import { messageOf } from '../../base/errors.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { Log } from '../../host/host.ts';
import { trashDirectoryOf } from './pool-trash.ts';
import type { Volume } from './volume.ts';

/** A file that is not there is fine; any other failure is logged. */
export async function unlinkQuietly(log: Log, volume: Volume, path: string): Promise<void> {
  try {
    await volume.disk.unlink(path);
  } catch (error) {
    if (diskErrorCode(error) !== 'ENOENT') log.log('warn', 'datanode', `${path} was not deleted: ${messageOf(error)}`);
  }
}

/** For a file that mostly is not there: a call that fails has its volume checked. */
export async function unlinkIfThere(log: Log, volume: Volume, path: string): Promise<void> {
  try {
    if (await volume.disk.exists(path)) await volume.disk.unlink(path);
  } catch (error) {
    log.log('warn', 'datanode', `${path} was not deleted: ${messageOf(error)}`);
  }
}

/** 0 for a file that is not there. */
export async function sizeQuietly(log: Log, volume: Volume, path: string): Promise<number> {
  try {
    return (await volume.disk.stat(path)).size;
  } catch (error) {
    if (diskErrorCode(error) !== 'ENOENT') log.log('warn', 'datanode', `${path} was not found: ${messageOf(error)}`);
    return 0;
  }
}

/** False: they are still where they were. */
export async function moveToTrash(log: Log, volume: Volume, poolId: string, block: string, meta: string): Promise<boolean> {
  const directory = block.slice(0, block.lastIndexOf('/'));
  const trash = trashDirectoryOf(volume.path, poolId, directory);
  try {
    await volume.disk.mkdir(trash);
    for (const path of [block, meta]) {
      const to = `${trash}${path.slice(directory.length)}`;
      await volume.disk.rename(path, to);
    }
    await volume.directorySyncs.sync(trash);
    return true;
  } catch (error) {
    log.log('warn', 'datanode', `${block} was not moved to the trash: ${messageOf(error)}`);
    return diskErrorCode(error) !== 'ENOENT';
  }
}
