// Who may do what: mode bits, access control lists, the sticky bit, owners and the superuser, with Apache's words. Pure
// functions of the caller and the inodes on a path. Apache: FSPermissionChecker.
import { HdfsError } from '../../base/errors.ts';
import { type AclEntry, AclScope, AclType } from '../edits/ops.ts';
import { type InodeHandle, type Inodes, InodeType } from './inodes.ts';
import { joinPath, type PathComponents, withoutDots } from './paths.ts';

/** Who asks. Groups are looked up before; `superuser` is true for the owner of the file system and its supergroup. */
export interface Caller {
  readonly user: string;
  readonly groups: readonly string[];
  readonly superuser: boolean;
}

/** Apache: FsAction, whose names stand in messages. */
export const FsAction = {
  NONE: 0,
  EXECUTE: 1,
  WRITE: 2,
  WRITE_EXECUTE: 3,
  READ: 4,
  READ_EXECUTE: 5,
  READ_WRITE: 6,
  ALL: 7,
} as const;
export type FsAction = (typeof FsAction)[keyof typeof FsAction];

const ACTION_NAMES = ['NONE', 'EXECUTE', 'WRITE', 'WRITE_EXECUTE', 'READ', 'READ_EXECUTE', 'READ_WRITE', 'ALL'] as const;
const ACTION_SYMBOLS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'] as const;
const STICKY = 0o1000;
const SLASH = 0x2f;

/** Mode as `ls` prints it, without the type. Apache: FsPermission.toString. */
export function modeText(mode: number): string {
  const symbol = (bits: number) => ACTION_SYMBOLS[bits & 7] as string;
  const text = symbol(mode >> 6) + symbol(mode >> 3) + symbol(mode);
  if ((mode & STICKY) === 0) return text;
  return text.slice(0, -1) + ((mode & 1) === 1 ? 't' : 'T');
}

/** The inodes along a path; 0 where nothing stands. */
export interface InodesOnPath {
  readonly components: PathComponents;
  readonly inodes: readonly InodeHandle[];
}

/** What a request needs of a path beside passing through it. */
export interface Needs {
  /** Of the nearest ancestor that exists. */
  readonly ancestor?: FsAction;
  readonly parent?: FsAction;
  readonly self?: FsAction;
  /** The caller must own the last inode. */
  readonly owner?: boolean;
}

/** Whether the mode bits and the list of an inode let the caller do `action`. The superuser is not looked at. */
export function isAllowed(inodes: Inodes, caller: Caller, inode: InodeHandle, action: FsAction): boolean {
  const mode = inodes.mode(inode);
  const acl = inodes.acl(inode);
  if (acl !== undefined && acl[0]?.scope === AclScope.ACCESS) return isAllowedByAcl(inodes, caller, inode, acl, action);
  if (caller.user === inodes.user(inode)) return implies(mode >> 6, action);
  if (caller.groups.includes(inodes.group(inode))) return implies(mode >> 3, action);
  return implies(mode, action);
}

function isAllowedByAcl(
  inodes: Inodes,
  caller: Caller,
  inode: InodeHandle,
  acl: readonly AclEntry[],
  action: FsAction,
): boolean {
  const mode = inodes.mode(inode);
  const mask = (mode >> 3) & 7;
  if (caller.user === inodes.user(inode)) return implies(mode >> 6, action);
  let matched = false;
  for (const entry of acl) {
    if (entry.scope === AclScope.DEFAULT) break;
    if (entry.type === AclType.USER && entry.name === caller.user) return implies(entry.permission & mask, action);
    if (entry.type === AclType.GROUP && caller.groups.includes(entry.name ?? inodes.group(inode))) {
      // Any one of several groups is enough.
      if (implies(entry.permission & mask, action)) return true;
      matched = true;
    }
  }
  return !matched && implies(mode, action);
}

const implies = (bits: number, action: FsAction): boolean => (bits & action) === action;

/** Every ancestor must be a directory; for a caller that is not the superuser, one that may be passed through. */
export function checkTraverse(inodes: Inodes, caller: Caller | undefined, path: InodesOnPath): void {
  const last = path.inodes.length - 2;
  for (let i = 0; i <= last; i++) {
    const inode = path.inodes[i] as InodeHandle;
    if (inode === 0) break;
    checkIsDirectory(inodes, path, i);
    if (caller !== undefined && !caller.superuser && !isAllowed(inodes, caller, inode, FsAction.EXECUTE)) {
      throw denied(inodes, caller, inode, joinPath(path.components, 0, i + 1), FsAction.EXECUTE);
    }
  }
}

function checkIsDirectory(inodes: Inodes, path: InodesOnPath, index: number): void {
  const inode = path.inodes[index] as InodeHandle;
  if (inodes.type(inode) === InodeType.DIRECTORY) return;
  checkNotSymlink(inodes, path, index);
  throw new HdfsError('ENOTDIR', `${joinPath(path.components, 0, index + 1)} (is not a directory)`);
}

