// `hdfs namenode -upgrade`, `-rollback` and finalizing, over all name directories: they go together or not at all. A start
// after a crash in between ends an upgrade that one of them has completed, and undoes one that none has. Apache:
// FSImage.doUpgrade, doRollback, finalizeUpgrade.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import type { ImageCodec } from '../../format/fsimage/compression.ts';
import { VERSION_FILE } from '../../format/storage/names.ts';
import { PREVIOUS, PREVIOUS_TMP } from '../../format/storage/upgrade-state.ts';
import { type NameNodeVersion, parseNameNodeVersion } from '../../format/storage/version.ts';
import type { Host } from '../../host/host.ts';
import { type DirectoryState, inconsistent, lockAll, type NameDirectory, nameDirectories, stateOf } from './directories.ts';
import type { NamespaceIdentity } from './identity.ts';
import { imageContent, type LoadedNamespace } from './loading.ts';
import { NameStorage } from './name-storage.ts';
import { publishImage } from './publishing.ts';
import { beginAnew, completeUpgrade, finalizeDirectory, recoverDirectory, rollBackDirectory, setAside } from './transitions.ts';

/**
 * Brings every directory to a state that can be read, and answers those whose upgrade is still to be completed: another
 * one has its `previous` already, so that there is no way back for one alone.
 */
export async function recoverTransitions(host: Host, directories: readonly NameDirectory[]): Promise<readonly NameDirectory[]> {
  const states: { readonly directory: NameDirectory; readonly state: DirectoryState }[] = [];
  for (const directory of directories) states.push({ directory, state: await stateOf(host, directory) });
  const isHalfDone = (state: DirectoryState): boolean =>
    state.kind === 'interrupted' && state.steps.some((step) => step.kind === 'rename' && step.from === PREVIOUS_TMP);
  const isUndone = (state: DirectoryState): boolean =>
    isHalfDone(state) && state.kind === 'interrupted' && state.steps.length > 1;
  const someIsDone = states.some(
    ({ state }) => (isHalfDone(state) && !isUndone(state)) || (state.kind === 'normal' && state.hasPrevious),
  );
  const behind: NameDirectory[] = [];
  for (const { directory, state } of states) {
    if (someIsDone && isUndone(state)) behind.push(directory);
    else await recoverDirectory(host, directory, state);
  }
  return behind;
}

/** Throws HdfsError when an upgrade is neither finalized nor rolled back. */
export async function refusePrevious(host: Host, directories: readonly NameDirectory[]): Promise<void> {
  for (const directory of directories) {
    const state = await stateOf(host, directory);
    if (state.kind !== 'missing' && state.hasPrevious) {
      throw inconsistent(directory, 'previous fs state should not exist during upgrade. Finalize or rollback first.');
    }
  }
}

export async function isUpgradeFinalized(host: Host, directories: readonly NameDirectory[]): Promise<boolean> {
  for (const { root } of directories) if (await host.disk.exists(`${root}/${PREVIOUS}`)) return false;
  return true;
}

/** Every directory must take part. Throws HdfsError, and the next start decides what becomes of it. */
async function inEach(
  host: Host,
  directories: readonly NameDirectory[],
  work: (directory: NameDirectory) => Promise<void>,
): Promise<void> {
  let failures = 0;
  for (const directory of directories) {
    try {
      await work(directory);
    } catch (error) {
      failures++;
      host.log.log('error', 'storage', `the upgrade of storage directory ${directory.root} failed: ${messageOf(error)}`);
    }
  }
  if (failures > 0) throw new HdfsError('EIO', `Upgrade failed in ${failures} storage directory(ies), previously logged.`);
}

async function saveAndComplete(
  host: Host,
  directories: readonly NameDirectory[],
  identity: NamespaceIdentity,
  loaded: LoadedNamespace,
  codec: ImageCodec | undefined,
): Promise<void> {
  const storage = new NameStorage(host, directories, new Map(), { restoreFailed: false, imageCodec: codec });
  const images = directories.filter(({ image }) => image);
  if (images.length > 0) {
    loaded.progress?.begin('SavingCheckpoint');
    await publishImage(host, storage, loaded.lastTxid, (file) => imageContent(loaded, identity, file));
  }
  // publishImage leaves out what fails; here that is the end, before anything is completed.
  await inEach(host, directories, async (directory) => {
    const failed = storage.states.find((state) => state.directory === directory)?.failed;
    if (failed !== undefined) throw new HdfsError('EIO', failed);
  });
  await inEach(host, directories, (directory) => completeUpgrade(host, directory, identity, loaded.lastTxid));
}

