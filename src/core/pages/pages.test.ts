// If these fail, the compact state itself is wrong: ids lead to other rows, lists and attributes come back changed, memory is
// lost or handed out twice, or a snapshot moves.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../base/assert.ts';
import { PageAllocator } from './allocator.ts';
import { Arena, MAX_RUN_WORDS } from './arena.ts';
import { freeBlob, openBlob, putBlob } from './blobs.ts';
import { IdIndex } from './id-index.ts';
import { listFree, listGet, listPop, listPush, listSet } from './number-list.ts';
import { join, Records, splitHigh, splitLow } from './records.ts';

describe('records', () => {
  test('numbers of up to 64 bits survive being cut in two', () => {
    const exact = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 2 ** 32, -(2 ** 32), 2 ** 62, 2 ** 63, -(2 ** 63)));
    fc.assert(
      fc.property(exact, (value) => {
        expect(join(splitLow(value), splitHigh(value) >>> 0)).toBe(value + 0);
      }),
    );
    // Java's Long.MAX_VALUE, bit by bit.
    expect([splitLow(2 ** 63), splitHigh(2 ** 63)]).toEqual([0xffffffff, 0x7fffffff]);
  });

  test('rows are zero when handed out, also again, and handles are reused before new ones', () => {
    const records = new Records(new PageAllocator(), 3);
    const handles = Array.from({ length: 3000 }, () => records.allocate());
    expect(handles[0]).toBe(1);
    expect(records.highestHandle).toBe(3000);
    for (const handle of handles) for (let word = 0; word < 3; word++) records.set(handle, word, handle * 7 + word);
    for (const handle of handles) expect(records.get(handle, 2)).toBe(handle * 7 + 2);
    for (const handle of handles.slice(1000, 2000)) records.free(handle);
    const again = Array.from({ length: 1000 }, () => records.allocate());
    expect(new Set(again)).toEqual(new Set(handles.slice(1000, 2000)));
    for (const handle of again) expect([0, 1, 2].map((word) => records.get(handle, word))).toEqual([0, 0, 0]);
    expect(records.highestHandle).toBe(3000);
  });

  test('snapshots stay, whatever order they are released in, and cannot be written', () => {
    const allocator = new PageAllocator();
    const records = new Records(allocator, 1);
    for (let i = 1; i <= 5000; i++) records.set(records.allocate(), 0, i);
    const clean = allocator.bytesInUse;
    const release = fc.array(fc.nat(5), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(release, (choices) => {
        const views: { view: Records; values: Map<number, number> }[] = [];
        choices.forEach((choice, i) => {
          const values = new Map([1, 1500, 2500, 4999].map((handle) => [handle, records.get(handle, 0)]));
          views.push({ view: records.freeze(), values });
          records.set([1, 1500, 2500, 4999][choice % 4] as number, 0, i * 10 + choice);
          if (choice < 3) views.splice(choice % views.length, 1)[0]?.view.release();
          for (const { view, values } of views) for (const [handle, value] of values) expect(view.get(handle, 0)).toBe(value);
        });
        for (const { view } of views) view.release();
        expect(allocator.bytesInUse).toBe(clean);
      }),
      { numRuns: 50 },
    );
    const view = records.freeze();
    expect(() => view.set(1, 0, 1)).toThrow(AssertionError);
    expect(() => view.freeze()).toThrow(AssertionError);
    expect(() => records.release()).toThrow(AssertionError);
    view.release();
    expect(() => view.release()).toThrow(AssertionError);
    expect(() => view.get(1, 0)).toThrow(TypeError);
  });
});

describe('arena', () => {
  test('runs never overlap, and freed memory is used again', () => {
    const lengths = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) },
      fc.integer({ min: 41, max: MAX_RUN_WORDS }),
      fc.constant(MAX_RUN_WORDS),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(lengths, fc.boolean(), fc.nat()), { maxLength: 150, size: 'max' }), (steps) => {
        const arena = new Arena(new PageAllocator());
        const live: { run: number; words: number; mark: number }[] = [];
        steps.forEach(([words, free, which], mark) => {
          if (free && live.length > 0) {
            const [gone] = live.splice(which % live.length, 1);
            if (gone !== undefined) arena.free(gone.run, gone.words);
            return;
          }
          const run = arena.allocate(words);
          expect(run).toBeGreaterThan(0);
          arena.ownPage(run).fill(mark, arena.at(run), arena.at(run) + words);
          live.push({ run, words, mark });
        });
        for (const { run, words, mark } of live) {
          const found = arena.page(run).subarray(arena.at(run), arena.at(run) + words);
          expect(found.every((word) => word === mark)).toBe(true);
        }
        for (const { run, words } of live) arena.free(run, words);
        expect(arena.wordsInUse).toBe(0);
      }),
      { numRuns: 50 },
    );
    expect(() => new Arena(new PageAllocator()).allocate(MAX_RUN_WORDS + 1)).toThrow(AssertionError);
  });

  test('attributes of any length come back, and leave nothing behind', () => {
    const arena = new Arena(new PageAllocator());
    for (const length of [0, 1, 3, 4, 5, 32_763, 32_764, 32_765, 65_536, 1_000_003]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) & 255);
      const run = putBlob(arena, bytes);
      const blob = openBlob(arena, run);
      expect(Buffer.compare(blob.bytes.subarray(blob.start, blob.end), bytes)).toBe(0);
      freeBlob(arena, run);
      expect(arena.wordsInUse).toBe(0);
    }
  });
});

