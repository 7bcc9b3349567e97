// Java's .properties files, as `VERSION` is one: reading takes what java.util.Properties takes, writing makes what it
// makes, except for the order of keys, which is the caller's.

import { ProtocolError } from '../../base/errors.ts';
import { civilDate, DAY_MS } from '../../base/utc.ts';

/** Far more than any VERSION file. */
const MAX_PROPERTIES_BYTES = 1024 * 1024;
const MAX_PROPERTIES = 10_000;

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Throws ProtocolError for a malformed escape or an oversized file. */
export function parseProperties(content: Uint8Array): ReadonlyMap<string, string> {
  if (content.length > MAX_PROPERTIES_BYTES) throw new ProtocolError(`a properties file of ${content.length} bytes`);
  const properties = new Map<string, string>();
  for (const line of logicalLines(Buffer.from(content).toString('latin1'))) {
    const { key, value } = splitLine(line);
    properties.set(unescapeText(key), unescapeText(value));
    if (properties.size > MAX_PROPERTIES) throw new ProtocolError(`a properties file of more than ${MAX_PROPERTIES} keys`);
  }
  return properties;
}

/** Lines without comments and blank ones; a backslash at the end joins the next line, whose white space it drops. */
function* logicalLines(text: string): Generator<string> {
  let joined = '';
  let continues = false;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const trimmed = line.replace(/^[ \t\f]+/, '');
    if (!continues && (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!'))) continue;
    continues = trailingBackslashes(trimmed) % 2 === 1;
    joined += continues ? trimmed.slice(0, -1) : trimmed;
    if (continues) continue;
    yield joined;
    joined = '';
  }
  if (joined !== '') yield joined;
}

function trailingBackslashes(line: string): number {
  let count = 0;
  while (count < line.length && line[line.length - 1 - count] === '\\') count++;
  return count;
}

/** The key ends at the first '=', ':' or white space that no backslash stands before. */
function splitLine(line: string): { readonly key: string; readonly value: string } {
  let end = 0;
  while (end < line.length && !/[=: \t\f]/.test(line[end] as string)) end += line[end] === '\\' ? 2 : 1;
  const rest = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return { key: line.slice(0, end), value: rest };
}

function unescapeText(text: string): string {
  return text.replace(/\\(u[\s\S]{0,4}|[\s\S]|$)/g, (_, escaped: string) => {
    if (escaped.startsWith('u')) {
      if (!/^u[0-9a-fA-F]{4}$/.test(escaped)) throw new ProtocolError(`malformed escape \\${escaped} in a properties file`);
      return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    }
    return ESCAPES[escaped] ?? escaped;
  });
}

/** `comment` follows a '#' in the first line; Java puts the date there. */
export function formatProperties(comment: string, properties: Iterable<readonly [string, string]>): string {
  const lines = [`#${comment}`];
  for (const [key, value] of properties) lines.push(`${escapeText(key, true)}=${escapeText(value, false)}`);
  return `${lines.join('\n')}\n`;
}

function escapeText(text: string, isKey: boolean): string {
  let escaped = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    const unit = text.charCodeAt(i);
    if (character === ' ') escaped += isKey || i === 0 ? '\\ ' : ' ';
    else if (character === '\t') escaped += '\\t';
    else if (character === '\n') escaped += '\\n';
    else if (character === '\r') escaped += '\\r';
    else if (character === '\f') escaped += '\\f';
    else if ('=:#!\\'.includes(character)) escaped += `\\${character}`;
    else if (unit < 0x20 || unit > 0x7e) escaped += `\\u${unit.toString(16).toUpperCase().padStart(4, '0')}`;
    else escaped += character;
  }
  return escaped;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** A time as java.util.Date prints it in UTC. */
export function javaDate(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const seconds = Math.floor((epochMs - days * DAY_MS) / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const { year, month, day } = civilDate(days);
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  // 1970-01-01 was a Thursday.
  return `${DAYS[(((days + 4) % 7) + 7) % 7]} ${MONTHS[month - 1]} ${two(day)} ${time} UTC ${year}`;
}
