// If this fails, a DataNode or a writing client loses or mixes up acknowledgements that arrive cut or together.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AckWriter } from '../wire/transfer/acks.ts';
import { AckReader } from './ack-reader.ts';

test('any cutting gives the same acknowledgements, and none behind the last that is wanted', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: -2, max: 2 ** 40 }), fc.array(fc.constantFrom(0, 2, 8), { minLength: 1, maxLength: 4 })),
        {
          minLength: 1,
          maxLength: 10,
        },
      ),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
      fc.nat(12),
      (acks, cuts, wanted) => {
        const writer = new AckWriter();
        for (const [seqno, flags] of acks) writer.add(seqno, flags);
        const stream = writer.take();
        const got: [number, number[]][] = [];
        let flushedAt = 0;
        const reader = new AckReader({
          ack: (seqno, flags) => got.push([seqno, [...flags]]) <= wanted,
          flush: () => {
            flushedAt = got.length;
          },
          ended: () => undefined,
        });
        for (let at = 0, i = 0; at < stream.length; i++) {
          const length = Math.min(cuts[i % cuts.length] as number, stream.length - at);
          expect(reader.push(stream.subarray(at, at + length))).toBe(length);
          at += length;
        }
        expect(got).toEqual(acks.slice(0, wanted + 1));
        expect(flushedAt).toBe(got.length);
      },
    ),
  );
});

test('a length that no acknowledgement has ends the connection', () => {
  const reader = new AckReader({ ack: () => true, flush: () => undefined, ended: () => undefined });
  expect(() => reader.push(Buffer.from([0xff, 0xff, 0xff, 0x7f]))).toThrow(/acknowledgement/);
});
