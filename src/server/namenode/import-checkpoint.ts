// `hdfs namenode -importCheckpoint`: a NameNode whose directories are lost begins with what the secondary NameNode has.
// Apache: FSImage.doImportCheckpoint.
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { imageName, VERSION_FILE } from '../../format/storage/names.ts';
import type { Host } from '../../host/host.ts';
import {
  checkpointDirectories,
  currentOf,
  inconsistent,
  lockAll,
  makeDirectory,
  type NameDirectory,
  stateOf,
} from './directories.ts';
import type { RecoveryOptions } from './edits-recovery.ts';
import type { NamespaceIdentity } from './identity.ts';
import { joinEmpty } from './joined-directories.ts';
import { imageContent, type LoadedNamespace, loadNamespace } from './loading.ts';
import { NameStorage } from './name-storage.ts';
import { publishImage } from './publishing.ts';
import { imageCodec } from './settings.ts';
import type { StartupProgress } from './startup-progress.ts';
import { readIdentity, somethingKept, writeSeenTxid, writeVersion } from './storage.ts';
import { recoverDirectory } from './transitions.ts';

/** Into empty name directories only. Throws HdfsError before anything is written where that is not so. */
export async function importCheckpoint(
  host: Host,
  configuration: Configuration,
  directories: readonly NameDirectory[],
  recovery: RecoveryOptions,
  progress?: StartupProgress,
): Promise<{ readonly identity: NamespaceIdentity; readonly loaded: LoadedNamespace }> {
  for (const directory of directories) {
    if ((await stateOf(host, directory)).kind === 'not-formatted') continue;
    throw new HdfsError(
      'EIO',
      `Cannot import image from a checkpoint.  NameNode already contains an image in ${directory.root}`,
    );
  }
  const checkpoints = checkpointDirectories(configuration);
  for (const directory of checkpoints) {
    if ((await stateOf(host, directory)).kind === 'missing') {
      throw inconsistent(directory, 'storage directory does not exist or is not accessible.');
    }
  }
  const locks = await lockAll(host, checkpoints);
  try {
    for (const directory of checkpoints) await recoverDirectory(host, directory, await stateOf(host, directory));
    const identity = await readIdentity(host, checkpoints);
    const loaded = await loadNamespace(host, configuration, checkpoints, identity, recovery, progress);
    for (const directory of directories) await refuseKept(host, directory, loaded.lastTxid);
    for (const directory of directories) {
      // What an import that was cut off left there.
      await host.disk.removeTree(currentOf(directory));
      await makeDirectory(host, directory, 'current');
      await host.disk.syncDirectory(directory.root);
    }
    // One directory is made whole, its VERSION last; from then on it is a start at which the others, which are empty, join it.
    const first = directories.find(({ image }) => image);
    assert(first !== undefined, 'there is an image directory');
    const storage = new NameStorage(host, [first], new Map(), { restoreFailed: false, imageCodec: imageCodec(configuration) });
    loaded.progress?.begin('SavingCheckpoint');
    await publishImage(host, storage, loaded.lastTxid, (file) => imageContent(loaded, identity, file));
    await writeSeenTxid(host, first, loaded.lastTxid);
    await writeVersion(host, first, identity);
    await joinEmpty(host, directories, identity);
    host.log.log('info', 'image', `imported the checkpoint of transaction ${loaded.lastTxid}`, {
      layoutVersion: NAMENODE_LAYOUT_VERSION,
    });
    return { identity, loaded: { ...loaded, imageTxid: loaded.lastTxid, imageTime: host.clock.now() } };
  } finally {
    for (const lock of locks.values()) await lock.release();
  }
}

/** A directory that has lost its VERSION alone is a file system, and may be newer than the checkpoint. */
async function refuseKept(host: Host, directory: NameDirectory, imported: number): Promise<void> {
  const kept = await somethingKept(host, directory, imageName(imported));
  if (kept === undefined) return;
  throw inconsistent(
    directory,
    `${currentOf(directory)}/${VERSION_FILE} is missing, though ${kept} is there. Nothing was imported. Restore that file, or move ` +
      'the directory away if the checkpoint is to take its place.',
  );
}
