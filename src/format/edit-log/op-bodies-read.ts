// The body of every edit log op that tuskfs understands, at layout version -67 and those that an upgrade takes, read. Field by field it is what
// Apache's FSEditLogOp classes write; writing is in op-bodies-write.ts. Which op codes there are, and which are carried as raw
// bytes, is in op-table.ts.
import { blockId, genStamp, inodeId } from '../../base/ids.ts';
import {
  type AclEntry,
  type AclScope,
  type AclType,
  type EditBlock,
  type EditOp,
  ERASURE_CODING_LAYOUT_VERSION,
  NO_RPC_IDS,
  type PermissionStatus,
  RenameOption,
  type RpcIds,
  type XAttr,
} from '../../core/edits/ops.ts';
import { AclEditLogProto, XAttrEditLogProto } from '../../wire/messages/edit-log.ts';
import { storageTypeOfOrdinal } from '../storage-types.ts';
import type { OpReader } from './op-reader.ts';

/** Apache: ConcatDeleteOp.MAX_CONCAT_SRC. */
const MAX_CONCAT_SOURCES = 1024 * 1024;
/** Id, length and generation stamp. */
const BLOCK_BYTES = 24;
/** Id, and two VLongs of at least a byte. */
const COMPACT_BLOCK_BYTES = 10;
export const RPC_CLIENT_ID_BYTES = 16;

/** Kinds that have fields of their own; the reader of each is in READERS. */
type ReadableKind = Exclude<EditOp['kind'], 'OPAQUE'>;
type OpOf<K extends EditOp['kind']> = Extract<EditOp, { kind: K }>;

