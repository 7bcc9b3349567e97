// delete: one DELETE op however large the subtree is; it is taken apart later, in slices (Namespace.reclaim). Apache:
// FSDirDeleteOp.
import { HdfsError } from '../../../base/errors.ts';
import type { RpcIds } from '../../edits/ops.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { invalidPath, isExactReservedName } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkUnprotected, isNonEmptyDirectory } from '../protected-directories.ts';
import { checkPermission, resolvePath } from '../resolve.ts';
import { checkSubtreeAccess, type SubtreeAccess } from './subtree-access.ts';

export interface DeleteRequest {
  readonly path: string;
  readonly recursive: boolean;
  readonly rpc: RpcIds;
}

/**
 * Answers false, without an op, where nothing stands and for the root. `walked` is a SubtreeAccess that was stepped
 * through before, for a large subtree of a caller who is not the superuser.
 */
export function checkDelete(
  ns: Namespace,
  caller: Caller,
  request: DeleteRequest,
  now: number,
  walked?: SubtreeAccess,
): Checked<boolean> {
  if (isExactReservedName(request.path)) throw invalidPath(request.path);
  const path = resolvePath(ns, caller, request.path, 'writeLink', 'delete');
  checkPermission(ns, caller, path, { parent: FsAction.WRITE });
  const inode = path.last;
  if (isNonEmptyDirectory(ns, inode)) {
    checkSubtreeAccess(ns, caller, inode, walked);
    if (!request.recursive) {
      throw new HdfsError('ENOTEMPTY', `\`${path.text} is non empty': Directory is not empty`, { path: path.text });
    }
    checkUnprotected(ns, path);
  }
  if (inode === 0 || inode === ns.inodes.root) return { ops: [], result: () => false };
  return {
    ops: [{ kind: 'DELETE', path: path.text, timestamp: now, rpc: request.rpc }],
    handles: [path.handles],
    result: () => true,
  };
}
