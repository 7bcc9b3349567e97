// What an RPC server measures of the calls that it answers.
import type { Timing } from '../base/timing.ts';

/** How long the calls of a method take. */
export interface MethodTimings {
  /** From its begin until its answer may leave. */
  readonly processing: Timing;
  /** From its arrival on. */
  readonly overall: Timing;
}

/** What calls cost; read by metrics. */
export interface RpcMeasures {
  receivedBytes: number;
  sentBytes: number;
  /** From a call's arrival until it is begun. */
  readonly queue: Timing;
  /** From there until its answer may leave. */
  readonly processing: Timing;
}
