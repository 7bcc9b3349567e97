// What a NameNode says of snapshots, and the trash of a directory that may have them. What makes and removes snapshots is not
// built.
import { utf8 } from '../base/bytes.ts';
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';
import { type HdfsFileStatusProto, HdfsFileStatusProto_FileType, HdfsFileStatusProto_Flags } from '../wire/messages/hdfs.ts';
import { configuredNameNode } from './caller.ts';
import type { NameNode } from './namenode.ts';

export interface SnapshotDirectory {
  readonly path: string;
  readonly mode: number;
  readonly replication: number;
  readonly owner: string;
  readonly group: string;
  readonly length: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
}

export interface SnapshottableDirectory extends SnapshotDirectory {
  readonly snapshots: number;
  readonly snapshotQuota: number;
}

export interface Snapshot extends SnapshotDirectory {
  readonly id: number;
  /** It is gone for its users, and waits for older ones. */
  readonly isDeleted: boolean;
}

export interface SnapshotDifference {
  /** Apache: SnapshotDiffReport.DiffType. `M` modified, `+` made, `-` removed, `R` renamed. */
  readonly label: string;
  /** Relative to the directory; empty: that itself. */
  readonly path: string;
  /** Of a rename: where it is now. */
  readonly target: string | undefined;
}

export interface TrashRoot {
  readonly path: string;
  /** Whether commands will use it: the NameNode has trash roots of snapshottable directories enabled. */
  readonly isUsed: boolean;
}

const TRASH_MODE = 0o1777;

const below = (directory: string, name: string): string => `${directory.endsWith('/') ? directory : `${directory}/`}${name}`;

const shown = (status: HdfsFileStatusProto, path: string): SnapshotDirectory => ({
  path,
  mode: status.permission.perm,
  replication: status.block_replication,
  owner: status.owner,
  group: status.group,
  length: status.length,
  mtime: status.modification_time,
});

export class Snapshots implements Disposable {
  readonly #namenode: NameNode;
  readonly #closing = new AbortController();

  constructor(host: Host, configuration: Configuration, user?: string) {
    this.#namenode = configuredNameNode(host, configuration, user, this.#closing.signal);
  }

  /** All of them for an administrator, one's own for others. */
  async snapshottableDirectories(): Promise<readonly SnapshottableDirectory[]> {
    const { snapshottableDirList } = await this.#namenode.call('getSnapshottableDirListing', {});
    return (snapshottableDirList?.snapshottableDirListing ?? []).map((each) => {
      const name = utf8(each.dirStatus.path);
      return {
        ...shown(each.dirStatus, name === '' ? '/' : below(utf8(each.parent_fullpath), name)),
        snapshots: each.snapshot_number,
        snapshotQuota: each.snapshot_quota,
      };
    });
  }

  /** Those of a directory that may have some. */
  async of(directory: string): Promise<readonly Snapshot[]> {
    const { snapshotList } = await this.#namenode.call('getSnapshotListing', { snapshotRoot: directory });
    return (snapshotList?.snapshotListing ?? []).map(({ dirStatus, parent_fullpath, snapshotID, isDeleted }) => ({
      ...shown(dirStatus, below(below(utf8(parent_fullpath), '.snapshot'), utf8(dirStatus.path))),
      id: snapshotID,
      isDeleted,
    }));
  }

  /** What differs from one snapshot of a directory to another; an empty name is its tree as it is. */
  async differences(directory: string, from: string, to: string): Promise<readonly SnapshotDifference[]> {
    const request = { snapshotRoot: directory, fromSnapshot: from, toSnapshot: to };
    const { diffReport } = await this.#namenode.call('getSnapshotDiffReport', request);
    return diffReport.diffReportEntries.map(({ modificationLabel, fullpath, targetPath }) => ({
      label: modificationLabel,
      path: utf8(fullpath),
      target: targetPath === undefined ? undefined : utf8(targetPath),
    }));
  }

  /** Makes the trash that all users of a snapshottable directory share. Apache: DistributedFileSystem.provisionSnapshotTrash. */
  async provisionTrash(directory: string): Promise<TrashRoot> {
    const { fs } = await this.#namenode.call('getFileInfo', { src: directory });
    if (fs === undefined) throw new HdfsError('ENOENT', `File does not exist: ${directory}`, { path: directory });
    if ((fs.flags & HdfsFileStatusProto_Flags.SNAPSHOT_ENABLED) === 0) {
      throw new HdfsError('EILLEGAL', `${directory} is not a snapshottable directory.`, { path: directory });
    }
    const path = below(directory, '.Trash');
    const { fs: there } = await this.#namenode.call('getFileInfo', { src: path });
    if (there !== undefined) checkTrash(directory, path, there);
    const mode = { perm: TRASH_MODE };
    await this.#namenode.call('mkdirs', { src: path, masked: mode, unmasked: mode, createParent: false });
    await this.#namenode.call('setPermission', { src: path, permission: mode });
    const { serverDefaults } = await this.#namenode.call('getServerDefaults', {});
    return { path, isUsed: serverDefaults.snapshotTrashRootEnabled ?? false };
  }

  close(): void {
    this.#closing.abort();
    this.#namenode.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What is there has to be what would be made. */
function checkTrash(directory: string, path: string, { fileType, permission }: HdfsFileStatusProto): void {
  const warnings: string[] = [];
  if (fileType !== HdfsFileStatusProto_FileType.IS_DIR) warnings.push(`${path} is not a directory.`);
  if ((permission.perm & 0o1777) !== TRASH_MODE)
    warnings.push(`Permission of ${path} differs from provided permission rwxrwxrwt`);
  if (warnings.length === 0) return;
  const reason = `Can't provision trash for snapshottable directory ${directory} because trash path ${path} already exists.`;
  throw new HdfsError('EEXIST', [reason, ...warnings.map((warning) => `WARNING: ${warning}`)].join('\r\n'), { path });
}
