// Closing files whose writers are gone. What can be closed from what is known is closed at once; a last block that was
// being written needs its DataNodes to agree on a length first, or, while that is not built, the caller's word for it.
// Apache: FSNamesystem.internalReleaseLease, LeaseManager.checkLeases.
import { HdfsError } from '../../../base/errors.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import { type EditBlock, type EditOp, NO_RPC_IDS } from '../../edits/ops.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, FsAction, pathOfInode } from '../permissions.ts';
import { checkPermission, fileAt, resolvePath } from '../resolve.ts';
import { blockFromEnd, editBlocks } from './block-values.ts';
import { closeOp, isReadyToClose } from './complete.ts';

export type LeaseRelease =
  /** These ops close the file. */
  | { readonly kind: 'close'; readonly ops: readonly EditOp[] }
  /** A block that is not the last has no replicas yet; nothing can be done but to wait. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** The last block's length must be found out. */
  | { readonly kind: 'recover'; readonly block: BlockHandle };

/** What releasing the lease of an open file takes. */
export function checkLeaseRelease(ns: Namespace, file: InodeHandle, now: number): LeaseRelease {
  if (isReadyToClose(ns, file)) return { kind: 'close', ops: [closeOp(ns, file, now)] };
  const count = ns.inodes.blockCount(file);
  for (let i = 0; i < count - 1; i++) {
    if (ns.blocks.state(ns.inodes.blockAt(file, i)) === BlockState.COMPLETE) continue;
    return {
      kind: 'wait',
      reason:
        `DIR* NameSystem.internalReleaseLease: Failed to release lease for file ${pathOfInode(ns.inodes, file)}. ` +
        'Committed blocks are waiting to be minimally replicated.',
    };
  }
  return { kind: 'recover', block: blockFromEnd(ns, file, 0) };
}

/**
 * Ops that hand a dead writer's file to the NameNode and close it. `last`: how the last block ends, as its surviving
 * replicas show it, or 'drop' where no DataNode ever had a byte of it; a complete or committed block stays as it is.
 */
export function closeDeadFile(
  ns: Namespace,
  file: InodeHandle,
  newHolder: string,
  last: { readonly numBytes: number; readonly genStamp: EditBlock['genStamp'] } | 'drop' | 'keep',
  now: number,
): EditOp[] {
  const path = pathOfInode(ns.inodes, file);
  const holder = ns.inodes.underConstruction(file)?.clientName ?? '';
  const ops: EditOp[] = [];
  if (holder !== newHolder) ops.push({ kind: 'REASSIGN_LEASE', leaseHolder: holder, path, newHolder });
  let blocks = editBlocks(ns, file);
  if (last === 'drop') {
    blocks = blocks.slice(0, -1);
    ops.push({ kind: 'UPDATE_BLOCKS', path, blocks, rpc: NO_RPC_IDS });
  } else if (last !== 'keep' && blocks.length > 0) {
    const end = blocks[blocks.length - 1] as EditBlock;
    blocks = [...blocks.slice(0, -1), { ...end, numBytes: last.numBytes, genStamp: last.genStamp }];
  }
  ops.push({ ...(closeOp(ns, file, now) as Extract<EditOp, { kind: 'CLOSE' }>), blocks });
  return ops;
}

/** The recoverLease request: true when the file is closed already, else the file whose lease the server releases. */
export function checkRecoverLease(ns: Namespace, caller: Caller, path: string): true | InodeHandle {
  const resolved = resolvePath(ns, caller, path, 'write', 'recoverLease');
  const file = fileAt(ns.inodes, resolved.last, resolved.text);
  if (ns.inodes.underConstruction(file) === undefined) return true;
  checkPermission(ns, caller, resolved, { self: FsAction.WRITE });
  if (ns.leases.ofFile(ns.inodes.id(file)) === undefined) {
    throw new HdfsError(
      'EBUSY',
      `Failed to RECOVER_LEASE ${resolved.text} because the file is under construction but no leases found.`,
    );
  }
  return file;
}
