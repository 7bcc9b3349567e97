// How long a writer waits before it asks the NameNode again whether the last block is there: pure. DataNodes report a
// block within milliseconds, so the first questions come quickly; later ones at Hadoop's pace, and in all about as many
// seconds pass as Hadoop's client would wait.
import type { ClientSettings } from './settings.ts';

const QUICK_MS = [1, 2, 5, 10, 20, 50, 100, 200];

export type DelaySettings = Pick<
  ClientSettings,
  'locateFollowingBlockRetries' | 'locateFollowingBlockDelayMs' | 'locateFollowingBlockMaxDelayMs'
>;

/** Milliseconds before question `attempt + 1`; undefined: enough asked. */
export function delayAfter(attempt: number, settings: DelaySettings): number | undefined {
  const { locateFollowingBlockRetries, locateFollowingBlockDelayMs, locateFollowingBlockMaxDelayMs } = settings;
  const quick = QUICK_MS[attempt];
  if (quick !== undefined) return Math.min(quick, locateFollowingBlockDelayMs);
  const slow = attempt - QUICK_MS.length;
  if (slow >= locateFollowingBlockRetries) return undefined;
  return Math.min(locateFollowingBlockDelayMs * 2 ** slow, locateFollowingBlockMaxDelayMs);
}
