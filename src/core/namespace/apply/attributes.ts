// Ops on what an inode is, not where: owner, mode, times, replication, quotas, lists, attributes, policies.
import type { EditOp } from '../../edits/ops.ts';
import { modeWithoutAcl, storeAcl } from '../acl.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import { changedQuota, QUOTA_DONT_SET, QUOTA_RESET, quotaOf, storedQuota } from '../quota.ts';
import { withoutXattrs, withXattrs } from '../xattrs.ts';
import type { Application } from './context.ts';
import { clampReplication } from './files.ts';

type Op<K extends EditOp['kind']> = Extract<EditOp, { kind: K }>;

export function applySetReplication(app: Application, op: Op<'SET_REPLICATION'>): void {
  const file = app.file(op.path);
  const { inodes, space } = app.ns;
  space.ofFile(file, () => inodes.setReplication(file, clampReplication(app, op.replication)));
  app.touch(file);
}

export function applySetPermissions(app: Application, op: Op<'SET_PERMISSIONS'>): void {
  const inode = app.existing(op.path);
  app.ns.inodes.setMode(inode, op.mode & 0o1777);
  app.touch(inode);
}

export function applySetOwner(app: Application, op: Op<'SET_OWNER'>): void {
  const inode = app.existing(op.path);
  app.ns.inodes.setOwner(inode, op.user, op.group);
  app.touch(inode);
}

/** A negative time stays as it is. Directories have no access time. */
export function applyTimes(app: Application, op: Op<'TIMES'>): void {
  const { inodes } = app.ns;
  const inode = app.existing(op.path);
  if (op.mtime >= 0) inodes.setMtime(inode, op.mtime);
  if (op.atime >= 0 && inodes.type(inode) !== InodeType.DIRECTORY) inodes.setAtime(inode, op.atime);
  app.touch(inode);
}

type QuotaOp = Op<'SET_NS_QUOTA'> | Op<'CLEAR_NS_QUOTA'> | Op<'SET_QUOTA'> | Op<'SET_QUOTA_BY_STORAGETYPE'>;

export function applyQuota(app: Application, op: QuotaOp): void {
  const { inodes } = app.ns;
  const directory = app.directory(op.path);
  inodes.setQuota(directory, storedQuota(quotaAfter(app, directory, op)));
  app.ns.space.quotaChanged(directory);
  app.touch(directory);
}

function quotaAfter(app: Application, directory: InodeHandle, op: QuotaOp) {
  const { inodes } = app.ns;
  switch (op.kind) {
    case 'SET_NS_QUOTA':
      return changedQuota(inodes, directory, op.namespaceQuota, QUOTA_DONT_SET);
    case 'CLEAR_NS_QUOTA':
      return changedQuota(inodes, directory, QUOTA_RESET, QUOTA_DONT_SET);
    case 'SET_QUOTA':
      // Both as they are now, Long.MAX_VALUE too: it is the root's, once it has no other.
      return { ...quotaOf(inodes, directory), namespace: op.namespaceQuota, space: op.spaceQuota };
    case 'SET_QUOTA_BY_STORAGETYPE':
      return changedQuota(inodes, directory, QUOTA_DONT_SET, op.spaceQuota, op.storageType);
  }
}

/** An empty list takes the list away. */
export function applySetAcl(app: Application, op: Op<'SET_ACL'>): void {
  const { inodes } = app.ns;
  const inode = app.existing(op.path);
  const mode = inodes.mode(inode);
  if (op.aclEntries.length === 0) {
    inodes.setMode(inode, modeWithoutAcl(mode, inodes.acl(inode) ?? []));
    inodes.setAcl(inode, undefined);
  } else {
    const stored = storeAcl(op.aclEntries, mode, inodes.type(inode) === InodeType.DIRECTORY);
    if (typeof stored === 'string') throw app.contradiction(stored);
    inodes.setMode(inode, stored.mode);
    inodes.setAcl(inode, stored.entries);
  }
  app.touch(inode);
}

export function applySetXattr(app: Application, op: Op<'SET_XATTR'>): void {
  const { inodes } = app.ns;
  const inode = app.existing(op.path);
  app.checkXattrs(op.xAttrs);
  inodes.setXattrs(inode, withXattrs(inodes.xattrs(inode) ?? [], op.xAttrs));
  app.touch(inode);
  app.answered(op.rpc);
}

export function applyRemoveXattr(app: Application, op: Op<'REMOVE_XATTR'>): void {
  const { inodes } = app.ns;
  const inode = app.existing(op.path);
  const kept = withoutXattrs(inodes.xattrs(inode) ?? [], op.xAttrs);
  inodes.setXattrs(inode, kept.length === 0 ? undefined : kept);
  app.touch(inode);
  app.answered(op.rpc);
}

/** Of files and directories alike, though on disk a directory has it among its attributes. */
export function applySetStoragePolicy(app: Application, op: Op<'SET_STORAGE_POLICY'>): void {
  const { inodes, space } = app.ns;
  const inode = app.existing(op.path);
  const type = inodes.type(inode);
  if (type === InodeType.SYMLINK) throw app.contradiction(`${op.path} is a symlink`);
  const change = (): void => inodes.setStoragePolicy(inode, op.policyId);
  if (type === InodeType.FILE) space.ofFile(inode, change);
  else space.ofPolicy(inode, change);
  app.touch(inode);
}
