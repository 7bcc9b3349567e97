// Text that may hold any character in XML, which may not. Apache: XMLUtils.mangleXmlString and unmangleXmlString.
import { ProtocolError } from '../base/errors.ts';

/** Characters that XML cannot hold, and the backslash that announces them, are written `\hhhh;`. */
export function mangle(text: string): string {
  return text.replaceAll(
    /[^\t\n\r\u0020-\u005b\u005d-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu,
    (character) => `\\${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')};`,
  );
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', "'": '&apos;', '<': '&lt;', '>': '&gt;' };

/** The same, with markup as entities. */
export function mangleMarkup(text: string): string {
  return mangle(text).replaceAll(/[&"'<>]/g, (character) => ENTITIES[character] ?? character);
}

/** Throws ProtocolError. */
export function unmangle(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(?:([0-9a-fA-F]{4,6});)?/g, (_, hex: string | undefined) => {
    if (hex === undefined) throw new ProtocolError('a backslash that begins no escaped character');
    return String.fromCodePoint(Number.parseInt(hex, 16));
  });
}
