// What the DataNodes of a block agree upon when its writer is gone: how long it will be, and whose replicas stay. A pure
// decision about what they have answered; the answers and the consequences are server/datanode/block-recovery.ts. Apache:
// BlockRecoveryWorker.syncBlock, which takes the shortest of several crashed replicas and can drop flushed bytes so.
import type { GenStamp } from '../../base/ids.ts';
import { ReplicaState } from './states.ts';

/** A replica as its DataNode describes it: only bytes that its checksums prove. `state`: before the recovery began. */
export interface FoundReplica {
  readonly state: ReplicaState;
  readonly genStamp: GenStamp;
  readonly numBytes: number;
}

export type SyncDecision<T> =
  /** No DataNode has a byte of it. */
  | { readonly kind: 'delete' }
  /** These are cut to `length`. The others are out: an update may make no replica longer. */
  | { readonly kind: 'keep'; readonly length: number; readonly members: readonly T[] }
  | { readonly kind: 'refuse'; readonly reason: string };

/**
 * `truncateTo`: the length that the NameNode wants, when it cuts a file.
 *
 * | replicas that are as new as the block and not empty | then |
 * |---|---|
 * | none | delete; when cutting: refuse, since the block was complete |
 * | only copies in the making | refuse |
 * | when cutting | the NameNode's length; whoever has so much stays |
 * | a finalized one | its length, of several the newest's; whoever has exactly that stays |
 * | none finalized | the longest; whoever has so much stays |
 */
export function syncBlock<T extends FoundReplica>(
  blockGenStamp: GenStamp,
  replicas: readonly T[],
  truncateTo: number | undefined,
): SyncDecision<T> {
  const candidates = replicas.filter(({ genStamp, numBytes }) => genStamp >= blockGenStamp && numBytes > 0);
  if (candidates.length === 0) {
    return truncateTo === undefined ? { kind: 'delete' } : { kind: 'refuse', reason: 'no replica was found' };
  }
  const usable = candidates.filter(({ state }) => state <= ReplicaState.RWR);
  if (usable.length === 0) {
    return { kind: 'refuse', reason: `Found ${candidates.length} replica(s) but none is in RWR or better state` };
  }
  if (truncateTo !== undefined) {
    const members = usable.filter(({ numBytes }) => numBytes >= truncateTo);
    if (members.length > 0) return { kind: 'keep', length: truncateTo, members };
    return { kind: 'refuse', reason: `no replica has the ${truncateTo} bytes to which the block is cut` };
  }
  const length = newestFinalizedLength(usable) ?? longest(usable);
  return { kind: 'keep', length, members: usable.filter(({ numBytes }) => numBytes === length) };
}

/**
 * A finalized replica has all that its writer wrote. Several can differ when an earlier recovery was cut off between two
 * DataNodes: what it decided is in the newest.
 */
function newestFinalizedLength(replicas: readonly FoundReplica[]): number | undefined {
  const finalized = replicas.filter(({ state }) => state === ReplicaState.FINALIZED);
  if (finalized.length === 0) return undefined;
  const newest = Math.max(...finalized.map(({ genStamp }) => genStamp));
  return longest(finalized.filter(({ genStamp }) => genStamp === newest));
}

const longest = (list: readonly FoundReplica[]): number => list.reduce((most, { numBytes }) => Math.max(most, numBytes), 0);
