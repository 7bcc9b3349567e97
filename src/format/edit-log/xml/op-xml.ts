// Every operation that tuskfs understands as the XML of `hdfs oev` shows it, and back. What the XML leaves out (storage
// policy and attributes of a new file) is lost on the way, as it is with Apache's. Operations of features that are not
// built are in opaque-ops.ts.

import { ProtocolError } from '../../../base/errors.ts';
import { blockId, genStamp, inodeId } from '../../../base/ids.ts';
import { type EditOp, NO_RPC_IDS, RenameOption } from '../../../core/edits/ops.ts';
import { storageTypeOfOrdinal, storageTypeOrdinal } from '../../storage-types.ts';
import { type Element, element, type Stanza } from './element.ts';
import {
  aclElements,
  aclEntriesOf,
  blockElement,
  blocksOf,
  byte,
  exactLong,
  flag,
  int,
  long,
  number,
  permissionsElement,
  permissionsOf,
  rpcElements,
  rpcIdsOf,
  short,
  xAttrElements,
  xAttrsOf,
} from './values.ts';

type OpKind = Exclude<EditOp['kind'], 'OPAQUE'>;
type OpOf<K extends EditOp['kind']> = Extract<EditOp, { kind: K }>;

interface OpXml<K extends OpKind> {
  readonly write: (op: OpOf<K>) => readonly Element[];
  readonly read: (stanza: Stanza) => OpOf<K>;
}

/** Bytes of an operation, which no layout since −13 records any more. */
const NO_LENGTH = element('LENGTH', '0');
const path = (stanza: Stanza): string => stanza.value('PATH');
const source = (stanza: Stanza): string => stanza.value('SRC');

