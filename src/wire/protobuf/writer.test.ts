// If this failed, answers would leave with wrong lengths in them, and clients would drop the connection.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { putVarint64, varintBytes } from './varint.ts';
import { ProtoWriter } from './writer.ts';

const TAG = 10;

it('a field comes out the same, however long its length was expected to be', () => {
  const length = fc.oneof(fc.nat(300), fc.constantFrom(127, 128, 16_383, 16_384, 70_000));
  fc.assert(
    fc.property(length, length, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (outer, inner, a, b) => {
      const make = (outerBytes: number, innerBytes: number): string => {
        const writer = new ProtoWriter(16);
        const first = writer.begin(TAG, outerBytes);
        writer.putRaw(Buffer.alloc(outer, 1));
        const second = writer.begin(TAG, innerBytes);
        writer.putRaw(Buffer.alloc(inner, 2));
        writer.finish(second, innerBytes);
        writer.finish(first, outerBytes);
        writer.putUint32(7);
        return writer.toBuffer().toString('hex');
      };
      expect(make(a, b)).toBe(make(1, 1));
    }),
  );
});

it('the same numbers are put by hand as by the writer', () => {
  const number = fc.oneof(fc.maxSafeInteger(), fc.nat(), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 63, -(2 ** 63)));
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      const writer = new ProtoWriter(16);
      for (const each of numbers) writer.putExactInt64(BigInt(Math.min(each, 2 ** 63 - 1024)));
      const byHand = Buffer.alloc(10 * numbers.length);
      let end = 0;
      for (const each of numbers) end = putVarint64(byHand, end, Math.min(each, 2 ** 63 - 1024));
      expect(byHand.subarray(0, end).toString('hex')).toBe(writer.toBuffer().toString('hex'));
    }),
  );
});

it('knows how long a varint is', () => {
  fc.assert(
    fc.property(fc.nat(), (value) => {
      const writer = new ProtoWriter();
      writer.putUint32(value);
      expect(varintBytes(value)).toBe(writer.length);
    }),
  );
});
