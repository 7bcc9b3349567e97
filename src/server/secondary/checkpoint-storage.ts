// The directories in which the secondary NameNode keeps what it fetched and merged: the same files as a NameNode's, of one
// name system. Apache: SecondaryNameNode.CheckpointStorage.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import type { ImageCodec } from '../../format/fsimage/compression.ts';
import { AHEAD, parseStorageFileName, VERSION_FILE } from '../../format/storage/names.ts';
import { parseNameNodeVersion } from '../../format/storage/version.ts';
import type { DiskLock, Host } from '../../host/host.ts';
import { currentOf, inconsistent, lockAll, makeDirectory, type NameDirectory, stateOf } from '../namenode/directories.ts';
import type { NamespaceIdentity } from '../namenode/identity.ts';
import { NameStorage } from '../namenode/name-storage.ts';
import { removeHalfWritten } from '../namenode/publishing.ts';
import { writeVersion } from '../namenode/storage.ts';
import { recoverDirectory } from '../namenode/transitions.ts';

/** Segments that were being fetched. Apache: NNStorage.getTemporaryEditsFileName. */
export const temporaryEditsName = (finalName: string, stamp: number): string =>
  `${finalName.replace(/^edits_/, 'edits_tmp_')}_${String(stamp).padStart(19, '0')}`;
const TEMPORARY_EDITS = /^edits_tmp_\d+-\d+_\d+$/;

export class CheckpointStorage {
  readonly all: readonly NameDirectory[];
  private readonly host: Host;
  private readonly codec: ImageCodec | undefined;
  private locks = new Map<string, DiskLock>();
  private names: NameStorage;
  private current: NamespaceIdentity | undefined;
  /** Whose the directories are, also where what they hold is of no use any more. */
  private owner: NamespaceIdentity | undefined;
  /** The directories are of several states of one name system. */
  private isMixed = false;

  constructor(host: Host, all: readonly NameDirectory[], codec: ImageCodec | undefined) {
    this.host = host;
    this.codec = codec;
    this.all = all;
    this.names = this.opened();
  }

  private opened(): NameStorage {
    return new NameStorage(this.host, this.all, this.locks, { restoreFailed: true, imageCodec: this.codec });
  }

  /** Undefined before the first checkpoint. */
  get identity(): NamespaceIdentity | undefined {
    return this.current;
  }

  get storage(): NameStorage {
    return this.names;
  }

  /** Makes, locks and reads the directories; `format` empties them first. Rejects, with nothing locked, when it cannot. */
  async open(format: boolean): Promise<void> {
    const { disk, log } = this.host;
    for (const directory of this.all) await makeDirectory(this.host, directory, 'root');
    this.locks = await lockAll(this.host, this.all);
    this.names = this.opened();
    this.isMixed = false;
    try {
      for (const directory of this.all) {
        if (format) {
          log.log('info', 'storage', `Formatting storage directory ${directory.root}`);
          await disk.removeTree(currentOf(directory));
        }
        await this.read(directory);
      }
      // They were emptied for another state of the NameNode, and not all of them: it is done again.
      if (this.isMixed) this.current = undefined;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const lock of this.locks.values()) await lock.release();
    this.locks.clear();
  }

  private async read(directory: NameDirectory): Promise<void> {
    const { disk } = this.host;
    const current = currentOf(directory);
    await recoverDirectory(this.host, directory, await stateOf(this.host, directory));
    await makeDirectory(this.host, directory, 'current');
    await disk.syncDirectory(directory.root);
    const names = await disk.readdir(current);
    for (const name of names) if (TEMPORARY_EDITS.test(name)) await disk.unlink(`${current}/${name}`);
    await removeHalfWritten(this.host, [directory]);
    if (!names.includes(VERSION_FILE)) return;
    let found: ReturnType<typeof parseNameNodeVersion>;
    try {
      found = parseNameNodeVersion(await disk.readFile(`${current}/${VERSION_FILE}`));
    } catch (error) {
      throw inconsistent(directory, `${current}/${VERSION_FILE}: ${messageOf(error)}`);
    }
    const { current: known, owner = found } = this;
    if (owner.namespaceId !== found.namespaceId || owner.blockPoolId !== found.blockPoolId) {
      throw inconsistent(directory, 'namespaceID, clusterID or blockpoolID is incompatible with others.');
    }
    this.owner = owner;
    if (known !== undefined && known.cTime !== found.cTime) this.isMixed = true;
    // Of another layout: what is there is of no use, and is fetched anew.
    if (found.layoutVersion === NAMENODE_LAYOUT_VERSION) this.current = known ?? found;
  }

