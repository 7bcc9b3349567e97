// If this fails, a daemon takes a directory of another cluster for its own, or Apache does not know ours again.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkCount, firstBadChunk, writeChunkSums } from '../../base/crc.ts';
import { ProtocolError } from '../../base/errors.ts';
import { blockId, genStamp } from '../../base/ids.ts';
import {
  allBlockDirectories,
  blockDirectory,
  blockFileName,
  ChecksumType,
  decodeMetaHeader,
  encodeMetaHeader,
  metaFileName,
  parseBlockFileName,
} from './block-files.ts';
import { digestOf, formatDigest, parseDigest } from './digest.ts';
import {
  editsInProgressName,
  editsName,
  formatSeenTxid,
  imageName,
  isHalfWritten,
  parseSeenTxid,
  parseStorageFileName,
} from './names.ts';
import { formatProperties, javaDate, parseProperties } from './properties.ts';
import {
  formatBlockPoolVersion,
  formatDataNodeVersion,
  formatNameNodeVersion,
  parseBlockPoolVersion,
  parseDataNodeVersion,
  parseNameNodeVersion,
} from './version.ts';

const golden = (name: string): Buffer => readFileSync(new URL(`../../../test/golden/formats/storage/${name}`, import.meta.url));

describe('VERSION', () => {
  const dateOf = (content: Buffer): number => Date.parse(content.toString('utf8').slice(1, content.indexOf('\n')));

  test('of a NameNode, a DataNode and a block pool are written as Apache wrote them', () => {
    const nameNode = golden('VERSION-namenode');
    expect(formatNameNodeVersion(parseNameNodeVersion(nameNode), dateOf(nameNode))).toBe(nameNode.toString());
    const dataNode = golden('VERSION-datanode');
    expect(formatDataNodeVersion(parseDataNodeVersion(dataNode), dateOf(dataNode))).toBe(dataNode.toString());
    const blockPool = golden('VERSION-blockpool');
    expect(formatBlockPoolVersion(parseBlockPoolVersion(blockPool), dateOf(blockPool))).toBe(blockPool.toString());
  });

  test('of another kind, or without a field, is refused with the reason', () => {
    expect(() => parseNameNodeVersion(golden('VERSION-datanode'))).toThrow(/storageType=DATA_NODE where NAME_NODE/);
    const without = golden('VERSION-namenode')
      .toString()
      .replace(/clusterID.*\n/, '');
    expect(() => parseNameNodeVersion(Buffer.from(without))).toThrow('VERSION has no clusterID');
    const wrong = golden('VERSION-namenode').toString().replace('-67', 'x');
    expect(() => parseNameNodeVersion(Buffer.from(wrong))).toThrow(/layoutVersion=x/);
  });

  test('mutated in any way gives values or a ProtocolError', () => {
    const bytes = golden('VERSION-namenode');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }), (at, replacement) => {
        const mutated = Buffer.concat([bytes.subarray(0, at), replacement, bytes.subarray(at + replacement.length)]);
        try {
          parseNameNodeVersion(mutated);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('properties', () => {
  test('are read as Java reads them', () => {
    const text = '#c\n! c\n  a = 1\nb:2\nc 3\n d\\ e\\=f = g\\\n   h\\tü\\u0041\nempty\n\n';
    expect([...parseProperties(Buffer.from(text, 'latin1'))]).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d e=f', 'gh\tüA'],
      ['empty', ''],
    ]);
    expect(() => parseProperties(Buffer.from('a=\\u12'))).toThrow(ProtocolError);
  });

  test('come back as they were written', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 8 }), (values) => {
        const entries = Object.entries(values);
        expect([...parseProperties(Buffer.from(formatProperties('c', entries)))]).toEqual(entries);
      }),
    );
  });

  test('carry the date as Java prints it', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e13, max: 1e14 }), (ms) => {
        const [day, date, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
        expect(javaDate(ms)).toBe(`${day} ${month} ${date} ${time} UTC ${year}`);
      }),
    );
  });
});

