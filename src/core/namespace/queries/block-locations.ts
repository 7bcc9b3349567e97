// getBlockLocations: which blocks hold a range of a file. Where they are is the block manager's to add. Also whether the
// access is worth a new access time. Apache: FSDirStatAndListingOp.getBlockLocations, BlockManager.createLocatedBlocks.
import { HdfsError } from '../../../base/errors.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { EditOp } from '../../edits/ops.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, checkTraverse, FsAction, pathOfInode } from '../permissions.ts';
import { checkPermission, fileAt, type ResolvedPath, resolvePath } from '../resolve.ts';
import { isSameXattr, UNREADABLE_BY_SUPERUSER } from '../xattrs.ts';

export interface BlockRange {
  readonly block: BlockHandle;
  /** Where in the file it begins. */
  readonly offset: number;
}

export interface FileBlocks {
  /** Length of the file without a last block that is not complete. */
  readonly fileLength: number;
  readonly underConstruction: boolean;
  /** Blocks that overlap the range; a last one without bytes so far comes along when the range reaches the end. */
  readonly blocks: readonly BlockRange[];
  readonly last: BlockRange | undefined;
  readonly isLastComplete: boolean;
}

export interface BlockLocations {
  readonly path: ResolvedPath;
  readonly file: InodeHandle;
  readonly range: FileBlocks;
}

/** Who is stopped by nobody: that a path leads to a file is found out before it is asked who may know. */
const UNHINDERED: Caller = { user: '', groups: [], superuser: true };

/** Apache's limit of blocks in one answer is Integer.MAX_VALUE; a file has fewer. */
export function blockLocations(ns: Namespace, caller: Caller, path: string, offset: number, length: number): BlockLocations {
  if (offset < 0) throw new HdfsError('EILLEGAL', `Negative offset is not supported. File: ${path}`);
  if (length < 0) throw new HdfsError('EILLEGAL', `Negative length is not supported. File: ${path}`);
  // Said first, as Apache does.
  const resolved = resolvePath(ns, UNHINDERED, path, 'read');
  const file = fileAt(ns.inodes, resolved.last, resolved.text);
  checkReadableBySuperuser(ns, caller, file);
  if (ns.options.permissionsEnabled) checkTraverse(ns.inodes, caller, resolved);
  checkPermission(ns, caller, resolved, { self: FsAction.READ });
  return { path: resolved, file, range: blocksOfRange(ns, file, offset, length) };
}

/** What is in a file may be kept from the superuser. Apache: FSDirectory.checkUnreadableBySuperuser. */
function checkReadableBySuperuser(ns: Namespace, caller: Caller, file: InodeHandle): void {
  if (!caller.superuser || !ns.options.permissionsEnabled) return;
  if (ns.inodes.xattrs(file)?.some((xattr) => isSameXattr(xattr, UNREADABLE_BY_SUPERUSER)) !== true) return;
  throw new HdfsError(
    'EACCES',
    `Access is denied for ${caller.user} since the superuser is not allowed to perform this operation.`,
  );
}

/** Blocks of a file that overlap [offset, offset + length). */
export function blocksOfRange(ns: Namespace, file: InodeHandle, offset: number, length: number): FileBlocks {
  const { inodes, blocks } = ns;
  const count = inodes.blockCount(file);
  const underConstruction = inodes.isUnderConstruction(file);
  if (count === 0) {
    return { fileLength: 0, underConstruction, blocks: [], last: undefined, isLastComplete: false };
  }
  const found: BlockRange[] = [];
  const end = offset + length;
  let position = 0;
  let last: BlockHandle = 0;
  let lastBytes = 0;
  // A file whose first block has no bytes yet shows that block whatever was asked for.
  let isBefore = blocks.numBytes(inodes.blockAt(file, 0)) > 0;
  for (let index = 0; index < count; index++) {
    last = inodes.blockAt(file, index);
    lastBytes = blocks.numBytes(last);
    isBefore &&= position + lastBytes <= offset;
    // The first block found counts even for a range of no length.
    if (!isBefore && (found.length === 0 || position < end)) found.push({ block: last, offset: position });
    position += lastBytes;
  }
  const isLastComplete = blocks.state(last) === BlockState.COMPLETE;
  return {
    fileLength: isLastComplete ? position : position - lastBytes,
    underConstruction,
    blocks: found,
    last: { block: last, offset: position - lastBytes },
    isLastComplete,
  };
}

/** The op that notes a read of the file, when its access time lags by more than the precision. */
export function accessTimeOp(ns: Namespace, file: InodeHandle, now: number): EditOp | undefined {
  const precision = ns.options.accessTimePrecisionMs;
  if (precision <= 0 || now <= ns.inodes.atime(file) + precision) return undefined;
  return { kind: 'TIMES', path: pathOfInode(ns.inodes, file), mtime: -1, atime: now };
}
