// The body of every edit log op that tuskfs understands, at layout version -67, written. Field by field it is what
// Apache's FSEditLogOp classes write; reading is in op-bodies-read.ts. Which op codes there are, and which are carried as raw
// bytes, is in op-table.ts.
import { assert, unreachable } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import type { AclEntry, EditBlock, EditOp, PermissionStatus, RpcIds, XAttr } from '../../core/edits/ops.ts';
import { AclEditLogProto, XAttrEditLogProto } from '../../wire/messages/edit-log.ts';
import { storageTypeOrdinal } from '../storage-types.ts';
import { RPC_CLIENT_ID_BYTES } from './op-bodies-read.ts';
import type { OpBuffer } from './op-buffer.ts';

type AclPermission = NonNullable<AclEditLogProto['entries'][number]['permissions']>;

/** Appends the body of `op`: what stands between its txid and its checksum. */
export function writeOpBody(op: EditOp, out: OpBuffer): void {
  switch (op.kind) {
    case 'ADD':
      writeFileFields(op, out);
      writeAclEntries(op.aclEntries, out);
      writeXAttrs(undefined, op.xAttrs, out);
      out.putUtf8(op.clientName);
      out.putUtf8(op.clientMachine);
      out.putByte(op.overwrite ? 1 : 0);
      out.putByte(op.storagePolicyId);
      out.putByte(op.erasureCodingPolicyId);
      writeRpcIds(op.rpc, out);
      return;
    case 'CLOSE':
      writeFileFields(op, out);
      return;
    case 'MKDIR':
      out.putLong(op.inodeId);
      out.putUtf8(op.path);
      out.putLong(op.timestamp);
      out.putLong(op.timestamp);
      writePermissions(op.permissions, out);
      writeAclEntries(op.aclEntries, out);
      writeXAttrs(undefined, op.xAttrs, out);
      return;
    case 'APPEND':
      out.putUtf8(op.path);
      out.putUtf8(op.clientName);
      out.putUtf8(op.clientMachine);
      out.putByte(op.newBlock ? 1 : 0);
      writeRpcIds(op.rpc, out);
      return;
    case 'ADD_BLOCK':
      out.putUtf8(op.path);
      writeCompactBlocks(op.penultimate === undefined ? [op.last] : [op.penultimate, op.last], out);
      writeRpcIds(op.rpc, out);
      return;
    case 'UPDATE_BLOCKS':
      out.putUtf8(op.path);
      writeCompactBlocks(op.blocks, out);
      writeRpcIds(op.rpc, out);
      return;
    case 'RENAME_OLD':
      out.putUtf8(op.source);
      out.putUtf8(op.destination);
      out.putLong(op.timestamp);
      writeRpcIds(op.rpc, out);
      return;
    case 'RENAME':
      out.putUtf8(op.source);
      out.putUtf8(op.destination);
      out.putLong(op.timestamp);
      out.putInt(op.options.length);
      for (const option of op.options) out.putByte(option);
      writeRpcIds(op.rpc, out);
      return;
    case 'DELETE':
      out.putUtf8(op.path);
      out.putLong(op.timestamp);
      writeRpcIds(op.rpc, out);
      return;
    case 'SET_REPLICATION':
      out.putUtf8(op.path);
      out.putShort(op.replication);
      return;
    case 'SET_PERMISSIONS':
      out.putUtf8(op.path);
      out.putShort(op.mode);
      return;
    case 'SET_OWNER':
      out.putUtf8(op.path);
      out.putUtf8(op.user ?? '');
      out.putUtf8(op.group ?? '');
      return;
    case 'SET_GENSTAMP_V1':
    case 'SET_GENSTAMP_V2':
      out.putLong(op.genStamp);
      return;
    case 'ALLOCATE_BLOCK_ID':
      out.putExactLong(op.blockId);
      return;
    case 'SET_NS_QUOTA':
      out.putUtf8(op.path);
      out.putLong(op.namespaceQuota);
      return;
    case 'CLEAR_NS_QUOTA':
      out.putUtf8(op.path);
      return;
    case 'SET_QUOTA':
      out.putUtf8(op.path);
      out.putLong(op.namespaceQuota);
      out.putLong(op.spaceQuota);
      return;
    case 'SET_QUOTA_BY_STORAGETYPE':
      out.putUtf8(op.path);
      out.putInt(writableOrdinal(op.storageType));
      out.putLong(op.spaceQuota);
      return;
    case 'TIMES':
      out.putUtf8(op.path);
      out.putLong(op.mtime);
      out.putLong(op.atime);
      return;
    case 'CONCAT_DELETE':
      out.putUtf8(op.target);
      out.putInt(op.sources.length);
      for (const source of op.sources) out.putUtf8(source);
      out.putLong(op.timestamp);
      writeRpcIds(op.rpc, out);
      return;
    case 'SYMLINK':
      out.putLong(op.inodeId);
      out.putUtf8(op.path);
      out.putUtf8(op.value);
      out.putLong(op.mtime);
      out.putLong(op.atime);
      writePermissions(op.permissions, out);
      writeRpcIds(op.rpc, out);
      return;
    case 'REASSIGN_LEASE':
      out.putUtf8(op.leaseHolder);
      out.putUtf8(op.path);
      out.putUtf8(op.newHolder);
      return;
    case 'TRUNCATE':
      // Apache leaves the ids of the call out of this op.
      out.putUtf8(op.path);
      out.putUtf8(op.clientName);
      out.putUtf8(op.clientMachine);
      out.putLong(op.newLength);
      out.putLong(op.timestamp);
      writeCompactBlocks(op.truncateBlock === undefined ? [] : [op.truncateBlock], out);
      return;
    case 'SET_ACL':
      out.putRaw(AclEditLogProto.encodeDelimited({ src: op.path, entries: op.aclEntries.map(aclEntryProto) }));
      return;
    case 'SET_XATTR':
    case 'REMOVE_XATTR':
      writeXAttrs(op.path, op.xAttrs, out);
      writeRpcIds(op.rpc, out);
      return;
    case 'SET_STORAGE_POLICY':
      out.putUtf8(op.path);
      out.putByte(op.policyId);
      return;
    case 'START_LOG_SEGMENT':
    case 'END_LOG_SEGMENT':
      return;
    case 'OPAQUE':
      out.putRaw(op.body);
      return;
    default:
      unreachable(op);
  }
}

