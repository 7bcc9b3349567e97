// getXAttrs and listXAttrs: what a caller may see of an inode's extended attributes. Apache: FSDirXAttrOp.
import { HdfsError } from '../../../base/errors.ts';
import type { XAttr } from '../../edits/ops.ts';
import type { Namespace } from '../namespace.ts';
import { checkXattrsEnabled } from '../ops/xattr.ts';
import { isReservedRawName } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkPermission, type ResolvedPath, resolvePath } from '../resolve.ts';
import { checkXattrRight, isSameXattr, visibleXattrs } from '../xattrs.ts';

export interface XattrsOfPath {
  readonly path: ResolvedPath;
  readonly xattrs: readonly XAttr[];
}

/** Those that are wanted; all that the caller may see when none is named. */
export function xattrsOf(ns: Namespace, caller: Caller, path: string, wanted: readonly XAttr[] = []): XattrsOfPath {
  checkXattrsEnabled(ns);
  const isRaw = isReservedRawName(path);
  for (const xattr of wanted) checkXattrRight(caller, xattr, isRaw);
  const resolved = resolvePath(ns, caller, path, 'read', 'getXAttrs');
  checkPermission(ns, caller, resolved, { self: FsAction.READ });
  if (resolved.last === 0) throw new HdfsError('ENOENT', `cannot find ${resolved.text}`, { path });
  const visible = visibleXattrs(caller, ns.inodes.xattrs(resolved.last) ?? [], isRaw);
  if (wanted.length === 0) return { path: resolved, xattrs: visible };
  const xattrs = wanted.map((key) => {
    const found = visible.find((xattr) => isSameXattr(xattr, key));
    if (found === undefined) {
      throw new HdfsError('ENODATA', 'At least one of the attributes provided was not found.', { path });
    }
    return found;
  });
  return { path: resolved, xattrs };
}
