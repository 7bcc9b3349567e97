// If this fails, a namespace is lost or changed between two starts, an image of Apache cannot be served, or a damaged
// image is served as if it were whole.
import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { HdfsError, ProtocolError } from '../../base/errors.ts';
import { blockId, genStamp, inodeId } from '../../base/ids.ts';
import { BlockMap, BlockState } from '../../core/blocks/block-map.ts';
import { type InodeHandle, Inodes, InodeType } from '../../core/namespace/inodes.ts';
import { FileSummary } from '../../wire/messages/fsimage.ts';
import { checkPackedSection, imageCodec, SectionTooLongError } from './compression.ts';
import { loadImage } from './loader.ts';
import { saveImage } from './saver.ts';
import { encodeSummary, IMAGE_MAGIC, type RandomAccess, readSummary } from './sections.ts';
import { type ImageCounters, newImageCounters } from './state.ts';

const golden = (name: string): Buffer => readFileSync(new URL(`../../../test/golden/formats/${name}`, import.meta.url));

function memoryFile(bytes: Buffer): RandomAccess {
  return { read: async (buffer, offset, length, position) => bytes.copy(buffer, offset, position, position + length) };
}

async function load(bytes: Buffer) {
  const inodes = new Inodes();
  const blocks = new BlockMap();
  const open: string[] = [];
  const onUnderConstruction = (_inode: InodeHandle, clientName: string): void => {
    open.push(clientName);
  };
  const image = await loadImage(memoryFile(bytes), bytes.length, 'image', { inodes, blocks, onUnderConstruction });
  return { ...image, inodes, blocks, open };
}

function save(...content: Parameters<typeof saveImage>) {
  const parts: Buffer[] = [];
  const [{ inodes }] = content;
  const looks = vi.spyOn(inodes, 'isReachable');
  /** The most inodes that one step looked at. */
  let mostLooks = 0;
  const saving = saveImage(...content);
  for (let step = saving.next(); ; step = saving.next()) {
    mostLooks = Math.max(mostLooks, looks.mock.calls.length);
    looks.mockClear();
    if (!step.done) {
      parts.push(Buffer.from(step.value));
      continue;
    }
    looks.mockRestore();
    return { ...step.value, bytes: Buffer.concat(parts), steps: parts.length, mostLooks };
  }
}

/** Everything that an image says of the inode at a path. */
function describeInode({ inodes, blocks }: { inodes: Inodes; blocks: BlockMap }, path: string) {
  let inode = inodes.root;
  for (const name of path.split('/').filter((part) => part !== '')) inode = inodes.child(inode, Buffer.from(name));
  expect(inode, path).not.toBe(0);
  const list = Array.from({ length: inodes.blockCount(inode) }, (_, index) => inodes.blockAt(inode, index));
  return {
    owner: `${inodes.user(inode)}:${inodes.group(inode)}:${inodes.mode(inode).toString(8)}`,
    replication: inodes.type(inode) === InodeType.FILE ? inodes.replication(inode) : undefined,
    mtime: inodes.mtime(inode),
    blocks: list.map((block) => ({ numBytes: blocks.numBytes(block), state: blocks.state(block) })),
    policy: inodes.storagePolicy(inode),
    acl: inodes.acl(inode)?.length,
    xattrs: inodes
      .xattrs(inode)
      ?.map(({ namespace, name, value }) => [namespace, name, Buffer.from(value ?? []).toString('hex')]),
    quota: inodes.quota(inode),
    writer: inodes.underConstruction(inode)?.clientMachine,
  };
}

