// getLinkTarget: where a symlink leads; for a path through one, where it leads with the link replaced. Apache:
// NameNodeRpcServer.getLinkTarget.
import { HdfsError } from '../../../base/errors.ts';
import { InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import type { Caller } from '../permissions.ts';
import type { ResolvedPath } from '../resolve.ts';
import { fileStatus } from './file-status.ts';

export interface LinkTarget {
  readonly target: string;
  /** Undefined where a link on the way answers. */
  readonly path: ResolvedPath | undefined;
}

/** `onSeen` is told once it is known what stands at the path, before it may turn out to be no link. */
export function linkTarget(ns: Namespace, caller: Caller, path: string, onSeen: () => void): LinkTarget {
  try {
    const found = fileStatus(ns, caller, path, false);
    onSeen();
    if (found?.status === undefined) throw new HdfsError('ENOENT', `File does not exist: ${path}`, { path });
    if (found.status.type !== InodeType.SYMLINK) throw new HdfsError('EIO', `Path ${path} is not a symbolic link`, { path });
    return { path: found.path, target: ns.inodes.symlinkTarget(found.status.inode) ?? '' };
  } catch (error) {
    if (!(error instanceof HdfsError) || error.code !== 'ELOOP') throw error;
    return { path: undefined, target: error.message };
  }
}
