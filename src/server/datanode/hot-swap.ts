// The data directories of a running node change: new ones are formatted, scanned and put to use, missing ones let go with
// their replicas, failed ones that are named again are looked at anew. What goes wrong with one directory stops none of the
// others. Apache: DataNode.refreshVolumes.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { Log } from '../../host/host.ts';
import { type DataDirectory, describeDirectory } from './data-directories.ts';
import type { Dataset } from './dataset.ts';
import type { DiskWatch } from './disk-watch.ts';
import type { LateVolumes } from './late-volumes.ts';
import type { Storages } from './storages.ts';
import type { Volume } from './volume.ts';
import { withdrawVolume } from './volume-removal.ts';

export interface HotSwapParts {
  readonly log: Log;
  readonly dataset: Dataset;
  readonly storages: Storages;
  readonly watch: DiskWatch;
  readonly late: LateVolumes;
}

const hasWriter = (dataset: Dataset, volume: Volume): boolean =>
  dataset.poolIds.some((id) => [...dataset.pool(id).inFlight.values()].some((replica) => replica.volume === volume));

/** What becomes of each directory. Pure. Throws HdfsError EIO for a list that cannot be meant. */
export function planDirectories(
  working: readonly DataDirectory[],
  failedPaths: readonly string[],
  wanted: readonly DataDirectory[],
): { readonly added: readonly DataDirectory[]; readonly removed: readonly string[]; readonly forgotten: readonly string[] } {
  if (wanted.length === 0) throw new HdfsError('EIO', 'No directory is specified.');
  const now = new Map(working.map((directory) => [directory.path, directory.storageType]));
  const then = new Set(wanted.map(({ path }) => path));
  if (wanted.some(({ path, storageType }) => (now.get(path) ?? storageType) !== storageType)) {
    throw new HdfsError('EIO', 'Changing storage type is not allowed.');
  }
  return {
    added: wanted.filter(({ path }) => !now.has(path)),
    removed: [...now.keys()].filter((path) => !then.has(path)),
    forgotten: failedPaths.filter((path) => !then.has(path)),
  };
}

/** Rejects with HdfsError EIO that names every directory that failed; all others are as they are wanted. */
export async function changeDirectories(parts: HotSwapParts, wanted: readonly DataDirectory[]): Promise<void> {
  const { log, dataset, storages, watch, late } = parts;
  const plan = planDirectories(dataset.volumes, dataset.volumeList.failedPaths, wanted);
  const errors: string[] = [];
  for (const path of late.paths) if (!wanted.some((directory) => directory.path === path)) late.forget(path);
  for (const directory of plan.added) {
    // It is on its way already.
    if (late.paths.includes(directory.path)) continue;
    try {
      const volume = await storages.openFurther(directory, dataset.volumes.length + 1);
      try {
        await dataset.addVolume(volume);
      } catch (error) {
        dataset.volumeList.noteFailure(directory, volume.clock.now(), 0);
        throw error;
      }
      watch.watch(volume);
      log.log('info', 'datanode', `Successfully added volume: ${describeDirectory(directory)}`);
    } catch (error) {
      log.log('error', 'datanode', `Failed to add volume ${describeDirectory(directory)}: ${messageOf(error)}`);
      errors.push(`FAILED TO ADD: ${describeDirectory(directory)}: ${messageOf(error)}\n`);
    }
  }
  // The last directory stays, whatever became of those that were to take its place.
  const leaving = dataset.volumes.filter(({ path }) => plan.removed.includes(path));
  if (leaving.length > 0 && leaving.length === dataset.volumes.length) errors.push('Attempt to remove all volumes.');
  else {
    for (const volume of leaving) {
      if (hasWriter(dataset, volume)) sometimes('data directory let go of while a block was written to it');
      const count = await withdrawVolume(dataset, volume, 'it was taken out of the configuration', (block) => {
        dataset.events.deleted(block.pool, block, volume);
      });
      log.log('info', 'datanode', `volume ${volume.path} with ${count} replicas is let go`);
    }
  }
  for (const path of plan.forgotten) dataset.volumeList.forgetFailure(path);
  if (errors.length > 0) throw new HdfsError('EIO', errors.join(''));
}
