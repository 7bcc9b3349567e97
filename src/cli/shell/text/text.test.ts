// If this failed, `hdfs dfs -text` would show the records of Hadoop's and Avro's files otherwise than Hadoop does, or go on
// for ever on a damaged one.
import { PassThrough } from 'node:stream';
import * as zlib from 'node:zlib';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { HdfsError } from '../../../base/errors.ts';
import { javaDouble, javaFloat } from '../../../base/java-number.ts';
import { ByteReader } from '../../../format/codec/byte-source.ts';
import { codecOfClass, codecOfName, PACKAGE, zstandard } from '../../../format/codec/codecs.ts';
import { unpackLz4 } from '../../../format/codec/lz4.ts';
import { packerOfClass } from '../../../format/codec/packers.ts';
import { unpackSnappy } from '../../../format/codec/snappy.ts';
import { zstandardFrames } from '../../../format/codec/zstandard-frames.ts';
import { avroFileText } from './avro-file.ts';
import { sequenceFileText } from './sequence-file.ts';
import { writableOf } from './writables.ts';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function textOfAll(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString('utf8');
}

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
/** Of Hadoop's WritableUtils, for small lengths. */
const text = (value: string): Buffer => Buffer.concat([Buffer.of(Buffer.byteLength(value)), Buffer.from(value)]);
const SYNC = Buffer.alloc(16, 7);
const IO = 'org.apache.hadoop.io.';

function header(compressed: boolean, byBlock: boolean): Buffer {
  return Buffer.concat([
    Buffer.from('SEQ\x06'),
    text(`${IO}IntWritable`),
    text(`${IO}Text`),
    Buffer.of(compressed ? 1 : 0, byBlock ? 1 : 0),
    compressed ? text(`${IO}compress.DefaultCodec`) : Buffer.alloc(0),
    int(1),
    text('made'),
    text('by hand'),
    SYNC,
  ]);
}

const ROWS: readonly (readonly [number, string])[] = [
  [1, 'one'],
  [-2, 'zwei ü'],
];

test('a SequenceFile shows its keys and values, plain and compressed, in chunks of any size', async () => {
  const record = (compressed: boolean) =>
    ROWS.map(([key, value], index) => {
      const packed = compressed ? deflateSync(text(value)) : text(value);
      const sync = index === 1 ? [int(-1), SYNC] : [];
      return Buffer.concat([...sync, int(4 + packed.length), int(4), int(key), packed]);
    });
  const part = (bytes: Buffer): Buffer => {
    const packed = deflateSync(bytes);
    return Buffer.concat([Buffer.of(packed.length), packed]);
  };
  const block = Buffer.concat([
    int(-1),
    SYNC,
    Buffer.of(ROWS.length),
    part(Buffer.from(ROWS.map(() => 4))),
    part(Buffer.concat(ROWS.map(([key]) => int(key)))),
    part(Buffer.from(ROWS.map(([, value]) => text(value).length))),
    part(Buffer.concat(ROWS.map(([, value]) => text(value)))),
  ]);
  const files = [
    Buffer.concat([header(false, false), ...record(false)]),
    Buffer.concat([header(true, false), ...record(true)]),
    Buffer.concat([header(true, true), block, block]),
  ];
  const shown = '1\tone\n-2\tzwei ü\n';
  for (const size of [1, 7, 4096]) {
    expect(await Promise.all(files.map((file) => textOfAll(sequenceFileText(inChunks(file, size)))))).toEqual([
      shown,
      shown,
      shown + shown,
    ]);
  }
});

test('a SequenceFile that is cut or of a strange class is refused with the reason', async () => {
  const whole = Buffer.concat([header(false, false), int(8), int(4), int(1), text('one')]);
  await expect(textOfAll(sequenceFileText(inChunks(whole.subarray(0, -2), 64)))).rejects.toThrow('Premature EOF');
  const strange = Buffer.concat([Buffer.from('SEQ\x06'), text('my.Key'), text('my.Value'), Buffer.of(0, 0), int(0), SYNC]);
  await expect(textOfAll(sequenceFileText(inChunks(strange, 64)))).rejects.toThrow('my.Key');
  const huge = Buffer.concat([header(false, false), int(0x7fffffff), int(0x7ffffff0)]);
  await expect(textOfAll(sequenceFileText(inChunks(huge, 64)))).rejects.toThrow('announced');
});

/** Avro's long, for small numbers. */
const zigzag = (value: number): Buffer => Buffer.of(value < 0 ? -2 * value - 1 : 2 * value);
const avroText = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = bytes.length * 2;
  return Buffer.concat([length < 128 ? Buffer.of(length) : Buffer.of((length & 0x7f) | 0x80, length >> 7), bytes]);
};

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Row',
  namespace: 'of.us',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'word', type: ['null', 'string'] },
    { name: 'next', type: ['null', 'Row'] },
    { name: 'list', type: { type: 'array', items: 'long' } },
    { name: 'raw', type: { type: 'fixed', name: 'Two', size: 2 } },
    { name: 'colour', type: { type: 'enum', name: 'Colour', symbols: ['RED', 'BLUE'] } },
  ],
});

