// If this fails, a DataNode loses track of its blocks, or lets two writers at one replica.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaMap } from './replica-map.ts';
import { ReplicaState, TRANSITIONS } from './states.ts';
import { chooseRoundRobin } from './volume-choice.ts';

test('the map behaves as a Map under any adding and removing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.boolean()), { maxLength: 300 }),
      (steps) => {
        const map = new ReplicaMap();
        const naive = new Map<bigint, number>();
        steps.forEach(([wide, narrow], i) => {
          const id = blockId(narrow ? wide % 50n : wide);
          const known = naive.get(id);
          expect(map.find(id)).toBe(known ?? 0);
          if (known === undefined) {
            const handle = map.add(id, genStamp(1001 + i), i * 7, ReplicaState.RBW, i % 3);
            naive.set(id, handle);
            expect(map.id(handle)).toBe(id);
            expect(map.genStamp(handle)).toBe(1001 + i);
            expect(map.numBytes(handle)).toBe(i * 7);
            expect(map.volume(handle)).toBe(i % 3);
          } else {
            map.remove(known);
            naive.delete(id);
          }
        });
        expect(map.size).toBe(naive.size);
        const volumes = [...naive.values()].map((handle) => map.volume(handle));
        for (let volume = 0; volume < 4; volume++) {
          expect(map.countOn(volume)).toBe(volumes.filter((one) => one === volume).length);
        }
        for (const [id, handle] of naive) expect(map.find(blockId(id))).toBe(handle);
      },
    ),
    { numRuns: 100 },
  );
});

test('growth past many buckets keeps every replica', () => {
  const map = new ReplicaMap();
  const first = 1073741825n;
  for (let i = 0n; i < 20_000n; i++) map.add(blockId(first + i), genStamp(1001), 1, ReplicaState.FINALIZED, 0);
  for (let i = 0n; i < 20_000n; i++) expect(map.find(blockId(first + i))).toBeGreaterThan(0);
  let seen = 0;
  for (let at = 1; at !== 0; ) at = map.scan(at, 1000, () => seen++);
  expect(seen).toBe(20_000);
});

test('only a finalized replica is appended to, only one being written is recovered as such', () => {
  for (const [state, row] of Object.entries(TRANSITIONS)) {
    expect(row.append === 'refused').toBe(Number(state) !== ReplicaState.FINALIZED);
    expect(row.recoverRbw === 'refused').toBe(Number(state) !== ReplicaState.RBW);
    expect(row.invalidate).toBe('gone');
  }
});

test('volumes are taken in turn, full ones are passed over, and a full node says so', () => {
  const volumes = [{ availableBytes: 100 }, { availableBytes: 10 }, { availableBytes: 100 }];
  const first = chooseRoundRobin(volumes, 50, 0);
  expect(first).toEqual({ index: 0, nextCursor: 1 });
  expect(chooseRoundRobin(volumes, 50, first.nextCursor)).toEqual({ index: 2, nextCursor: 0 });
  expect(() => chooseRoundRobin(volumes, 500, 0)).toThrow(/most available space \(=100 B\)/);
});
