// What a DataNode says of itself in each acknowledgement, beside the status: whether its machine has more to do than it can
// (dfs.pipeline.ecn), and whether its NameNode finds it slow (dfs.pipeline.slownode). Apache: DataNode.getECN, getSLOW.
import { combineFlag, Ecn } from '../../wire/transfer/acks.ts';
import type { DataNodeSettings } from './settings.ts';

const SLOW_NORMAL = 1;
const SLOW = 2;

export interface MachineLoad {
  /** Of the last minute: processes that run or wait for a processor. */
  readonly average: number;
  readonly processors: number;
}

export type HintKeys = Pick<DataNodeSettings, 'pipelineEcn' | 'pipelineSlowNode' | 'congestionRatio'>;

/** Bits above the status of a flag word; 0 says nothing. */
export function ackHints(settings: HintKeys, load: () => MachineLoad, isSlow: () => boolean): number {
  let ecn: Ecn = Ecn.DISABLED;
  if (settings.pipelineEcn) {
    const { average, processors } = load();
    ecn = average > processors * settings.congestionRatio ? Ecn.CONGESTED : Ecn.SUPPORTED;
  }
  const slow = settings.pipelineSlowNode ? (isSlow() ? SLOW : SLOW_NORMAL) : 0;
  return combineFlag(0, ecn, slow);
}
