// If these fail, a DataNode serves a block under the wrong generation, passes over blocks on its disk, or begins more threads
// than its machine has processors for.
import { expect, test } from 'vitest';
import { finalizedFiles, startThreads } from './finalized-walk.ts';

test('of several meta files the newest counts, and one alone makes no block', () => {
  const names = [
    'blk_1',
    'blk_12',
    'blk_12_1001.meta',
    'blk_12_1010.meta',
    'blk_12_999.meta',
    'blk_1_5.meta',
    'blk_2',
    'blk_300',
    'blk_3_1001.meta',
    'blk_4_99999999999999999.meta',
    'blk_99999999999999999999',
    'other',
  ];
  const { blocks, misplaced } = finalizedFiles('subdir0/subdir0', names);
  expect(blocks).toEqual([
    { id: 1n, name: 'blk_1', meta: 'blk_1_5.meta', genStamp: 5 },
    { id: 12n, name: 'blk_12', meta: 'blk_12_1010.meta', genStamp: 1010 },
    { id: 2n, name: 'blk_2', meta: undefined, genStamp: 0 },
  ]);
  expect(misplaced).toEqual(['blk_300']);
  expect(finalizedFiles('subdir0/subdir1', ['blk_300']).blocks).toHaveLength(1);
  expect(finalizedFiles('subdir31/subdir31', ['blk_-1', 'blk_-1_1001.meta']).blocks).toEqual([
    { id: -1n, name: 'blk_-1', meta: 'blk_-1_1001.meta', genStamp: 1001 },
  ]);
});

test('a volume has a thread at least, and the machine no more than it has processors for', () => {
  expect([1, 2, 4, 32].map((processors) => startThreads(processors, 1))).toEqual([1, 2, 4, 4]);
  expect([1, 12, 24, 40].map((volumes) => startThreads(32, volumes))).toEqual([4, 2, 1, 1]);
});