/** Reads the body of an op of that kind. All of it must be used up by the caller's count. Throws ProtocolError. */
export const OP_READERS: { readonly [K in ReadableKind]: (r: OpReader) => OpOf<K> } = {
  ADD: (r) => {
    const fields = readFileFields(r);
    const aclEntries = readAclEntries(r);
    const { xAttrs } = readXAttrs(r);
    return {
      kind: 'ADD',
      inodeId: fields.inodeId,
      path: fields.path,
      replication: fields.replication,
      mtime: fields.mtime,
      atime: fields.atime,
      blockSize: fields.blockSize,
      blocks: fields.blocks,
      permissions: fields.permissions,
      aclEntries,
      xAttrs,
      clientName: r.getUtf8(),
      clientMachine: r.getUtf8(),
      overwrite: r.getBoolean(),
      storagePolicyId: r.getSignedByte(),
      erasureCodingPolicyId: r.layoutVersion <= ERASURE_CODING_LAYOUT_VERSION ? r.getSignedByte() : 0,
      rpc: readRpcIds(r),
    };
  },
  CLOSE: (r) => ({
    kind: 'CLOSE',
    ...readFileFields(r),
    aclEntries: NO_ACL,
    xAttrs: NO_XATTRS,
    storagePolicyId: 0,
    erasureCodingPolicyId: 0,
  }),
  MKDIR: (r) => {
    const id = inodeId(r.getLong());
    const path = r.getUtf8();
    const timestamp = r.getLong();
    r.getLong(); // access time, which directories do not have
    const permissions = readPermissions(r);
    const aclEntries = readAclEntries(r);
    const { xAttrs } = readXAttrs(r);
    return { kind: 'MKDIR', inodeId: id, path, timestamp, permissions, aclEntries, xAttrs };
  },
  APPEND: (r) => ({
    kind: 'APPEND',
    path: r.getUtf8(),
    clientName: r.getUtf8(),
    clientMachine: r.getUtf8(),
    newBlock: r.getBoolean(),
    rpc: readRpcIds(r),
  }),
  ADD_BLOCK: (r) => {
    const path = r.getUtf8();
    const blocks = readCompactBlocks(r);
    const last = blocks.at(-1);
    if (last === undefined || blocks.length > 2) return r.fail(`OP_ADD_BLOCK with ${blocks.length} blocks`);
    return { kind: 'ADD_BLOCK', path, penultimate: blocks.length === 2 ? blocks[0] : undefined, last, rpc: readRpcIds(r) };
  },
  UPDATE_BLOCKS: (r) => ({ kind: 'UPDATE_BLOCKS', path: r.getUtf8(), blocks: readCompactBlocks(r), rpc: readRpcIds(r) }),
  RENAME_OLD: (r) => ({
    kind: 'RENAME_OLD',
    source: r.getUtf8(),
    destination: r.getUtf8(),
    timestamp: r.getLong(),
    rpc: readRpcIds(r),
  }),
  RENAME: (r) => ({
    kind: 'RENAME',
    source: r.getUtf8(),
    destination: r.getUtf8(),
    timestamp: r.getLong(),
    options: readRenameOptions(r),
    rpc: readRpcIds(r),
  }),
  DELETE: (r) => ({ kind: 'DELETE', path: r.getUtf8(), timestamp: r.getLong(), rpc: readRpcIds(r) }),
  SET_REPLICATION: (r) => ({ kind: 'SET_REPLICATION', path: r.getUtf8(), replication: r.getShort() }),
  SET_PERMISSIONS: (r) => ({ kind: 'SET_PERMISSIONS', path: r.getUtf8(), mode: r.getUnsignedShort() }),
  SET_OWNER: (r) => ({ kind: 'SET_OWNER', path: r.getUtf8(), user: emptyAsNone(r.getUtf8()), group: emptyAsNone(r.getUtf8()) }),
  SET_GENSTAMP_V1: (r) => ({ kind: 'SET_GENSTAMP_V1', genStamp: genStamp(r.getLong()) }),
  SET_GENSTAMP_V2: (r) => ({ kind: 'SET_GENSTAMP_V2', genStamp: genStamp(r.getLong()) }),
  ALLOCATE_BLOCK_ID: (r) => ({ kind: 'ALLOCATE_BLOCK_ID', blockId: blockId(r.getExactLong()) }),
  SET_NS_QUOTA: (r) => ({ kind: 'SET_NS_QUOTA', path: r.getUtf8(), namespaceQuota: r.getLong() }),
  CLEAR_NS_QUOTA: (r) => ({ kind: 'CLEAR_NS_QUOTA', path: r.getUtf8() }),
  SET_QUOTA: (r) => ({ kind: 'SET_QUOTA', path: r.getUtf8(), namespaceQuota: r.getLong(), spaceQuota: r.getLong() }),
  SET_QUOTA_BY_STORAGETYPE: (r) => ({
    kind: 'SET_QUOTA_BY_STORAGETYPE',
    path: r.getUtf8(),
    storageType: storageTypeOfOrdinal(r.getInt()) ?? r.fail('an unknown storage type'),
    spaceQuota: r.getLong(),
  }),
  TIMES: (r) => ({ kind: 'TIMES', path: r.getUtf8(), mtime: r.getLong(), atime: r.getLong() }),
  CONCAT_DELETE: (r) => {
    const target = r.getUtf8();
    const count = r.getCount(2);
    if (count > MAX_CONCAT_SOURCES) return r.fail(`OP_CONCAT_DELETE with ${count} sources`);
    const sources: string[] = [];
    for (let i = 0; i < count; i++) sources.push(r.getUtf8());
    return { kind: 'CONCAT_DELETE', target, sources, timestamp: r.getLong(), rpc: readRpcIds(r) };
  },
  SYMLINK: (r) => ({
    kind: 'SYMLINK',
    inodeId: inodeId(r.getLong()),
    path: r.getUtf8(),
    value: r.getUtf8(),
    mtime: r.getLong(),
    atime: r.getLong(),
    permissions: readPermissions(r),
    rpc: readRpcIds(r),
  }),
  REASSIGN_LEASE: (r) => ({ kind: 'REASSIGN_LEASE', leaseHolder: r.getUtf8(), path: r.getUtf8(), newHolder: r.getUtf8() }),
  TRUNCATE: (r) => {
    const path = r.getUtf8();
    const clientName = r.getUtf8();
    const clientMachine = r.getUtf8();
    const newLength = r.getLong();
    const timestamp = r.getLong();
    const blocks = readCompactBlocks(r);
    if (blocks.length > 1) r.fail(`OP_TRUNCATE with ${blocks.length} blocks`);
    const truncateBlock = blocks[0];
    return { kind: 'TRUNCATE', path, clientName, clientMachine, newLength, timestamp, truncateBlock, rpc: NO_RPC_IDS };
  },
  SET_ACL: (r) => {
    const { src, entries } = AclEditLogProto.decode(r.getDelimited());
    const aclEntries = entries.map(({ scope, type, permissions, name }) => ({
      scope: scope ?? r.fail('an ACL entry without a scope'),
      type: type ?? r.fail('an ACL entry without a type'),
      name,
      permission: permissions ?? r.fail('an ACL entry without permissions'),
    }));
    return { kind: 'SET_ACL', path: src ?? r.fail('an ACL without a path'), aclEntries };
  },
  SET_XATTR: (r) => ({ kind: 'SET_XATTR', ...readXAttrsOfPath(r), rpc: readRpcIds(r) }),
  REMOVE_XATTR: (r) => ({ kind: 'REMOVE_XATTR', ...readXAttrsOfPath(r), rpc: readRpcIds(r) }),
  SET_STORAGE_POLICY: (r) => ({ kind: 'SET_STORAGE_POLICY', path: r.getUtf8(), policyId: r.getSignedByte() }),
  START_LOG_SEGMENT: () => ({ kind: 'START_LOG_SEGMENT' }),
  END_LOG_SEGMENT: () => ({ kind: 'END_LOG_SEGMENT' }),
};

