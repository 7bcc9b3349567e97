// If these fail, a DataNode fills one disk while others stay empty, refuses blocks that it has room for, or takes space
// that the operator left to others.
import { expect, test } from 'vitest';
import { SeededRandom } from '../../base/random.ts';
import { reservedBytes, reservedCalculatorOf } from './reserved-space.ts';
import { emptierShare, VolumeChooser, type VolumeChooserOptions, volumePolicyOf } from './volume-choice.ts';

const GB = 1024 ** 3;
const options: VolumeChooserOptions = {
  policy: 'available-space',
  balancedSpaceThreshold: 10 * GB,
  balancedSpacePreference: 0.75,
  additionalAvailableSpace: 0,
};
const volumes = (...gigabytes: number[]) => gigabytes.map((each) => ({ availableBytes: each * GB }));

function counts(chooser: VolumeChooser, free: readonly { availableBytes: number }[], times: number): number[] {
  const random = new SeededRandom(7);
  const taken = free.map(() => 0);
  for (let i = 0; i < times; i++) {
    const index = chooser.choose(free, GB / 8, () => random.fraction());
    taken[index] = (taken[index] ?? 0) + 1;
  }
  return taken;
}

test('balanced volumes take turns under both policies', () => {
  expect(counts(new VolumeChooser(options), volumes(100, 105, 109), 30)).toEqual([10, 10, 10]);
  expect(counts(new VolumeChooser({ ...options, policy: 'round-robin' }), volumes(100, 5, 900), 30)).toEqual([10, 10, 10]);
});

test('emptier volumes take three quarters of the blocks, by turns among themselves', () => {
  const [full, first, second] = counts(new VolumeChooser(options), volumes(20, 500, 520), 7000) as [number, number, number];
  // 2 * 0.75 / (2 * 0.75 + 1 * 0.25) of 7000.
  expect(full).toBeGreaterThan(900);
  expect(full).toBeLessThan(1100);
  expect(Math.abs(first - second)).toBeLessThanOrEqual(1);
  expect(emptierShare(2, 1, 0.75)).toBeCloseTo(6 / 7);
  expect(emptierShare(3, 5, 0.5)).toBeCloseTo(3 / 8);
});

test('with no room on the fuller volumes the emptier ones take all', () => {
  expect(counts(new VolumeChooser({ ...options, balancedSpacePreference: 0 }), volumes(0, 500), 10)).toEqual([0, 10]);
});

test('a block that fits nowhere is refused in Apache’s words, and what fits later is taken', () => {
  const chooser = new VolumeChooser({ ...options, policy: 'round-robin', additionalAvailableSpace: GB });
  const choose = (...gigabytes: number[]): number => chooser.choose(volumes(...gigabytes), GB, () => 0);
  expect(() => choose(2, 1)).toThrow(
    'Out of space: The volume with the most available space (=2147483648 B) is less than the block size (=1073741824 B).',
  );
  expect(choose(2, 3)).toBe(1);
  expect(() => chooser.choose([], GB, () => 0)).toThrow('No more available volumes');
  // The turn was at a volume that has gone since.
  expect(choose(3, 3, 3)).toBe(0);
  expect(choose(3)).toBe(0);
});

test('the classes of Apache are known by name, and no other', () => {
  const prefix = 'org.apache.hadoop.hdfs.server.datanode.fsdataset.';
  expect(volumePolicyOf(`${prefix}AvailableSpaceVolumeChoosingPolicy`)).toBe('available-space');
  expect(volumePolicyOf('com.example.Mine')).toBeUndefined();
  const calculator = `${prefix}impl.ReservedSpaceCalculator$ReservedSpaceCalculator`;
  expect(reservedCalculatorOf(`${calculator}Aggressive`)).toBe('aggressive');
  expect(reservedCalculatorOf('com.example.Mine')).toBeUndefined();
});

test.each([
  ['absolute', 7],
  ['percentage', 20],
  ['conservative', 20],
  ['aggressive', 7],
] as const)('%s reserves %d of 200', (calculator, expected) => {
  expect(reservedBytes({ calculator, bytes: 7, percent: 10 }, 200)).toBe(expected);
});
