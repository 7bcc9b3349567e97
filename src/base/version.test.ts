// If this fails, daemons of a version that an operator still takes, or no longer takes, are turned away, or let in.
import { expect, test } from 'vitest';
import { compareVersions, requireVersion } from './version.ts';

test('versions are compared by their numbers', () => {
  expect(compareVersions('3.5.0', '2.1.0-beta')).toBeGreaterThan(0);
  expect(compareVersions('3.10.0', '3.9.9')).toBeGreaterThan(0);
  expect(compareVersions('3.5', '3.5.0-SNAPSHOT')).toBe(0);
  expect(compareVersions('', '0.23')).toBeLessThan(0);
});

test('one that is too old is refused in Hadoop’s words', () => {
  expect(() => requireVersion('3.5.0', '3.5.0', 'NameNode', 'DataNode')).not.toThrow();
  expect(() => requireVersion('2.0.5', '2.1.0-beta', 'NameNode', 'DataNode')).toThrow(
    "The reported NameNode version is too low to communicate with DataNode. NameNode version: '2.0.5' Minimum NameNode version: '2.1.0-beta'",
  );
});
