// The two renames: the old one answers false where it cannot and moves into an existing directory; the new one (rename2)
// says why, and replaces on request. Apache: FSDirRenameOp.
import { HdfsError } from '../../../base/errors.ts';
import { type EditOp, RenameOption, type RpcIds } from '../../edits/ops.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import { checkItems, checkNameLength, checkNotSnapshot } from '../limits.ts';
import type { Checked, Namespace, OpHandles } from '../namespace.ts';
import { checkPathLength, isExactReservedName } from '../paths.ts';
import { type Caller, checkTraverse, FsAction } from '../permissions.ts';
import { checkUnprotected, isNonEmptyDirectory } from '../protected-directories.ts';
import { checkQuota } from '../quota.ts';
import { checkPermission, type ResolvedPath, resolvePath } from '../resolve.ts';
import { SpaceUsage } from '../space-usage.ts';
import { checkSubtreeAccess, type SubtreeAccess } from './subtree-access.ts';

export interface RenameRequest {
  readonly source: string;
  readonly destination: string;
  readonly rpc: RpcIds;
}

export interface RenameOptions {
  readonly overwrite: boolean;
  readonly toTrash: boolean;
}

/** The old rename. */
export function checkRename(ns: Namespace, caller: Caller, request: RenameRequest, now: number): Checked<boolean> {
  checkPathLength('rename', request.destination);
  const source = resolvePath(ns, caller, request.source, 'writeLink', 'rename');
  const destination = intoDirectory(ns, source, resolvePath(ns, caller, request.destination, 'createLink', 'rename'));
  if (isNonEmptyDirectory(ns, source.last)) checkUnprotected(ns, source);
  checkPermission(ns, caller, source, { parent: FsAction.WRITE });
  // The directory into which it goes lies on the way as well.
  if (ns.options.permissionsEnabled) checkTraverse(ns.inodes, caller, destination);
  checkPermission(ns, caller, destination, { ancestor: FsAction.WRITE });
  const refused: Checked<boolean> = { ops: [], result: () => false };
  if (source.last === 0 || source.length === 1) return refused;
  const op: EditOp = {
    kind: 'RENAME_OLD',
    source: source.text,
    destination: destination.text,
    timestamp: now,
    rpc: request.rpc,
  };
  if (destination.text === source.text) return { ops: [op], result: () => true };
  const fault = destinationFault(ns, source, destination);
  if (fault?.code === 'EINVALIDPATH') throw fault;
  if (fault !== undefined) return refused;
  if (destination.last !== 0 || destination.parent === 0) return refused;
  checkRoom(ns, source, destination);
  return { ops: [op], handles: [handlesOf(source, destination)], result: () => true };
}

const handlesOf = (source: ResolvedPath, destination: ResolvedPath): OpHandles => ({
  ...source.handles,
  destination: destination.handles,
});

/** A destination that is a directory means a child of the same name in it. */
function intoDirectory(ns: Namespace, source: ResolvedPath, destination: ResolvedPath): ResolvedPath {
  const { last } = destination;
  if (last === 0 || ns.inodes.type(last) !== InodeType.DIRECTORY) return destination;
  return destination.child(source.name, ns.inodes.child(last, source.name));
}

