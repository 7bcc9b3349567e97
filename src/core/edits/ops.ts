// The operations of the edit log, as values. Names and numbers are Apache's (FSEditLogOpCodes, FSEditLogOp); the bytes
// are in format/edit-log. Paths are as Apache logs them: absolute, without a trailing slash.
//
// `check` in core/namespace makes these, `apply` is the only code that changes a namespace by them, and every other
// reader (start-up replay, a standby, a checkpoint) goes through that same `apply`.
import type { BlockId, GenStamp, InodeId } from '../../base/ids.ts';

/** Layout version 3.5 writes. Apache: NameNodeLayoutVersion.CURRENT_LAYOUT_VERSION. */
export const NAMENODE_LAYOUT_VERSION = -67;
/** Oldest one that is read, so that `-upgrade` takes it: TRUNCATE's, of Hadoop 2.7 and 3.0 to 3.4. */
export const OLDEST_LAYOUT_VERSION = -61;
/** From here on ADD carries an erasure coding policy. Apache: NameNodeLayoutVersion.Feature.ERASURE_CODING. */
export const ERASURE_CODING_LAYOUT_VERSION = -64;

/** Versions count downwards. */
export const isReadableLayout = (version: number): boolean =>
  version >= NAMENODE_LAYOUT_VERSION && version <= OLDEST_LAYOUT_VERSION;

export const EditOpCode = {
  ADD: 0,
  RENAME_OLD: 1,
  DELETE: 2,
  MKDIR: 3,
  SET_REPLICATION: 4,
  DATANODE_ADD: 5,
  DATANODE_REMOVE: 6,
  SET_PERMISSIONS: 7,
  SET_OWNER: 8,
  CLOSE: 9,
  SET_GENSTAMP_V1: 10,
  SET_NS_QUOTA: 11,
  CLEAR_NS_QUOTA: 12,
  TIMES: 13,
  SET_QUOTA: 14,
  RENAME: 15,
  CONCAT_DELETE: 16,
  SYMLINK: 17,
  GET_DELEGATION_TOKEN: 18,
  RENEW_DELEGATION_TOKEN: 19,
  CANCEL_DELEGATION_TOKEN: 20,
  UPDATE_MASTER_KEY: 21,
  REASSIGN_LEASE: 22,
  END_LOG_SEGMENT: 23,
  START_LOG_SEGMENT: 24,
  UPDATE_BLOCKS: 25,
  CREATE_SNAPSHOT: 26,
  DELETE_SNAPSHOT: 27,
  RENAME_SNAPSHOT: 28,
  ALLOW_SNAPSHOT: 29,
  DISALLOW_SNAPSHOT: 30,
  SET_GENSTAMP_V2: 31,
  ALLOCATE_BLOCK_ID: 32,
  ADD_BLOCK: 33,
  ADD_CACHE_DIRECTIVE: 34,
  REMOVE_CACHE_DIRECTIVE: 35,
  ADD_CACHE_POOL: 36,
  MODIFY_CACHE_POOL: 37,
  REMOVE_CACHE_POOL: 38,
  MODIFY_CACHE_DIRECTIVE: 39,
  SET_ACL: 40,
  ROLLING_UPGRADE_START: 41,
  ROLLING_UPGRADE_FINALIZE: 42,
  SET_XATTR: 43,
  REMOVE_XATTR: 44,
  SET_STORAGE_POLICY: 45,
  TRUNCATE: 46,
  APPEND: 47,
  SET_QUOTA_BY_STORAGETYPE: 48,
  ADD_ERASURE_CODING_POLICY: 49,
  ENABLE_ERASURE_CODING_POLICY: 50,
  DISABLE_ERASURE_CODING_POLICY: 51,
  REMOVE_ERASURE_CODING_POLICY: 52,
} as const;
export type EditOpName = keyof typeof EditOpCode;

/** User, group and mode of an inode. Mode: the low 9 bits and the sticky bit 0o1000. */
export interface PermissionStatus {
  readonly user: string;
  readonly group: string;
  readonly mode: number;
}

export interface EditBlock {
  readonly id: BlockId;
  readonly numBytes: number;
  readonly genStamp: GenStamp;
}

/** Identity of the call that made an op, for the retry cache. `clientId` has 16 bytes, or none when not recorded. */
export interface RpcIds {
  readonly clientId: Uint8Array;
  readonly callId: number;
}
/** Apache: RpcConstants.DUMMY_CLIENT_ID and INVALID_CALL_ID. */
export const NO_RPC_IDS: RpcIds = { clientId: new Uint8Array(0), callId: -2 };

export const AclScope = { ACCESS: 0, DEFAULT: 1 } as const;
export type AclScope = (typeof AclScope)[keyof typeof AclScope];
export const AclType = { USER: 0, GROUP: 1, MASK: 2, OTHER: 3 } as const;
export type AclType = (typeof AclType)[keyof typeof AclType];
export interface AclEntry {
  readonly scope: AclScope;
  readonly type: AclType;
  readonly name: string | undefined;
  /** Three bits: read 4, write 2, execute 1. */
  readonly permission: number;
}