function avroFile(codec: string, pack: (block: Buffer) => Buffer, rows: readonly Buffer[]): Buffer {
  const block = pack(Buffer.concat(rows));
  return Buffer.concat([
    Buffer.from('Obj\x01'),
    zigzag(2),
    avroText('avro.schema'),
    avroText(SCHEMA),
    avroText('avro.codec'),
    avroText(codec),
    zigzag(0),
    SYNC,
    zigzag(rows.length),
    avroText(block),
    SYNC,
  ]);
}

test('an Avro file shows one line of JSON for each value', async () => {
  const tail = [zigzag(2), zigzag(5), zigzag(-6), zigzag(0), Buffer.of(0x1f, 0xe9), zigzag(1)];
  const inner = Buffer.concat([zigzag(2), zigzag(0), zigzag(0), zigzag(0), Buffer.from('ab'), zigzag(0)]);
  const row = Buffer.concat([zigzag(1), zigzag(1), avroText('a "b" 😀'), zigzag(1), inner, ...tail]);
  const line =
    '{"n":1,"word":{"string":"a \\"b\\" \\uD83D\\uDE00"},"next":{"of.us.Row":{"n":2,"word":null,"next":null,"list":[],"raw":"ab","colour":"RED"}},' +
    '"list":[5,-6],"raw":"\\u001Fé","colour":"BLUE"}';
  for (const file of [avroFile('null', (block) => block, [row, inner]), avroFile('deflate', deflateRawSync, [row, inner])]) {
    const shown = await textOfAll(avroFileText(inChunks(file, 11)));
    expect(shown).toBe(`${line}\n{"n":2,"word":null,"next":null,"list":[],"raw":"ab","colour":"RED"}\n`);
  }
  expect(
    await textOfAll(
      avroFileText(
        inChunks(
          avroFile('null', (block) => block, []),
          64,
        ),
      ),
    ),
  ).toBe('');
  await expect(
    textOfAll(
      avroFileText(
        inChunks(
          avroFile('xz', (block) => block, [row]),
          64,
        ),
      ),
    ),
  ).rejects.toThrow('xz');
});

test('numbers are Java’s', () => {
  expect([0, -0, 1, 0.1, 1e7, 1234567.5, 1e-3, 9.99e-4, 1e21, -2.5e-10, Number.NaN, -Infinity].map(javaDouble)).toEqual(
    '0.0 -0.0 1.0 0.1 1.0E7 1234567.5 0.001 9.99E-4 1.0E21 -2.5E-10 NaN -Infinity'.split(' '),
  );
  expect([0.1, 3.4028234663852886e38, 16777216, 1.5, 1e10].map((value) => javaFloat(Math.fround(value)))).toEqual(
    '0.1 3.4028235E38 1.6777216E7 1.5 1.0E10'.split(' '),
  );
  expect(new ByteReader(Buffer.from([0x8f, 200])).vlong()).toBe(200n);
  expect(new ByteReader(Buffer.from([0x86, 0x01, 0x2b])).vlong()).toBe(-300n);
  expect(new ByteReader(Buffer.from([0xd9, 0x04])).zigzag()).toBe(-301n);
});

test('codecs are found by the end of a name, and snappy’s blocks unpacked', async () => {
  expect(codecOfName('/x/plain.txt')).toBeUndefined();
  const shown = (name: string, bytes: Buffer): Promise<string> =>
    textOfAll(codecOfName(name)?.stream(inChunks(bytes, 5)) ?? inChunks(bytes, 5));
  expect(await shown('a.GZ', gzipSync('packed'))).toBe('packed');
  expect(await shown('a.deflate', deflateSync('packed'))).toBe('packed');
  // `abcabcabc`: a literal of three bytes, and a copy of six from three before.
  const raw = Buffer.from([9, 2 << 2, 0x61, 0x62, 0x63, ((6 - 4) << 2) | 1, 3]);
  expect(unpackSnappy(raw).toString()).toBe('abcabcabc');
  expect(await shown('a.snappy', Buffer.concat([int(9), int(raw.length), raw]))).toBe('abcabcabc');
  expect(() => unpackSnappy(Buffer.from([9, ((6 - 4) << 2) | 1, 3]))).toThrow('outside');
  // The same as a literal of three bytes and a copy of five, and a last literal, as LZ4 has them.
  const lz4 = Buffer.from([(3 << 4) | 1, 0x61, 0x62, 0x63, 3, 0, 1 << 4, 0x63]);
  expect(unpackLz4(lz4, 9).toString()).toBe('abcabcabc');
  expect(await shown('a.lz4', Buffer.concat([int(9), int(lz4.length), lz4]))).toBe('abcabcabc');
  expect(() => unpackLz4(lz4, 8)).toThrow('too long');
  expect(() => unpackLz4(Buffer.from([(1 << 4) | 1, 0x61, 3, 0]), 9)).toThrow('outside');
});

