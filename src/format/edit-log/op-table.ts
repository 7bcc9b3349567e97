// All op codes of Apache 3.5.0's edit log, each once: understood here, carried as raw bytes because its feature is not
// built (apply refuses it by that name), or obsolete (Apache itself refuses to read it).
import { type EditOp, EditOpCode, type EditOpKind, type EditOpName } from '../../core/edits/ops.ts';

export type OpEntry =
  | { readonly handling: 'codec' }
  | { readonly handling: 'opaque'; readonly feature: string }
  | { readonly handling: 'obsolete' };

const codec: OpEntry = { handling: 'codec' };
const obsolete: OpEntry = { handling: 'obsolete' };
const opaque = (feature: string): OpEntry => ({ handling: 'opaque', feature });

export const EDIT_OP_TABLE: Readonly<Record<EditOpName, OpEntry>> = {
  ADD: codec,
  RENAME_OLD: codec,
  DELETE: codec,
  MKDIR: codec,
  SET_REPLICATION: codec,
  DATANODE_ADD: obsolete,
  DATANODE_REMOVE: obsolete,
  SET_PERMISSIONS: codec,
  SET_OWNER: codec,
  CLOSE: codec,
  SET_GENSTAMP_V1: codec,
  SET_NS_QUOTA: codec,
  CLEAR_NS_QUOTA: codec,
  TIMES: codec,
  SET_QUOTA: codec,
  RENAME: codec,
  CONCAT_DELETE: codec,
  SYMLINK: codec,
  GET_DELEGATION_TOKEN: opaque('delegation tokens'),
  RENEW_DELEGATION_TOKEN: opaque('delegation tokens'),
  CANCEL_DELEGATION_TOKEN: opaque('delegation tokens'),
  UPDATE_MASTER_KEY: opaque('delegation tokens'),
  REASSIGN_LEASE: codec,
  END_LOG_SEGMENT: codec,
  START_LOG_SEGMENT: codec,
  UPDATE_BLOCKS: codec,
  CREATE_SNAPSHOT: opaque('snapshots'),
  DELETE_SNAPSHOT: opaque('snapshots'),
  RENAME_SNAPSHOT: opaque('snapshots'),
  ALLOW_SNAPSHOT: opaque('snapshots'),
  DISALLOW_SNAPSHOT: opaque('snapshots'),
  SET_GENSTAMP_V2: codec,
  ALLOCATE_BLOCK_ID: codec,
  ADD_BLOCK: codec,
  ADD_CACHE_DIRECTIVE: opaque('centralized caching'),
  REMOVE_CACHE_DIRECTIVE: opaque('centralized caching'),
  ADD_CACHE_POOL: opaque('centralized caching'),
  MODIFY_CACHE_POOL: opaque('centralized caching'),
  REMOVE_CACHE_POOL: opaque('centralized caching'),
  MODIFY_CACHE_DIRECTIVE: opaque('centralized caching'),
  SET_ACL: codec,
  ROLLING_UPGRADE_START: opaque('rolling upgrades'),
  ROLLING_UPGRADE_FINALIZE: opaque('rolling upgrades'),
  SET_XATTR: codec,
  REMOVE_XATTR: codec,
  SET_STORAGE_POLICY: codec,
  TRUNCATE: codec,
  APPEND: codec,
  SET_QUOTA_BY_STORAGETYPE: codec,
  ADD_ERASURE_CODING_POLICY: opaque('erasure coding'),
  ENABLE_ERASURE_CODING_POLICY: opaque('erasure coding'),
  DISABLE_ERASURE_CODING_POLICY: opaque('erasure coding'),
  REMOVE_ERASURE_CODING_POLICY: opaque('erasure coding'),
};

/** Names and codes of all of them, in the order of the codes. */
export const OP_CODES: readonly (readonly [name: EditOpName, code: number])[] = Object.entries(EditOpCode) as [
  EditOpName,
  number,
][];

const names: (EditOpName | undefined)[] = [];
for (const [name, code] of OP_CODES) names[code] = name;

/** Name of an op code, or undefined when Apache 3.5.0 has none. */
export function opName(code: number): EditOpName | undefined {
  return names[code];
}

/** Feature that an opaque op belongs to, for a refusal that names it. */
export function opaqueFeature(code: number): string | undefined {
  const name = names[code];
  const entry = name === undefined ? undefined : EDIT_OP_TABLE[name];
  return entry?.handling === 'opaque' ? entry.feature : undefined;
}

const codes: Readonly<Record<Exclude<EditOpKind, 'OPAQUE'>, number>> = EditOpCode;

export function opCodeOf(op: EditOp): number {
  return op.kind === 'OPAQUE' ? op.code : codes[op.kind];
}
