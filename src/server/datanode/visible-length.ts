// How much of a replica readers may rely on, by its state. Apache: Replica.getVisibleLength.
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { BlockPool } from './block-pool.ts';

/** -1: it is not for readers. */
export function visibleLengthOf(pool: BlockPool, handle: ReplicaHandle): number {
  const state = pool.replicas.state(handle);
  switch (state) {
    case ReplicaState.FINALIZED:
      return pool.replicas.numBytes(handle);
    case ReplicaState.RBW:
      return pool.inFlight.get(handle)?.visibleLength ?? pool.replicas.numBytes(handle);
    case ReplicaState.RUR: {
      const original = pool.recoveries.get(handle)?.original;
      if (original === ReplicaState.FINALIZED) return pool.replicas.numBytes(handle);
      return original === ReplicaState.RBW ? (pool.inFlight.get(handle)?.lengths.acked ?? -1) : -1;
    }
    case ReplicaState.RWR:
    case ReplicaState.TEMPORARY:
      return -1;
  }
}
