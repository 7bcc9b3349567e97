// How java.net.URI escapes the parts of an address: what may stand there as it is, and what goes as the bytes of its UTF-8.

/** Characters that it leaves in a path, and in a query. */
const PATH_KEPT = /[A-Za-z0-9_\-!.~'()*:@&=+$,;/]/;
const QUERY_KEPT = /[A-Za-z0-9_\-!.~'()*;/?:@&=+$,[\]]/;
/** Letters of other scripts stay, too, until an address has to be ASCII. */
const PATH_QUOTED = /[\s"#%<>?[\\\]^`{|}]|\p{Cc}/gu;

function escaped(text: string): string {
  let result = '';
  for (const byte of Buffer.from(text, 'utf8')) result += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return result;
}

function ascii(text: string, kept: RegExp): string {
  let result = '';
  // One character at a time: what is kept is ASCII.
  for (const character of text.normalize('NFC')) result += kept.test(character) ? character : escaped(character);
  return result;
}

/** A path as its toASCIIString has it. */
export const asciiPath = (path: string): string => ascii(path, PATH_KEPT);

export const asciiQuery = (query: string): string => ascii(query, QUERY_KEPT);

/** A path as its toString and getRawPath have it, by which addresses are compared. */
export const rawPath = (path: string): string => path.replace(PATH_QUOTED, escaped);
