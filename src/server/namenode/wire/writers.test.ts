// If this failed, clients would be shown wrong owners, sizes or places of blocks, since the hand-made encoders of the
// answers that are sent most would differ from the protocol's.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockId, genStamp, inodeId } from '../../../base/ids.ts';
import { type BlockHandle, BlockMap, BlockState } from '../../../core/blocks/block-map.ts';
import { Datanode, Storage } from '../../../core/blocks/datanode.ts';
import { StorageState } from '../../../core/blocks/storage-type.ts';
import { fileLength } from '../../../core/namespace/file-length.ts';
import { Inodes, InodeType } from '../../../core/namespace/inodes.ts';
import { Namespace } from '../../../core/namespace/namespace.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import { listing } from '../../../core/namespace/queries/listing.ts';
import { lookUp } from '../../../core/namespace/resolve.ts';
import {
  GetBlockLocationsResponseProto,
  GetFileInfoResponseProto,
  GetListingResponseProto,
} from '../../../wire/messages/client-namenode.ts';
import { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { locatedBlockProto } from './datanodes.ts';
import { FileStatusWriter } from './file-status-writer.ts';
import { fileStatusProto } from './files.ts';
import { LocatedBlocksWriter } from './located-blocks-writer.ts';

const whole = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const time = fc.oneof(whole, fc.integer({ min: 2 ** 37, max: 2 ** 43 }));
const text = fc.oneof(fc.constantFrom('', 'root', 'supergroup'), fc.string({ unit: 'grapheme', maxLength: 80 }));
const bytes = fc.uint8Array({ maxLength: 300 });

const status: fc.Arbitrary<FileStatus> = fc.record({
  type: fc.constantFrom(InodeType.FILE, InodeType.DIRECTORY, InodeType.SYMLINK),
  name: bytes,
  length: whole,
  mode: fc.nat(0o1777),
  owner: text,
  group: text,
  mtime: time,
  atime: time,
  symlink: fc.option(bytes, { nil: undefined }),
  replication: fc.nat(512),
  blockSize: whole,
  fileId: whole.map(inodeId),
  childrenNum: fc.nat(),
  storagePolicy: fc.nat(15),
  flags: fc.nat(15),
  inode: fc.constant(0),
});

const written = (write: (writer: ProtoWriter) => void): string => {
  const writer = new ProtoWriter(16);
  write(writer);
  return writer.toBuffer().toString('hex');
};

describe('a status written by hand', () => {
  it('is what the generated encoder writes, alone and in a listing', () => {
    fc.assert(
      fc.property(fc.array(status, { minLength: 1, maxLength: 5 }), fc.nat(), fc.nat(200), (entries, left, expected) => {
        const writer = new FileStatusWriter(new Inodes(), () => 0);
        for (const entry of entries) {
          const plain = GetFileInfoResponseProto.encode({ fs: fileStatusProto(entry) }).toString('hex');
          expect(written((to) => writer.answer(to, entry))).toBe(plain);
        }
        const listing = {
          path: lookUp(new Inodes(), [new Uint8Array(0)]),
          isDirectory: true,
          entries: expected,
          walk: (visit: (entry: FileStatus) => boolean) => {
            for (const entry of entries) if (!visit(entry)) break;
            return left;
          },
        };
        const all = { locationsOf: () => undefined, more: () => true };
        const dirList = { partialListing: entries.map((entry) => fileStatusProto(entry)), remainingEntries: left };
        expect(written((to) => writer.listingAnswer(to, listing, all))).toBe(
          GetListingResponseProto.encode({ dirList }).toString('hex'),
        );
      }),
    );
  });

  it('takes the names of a listing from the inode table', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), status, (name, entry) => {
        const inodes = new Inodes();
        const type = InodeType.FILE;
        const inode = inodes.create({ id: inodeId(17_000), type, name, user: 'u', group: 'g', mode: 0, mtime: 0, atime: 0 });
        inodes.attach(inodes.root, inode);
        const named = { ...entry, inode };
        const listing = {
          path: lookUp(inodes, [new Uint8Array(0)]),
          isDirectory: true,
          entries: 1,
          walk: (visit: (entry: FileStatus) => boolean) => (visit(named) ? 0 : 1),
        };
        const dirList = { partialListing: [fileStatusProto({ ...entry, name })], remainingEntries: 0 };
        const all = { locationsOf: () => undefined, more: () => true };
        expect(written((to) => new FileStatusWriter(inodes, () => 0).listingAnswer(to, listing, all))).toBe(
          GetListingResponseProto.encode({ dirList }).toString('hex'),
        );
      }),
    );
  });
});

