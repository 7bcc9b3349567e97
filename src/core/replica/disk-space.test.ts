// If this failed, a DataNode would say that its blocks take less of its disks than they do, and small ones far less.
import { expect, test } from 'vitest';
import { DISK_BLOCK_BYTES, DiskSpace } from './disk-space.ts';

test('what is rounded up and what directories take is counted once each', () => {
  const space = new DiskSpace();
  const fixed = space.overhead;
  expect(fixed).toBe(7 * DISK_BLOCK_BYTES);
  // One byte: two files of one disk block each, and two directories.
  space.add(0x4000_0001, 1);
  expect(space.overhead - fixed).toBe(4 * DISK_BLOCK_BYTES - 1 - 11);
  space.add(0x4000_0002, 1);
  expect(space.overhead - fixed).toBe(6 * DISK_BLOCK_BYTES - 2 * 12);
  // Another directory in the same one, and one in another.
  space.add(0x4000_0100, 0);
  space.add(0x4001_0100, DISK_BLOCK_BYTES);
  expect(space.overhead - fixed).toBe((6 + 1 + 1 + 2 + 1) * DISK_BLOCK_BYTES - 2 * 12 - 7 - (7 + 8 * 4));
});