const BZIP2 = {
  text: 'QlpoOTFBWSZTWUw1Za8AACRBAYAQOAAAgAAIIAAwwAKVDJm24OUrOgaVcPi7kinChIJhqy14',
  empty: 'QlpoORdyRThQkAAAAAA=',
};

test('bzip2 is unpacked stream after stream, and a changed bit is noticed', async () => {
  const [text, empty] = [Buffer.from(BZIP2.text, 'base64'), Buffer.from(BZIP2.empty, 'base64')];
  const expected = `${'abcabcabc'.repeat(20)}${'a'.repeat(1000)}\n`;
  const shown = (bytes: Buffer): Promise<string> =>
    textOfAll(codecOfName('a.bz2')?.stream(inChunks(bytes, 5)) ?? inChunks(bytes, 5));
  expect(await shown(text)).toBe(expected);
  expect(await shown(empty)).toBe('');
  expect(await shown(Buffer.concat([text, empty, text]))).toBe(expected + expected);
  expect((await codecOfClass(`${IO}compress.BZip2Codec`).whole(text)).toString()).toBe(expected);
  await expect(shown(text.subarray(0, -3))).rejects.toThrow('ends early');
  await expect(shown(Buffer.from('no bzip2 at all'))).rejects.toThrow('not BZip2');
  // Whatever is changed, it is said, and in bounded time.
  for (let at = 4; at < text.length - 1; at++) {
    const changed = Buffer.from(text);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    await expect(shown(changed), `byte ${at}`).rejects.toThrow(HdfsError);
  }
});

test('Zstandard is left to Node, frame by frame, and refused with the way out where Node has none', async () => {
  // A frame of one block that is not packed: magic, no checksum and one size, the block's head, the block.
  const frame = (text: string): Buffer => {
    const head = Buffer.alloc(3);
    head.writeUIntLE((text.length << 3) | 1, 0, 3);
    return Buffer.concat([Buffer.from('28b52ffd20', 'hex'), Buffer.of(text.length), head, Buffer.from(text)]);
  };
  const skipped = Buffer.concat([Buffer.from('5a2a4d1803000000', 'hex'), Buffer.from('xyz')]);
  const packed = Buffer.concat([frame('first'), skipped, frame(' and second')]);
  const seen: string[] = [];
  for await (const chunk of zstandardFrames(inChunks(packed, 7))) seen.push(String(chunk));
  expect(seen.filter((_, index) => index % 2 === 1)).toEqual([')\0\0first', 'Y\0\0 and second']);
  const codec = zstandard({
    createZstdDecompress: () => new PassThrough(),
    zstdDecompressSync: (bytes) => ({ buffer: bytes.subarray(0, 4), engine: { bytesWritten: 5 } }),
  });
  expect(String(await codec.whole(Buffer.from('abcd.efgh.')))).toBe('abcdefgh');
  await expect(textOfAll(codec.stream(inChunks(Buffer.from('no frame'), 3)))).rejects.toThrow('not Zstandard');
  expect(() => zstandard({})).toThrow('Node 22.15');
});

test('what Zstandard’s frames hold comes out whole, where Node has them', async () => {
  const { zstdCompressSync: pack } = zlib as { readonly zstdCompressSync?: (raw: Buffer) => Buffer };
  const packer = packerOfClass(`${PACKAGE}ZStandardCodec`);
  expect(packer === undefined).toBe(pack === undefined);
  if (packer === undefined) return;
  const parts = [Buffer.alloc(300_000, 'a'), Buffer.from('second'), Buffer.alloc(0), Buffer.from('last')];
  const packed = Buffer.concat(parts.map(packer));
  const raw = Buffer.concat(parts);
  expect(raw.equals(await zstandard().whole(packed))).toBe(true);
  expect(await textOfAll(zstandard().stream(inChunks(packed, 1000)))).toBe(String(raw));
});

test('a map is shown as Java shows it', async () => {
  const entry = (key: number, keyBytes: Buffer, value: number, valueBytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([key]), keyBytes, Buffer.from([value]), valueBytes]);
  const [TEXT, INT, OTHER] = [-116, -123, 1];
  const name = Buffer.from(`${IO}ShortWritable`);
  const map = Buffer.concat([
    Buffer.of(1, OTHER, 0, name.length),
    name,
    int(3),
    entry(TEXT, text('b'), INT, int(7)),
    entry(INT, int(5), OTHER, Buffer.of(1, 0)),
    entry(TEXT, text('a'), TEXT, text('x')),
  ]);
  const show = (kind: string, bytes: Buffer): string => writableOf(`${IO}${kind}`)(new ByteReader(bytes));
  expect(show('MapWritable', map)).toBe('{a=x, b=7, 5=256}');
  expect(show('SortedMapWritable', map)).toBe('{b=7, 5=256, a=x}');
  expect(show('MapWritable', Buffer.of(0, 0, 0, 0, 0))).toBe('{}');
  expect(() => show('MapWritable', Buffer.concat([Buffer.of(0), int(1), entry(99, int(1), INT, int(1))]))).toThrow('class 99');
});
