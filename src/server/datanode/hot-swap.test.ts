// If this fails, a change of data directories means more or less than the operator wrote.
import { expect, test } from 'vitest';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { planDirectories } from './hot-swap.ts';

const { DISK, SSD } = StorageTypeProto;
const dirs = (...paths: string[]) => paths.map((path) => ({ path, storageType: DISK }));

test('what is new comes, what is missing goes, what failed is looked at again', () => {
  expect(planDirectories(dirs('/a', '/b'), ['/c', '/d'], dirs('/b', '/c', '/e'))).toEqual({
    added: dirs('/c', '/e'),
    removed: ['/a'],
    forgotten: ['/d'],
  });
  expect(() => planDirectories(dirs('/a'), [], [])).toThrow('No directory is specified.');
  expect(() => planDirectories(dirs('/a'), [], [{ path: '/a', storageType: SSD }])).toThrow(
    'Changing storage type is not allowed.',
  );
});
