// createSymlink. Apache: FSDirSymlinkOp; like there, whoever configures symlinks off refuses it before.
import { HdfsError } from '../../../base/errors.ts';
import type { RpcIds } from '../../edits/ops.ts';
import type { Checked, Namespace } from '../namespace.ts';
import {
  checkNotEmpty,
  isExactReservedName,
  isPathLengthAllowed,
  isReservedName,
  isValidName,
  MAX_PATH_LENGTH,
} from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkParentDirectory, checkPermission, resolvePath } from '../resolve.ts';
import { type CreateMode, NewInodes } from './new-inodes.ts';

export interface SymlinkRequest {
  readonly target: string;
  readonly link: string;
  /** Of parents that are made on the way. */
  readonly directoryMode: CreateMode;
  readonly createParent: boolean;
  readonly rpc: RpcIds;
}

/** Apache: FsPermission.getDefault. */
const SYMLINK_MODE = 0o777;

export function checkSymlink(ns: Namespace, caller: Caller, request: SymlinkRequest, now: number): Checked<void> {
  const { target, link } = request;
  checkNotEmpty(link);
  if (!isPathLengthAllowed(link)) throw new HdfsError('EIO', `Symlink path exceeds ${MAX_PATH_LENGTH} character limit`);
  if (!isValidName(link)) throw new HdfsError('EINVALIDPATH', `Invalid path name Invalid link name: ${link}`);
  if (target === '' || isReservedName(target) || isExactReservedName(target)) {
    throw new HdfsError('EINVALIDPATH', `Invalid path name Invalid target name: ${target}`);
  }
  const path = resolvePath(ns, caller, link, 'writeLink');
  if (!request.createParent) checkParentDirectory(ns, path);
  if (path.last !== 0) {
    throw new HdfsError('EIO', `failed to create link ${path.text} either because the filename is invalid or the file exists`);
  }
  checkPermission(ns, caller, path, { ancestor: FsAction.WRITE });
  const made = new NewInodes(ns, path, caller.user, now);
  made.parents({ masked: ns.inodes.mode(path.inodes[path.existing - 1] as number) });
  const { permissions } = made.child({ masked: SYMLINK_MODE }, false);
  return {
    ops: [
      ...made.ops,
      {
        kind: 'SYMLINK',
        inodeId: made.nextId(),
        path: path.text,
        value: target,
        mtime: now,
        atime: now,
        permissions: { ...permissions, mode: SYMLINK_MODE },
        rpc: request.rpc,
      },
    ],
    result: () => undefined,
  };
}
