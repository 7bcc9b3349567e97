// Values as they stand in the XML of `hdfs oev`, and back: what several operations share. Apache: the *ToXml and *FromXml
// helpers of FSEditLogOp.

import { ProtocolError } from '../../../base/errors.ts';
import { blockId, genStamp } from '../../../base/ids.ts';
import { decimal } from '../../../base/java-long.ts';
import { decodeXattrValue } from '../../../base/xattr-value.ts';
import {
  type AclEntry,
  AclScope,
  AclType,
  type EditBlock,
  NO_RPC_IDS,
  type PermissionStatus,
  type RpcIds,
  type XAttr,
  XAttrNamespace,
} from '../../../core/edits/ops.ts';
import { type Element, element, type Stanza } from './element.ts';

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

/** A whole number of at most 64 bits. */
export function exactLong(text: string, what: string): bigint {
  const value = /^[-+]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
  if (value === undefined || value > LONG_MAX || value < LONG_MIN) throw new ProtocolError(`${what}: ${text} is no long`);
  return value;
}

function bounded(stanza: Stanza, name: string, bits: number): number {
  const value = exactLong(stanza.value(name), name);
  const limit = 2n ** BigInt(bits - 1);
  if (value >= limit || value < -limit) throw new ProtocolError(`${name}: ${value} does not fit ${bits} bits`);
  return Number(value);
}

export const long = (stanza: Stanza, name: string): number => Number(exactLong(stanza.value(name), name));
export const int = (stanza: Stanza, name: string): number => bounded(stanza, name, 32);
export const short = (stanza: Stanza, name: string): number => bounded(stanza, name, 16);
export const byte = (stanza: Stanza, name: string): number => bounded(stanza, name, 8);

/** Java's Boolean.parseBoolean. */
export const flag = (stanza: Stanza, name: string): boolean => stanza.only(name)?.text.toLowerCase() === 'true';

export const number = (name: string, value: number | bigint): Element => element(name, decimal(value));

// -------------------------------------------------------------------------------------------------------------- blocks

export function blockElement(block: EditBlock): Element {
  return element('BLOCK', [
    number('BLOCK_ID', block.id),
    number('NUM_BYTES', block.numBytes),
    number('GENSTAMP', block.genStamp),
  ]);
}

export function blocksOf(stanza: Stanza): readonly EditBlock[] {
  return stanza.all('BLOCK').map((block) => ({
    id: blockId(exactLong(block.value('BLOCK_ID'), 'BLOCK_ID')),
    numBytes: long(block, 'NUM_BYTES'),
    genStamp: genStamp(long(block, 'GENSTAMP')),
  }));
}

// --------------------------------------------------------------------------------------------------------- permissions

export function permissionsElement({ user, group, mode }: PermissionStatus): Element {
  return element('PERMISSION_STATUS', [element('USERNAME', user), element('GROUPNAME', group), number('MODE', mode)]);
}

export function permissionsOf(stanza: Stanza): PermissionStatus {
  const status = stanza.child('PERMISSION_STATUS');
  return { user: status.value('USERNAME'), group: status.value('GROUPNAME'), mode: short(status, 'MODE') };
}

const ACTIONS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'] as const;

function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  const name = Object.keys(values).find((each) => values[each] === value);
  if (name === undefined) throw new ProtocolError(`${value} has no name`);
  return name;
}

function named<T extends number>(values: Readonly<Record<string, T>>, name: string): T {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new ProtocolError(`${name} is none of ${Object.keys(values).join(', ')}`);
  return value;
}

export function aclElements(entries: readonly AclEntry[]): readonly Element[] {
  return entries.map(({ scope, type, name, permission }) =>
    element('ENTRY', [
      element('SCOPE', nameOf(AclScope, scope)),
      element('TYPE', nameOf(AclType, type)),
      ...(name === undefined ? [] : [element('NAME', name)]),
      element('PERM', ACTIONS[permission] ?? ''),
    ]),
  );
}

export function aclEntriesOf(stanza: Stanza): readonly AclEntry[] {
  return stanza.all('ENTRY').map((entry) => {
    const symbol = entry.value('PERM');
    const permission = (ACTIONS as readonly string[]).indexOf(symbol);
    if (permission < 0) throw new ProtocolError(`${symbol} is no permission of an ACL entry`);
    return {
      scope: named<AclScope>(AclScope, entry.value('SCOPE')),
      type: named<AclType>(AclType, entry.value('TYPE')),
      name: entry.only('NAME')?.text,
      permission,
    };
  });
}

// --------------------------------------------------------------------------------------------------- extended attributes

export function xAttrElements(xAttrs: readonly XAttr[]): readonly Element[] {
  return xAttrs.map(({ namespace, name, value }) =>
    element('XATTR', [
      element('NAMESPACE', nameOf(XAttrNamespace, namespace)),
      element('NAME', name),
      ...(value === undefined ? [] : [element('VALUE', `0x${Buffer.from(value).toString('hex')}`)]),
    ]),
  );
}

export function hexBytes(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new ProtocolError(`${text.slice(0, 60)} is no hexadecimal value`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function xAttrValue(text: string): Uint8Array {
  const value = decodeXattrValue(text);
  if ('wrong' in value) throw new ProtocolError(`${text.slice(2, 62)} is no hexadecimal value`);
  return new Uint8Array(value);
}

export function xAttrsOf(stanza: Stanza): readonly XAttr[] {
  return stanza.all('XATTR').map((attribute) => {
    const value = attribute.only('VALUE')?.text;
    return {
      namespace: named<XAttrNamespace>(XAttrNamespace, attribute.value('NAMESPACE')),
      name: attribute.value('NAME'),
      value: value === undefined ? undefined : xAttrValue(value),
    };
  });
}

// ---------------------------------------------------------------------------------------------------------- RPC identity

const UUID = /^(\w{8})-(\w{4})-(\w{4})-(\w{4})-(\w{12})$/;

export function rpcElements({ clientId, callId }: RpcIds): readonly Element[] {
  const hex = Buffer.from(clientId).toString('hex');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return [element('RPC_CLIENTID', id), number('RPC_CALLID', callId)];
}

export function rpcIdsOf(stanza: Stanza): RpcIds {
  const id = stanza.only('RPC_CLIENTID')?.text;
  if (id === undefined || id === '') {
    const callId = stanza.has('RPC_CALLID') ? int(stanza, 'RPC_CALLID') : NO_RPC_IDS.callId;
    return { clientId: NO_RPC_IDS.clientId, callId };
  }
  if (!UUID.test(id)) throw new ProtocolError(`${id} is no client id`);
  return { clientId: hexBytes(id.replaceAll('-', '')), callId: int(stanza, 'RPC_CALLID') };
}
