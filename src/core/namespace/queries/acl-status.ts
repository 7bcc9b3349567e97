// getAclStatus: owner, group, mode and the entries that the mode does not say. Apache: FSDirAclOp.getAclStatus.
import { HdfsError } from '../../../base/errors.ts';
import type { AclEntry } from '../../edits/ops.ts';
import type { Namespace } from '../namespace.ts';
import { checkAclsEnabled } from '../ops/acl.ts';
import type { Caller } from '../permissions.ts';
import { isSnapshotsOfRoot, type ResolvedPath, resolvePath } from '../resolve.ts';

export interface AclStatus {
  readonly owner: string;
  readonly group: string;
  /** Undefined for what has no inode. */
  readonly mode: number | undefined;
  readonly entries: readonly AclEntry[];
}

export interface AclStatusOfPath {
  readonly path: ResolvedPath;
  readonly status: AclStatus;
}

export function aclStatus(ns: Namespace, caller: Caller, path: string): AclStatusOfPath {
  checkAclsEnabled(ns);
  const resolved = resolvePath(ns, caller, path, 'read', 'getAclStatus');
  if (isSnapshotsOfRoot(resolved)) {
    return { path: resolved, status: { owner: '', group: '', mode: undefined, entries: [] } };
  }
  const inode = resolved.last;
  if (inode === 0) throw new HdfsError('ENOENT', `cannot find ${resolved.text}`, { path });
  const { inodes } = ns;
  return {
    path: resolved,
    status: {
      owner: inodes.user(inode),
      group: inodes.group(inode),
      mode: inodes.mode(inode),
      entries: inodes.acl(inode) ?? [],
    },
  };
}
