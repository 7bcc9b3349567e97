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
      applyAdd(app, op);
      break;
    case 'CLOSE':
      applyClose(app, op);
      break;
    case 'APPEND':
      applyAppend(app, op);
      break;
    case 'ADD_BLOCK':
      applyAddBlock(app, op);
      break;
    case 'UPDATE_BLOCKS':
      applyUpdateBlocks(app, op);
      break;
    case 'RENAME_OLD':
      applyRenameOld(app, op);
      break;
    case 'RENAME':
      applyRename(app, op);
      break;
    case 'DELETE':
      applyDelete(app, op);
      break;
    case 'MKDIR':
      applyMkdir(app, op);
      break;
    case 'SYMLINK':
      applySymlink(app, op);
      break;
    case 'CONCAT_DELETE':
      applyConcat(app, op);
      break;
    case 'TRUNCATE':
      applyTruncate(app, op);
      break;
    case 'REASSIGN_LEASE':
      applyReassignLease(app, op);
      break;
    case 'SET_REPLICATION':
      applySetReplication(app, op);
      break;
    case 'SET_PERMISSIONS':
      applySetPermissions(app, op);
      break;
    case 'SET_OWNER':
      applySetOwner(app, op);
      break;
    case 'TIMES':
      applyTimes(app, op);
      break;
    case 'SET_NS_QUOTA':
    case 'CLEAR_NS_QUOTA':
    case 'SET_QUOTA':
    case 'SET_QUOTA_BY_STORAGETYPE':
      applyQuota(app, op);
      break;
    case 'SET_ACL':
      applySetAcl(app, op);
      break;
    case 'SET_XATTR':
      applySetXattr(app, op);
      break;
    case 'REMOVE_XATTR':
      applyRemoveXattr(app, op);
      break;
    case 'SET_STORAGE_POLICY':
      applySetStoragePolicy(app, op);
      break;
    case 'SET_GENSTAMP_V1':
      if (op.genStamp > ns.legacyGenStamp) ns.legacyGenStamp = op.genStamp;
      break;
    case 'SET_GENSTAMP_V2':
      noteGenStamp(ns, op.genStamp);
      break;
    case 'ALLOCATE_BLOCK_ID':
      // Ids never run backwards. Striped groups, which count up from the lowest number, have a counter of their own.
      if (op.blockId < 0n) {
        if (op.blockId > ns.lastStripedBlockId) ns.lastStripedBlockId = op.blockId;
      } else if (op.blockId > ns.lastBlockId) ns.lastBlockId = op.blockId;
      break;
    case 'START_LOG_SEGMENT':
    case 'END_LOG_SEGMENT':
      break;
    case 'OPAQUE':
      throw app.notBuilt(`the edit log operation ${opName(op.code)}`);
    default:
      unreachable(op, 'unknown edit op');
  }
}

function opName(code: number): string {
  const found = Object.entries(EditOpCode).find(([, each]) => each === code);
  return found === undefined ? `with code ${code}` : `OP_${found[0]}`;
}