/** rename2. `walked`: as for a deletion, when the destination is the trash. */
export function checkRename2(
  ns: Namespace,
  caller: Caller,
  request: RenameRequest,
  options: RenameOptions,
  now: number,
  walked?: SubtreeAccess,
): Checked<void> {
  checkPathLength('rename', request.destination);
  const source = resolvePath(ns, caller, request.source, 'writeLink', 'rename');
  const destination = resolvePath(ns, caller, request.destination, 'createLink', 'rename');
  if (isNonEmptyDirectory(ns, source.last)) checkUnprotected(ns, source);
  checkPermission(ns, caller, source, { parent: FsAction.WRITE });
  // What goes to the trash will be deleted, by somebody else: the mover must be allowed to.
  if (options.toTrash) checkSubtreeAccess(ns, caller, source.last, walked);
  checkPermission(ns, caller, destination, { ancestor: FsAction.WRITE });
  const from = source.text;
  const to = destination.text;
  if (source.last === 0) throw new HdfsError('ENOENT', `rename source ${from} is not found.`, { path: from });
  if (source.length === 1) throw new HdfsError('EIO', 'rename source cannot be the root');
  if (to === from) throw new HdfsError('EEXIST', `The source ${from} and destination ${to} are the same`, { path: to });
  const fault = destinationFault(ns, source, destination);
  if (fault !== undefined) throw fault;
  if (destination.length === 1) throw new HdfsError('EIO', 'rename destination cannot be the root');
  if (destination.last !== 0) checkReplaceable(ns, source, destination, options.overwrite);
  if (destination.parent === 0) throw new HdfsError('ENOENT', `rename destination parent ${to} not found.`, { path: to });
  if (ns.inodes.type(destination.parent) !== InodeType.DIRECTORY) {
    throw new HdfsError('ENOTDIR', `rename destination parent ${to} is a file.`, { path: to });
  }
  checkRoom(ns, source, destination);
  const logged: RenameOption[] = [];
  if (options.overwrite) logged.push(RenameOption.OVERWRITE);
  if (options.toTrash) logged.push(RenameOption.TO_TRASH);
  if (logged.length === 0) logged.push(RenameOption.NONE);
  return {
    ops: [{ kind: 'RENAME', source: from, destination: to, timestamp: now, options: logged, rpc: request.rpc }],
    handles: [handlesOf(source, destination)],
    result: () => undefined,
  };
}

/** Apache: validateDestination. */
function destinationFault(ns: Namespace, source: ResolvedPath, destination: ResolvedPath): HdfsError | undefined {
  const { inodes } = ns;
  const from = source.text;
  const to = destination.text;
  if (inodes.type(source.last) === InodeType.SYMLINK && inodes.symlinkTarget(source.last) === to) {
    return new HdfsError('EEXIST', `Cannot rename symlink ${from} to its target ${to}`);
  }
  if (to.startsWith(`${from}/`)) {
    return new HdfsError('EIO', `Rename destination ${to} is a directory or file under source ${from}`);
  }
  if (isExactReservedName(from) || isExactReservedName(to)) {
    return new HdfsError('EINVALIDPATH', 'Invalid path name Cannot rename to or from /.reserved');
  }
  return undefined;
}

/** Apache: validateOverwrite. */
function checkReplaceable(ns: Namespace, source: ResolvedPath, destination: ResolvedPath, overwrite: boolean): void {
  const { inodes } = ns;
  const to = destination.text;
  const isDirectory = inodes.type(destination.last) === InodeType.DIRECTORY;
  if (isDirectory !== (inodes.type(source.last) === InodeType.DIRECTORY)) {
    throw new HdfsError('EIO', `Source ${source.text} and destination ${to} must both be directories`);
  }
  if (!overwrite) throw new HdfsError('EEXIST', `rename destination ${to} already exists`, { path: to });
  if (isDirectory && inodes.childCount(destination.last) > 0) {
    throw new HdfsError('EIO', `rename destination directory is not empty: ${to}`);
  }
}

/** Limits and quotas at the destination. */
function checkRoom(ns: Namespace, source: ResolvedPath, destination: ResolvedPath): void {
  const { inodes } = ns;
  const parentText = () => destination.parentText;
  checkNameLength(ns, destination.name, parentText);
  if (source.parent !== destination.parent) {
    checkItems(ns, destination.parent, parentText);
    const replaced = destination.last;
    const names = inodes.subtreeInodes(source.last) - (replaced === 0 ? 0 : inodes.subtreeInodes(replaced));
    const common = commonAncestor(source, destination);
    let space: SpaceUsage | undefined;
    if (ns.space.isCounted(destination.parent, common)) {
      space = new SpaceUsage().addAll(ns.space.usage(source.last));
      if (replaced !== 0) space.addAll(ns.space.usage(replaced), -1);
    }
    checkQuota(ns, destination.parent, { names, space }, common);
  }
  checkNotSnapshot(destination.name);
}

/** From there up, the number of names stays as it is. */
function commonAncestor(source: ResolvedPath, destination: ResolvedPath): InodeHandle {
  let common: InodeHandle = 0;
  for (let i = 0; i < source.length - 1 && i < destination.length - 1; i++) {
    if (source.inodes[i] !== destination.inodes[i]) break;
    common = source.inodes[i] as InodeHandle;
  }
  return common;
}
