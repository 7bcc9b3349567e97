// If this failed, an operator could not see what a token is that a secure cluster gave, or a broken file would be read as one.
import { expect, test } from 'vitest';
import { readDelegationTokenIdentifier, readTokenFile } from './token-file.ts';

/** What Hadoop's HttpFS gave ann, for the renewer bob; the form is a NameNode's. */
const TOKEN = 'GgADYW5uA2JvYgCKAaIkuy0cigGiSMexHAYCFIysf2PzrI_TjW97SScvScl2CDcdEldFQkhERlMgZGVsZWdhdGlvbgA';

const file = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([Buffer.from('HDTS\0', 'latin1'), ...parts]);
const ALIAS = Buffer.from('\x05nn:80', 'latin1');

test('tokens that Hadoop wrote are read to the last field', () => {
  const content = file(Buffer.of(1), ALIAS, Buffer.from(TOKEN, 'base64url'), Buffer.of(0));
  const [token, ...more] = readTokenFile(content);
  expect(more).toEqual([]);
  expect(token).toMatchObject({ kind: 'WEBHDFS delegation', service: '' });
  expect(readDelegationTokenIdentifier(token?.identifier ?? new Uint8Array())).toEqual({
    owner: 'ann',
    renewer: 'bob',
    realUser: '',
    issueDate: 1795912576284n,
    maxDate: 1796517376284n,
    sequenceNumber: 6n,
    masterKeyId: 2n,
  });
  expect(readTokenFile(file(Buffer.of(0), Buffer.of(0)))).toEqual([]);
});

test('a file that is cut, or is another, is refused', () => {
  const content = file(Buffer.of(1), ALIAS, Buffer.from(TOKEN, 'base64url'));
  for (let length = 0; length < content.length; length++) {
    expect(() => readTokenFile(content.subarray(0, length)), String(length)).toThrow(/ends early|Bad header/);
  }
  expect(() => readTokenFile(Buffer.from('HDTS\x01abc', 'latin1'))).toThrow('version 1');
  expect(() => readTokenFile(file(Buffer.from('8e7fffffffffffff', 'hex')))).toThrow(/tokens in one file|ends early/);
});