describe('lists of numbers', () => {
  test('grow past every step of capacity and shrink again', () => {
    const arena = new Arena(new PageAllocator());
    let head = 0;
    let count = 0;
    const values: number[] = [];
    const check = (): void => {
      for (const index of [0, 1, count >>> 1, 8191, 8192, 16_383, count - 2, count - 1]) {
        if (index >= 0 && index < count) expect(listGet(arena, head, count, index)).toBe(values[index]);
      }
    };
    for (; count < 40_000; ) {
      values.push(0xffffffff - count);
      head = listPush(arena, head, count, 0xffffffff - count);
      count++;
      if (count < 40 || count % 997 === 0 || (count & 8191) < 3) check();
    }
    for (const index of [0, 8191, 8192, 39_999]) {
      values[index] = index;
      head = listSet(arena, head, count, index, index);
    }
    check();
    for (; count > 0; ) {
      head = listPop(arena, head, count);
      values.pop();
      count--;
      if (count < 40 || count % 997 === 0 || (count & 8191) < 3) check();
    }
    expect(head).toBe(0);
    expect(arena.wordsInUse).toBe(0);
    for (const length of [1, 2, 5, 8192, 8193, 20_000]) {
      let list = 0;
      for (let i = 0; i < length; i++) list = listPush(arena, list, i, i);
      listFree(arena, list, length);
      expect(arena.wordsInUse).toBe(0);
    }
  });
});

describe('index of ids', () => {
  test('finds what is there and nothing else, for dense, sparse and huge ids', () => {
    const id = fc.oneof(
      fc.integer({ min: 16_385, max: 16_500 }),
      fc.nat(2 ** 31 - 1),
      fc.maxSafeNat(),
      fc.constantFrom(0, 31, 32, 1023, 1024, 2 ** 30, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 40, Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.nat(3)), { maxLength: 400, size: 'max' }), (steps) => {
        const index = new IdIndex(new PageAllocator());
        const model = new Map<number, number>();
        steps.forEach(([value, what], i) => {
          const known = [...model.keys()];
          const victim = known[i % Math.max(known.length, 1)];
          if (what === 0 && victim !== undefined) {
            index.remove(victim);
            model.delete(victim);
          } else if (!model.has(value)) {
            index.add(value, i + 1);
            model.set(value, i + 1);
          }
        });
        expect(index.size).toBe(model.size);
        for (const [value] of steps) {
          for (const near of [value, value - 1, value + 1, value + 2 ** 32])
            expect(index.find(near)).toBe(model.get(near) ?? 0);
        }
        for (const nonsense of [-1, Number.NaN, 2 ** 53, 2 ** 63, -(2 ** 63), Number.POSITIVE_INFINITY]) {
          expect(index.find(nonsense)).toBe(0);
        }
        for (const value of model.keys()) index.remove(value);
        for (const [value] of steps) expect(index.find(value)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test('ids that died cost nothing: memory follows the living', () => {
    const allocator = new PageAllocator();
    const index = new IdIndex(allocator);
    for (let i = 0; i < 300_000; i++) {
      index.add(i, i + 1);
      if (i >= 1000) index.remove(i - 1000);
    }
    expect(index.size).toBe(1000);
    expect(allocator.bytesInUse).toBeLessThan(256 * 1024);
    expect(() => index.add(299_999, 1)).toThrow(AssertionError);
    expect(() => index.remove(5)).toThrow(AssertionError);
    expect(() => index.add(0.5, 1)).toThrow(AssertionError);
  });
});

test('pages over shared memory work as well', () => {
  const records = new Records(new PageAllocator({ shared: true }), 2);
  const row = records.allocate();
  records.setWide(row, 0, 2 ** 40);
  expect(records.getWide(row, 0)).toBe(2 ** 40);
});
