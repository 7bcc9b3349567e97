// Name directories that join others, new ones or such as were left out before: from the start on each of them holds all that
// a NameNode needs to begin with it alone. Apache: FSImage.recoverTransitionRead, FSImageTransactionalStorageInspector.needToSave.
import { messageOf } from '../../base/errors.ts';
import type { Host } from '../../host/host.ts';
import { makeDirectory, type NameDirectory, stateOf } from './directories.ts';
import { listSegments } from './edits-recovery.ts';
import type { NamespaceIdentity } from './identity.ts';
import { imageContent, type LoadedNamespace, requireSources } from './loading.ts';
import type { NameStorage } from './name-storage.ts';
import { imageDirectories, publishImage } from './publishing.ts';
import { listImages, writeSeenTxid, writeVersion } from './storage.ts';

/** A new, empty directory beside formatted ones becomes one of them. */
export async function joinEmpty(host: Host, directories: readonly NameDirectory[], identity: NamespaceIdentity): Promise<void> {
  for (const directory of directories) {
    if ((await stateOf(host, directory)).kind !== 'not-formatted') continue;
    await makeDirectory(host, directory, 'current');
    await writeVersion(host, directory, identity);
    await writeSeenTxid(host, directory, 0);
  }
}

/**
 * Saves an image of what was loaded where a directory lacks the image that it was loaded from, or edits since then. Answers
 * what the newest image is afterwards. Whatever prevents it is only logged: the other directories are whole.
 */
export async function saveForJoined(
  host: Host,
  storage: NameStorage,
  identity: NamespaceIdentity,
  loaded: LoadedNamespace,
): Promise<LoadedNamespace> {
  const { lastTxid, namespace, progress } = loaded;
  const lacking: string[] = [];
  for (const directory of storage.working) if (await lacksSomething(host, directory, loaded)) lacking.push(directory.root);
  if (lacking.length === 0) return loaded;
  try {
    requireSources(namespace);
    progress?.begin('SavingCheckpoint');
    const images = await listImages(host, storage.working);
    const without = imageDirectories(storage).filter(
      (each) => !images.some(({ directory, txid }) => directory === each && txid === lastTxid),
    );
    await publishImage(host, storage, lastTxid, (file) => imageContent(loaded, identity, file), without);
    host.log.log('info', 'image', `saved image of transaction ${lastTxid}, as not all of it was in ${lacking.join(', ')}`);
    return { ...loaded, imageTxid: lastTxid, imageTime: host.clock.now() };
  } catch (error) {
    host.log.log('error', 'image', `no image for directories that have joined: ${messageOf(error)}`);
    return loaded;
  }
}

async function lacksSomething(
  host: Host,
  directory: NameDirectory,
  { imageTxid, lastTxid }: LoadedNamespace,
): Promise<boolean> {
  if (directory.image && !(await listImages(host, [directory])).some(({ txid }) => txid === imageTxid)) return true;
  if (!directory.edits) return false;
  let reached = imageTxid;
  for (const segment of await listSegments(host, [directory])) {
    if (segment.firstTxid <= reached + 1) reached = Math.max(reached, segment.lastTxid ?? 0);
  }
  return reached < lastTxid;
}
