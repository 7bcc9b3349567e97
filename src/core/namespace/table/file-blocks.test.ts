// If this fails, a file loses, gains or exchanges blocks in the NameNode's memory; or its list of them takes many times the memory
// that it needs after files were deleted and created for a while.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PageAllocator } from '../../pages/allocator.ts';
import { Arena } from '../../pages/arena.ts';
import { Records } from '../../pages/records.ts';
import { appendBlock, blockAt, blockCountOf, replaceBlocks } from './file-blocks.ts';
import * as row from './layout.ts';

function table() {
  const allocator = new PageAllocator();
  const rows = new Records(allocator, row.ROW_WORDS);
  const arena = new Arena(allocator);
  const file = rows.allocate();
  const list = (): number[] =>
    Array.from({ length: blockCountOf(rows.get(file, row.BLOCK_COUNT)) }, (_, i) => blockAt(rows, arena, file, i));
  return { rows, arena, file, list };
}

/** Handles as they come: runs of all lengths, up and down, and single ones. */
const handles = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 2 ** 32 - 100 }), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
  .map((runs) => runs.flatMap(([first, length]) => Array.from({ length }, (_, i) => first + i)));

test('blocks are those that were put there, in their order, however they came', () => {
  fc.assert(
    fc.property(handles, handles, fc.boolean(), (first, more, replace) => {
      const { rows, arena, file, list } = table();
      if (replace) replaceBlocks(rows, arena, file, first);
      else for (const block of first) appendBlock(rows, arena, file, block);
      expect(list()).toEqual(first);
      const seen = more.map((block, i) => {
        appendBlock(rows, arena, file, block);
        return blockAt(rows, arena, file, first.length + i);
      });
      expect(seen).toEqual(more);
      expect(list()).toEqual([...first, ...more]);
      expect(() => blockAt(rows, arena, file, first.length + more.length)).toThrow('index outside the list');
      replaceBlocks(rows, arena, file, more);
      expect(list()).toEqual(more);
      replaceBlocks(rows, arena, file, []);
      expect(arena.wordsInUse).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('a file whose blocks lie in a few runs takes memory for the runs, not for the blocks', () => {
  const groups = [500, 400, 300, 200];
  const blocks = [7, 8, 9, ...groups.flatMap((group) => Array.from({ length: 32 }, (_, i) => group * 32 + i))];
  for (const put of [
    ({ rows, arena, file }: ReturnType<typeof table>) => replaceBlocks(rows, arena, file, blocks),
    ({ rows, arena, file }: ReturnType<typeof table>) => {
      for (const block of blocks) appendBlock(rows, arena, file, block);
    },
  ]) {
    const files = table();
    put(files);
    expect(files.list()).toEqual(blocks);
    expect(files.arena.wordsInUse).toBeLessThanOrEqual(12);
  }
});

test('more runs than find room become a list, and stay what they are', () => {
  const blocks = Array.from({ length: 20_000 }, (_, i) => 5 * Math.floor(i / 3) + (i % 3) + 1);
  const { rows, arena, file, list } = table();
  for (const block of blocks) appendBlock(rows, arena, file, block);
  expect(list()).toEqual(blocks);
  replaceBlocks(rows, arena, file, []);
  expect(arena.wordsInUse).toBe(0);
});