const NO_ACL: readonly AclEntry[] = [];
const NO_XATTRS: readonly XAttr[] = [];
const NO_BLOCKS: readonly EditBlock[] = [];

function emptyAsNone(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function readFileFields(r: OpReader) {
  return {
    inodeId: inodeId(r.getLong()),
    path: r.getUtf8(),
    replication: r.getShort(),
    mtime: r.getLong(),
    atime: r.getLong(),
    blockSize: r.getLong(),
    blocks: readBlocks(r),
    permissions: readPermissions(r),
  };
}

function readBlocks(r: OpReader): readonly EditBlock[] {
  const count = r.getCount(BLOCK_BYTES);
  if (count === 0) return NO_BLOCKS;
  const blocks: EditBlock[] = [];
  for (let i = 0; i < count; i++) {
    blocks.push({ id: blockId(r.getExactLong()), numBytes: r.getLong(), genStamp: genStamp(r.getLong()) });
  }
  return blocks;
}

function readCompactBlocks(r: OpReader): readonly EditBlock[] {
  const count = r.getVCount(COMPACT_BLOCK_BYTES);
  const blocks: EditBlock[] = [];
  let numBytes = 0;
  let stamp = 0;
  for (let i = 0; i < count; i++) {
    const id = blockId(r.getExactLong());
    numBytes += r.getVLong();
    stamp += r.getVLong();
    blocks.push({ id, numBytes, genStamp: genStamp(stamp) });
  }
  return blocks;
}

/** Owners and clients repeat from record to record; the last one is handed out again as the same object. */
let lastPermissions: PermissionStatus = { user: '', group: '', mode: 0 };
let lastPermissionBytes: Uint8Array = Uint8Array.of(0, 0, 0, 0);
let lastClientId: Uint8Array = new Uint8Array(RPC_CLIENT_ID_BYTES);

function readPermissions(r: OpReader): PermissionStatus {
  if (r.skipIfEqual(lastPermissionBytes)) return lastPermissions;
  const start = r.position;
  lastPermissions = { user: r.getText(), group: r.getText(), mode: r.getUnsignedShort() };
  lastPermissionBytes = r.since(start);
  return lastPermissions;
}

function readAclEntries(r: OpReader): readonly AclEntry[] {
  const count = r.getCount(1);
  if (count === 0) return NO_ACL;
  const entries: AclEntry[] = [];
  for (let i = 0; i < count; i++) {
    const bits = r.getByte();
    entries.push({
      scope: ((bits >> 5) & 1) as AclScope,
      type: ((bits >> 3) & 3) as AclType,
      permission: bits & 7,
      name: (bits & 0x40) !== 0 ? r.getUtf8() : undefined,
    });
  }
  return entries;
}

function readXAttrs(r: OpReader): { readonly path: string | undefined; readonly xAttrs: readonly XAttr[] } {
  const bytes = r.getDelimited();
  if (bytes.length === 0) return { path: undefined, xAttrs: NO_XATTRS };
  const { src, xAttrs } = XAttrEditLogProto.decode(bytes);
  return {
    path: src,
    xAttrs: xAttrs.map(({ namespace, name, value }) => ({
      namespace: namespace ?? r.fail('an extended attribute without a namespace'),
      name: name ?? r.fail('an extended attribute without a name'),
      value: value === undefined ? undefined : new Uint8Array(value),
    })),
  };
}

function readXAttrsOfPath(r: OpReader): { readonly path: string; readonly xAttrs: readonly XAttr[] } {
  const { path, xAttrs } = readXAttrs(r);
  return { path: path ?? r.fail('extended attributes without a path'), xAttrs };
}

function readRenameOptions(r: OpReader): readonly RenameOption[] {
  const count = r.getCount(1);
  const options: RenameOption[] = [];
  for (let i = 0; i < count; i++) {
    const value = r.getByte();
    if (value !== RenameOption.NONE && value !== RenameOption.OVERWRITE && value !== RenameOption.TO_TRASH) {
      return r.fail(`unknown rename option ${value}`);
    }
    options.push(value);
  }
  return options;
}

export function readRpcIds(r: OpReader): RpcIds {
  const length = r.getUnsignedShort();
  if (length > RPC_CLIENT_ID_BYTES) r.fail(`a client id of ${length} bytes`);
  if (length === 0) {
    const callId = r.getInt();
    return callId === NO_RPC_IDS.callId ? NO_RPC_IDS : { clientId: NO_RPC_IDS.clientId, callId };
  }
  if (length !== RPC_CLIENT_ID_BYTES || !r.skipIfEqual(lastClientId)) lastClientId = r.getBytes(length);
  return { clientId: lastClientId, callId: r.getInt() };
}
