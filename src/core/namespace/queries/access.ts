// Small questions about one path: checkAccess, isFileClosed, getPreferredBlockSize, getStoragePolicy.
import { HdfsError } from '../../../base/errors.ts';
import { checkHasPolicy, effectivePolicy } from '../inode-policy.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkPermission, fileAt, type ResolvedPath, resolvePath } from '../resolve.ts';

/** Throws what the caller is denied. */
export function checkAccess(ns: Namespace, caller: Caller, path: string, action: FsAction): ResolvedPath {
  const resolved = resolvePath(ns, caller, path, 'read');
  if (resolved.last === 0) throw new HdfsError('ENOENT', `Path not found: ${resolved.text}`, { path });
  checkPermission(ns, caller, resolved, { self: action });
  return resolved;
}

/** A path whose last inode, where there is one, the caller may read. */
export function readablePath(ns: Namespace, caller: Caller, path: string): ResolvedPath {
  const resolved = resolvePath(ns, caller, path, 'read');
  checkPermission(ns, caller, resolved, { self: FsAction.READ });
  return resolved;
}

/** What is so of a path, which was met on the way to it. */
export interface Found<Value> {
  readonly path: ResolvedPath;
  readonly value: Value;
}

export function isFileClosed(ns: Namespace, caller: Caller, path: string): Found<boolean> {
  const resolved = resolvePath(ns, caller, path, 'read');
  const open = ns.inodes.underConstruction(fileAt(ns.inodes, resolved.last, path));
  return { path: resolved, value: open === undefined };
}

export function preferredBlockSize(ns: Namespace, caller: Caller, path: string): Found<number> {
  const resolved = resolvePath(ns, caller, path, 'readLink');
  return { path: resolved, value: ns.inodes.preferredBlockSize(fileAt(ns.inodes, resolved.last, resolved.text)) };
}

/** Id of the policy in force; 0: the default one. */
export function storagePolicyOf(ns: Namespace, caller: Caller, path: string): Found<number> {
  const resolved = resolvePath(ns, caller, path, 'readLink');
  checkPermission(ns, caller, resolved, { self: FsAction.READ });
  if (resolved.last === 0) {
    throw new HdfsError('ENOENT', `File/Directory does not exist: ${resolved.text}`, { path });
  }
  checkHasPolicy(ns.inodes, resolved.last);
  return { path: resolved, value: effectivePolicy(ns.inodes, resolved.last) };
}
