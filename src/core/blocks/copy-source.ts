// From which of its replicas a block is copied. Mirrors the choice in BlockManager.chooseSourceDatanodes.
import { Priority } from './low-redundancy.ts';
import type { ReplicaWorth } from './replica-counts.ts';

export interface CopySource {
  readonly worth: ReplicaWorth | undefined;
  readonly alive: boolean;
  /** On its way out of service, or into maintenance. */
  readonly leaving: boolean;
  /** Copies that the node makes or is to make already. */
  readonly copies: number;
}

export interface CopyLimits {
  /** dfs.namenode.replication.max-streams. */
  readonly maxStreams: number;
  /** dfs.namenode.replication.max-streams-hard-limit. */
  readonly hardLimit: number;
}

/**
 * Any good replica's node, at random, that has not its share of copies already. Urgent blocks may go up to the hard limit,
 * and so may a node that is leaving; one that has left serves when no replica is in service. A replica that is bad, too
 * many, or cannot be read is never copied.
 */
export function chooseCopySource<S extends CopySource>(
  replicas: readonly S[],
  priority: Priority,
  { maxStreams, hardLimit }: CopyLimits,
  random: () => number,
): S | undefined {
  let source: S | undefined;
  let left: S | undefined;
  let live = false;
  for (const replica of replicas) {
    switch (replica.worth) {
      case undefined:
      case 'corrupt':
      case 'excess':
      case 'maintenanceNotForRead':
        continue;
      case 'decommissioned':
        if (replica.alive && (left === undefined || random() < 0.5)) left = replica;
        continue;
      case 'live':
        live = true;
        break;
      case 'readOnly':
      case 'decommissioning':
      case 'maintenanceForRead':
        break;
    }
    if (priority !== Priority.HIGHEST && !replica.leaving && replica.copies >= maxStreams) continue;
    if (replica.copies >= hardLimit) continue;
    if (source === undefined || random() < 0.5) source = replica;
  }
  return source ?? (live ? undefined : left);
}
