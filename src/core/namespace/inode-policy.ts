// Which block storage policy an inode has. What a policy means is core/placement/storage-policy.ts.
import { HdfsError } from '../../base/errors.ts';
import { UNSPECIFIED_STORAGE_POLICY } from '../placement/storage-policy.ts';
import { type InodeHandle, type InodeReader, InodeType } from './inodes.ts';

/** The policy set on this very inode, 0 when none is. */
export function localPolicy(inodes: InodeReader, inode: InodeHandle): number {
  return inodes.type(inode) === InodeType.SYMLINK ? UNSPECIFIED_STORAGE_POLICY : inodes.storagePolicy(inode);
}

/** Apache: INodeSymlink.getStoragePolicyID. */
export function checkHasPolicy(inodes: InodeReader, inode: InodeHandle): void {
  if (inodes.type(inode) !== InodeType.SYMLINK) return;
  throw new HdfsError('EUNSUPPORTED', 'Storage policy are not supported on symlinks');
}

/** The policy in force: the inode's own, or the nearest ancestor's that has one. Symlinks have none. */
export function effectivePolicy(inodes: InodeReader, inode: InodeHandle): number {
  if (inode === 0 || inodes.type(inode) === InodeType.SYMLINK) return UNSPECIFIED_STORAGE_POLICY;
  for (let at = inode; at !== 0; at = inodes.parent(at)) {
    const policy = localPolicy(inodes, at);
    if (policy !== UNSPECIFIED_STORAGE_POLICY) return policy;
  }
  return UNSPECIFIED_STORAGE_POLICY;
}
