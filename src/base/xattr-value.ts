// Values of extended attributes as text: a text in double quotes, 0x and hexadecimal digits, 0s
// and base64. Apache: XAttrCodec.

export const XATTR_ENCODINGS = ['text', 'hex', 'base64'] as const;
export type XattrEncoding = (typeof XATTR_ENCODINGS)[number];

/** The bytes that a text stands for; the reason when it is no value. */
export function decodeXattrValue(text: string): Buffer | { readonly wrong: string } {
  const prefix = text.slice(0, 2).toLowerCase();
  if (text.length >= 2 && text.startsWith('"') && text.endsWith('"')) return Buffer.from(text.slice(1, -1), 'utf8');
  if (prefix === '0x') return decodeHex(text.slice(2));
  if (prefix === '0s') return Buffer.from(text.slice(2), 'base64');
  return Buffer.from(text, 'utf8');
}

function decodeHex(digits: string): Buffer | { readonly wrong: string } {
  // In the words of the library that Hadoop uses.
  const exception = 'org.apache.commons.codec.DecoderException';
  if (digits.length % 2 !== 0) return { wrong: `${exception}: Odd number of characters.` };
  const at = digits.search(/[^0-9a-fA-F]/);
  if (at >= 0) return { wrong: `${exception}: Illegal hexadecimal character ${digits[at]} at index ${at}` };
  return Buffer.from(digits, 'hex');
}

export function encodeXattrValue(value: Buffer, encoding: XattrEncoding): string {
  switch (encoding) {
    case 'hex':
      return `0x${value.toString('hex')}`;
    case 'base64':
      return `0s${value.toString('base64')}`;
    case 'text':
      return `"${value.toString('utf8')}"`;
  }
}