function writableOrdinal(storageType: number): number {
  const ordinal = storageTypeOrdinal(storageType);
  assert(ordinal >= 0, 'a storage type has its number of the wire');
  return ordinal;
}

function writeFileFields(op: Extract<EditOp, { kind: 'ADD' | 'CLOSE' }>, out: OpBuffer): void {
  out.putLong(op.inodeId);
  out.putUtf8(op.path);
  out.putShort(op.replication);
  out.putLong(op.mtime);
  out.putLong(op.atime);
  out.putLong(op.blockSize);
  out.putInt(op.blocks.length);
  for (const block of op.blocks) {
    out.putExactLong(block.id);
    out.putLong(block.numBytes);
    out.putLong(block.genStamp);
  }
  writePermissions(op.permissions, out);
}

function writePermissions(permissions: PermissionStatus, out: OpBuffer): void {
  out.putText(permissions.user);
  out.putText(permissions.group);
  out.putShort(permissions.mode);
}

/** Apache: FSImageSerialization.writeCompactBlockArray; each length and stamp as the difference to the one before. */
function writeCompactBlocks(blocks: readonly EditBlock[], out: OpBuffer): void {
  out.putVLong(blocks.length);
  let numBytes = 0;
  let stamp = 0;
  for (const block of blocks) {
    out.putExactLong(block.id);
    out.putVLong(block.numBytes - numBytes);
    out.putVLong(block.genStamp - stamp);
    numBytes = block.numBytes;
    stamp = block.genStamp;
  }
}

/** Apache: FSEditLogOp.AclEditLogUtil. Bits: 0-2 permission, 3-4 type, 5 scope, 6 whether a name follows. */
function writeAclEntries(entries: readonly AclEntry[], out: OpBuffer): void {
  out.putInt(entries.length);
  for (const { scope, type, permission, name } of entries) {
    out.putByte((name === undefined ? 0 : 1 << 6) | (scope << 5) | (type << 3) | permission);
    if (name !== undefined) out.putUtf8(name);
  }
}

function aclEntryProto({ scope, type, permission, name }: AclEntry) {
  return { type, scope, permissions: permission as AclPermission, name };
}

function writeXAttrs(path: string | undefined, xAttrs: readonly XAttr[], out: OpBuffer): void {
  if (path === undefined && xAttrs.length === 0) out.putByte(0);
  else out.putRaw(XAttrEditLogProto.encodeDelimited({ src: path, xAttrs }));
}

export function writeRpcIds(rpc: RpcIds, out: OpBuffer): void {
  if (rpc.clientId.length > RPC_CLIENT_ID_BYTES) {
    throw new HdfsError('EILLEGAL', `a client id has ${RPC_CLIENT_ID_BYTES} bytes, not ${rpc.clientId.length}`);
  }
  out.putShort(rpc.clientId.length);
  if (rpc.clientId.length > 0) out.putRaw(rpc.clientId);
  out.putInt(rpc.callId);
}
