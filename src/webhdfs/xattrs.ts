// Extended attributes in the parameters and answers of WebHDFS: names with their name space before them, values as text, in
// hexadecimal or base64. Mirrors Hadoop's XAttrHelper and XAttrCodec.
import { HdfsError } from '../base/errors.ts';
import { decodeXattrValue, encodeXattrValue } from '../base/xattr-value.ts';
import { parseXattrName, xattrName } from '../client/xattr.ts';
import type { XAttrProto, XAttrProtoInit } from '../wire/messages/xattr.ts';
import { type Json, wrapped, writeJson } from './java-json.ts';

/** Throws HdfsError EINVAL for a name without one of the five name spaces. */
export const xattrNamed = (name: string, value?: Uint8Array): XAttrProtoInit => ({ ...parseXattrName(name), value });

/** Throws HdfsError EIO for hexadecimal that is none. */
export function decodeValue(text: string): Buffer {
  const value = decodeXattrValue(text);
  if ('wrong' in value) throw new HdfsError('EIO', value.wrong);
  return value;
}

export function encodeValue(value: Uint8Array, codec: string): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return encodeXattrValue(bytes, codec === 'HEX' ? 'hex' : codec === 'BASE64' ? 'base64' : 'text');
}

export function xattrsJson(xattrs: readonly XAttrProto[], codec: string): string {
  const entries: Json[] = xattrs.map((xattr) => ({
    name: xattrName(xattr),
    value: xattr.value === undefined ? null : encodeValue(xattr.value, codec),
  }));
  return wrapped('XAttrs', entries);
}

/** The names are a text that holds JSON: a slip of Hadoop's that its clients expect. */
export const xattrNamesJson = (xattrs: readonly XAttrProto[]): string =>
  wrapped('XAttrNames', writeJson(xattrs.map(xattrName)));
