// Which calls of an RPC server take so much longer than the others that its log names them. Apache: Server.logSlowRpcCalls.
import type { Timing } from '../base/timing.ts';

export interface SlowCallSettings {
  /** ipc.server.log.slow.rpc. */
  readonly log: boolean;
  /** ipc.server.log.slow.rpc.threshold.ms. */
  readonly thresholdMs: number;
}

export const NO_SLOW_CALLS: SlowCallSettings = { log: false, thresholdMs: 0 };

/** With no more calls than these nothing is known of what is usual. */
const LEAST_CALLS = 1024;
/** Standard deviations above the average. */
const DEVIATIONS = 3;

/** Whether a call that took `ms`, which is in `all` already, is far beyond what they take. */
export function isSlowCall(all: Pick<Timing, 'count' | 'sum' | 'squares'>, ms: number, thresholdMs: number): boolean {
  if (all.count <= LEAST_CALLS || ms <= thresholdMs) return false;
  const mean = all.sum / all.count;
  const variance = Math.max(0, (all.squares - all.sum * mean) / (all.count - 1));
  return ms > mean + DEVIATIONS * Math.sqrt(variance);
}
