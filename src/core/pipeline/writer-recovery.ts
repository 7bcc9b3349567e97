// What a writer does after its pipeline failed: with which nodes it goes on, in which stage, whether it waits for one that
// restarts, or why it gives up. One pure function over values; the calls to the NameNode and the DataNodes are the shell's
// (client/block-stream.ts). Apache: DataStreamer.ErrorState and setupPipelineInternal.

export interface PipelineFailure {
  /** Position of the node at fault. Undefined: not known, the first one is taken, as Apache does. */
  readonly index: number | undefined;
  /** The node announced that it restarts. */
  readonly restarting: boolean;
  /** It happened while the pipeline was set up, before any packet. */
  readonly duringSetup: boolean;
  readonly reason: string;
}

/** A node that said it restarts, and until when it is waited for. */
export interface Restart {
  readonly index: number;
  readonly until: number;
}

export interface RecoveryState {
  /** Nodes of the pipeline, for messages. */
  readonly nodes: readonly string[];
  /** Whether each of them runs on the writer's machine. */
  readonly local: readonly boolean[];
  /** Streaming failures since the last acknowledged packet. */
  readonly attempts: number;
  /** dfs.client.pipeline.recovery.max-retries. */
  readonly maxAttempts: number;
  /** Every byte was acknowledged and the last packet was sent. */
  readonly closing: boolean;
  /** Who is being waited for already. */
  readonly restart: Restart | undefined;
  readonly nowMs: number;
  /** dfs.client.datanode-restart.timeout. */
  readonly restartTimeoutMs: number;
}

export type RecoveryPlan =
  /** Go on in the same block without the node at `drop`, when there is one. */
  | {
      readonly kind: 'continue';
      readonly drop: number | undefined;
      /** The dropped node restarts: another pipeline may use it again. */
      readonly returns: boolean;
      /** Positions are those after the drop. */
      readonly restart: Restart | undefined;
      readonly closing: boolean;
      readonly waitMs: number;
      /** The failure counts against maxAttempts. */
      readonly counts: boolean;
    }
  | { readonly kind: 'fail'; readonly message: string };

/** Apache tries a node that restarts again after so long. */
const RESTART_WAIT_MS = 4000;

export function planRecovery(failure: PipelineFailure, state: RecoveryState): RecoveryPlan {
  const last = state.nodes.length - 1;
  const named = Math.min(failure.index ?? 0, last);
  // While one is waited for, the word of another that it restarts is a failure like any other.
  const mayWait = failure.restarting && state.restart === undefined;
  const worthWaiting = mayWait && (last === 0 || state.local[named] === true);
  let restart = state.restart;
  let bad: number | undefined = named;
  if (worthWaiting) {
    restart = { index: named, until: state.nowMs + state.restartTimeoutMs };
    bad = undefined;
  } else if (restart !== undefined) {
    if (bad === restart.index) bad = undefined;
    if (state.nowMs >= restart.until) {
      bad ??= restart.index;
      restart = undefined;
    }
  }
  const counts = !failure.duringSetup && !failure.restarting && restart === undefined;
  if (counts && state.attempts >= state.maxAttempts) {
    return { kind: 'fail', message: `Failing write. Tried pipeline recovery ${state.maxAttempts} times without success.` };
  }
  if (bad !== undefined) {
    if (last <= 0) return { kind: 'fail', message: `All datanodes [${state.nodes.join(', ')}] are bad. Aborting...` };
    // A node behind the restarting one has failed: the restart must be over.
    if (restart !== undefined) restart = bad > restart.index ? undefined : { ...restart, index: restart.index - 1 };
  }
  return {
    kind: 'continue',
    drop: bad,
    returns: failure.restarting && !worthWaiting,
    restart,
    closing: state.closing,
    waitMs: restart === undefined ? 0 : Math.min(state.restartTimeoutMs, RESTART_WAIT_MS),
    counts,
  };
}
