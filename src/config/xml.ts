// Reads Hadoop's configuration XML: <configuration><property><name/><value/><final/></property>…, or the short form with
// attributes. It makes a list of properties and includes in the order of the file; load.ts fetches the includes.
// Entities other than XML's own five are refused by the parser, so a file cannot pull in another by a DOCTYPE.
import { SaxesParser } from 'saxes';
import { HdfsError, messageOf } from '../base/errors.ts';

export interface XmlProperty {
  readonly kind: 'property';
  readonly name: string;
  readonly value: string;
  readonly final: boolean;
  /** Where it begins in its file. */
  readonly line: number;
}

export interface XmlInclude {
  readonly kind: 'include';
  readonly href: string;
  /** What stands in xi:fallback; undefined: none, and a missing file is an error. */
  readonly fallback: readonly XmlProperty[] | undefined;
}

export type XmlItem = XmlProperty | XmlInclude;

/** More in one file is a mistake, not a configuration. */
export const MAX_PROPERTIES = 100_000;
export const MAX_XML_BYTES = 16 * 1024 * 1024;

interface OpenProperty {
  name: string | undefined;
  value: string | undefined;
  final: boolean;
  readonly line: number;
}

interface OpenInclude {
  readonly href: string;
  fallback: XmlProperty[] | undefined;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** How the bytes of an XML file are read: by their byte order mark, or as the declaration in front says. */
function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const head = Buffer.from(bytes.subarray(0, 256)).toString('latin1');
  return /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding=["']([\w.:-]+)["']/.exec(head)?.[1] ?? 'utf-8';
}

/** The text of an XML file. Throws HdfsError EINVAL where its bytes are not of its encoding, or that is none. */
export function decodeXml(bytes: Uint8Array, file: string): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof RangeError ? `${encoding} is no encoding that is known` : `not in ${encoding}`;
    throw new HdfsError('EINVAL', `${file}: ${reason}; save it as UTF-8`, { path: file, cause: error });
  }
}

/** Throws HdfsError EINVAL that names `file` and the line. */
export function parseConfigurationXml(text: string, file: string): readonly XmlItem[] {
  if (text.length > MAX_XML_BYTES) throw new HdfsError('EINVAL', `${file}: longer than ${MAX_XML_BYTES} bytes`);
  const items: XmlItem[] = [];
  const parser = new SaxesParser();
  let property: OpenProperty | undefined;
  let include: OpenInclude | undefined;
  let token = '';
  let depth = 0;
  const fail = (reason: string): never => {
    throw new HdfsError('EINVAL', `${file}:${parser.line}: ${reason}`);
  };
  parser.on('error', (error) => {
    throw new HdfsError('EINVAL', `${file}: not a configuration file: ${messageOf(error)}`);
  });
  parser.on('opentag', (tag) => {
    depth++;
    token = '';
    const name = localName(tag.name);
    const attributes = tag.attributes as Readonly<Record<string, string>>;
    if (depth === 1 && name !== 'configuration') fail(`the top element is <${tag.name}>, not <configuration>`);
    if (name === 'property') {
      property = { name: attributes.name, value: attributes.value, final: attributes.final === 'true', line: parser.line };
    } else if (name === 'include') {
      if (include !== undefined) fail('an include inside an include');
      const href = attributes.href;
      if (href !== undefined) include = { href, fallback: undefined };
    } else if (name === 'fallback' && include !== undefined) {
      include.fallback = [];
    }
  });
  const collect = (chunk: string): void => {
    token += chunk;
  };
  parser.on('text', collect);
  parser.on('cdata', collect);
  parser.on('closetag', (tag) => {
    depth--;
    const name = localName(tag.name);
    if (name === 'name' && property !== undefined) property.name = token.trim();
    else if (name === 'value' && property !== undefined) {
      // An empty one says nothing, as in Hadoop: what was said before stays.
      if (token !== '') property.value = token;
    } else if (name === 'final' && property !== undefined) property.final = token.trim() === 'true';
    else if (name === 'property' && property !== undefined) {
      // Without a value a property says nothing, as in Hadoop.
      if (property.name !== undefined && property.name !== '' && property.value !== undefined) {
        const { name: key, value, final, line } = property;
        const made: XmlProperty = { kind: 'property', name: key, value, final, line };
        (include?.fallback ?? items).push(made);
        if (items.length > MAX_PROPERTIES) fail(`more than ${MAX_PROPERTIES} properties`);
      }
      property = undefined;
    } else if (name === 'include' && include !== undefined) {
      items.push({ kind: 'include', href: include.href, fallback: include.fallback });
      include = undefined;
    }
    token = '';
  });
  parser.write(text).close();
  return items;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** A configuration file that any Hadoop program reads. */
export function formatConfigurationXml(properties: Iterable<readonly [name: string, value: string]>): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<configuration>'];
  for (const [name, value] of properties) {
    lines.push(`  <property><name>${escapeXml(name)}</name><value>${escapeXml(value)}</value></property>`);
  }
  lines.push('</configuration>', '');
  return lines.join('\n');
}