describe('images of Apache', () => {
  test('a new one is saved byte for byte', async () => {
    const bytes = golden('fsimage-fresh');
    const image = await load(bytes);
    expect(save({ ...image, counters: image.counters }).bytes.equals(bytes)).toBe(true);
    // And so is ours of a new file system.
    const fresh = new Inodes({ user: 'root', group: 'supergroup', mode: 0o755 });
    const ours = save({
      inodes: fresh,
      blocks: new BlockMap(),
      counters: newImageCounters(image.counters.namespaceId),
      carried: [],
    });
    expect(ours.bytes.equals(bytes)).toBe(true);
  });

  test('one with every kind of inode is understood', async () => {
    const image = await load(golden('fsimage-core'));
    expect(image.counters).toMatchObject({ genStamp: 1024, lastBlockId: 1073741845n, txid: 155, lastInodeId: 16412 });
    expect(image.inodes.size).toBe(24);
    expect(image.open).toHaveLength(2);
    expect(describeInode(image, '/a/one')).toMatchObject({
      owner: 'alice:users:640',
      replication: 3,
      policy: 10,
      xattrs: [
        [1, 'näme', ''],
        [0, 'k1', '7632'],
      ],
      blocks: [{ numBytes: 10, state: BlockState.COMPLETE }],
    });
    expect(describeInode(image, '/a/b')).toMatchObject({
      policy: 2,
      xattrs: undefined,
      acl: 9,
      quota: {
        namespace: 77,
        space: -1,
        byType: new Map([
          [2, 5 * 2 ** 30],
          [1, 6 * 2 ** 30],
        ]),
      },
    });
    expect(describeInode(image, '/a/open')).toMatchObject({
      blocks: [{ state: BlockState.COMPLETE }, { state: BlockState.UNDER_CONSTRUCTION }],
      writer: expect.any(String),
    });
    expect(describeInode(image, '/')).toMatchObject({ quota: undefined, xattrs: [[0, 'root', '72']] });
    expect(describeInode(image, '/user/größe/日本語/😀smile').owner).toBe('root:supergroup:755');
  });

  test('come back the same after being saved and loaded', async () => {
    const first = await load(golden('fsimage-core'));
    const saved = save({ ...first, inodes: first.inodes.freeze(), blocks: first.blocks.freeze() });
    const second = await load(saved.bytes);
    expect(second.counters).toEqual(first.counters);
    expect(save({ ...second }).bytes.equals(saved.bytes)).toBe(true);
    expect(saved.size).toBe(saved.bytes.length);
  });

  test('a compressed one is unpacked, and tokens are carried along and told', async () => {
    const image = await load(golden('fsimage-tokens-compressed'));
    expect(image.notServed).toEqual(['1 delegation tokens', '2 keys of delegation tokens']);
    const again = await load(save(image).bytes);
    expect(again.carried).toEqual(image.carried);
    expect(again.notServed).toEqual(image.notServed);
  });

  test('one with snapshots stops by that name', async () => {
    await expect(load(golden('fsimage-unbuilt'))).rejects.toThrow(HdfsError);
    await expect(load(golden('fsimage-unbuilt'))).rejects.toThrow(/snapshots/);
  });
});

/** Takes an image apart and puts it together again with other sections. */
async function rebuild(
  bytes: Buffer,
  change: (name: string, content: Buffer) => readonly Buffer[] | undefined,
  codec?: string,
): Promise<Buffer> {
  const summary = await readSummary(memoryFile(bytes), bytes.length);
  const parts: Buffer[] = [IMAGE_MAGIC];
  let position = IMAGE_MAGIC.length;
  const sections = [];
  for (const { name, offset, length } of summary.sections) {
    const contents = change(name, bytes.subarray(offset, offset + length));
    if (contents === undefined) continue;
    const whole = Buffer.concat(contents);
    sections.push({ name, offset: position, length: whole.length });
    position += whole.length;
    parts.push(whole);
  }
  return Buffer.concat([...parts, encodeSummary({ layoutVersion: summary.layoutVersion, codec, sections })]);
}

