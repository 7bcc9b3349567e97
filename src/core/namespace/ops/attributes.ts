// setPermission, setOwner, setTimes, setReplication, setStoragePolicy. Apache: FSDirAttrOp.
import { HdfsError } from '../../../base/errors.ts';
import type { EditOp } from '../../edits/ops.ts';
import { storagePolicyById, storagePolicyByName, storagePolicyText } from '../../placement/storage-policy.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { invalidPath, isExactReservedName } from '../paths.ts';
import { type Caller, checkSuperuser, FsAction } from '../permissions.ts';
import { checkFileSpace } from '../quota.ts';
import { checkOwner, checkPermission, type ResolvedPath, resolvePath } from '../resolve.ts';
import { addFileUsage, SpaceUsage } from '../space-usage.ts';
import { checkReplication } from './create.ts';

const nothing = (): void => undefined;

/** `mode`: the nine permission bits and the sticky bit. */
export function checkSetPermission(ns: Namespace, caller: Caller, path: string, mode: number): Checked<void> {
  const resolved = ownedPath(ns, caller, path, 'setPermission');
  const wanted = mode & 0o1777;
  if (ns.inodes.mode(resolved.last) === wanted) return { ops: [], result: nothing };
  return {
    ops: [{ kind: 'SET_PERMISSIONS', path: resolved.text, mode: wanted }],
    handles: [resolved.handles],
    result: nothing,
  };
}

/** Undefined leaves the user or the group as it is, and so does an empty name, as Apache replays it. */
export function checkSetOwner(
  ns: Namespace,
  caller: Caller,
  path: string,
  user: string | undefined,
  group: string | undefined,
): Checked<void> {
  const resolved = ownedPath(ns, caller, path, 'setOwner');
  if (!caller.superuser) {
    if (user !== undefined && user !== caller.user) {
      throw new HdfsError('EACCES', `User ${caller.user} is not a super user (non-super user cannot change owner).`);
    }
    if (group !== undefined && !caller.groups.includes(group)) {
      throw new HdfsError('EACCES', `User ${caller.user} does not belong to ${group}`);
    }
  }
  const inode = resolved.last;
  const sameUser = !user || ns.inodes.user(inode) === user;
  const sameGroup = !group || ns.inodes.group(inode) === group;
  if (sameUser && sameGroup) return { ops: [], result: nothing };
  return {
    ops: [{ kind: 'SET_OWNER', path: resolved.text, user: user || undefined, group: group || undefined }],
    handles: [resolved.handles],
    result: nothing,
  };
}

function ownedPath(ns: Namespace, caller: Caller, path: string, operation: string): ResolvedPath {
  if (isExactReservedName(path)) throw invalidPath(path);
  const resolved = resolvePath(ns, caller, path, 'write', operation);
  checkOwner(ns, caller, resolved);
  return resolved;
}

/** Milliseconds since 1970; -1 leaves a time as it is. */
export function checkSetTimes(ns: Namespace, caller: Caller, path: string, mtime: number, atime: number): Checked<void> {
  const resolved = resolvePath(ns, caller, path, 'write', 'setTimes');
  checkPermission(ns, caller, resolved, { self: FsAction.WRITE });
  if (resolved.last === 0) throw new HdfsError('ENOENT', `File/Directory ${resolved.text} does not exist.`, { path });
  if (mtime < 0 && atime < 0) return { ops: [], result: nothing };
  return { ops: [{ kind: 'TIMES', path: resolved.text, mtime, atime }], handles: [resolved.handles], result: nothing };
}

/** Answers the file whose blocks the block manager is to look at again; 0, without an op, for what is not a file. */
export function checkSetReplication(ns: Namespace, caller: Caller, path: string, replication: number): Checked<InodeHandle> {
  checkReplication(ns, path, replication);
  const resolved = resolvePath(ns, caller, path, 'write', 'setReplication');
  checkPermission(ns, caller, resolved, { self: FsAction.WRITE });
  const inode = resolved.last;
  if (inode === 0 || ns.inodes.type(inode) !== InodeType.FILE) return { ops: [], result: () => 0 };
  const before = new SpaceUsage();
  addFileUsage(ns, inode, 0, before);
  if (!before.isEmpty) checkFileSpace(ns, inode, before.withReplication(replication).addAll(before, -1));
  return { ops: [{ kind: 'SET_REPLICATION', path: resolved.text, replication }], result: () => inode };
}

function requirePolicies(ns: Namespace, asked: string): void {
  if (ns.options.storagePoliciesEnabled) return;
  throw new HdfsError('EIO', `Failed to ${asked} since dfs.storage.policy.enabled is set to false.`);
}

/** Throws: the satisfier is not built, and is answered for as on a NameNode that has it switched off, as all have by default. */
export function refuseToSatisfyStoragePolicy(ns: Namespace): never {
  requirePolicies(ns, 'satisfy storage policy');
  throw new HdfsError(
    'EUNSUPPORTEDACTION',
    'Cannot request to satisfy storage policy when storage policy satisfier feature has been disabled by admin. ' +
      'Seek for an admin help to enable it or use Mover tool.',
  );
}

/** An undefined name takes the policy away (unsetStoragePolicy). */
export function checkSetStoragePolicy(
  ns: Namespace,
  caller: Caller,
  path: string,
  policyName: string | undefined,
): Checked<void> {
  requirePolicies(ns, policyName === undefined ? 'unset storage policy' : 'set storage policy');
  const operation = policyName === undefined ? 'unsetStoragePolicy' : 'setStoragePolicy';
  if (ns.options.storagePoliciesOfSuperuser) checkSuperuser(caller, operation);
  const policy = policyName === undefined ? undefined : storagePolicyByName(policyName);
  if (policyName !== undefined && policy === undefined) {
    throw new HdfsError('EINVAL', `Cannot find a block policy with the name ${policyName}`);
  }
  const resolved = resolvePath(ns, caller, path, 'write', operation);
  checkPermission(ns, caller, resolved, { self: FsAction.WRITE });
  const inode = resolved.last;
  if (inode === 0) throw new HdfsError('ENOENT', `File/Directory does not exist: ${resolved.text}`, { path });
  if (ns.inodes.type(inode) === InodeType.SYMLINK) {
    throw new HdfsError('ENOENT', `${resolved.text} is not a file or directory`, { path });
  }
  if (ns.inodes.type(inode) === InodeType.FILE) {
    if (policy?.copyOnCreateFile === true) {
      throw new HdfsError('EINVAL', `Policy ${storagePolicyText(policy)} cannot be set after file creation.`);
    }
    const current = ns.inodes.storagePolicy(inode);
    if (current !== 0 && storagePolicyById(current).copyOnCreateFile) {
      throw new HdfsError(
        'EINVAL',
        `Existing policy ${storagePolicyById(current).name} cannot be changed after file creation.`,
      );
    }
  }
  const op: EditOp = { kind: 'SET_STORAGE_POLICY', path: resolved.text, policyId: policy?.id ?? 0 };
  return { ops: [op], result: nothing };
}
