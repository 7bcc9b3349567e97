// If these fail, the simulator calls a loss of bytes right, or a right length wrong, when files are cut.
import { expect, test } from 'vitest';
import { GhostFile } from './ghost-file.ts';

const BLOCK = 4_096;

/** A closed file of two blocks and a half. */
function closedFile(): GhostFile {
  const file = new GhostFile(1, '/f', BLOCK);
  const [piece] = file.pieces;
  if (piece === undefined) throw new Error('a new file has a piece');
  piece.end = 2.5 * BLOCK;
  expect(file.closed(2.5 * BLOCK, 1)).toBeUndefined();
  return file;
}

test('a file that is cut inside a block closes there, or at the end of the block should the cut be forgotten', () => {
  for (const length of [5_000, 2 * BLOCK]) {
    const file = closedFile();
    file.cut(5_000, 2 * BLOCK, 2);
    expect(file.closed(length, 3)).toBeUndefined();
  }
});

test('it closes nowhere else: the blocks behind are gone, and no byte before the cut', () => {
  for (const [length, invariant] of [
    [4_999, 'LR4'],
    [6_000, 'BK3'],
    [2.5 * BLOCK, 'BK5'],
  ] as const) {
    const file = closedFile();
    file.cut(5_000, 2 * BLOCK, 2);
    expect(file.closed(length, 3)).toMatchObject({ invariant });
  }
});

test('a cut at a border of blocks is done at once', () => {
  const file = closedFile();
  file.cut(BLOCK, undefined, 2);
  expect(file.open).toBe(false);
  expect(file.written).toBe(BLOCK);
});