const CODECS: { readonly [K in OpKind]: OpXml<K> } = {
  ADD: {
    write: (op) => [
      ...fileElements(op, op.clientName, op.clientMachine, op.overwrite),
      ...aclElements(op.aclEntries),
      number('ERASURE_CODING_POLICY_ID', op.erasureCodingPolicyId),
      ...rpcElements(op.rpc),
    ],
    read: (st) => ({
      kind: 'ADD',
      ...fileFields(st),
      aclEntries: aclEntriesOf(st),
      erasureCodingPolicyId: st.has('ERASURE_CODING_POLICY_ID') ? byte(st, 'ERASURE_CODING_POLICY_ID') : 0,
      clientName: st.value('CLIENT_NAME'),
      clientMachine: st.value('CLIENT_MACHINE'),
      overwrite: flag(st, 'OVERWRITE'),
      rpc: rpcIdsOf(st),
    }),
  },
  CLOSE: {
    write: (op) => fileElements(op, '', '', false),
    read: (st) => ({ kind: 'CLOSE', ...fileFields(st), aclEntries: [], erasureCodingPolicyId: 0 }),
  },
  APPEND: {
    write: (op) => [
      element('PATH', op.path),
      element('CLIENT_NAME', op.clientName),
      element('CLIENT_MACHINE', op.clientMachine),
      element('NEWBLOCK', String(op.newBlock)),
      ...rpcElements(op.rpc),
    ],
    read: (st) => ({
      kind: 'APPEND',
      path: path(st),
      clientName: st.value('CLIENT_NAME'),
      clientMachine: st.value('CLIENT_MACHINE'),
      newBlock: flag(st, 'NEWBLOCK'),
      rpc: rpcIdsOf(st),
    }),
  },
  ADD_BLOCK: {
    write: (op) => [
      element('PATH', op.path),
      ...(op.penultimate === undefined ? [] : [blockElement(op.penultimate)]),
      blockElement(op.last),
      ...rpcElements(op.rpc),
    ],
    read: (st) => {
      const blocks = blocksOf(st);
      const last = blocks.at(-1);
      if (last === undefined || blocks.length > 2) throw new ProtocolError(`OP_ADD_BLOCK with ${blocks.length} blocks`);
      const penultimate = blocks.length === 2 ? blocks[0] : undefined;
      return { kind: 'ADD_BLOCK', path: path(st), penultimate, last, rpc: rpcIdsOf(st) };
    },
  },
  UPDATE_BLOCKS: {
    write: (op) => [element('PATH', op.path), ...op.blocks.map(blockElement), ...rpcElements(op.rpc)],
    read: (st) => ({ kind: 'UPDATE_BLOCKS', path: path(st), blocks: blocksOf(st), rpc: rpcIdsOf(st) }),
  },
  SET_REPLICATION: {
    write: (op) => [element('PATH', op.path), number('REPLICATION', op.replication)],
    read: (st) => ({ kind: 'SET_REPLICATION', path: path(st), replication: short(st, 'REPLICATION') }),
  },
  CONCAT_DELETE: {
    write: (op) => [
      NO_LENGTH,
      element('TRG', op.target),
      number('TIMESTAMP', op.timestamp),
      element(
        'SOURCES',
        op.sources.map((each, index) => element(`SOURCE${index + 1}`, each)),
      ),
      ...rpcElements(op.rpc),
    ],
    read: (st) => {
      const sources: string[] = [];
      const listed = st.child('SOURCES');
      for (let i = 1; listed.has(`SOURCE${i}`); i++) sources.push(listed.value(`SOURCE${i}`));
      return { kind: 'CONCAT_DELETE', target: st.value('TRG'), sources, timestamp: long(st, 'TIMESTAMP'), rpc: rpcIdsOf(st) };
    },
  },
  RENAME_OLD: {
    write: (op) => [...renameElements(op.source, op.destination, op.timestamp), ...rpcElements(op.rpc)],
    read: (st) => ({ kind: 'RENAME_OLD', ...renameFields(st) }),
  },
  RENAME: {
    write: (op) => [
      ...renameElements(op.source, op.destination, op.timestamp),
      element('OPTIONS', op.options.map((option) => OPTION_NAMES[option]).join('|')),
      ...rpcElements(op.rpc),
    ],
    read: (st) => ({ kind: 'RENAME', ...renameFields(st), options: renameOptions(st.value('OPTIONS')) }),
  },
  DELETE: {
    write: (op) => [NO_LENGTH, element('PATH', op.path), number('TIMESTAMP', op.timestamp), ...rpcElements(op.rpc)],
    read: (st) => ({ kind: 'DELETE', path: path(st), timestamp: long(st, 'TIMESTAMP'), rpc: rpcIdsOf(st) }),
  },
  MKDIR: {
    write: (op) => [
      NO_LENGTH,
      number('INODEID', op.inodeId),
      element('PATH', op.path),
      number('TIMESTAMP', op.timestamp),
      permissionsElement(op.permissions),
      ...aclElements(op.aclEntries),
      ...xAttrElements(op.xAttrs),
    ],
    read: (st) => ({
      kind: 'MKDIR',
      inodeId: inodeId(long(st, 'INODEID')),
      path: path(st),
      timestamp: long(st, 'TIMESTAMP'),
      permissions: permissionsOf(st),
      aclEntries: aclEntriesOf(st),
      xAttrs: xAttrsOf(st),
    }),
  },
  SET_GENSTAMP_V1: {
    write: (op) => [number('GENSTAMP', op.genStamp)],
    read: (st) => ({ kind: 'SET_GENSTAMP_V1', genStamp: genStamp(long(st, 'GENSTAMP')) }),
  },
  SET_GENSTAMP_V2: {
    write: (op) => [number('GENSTAMPV2', op.genStamp)],
    read: (st) => ({ kind: 'SET_GENSTAMP_V2', genStamp: genStamp(long(st, 'GENSTAMPV2')) }),
  },
  ALLOCATE_BLOCK_ID: {
    write: (op) => [number('BLOCK_ID', op.blockId)],
    read: (st) => ({ kind: 'ALLOCATE_BLOCK_ID', blockId: blockId(exactLong(st.value('BLOCK_ID'), 'BLOCK_ID')) }),
  },
  SET_PERMISSIONS: {
    write: (op) => [element('SRC', op.path), number('MODE', op.mode)],
    read: (st) => ({ kind: 'SET_PERMISSIONS', path: source(st), mode: short(st, 'MODE') }),
  },
  SET_OWNER: {
    write: (op) => [
      element('SRC', op.path),
      ...(op.user === undefined ? [] : [element('USERNAME', op.user)]),
      ...(op.group === undefined ? [] : [element('GROUPNAME', op.group)]),
    ],
    read: (st) => ({
      kind: 'SET_OWNER',
      path: source(st),
      user: st.only('USERNAME')?.text,
      group: st.only('GROUPNAME')?.text,
    }),
  },
  SET_NS_QUOTA: {
    write: (op) => [element('SRC', op.path), number('NSQUOTA', op.namespaceQuota)],
    read: (st) => ({ kind: 'SET_NS_QUOTA', path: source(st), namespaceQuota: long(st, 'NSQUOTA') }),
  },
  CLEAR_NS_QUOTA: {
    write: (op) => [element('SRC', op.path)],
    read: (st) => ({ kind: 'CLEAR_NS_QUOTA', path: source(st) }),
  },
  SET_QUOTA: {
    write: (op) => [element('SRC', op.path), number('NSQUOTA', op.namespaceQuota), number('DSQUOTA', op.spaceQuota)],
    read: (st) => ({
      kind: 'SET_QUOTA',
      path: source(st),
      namespaceQuota: long(st, 'NSQUOTA'),
      spaceQuota: long(st, 'DSQUOTA'),
    }),
  },
  SET_QUOTA_BY_STORAGETYPE: {
    write: (op) => [
      element('SRC', op.path),
      number('STORAGETYPE', storageTypeOrdinal(op.storageType)),
      number('DSQUOTA', op.spaceQuota),
    ],
    read: (st) => {
      const storageType = storageTypeOfOrdinal(int(st, 'STORAGETYPE'));
      if (storageType === undefined) throw new ProtocolError(`${st.value('STORAGETYPE')} is no storage type`);
      return { kind: 'SET_QUOTA_BY_STORAGETYPE', path: source(st), storageType, spaceQuota: long(st, 'DSQUOTA') };
    },
  },
  TIMES: {
    write: (op) => [NO_LENGTH, element('PATH', op.path), number('MTIME', op.mtime), number('ATIME', op.atime)],
    read: (st) => ({ kind: 'TIMES', path: path(st), mtime: long(st, 'MTIME'), atime: long(st, 'ATIME') }),
  },
  SYMLINK: {
    write: (op) => [
      NO_LENGTH,
      number('INODEID', op.inodeId),
      element('PATH', op.path),
      element('VALUE', op.value),
      number('MTIME', op.mtime),
      number('ATIME', op.atime),
      permissionsElement(op.permissions),
      ...rpcElements(op.rpc),
    ],
    read: (st) => ({
      kind: 'SYMLINK',
      inodeId: inodeId(long(st, 'INODEID')),
      path: path(st),
      value: st.value('VALUE'),
      mtime: long(st, 'MTIME'),
      atime: long(st, 'ATIME'),
      permissions: permissionsOf(st),
      rpc: rpcIdsOf(st),
    }),
  },
  TRUNCATE: {
    write: (op) => [
      element('SRC', op.path),
      element('CLIENTNAME', op.clientName),
      element('CLIENTMACHINE', op.clientMachine),
      number('NEWLENGTH', op.newLength),
      number('TIMESTAMP', op.timestamp),
      ...(op.truncateBlock === undefined ? [] : [blockElement(op.truncateBlock)]),
    ],
    read: (st) => ({
      kind: 'TRUNCATE',
      path: source(st),
      clientName: st.value('CLIENTNAME'),
      clientMachine: st.value('CLIENTMACHINE'),
      newLength: long(st, 'NEWLENGTH'),
      timestamp: long(st, 'TIMESTAMP'),
      truncateBlock: blocksOf(st)[0],
      rpc: NO_RPC_IDS,
    }),
  },
  REASSIGN_LEASE: {
    write: (op) => [element('LEASEHOLDER', op.leaseHolder), element('PATH', op.path), element('NEWHOLDER', op.newHolder)],
    read: (st) => ({
      kind: 'REASSIGN_LEASE',
      leaseHolder: st.value('LEASEHOLDER'),
      path: path(st),
      newHolder: st.value('NEWHOLDER'),
    }),
  },
  SET_ACL: {
    write: (op) => [element('SRC', op.path), ...aclElements(op.aclEntries)],
    read: (st) => ({ kind: 'SET_ACL', path: source(st), aclEntries: aclEntriesOf(st) }),
  },
  SET_XATTR: {
    write: (op) => [element('SRC', op.path), ...xAttrElements(op.xAttrs), ...rpcElements(op.rpc)],
    read: (st) => ({ kind: 'SET_XATTR', path: source(st), xAttrs: xAttrsOf(st), rpc: rpcIdsOf(st) }),
  },
  REMOVE_XATTR: {
    write: (op) => [element('SRC', op.path), ...xAttrElements(op.xAttrs), ...rpcElements(op.rpc)],
    read: (st) => ({ kind: 'REMOVE_XATTR', path: source(st), xAttrs: xAttrsOf(st), rpc: rpcIdsOf(st) }),
  },
  SET_STORAGE_POLICY: {
    write: (op) => [element('PATH', op.path), number('POLICYID', op.policyId)],
    read: (st) => ({ kind: 'SET_STORAGE_POLICY', path: path(st), policyId: byte(st, 'POLICYID') }),
  },
  START_LOG_SEGMENT: { write: () => [], read: () => ({ kind: 'START_LOG_SEGMENT' }) },
  END_LOG_SEGMENT: { write: () => [], read: () => ({ kind: 'END_LOG_SEGMENT' }) },
};

