// Closing files whose writers are gone. What can be closed from what is known is closed at once; a last block that was
// being written needs its DataNodes to agree on a length first.
// Apache: FSNamesystem.internalReleaseLease, LeaseManager.checkLeases.
import { HdfsError } from '../../../base/errors.ts';
import type { GenStamp } from '../../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import { type EditBlock, type EditOp, NO_RPC_IDS } from '../../edits/ops.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { type Caller, FsAction, pathOfInode } from '../permissions.ts';
import { checkPermission, fileAt, resolvePath } from '../resolve.ts';
import { blockFromEnd, editBlock, editBlocks } from './block-values.ts';
import { closeOp } from './complete.ts';
import { refusedTaker } from './lease-check.ts';
import { nextGenStampOp } from './open-file.ts';

export type LeaseRelease =
  /** These ops close the file. */
  | { readonly kind: 'close'; readonly ops: readonly EditOp[] }
  /** No DataNode was ever told of the last block, or has told of it: the file is closed without it. */
  | { readonly kind: 'drop'; readonly block: BlockHandle }
  /** The last block's DataNodes must agree on its length, or cut it. */
  | { readonly kind: 'recover'; readonly block: BlockHandle };

/** What the block manager knows of a file's last blocks. */
export interface ReplicaFacts {
  readonly hasMinReplication: (block: BlockHandle) => boolean;
  /** Whether any DataNode is known that has, or should have, a replica. */
  readonly hasLocations: (block: BlockHandle) => boolean;
}

/**
 * What releasing the lease of an open file takes:
 *
 * | last block | block before | then |
 * |---|---|---|
 * | COMPLETE, or none | any | close |
 * | any other | the one before it is open, or an earlier one is not COMPLETE | refused: the file is not what it should be |
 * | COMMITTED, with replicas | COMPLETE or with replicas | close |
 * | COMMITTED | COMMITTED, without replicas | refused: wait for them |
 * | open, empty, without locations | any | drop it, close |
 * | COMMITTED, UNDER_CONSTRUCTION, UNDER_RECOVERY | any | recover |
 *
 * "With replicas" means dfs.namenode.replication.min of them.
 */
export function checkLeaseRelease(ns: Namespace, file: InodeHandle, facts: ReplicaFacts, now: number): LeaseRelease {
  const { blocks, inodes } = ns;
  const count = inodes.blockCount(file);
  let complete = 0;
  while (complete < count && blocks.state(inodes.blockAt(file, complete)) === BlockState.COMPLETE) complete++;
  if (complete === count) return { kind: 'close', ops: [closeOp(ns, file, now)] };
  const last = blockFromEnd(ns, file, 0);
  const before = blockFromEnd(ns, file, 1);
  const path = () => pathOfInode(inodes, file);
  if (complete < count - 2 || (complete === count - 2 && blocks.state(before) !== BlockState.COMMITTED)) {
    throw new HdfsError(
      'EIO',
      `DIR* NameSystem.internalReleaseLease: attempt to release a create lock on ${path()} but file is already closed.`,
    );
  }
  if (blocks.state(last) === BlockState.COMMITTED) {
    const beforeIsSafe = before === 0 || facts.hasMinReplication(before);
    if (beforeIsSafe && facts.hasMinReplication(last)) return { kind: 'close', ops: [closeOp(ns, file, now)] };
    if (!beforeIsSafe) {
      throw new HdfsError(
        'EBUSY',
        `DIR* NameSystem.internalReleaseLease: Failed to release lease for file ${path()}. ` +
          'Committed blocks are waiting to be minimally replicated.',
      );
    }
  }
  if (blocks.numBytes(last) === 0 && !facts.hasLocations(last)) return { kind: 'drop', block: last };
  return { kind: 'recover', block: last };
}

/** How a file's last block ends: with this length and stamp, not at all, or as the file has it already. */
export type LastBlockEnd = { readonly numBytes: number; readonly genStamp: EditBlock['genStamp'] } | 'drop';

/** Ops that close a dead writer's file, whose last block ends as its surviving replicas show. */
export function closeDeadFile(ns: Namespace, file: InodeHandle, last: LastBlockEnd, now: number): EditOp[] {
  const ops: EditOp[] = [];
  let blocks = editBlocks(ns, file);
  if (last === 'drop') {
    blocks = blocks.slice(0, -1);
    ops.push({ kind: 'UPDATE_BLOCKS', path: pathOfInode(ns.inodes, file), blocks, rpc: NO_RPC_IDS });
  } else if (blocks.length > 0) {
    const end = blocks[blocks.length - 1] as EditBlock;
    blocks = [...blocks.slice(0, -1), { ...end, numBytes: last.numBytes, genStamp: last.genStamp }];
  }
  ops.push({ ...(closeOp(ns, file, now) as Extract<EditOp, { kind: 'CLOSE' }>), blocks });
  return ops;
}

/**
 * Ops that begin a recovery of a file's last block: a stamp, which is the recovery's id, and another holder of the lease
 * where that changes. A copy that a truncation makes is a new block, which takes the stamp at once.
 */
export function beginRecovery(
  ns: Namespace,
  file: InodeHandle,
  newHolder: string | undefined,
): { readonly ops: readonly EditOp[]; readonly recoveryId: GenStamp } {
  const block = blockFromEnd(ns, file, 0);
  const path = pathOfInode(ns.inodes, file);
  const stamp = nextGenStampOp(ns, block);
  const ops: EditOp[] = [stamp];
  if (ns.truncations.of(block)?.kind === 'copy') {
    const blocks = [...editBlocks(ns, file).slice(0, -1), { ...editBlock(ns, block), genStamp: stamp.genStamp }];
    ops.push({ kind: 'UPDATE_BLOCKS', path, blocks, rpc: NO_RPC_IDS });
  }
  const reassign = reassignLeaseOp(ns, file, newHolder);
  return { ops: reassign === undefined ? ops : [...ops, reassign], recoveryId: stamp.genStamp };
}

/** The op by which another client (or the NameNode) holds the lease. Apache logs it also where the holder stays the same. */
export function reassignLeaseOp(ns: Namespace, file: InodeHandle, newHolder: string | undefined): EditOp | undefined {
  if (newHolder === undefined) return undefined;
  const holder = ns.inodes.underConstruction(file)?.clientName ?? '';
  return { kind: 'REASSIGN_LEASE', leaseHolder: holder, path: pathOfInode(ns.inodes, file), newHolder };
}

/** The recoverLease request: true when the file is closed already, else the file whose lease the server releases. */
export function checkRecoverLease(
  ns: Namespace,
  caller: Caller,
  path: string,
  holder: string,
  clientMachine: string,
): true | InodeHandle {
  const resolved = resolvePath(ns, caller, path, 'write', 'recoverLease');
  const file = fileAt(ns.inodes, resolved.last, resolved.text);
  if (!ns.inodes.isUnderConstruction(file)) return true;
  checkPermission(ns, caller, resolved, { self: FsAction.WRITE });
  if (ns.leases.ofFile(ns.inodes.id(file)) === undefined) {
    throw new HdfsError(
      'EBUSY',
      refusedTaker(
        'RECOVER_LEASE',
        resolved.text,
        holder,
        clientMachine,
        'the file is under construction but no leases found.',
      ),
    );
  }
  return file;
}
