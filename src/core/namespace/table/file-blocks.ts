// The blocks of a file, in two words of its row (layout.ts): how many, and where their handles are. Blocks that were written one
// after another have ids, and so handles, that follow one another, at least within a group of the block map. So there are three
// forms, told apart by the two highest bits of the count:
//
//   a sequence   the handles follow one another from the first on, which is all that is kept
//   runs         a run of words in the arena: how many runs of handles that follow one another, then for each its first handle
//                and the number of the file's blocks up to its end
//   a list       every handle (pages/number-list.ts), also the form of no block and of one
import { assert } from '../../../base/assert.ts';
import type { BlockHandle } from '../../blocks/block-map.ts';
import { type Arena, MAX_RUN_WORDS } from '../../pages/arena.ts';
import { listFree, listGet, listPush } from '../../pages/number-list.ts';
import type { Records } from '../../pages/records.ts';
import * as row from './layout.ts';
import type { InodeHandle } from './types.ts';

/** From so many blocks on, a list is looked at again each time that it has doubled: it may have become one of few runs. */
const LOOK_AGAIN = 16;

const wordsOf = (runs: number): number => 1 + 2 * runs;

/** Runs pay, and find room. */
const areWorth = (runs: number, blocks: number): boolean => wordsOf(runs) <= Math.min(blocks, MAX_RUN_WORDS);

export const blockCountOf = (word: number): number => word & row.BLOCK_COUNT_MASK;
const isSequence = (word: number): boolean => word >= row.BLOCKS_IN_SEQUENCE;
const isRuns = (word: number): boolean => (word & row.BLOCKS_IN_RUNS) !== 0;

export function blockAt(rows: Records, arena: Arena, file: InodeHandle, index: number): BlockHandle {
  const word = rows.get(file, row.BLOCK_COUNT);
  const head = rows.get(file, row.BLOCKS);
  const count = blockCountOf(word);
  assert(index >= 0 && index < count, 'index outside the list');
  if (isSequence(word)) return head + index;
  return isRuns(word) ? runsGet(arena, head, index) : listGet(arena, head, count, index);
}

export function appendBlock(rows: Records, arena: Arena, file: InodeHandle, block: BlockHandle): void {
  const word = rows.get(file, row.BLOCK_COUNT);
  const head = rows.get(file, row.BLOCKS);
  const count = blockCountOf(word);
  let form = 0;
  let grown = 0;
  if ((isSequence(word) || count === 1) && block === head + count) {
    form = row.BLOCKS_IN_SEQUENCE;
    grown = head;
  } else if (isSequence(word) && areWorth(2, count + 1)) {
    form = row.BLOCKS_IN_RUNS;
    grown = runsMake(arena, 2, count + 1, (i) => (i < count ? head + i : block));
  } else if (isRuns(word)) {
    grown = runsPush(arena, head, block);
    if (grown !== 0) form = row.BLOCKS_IN_RUNS;
  }
  if (form === 0) {
    let list = head;
    if (isSequence(word) || isRuns(word)) {
      list = 0;
      for (let i = 0; i < count; i++) list = listPush(arena, list, i, blockAt(rows, arena, file, i));
      if (isRuns(word)) runsFree(arena, head);
    }
    grown = listPush(arena, list, count, block);
  }
  rows.set(file, row.BLOCKS, grown);
  rows.set(file, row.BLOCK_COUNT, form + count + 1);
  if (form === 0 && count + 1 >= LOOK_AGAIN && ((count + 1) & count) === 0) compact(rows, arena, file);
}

/** Makes runs of a list, where they take no more than half of it. */
function compact(rows: Records, arena: Arena, file: InodeHandle): void {
  const count = blockCountOf(rows.get(file, row.BLOCK_COUNT));
  const list = rows.get(file, row.BLOCKS);
  const at = (i: number): BlockHandle => listGet(arena, list, count, i);
  const runs = runsIn(count, at);
  if (!areWorth(runs, count / 2)) return;
  const made = runsMake(arena, runs, count, at);
  listFree(arena, list, count);
  rows.set(file, row.BLOCKS, made);
  rows.set(file, row.BLOCK_COUNT, row.BLOCKS_IN_RUNS + count);
}

/** Puts `blocks` in the place of those that there are. */
export function replaceBlocks(rows: Records, arena: Arena, file: InodeHandle, blocks: readonly BlockHandle[]): void {
  const word = rows.get(file, row.BLOCK_COUNT);
  if (isRuns(word)) runsFree(arena, rows.get(file, row.BLOCKS));
  else if (!isSequence(word)) listFree(arena, rows.get(file, row.BLOCKS), blockCountOf(word));
  const count = blocks.length;
  const at = (i: number): BlockHandle => blocks[i] as BlockHandle;
  const runs = runsIn(count, at);
  let head = 0;
  let form = 0;
  if (runs === 1 && count > 1) {
    head = at(0);
    form = row.BLOCKS_IN_SEQUENCE;
  } else if (areWorth(runs, count) && count > 1) {
    head = runsMake(arena, runs, count, at);
    form = row.BLOCKS_IN_RUNS;
  } else for (let i = 0; i < count; i++) head = listPush(arena, head, i, at(i));
  rows.set(file, row.BLOCKS, head);
  rows.set(file, row.BLOCK_COUNT, form + count);
}

// ----------------------------------------------------------------------------------------------------------------- runs

function runsIn(count: number, at: (index: number) => BlockHandle): number {
  let runs = 0;
  let expected = 0;
  for (let i = 0; i < count; i++) {
    const block = at(i);
    if (i === 0 || block !== expected) runs++;
    expected = block + 1;
  }
  return runs;
}

function runsMake(arena: Arena, runs: number, count: number, at: (index: number) => BlockHandle): number {
  const made = arena.allocate(wordsOf(runs));
  const page = arena.ownPage(made);
  let word = arena.at(made);
  page[word] = runs;
  let expected = 0;
  for (let i = 0; i < count; i++) {
    const block = at(i);
    if (i === 0 || block !== expected) {
      // `word` is the end of the run before, or the number of runs.
      page[word + 1] = block;
      word += 2;
    }
    page[word] = i + 1;
    expected = block + 1;
  }
  return made;
}

function runsGet(arena: Arena, head: number, index: number): BlockHandle {
  const page = arena.page(head);
  const at = arena.at(head);
  let low = 0;
  let high = (page[at] as number) - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((page[at + 2 + 2 * middle] as number) > index) high = middle;
    else low = middle + 1;
  }
  const before = low === 0 ? 0 : (page[at + 2 * low] as number);
  return (page[at + 1 + 2 * low] as number) + index - before;
}

/** Adds a block; answers where the runs are now, or 0: they are not worth it any more, and as they were. */
function runsPush(arena: Arena, head: number, block: BlockHandle): number {
  const runs = arena.get(head, 0);
  const count = arena.get(head, 2 * runs);
  const before = runs === 1 ? 0 : arena.get(head, 2 * runs - 2);
  if (block === arena.get(head, 2 * runs - 1) + count - before) {
    arena.set(head, 2 * runs, count + 1);
    return head;
  }
  if (!areWorth(runs + 1, count + 1)) return 0;
  const grown = arena.resize(head, wordsOf(runs), wordsOf(runs + 1));
  arena.set(grown, 0, runs + 1);
  arena.set(grown, 2 * runs + 1, block);
  arena.set(grown, 2 * runs + 2, count + 1);
  return grown;
}

function runsFree(arena: Arena, head: number): void {
  arena.free(head, wordsOf(arena.get(head, 0)));
}