/** The fields of an op that tuskfs understands. */
export function opElements(op: Exclude<EditOp, { kind: 'OPAQUE' }>): readonly Element[] {
  const codec = CODECS[op.kind] as OpXml<OpKind>;
  return codec.write(op as never);
}

/** The op of that name; undefined: not one of these. Throws ProtocolError. */
export function opOfXml(name: string, data: Stanza): EditOp | undefined {
  return Object.hasOwn(CODECS, name) ? CODECS[name as OpKind].read(data) : undefined;
}

function fileElements(
  op: OpOf<'ADD' | 'CLOSE'>,
  clientName: string,
  clientMachine: string,
  overwrite: boolean,
): readonly Element[] {
  return [
    NO_LENGTH,
    number('INODEID', op.inodeId),
    element('PATH', op.path),
    number('REPLICATION', op.replication),
    number('MTIME', op.mtime),
    number('ATIME', op.atime),
    number('BLOCKSIZE', op.blockSize),
    element('CLIENT_NAME', clientName),
    element('CLIENT_MACHINE', clientMachine),
    element('OVERWRITE', String(overwrite)),
    ...op.blocks.map(blockElement),
    permissionsElement(op.permissions),
  ];
}

function fileFields(st: Stanza) {
  return {
    inodeId: inodeId(long(st, 'INODEID')),
    path: path(st),
    replication: short(st, 'REPLICATION'),
    mtime: long(st, 'MTIME'),
    atime: long(st, 'ATIME'),
    blockSize: long(st, 'BLOCKSIZE'),
    blocks: blocksOf(st),
    permissions: permissionsOf(st),
    xAttrs: [],
    storagePolicyId: 0,
  };
}

function renameElements(from: string, to: string, timestamp: number): readonly Element[] {
  return [NO_LENGTH, element('SRC', from), element('DST', to), number('TIMESTAMP', timestamp)];
}

function renameFields(st: Stanza) {
  return { source: source(st), destination: st.value('DST'), timestamp: long(st, 'TIMESTAMP'), rpc: rpcIdsOf(st) };
}

const OPTION_NAMES: Readonly<Record<RenameOption, string>> = { 0: 'NONE', 1: 'OVERWRITE', 2: 'TO_TRASH' };

function renameOptions(text: string): readonly RenameOption[] {
  return text
    .split('|')
    .filter((name) => name !== '')
    .map((name) => {
      const option = Object.values(RenameOption).find((value) => OPTION_NAMES[value] === name);
      if (option === undefined) throw new ProtocolError(`${name} is no option of a rename`);
      return option;
    });
}
