// If these fail, an image that was packed with LZ4 or Snappy cannot be read again, by us or by Hadoop.
import { expect, test } from 'vitest';
import { SeededRandom } from '../../base/random.ts';
import { codecOfClass } from './codecs.ts';
import { packLz4, unpackLz4 } from './lz4.ts';
import { packerOfClass } from './packers.ts';
import { packSnappy, unpackSnappy } from './snappy.ts';

const random = new SeededRandom(3, 'packing');
/** Of few different bytes: `kinds` of them, each for a while. */
const runs = (length: number, kinds: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const run = 1 + random.below(40);
    bytes.fill(random.below(kinds), at, Math.min(length, at + run));
    at += run;
  }
  return bytes;
};
const SAMPLES: readonly (readonly [name: string, bytes: Buffer])[] = [
  ...[0, 1, 3, 4, 5, 11, 12, 13, 16, 17, 60, 61, 64, 65, 256, 257, 300].map(
    (length) => [`${length} alike`, Buffer.alloc(length, 7)] as const,
  ),
  ...[1, 12, 15, 16, 60, 61, 269, 270, 271, 525, 65_536, 65_537, 131_072].map(
    (length) => [`${length} by chance`, Buffer.from(random.bytes(length))] as const,
  ),
  [
    'far apart',
    Buffer.concat([Buffer.from('0123456789abcdef'), Buffer.from(random.bytes(70_000)), Buffer.from('0123456789abcdef')]),
  ],
  ...[2, 5, 200].map((kinds) => [`runs of ${kinds}`, runs(131_072, kinds)] as const),
];

test.each(SAMPLES)('%s come out as they went in', (_, bytes) => {
  expect(unpackLz4(packLz4(bytes), bytes.length).equals(bytes)).toBe(true);
  expect(unpackSnappy(packSnappy(bytes)).equals(bytes)).toBe(true);
});

test('what repeats is packed small', () => {
  expect(packLz4(Buffer.alloc(131_072)).length).toBeLessThan(600);
  expect(packSnappy(Buffer.alloc(131_072)).length).toBeLessThan(7000);
});

test.each(['Lz4Codec', 'SnappyCodec'])('%s packs pieces of any size, one behind the other', async (name) => {
  const className = `org.apache.hadoop.io.compress.${name}`;
  const codec = codecOfClass(className);
  const pack = packerOfClass(className) ?? Buffer.from;
  const parts = [runs(300_000, 9), Buffer.alloc(0), runs(131_072, 3)];
  const packed = Buffer.concat(parts.map((part) => pack(part)));
  const raw = Buffer.concat(parts);
  expect(Buffer.from(await codec.whole(packed)).equals(raw)).toBe(true);
  expect(() => codec.whole(packed, raw.length - 1)).toThrow('Too much in one block');
});
