// Attributes that few inodes have (lease, ACL, extended attributes, quota, symlink target), packed into one byte string for
// each such inode: sections of a tag, a length and a payload. The format is this process's own and never leaves memory.
import { assert } from '../../../base/assert.ts';
import { utf8 } from '../../../base/bytes.ts';
import type { AclEntry, AclScope, AclType, XAttr, XAttrNamespace } from '../../edits/ops.ts';
import type { Quota, UnderConstruction } from './types.ts';

export const AttributeTag = { UNDER_CONSTRUCTION: 1, ACL: 2, XATTRS: 3, QUOTA: 4, SYMLINK: 5 } as const;
export type AttributeTag = (typeof AttributeTag)[keyof typeof AttributeTag];

const HEADER_BYTES = 5;

/** One section's payload, as a view; undefined when there is none. */
export function section(packed: Uint8Array, tag: AttributeTag): Uint8Array | undefined {
  const view = viewOf(packed);
  for (let at = 0; at < packed.length; ) {
    const length = view.getUint32(at + 1);
    const start = at + HEADER_BYTES;
    if (packed[at] === tag) return packed.subarray(start, start + length);
    at = start + length;
  }
  return undefined;
}

/** The same sections with one replaced, added or (undefined) left out. */
export function withSection(packed: Uint8Array, tag: AttributeTag, payload: Uint8Array | undefined): Uint8Array {
  const kept: Uint8Array[] = [];
  const view = viewOf(packed);
  for (let at = 0; at < packed.length; ) {
    const end = at + HEADER_BYTES + view.getUint32(at + 1);
    if (packed[at] !== tag) kept.push(packed.subarray(at, end));
    at = end;
  }
  if (payload !== undefined) {
    const header = new Uint8Array(HEADER_BYTES);
    header[0] = tag;
    viewOf(header).setUint32(1, payload.length);
    kept.push(header, payload);
  }
  return Buffer.concat(kept);
}

export function packUnderConstruction(state: UnderConstruction): Uint8Array {
  return new Packer().text(state.clientName).text(state.clientMachine).done();
}

export function unpackUnderConstruction(payload: Uint8Array): UnderConstruction {
  const from = new Unpacker(payload);
  return { clientName: from.text(), clientMachine: from.text() };
}

export function packAcl(entries: readonly AclEntry[]): Uint8Array {
  const to = new Packer();
  for (const { scope, type, name, permission } of entries) {
    to.byte(scope).byte(type).byte(permission);
    if (name === undefined) to.byte(0);
    else to.byte(1).text(name);
  }
  return to.done();
}

export function unpackAcl(payload: Uint8Array): readonly AclEntry[] {
  const from = new Unpacker(payload);
  const entries: AclEntry[] = [];
  while (from.more) {
    const scope = from.byte() as AclScope;
    const type = from.byte() as AclType;
    const permission = from.byte();
    entries.push({ scope, type, permission, name: from.byte() === 1 ? from.text() : undefined });
  }
  return entries;
}

export function packXattrs(xattrs: readonly XAttr[]): Uint8Array {
  const to = new Packer();
  for (const { namespace, name, value } of xattrs) {
    to.byte(namespace).text(name);
    if (value === undefined) to.byte(0);
    else to.byte(1).bytes(value);
  }
  return to.done();
}

export function unpackXattrs(payload: Uint8Array): readonly XAttr[] {
  const from = new Unpacker(payload);
  const xattrs: XAttr[] = [];
  while (from.more) {
    const namespace = from.byte() as XAttrNamespace;
    const name = from.text();
    xattrs.push({ namespace, name, value: from.byte() === 1 ? from.bytes() : undefined });
  }
  return xattrs;
}

export function packQuota(quota: Quota): Uint8Array {
  const to = new Packer().float(quota.namespace).float(quota.space);
  for (const [type, limit] of quota.byType) to.byte(type).float(limit);
  return to.done();
}

export function unpackQuota(payload: Uint8Array): Quota {
  const from = new Unpacker(payload);
  const namespace = from.float();
  const space = from.float();
  const byType = new Map<number, number>();
  while (from.more) byType.set(from.byte(), from.float());
  return { namespace, space, byType };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

class Packer {
  private readonly parts: Uint8Array[] = [];

  byte(value: number): this {
    assert(value >= 0 && value <= 255 && Number.isInteger(value), 'not a byte');
    this.parts.push(Uint8Array.of(value));
    return this;
  }

  float(value: number): this {
    const part = new Uint8Array(8);
    viewOf(part).setFloat64(0, value);
    this.parts.push(part);
    return this;
  }

  bytes(value: Uint8Array): this {
    const length = new Uint8Array(4);
    viewOf(length).setUint32(0, value.length);
    this.parts.push(length, value);
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value, 'utf8'));
  }

  done(): Uint8Array {
    return Buffer.concat(this.parts);
  }
}

class Unpacker {
  private readonly packed: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(packed: Uint8Array) {
    this.packed = packed;
    this.view = viewOf(packed);
  }

  get more(): boolean {
    return this.at < this.packed.length;
  }

  byte(): number {
    return this.view.getUint8(this.at++);
  }

  float(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8);
  }

  bytes(): Uint8Array {
    const start = this.at + 4;
    this.at = start + this.view.getUint32(this.at);
    return this.packed.slice(start, this.at);
  }

  text(): string {
    return utf8(this.bytes());
  }
}