describe('names in a NameNode directory', () => {
  test('are made and parsed', () => {
    expect(imageName(157)).toBe('fsimage_0000000000000000157');
    expect(parseStorageFileName(imageName(157))).toEqual({ kind: 'image', txid: 157 });
    expect(parseStorageFileName(editsName(1, 157))).toEqual({ kind: 'edits', firstTxid: 1, lastTxid: 157 });
    expect(parseStorageFileName(editsInProgressName(3))).toEqual({ kind: 'edits-in-progress', firstTxid: 3 });
    expect(parseStorageFileName(`${editsInProgressName(3)}.empty`)).toEqual({
      kind: 'edits-aside',
      firstTxid: 3,
      marker: '.empty',
    });
    expect(parseStorageFileName(`${editsName(3, 5)}.corrupt`)).toEqual({
      kind: 'edits-aside',
      firstTxid: 3,
      marker: '.corrupt',
    });
    expect(parseStorageFileName('VERSION')).toEqual({ kind: 'version' });
    for (const name of [editsName(3, 5), `${imageName(157)}.md5`, 'seen_txid', 'VERSION']) {
      expect(isHalfWritten(`${name}.tmp`)).toBe(true);
      expect(isHalfWritten(name)).toBe(false);
    }
    expect(isHalfWritten('notes.tmp')).toBe(false);
    for (const name of ['fsimage_', 'fsimage_1x', 'edits_5-4', 'edits_9999999999999999999-9999999999999999999', 'x']) {
      expect(parseStorageFileName(name)).toBeUndefined();
    }
  });

  test('seen_txid is read as written, and nothing else is', () => {
    expect(formatSeenTxid(parseSeenTxid(golden('seen_txid').toString()) ?? -1)).toBe(golden('seen_txid').toString());
    for (const content of ['', 'x', '-1', '1 2', '9999999999999999999']) expect(parseSeenTxid(content)).toBeUndefined();
  });

  test('the digest of an image is that of md5sum', async () => {
    const stored = parseDigest(golden('fsimage.md5'));
    expect(formatDigest(stored)).toBe(golden('fsimage.md5').toString());
    const image = readFileSync(new URL('../../../test/golden/formats/fsimage-unbuilt', import.meta.url));
    const file = {
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) =>
        image.copy(buffer, offset, position, position + Math.min(length, 1000)),
    };
    expect(await digestOf(file, image.length)).toBe(stored.md5);
    await expect(digestOf(file, image.length + 1)).rejects.toThrow(ProtocolError);
    expect(() => parseDigest(Buffer.from('nothing'))).toThrow(ProtocolError);
  });
});

describe('block files', () => {
  test('the header of a meta file is read as written', () => {
    const meta = golden('blk_1073741837_1015.meta');
    const header = decodeMetaHeader(meta);
    expect(header).toEqual({ type: ChecksumType.CRC32C, bytesPerChecksum: 512 });
    expect(encodeMetaHeader(header).equals(meta.subarray(0, 7))).toBe(true);
    for (const bytes of ['', '00010200', '00020200000200', '00010300000200', '00010200000000', '000102ffffffff']) {
      expect(() => decodeMetaHeader(Buffer.from(bytes, 'hex'))).toThrow(ProtocolError);
    }
  });

  test('a meta file that was changed anywhere says so, or no longer fits its block', () => {
    const data = Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 37) & 255));
    const meta = Buffer.alloc(7 + 4 * chunkCount(data.length, 512));
    encodeMetaHeader({ type: ChecksumType.CRC32C, bytesPerChecksum: 512 }).copy(meta);
    writeChunkSums('CRC32C', data, 512, meta, 7);
    const replaced = fc.record({ at: fc.nat(meta.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(replaced, { minLength: 1, maxLength: 3 }), fc.nat(meta.length), (changes, cut) => {
        const changed = Buffer.from(meta);
        for (const { at, value } of changes) changed[at] = value;
        const short = cut % 4 === 0 ? changed.subarray(0, cut) : changed;
        if (short.equals(meta)) return;
        let header: ReturnType<typeof decodeMetaHeader>;
        try {
          header = decodeMetaHeader(short);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
          return;
        }
        // What can be read as a header describes sums that are too few, or that do not fit the data.
        const sums = short.subarray(7);
        const wanted = 4 * chunkCount(data.length, header.bytesPerChecksum);
        const isNull = header.type === ChecksumType.NULL;
        const fits =
          !isNull &&
          sums.length === wanted &&
          firstBadChunk(header.type === ChecksumType.CRC32 ? 'CRC32' : 'CRC32C', data, sums, header.bytesPerChecksum) < 0;
        expect(fits).toBe(false);
      }),
      { numRuns: 10_000 },
    );
  });

  test('names are made and parsed, negative ids too', () => {
    for (const id of [1073741825n, -9223372036854775792n]) {
      expect(parseBlockFileName(blockFileName(blockId(id)))).toEqual({ kind: 'block', id });
      expect(parseBlockFileName(metaFileName(blockId(id), genStamp(1001)))).toEqual({ kind: 'meta', id, genStamp: 1001 });
    }
    for (const name of ['blk_', 'blk_1.meta', 'blk_99999999999999999999', 'blk_9223372036854775808', 'VERSION']) {
      expect(parseBlockFileName(name)).toBeUndefined();
    }
  });

  test('lie where Apache looks for them', () => {
    expect(blockDirectory(blockId(1073741837n))).toBe('subdir0/subdir0');
    expect(blockDirectory(blockId(2n ** 30n + 256n * 33n + 65536n * 35n))).toBe('subdir3/subdir1');
    expect(blockDirectory(blockId(-1n))).toBe('subdir31/subdir31');
    expect(new Set(allBlockDirectories()).size).toBe(1024);
  });
});
