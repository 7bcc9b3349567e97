// How long a start waits for disks that do not answer, as long as others do.
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../host/host.ts';

export interface Patience {
  /** A volume that takes longer is late: the others go on without it. */
  readonly lateMs: number;
  /** One that takes longer has failed (dfs.datanode.disk.check.timeout). */
  readonly limitMs: number;
}

/** Longer than any disk that works takes for a few small calls; short against the time until a silent node counts as dead. */
export const LATE_MS = 10_000;
/** Everything is waited for. */
export const NO_HURRY: Patience = { lateMs: Number.POSITIVE_INFINITY, limitMs: Number.POSITIVE_INFINITY };

export const notBack = (path: string, { limitMs }: Patience): string => `${path} has not answered in ${limitMs} ms`;

/**
 * Waits until all of `work` has settled; or only for `lateMs` when by then, or later, `enough` have succeeded; but never longer than
 * `limitMs`. Answers what became of each, undefined for what is still under way.
 */
export function settledOrLate<T>(
  clock: Clock | undefined,
  work: readonly Promise<T>[],
  patience: Patience,
  enough: (succeeded: number) => boolean,
): Promise<readonly (PromiseSettledResult<T> | undefined)[]> {
  const outcomes: (PromiseSettledResult<T> | undefined)[] = work.map(() => undefined);
  if (work.length === 0) return Promise.resolve(outcomes);
  return new Promise((resolve) => {
    let left = work.length;
    let succeeded = 0;
    let late = false;
    const timers = [
      [
        patience.lateMs,
        () => {
          late = true;
          look();
        },
      ] as const,
      [patience.limitMs, () => done()] as const,
    ].flatMap(([ms, then]) => {
      if (!Number.isFinite(ms)) return [];
      assert(clock !== undefined, 'patience takes a clock');
      return [clock.setTimer(ms, then)];
    });
    const done = (): void => {
      for (const timer of timers) timer.cancel();
      resolve([...outcomes]);
    };
    const look = (): void => {
      if (left === 0 || (late && enough(succeeded))) done();
    };
    work.forEach((each, i) => {
      each.then(
        (value) => {
          outcomes[i] = { status: 'fulfilled', value };
          succeeded++;
          left--;
          look();
        },
        (reason: unknown) => {
          outcomes[i] = { status: 'rejected', reason };
          left--;
          look();
        },
      );
    });
  });
}
