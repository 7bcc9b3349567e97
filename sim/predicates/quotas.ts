// NS7: what directories with a quota are counted to hold is what they hold, and no more than they may. Counted anew by a walk
// over the tree that shares nothing with the counters.
import { BlockState } from '../../src/core/blocks/block-map.ts';
import { type InodeHandle, InodeType } from '../../src/core/namespace/inodes.ts';
import type { Namespace } from '../../src/core/namespace/namespace.ts';
import { pathOfInode } from '../../src/core/namespace/permissions.ts';
import type { Violations } from '../violations.ts';

interface Held {
  inodes: number;
  bytes: number;
}

/** A block counts for its length once it is complete, and for all that it may take until then. */
function bytesOf({ inodes, blocks }: Namespace, file: InodeHandle): number {
  let bytes = 0;
  for (let i = 0; i < inodes.blockCount(file); i++) {
    const block = inodes.blockAt(file, i);
    const isComplete = blocks.state(block) === BlockState.COMPLETE;
    bytes += isComplete ? blocks.numBytes(block) : inodes.preferredBlockSize(file);
  }
  return bytes * inodes.replication(file);
}

function held(ns: Namespace, inode: InodeHandle): Held {
  const { inodes } = ns;
  const sum = { inodes: 1, bytes: inodes.type(inode) === InodeType.FILE ? bytesOf(ns, inode) : 0 };
  if (inodes.type(inode) !== InodeType.DIRECTORY) return sum;
  inodes.forEachChild(inode, undefined, (child) => {
    const below = held(ns, child);
    sum.inodes += below.inodes;
    sum.bytes += below.bytes;
    return true;
  });
  return sum;
}

export function checkQuotas(ns: Namespace, violations: Violations): void {
  for (const directory of ns.inodes.withSpaceQuota) {
    if (!ns.inodes.isReachable(directory)) continue;
    const path = pathOfInode(ns.inodes, directory);
    const counted = ns.space.of(directory)?.space;
    const actual = held(ns, directory);
    violations.check(
      counted === actual.bytes,
      'NS7',
      () => `${path} is counted to hold ${counted} bytes, it has ${actual.bytes}`,
    );
    const quota = ns.inodes.quota(directory);
    const names = limit(quota?.namespace);
    violations.check(actual.inodes <= names, 'NS7', () => `${path} holds ${actual.inodes} names, ${names} may be`);
    const bytes = limit(quota?.space);
    violations.check(actual.bytes <= bytes, 'NS7', () => `${path} holds ${actual.bytes} bytes, ${bytes} may be`);
  }
}

/** -1, or nothing at all, is no limit. */
const limit = (quota = -1): number => (quota < 0 ? Number.POSITIVE_INFINITY : quota);