/** Keeps the state of now as `previous`, and answers who the name system is from here on. */
export async function upgradeDirectories(
  host: Host,
  directories: readonly NameDirectory[],
  identity: NamespaceIdentity,
  loaded: LoadedNamespace,
  codec: ImageCodec | undefined,
): Promise<NamespaceIdentity> {
  // A clock that went back must not give the time of an upgrade before.
  const upgraded = { ...identity, cTime: Math.max(host.clock.now(), identity.cTime + 1) };
  host.log.log(
    'info',
    'storage',
    `Starting upgrade of local storage directories. old CTime = ${identity.cTime}; new CTime = ${upgraded.cTime}`,
  );
  await inEach(host, directories, (directory) => setAside(host, directory));
  await saveAndComplete(host, directories, upgraded, loaded, codec);
  return upgraded;
}

/** Ends an upgrade in the directories that a crash left behind the others. */
export async function catchUp(
  host: Host,
  behind: readonly NameDirectory[],
  identity: NamespaceIdentity,
  loaded: LoadedNamespace,
  codec: ImageCodec | undefined,
): Promise<void> {
  for (const { root } of behind)
    host.log.log('warn', 'storage', `${root}: its upgrade is completed now, as that of others was`);
  await inEach(host, behind, (directory) => beginAnew(host, directory));
  await saveAndComplete(host, behind, identity, loaded, codec);
}

/** Gives up the way back, in every directory that works. */
export async function finalizeUpgrade(host: Host, storage: NameStorage): Promise<void> {
  await storage.each(storage.working, (directory) => finalizeDirectory(host, directory));
  storage.upgradeFinalized = true;
}

async function versionIn(host: Host, directory: NameDirectory, name: string): Promise<NameNodeVersion> {
  const path = `${directory.root}/${name}/${VERSION_FILE}`;
  try {
    return parseNameNodeVersion(await host.disk.readFile(path));
  } catch (error) {
    throw inconsistent(directory, `${path}: ${messageOf(error)}`);
  }
}

/** `hdfs namenode -rollback`: back to the state of before the upgrade. Throws HdfsError before anything is changed. */
export async function rollBackNameNode(host: Host, configuration: Configuration): Promise<void> {
  const { all } = nameDirectories(configuration);
  const locks = await lockAll(host, all);
  try {
    const withPrevious: WithPrevious[] = [];
    for (const directory of all) {
      await recoverDirectory(host, directory, await stateOf(host, directory));
      const state = await stateOf(host, directory);
      if (state.kind !== 'normal') continue;
      if (!state.hasPrevious) {
        host.log.log('info', 'storage', `Storage directory ${directory.root} does not contain previous fs state.`);
        continue;
      }
      const previous = await versionIn(host, directory, PREVIOUS);
      if (previous.layoutVersion !== NAMENODE_LAYOUT_VERSION) {
        throw new HdfsError(
          'EIO',
          `Cannot rollback to storage version ${previous.layoutVersion} using this version of the NameNode, which uses storage ` +
            `version ${NAMENODE_LAYOUT_VERSION}. Please use the previous version of HDFS to perform the rollback.`,
        );
      }
      withPrevious.push({ directory, previous });
    }
    const [first] = withPrevious;
    if (first === undefined) {
      throw new HdfsError('EIO', 'Cannot rollback. None of the storage directories contain previous fs state.');
    }
    await refuseOthers(host, all, first);
    for (const { directory } of withPrevious) await rollBackDirectory(host, directory);
  } finally {
    for (const lock of locks.values()) await lock.release();
  }
}

interface WithPrevious {
  readonly directory: NameDirectory;
  readonly previous: NameNodeVersion;
}

/**
 * Every directory must have a way to the same state, or be there already. One of the new state without `previous` may have been
 * finalized while another one was out of service: then all that was written since the upgrade is in it alone.
 */
async function refuseOthers(
  host: Host,
  all: readonly NameDirectory[],
  { directory: first, previous }: WithPrevious,
): Promise<void> {
  for (const directory of all) {
    const state = await stateOf(host, directory);
    if (state.kind !== 'normal') continue;
    const { cTime } = await versionIn(host, directory, state.hasPrevious ? PREVIOUS : 'current');
    if (cTime === previous.cTime) continue;
    throw inconsistent(
      directory,
      state.hasPrevious
        ? `its state of before an upgrade has cTime ${cTime}, that of ${first.root} ${previous.cTime}: nothing was rolled back. ` +
            'Move the directory away whose state is not wanted; it is filled anew at the next start.'
        : `it has no previous fs state, and ${first.root} has one: nothing was rolled back. If the upgrade was finalized, ` +
            `-rollback would lose everything since; remove ${first.root}/${PREVIOUS} then. If ${directory.root} came after ` +
            'the upgrade, move its current away; it is filled anew at the next start after the rollback.',
    );
  }
}
