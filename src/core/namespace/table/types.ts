// What the inode table shows: types shared by the live table (../inodes.ts) and its frozen views.
import type { InodeId } from '../../../base/ids.ts';
import type { BlockHandle } from '../../blocks/block-map.ts';
import type { AclEntry, XAttr } from '../../edits/ops.ts';

/** Recycled number of an inode; 0 is none. */
export type InodeHandle = number;

export const InodeType = { FILE: 1, DIRECTORY: 2, SYMLINK: 3 } as const;
export type InodeType = (typeof InodeType)[keyof typeof InodeType];

/** What an inode's row says of it, for answers that show many of them: filled in one go. */
export interface InodeRow {
  type: InodeType;
  fileId: InodeId;
  mode: number;
  owner: string;
  group: string;
  mtime: number;
  atime: number;
  replication: number;
  blockSize: number;
  blockCount: number;
  childrenNum: number;
  /** Its own, 0 when it has none. */
  storagePolicy: number;
  /** It has an ACL, a lease or another of the rarer attributes. */
  hasAttributes: boolean;
}

/** Who writes a file that is under construction. */
export interface UnderConstruction {
  readonly clientName: string;
  readonly clientMachine: string;
}

export interface Quota {
  /** -1: none. */
  readonly namespace: number;
  readonly space: number;
  /** By Hadoop's storage type number; absent: none. */
  readonly byType: ReadonlyMap<number, number>;
}

/** What a checkpoint reads: valid and unchanging while the live table goes on. */
export interface InodeReader {
  /** Inodes reachable from the root, the root included. */
  readonly size: number;
  /** Highest handle ever handed out. Handles of detached or unused inodes answer false to isReachable. */
  readonly highestHandle: InodeHandle;
  readonly root: InodeHandle;
  /** True for live inodes that are not part of a detached (deleted) subtree. */
  isReachable(inode: InodeHandle): boolean;
  id(inode: InodeHandle): InodeId;
  type(inode: InodeHandle): InodeType;
  parent(inode: InodeHandle): InodeHandle;
  /** Name as UTF-8 bytes, a copy; empty for the root. */
  name(inode: InodeHandle): Uint8Array;
  user(inode: InodeHandle): string;
  group(inode: InodeHandle): string;
  /** Low 9 bits and the sticky bit. */
  mode(inode: InodeHandle): number;
  mtime(inode: InodeHandle): number;
  /** 0 for directories. */
  atime(inode: InodeHandle): number;
  /** Files only. */
  replication(inode: InodeHandle): number;
  preferredBlockSize(inode: InodeHandle): number;
  blockCount(inode: InodeHandle): number;
  blockAt(inode: InodeHandle, index: number): BlockHandle;
  underConstruction(inode: InodeHandle): UnderConstruction | undefined;
  /** The same without reading who writes it. */
  isUnderConstruction(inode: InodeHandle): boolean;
  /** 0: unspecified. Files and directories. */
  storagePolicy(inode: InodeHandle): number;
  erasureCodingPolicy(inode: InodeHandle): number;
  acl(inode: InodeHandle): readonly AclEntry[] | undefined;
  xattrs(inode: InodeHandle): readonly XAttr[] | undefined;
  quota(inode: InodeHandle): Quota | undefined;
  symlinkTarget(inode: InodeHandle): string | undefined;
  childCount(directory: InodeHandle): number;
  /** Children in byte order of their names, from the first that is > `after` (or from the start); going on while `visit` answers true. */
  forEachChild(directory: InodeHandle, after: Uint8Array | undefined, visit: (child: InodeHandle) => boolean): void;
}

export interface FrozenInodes extends InodeReader {
  /** Gives the pages back; the view must not be used afterwards. */
  release(): void;
}

export interface NewInode {
  readonly id: InodeId;
  readonly type: InodeType;
  readonly name: Uint8Array;
  readonly user: string;
  readonly group: string;
  readonly mode: number;
  readonly mtime: number;
  readonly atime: number;
}
