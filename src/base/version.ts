// Versions of Hadoop that daemons tell each other, and which of them are too old. Apache: VersionUtil, IncorrectVersionException.
import { HdfsError } from './errors.ts';

/** Compares the numbers of two versions; what follows them does not count. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] => (version.match(/^\d+(\.\d+)*/)?.[0] ?? '0').split('.').map(Number);
  const left = numbers(a);
  const right = numbers(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Throws HdfsError EINCORRECTVERSION where `peer` is older than `self` takes it. */
export function requireVersion(reported: string, minimum: string, peer: string, self: string): void {
  if (compareVersions(reported, minimum) >= 0) return;
  throw new HdfsError(
    'EINCORRECTVERSION',
    `The reported ${peer} version is too low to communicate with ${self}. ${peer} version: '${reported}' ` +
      `Minimum ${peer} version: '${minimum}'`,
  );
}
