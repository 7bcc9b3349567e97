// Questions about snapshots, where no directory has any: what is asked of the path and of the caller's rights on the way to an
// answer, in Apache's order and words. The root counts as snapshottable, holds no snapshot and may not get one; nothing
// else is. Apache: FSDirSnapshotOp, SnapshotManager.
import { HdfsError } from '../../../base/errors.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { nameIs, SNAPSHOT_NAME, splitPath } from '../paths.ts';
import { type Caller, checkNeeds, checkNotSymlink, checkTraverse, FsAction } from '../permissions.ts';
import { lookUp, type ResolvedPath, resolvePath } from '../resolve.ts';

export interface SnapshotDiffQuestion {
  readonly path: string;
  /** Names of snapshots; empty: the tree as it is. */
  readonly from: string;
  readonly to: string;
}

/** Passes where the snapshots of the directory may be listed, of which there are none then. */
export function checkSnapshotListing(ns: Namespace, caller: Caller, path: string): void {
  const { inodes } = ns;
  // Unlike elsewhere /.reserved has no meaning here.
  const resolved = lookUp(inodes, splitPath(path));
  checkTraverse(inodes, undefined, resolved);
  checkNotSymlink(inodes, resolved, resolved.length - 1);
  if (ns.options.permissionsEnabled) {
    checkTraverse(inodes, caller, resolved);
    checkNeeds(inodes, caller, resolved, { self: FsAction.READ });
  }
  checkSnapshottable(ns, resolved);
}

/** Passes where two states of a directory may be compared, which are both its tree as it is then. */
export function checkSnapshotDiff(ns: Namespace, caller: Caller, { path, from, to }: SnapshotDiffQuestion): ResolvedPath {
  const resolved = resolvePath(ns, caller, path, 'read');
  if (ns.options.permissionsEnabled) {
    // What would be below is not there, so that its ancestors are all that there is to look at.
    for (const name of [from, to]) resolvePath(ns, caller, snapshotPath(path, name), 'read');
  }
  if (ns.options.snapshotDiffBelowRoot) {
    checkBelowSnapshottable(ns, resolved);
    directoryAt(ns, resolved.last, path);
  } else checkSnapshottable(ns, resolved);
  for (const name of [from, to]) {
    if (name !== '') throw new HdfsError('ESNAPSHOT', `Cannot find the snapshot of directory / with name ${name}`, { path });
  }
  return resolved;
}

function checkSnapshottable(ns: Namespace, { last, text }: ResolvedPath): void {
  if (directoryAt(ns, last, text) === ns.inodes.root) return;
  throw new HdfsError('ESNAPSHOT', `Directory is not a snapshottable directory: ${text}`, { path: text });
}

/** The path itself, or what stands above one that is no directory. */
function checkBelowSnapshottable(ns: Namespace, resolved: ResolvedPath): void {
  const { inodes } = ns;
  const { last, text } = resolved;
  const isDirectory = last !== 0 && inodes.type(last) === InodeType.DIRECTORY;
  const nearest = isDirectory ? last : directoryAt(ns, parentOf(ns, resolved), resolved.parentText);
  if (nearest === inodes.root) return;
  throw new HdfsError('ESNAPSHOT', `The path ${text} is neither snapshottable nor under a snapshot root!`, { path: text });
}

/** A snapshot of the root stands right below the root, `.snapshot` being a part of its name. */
function parentOf(ns: Namespace, { components, length, parent }: ResolvedPath): InodeHandle {
  return length === 3 && parent === 0 && nameIs(components[1], SNAPSHOT_NAME) ? ns.inodes.root : parent;
}

/** Apache: INodeDirectory.valueOf. */
function directoryAt(ns: Namespace, inode: InodeHandle, shown: string): InodeHandle {
  if (inode === 0) throw new HdfsError('ENOENT', `Directory does not exist: ${shown}`, { path: shown });
  if (ns.inodes.type(inode) !== InodeType.DIRECTORY) {
    throw new HdfsError('EPATHNOTDIR', `\`${shown}': Is not a directory`, { path: shown });
  }
  return inode;
}

/** Apache: Snapshot.getSnapshotPath. */
function snapshotPath(path: string, name: string): string {
  return `${path.endsWith('/') ? path : `${path}/`}${SNAPSHOT_NAME}/${name}`;
}
