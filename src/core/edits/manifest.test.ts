// If this fails, a secondary NameNode misses transactions, or fetches segments that lead nowhere.
import { expect, test } from 'vitest';
import { editLogManifest } from './manifest.ts';

const range = (firstTxid: number, lastTxid: number) => ({ firstTxid, lastTxid });

test('the furthest copy of each segment, in order', () => {
  expect(editLogManifest([range(4, 9), range(1, 3), range(4, 7), range(10, 10)], 1)).toEqual({
    segments: [range(1, 3), range(4, 9), range(10, 10)],
    lastTxid: 10,
  });
});

test('segments that begin before the wanted transaction are left out', () => {
  expect(editLogManifest([range(1, 3), range(4, 9)], 4)).toEqual({ segments: [range(4, 9)], lastTxid: 9 });
});

test('what stands before a gap is left out', () => {
  expect(editLogManifest([range(1, 3), range(7, 9)], 1)).toEqual({ segments: [range(7, 9)], lastTxid: 9 });
});

test('nothing leads nowhere', () => {
  expect(editLogManifest([], 5)).toEqual({ segments: [], lastTxid: 4 });
  // A part of a longer segment is not wanted twice.
  expect(editLogManifest([range(1, 8), range(5, 6)], 1)).toEqual({ segments: [range(1, 8)], lastTxid: 8 });
});
