// The steps by which a name directory gets to another state and back: each one a rename that either happened or did not,
// so that whatever a crash leaves can be brought to an end or undone. Which directories go together is upgrade.ts. Apache:
// NNUpgradeUtil, Storage.StorageDirectory.doRecover.
import { CURRENT, FINALIZED_TMP, PREVIOUS, PREVIOUS_TMP, REMOVED_TMP } from '../../format/storage/upgrade-state.ts';
import type { Host } from '../../host/host.ts';
import { currentOf, type DirectoryState, inconsistent, makeDirectory, type NameDirectory } from './directories.ts';
import type { NamespaceIdentity } from './identity.ts';
import { writeSeenTxid, writeVersion } from './storage.ts';

async function rename(host: Host, { root }: NameDirectory, from: string, to: string): Promise<void> {
  await host.disk.rename(`${root}/${from}`, `${root}/${to}`);
  await host.disk.syncDirectory(root);
}

async function remove(host: Host, { root }: NameDirectory, name: string): Promise<void> {
  await host.disk.removeTree(`${root}/${name}`);
  await host.disk.syncDirectory(root);
}

/** Ends, or undoes, what a crash has cut off. Throws HdfsError for what nobody should guess at. */
export async function recoverDirectory(host: Host, directory: NameDirectory, state: DirectoryState): Promise<void> {
  if (state.kind === 'inconsistent') throw inconsistent(directory, state.reason);
  if (state.kind !== 'interrupted') return;
  host.log.log('warn', 'storage', `${directory.root}: its ${state.what} was cut off, and is brought to an end or undone`);
  for (const step of state.steps) {
    if (step.kind === 'remove') await remove(host, directory, step.name);
    else await rename(host, directory, step.from, step.to);
  }
}

/** `current` becomes previous.tmp, and a new one begins. */
export async function setAside(host: Host, directory: NameDirectory): Promise<void> {
  await rename(host, directory, CURRENT, PREVIOUS_TMP);
  await beginAnew(host, directory);
}

/** An empty `current` beside previous.tmp, with the edit log of before: the same files under a second name. */
export async function beginAnew(host: Host, directory: NameDirectory): Promise<void> {
  const { disk } = host;
  const current = currentOf(directory);
  const old = `${directory.root}/${PREVIOUS_TMP}`;
  await disk.removeTree(current);
  await makeDirectory(host, directory, 'current');
  for (const name of await disk.readdir(old)) {
    if (name.startsWith('edits') && (await disk.stat(`${old}/${name}`)).isFile) {
      await disk.link(`${old}/${name}`, `${current}/${name}`);
    }
  }
  await disk.syncDirectory(current);
  await disk.syncDirectory(directory.root);
}

/** What the new `current` holds is whole: it gets its VERSION, and previous.tmp its lasting name. */
export async function completeUpgrade(
  host: Host,
  directory: NameDirectory,
  identity: NamespaceIdentity,
  lastTxid: number,
): Promise<void> {
  await writeSeenTxid(host, directory, lastTxid);
  await writeVersion(host, directory, identity);
  await rename(host, directory, PREVIOUS_TMP, PREVIOUS);
}

/** Gives up the state of before the upgrade, and what an attempt at that has left of it. */
export async function finalizeDirectory(host: Host, directory: NameDirectory): Promise<void> {
  if (await host.disk.exists(`${directory.root}/${FINALIZED_TMP}`)) await remove(host, directory, FINALIZED_TMP);
  if (!(await host.disk.exists(`${directory.root}/${PREVIOUS}`))) return;
  await rename(host, directory, PREVIOUS, FINALIZED_TMP);
  await remove(host, directory, FINALIZED_TMP);
  host.log.log('info', 'storage', `Finalize upgrade for ${directory.root} is complete.`);
}

/** Gives up everything since the upgrade. */
export async function rollBackDirectory(host: Host, directory: NameDirectory): Promise<void> {
  await rename(host, directory, CURRENT, REMOVED_TMP);
  await rename(host, directory, PREVIOUS, CURRENT);
  await remove(host, directory, REMOVED_TMP);
  host.log.log('info', 'storage', `Rollback of ${directory.root} is complete.`);
}