describe('other images', () => {
  const half = (bytes: Buffer): readonly Buffer[] => [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];

  test.each([
    ['DefaultCodec', deflateSync],
    ['GzipCodec', gzipSync],
  ] as const)('packed with %s, also in sub-sections', async (codec, pack) => {
    const plain = golden('fsimage-core');
    const packed = await rebuild(
      plain,
      (_, content) => half(content).map((part) => pack(part)),
      `org.apache.hadoop.io.compress.${codec}`,
    );
    expect(save(await load(packed)).bytes.equals(save(await load(plain)).bytes)).toBe(true);
  });

  test.each(['DefaultCodec', 'DeflateCodec', 'GzipCodec', 'Lz4Codec', 'SnappyCodec'] as const)(
    'that we pack with %s are what they would be unpacked',
    async (codec) => {
      const loaded = await load(golden('fsimage-core'));
      const content = { ...loaded, counters: { ...loaded.counters, lastInodeId: 32_000 } };
      for (let id = 20_000; id < 32_000; id++) {
        const name = Buffer.from(`f${id}`);
        const child = { id: inodeId(id), type: InodeType.FILE, name, user: 'u', group: 'g', mode: 0o644, mtime: id, atime: id };
        content.inodes.attach(content.inodes.root, content.inodes.create(child));
      }
      const plain = save(content);
      const packed = save(content, imageCodec(`org.apache.hadoop.io.compress.${codec}`));
      expect(packed.size).toBeLessThan(plain.size / 2);
      const again = await load(packed.bytes);
      expect(save({ ...again }).md5).toBe(plain.md5);
    },
  );

  test('that are too long to be unpacked again are not packed', () => {
    expect(() => checkPackedSection('INODE', 5, 2 ** 31)).not.toThrow();
    expect(() => checkPackedSection('INODE', 5, 2 ** 31 + 1)).toThrow(SectionTooLongError);
    expect(() => checkPackedSection('INODE', 2 ** 29 + 1, 2 ** 30)).toThrow(SectionTooLongError);
  });

  test('packed with a codec that is not built in are refused by its name', async () => {
    const codec = 'org.apache.hadoop.io.compress.PassthroughCodec';
    const packed = await rebuild(golden('fsimage-core'), (_, content) => [content], codec);
    await expect(load(packed)).rejects.toThrow(/PassthroughCodec/);
    expect(imageCodec(codec)).toBeUndefined();
  });

  test('packed with bzip2 by Apache’s NameNode are read, and not written', async () => {
    const image = await load(golden('fsimage-bzip2'));
    expect(image.counters.lastInodeId).toBe(16_385);
    expect(imageCodec('org.apache.hadoop.io.compress.BZip2Codec')).toBeUndefined();
  });

  test('with a section that nobody knows keep it', async () => {
    const renamed = await rebuild(golden('fsimage-fresh'), (_, content) => [content]);
    const strange = Buffer.from(renamed);
    strange.write('CACHE_MANAGEX', strange.indexOf('CACHE_MANAGER'), 'latin1');
    const image = await load(strange);
    expect(image.notServed).toEqual(['section CACHE_MANAGEX']);
    expect((await load(save(image).bytes)).carried.map(({ name }) => name)).toContain('CACHE_MANAGEX');
  });

  test.each(['NS_INFO', 'STRING_TABLE', 'INODE', 'INODE_DIR'])('without section %s are refused', async (missing) => {
    const cut = await rebuild(golden('fsimage-core'), (name, content) => (name === missing ? undefined : [content]));
    await expect(load(cut)).rejects.toThrow(new RegExp(`section ${missing} is missing`));
  });

  test('whose child lists are lost are refused: nothing is dropped', async () => {
    const cut = await rebuild(golden('fsimage-core'), (name, content) => (name === 'INODE_DIR' ? [] : [content]));
    await expect(load(cut)).rejects.toThrow(/23 of 24 inodes are in no directory/);
  });

  test('with a directory below itself are refused', async () => {
    const inodes = new Inodes({ user: 'u', group: 'g' });
    const make = (id: number, name: string): InodeHandle =>
      inodes.create({
        id: inodeId(id),
        type: InodeType.DIRECTORY,
        name: Buffer.from(name),
        user: 'u',
        group: 'g',
        mode: 0o755,
        mtime: 0,
        atime: 0,
      });
    inodes.attach(inodes.root, make(16386, 'a'));
    inodes.attach(inodes.find(inodeId(16386)), make(16387, 'b'));
    const { bytes } = save({
      inodes,
      blocks: new BlockMap(),
      counters: { ...newImageCounters(1), lastInodeId: inodeId(16387) },
      carried: [],
    });
    // The root's list becomes one of directory b: b holds a, and a holds b.
    const cycle = await rebuild(bytes, (name, content) => {
      if (name !== 'INODE_DIR') return [content];
      const changed = Buffer.from(content);
      changed.set([0x83, 0x80, 0x01], 2);
      return [changed];
    });
    await expect(load(cycle)).rejects.toThrow(/lies below itself/);
  });
});

