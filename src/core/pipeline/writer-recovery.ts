// What a writer does after its pipeline failed: with which nodes it goes on, in which stage, or why it gives up. One
// pure function over values; the calls to the NameNode and the DataNodes are the shell's (client/block-stream.ts).

export interface PipelineFailure {
  /** Position of the node at fault. Undefined: not known, the first one is taken, as Apache does. */
  readonly index: number | undefined;
  /** The node announced that it restarts. */
  readonly restarting: boolean;
  readonly reason: string;
}

export interface RecoveryState {
  /** Nodes of the pipeline, for messages. */
  readonly nodes: readonly string[];
  /** Recoveries since the last acknowledged packet. */
  readonly attempts: number;
  /** dfs.client.pipeline.recovery.max-retries. */
  readonly maxAttempts: number;
  /** Every byte was acknowledged and the last packet was sent. */
  readonly closing: boolean;
  /** The block has to be, or cheaply can be, written anew. */
  readonly restartsBlock: boolean;
}

export type RecoveryPlan =
  /** Give the block up, ask for another one without this node, and send everything again. */
  | { readonly kind: 'newBlock'; readonly exclude: number }
  /** Go on in the same block with the nodes at these positions. */
  | {
      readonly kind: 'continue';
      readonly keep: readonly number[];
      readonly stage: 'streaming' | 'close';
      readonly waitMs: number;
    }
  | { readonly kind: 'fail'; readonly message: string };

/** Apache waits this long between attempts for the only node, which restarts. */
const RESTART_WAIT_MS = 4000;

export function planRecovery(failure: PipelineFailure, state: RecoveryState): RecoveryPlan {
  const bad = Math.min(failure.index ?? 0, state.nodes.length - 1);
  if (state.attempts >= state.maxAttempts) {
    return { kind: 'fail', message: `Failing write. Tried pipeline recovery ${state.maxAttempts} times without success.` };
  }
  if (state.restartsBlock) return { kind: 'newBlock', exclude: bad };
  const stage = state.closing ? 'close' : 'streaming';
  if (state.nodes.length <= 1) {
    if (failure.restarting) return { kind: 'continue', keep: [0], stage, waitMs: RESTART_WAIT_MS };
    return { kind: 'fail', message: `All datanodes [${state.nodes.join(', ')}] are bad. Aborting...` };
  }
  const keep = state.nodes.map((_, index) => index).filter((index) => index !== bad);
  return { kind: 'continue', keep, stage, waitMs: 0 };
}
