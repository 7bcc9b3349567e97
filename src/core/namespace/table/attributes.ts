// Attributes that few inodes have (lease, ACL, extended attributes, quota, symlink target), packed into one byte string for
// each such inode: sections of a tag, a length and a payload. The format is this process's own and never leaves memory.
import { assert } from '../../../base/assert.ts';
import type { AclEntry, AclScope, AclType, XAttr, XAttrNamespace } from '../../edits/ops.ts';
import type { BlobBytes } from '../../pages/blobs.ts';
import type { Quota, UnderConstruction } from './types.ts';

export const AttributeTag = { UNDER_CONSTRUCTION: 1, ACL: 2, XATTRS: 3, QUOTA: 4, SYMLINK: 5 } as const;
export type AttributeTag = (typeof AttributeTag)[keyof typeof AttributeTag];

const HEADER_BYTES = 5;
const MAX_PLAIN_TEXT = 64;
/** A longer packed string is not kept as room for the next. */
const MAX_KEPT_BYTES = 64 * 1024;

/** Reads one section; undefined when there is none. */
export function openSection(packed: BlobBytes, tag: AttributeTag): AttributeReader | undefined {
  const { bytes, end } = packed;
  for (let at = packed.start; at < end; ) {
    const start = at + HEADER_BYTES;
    const next = start + bytes.readUInt32LE(at + 1);
    if (bytes[at] === tag) return new AttributeReader(bytes, start, next);
    at = next;
  }
  return undefined;
}

/** Makes packed attributes; used again and again, so its bytes are good until the next `start`. */
export class AttributeWriter {
  private buffer = Buffer.allocUnsafe(1024);
  private length = 0;

  /** Begins with the sections of `packed` but for one. */
  start(packed: BlobBytes | undefined, without: AttributeTag): this {
    if (this.buffer.length > MAX_KEPT_BYTES) this.buffer = Buffer.allocUnsafe(1024);
    this.length = 0;
    if (packed === undefined) return this;
    const { bytes, end } = packed;
    for (let at = packed.start; at < end; ) {
      const next = at + HEADER_BYTES + bytes.readUInt32LE(at + 1);
      if (bytes[at] !== without) {
        this.reserve(next - at);
        bytes.copy(this.buffer, this.length, at, next);
        this.length += next - at;
      }
      at = next;
    }
    return this;
  }

  /** Adds a section whose payload `write` writes. */
  section(tag: AttributeTag, write: (to: this) => void): this {
    this.byte(tag);
    const at = this.length;
    this.reserve(4);
    this.length += 4;
    write(this);
    this.buffer.writeUInt32LE(this.length - at - 4, at);
    return this;
  }

  done(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  byte(value: number): this {
    assert(value >= 0 && value <= 255 && Number.isInteger(value), 'not a byte');
    this.reserve(1);
    this.buffer[this.length++] = value;
    return this;
  }

  float(value: number): this {
    this.reserve(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.reserve(4 + value.length);
    this.length = this.buffer.writeUInt32LE(value.length, this.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
    return this;
  }

  text(value: string): this {
    if (this.plainText(value)) return this;
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.reserve(4 + value.length * 3);
    const written = this.buffer.write(value, this.length + 4, 'utf8');
    this.buffer.writeUInt32LE(written, this.length);
    this.length += 4 + written;
    return this;
  }

  /** Short ASCII, as nearly all texts are: letter by letter it takes less time than a native call. False: it is none. */
  private plainText(value: string): boolean {
    const { length } = value;
    if (length > MAX_PLAIN_TEXT) return false;
    this.reserve(4 + length);
    const { buffer } = this;
    const start = this.length + 4;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      buffer[start + i] = unit;
    }
    this.buffer.writeUInt32LE(length, this.length);
    this.length = start + length;
    return true;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.length + bytes, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

export class AttributeReader {
  private readonly from: Buffer;
  private readonly end: number;
  private at: number;

  constructor(from: Buffer, start: number, end: number) {
    this.from = from;
    this.at = start;
    this.end = end;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  byte(): number {
    return this.from.readUInt8(this.at++);
  }

  float(): number {
    this.at += 8;
    return this.from.readDoubleLE(this.at - 8);
  }

  /** A copy. */
  bytes(): Uint8Array {
    const start = this.at + 4;
    this.at = start + this.from.readUInt32LE(this.at);
    return new Uint8Array(this.from.subarray(start, this.at));
  }

  text(): string {
    const start = this.at + 4;
    this.at = start + this.from.readUInt32LE(this.at);
    return this.from.toString('utf8', start, this.at);
  }
}

export function writeUnderConstruction(to: AttributeWriter, state: UnderConstruction): void {
  to.text(state.clientName).text(state.clientMachine);
}

export function readUnderConstruction(from: AttributeReader): UnderConstruction {
  return { clientName: from.text(), clientMachine: from.text() };
}

export function writeAcl(to: AttributeWriter, entries: readonly AclEntry[]): void {
  for (const { scope, type, name, permission } of entries) {
    to.byte(scope).byte(type).byte(permission);
    if (name === undefined) to.byte(0);
    else to.byte(1).text(name);
  }
}

export function readAcl(from: AttributeReader): readonly AclEntry[] {
  const entries: AclEntry[] = [];
  while (from.more) {
    const scope = from.byte() as AclScope;
    const type = from.byte() as AclType;
    const permission = from.byte();
    entries.push({ scope, type, permission, name: from.byte() === 1 ? from.text() : undefined });
  }
  return entries;
}

export function writeXattrs(to: AttributeWriter, xattrs: readonly XAttr[]): void {
  for (const { namespace, name, value } of xattrs) {
    to.byte(namespace).text(name);
    if (value === undefined) to.byte(0);
    else to.byte(1).bytes(value);
  }
}

export function readXattrs(from: AttributeReader): readonly XAttr[] {
  const xattrs: XAttr[] = [];
  while (from.more) {
    const namespace = from.byte() as XAttrNamespace;
    const name = from.text();
    xattrs.push({ namespace, name, value: from.byte() === 1 ? from.bytes() : undefined });
  }
  return xattrs;
}

export function writeQuota(to: AttributeWriter, quota: Quota): void {
  to.float(quota.namespace).float(quota.space);
  for (const [type, limit] of quota.byType) to.byte(type).float(limit);
}

export function readQuota(from: AttributeReader): Quota {
  const namespace = from.float();
  const space = from.float();
  const byType = new Map<number, number>();
  while (from.more) byType.set(from.byte(), from.float());
  return { namespace, space, byType };
}
