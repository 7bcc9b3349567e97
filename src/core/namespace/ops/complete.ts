// complete: closes a file. The client states the last block's length; that is fixed first (Namespace.commitBlock), since
// it stands even when the file cannot be closed before more replicas are reported. Apache: FSDirWriteFileOp.completeFile.
import { HdfsError } from '../../../base/errors.ts';
import { type InodeId, UNKNOWN_INODE_ID } from '../../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { EditOp } from '../../edits/ops.ts';
import type { InodeHandle } from '../inodes.ts';
import { InodeType } from '../inodes.ts';
import type { Checked, Namespace } from '../namespace.ts';
import type { Caller } from '../permissions.ts';
import { pathOfInode } from '../permissions.ts';
import { resolveFile } from '../resolve.ts';
import { finishedBlock, isProgressEnough } from './add-block.ts';
import { blockFromEnd, type ClientBlock, checkPool, editBlocks, matches } from './block-values.ts';
import { checkLease } from './lease-check.ts';

export interface CompleteRequest {
  readonly path: string;
  readonly fileId: InodeId;
  readonly clientName: string;
  readonly last: ClientBlock | undefined;
}

export type CompleteCheck =
  /** The client missed the answer to a close that was done. */
  | { readonly kind: 'closed already' }
  /** The block before the last has no replicas yet: the client is told to ask again. */
  | { readonly kind: 'wait' }
  /** The server carries out `commit` through Namespace.commitBlock, then asks checkClose. */
  | { readonly kind: 'close'; readonly file: InodeHandle; readonly commit: BlockCommit | undefined };

export interface BlockCommit {
  readonly block: BlockHandle;
  readonly numBytes: number;
}

export function checkComplete(ns: Namespace, caller: Caller, request: CompleteRequest): CompleteCheck {
  checkPool(ns, request.last);
  const path = resolveFile(ns, caller, request.path, request.fileId, 'completeFile');
  let file: InodeHandle;
  try {
    file = checkLease(ns, path, request.clientName, request.fileId);
  } catch (error) {
    const isLeaseError = error instanceof HdfsError && error.code === 'ELEASE';
    if (isLeaseError && isClosed(ns, path.last) && matches(ns, blockFromEnd(ns, path.last, 0), request.last)) {
      return { kind: 'closed already' };
    }
    throw error;
  }
  if (!isProgressEnough(ns, file)) return { kind: 'wait' };
  const last = blockFromEnd(ns, file, 0);
  if (last === 0 || request.last === undefined || ns.blocks.state(last) === BlockState.COMPLETE) {
    return { kind: 'close', file, commit: undefined };
  }
  const finished = finishedBlock(ns, last, request.last);
  return { kind: 'close', file, commit: finished && { block: last, numBytes: finished.numBytes } };
}

const isClosed = (ns: Namespace, inode: InodeHandle): boolean =>
  inode !== 0 && ns.inodes.type(inode) === InodeType.FILE && !ns.inodes.isUnderConstruction(inode);

/** Whether all blocks have the replicas that a closed file needs. */
export function isReadyToClose(ns: Namespace, file: InodeHandle): boolean {
  const count = ns.inodes.blockCount(file);
  const mayBeCommitted = count - ns.options.committedBlocksAllowed;
  for (let i = 0; i < count; i++) {
    const state = ns.blocks.state(ns.inodes.blockAt(file, i));
    if (state === BlockState.COMPLETE) continue;
    if (i < mayBeCommitted || state !== BlockState.COMMITTED) return false;
  }
  return true;
}

/** Closes the file, or answers false, without an op, while a block still waits for replicas. */
export function checkClose(ns: Namespace, file: InodeHandle, now: number): Checked<boolean> {
  if (!isReadyToClose(ns, file)) return { ops: [], result: () => false };
  const handles = [{ parent: ns.inodes.parent(file), inode: file }];
  return { ops: [closeOp(ns, file, now)], handles, result: () => true };
}

/** CLOSE as Apache logs it: most of the file again, without its inode id. */
export function closeOp(ns: Namespace, file: InodeHandle, now: number): EditOp {
  const { inodes } = ns;
  return {
    kind: 'CLOSE',
    inodeId: UNKNOWN_INODE_ID,
    path: pathOfInode(inodes, file),
    replication: inodes.replication(file),
    mtime: now,
    atime: inodes.atime(file),
    blockSize: inodes.preferredBlockSize(file),
    blocks: editBlocks(ns, file),
    permissions: { user: inodes.user(file), group: inodes.group(file), mode: inodes.mode(file) },
    aclEntries: [],
    xAttrs: [],
    storagePolicyId: 0,
    erasureCodingPolicyId: 0,
  };
}
