// Extended attributes in the parameters and answers of WebHDFS: names with their name space before them, values as text, in
// hexadecimal or base64. Mirrors Hadoop's XAttrHelper and XAttrCodec.
import { HdfsError } from '../base/errors.ts';
import {
  XAttrProto_XAttrNamespaceProto as NameSpace,
  XAttrProto_XAttrNamespaceProtoNames as NameSpaceNames,
  type XAttrProto,
  type XAttrProtoInit,
} from '../wire/messages/xattr.ts';
import { type Json, wrapped, writeJson } from './java-json.ts';

const NAME_SPACES: ReadonlyMap<string, NameSpace> = new Map(Object.entries(NameSpace));
const WRONG_PREFIX = "An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'";

/** Throws HdfsError EINVAL for a name without one of the five name spaces. */
export function xattrNamed(name: string, value?: Uint8Array): XAttrProtoInit {
  const dot = name.indexOf('.');
  if (dot < 3) throw new HdfsError('EINVAL', WRONG_PREFIX);
  if (dot === name.length - 1) throw new HdfsError('EINVAL', 'XAttr name cannot be empty.');
  const namespace = NAME_SPACES.get(name.slice(0, dot).toUpperCase());
  if (namespace === undefined) throw new HdfsError('EINVAL', WRONG_PREFIX);
  return { namespace, name: name.slice(dot + 1), value };
}

export const prefixedName = ({ namespace, name }: XAttrProto): string =>
  `${(NameSpaceNames[namespace] ?? '').toLowerCase()}.${name}`;

/** Throws HdfsError EIO for hexadecimal that is none. */
export function decodeValue(text: string): Buffer {
  if (text.length >= 2) {
    if (text.startsWith('"') && text.endsWith('"')) return Buffer.from(text.slice(1, -1), 'utf8');
    const prefix = text.slice(0, 2).toLowerCase();
    const rest = text.slice(2);
    if (prefix === '0x') {
      if (rest.length % 2 === 1)
        throw new HdfsError('EIO', 'org.apache.commons.codec.DecoderException: Odd number of characters.');
      const wrong = rest.search(/[^0-9a-fA-F]/);
      if (wrong >= 0) {
        const reason = `Illegal hexadecimal character ${rest[wrong] ?? ''} at index ${wrong}`;
        throw new HdfsError('EIO', `org.apache.commons.codec.DecoderException: ${reason}`);
      }
      return Buffer.from(rest, 'hex');
    }
    if (prefix === '0s') return Buffer.from(rest, 'base64');
  }
  return Buffer.from(text, 'utf8');
}

export function encodeValue(value: Uint8Array, codec: string): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (codec === 'HEX') return `0x${bytes.toString('hex')}`;
  if (codec === 'BASE64') return `0s${bytes.toString('base64')}`;
  return `"${bytes.toString('utf8')}"`;
}

export function xattrsJson(xattrs: readonly XAttrProto[], codec: string): string {
  const entries: Json[] = xattrs.map((xattr) => ({
    name: prefixedName(xattr),
    value: xattr.value === undefined ? null : encodeValue(xattr.value, codec),
  }));
  return wrapped('XAttrs', entries);
}

/** The names are a text that holds JSON: a slip of Hadoop's that its clients expect. */
export const xattrNamesJson = (xattrs: readonly XAttrProto[]): string =>
  wrapped('XAttrNames', writeJson(xattrs.map(prefixedName)));