export const XAttrNamespace = { USER: 0, TRUSTED: 1, SECURITY: 2, SYSTEM: 3, RAW: 4 } as const;
export type XAttrNamespace = (typeof XAttrNamespace)[keyof typeof XAttrNamespace];
export interface XAttr {
  readonly namespace: XAttrNamespace;
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

/** Rename options; Apache: Options.Rename. */
export const RenameOption = { NONE: 0, OVERWRITE: 1, TO_TRASH: 2 } as const;
export type RenameOption = (typeof RenameOption)[keyof typeof RenameOption];

interface FileOp {
  readonly inodeId: InodeId;
  readonly path: string;
  readonly replication: number;
  readonly mtime: number;
  readonly atime: number;
  readonly blockSize: number;
  readonly blocks: readonly EditBlock[];
  readonly permissions: PermissionStatus;
  readonly aclEntries: readonly AclEntry[];
  readonly xAttrs: readonly XAttr[];
  readonly storagePolicyId: number;
  readonly erasureCodingPolicyId: number;
}

export type EditOp =
  | ({
      readonly kind: 'ADD';
      readonly clientName: string;
      readonly clientMachine: string;
      readonly overwrite: boolean;
      readonly rpc: RpcIds;
    } & FileOp)
  | ({ readonly kind: 'CLOSE' } & FileOp)
  | {
      readonly kind: 'APPEND';
      readonly path: string;
      readonly clientName: string;
      readonly clientMachine: string;
      readonly newBlock: boolean;
      readonly rpc: RpcIds;
    }
  /** The last one or two blocks of a file: the one before the last with its final length, then the new one. */
  | {
      readonly kind: 'ADD_BLOCK';
      readonly path: string;
      readonly penultimate: EditBlock | undefined;
      readonly last: EditBlock;
      readonly rpc: RpcIds;
    }
  | { readonly kind: 'UPDATE_BLOCKS'; readonly path: string; readonly blocks: readonly EditBlock[]; readonly rpc: RpcIds }
  | {
      readonly kind: 'RENAME_OLD';
      readonly source: string;
      readonly destination: string;
      readonly timestamp: number;
      readonly rpc: RpcIds;
    }
  | {
      readonly kind: 'RENAME';
      readonly source: string;
      readonly destination: string;
      readonly timestamp: number;
      readonly options: readonly RenameOption[];
      readonly rpc: RpcIds;
    }
  | { readonly kind: 'DELETE'; readonly path: string; readonly timestamp: number; readonly rpc: RpcIds }
  | {
      readonly kind: 'MKDIR';
      readonly inodeId: InodeId;
      readonly path: string;
      /** Becomes mtime; Apache writes it as the (ignored) access time too. */
      readonly timestamp: number;
      readonly permissions: PermissionStatus;
      readonly aclEntries: readonly AclEntry[];
      readonly xAttrs: readonly XAttr[];
    }
  | { readonly kind: 'SET_REPLICATION'; readonly path: string; readonly replication: number }
  | { readonly kind: 'SET_PERMISSIONS'; readonly path: string; readonly mode: number }
  | { readonly kind: 'SET_OWNER'; readonly path: string; readonly user: string | undefined; readonly group: string | undefined }
  | { readonly kind: 'SET_GENSTAMP_V1'; readonly genStamp: GenStamp }
  | { readonly kind: 'SET_GENSTAMP_V2'; readonly genStamp: GenStamp }
  | { readonly kind: 'ALLOCATE_BLOCK_ID'; readonly blockId: BlockId }
  | { readonly kind: 'SET_NS_QUOTA'; readonly path: string; readonly namespaceQuota: number }
  | { readonly kind: 'CLEAR_NS_QUOTA'; readonly path: string }
  | { readonly kind: 'SET_QUOTA'; readonly path: string; readonly namespaceQuota: number; readonly spaceQuota: number }
  | {
      readonly kind: 'SET_QUOTA_BY_STORAGETYPE';
      readonly path: string;
      readonly storageType: number;
      readonly spaceQuota: number;
    }
  | { readonly kind: 'TIMES'; readonly path: string; readonly mtime: number; readonly atime: number }
  | {
      readonly kind: 'CONCAT_DELETE';
      readonly target: string;
      readonly sources: readonly string[];
      readonly timestamp: number;
      readonly rpc: RpcIds;
    }
  | {
      readonly kind: 'SYMLINK';
      readonly inodeId: InodeId;
      readonly path: string;
      readonly value: string;
      readonly mtime: number;
      readonly atime: number;
      readonly permissions: PermissionStatus;
      readonly rpc: RpcIds;
    }
  | { readonly kind: 'REASSIGN_LEASE'; readonly leaseHolder: string; readonly path: string; readonly newHolder: string }
  | {
      readonly kind: 'TRUNCATE';
      readonly path: string;
      readonly clientName: string;
      readonly clientMachine: string;
      readonly newLength: number;
      readonly timestamp: number;
      readonly truncateBlock: EditBlock | undefined;
      readonly rpc: RpcIds;
    }
  | { readonly kind: 'SET_ACL'; readonly path: string; readonly aclEntries: readonly AclEntry[] }
  | { readonly kind: 'SET_XATTR'; readonly path: string; readonly xAttrs: readonly XAttr[]; readonly rpc: RpcIds }
  | { readonly kind: 'REMOVE_XATTR'; readonly path: string; readonly xAttrs: readonly XAttr[]; readonly rpc: RpcIds }
  | { readonly kind: 'SET_STORAGE_POLICY'; readonly path: string; readonly policyId: number }
  | { readonly kind: 'START_LOG_SEGMENT' }
  | { readonly kind: 'END_LOG_SEGMENT' }
  /**
   * An op of a feature that is not built yet: its code and its body as it stands in the file, so that tools can carry
   * it through. `apply` refuses it by name.
   */
  | { readonly kind: 'OPAQUE'; readonly code: number; readonly body: Uint8Array };

export type EditOpKind = EditOp['kind'];

/** An op at its place in the log. */
export interface LoggedOp {
  readonly txid: number;
  readonly op: EditOp;
}
