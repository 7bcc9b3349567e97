// If these fail, a block's replicas are forgotten or invented, two blocks are taken for one, or a checkpoint writes lengths
// and stamps that were never true together.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../base/assert.ts';
import { type BlockId, blockId, genStamp } from '../../base/ids.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { type BlockHandle, BlockMap, type BlockReader, BlockState, type FrozenBlocks } from './block-map.ts';
import { ReplicaBatch } from './replica-batch.ts';
import { ReplicaState } from './storage-type.ts';
import { GROUP_BITS, GROUP_SIZE, PLACE_MASK } from './table/layout.ts';

interface Model {
  readonly handle: BlockHandle;
  readonly id: BlockId;
  stamp: number;
  numBytes: number;
  owner: number;
  state: BlockState;
  replicas: number[];
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const ids = fc.oneof(
  fc.bigInt({ min: 2n ** 30n, max: 2n ** 30n + 300n }),
  fc.bigInt({ min: 0n, max: 40n }).map((group) => MIN + group * 16n),
  fc.constantFrom(
    0n,
    1n,
    -1n,
    MAX,
    MIN,
    2n ** 30n - 1n,
    2n ** 30n + 2n ** 40n,
    2n ** 30n + 2n ** 40n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
  ),
  fc.constantFrom(MIN + 2n ** 40n, MIN + 2n ** 40n - 1n, -(2n ** 62n), -(2n ** 62n) - 1n, -(2n ** 53n) - 1n),
  fc.bigInt({ min: MIN, max: MAX }),
);
const lengths = fc.oneof(fc.nat(2 ** 27), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 48, Number.MAX_SAFE_INTEGER));
const storages = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1023, 1024, 65_535, 65_536, 2 ** 24 - 1));

const describeBlock = (map: BlockReader, block: BlockHandle): string =>
  `${map.id(block)} ${map.genStamp(block)} ${map.numBytes(block)} ${map.state(block)}`;
const describeModel = (model: Model): string => `${model.id} ${model.stamp} ${model.numBytes} ${model.state}`;

const bitsOf = (models: readonly Model[]): number =>
  models.reduce((bits, { handle }) => bits | (1 << (handle & PLACE_MASK)), 0);

/** The block of a replica that is reported so, whether it is what the map has of its block, and whether the storage holds that. */
function compare(map: BlockMap, id: BlockId, stamp: number, numBytes: number, state: ReplicaState, storage: number) {
  const batch = new ReplicaBatch();
  batch.put(0, id, numBytes, stamp, state);
  batch.count = 1;
  map.compare(batch, storage);
  const bit = 1 << batch.place(0);
  const [right, held] = [batch.right[0] as number, batch.held[0] as number];
  expect([0, bit]).toContain(right);
  expect([0, bit]).toContain(held);
  return { block: map.at(batch.groups[0] as number, batch.place(0)), right: right !== 0, held: held !== 0 };
}

/** In whatever order a report names blocks, each is found. */
function compareAll(map: BlockMap, reported: readonly Model[]): void {
  const batch = new ReplicaBatch();
  batch.count = Math.min(reported.length, batch.capacity);
  for (const [i, { id, numBytes, stamp }] of reported.slice(0, batch.count).entries()) {
    batch.put(i, id, numBytes, stamp, ReplicaState.FINALIZED);
  }
  map.compare(batch, 1);
  const found: string[] = [];
  for (let run = 0; run < batch.runs; run++) {
    let bits = 0;
    for (let i = batch.starts[run] as number; i < (batch.starts[run + 1] as number); i++) {
      const bit = 1 << batch.place(i);
      expect(bits & bit).toBe(0);
      bits |= bit;
      const [isRight, isHeld] = [((batch.right[run] as number) & bit) !== 0, ((batch.held[run] as number) & bit) !== 0];
      found.push(`${map.at(batch.groups[run] as number, batch.place(i))} ${isRight} ${isHeld}`);
    }
    expect((batch.right[run] as number) & ~bits).toBe(0);
    expect((batch.held[run] as number) & ~bits).toBe(0);
  }
  expect(found).toEqual(
    reported.slice(0, batch.count).map(({ handle, state, replicas }) => {
      const isRight = state === BlockState.COMPLETE;
      return `${handle} ${isRight} ${isRight && replicas.includes(1)}`;
    }),
  );
}

/** Long enough for every number of a storage. */
const marked = new Uint8Array(2 ** 24);
for (const storage of [1, 3]) marked[storage] = 1;

