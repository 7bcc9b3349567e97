// What a client may know of one inode: the fields of HdfsFileStatusProto as plain values. Block locations are the block
// manager's to add. Apache: FSDirStatAndListingOp.createFileStatus.

import { utf8Bytes } from '../../../base/bytes.ts';
import { HdfsError } from '../../../base/errors.ts';
import { type InodeId, inodeId, UNKNOWN_INODE_ID } from '../../../base/ids.ts';
import type { CreatedFile } from '../answered-op.ts';
import { fileLength } from '../file-length.ts';
import { effectivePolicy } from '../inode-policy.ts';
import { type InodeHandle, type InodeRow, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import type { Caller } from '../permissions.ts';
import { isReservedDirectory, isSnapshotsOfRoot, type ResolvedPath, resolvePath } from '../resolve.ts';

/** Apache: HdfsFileStatusProto.Flags. */
export const StatusFlag = { HAS_ACL: 1, HAS_CRYPT: 2, HAS_EC: 4, SNAPSHOT_ENABLED: 8 } as const;

export interface FileStatus {
  readonly type: InodeType;
  /** Of what is not in the inode table; all others have theirs there. */
  readonly name: Uint8Array;
  readonly length: number;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly mtime: number;
  readonly atime: number;
  readonly symlink: Uint8Array | undefined;
  readonly replication: number;
  readonly blockSize: number;
  readonly fileId: InodeId;
  readonly childrenNum: number;
  /** The policy in force; 0: unspecified. */
  readonly storagePolicy: number;
  readonly flags: number;
  /** 0 for what is not in the inode table (/.reserved). */
  readonly inode: InodeHandle;
}

/** Of what has no inode. Apache: the default of HdfsFileStatus.Builder. */
const NO_INODE_ID = inodeId(-1);
const NO_NAME = new Uint8Array(0);

/** A status that is filled again for each entry of a listing. */
class InodeStatus implements FileStatus, InodeRow {
  type: InodeType = InodeType.FILE;
  readonly name = NO_NAME;
  length = 0;
  mode = 0;
  owner = '';
  group = '';
  mtime = 0;
  atime = 0;
  symlink: Uint8Array | undefined = undefined;
  replication = 0;
  blockSize = 0;
  blockCount = 0;
  fileId = UNKNOWN_INODE_ID;
  childrenNum = 0;
  storagePolicy = 0;
  hasAttributes = false;
  flags = 0;
  inode: InodeHandle = 0;
}

/** Fills one status with inode after inode: each is good until the next. */
export class StatusReader {
  readonly #ns: Namespace;
  readonly #status = new InodeStatus();

  constructor(ns: Namespace) {
    this.#ns = ns;
  }

  /** `inherited` is the policy in force for what has none of its own: in a listing, as in Apache's, for a link too. */
  read(inode: InodeHandle, inherited: number): FileStatus {
    const ns = this.#ns;
    const { inodes } = ns;
    const status = this.#status;
    inodes.read(inode, status);
    status.inode = inode;
    status.length = status.type === InodeType.FILE && status.blockCount > 0 ? fileLength(ns, inode) : 0;
    const isLink = status.type === InodeType.SYMLINK;
    status.symlink = isLink ? utf8Bytes(inodes.symlinkTarget(inode) ?? '') : undefined;
    if (status.storagePolicy === 0) status.storagePolicy = inherited;
    status.flags = status.hasAttributes && inodes.hasAcl(inode) ? StatusFlag.HAS_ACL : 0;
    // The root may have snapshots without being asked, though with a limit of none.
    if (inode === inodes.root) status.flags |= StatusFlag.SNAPSHOT_ENABLED;
    return status;
  }
}

/** Status of an inode. */
export function fileStatusOf(ns: Namespace, inode: InodeHandle): FileStatus {
  const { inodes } = ns;
  return new StatusReader(ns).read(inode, inodes.type(inode) === InodeType.SYMLINK ? 0 : effectivePolicy(inodes, inode));
}

/** A directory that stands for a reserved path. */
export function reservedStatus(name: Uint8Array, mode: number, group: string, time: number): FileStatus {
  return {
    type: InodeType.DIRECTORY,
    name,
    length: 0,
    mode,
    owner: '',
    group,
    mtime: time,
    atime: time,
    symlink: undefined,
    replication: 0,
    blockSize: 0,
    fileId: NO_INODE_ID,
    childrenNum: 0,
    storagePolicy: 0,
    flags: 0,
    inode: 0,
  };
}

export interface StatusOfPath {
  readonly path: ResolvedPath;
  /** Undefined: nothing stands there. */
  readonly status: FileStatus | undefined;
}

/**
 * getFileInfo, or getFileLinkInfo when `followLink` is false. The superuser is told that nothing is there where a file
 * stands in the way; everybody else gets the error.
 */
export function fileStatus(ns: Namespace, caller: Caller, path: string, followLink: boolean): StatusOfPath | undefined {
  let resolved: ResolvedPath;
  try {
    resolved = resolvePath(ns, caller, path, followLink ? 'read' : 'readLink');
  } catch (error) {
    if (caller.superuser && error instanceof HdfsError && error.code === 'EACCES') return undefined;
    throw error;
  }
  if (isReservedDirectory(resolved)) return { path: resolved, status: reservedStatus(NO_NAME, 0o1770, '', 0) };
  if (isSnapshotsOfRoot(resolved)) return { path: resolved, status: reservedStatus(NO_NAME, 0o777, '', 0) };
  return { path: resolved, status: resolved.last === 0 ? undefined : fileStatusOf(ns, resolved.last) };
}

/** What a create was answered, made again for a client that missed it. */
export function createdStatus(ns: Namespace, op: CreatedFile): FileStatus {
  const inode = ns.inodes.find(op.inodeId);
  return {
    type: InodeType.FILE,
    name: NO_NAME,
    length: 0,
    mode: op.mode,
    owner: op.owner,
    group: op.group,
    mtime: op.mtime,
    atime: op.atime,
    symlink: undefined,
    replication: op.replication,
    blockSize: op.blockSize,
    fileId: op.inodeId,
    childrenNum: 0,
    storagePolicy: inode === 0 ? op.storagePolicyId : effectivePolicy(ns.inodes, inode),
    flags: op.hasAcl ? StatusFlag.HAS_ACL : 0,
    inode,
  };
}
