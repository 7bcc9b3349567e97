// The only mutator of the namespace: one op in, the changed tree out. What each op does is Apache's replay of it
// (FSEditLogLoader.applyEditLogOp); the live NameNode goes through here too, so that the two cannot differ.
import { unreachable } from '../../../base/assert.ts';
import { type EditOp, EditOpCode } from '../../edits/ops.ts';
import type { Namespace, OpHandles } from '../namespace.ts';
import {
  applyQuota,
  applyRemoveXattr,
  applySetAcl,
  applySetOwner,
  applySetPermissions,
  applySetReplication,
  applySetStoragePolicy,
  applySetXattr,
  applyTimes,
} from './attributes.ts';
import { noteGenStamp } from './blocks.ts';
import { Application } from './context.ts';
import {
  applyAdd,
  applyAddBlock,
  applyAppend,
  applyClose,
  applyConcat,
  applyReassignLease,
  applyTruncate,
  applyUpdateBlocks,
} from './files.ts';
import { applyDelete, applyMkdir, applyRename, applyRenameOld, applySymlink } from './tree.ts';

export function applyOp(ns: Namespace, op: EditOp, txid: number, handles: OpHandles | undefined): void {
  const app = new Application(ns, op, txid, handles);
  switch (op.kind) {
    case 'ADD':
      return applyAdd(app, op);
    case 'CLOSE':
      return applyClose(app, op);
    case 'APPEND':
      return applyAppend(app, op);
    case 'ADD_BLOCK':
      return applyAddBlock(app, op);
    case 'UPDATE_BLOCKS':
      return applyUpdateBlocks(app, op);
    case 'RENAME_OLD':
      return applyRenameOld(app, op);
    case 'RENAME':
      return applyRename(app, op);
    case 'DELETE':
      return applyDelete(app, op);
    case 'MKDIR':
      return applyMkdir(app, op);
    case 'SYMLINK':
      return applySymlink(app, op);
    case 'CONCAT_DELETE':
      return applyConcat(app, op);
    case 'TRUNCATE':
      return applyTruncate(app, op);
    case 'REASSIGN_LEASE':
      return applyReassignLease(app, op);
    case 'SET_REPLICATION':
      return applySetReplication(app, op);
    case 'SET_PERMISSIONS':
      return applySetPermissions(app, op);
    case 'SET_OWNER':
      return applySetOwner(app, op);
    case 'TIMES':
      return applyTimes(app, op);
    case 'SET_NS_QUOTA':
    case 'CLEAR_NS_QUOTA':
    case 'SET_QUOTA':
    case 'SET_QUOTA_BY_STORAGETYPE':
      return applyQuota(app, op);
    case 'SET_ACL':
      return applySetAcl(app, op);
    case 'SET_XATTR':
      return applySetXattr(app, op);
    case 'REMOVE_XATTR':
      return applyRemoveXattr(app, op);
    case 'SET_STORAGE_POLICY':
      return applySetStoragePolicy(app, op);
    case 'SET_GENSTAMP_V1':
      if (op.genStamp > ns.legacyGenStamp) ns.legacyGenStamp = op.genStamp;
      return;
    case 'SET_GENSTAMP_V2':
      return noteGenStamp(ns, op.genStamp);
    case 'ALLOCATE_BLOCK_ID':
      // Ids never run backwards. Striped groups, which count up from the lowest number, have a counter of their own.
      if (op.blockId < 0n) {
        if (op.blockId > ns.lastStripedBlockId) ns.lastStripedBlockId = op.blockId;
      } else if (op.blockId > ns.lastBlockId) ns.lastBlockId = op.blockId;
      return;
    case 'START_LOG_SEGMENT':
    case 'END_LOG_SEGMENT':
      return;
    case 'OPAQUE':
      throw app.notBuilt(`the edit log operation ${opName(op.code)}`);
    default:
      return unreachable(op, 'unknown edit op');
  }
}

function opName(code: number): string {
  const found = Object.entries(EditOpCode).find(([, each]) => each === code);
  return found === undefined ? `with code ${code}` : `OP_${found[0]}`;
}