describe('an entry written from its row', () => {
  const inode = fc.record({
    id: fc.oneof(fc.integer({ min: 20_000, max: 2 ** 22 }), fc.integer({ min: 20_000, max: Number.MAX_SAFE_INTEGER })),
    type: fc.constantFrom(InodeType.FILE, InodeType.FILE, InodeType.DIRECTORY, InodeType.SYMLINK),
    name: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((each) => each.map((byte) => (byte === 0x2f ? 0x30 : byte))),
    user: fc.constantFrom('root', 'alice', 'ödön'),
    group: fc.constantFrom('supergroup', 'staff'),
    mode: fc.constantFrom(0o644, 0o755, 0o1777, 0),
    mtime: time,
    atime: time,
    replication: fc.nat(512),
    blockSize: fc.constantFrom(2 ** 20, 2 ** 27, 2 ** 40),
    blocks: fc.array(fc.nat(2 ** 40), { maxLength: 3 }),
    policy: fc.nat(15),
    hasAcl: fc.boolean(),
  });

  it('is what is written of its status', () => {
    const key = ({ name }: { readonly name: Uint8Array }): string => Buffer.from(name).toString('hex');
    const some = fc.uniqueArray(inode, { selector: key, minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(some, fc.nat(15), (wanted, inherited) => {
        const ns = new Namespace({ superuser: 'root' });
        const { inodes, blocks } = ns;
        inodes.setStoragePolicy(inodes.root, inherited);
        let nextBlock = 2n ** 30n;
        const ids = new Set<number>();
        for (const each of wanted) {
          if (ids.has(each.id)) continue;
          ids.add(each.id);
          const made = inodes.create({ ...each, id: inodeId(each.id) });
          inodes.attach(inodes.root, made);
          if (each.type === InodeType.FILE) {
            inodes.setReplication(made, each.replication);
            inodes.setPreferredBlockSize(made, each.blockSize);
            const list = each.blocks.map((size) =>
              blocks.add(blockId(nextBlock++), genStamp(1001), size, made, BlockState.COMPLETE),
            );
            inodes.setBlocks(made, list);
          }
          if (each.type === InodeType.SYMLINK) inodes.setSymlinkTarget(made, '/elsewhere');
          else {
            inodes.setStoragePolicy(made, each.policy);
            if (each.hasAcl) inodes.setAcl(made, [{ type: 0, scope: 0, permission: 7, name: 'bob' }]);
          }
        }
        const caller = { user: 'root', groups: [], superuser: true };
        const found = listing(ns, caller, { path: '/', startAfter: new Uint8Array(0), limit: 1000 });
        const writer = new FileStatusWriter(inodes, (file) => fileLength(ns, file));
        const seen: number[] = [];
        const direct = written((to) => found && writer.listingAnswer(to, found, { seen: (each) => seen.push(each) }));
        expect(direct).toBe(written((to) => found && writer.listingAnswer(to, found, { more: () => true })));
        expect(seen.length).toBe(ids.size);
      }),
    );
  });
});

describe('places of blocks written by hand', () => {
  const id = fc.record({
    ipAddr: fc.ipV4(),
    hostName: text,
    datanodeUuid: fc.uuid(),
    xferPort: fc.nat(65_535),
    infoPort: fc.nat(65_535),
    infoSecurePort: fc.nat(65_535),
    ipcPort: fc.nat(65_535),
  });
  const block = fc.record({
    id: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    stamp: whole,
    bytes: fc.nat(2 ** 40),
    offset: whole,
    corrupt: fc.boolean(),
    replicas: fc.array(fc.nat(3), { maxLength: 4 }),
  });

  it('are what the generated encoder writes, also after a node has changed', () => {
    const ids = fc.array(id, { minLength: 4, maxLength: 4 });
    const blocks = fc.uniqueArray(block, { selector: (each) => each.id, minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(ids, blocks, text, fc.boolean(), fc.boolean(), (nodeIds, wanted, poolId, open, complete) => {
        const map = new BlockMap();
        const nodes = nodeIds.map((each) => new Datanode(each, '/rack', '3.5.0'));
        const storages = nodes.map((node, i) => {
          const identity = { storageId: `DS-${i}-${node.uuid}`, type: 1 as const, state: StorageState.NORMAL };
          return new Storage(i + 1, identity, node, true);
        });
        const known = new Map<BlockHandle, (typeof wanted)[number]>();
        for (const each of wanted) {
          known.set(map.add(blockId(each.id), genStamp(each.stamp), each.bytes, 1, BlockState.COMPLETE), each);
        }
        const ranges = [...known].map(([handle, { offset }]) => ({ block: handle, offset }));
        const placesOf = (handle: BlockHandle) => {
          const { corrupt, replicas } = known.get(handle) ?? { corrupt: false, replicas: [] };
          return { corrupt, storages: replicas.map((at) => storages[at] as Storage) };
        };
        const protoOf = ({ block: handle, offset }: (typeof ranges)[number]) => {
          const { corrupt, storages: places } = placesOf(handle);
          const triple = { id: map.id(handle), genStamp: map.genStamp(handle), numBytes: map.numBytes(handle) };
          return locatedBlockProto(poolId, triple, offset, corrupt, places);
        };
        const last = ranges.at(-1);
        // The last block comes along whether or not it is in the range that was asked for.
        const within = open ? ranges.slice(0, -1) : ranges;
        const file = { fileLength: 7, underConstruction: open, blocks: within, last, isLastComplete: complete };
        const writer = new LocatedBlocksWriter(map);
        const check = (): void => {
          const locations = {
            fileLength: 7,
            blocks: within.map(protoOf),
            underConstruction: open,
            lastBlock: last && protoOf(last),
            isLastBlockComplete: complete,
          };
          expect(written((to) => writer.answer(to, poolId, file, placesOf))).toBe(
            GetBlockLocationsResponseProto.encode({ locations }).toString('hex'),
          );
        };
        check();
        for (const node of nodes) {
          node.capacity += 1000;
          node.touch({ monotonicMs: 5, wallMs: 6 });
        }
        check();
      }),
    );
  });
});
