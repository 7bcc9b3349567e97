// Which block storage policy an inode has. What a policy means is core/placement/storage-policy.ts.
import { XAttrNamespace } from '../edits/ops.ts';
import { UNSPECIFIED_STORAGE_POLICY } from '../placement/storage-policy.ts';
import { type InodeHandle, type InodeReader, InodeType } from './inodes.ts';

/** A directory keeps its policy in this SYSTEM attribute, in memory as in the image. Apache: BlockStoragePolicySuite. */
export const STORAGE_POLICY_XATTR = 'hsm.block.storage.policy.id';

/** The policy set on this very inode, 0 when none is. */
export function localPolicy(inodes: InodeReader, inode: InodeHandle): number {
  switch (inodes.type(inode)) {
    case InodeType.FILE:
      return inodes.storagePolicy(inode);
    case InodeType.DIRECTORY: {
      const own = inodes.xattrs(inode)?.find((x) => x.namespace === XAttrNamespace.SYSTEM && x.name === STORAGE_POLICY_XATTR);
      return own?.value?.[0] ?? UNSPECIFIED_STORAGE_POLICY;
    }
    case InodeType.SYMLINK:
      return UNSPECIFIED_STORAGE_POLICY;
  }
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
