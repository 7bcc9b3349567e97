// If this failed, a call would be answered under another number than its own, or taken for a retry of another client's.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RpcRequestHeaderProto } from '../messages/ipc.ts';
import { readDelimited } from '../protobuf/message.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { PlainHeader } from './plain-header.ts';

const CLIENT_ID = Uint8Array.from({ length: 16 }, (_, i) => 3 * i);

/** Mostly what a client sends. */
const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare });

const header = fc.record({
  rpcKind: mostly<1 | 2 | undefined>(fc.constant(2), fc.constantFrom(1, undefined)),
  rpcOp: mostly<0 | 2 | undefined>(fc.constant(0), fc.constantFrom(2, undefined)),
  callId: mostly(fc.oneof(fc.nat(), fc.nat(300), fc.constant(2 ** 31 - 1)), fc.constantFrom(-1, -4, -(2 ** 31))),
  clientId: mostly<Uint8Array>(fc.constant(CLIENT_ID), fc.uint8Array({ minLength: 14, maxLength: 18 })),
  retryCount: mostly<number | undefined>(fc.nat(3), fc.oneof(fc.integer({ min: -100, max: 100 }), fc.constant(undefined))),
  stateId: mostly<number | undefined>(fc.constant(undefined), fc.maxSafeInteger()),
});

/** What it reads, and where it stands afterwards; undefined: it leaves the header to the decoder. */
function read(bytes: Buffer): { readonly callId: number; readonly retryCount: number; readonly position: number } | undefined {
  const reader = new ProtoReader(bytes);
  const plain = new PlainHeader();
  if (plain.read(reader, CLIENT_ID)) return { callId: plain.callId, retryCount: plain.retryCount, position: reader.position };
  expect(reader.position).toBe(0);
  return undefined;
}

test('what is read is what the decoder reads, with more behind it or not', () => {
  let plain = 0;
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 4 }), (sent, behind) => {
      const bytes = Buffer.concat([RpcRequestHeaderProto.encodeDelimited(sent), behind]);
      const got = read(bytes);
      if (got === undefined) return;
      plain++;
      const reader = new ProtoReader(bytes);
      const decoded = readDelimited(RpcRequestHeaderProto, reader);
      expect(got).toEqual({ callId: decoded.callId, retryCount: decoded.retryCount, position: reader.position });
      expect(Buffer.from(decoded.clientId ?? []).equals(CLIENT_ID)).toBe(true);
      expect([decoded.rpcKind, decoded.rpcOp, decoded.stateId]).toEqual([2, 0, undefined]);
    }),
    { numRuns: 1000 },
  );
  expect(plain).toBeGreaterThan(50);
});

test('a header that is broken or cut off anywhere is left alone, or says the same', () => {
  const bytes = RpcRequestHeaderProto.encodeDelimited({
    rpcKind: 2,
    rpcOp: 0,
    callId: 70_000,
    clientId: CLIENT_ID,
    retryCount: 1,
  });
  expect(read(bytes)).toEqual({ callId: 70_000, retryCount: 1, position: bytes.length });
  for (let length = 0; length < bytes.length; length++) expect(read(bytes.subarray(0, length))).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const broken = Buffer.from(bytes);
      broken[at] = value;
      const got = read(broken);
      if (got === undefined) return;
      const decoded = readDelimited(RpcRequestHeaderProto, new ProtoReader(broken));
      expect([got.callId, got.retryCount]).toEqual([decoded.callId, decoded.retryCount]);
    }),
    { numRuns: 500 },
  );
});
