// If this failed, setfattr would store other bytes than Hadoop's, and getfattr show them otherwise.
import { expect, test } from 'vitest';
import { decodeXattrValue, encodeXattrValue } from './xattr-value.ts';

test('values are text, hexadecimal digits or base64', () => {
  const decoded = (text: string) => {
    const value = decodeXattrValue(text);
    return 'wrong' in value ? value.wrong : value.toString('latin1');
  };
  expect(decoded('plain')).toBe('plain');
  expect(decoded('"in quotes"')).toBe('in quotes');
  expect(decoded('"')).toBe('"');
  expect(decoded('0X00fF')).toBe('\0\xff');
  expect(decoded('0sAP8=')).toBe('\0\xff');
  expect(decoded('0x')).toBe('');
  expect(decoded('0x0')).toBe('org.apache.commons.codec.DecoderException: Odd number of characters.');
  expect(decoded('0x0g')).toBe('org.apache.commons.codec.DecoderException: Illegal hexadecimal character g at index 1');
  const bytes = Buffer.from([0, 255]);
  expect(encodeXattrValue(bytes, 'hex')).toBe('0x00ff');
  expect(encodeXattrValue(bytes, 'base64')).toBe('0sAP8=');
  expect(encodeXattrValue(Buffer.from('é'), 'text')).toBe('"é"');
});
