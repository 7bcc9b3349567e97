// setXAttr and removeXAttr. Apache: FSDirXAttrOp.
import { utf8Bytes } from '../../../base/bytes.ts';
import { HdfsError } from '../../../base/errors.ts';
import { type RpcIds, type XAttr, XAttrNamespace } from '../../edits/ops.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { isReservedRawName } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkOwner, checkPermission, type ResolvedPath, resolvePath } from '../resolve.ts';
import {
  checkXattrRight,
  ENCRYPTION_ZONE,
  featureOfXattr,
  isSameXattr,
  isUserVisible,
  UNREADABLE_BY_SUPERUSER,
  withXattrs,
  xattrName,
} from '../xattrs.ts';

const STICKY = 0o1000;

export interface SetXattrRequest {
  readonly path: string;
  readonly xattr: XAttr;
  /** The attribute may be new. */
  readonly create: boolean;
  /** It may be there already. */
  readonly replace: boolean;
  readonly rpc: RpcIds;
}

export function checkSetXattr(ns: Namespace, caller: Caller, request: SetXattrRequest): Checked<void> {
  const { path, xattr, rpc } = request;
  checkXattrsEnabled(ns);
  checkSize(ns, xattr);
  checkXattrRight(caller, xattr, isReservedRawName(path));
  const feature = featureOfXattr(xattr);
  if (feature !== undefined) {
    throw new HdfsError('EUNSUPPORTED', `${xattrName(xattr)} cannot be set: ${feature} are not built yet`, { path });
  }
  const resolved = resolvePath(ns, caller, path, 'write', 'setXAttr');
  checkChangeAccess(ns, caller, resolved, xattr);
  const inode = existing(resolved, path);
  const before = ns.inodes.xattrs(inode) ?? [];
  checkFlags(request, before);
  const after = withXattrs(before, [xattr]);
  const { maxXattrsPerInode } = ns.options;
  if (after.filter(isUserVisible).length > maxXattrsPerInode) {
    throw new HdfsError('EIO', `Cannot add additional XAttr to inode, would exceed limit of ${maxXattrsPerInode}`, { path });
  }
  if (ns.inodes.type(inode) !== InodeType.FILE && after.some((each) => isSameXattr(each, UNREADABLE_BY_SUPERUSER))) {
    throw new HdfsError('EIO', `Can only set '${xattrName(UNREADABLE_BY_SUPERUSER)}' on a file.`, { path });
  }
  return { ops: [{ kind: 'SET_XATTR', path: resolved.text, xAttrs: [xattr], rpc }], result: () => undefined };
}

export interface RemoveXattrRequest {
  readonly path: string;
  readonly xattr: XAttr;
  readonly rpc: RpcIds;
}

export function checkRemoveXattr(ns: Namespace, caller: Caller, { path, xattr, rpc }: RemoveXattrRequest): Checked<void> {
  checkXattrsEnabled(ns);
  checkXattrRight(caller, xattr, isReservedRawName(path));
  const resolved = resolvePath(ns, caller, path, 'write', 'removeXAttr');
  checkChangeAccess(ns, caller, resolved, xattr);
  const before = ns.inodes.xattrs(existing(resolved, path)) ?? [];
  if (before.length > 0 && isSameXattr(xattr, ENCRYPTION_ZONE)) {
    throw new HdfsError('EILLEGAL', 'The encryption zone xattr should never be deleted.', { path });
  }
  if (before.length > 0 && isSameXattr(xattr, UNREADABLE_BY_SUPERUSER)) {
    throw new HdfsError('EACCES', `The xattr '${xattrName(UNREADABLE_BY_SUPERUSER)}' can not be deleted.`, { path });
  }
  if (!before.some((each) => isSameXattr(each, xattr))) {
    throw new HdfsError('EIO', 'No matching attributes found for remove operation', { path });
  }
  return { ops: [{ kind: 'REMOVE_XATTR', path: resolved.text, xAttrs: [xattr], rpc }], result: () => undefined };
}

export function checkXattrsEnabled(ns: Namespace): void {
  if (ns.options.xattrsEnabled) return;
  throw new HdfsError(
    'EIO',
    'The XAttr operation has been rejected.  Support for XAttrs has been disabled by setting ' +
      'dfs.namenode.xattrs.enabled to false.',
  );
}

function checkSize(ns: Namespace, { name, value }: XAttr): void {
  const size = utf8Bytes(name).length + (value?.length ?? 0);
  const { maxXattrSize } = ns.options;
  if (size <= maxXattrSize) return;
  throw new HdfsError(
    'EINVAL',
    `The XAttr is too big. The maximum combined size of the name and value is ${maxXattrSize}, but the total size is ${size}`,
  );
}

/** Attributes of users go with the right to write; in a sticky directory with its ownership. */
function checkChangeAccess(ns: Namespace, caller: Caller, resolved: ResolvedPath, { namespace }: XAttr): void {
  if (!ns.options.permissionsEnabled || namespace !== XAttrNamespace.USER) return;
  const { inodes } = ns;
  const inode = resolved.last;
  const isSticky = inode !== 0 && inodes.type(inode) === InodeType.DIRECTORY && (inodes.mode(inode) & STICKY) !== 0;
  if (isSticky) checkOwner(ns, caller, resolved);
  else checkPermission(ns, caller, resolved, { self: FsAction.WRITE });
}

function existing(resolved: ResolvedPath, path: string): InodeHandle {
  if (resolved.last === 0) throw new HdfsError('ENOENT', `cannot find ${resolved.text}`, { path });
  return resolved.last;
}

function checkFlags({ xattr, create, replace }: SetXattrRequest, before: readonly XAttr[]): void {
  if (!create && !replace) throw new HdfsError('EINVAL', 'A flag must be specified.');
  if (before.some((each) => isSameXattr(each, xattr))) {
    if (replace) return;
    throw new HdfsError('EIO', `XAttr: ${xattr.name} already exists. The REPLACE flag must be specified.`);
  }
  if (!create) throw new HdfsError('EIO', `XAttr: ${xattr.name} does not exist. The CREATE flag must be specified.`);
}