describe('block map', () => {
  test('does what a map of objects does, in any order, and its frozen views do not move', () => {
    const step = fc.tuple(fc.nat(9), fc.nat(1000), ids, lengths, storages);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const map = new BlockMap();
        const all: Model[] = [];
        const frozen: { view: FrozenBlocks; blocks: Map<BlockHandle, string> }[] = [];
        const thaw = (which: number): void => {
          const [gone] = frozen.splice(which % Math.max(frozen.length, 1), 1);
          if (gone === undefined) return;
          for (const [handle, text] of gone.blocks) expect(describeBlock(gone.view, handle)).toBe(text);
          gone.view.release();
        };
        for (const [what, a, bigId, length, storage] of steps) {
          const id = blockId(bigId);
          const one = all[a % Math.max(all.length, 1)];
          if (what <= 1 || one === undefined) {
            if (all.some((model) => model.id === id)) continue;
            const state = (a % 4) as BlockState;
            const handle = map.add(id, genStamp(length), length, a, state);
            expect(all.some((model) => model.handle === handle)).toBe(false);
            all.push({ handle, id, stamp: length, numBytes: length, owner: a, state, replicas: [] });
          } else if (what === 2) {
            const group = one.handle >>> GROUP_BITS;
            const some = all.filter(({ handle }) => handle >>> GROUP_BITS === group && handle % 3 !== a % 3);
            const bare = some.filter(({ replicas }) => replicas.length === 0);
            expect(map.addFirstReplicas(group, bitsOf(some), storage)).toBe(bitsOf(bare));
            for (const model of bare) model.replicas.push(storage);
          } else if (what <= 4) {
            const fresh = !one.replicas.includes(storage);
            if (fresh) one.replicas.push(storage);
            expect(map.addReplica(one.handle, storage)).toBe(fresh);
          } else if (what === 5) {
            const there = one.replicas.includes(storage);
            one.replicas = one.replicas.filter((other) => other !== storage);
            expect(map.removeReplica(one.handle, storage)).toBe(there);
          } else if (what === 6) {
            one.state = (a % 4) as BlockState;
            one.numBytes = length;
            one.stamp = a;
            one.owner = storage;
            map.setState(one.handle, one.state);
            map.setNumBytes(one.handle, length);
            map.setGenStamp(one.handle, genStamp(a));
            map.setOwner(one.handle, storage);
          } else if (what === 7) {
            all.splice(all.indexOf(one), 1);
            map.remove(one.handle);
          } else if (what === 8 && frozen.length < 3) {
            frozen.push({ view: map.freeze(), blocks: new Map(all.map((model) => [model.handle, describeModel(model)])) });
          } else thaw(a);
        }
        expect(map.size).toBe(all.length);
        for (const model of all) {
          expect(map.find(model.id)).toBe(model.handle);
          expect(describeBlock(map, model.handle)).toBe(describeModel(model));
          expect(map.owner(model.handle)).toBe(model.owner);
          const replicas = Array.from({ length: map.replicaCount(model.handle) }, (_, i) => map.replicaAt(model.handle, i));
          expect(replicas).toEqual(model.replicas);
          const listed: number[] = [];
          expect(map.replicasInto(model.handle, listed)).toBe(model.replicas.length);
          expect(listed.slice(0, model.replicas.length)).toEqual(model.replicas);
          const { handle, id, stamp, numBytes } = model;
          const { FINALIZED, RBW } = ReplicaState;
          const isComplete = model.state === BlockState.COMPLETE;
          for (const storage of [1, 2, 3, 2 ** 24 - 1]) {
            const holds = model.replicas.includes(storage);
            expect(map.hasReplica(handle, storage)).toBe(holds);
            const known = { block: handle, right: isComplete, held: isComplete && holds };
            expect(compare(map, id, stamp, numBytes, FINALIZED, storage)).toEqual(known);
          }
          const other = { block: handle, right: false, held: false };
          expect(compare(map, id, stamp, numBytes, RBW, 1)).toEqual(other);
          expect(compare(map, id, stamp + 1, numBytes, FINALIZED, 1)).toEqual(other);
          expect(compare(map, id, stamp, numBytes + 1, FINALIZED, 1)).toEqual(other);
        }
        compareAll(map, [...all, ...all.slice().reverse()]);
        const owners = new Uint32Array(all.length);
        map.owners(
          Uint32Array.from(all, ({ handle }) => handle),
          all.length,
          owners,
        );
        expect([...owners]).toEqual(all.map(({ owner }) => owner));
        for (const [, , id] of steps) {
          expect(map.find(blockId(id))).toBe(all.find((model) => model.id === id)?.handle ?? 0);
        }
        const scanned: BlockHandle[] = [];
        for (let from = map.scan(0, 7, (block) => scanned.push(block)); from !== 0; ) {
          from = map.scan(from, 7, (block) => scanned.push(block));
        }
        expect(scanned).toEqual(all.map((model) => model.handle).sort((x, y) => x - y));
        const onMarked: BlockHandle[] = [];
        for (let from = 1; from !== 0; ) from = map.scanStorages(from, 40, marked, (block) => onMarked.push(block));
        const expected = all.filter(({ replicas }) => replicas.includes(1) || replicas.includes(3));
        expect(onMarked).toEqual(expected.map((model) => model.handle).sort((x, y) => x - y));
        while (frozen.length > 0) thaw(1);
      }),
      { numRuns: 150 },
    );
  });

  test('a block may have hundreds of replicas and lose them again', () => {
    const map = new BlockMap();
    const block = map.add(blockId(5n), genStamp(1001), 1, 0, BlockState.COMPLETE);
    for (let storage = 1; storage <= 700; storage++) expect(map.addReplica(block, storage)).toBe(true);
    expect(map.replicaCount(block)).toBe(700);
    expect(map.replicaAt(block, 699)).toBe(700);
    for (let storage = 1; storage < 700; storage++) expect(map.removeReplica(block, storage)).toBe(true);
    expect([map.replicaCount(block), map.replicaAt(block, 0)]).toEqual([1, 700]);
    expect(map.removeReplica(block, 699)).toBe(false);
  });

  test('what lay in memory before is no replica of whoever has it now', () => {
    const map = new BlockMap();
    const listed: number[] = [];
    const marked = Uint8Array.of(0, 0, 1, 1);
    for (let time = 0; time < 40; time++) {
      // More than three lie in a list, whose length has the highest bit set.
      const wide = Array.from({ length: 1 + (time % 16) }, (_, i) => {
        const block = map.add(blockId(BigInt(1_000_000 + time * 64 + i)), genStamp(1001), 1, 0, BlockState.COMPLETE);
        for (let storage = 1; storage <= 5; storage++) map.addReplica(block, 2 ** 24 - storage);
        return block;
      });
      for (const block of wide) map.remove(block);
      for (let i = 0; i < GROUP_SIZE; i++) {
        const block = map.add(blockId(BigInt(10_240 + time * 64 + i)), genStamp(1001), 1, 0, BlockState.COMPLETE);
        map.addReplica(block, 7);
        expect(map.replicasInto(block, listed)).toBe(1);
        map.addReplica(block, 8);
        map.removeReplica(block, 7);
        expect(map.replicaCount(block)).toBe(1);
        expect(map.replicasInto(block, listed)).toBe(1);
        expect(listed[0]).toBe(8);
      }
    }
    const found: BlockHandle[] = [];
    for (let from = 1; from !== 0; ) from = map.scanStorages(from, 256, marked, (block) => found.push(block));
    expect(found).toEqual([]);
  });

  test('handles are used again, and memory with them', () => {
    const allocator = new PageAllocator();
    const map = new BlockMap({ allocator });
    let used = 0;
    let highest = 0;
    for (let round = 0; round < 5; round++) {
      const handles: BlockHandle[] = [];
      for (let i = 0; i < 5000; i++) {
        const block = map.add(blockId(BigInt(2 ** 30 + round * 5000 + i)), genStamp(1001), i, 0, BlockState.COMPLETE);
        for (let storage = 1; storage <= 5; storage++) map.addReplica(block, storage);
        handles.push(block);
      }
      if (round === 0) {
        used = allocator.bytesInUse;
        highest = map.highestHandle;
      }
      // Where the ids of a round begin within a group, one group more or less is there.
      expect(map.highestHandle).toBeLessThanOrEqual(highest + 32);
      for (const block of handles) map.remove(block);
      expect(map.scan(1, highest + 32, () => expect.unreachable())).toBe(0);
    }
    expect(allocator.bytesInUse).toBeLessThan(used * 1.2);
  });

  test('blocks that are written one after another, with three replicas each, take eight bytes each', () => {
    const allocator = new PageAllocator();
    const map = new BlockMap({ allocator });
    const count = 320_000;
    for (let i = 0; i < count; i++) {
      const isLast = i % 100 === 99;
      const stamp = genStamp(i % 97 === 0 ? 9_000_000 + i : 1001 + i);
      const block = map.add(
        blockId(BigInt(2 ** 30 + i)),
        stamp,
        isLast ? i : 2 ** 27,
        1 + Math.floor(i / 100),
        BlockState.COMPLETE,
      );
      for (let replica = 0; replica < 3; replica++) map.addReplica(block, 1 + ((i * 7 + replica * 333) % 1000));
    }
    expect(allocator.bytesInUse / count).toBeLessThan(8);
  });

  test('mistakes of callers are caught', () => {
    const map = new BlockMap();
    const block = map.add(blockId(1n), genStamp(1), 0, 0, BlockState.COMPLETE);
    expect(() => map.add(blockId(1n), genStamp(1), 0, 0, BlockState.COMPLETE)).toThrow(AssertionError);
    expect(() => map.addReplica(block, 0)).toThrow(AssertionError);
    expect(() => map.addReplica(block, 2 ** 24)).toThrow(AssertionError);
    expect(() => map.replicaAt(block, 0)).toThrow(AssertionError);
    map.remove(block);
    expect(() => map.remove(block)).toThrow(AssertionError);
    expect(map.isLive(block)).toBe(false);
    expect(map.isLive(0)).toBe(false);
  });
});
