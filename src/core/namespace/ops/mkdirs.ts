// mkdirs: one MKDIR op for each level that is missing. Apache: FSDirMkdirOp.
import { HdfsError } from '../../../base/errors.ts';
import { InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { checkPathLength } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkParentDirectory, checkPermission, resolvePath } from '../resolve.ts';
import { type CreateMode, NewInodes } from './new-inodes.ts';

export interface MkdirsRequest {
  readonly path: string;
  readonly mode: CreateMode;
  readonly createParent: boolean;
}

/** Always true: a directory that exists already is fine. */
export function checkMkdirs(ns: Namespace, caller: Caller, request: MkdirsRequest, now: number): Checked<boolean> {
  checkPathLength('mkdirs', request.path);
  const path = resolvePath(ns, caller, request.path, 'create', 'mkdirs');
  if (path.last !== 0) {
    if (ns.inodes.type(path.last) === InodeType.FILE) {
      throw new HdfsError('EEXIST', `Path is not a directory: ${request.path}`, { path: request.path });
    }
    return { ops: [], result: () => true };
  }
  checkPermission(ns, caller, path, { ancestor: FsAction.WRITE });
  if (!request.createParent) checkParentDirectory(ns, path);
  const made = new NewInodes(ns, path, caller.user, now);
  made.parents(request.mode);
  made.directory(path.length - 1, request.mode);
  const result = () => true;
  // Of a directory below another that is made first the parent is not known yet.
  if (made.ops.length > 1) return { ops: made.ops, result };
  return { ops: made.ops, handles: [path.handles], result };
}
