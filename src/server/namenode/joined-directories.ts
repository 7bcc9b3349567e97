// Name directories that join others, new ones or such as were left out before: from the start on each of them holds all that
// a NameNode needs to begin with it alone. Apache: FSImage.recoverTransitionRead, FSImageTransactionalStorageInspector.needToSave.
import { messageOf } from '../../base/errors.ts';
import type { Host } from '../../host/host.ts';
import { makeDirectory, type NameDirectory, stateOf } from './directories.ts';
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
 * Saves an image of what was loaded where an image directory lacks the one that it was loaded from: it may lack the edits
 * as well. Answers what the newest image is then. Whatever prevents it is only logged: the other directories are whole.
 */
export async function saveForJoined(
  host: Host,
  storage: NameStorage,
  identity: NamespaceIdentity,
  loaded: LoadedNamespace,
): Promise<LoadedNamespace> {
  const { imageTxid, lastTxid, namespace, progress } = loaded;
  const images = await listImages(host, storage.working);
  const without = (txid: number): readonly NameDirectory[] =>
    imageDirectories(storage).filter((each) => !images.some((image) => image.directory === each && image.txid === txid));
  if (without(imageTxid).length === 0) return loaded;
  try {
    requireSources(namespace);
    progress?.begin('SavingCheckpoint');
    await publishImage(host, storage, lastTxid, (file) => imageContent(loaded, identity, file), without(lastTxid));
    const roots = without(imageTxid).map(({ root }) => root);
    host.log.log('info', 'image', `saved image of transaction ${lastTxid}, as ${roots.join(', ')} had none`);
    return { ...loaded, imageTxid: lastTxid, imageTime: host.clock.now() };
  } catch (error) {
    host.log.log('error', 'image', `no image for directories that have joined: ${messageOf(error)}`);
    return loaded;
  }
}
