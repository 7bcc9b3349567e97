// modifyAclEntries, removeAclEntries, removeDefaultAcl, removeAcl, setAcl: each works the whole list out and logs it, the
// empty one for a list that is taken away. Apache: FSDirAclOp.
import { HdfsError } from '../../../base/errors.ts';
import type { AclEntry } from '../../edits/ops.ts';
import { logicalAcl, storeAcl } from '../acl.ts';
import { mergeEntries, removeDefaults, removeEntries, replaceEntries } from '../acl-changes.ts';
import { InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import { type Caller, pathOfInode } from '../permissions.ts';
import { checkOwner, type ResolvedPath, resolvePath } from '../resolve.ts';

/** What is asked of a list; names as Apache's methods. */
export type AclChange =
  | { readonly kind: 'modifyAclEntries'; readonly entries: readonly AclEntry[] }
  | { readonly kind: 'removeAclEntries'; readonly entries: readonly AclEntry[] }
  | { readonly kind: 'setAcl'; readonly entries: readonly AclEntry[] }
  | { readonly kind: 'removeDefaultAcl' }
  | { readonly kind: 'removeAcl' };

export function checkAclChange(ns: Namespace, caller: Caller, path: string, change: AclChange): Checked<void> {
  checkAclsEnabled(ns);
  const resolved = resolvePath(ns, caller, path, 'write', change.kind);
  checkOwner(ns, caller, resolved);
  const aclEntries = changed(ns, resolved, path, change);
  return { ops: [{ kind: 'SET_ACL', path: resolved.text, aclEntries }], result: () => undefined };
}

export function checkAclsEnabled(ns: Namespace): void {
  if (ns.options.aclsEnabled) return;
  throw new HdfsError(
    'EACL',
    'The ACL operation has been rejected.  Support for ACLs has been disabled by setting dfs.namenode.acls.enabled to false.',
  );
}

/** The list after a change. Refusals name the path at their end, `setAcl`'s as the client wrote it. */
function changed(ns: Namespace, resolved: ResolvedPath, asked: string, change: AclChange): readonly AclEntry[] {
  try {
    return checkedList(ns, resolved, change);
  } catch (error) {
    if (!(error instanceof HdfsError) || error.code !== 'EACL') throw error;
    throw new HdfsError('EACL', `${error.message} Path: ${change.kind === 'setAcl' ? asked : resolved.text}`, {
      path: resolved.text,
    });
  }
}

function checkedList(ns: Namespace, resolved: ResolvedPath, change: AclChange): readonly AclEntry[] {
  if (change.kind === 'removeAcl' || (change.kind === 'setAcl' && change.entries.length === 0)) return [];
  const { inodes } = ns;
  const inode = resolved.last;
  const mode = inodes.mode(inode);
  const list = after(logicalAcl(mode, inodes.acl(inode) ?? []), change);
  const stored = storeAcl(list, mode, inodes.type(inode) === InodeType.DIRECTORY);
  if (typeof stored === 'string') throw new HdfsError('EACL', `${stored} Path: ${pathOfInode(inodes, inode)}`);
  return list;
}

function after(existing: readonly AclEntry[], change: Exclude<AclChange, { kind: 'removeAcl' }>): AclEntry[] {
  switch (change.kind) {
    case 'modifyAclEntries':
      return mergeEntries(existing, change.entries);
    case 'removeAclEntries':
      return removeEntries(existing, change.entries);
    case 'setAcl':
      return replaceEntries(existing, change.entries);
    case 'removeDefaultAcl':
      return removeDefaults(existing);
  }
}
