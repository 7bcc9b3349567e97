// Which of the name directories work, and since when and why one does not. A directory that failed is left alone until it
// is allowed to come back (dfs.namenode.name.dir.restore, dfsadmin -restoreFailedStorage true): then every roll of the log
// and so every checkpoint tries it again. Apache: NNStorage's storageDirs and removedStorageDirs.

import { HdfsError, messageOf } from '../../base/errors.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { ImageCodec } from '../../format/fsimage/compression.ts';
import { editsInProgressName, parseStorageFileName, type StorageFileName, VERSION_FILE } from '../../format/storage/names.ts';
import { parseNameNodeVersion } from '../../format/storage/version.ts';
import type { DiskLock, Host } from '../../host/host.ts';
import { currentOf, lockPathOf, makeDirectory, type NameDirectory } from './directories.ts';
import type { NamespaceIdentity } from './identity.ts';
import { writeSeenTxid, writeVersion } from './storage.ts';
import { finalizeDirectory } from './transitions.ts';

export interface NameDirectoryState {
  readonly directory: NameDirectory;
  /** Undefined while it works. */
  readonly failed: string | undefined;
}

export class NameStorage {
  readonly all: readonly NameDirectory[];
  /** Whether directories that failed are tried again. */
  restoreFailed: boolean;
  /** What images are packed with. */
  readonly imageCodec: ImageCodec | undefined;
  /** No directory keeps the state of before an upgrade any more. */
  upgradeFinalized = true;
  /** Directories have come back since the last image was begun: they lack edits, and images, until there is another. */
  hasReturned = false;
  private readonly host: Host;
  private readonly locks: Map<string, DiskLock>;
  private readonly failures = new Map<NameDirectory, string>();

  /** `locks`: those held, by the directory's root. */
  constructor(
    host: Host,
    all: readonly NameDirectory[],
    locks: Map<string, DiskLock>,
    options: { readonly restoreFailed: boolean; readonly imageCodec: ImageCodec | undefined },
  ) {
    const { restoreFailed, imageCodec } = options;
    this.host = host;
    this.imageCodec = imageCodec;
    this.all = all;
    this.locks = locks;
    this.restoreFailed = restoreFailed;
  }

  get working(): readonly NameDirectory[] {
    return this.all.filter((directory) => !this.failures.has(directory));
  }

  get states(): readonly NameDirectoryState[] {
    return this.all.map((directory) => ({ directory, failed: this.failures.get(directory) }));
  }

  /** Leaves the directory out from now on. */
  fail(directory: NameDirectory, reason: string): void {
    if (this.failures.has(directory)) return;
    this.failures.set(directory, reason);
    sometimes('name directory left out after an error');
    this.host.log.log('error', 'storage', `storage directory ${directory.root} is left out: ${reason}`);
  }

  /**
   * Runs `work` in each of the directories; one that fails is left out. When all fail, none is: with the disks full
   * everywhere there would be none to go on with. Throws the last failure then.
   */
  async each(directories: readonly NameDirectory[], work: (directory: NameDirectory) => Promise<void>): Promise<void> {
    const failures: { readonly directory: NameDirectory; readonly error: unknown }[] = [];
    for (const directory of directories) {
      try {
        await work(directory);
      } catch (error) {
        failures.push({ directory, error });
      }
    }
    if (failures.length === directories.length) {
      const last = failures.at(-1);
      throw last === undefined ? new HdfsError('EIO', 'No more storage directories left.') : last.error;
    }
    for (const { directory, error } of failures) this.fail(directory, messageOf(error));
  }

  /** Leaves out directories that are there no more: what is written to files that were open is lost with them. */
  async dropVanished(): Promise<readonly NameDirectory[]> {
    const gone: NameDirectory[] = [];
    for (const directory of this.working) {
      if (await this.host.disk.exists(currentOf(directory))) continue;
      gone.push(directory);
      this.fail(directory, `${currentOf(directory)} does not exist any more`);
    }
    return gone;
  }

  /** Tries the directories that failed, if that is wished, and answers those that work again. */
  async restore(identity: NamespaceIdentity, seenTxid: number): Promise<readonly NameDirectory[]> {
    if (!this.restoreFailed) return [];
    const back: NameDirectory[] = [];
    for (const directory of [...this.failures.keys()]) {
      try {
        if (!(await this.prepare(directory, identity, seenTxid))) continue;
        this.failures.delete(directory);
        this.hasReturned = true;
        back.push(directory);
        this.host.log.log('info', 'storage', `restoring storage directory ${directory.root}`);
      } catch (error) {
        this.host.log.log('warn', 'storage', `storage directory ${directory.root} does not come back yet: ${messageOf(error)}`);
      }
    }
    return back;
  }

  /** Makes a directory ready to be written again; false when there is nothing, throws when it fails or is another's. */
  private async prepare(directory: NameDirectory, identity: NamespaceIdentity, seenTxid: number): Promise<boolean> {
    const { disk } = this.host;
    const current = currentOf(directory);
    if (!(await disk.exists(directory.root))) return false;
    if (!(await disk.exists(lockPathOf(directory)))) {
      // Another disk stands there now: the lock that is held is that of the old one.
      await this.locks.get(directory.root)?.release();
      this.locks.set(directory.root, await disk.lock(lockPathOf(directory)));
    }
    await makeDirectory(this.host, directory, 'current');
    if (await disk.exists(`${current}/${VERSION_FILE}`)) {
      const found = parseNameNodeVersion(await disk.readFile(`${current}/${VERSION_FILE}`));
      if (found.namespaceId !== identity.namespaceId || found.blockPoolId !== identity.blockPoolId) {
        throw new HdfsError('EINCONSISTENT', `it belongs to namespace ${found.namespaceId}`);
      }
      if (found.cTime !== identity.cTime) {
        throw new HdfsError(
          'EINCONSISTENT',
          `it is of another state, of cTime ${found.cTime}; that of now is ${identity.cTime}`,
        );
      }
    }
    const names = await disk.readdir(current);
    // The next start would take it for the newest, and all that was logged here since for older.
    const later = names.find((name) => reachesBeyond(parseStorageFileName(name), seenTxid));
    if (later !== undefined) throw new HdfsError('EINCONSISTENT', `it holds ${later}, which this edit log has not reached`);
    for (const name of names) {
      const parsed = parseStorageFileName(name);
      // It ends where the disk failed; the other directories have the whole segment.
      if (parsed?.kind === 'edits-in-progress') {
        await disk.rename(`${current}/${name}`, `${current}/${editsInProgressName(parsed.firstTxid)}.stale`);
      }
    }
    await writeSeenTxid(this.host, directory, seenTxid);
    await writeVersion(this.host, directory, identity);
    await disk.syncDirectory(directory.root);
    // The way back was given up while it was out.
    if (this.upgradeFinalized) await finalizeDirectory(this.host, directory);
    return true;
  }
}

/** Whether it holds what a log that begins its next segment with `nextTxid` does not have yet. */
function reachesBeyond(file: StorageFileName | undefined, nextTxid: number): boolean {
  switch (file?.kind) {
    case 'image':
      return file.txid >= nextTxid;
    case 'edits':
      return file.lastTxid >= nextTxid;
    case 'edits-in-progress':
      return file.firstTxid >= nextTxid;
    default:
      return false;
  }
}
