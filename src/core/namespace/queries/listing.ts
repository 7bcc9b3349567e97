// getListing: the children of a directory in byte order of their names, a page at a time, from after any name. Apache:
// FSDirStatAndListingOp.getListing.
import { utf8, utf8Bytes } from '../../../base/bytes.ts';
import { HdfsError } from '../../../base/errors.ts';
import { effectivePolicy } from '../inode-policy.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { isReservedName, nameIs, SNAPSHOT_NAME, splitPath } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import {
  checkPermission,
  expandReserved,
  isReservedDirectory,
  isSnapshotsOfRoot,
  type ResolvedPath,
  resolvePath,
} from '../resolve.ts';
import { type FileStatus, fileStatusOf, reservedStatus, StatusReader } from './file-status.ts';

export interface ListingRequest {
  readonly path: string;
  /** Last name of the page before; empty: from the first. */
  readonly startAfter: Uint8Array;
  /** Entries at most. */
  readonly limit: number;
}

/** One page, to be walked in the turn in which it was made. */
export interface Listing {
  readonly path: ResolvedPath;
  /** The entries are those of a directory, to be shown with their names; else the one entry is what the path names. */
  readonly isDirectory: boolean;
  /** Entries at most. */
  readonly entries: number;
  /**
   * Hands out the entries one by one, each good until the next, until `visit` answers false: the page ends there, as when
   * its blocks filled the answer. `direct` is asked before: true says that the entry needs no status any more. Answers how
   * many are left behind the page.
   */
  walk(visit: (entry: FileStatus) => boolean, direct?: DirectVisit): number;
}

/** With the storage policy in force for what has none of its own. */
export type DirectVisit = (inode: InodeHandle, inherited: number) => boolean;

/** Undefined: nothing stands at the path. A file's listing is its own status, without a name. */
export function listing(ns: Namespace, caller: Caller, request: ListingRequest): Listing | undefined {
  const { inodes } = ns;
  const path = resolvePath(ns, caller, request.path, 'read');
  const startAfter = startName(ns, request.startAfter);
  const inode = path.last;
  const isDirectory = inode !== 0 && inodes.type(inode) === InodeType.DIRECTORY;
  if (isDirectory) checkPermission(ns, caller, path, { self: FsAction.READ_EXECUTE });
  if (isSnapshotsOfRoot(path)) return oneByOne(path, true, []);
  if (path.last === 0 && nameIs(path.name, SNAPSHOT_NAME)) refuseSnapshots(path);
  if (isReservedDirectory(path)) return oneByOne(path, true, reservedEntries(ns));
  if (inode === 0) return undefined;
  if (!isDirectory) return oneByOne(path, false, [fileStatusOf(ns, inode)]);
  const all = startAfter === undefined ? inodes.childCount(inode) : inodes.childrenAfter(inode, startAfter);
  return {
    path,
    isDirectory,
    entries: Math.max(0, Math.min(all, request.limit)),
    walk: (visit, direct) => all - forEachEntry(ns, inode, startAfter, request.limit, visit, direct),
  };
}

function refuseSnapshots({ parent, parentText }: ResolvedPath): void {
  if (parent === 0) throw new HdfsError('ENOENT', `Directory does not exist: ${parentText}`, { path: parentText });
  throw new HdfsError('EIO', `Directory is not a snapshottable directory: ${parentText}`, {
    remoteClass: 'org.apache.hadoop.hdfs.protocol.SnapshotException',
  });
}

function oneByOne(path: ResolvedPath, isDirectory: boolean, entries: readonly FileStatus[]): Listing {
  return {
    path,
    isDirectory,
    entries: entries.length,
    walk: (visit) => {
      entries.every(visit);
      return 0;
    },
  };
}

/** Answers how many it showed. */
function forEachEntry(
  ns: Namespace,
  directory: InodeHandle,
  startAfter: Uint8Array | undefined,
  limit: number,
  visit: (entry: FileStatus) => boolean,
  direct: DirectVisit | undefined,
): number {
  const { inodes } = ns;
  const policy = effectivePolicy(inodes, directory);
  if (limit <= 0) return 0;
  const reader = new StatusReader(ns);
  let shown = 0;
  inodes.forEachChild(directory, startAfter, (child) => {
    shown++;
    if (direct?.(child, policy) === true) return shown < limit;
    return visit(reader.read(child, policy)) && shown < limit;
  });
  return shown;
}

/** A client may name the last entry by an inode path, when it knows no other. */
function startName(ns: Namespace, startAfter: Uint8Array): Uint8Array | undefined {
  if (startAfter.length === 0) return undefined;
  if (startAfter[0] !== 0x2f) return startAfter;
  const text = utf8(startAfter);
  if (!isReservedName(text)) return startAfter;
  try {
    const components = expandReserved(ns.inodes, splitPath(text));
    return components[components.length - 1];
  } catch (error) {
    throw new HdfsError('EIO', `Can't find startAfter ${text}`, {
      cause: error,
      remoteClass: 'org.apache.hadoop.fs.DirectoryListingStartAfterNotFoundException',
    });
  }
}

const RESERVED_MODE = 0o770;

function reservedEntries(ns: Namespace): FileStatus[] {
  return ['.inodes', 'raw'].map((name) => reservedStatus(utf8Bytes(name), RESERVED_MODE, ns.options.supergroup, ns.createdMs));
}