/** A symlink on the way sends the client elsewhere: the message is the path with the link replaced by its target. */
export function checkNotSymlink(inodes: Inodes, path: InodesOnPath, index: number): void {
  const inode = path.inodes[index] as InodeHandle;
  if (inode === 0 || inodes.type(inode) !== InodeType.SYMLINK) return;
  const target = inodes.symlinkTarget(inode) ?? '';
  const before = joinPath(path.components, 0, index);
  const after = joinPath(path.components, index + 1);
  const absolute = target.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(target);
  const parts = absolute ? [target, after] : [before === '/' ? '' : before, target, after];
  const resolved = parts.filter((part, i) => part !== '' || i === 0).join('/');
  throw new HdfsError('ELOOP', withoutDots(resolved), { path: joinPath(path.components) });
}

/** Checks what a request needs. The caller has passed the ancestors already (checkTraverse). */
export function checkNeeds(inodes: Inodes, caller: Caller, path: InodesOnPath, needs: Needs): void {
  if (caller.superuser) return;
  const count = path.inodes.length;
  const last = path.inodes[count - 1] as InodeHandle;
  if (needs.parent !== undefined && implies(needs.parent, FsAction.WRITE) && count > 1 && last !== 0) {
    checkSticky(inodes, caller, path, count - 2);
  }
  if (needs.ancestor !== undefined && count > 1) {
    let index = count - 2;
    while (index >= 0 && path.inodes[index] === 0) index--;
    checkOne(inodes, caller, path, index, needs.ancestor);
  }
  if (needs.parent !== undefined && count > 1) checkOne(inodes, caller, path, count - 2, needs.parent);
  if (needs.self !== undefined) checkOne(inodes, caller, path, count - 1, needs.self);
  if (needs.owner === true && last !== 0 && inodes.user(last) !== caller.user) {
    throw new HdfsError(
      'EACCES',
      `Permission denied. user=${caller.user} is not the owner of inode=${joinPath(path.components)}`,
    );
  }
}

function checkOne(inodes: Inodes, caller: Caller, path: InodesOnPath, index: number, action: FsAction): void {
  const inode = index < 0 ? 0 : (path.inodes[index] as InodeHandle);
  if (inode === 0 || isAllowed(inodes, caller, inode, action)) return;
  throw denied(inodes, caller, inode, joinPath(path.components, 0, index + 1), action);
}

/** In a sticky directory only its owner and the child's own may remove or move the child. */
export function isStickyViolated(inodes: Inodes, caller: Caller, parent: InodeHandle, child: InodeHandle): boolean {
  if ((inodes.mode(parent) & STICKY) === 0) return false;
  return inodes.user(parent) !== caller.user && inodes.user(child) !== caller.user;
}

function checkSticky(inodes: Inodes, caller: Caller, path: InodesOnPath, parentIndex: number): void {
  const parent = path.inodes[parentIndex] as InodeHandle;
  const child = path.inodes[parentIndex + 1] as InodeHandle;
  if (!isStickyViolated(inodes, caller, parent, child)) return;
  throw deniedBySticky(
    inodes,
    caller,
    { inode: child, path: joinPath(path.components, 0, parentIndex + 2) },
    { inode: parent, path: joinPath(path.components, 0, parentIndex + 1) },
  );
}

interface Named {
  readonly inode: InodeHandle;
  readonly path: string;
}

export function deniedBySticky(inodes: Inodes, caller: Caller, child: Named, parent: Named): HdfsError {
  const describe = ({ inode, path }: Named) =>
    `"${path}":${inodes.user(inode)}:${inodes.group(inode)}:${typeLetter(inodes, inode)}${modeText(inodes.mode(inode))}`;
  return new HdfsError(
    'EACCES',
    `Permission denied by sticky bit: user=${caller.user}, path=${describe(child)}, parent=${describe(parent)}`,
  );
}

const typeLetter = (inodes: Inodes, inode: InodeHandle): string => (inodes.type(inode) === InodeType.DIRECTORY ? 'd' : '-');

export function denied(inodes: Inodes, caller: Caller, inode: InodeHandle, path: string, action: FsAction): HdfsError {
  const owner = `${inodes.user(inode)}:${inodes.group(inode)}:${typeLetter(inodes, inode)}${modeText(inodes.mode(inode))}`;
  return new HdfsError(
    'EACCES',
    `Permission denied: user=${caller.user}, access=${ACTION_NAMES[action]}, inode="${path}":${owner}`,
  );
}

/** Refuses everybody but the superuser. `operation` is the name that Apache audits the request under. */
export function checkSuperuser(caller: Caller, operation: string): void {
  if (caller.superuser) return;
  throw new HdfsError(
    'EACCES',
    `Access denied for user ${caller.user}. Superuser privilege is required for operation ${operation}`,
  );
}

/** Full path of an inode, from its names up to the root. */
export function pathOfInode(inodes: Inodes, inode: InodeHandle): string {
  if (inode === inodes.root) return '/';
  let size = 0;
  for (let at = inode; at !== 0 && at !== inodes.root; at = inodes.parent(at)) size += 1 + inodes.nameLength(at);
  const path = Buffer.allocUnsafe(size);
  // From the end forwards, since an inode knows what is above it.
  let end = size;
  for (let at = inode; at !== 0 && at !== inodes.root; at = inodes.parent(at)) {
    const length = inodes.nameLength(at);
    const bytes = inodes.nameBytes(at);
    const start = inodes.nameStart(at);
    end -= length;
    for (let i = 0; i < length; i++) path[end + i] = bytes[start + i] as number;
    path[--end] = SLASH;
  }
  return path.toString('utf8');
}
