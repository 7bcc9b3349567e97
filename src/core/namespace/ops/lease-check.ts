// Who holds a file open, and what others are told. Apache: FSNamesystem.checkLease, recoverLeaseInternal.
import { type ErrorCode, HdfsError } from '../../../base/errors.ts';
import type { InodeId } from '../../../base/ids.ts';
import { BlockState } from '../../blocks/block-map.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import type { ResolvedPath } from '../resolve.ts';

/** The file at a path, which `holder` must have open. */
export function checkLease(ns: Namespace, path: ResolvedPath, holder: string, fileId: InodeId): InodeHandle {
  const inode = path.last;
  const describe = () => `${path.text} (inode ${fileId}) ${leaseText(ns, holder)}`;
  if (inode === 0) throw new HdfsError('ENOENT', `File does not exist: ${describe()}`, { path: path.text });
  if (ns.inodes.type(inode) !== InodeType.FILE) {
    throw new HdfsError('ELEASE', `INode is not a regular file: ${describe()}`, { path: path.text });
  }
  const open = ns.inodes.underConstruction(inode);
  if (open === undefined) {
    throw new HdfsError('ELEASE', `File is not open for writing: ${describe()}`, { path: path.text });
  }
  if (open.clientName !== holder) {
    throw new HdfsError('ELEASE', `Client (=${holder}) is not the lease owner (=${open.clientName}: ${describe()}`, {
      path: path.text,
    });
  }
  return inode;
}

/** What `holder` has open, in Apache's words. */
function leaseText(ns: Namespace, holder: string): string {
  const open = ns.openFileCount(holder);
  return open === 0
    ? `Holder ${holder} does not have any open files.`
    : `[Lease.  Holder: ${holder}, pending creates: ${open}]`;
}

/** Apache: RecoverLeaseOp; the names stand in messages. */
export type LeaseTaker = 'CREATE_FILE' | 'APPEND_FILE' | 'TRUNCATE_FILE' | 'RECOVER_LEASE';

/**
 * The file is held by a client that has not been heard of for the soft limit: the server should start the recovery of
 * its lease (ops/lease-recovery.ts), and the client be told to come again.
 */
export class LeaseRecoveryWanted extends HdfsError {
  readonly inode: InodeHandle;

  constructor(code: ErrorCode, message: string, inode: InodeHandle) {
    super(code, message);
    this.inode = inode;
  }
}

/** Apache: RecoverLeaseOp.getExceptionMessage. */
export function refusedTaker(taker: LeaseTaker, path: string, holder: string, clientMachine: string, reason: string): string {
  return `Failed to ${taker} ${path} for ${holder} on ${clientMachine} because ${reason}`;
}

/** Refuses a file that somebody writes. */
export function checkNotOpen(
  ns: Namespace,
  taker: LeaseTaker,
  inode: InodeHandle,
  path: string,
  holder: string,
  clientMachine: string,
): void {
  const open = ns.inodes.underConstruction(inode);
  if (open === undefined) return;
  const message = (reason: string) => refusedTaker(taker, path, holder, clientMachine, reason);
  const lease = ns.leases.ofFile(ns.inodes.id(inode));
  if (lease !== undefined && lease.holder === holder) {
    throw new HdfsError('EBUSY', message(`${holder} is already the current lease holder.`), { path });
  }
  if (lease === undefined) {
    throw new HdfsError('EBUSY', message('the file is under construction but no leases found.'), { path });
  }
  if (ns.leases.softLimitExpired(lease, ns.monotonicMs)) {
    throw new LeaseRecoveryWanted('ERECOVERY', message('lease recovery is in progress. Try again later.'), inode);
  }
  const count = ns.inodes.blockCount(inode);
  const recovering = count > 0 && ns.blocks.state(ns.inodes.blockAt(inode, count - 1)) === BlockState.UNDER_RECOVERY;
  const who = `${open.clientName} on ${open.clientMachine}`;
  if (recovering) throw new HdfsError('ERECOVERY', message(`another recovery is in progress by ${who}`), { path });
  throw new HdfsError('EBUSY', message(`this file lease is currently owned by ${who}`), { path });
}
