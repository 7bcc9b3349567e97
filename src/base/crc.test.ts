// If these fail, good data is called corrupt, or corrupt data is served as good.
import { createRequire } from 'node:module';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CrcType,
  combineCrc,
  crc32,
  crc32c,
  crcOfBytes,
  firstBadChunk,
  type NativeCrc,
  useNativeCrc,
  writeChunkSums,
  writeSums,
} from './crc.ts';
import { SeededRandom } from './random.ts';

const native = createRequire(import.meta.url)('@node-rs/crc32') as NativeCrc;
const TYPES: readonly CrcType[] = ['CRC32', 'CRC32C'];
const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe.each([
  ['plain', undefined],
  ['native', native],
] as const)('%s', (_name, implementation) => {
  beforeAll(() => useNativeCrc(implementation));
  afterAll(() => useNativeCrc(undefined));

  test('known vectors', () => {
    expect(crc32(ascii('123456789'))).toBe(0xcbf43926);
    expect(crc32c(ascii('123456789'))).toBe(0xe3069283);
    // RFC 3720, B.4
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  test('ranges, going on, and combining give the sum of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(), fc.constantFrom(...TYPES), (bytes, a, b, type) => {
        const first = a % (bytes.length + 1);
        const second = first + (b % (bytes.length - first + 1));
        const whole = crcOfBytes(type, bytes, 0, second);
        const head = crcOfBytes(type, bytes, 0, first);
        expect(crcOfBytes(type, bytes, first, second, head)).toBe(whole);
        expect(combineCrc(type, head, crcOfBytes(type, bytes, first, second), second - first)).toBe(whole);
      }),
    );
  });

  test('combining over lengths beyond 2^32 agrees with doing it in steps', () => {
    for (const type of TYPES) {
      let steps = 0x12345678;
      for (let i = 0; i < 6; i++) steps = combineCrc(type, steps, 0, 2 ** 30);
      expect(combineCrc(type, 0x12345678, 0, 6 * 2 ** 30)).toBe(steps);
    }
  });

  test('chunk sums are what each chunk has, and a flipped bit is found in its chunk', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom(1, 7, 512, 1000),
        fc.constantFrom(...TYPES),
        fc.nat(),
        (length, chunk, type, seed) => {
          const random = new SeededRandom(seed);
          const data = random.bytes(length);
          const sums = Buffer.alloc(3 + Math.ceil(length / chunk) * 4);
          expect(writeChunkSums(type, data, chunk, sums, 3)).toBe(sums.length);
          const chunks: Uint8Array[] = [];
          for (let from = 0; from < length; from += chunk) chunks.push(data.subarray(from, from + chunk));
          const apart = Buffer.alloc(sums.length);
          expect(writeSums(type, chunks, chunks.length, apart, 3)).toBe(sums.length);
          expect(apart).toEqual(sums);
          expect(sums.readUInt32BE(3)).toBe(crcOfBytes(type, data, 0, Math.min(chunk, length)));
          expect(firstBadChunk(type, data, sums, chunk, 3)).toBe(-1);
          const at = random.below(length);
          data.writeUInt8(data.readUInt8(at) ^ (1 << random.below(8)), at);
          expect(firstBadChunk(type, data, sums, chunk, 3)).toBe(Math.floor(at / chunk));
          expect(firstBadChunk(type, data, sums.subarray(0, sums.length - 4), chunk, 3)).not.toBe(-1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('plain and native give the same, and what zlib gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 0, max: 0xffffffff }), (bytes, previous) => {
      expect(crc32(bytes, 0, bytes.length, previous)).toBe(native.crc32(bytes, previous));
      expect(crc32c(bytes, 0, bytes.length, previous)).toBe(native.crc32c(bytes, previous));
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    }),
  );
});
