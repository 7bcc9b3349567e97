// One block looked at from scratch: too few replicas, too many, bad ones to delete, or not to be judged yet. Mirrors
// BlockManager.processMisReplicatedBlock.
import { type BlockHandle, BlockState } from './block-map.ts';
import { chooseExcess, updateComplete } from './redundancy.ts';
import { countReplicas } from './replica-counts.ts';
import { invalidateCorrupt } from './replicas.ts';
import type { ManagerState } from './state.ts';

export type Judgement = 'deleted' | 'underConstruction' | 'underReplicated' | 'overReplicated' | 'postponed' | 'ok';

/** Looks at one block from scratch. */
export function judge(state: ManagerState, block: BlockHandle): Judgement {
  const wanted = state.owner.replication(block);
  if (wanted === 0) return 'deleted';
  if (state.blocks.state(block) !== BlockState.COMPLETE) return 'underConstruction';
  const counts = countReplicas(state, block);
  if (state.populating) updateComplete(state, block, counts, wanted);
  if (counts.corrupt > 0 && counts.live >= wanted && !invalidateCorrupt(state, block)) return 'postponed';
  if (counts.live > wanted) return chooseExcess(state, block, wanted) ? 'overReplicated' : 'postponed';
  return state.needed.has(block) ? 'underReplicated' : 'ok';
}