  /**
   * Makes the directories those of `identity`; what they held of another state of it counts no more. Throws HdfsError when they
   * belong to another name system.
   */
  async adopt(identity: NamespaceIdentity): Promise<void> {
    const { current, owner } = this;
    const known = current ?? owner;
    if (known !== undefined && !isSameCluster(known, identity)) {
      throw new HdfsError(
        'EIO',
        `Inconsistent checkpoint fields.\nLV = ${NAMENODE_LAYOUT_VERSION} namespaceID = ${identity.namespaceId} cTime = ${identity.cTime}` +
          ` ; clusterId = ${identity.clusterId} ; blockpoolId = ${identity.blockPoolId}.\nExpecting respectively: ` +
          `${NAMENODE_LAYOUT_VERSION}; ${known.namespaceId}; ${known.cTime}; ${known.clusterId}; ${known.blockPoolId}.`,
      );
    }
    if (current?.cTime === identity.cTime) return;
    await this.names.each(this.names.working, async (directory) => {
      await this.empty(directory);
      await writeVersion(this.host, directory, identity);
    });
    this.current = identity;
    this.owner = identity;
  }

  /** Images stay aside until others have taken their place: nothing else may be left of them by then. */
  private async empty(directory: NameDirectory): Promise<void> {
    const { disk } = this.host;
    const current = currentOf(directory);
    for (const name of await disk.readdir(current)) {
      const kind = parseStorageFileName(name)?.kind;
      if (kind === 'image' || kind === 'image-digest') await disk.rename(`${current}/${name}`, `${current}/${name}${AHEAD}`);
      else if (kind === 'edits') await disk.unlink(`${current}/${name}`);
    }
    await disk.syncDirectory(current);
  }

  /**
   * Puts aside what goes beyond the end of the NameNode's log: it is of a log that was put back, or cut, since. It would be taken for
   * newer than what is made now, which would be purged, and by an import. It stays until the log has come as far, as it may be more
   * than an operator meant to give up.
   */
  async putAsideBeyond(lastTxid: number): Promise<void> {
    const { disk, log } = this.host;
    await this.names.each(this.names.working, async (directory) => {
      for (const name of await disk.readdir(currentOf(directory))) {
        const parsed = parseStorageFileName(name);
        const isLater =
          ((parsed?.kind === 'image' || parsed?.kind === 'image-digest') && parsed.txid > lastTxid) ||
          (parsed?.kind === 'edits' && parsed.lastTxid > lastTxid);
        if (!isLater) continue;
        const path = `${currentOf(directory)}/${name}`;
        await disk.rename(path, `${path}${AHEAD}`);
        if (parsed.kind === 'image') {
          log.log(
            'warn',
            'checkpoint',
            `${path} goes beyond the NameNode's log, which ends at ${lastTxid}: it is kept as ${path}${AHEAD}`,
          );
        }
      }
    });
  }

  /** Removes fetched segments: they may be of a log that was cut, and written again, since. */
  async forgetEdits(): Promise<void> {
    for (const directory of this.names.working.filter(({ edits }) => edits)) {
      for (const name of await this.host.disk.readdir(currentOf(directory))) {
        if (parseStorageFileName(name)?.kind === 'edits') await this.host.disk.unlink(`${currentOf(directory)}/${name}`);
      }
    }
  }
}

const isSameCluster = (a: NamespaceIdentity, b: NamespaceIdentity): boolean =>
  a.namespaceId === b.namespaceId && a.clusterId === b.clusterId && a.blockPoolId === b.blockPoolId;