describe('a large directory', () => {
  test('is saved in slices, as one list in the order of names', async () => {
    const inodes = new Inodes({ user: 'u', group: 'g' });
    const blocks = new BlockMap();
    const count = 12_345;
    for (let i = 0; i < count; i++) {
      const name = Buffer.from(`file-${(i * 7919) % count}`);
      const file = inodes.create({
        id: inodeId(17_000 + i),
        type: InodeType.FILE,
        name,
        user: 'u',
        group: 'g',
        mode: 0o644,
        mtime: i,
        atime: i,
      });
      inodes.setReplication(file, 3);
      inodes.setPreferredBlockSize(file, 2 ** 27);
      inodes.setBlocks(file, [blocks.add(blockId(BigInt(2 ** 30 + i)), genStamp(1001 + i), i, file, BlockState.COMPLETE)]);
      inodes.attach(inodes.root, file);
    }
    const counters: ImageCounters = { ...newImageCounters(7), lastInodeId: 17_000 + count, txid: 9 };
    const saved = save({ inodes, blocks, counters, carried: [] });
    expect(saved.steps).toBeGreaterThan(count / 250);
    expect(saved.mostLooks).toBeLessThanOrEqual(250);
    const again = await load(saved.bytes);
    expect(again.inodes.size).toBe(count + 1);
    expect(save(again).bytes.equals(saved.bytes)).toBe(true);
  });
});

describe('damage', () => {
  test('is told with the name of the file, the section and the offset', async () => {
    const bytes = golden('fsimage-core');
    const { sections } = await readSummary(memoryFile(bytes), bytes.length);
    const inode = sections.find(({ name }) => name === 'INODE');
    const damaged = Buffer.from(bytes);
    damaged.fill(0x7f, (inode?.offset ?? 0) + 40, (inode?.offset ?? 0) + 60);
    await expect(load(damaged)).rejects.toThrow(/^image: section INODE, offset \d+: /);
  });

  test('of the summary is a clear error', async () => {
    const bytes = golden('fsimage-fresh');
    await expect(load(bytes.subarray(0, 7))).rejects.toThrow(ProtocolError);
    await expect(load(Buffer.concat([Buffer.from('PK'), bytes]))).rejects.toThrow(/HDFSIMG1/);
    const long = Buffer.from(bytes);
    long.writeInt32BE(0x7fffffff, long.length - 4);
    await expect(load(long)).rejects.toThrow(/summary of 2147483647 bytes/);
    const lie = FileSummary.encodeDelimited({
      ondiskVersion: 1,
      layoutVersion: -67 >>> 0,
      sections: [{ name: 'INODE', offset: 8, length: 2 ** 50 }],
    });
    const trailer = Buffer.alloc(4);
    trailer.writeInt32BE(lie.length);
    await expect(load(Buffer.concat([IMAGE_MAGIC, lie, trailer]))).rejects.toThrow(/do not fit into the file/);
  });

  test.each(['fsimage-core', 'fsimage-unbuilt', 'fsimage-tokens-compressed'])(
    'anywhere in %s ends in a stated error or in an image that can be saved',
    async (name) => {
      const bytes = golden(name);
      const mutation = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
          const mutated = Buffer.from(bytes);
          for (const { at, value } of mutations) mutated[at] = value;
          const image = await load(mutated).catch((error: unknown) => {
            if (error instanceof ProtocolError || error instanceof HdfsError) return undefined;
            throw error;
          });
          if (image === undefined) return;
          const { bytes: saved } = save(image);
          expect(save(await load(saved)).bytes.equals(saved)).toBe(true);
        }),
        { numRuns: 4_000 },
      );
    },
  );
});
