// How a predicate looks on: at a daemon's start, at each disk call with its answer, and at the calls of one object of the
// running system. The system itself knows nothing of it.
import type { DiskFaultAnswer } from '../../src/host/sim/disk.ts';
import type { SimNode } from '../../src/host/sim/index.ts';
import type { Daemon } from '../cluster.ts';

/** Calls `fn` with each server that this daemon starts, once it has started. */
export function onStarted<S extends { stop(): Promise<void> }>(daemon: Daemon<S>, fn: (server: S) => void): void {
  const start = daemon.start.bind(daemon);
  daemon.start = async () => {
    await start();
    const server = daemon.running;
    if (server !== undefined) fn(server);
  };
}

export interface DiskCall {
  readonly operation: string;
  readonly path: string;
}

/** Calls `fn` with each disk call of the daemon's machine and what the fault plan makes of it. */
export function onDisk(
  daemon: { readonly machine: SimNode },
  fn: (call: DiskCall, answer: DiskFaultAnswer | undefined) => void,
): void {
  const before = daemon.machine.diskFault;
  daemon.machine.diskFault = (call) => {
    const answer = before?.(call);
    fn(call, answer);
    return answer;
  };
}

/** Puts `around` about a method of one object; it gets the method itself and what it was called with. */
export function wrap<T extends object, K extends keyof T>(
  object: T,
  name: K,
  around: T[K] extends (...args: infer A) => infer R ? (call: (...args: A) => R, ...args: A) => R : never,
): void {
  const method = (object[name] as (...args: unknown[]) => unknown).bind(object);
  const wrapped = around as (call: (...args: unknown[]) => unknown, ...args: unknown[]) => unknown;
  object[name] = ((...args: unknown[]) => wrapped(method, ...args)) as T[K];
}
