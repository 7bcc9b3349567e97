// The crash-state explorer: plays a short workload, takes down what may be on a disk after a power cut at each of its disk
// calls, and starts the daemon on each of these disks. What had been acknowledged by then has to be there, what was not may
// be, and nothing else.
import type { SimCluster } from '../cluster.ts';
import { onDisk } from '../predicates/hooks.ts';
import type { Violation } from '../violations.ts';
import { Contents, crashStates, type DiskState } from './states.ts';

/** A workload, what it promised at a moment, and what a start on a disk has to show. */
export interface Workload<Promise_> {
  readonly name: string;
  /** Plays it; `record` is called once the interesting part begins. */
  play(record: (cluster: SimCluster, disk: 'nn' | 'dn0', promised: () => Promise_) => void): Promise<void>;
  /** What a start shows that it may not. */
  judge(state: DiskState, promised: Promise_): Promise<readonly Found[]>;
}

export type Found = Pick<Violation, 'invariant' | 'detail'>;

export interface Exploration {
  readonly workload: string;
  /** Disk calls of the run. */
  readonly moments: number;
  /** Different disks that could be left. */
  readonly states: number;
  /** Of them, how many were started on. */
  readonly started: number;
  readonly violations: readonly (Found & { readonly state: number })[];
}

/** More different disks than this are thinned out evenly as they come. */
const MOST_KEPT = 2_000;
const MOST_VIOLATIONS = 5;

export async function explore<P>(workload: Workload<P>, limit = MOST_KEPT): Promise<Exploration> {
  const known = new Set<string>();
  const contents = new Contents();
  let kept: { readonly state: DiskState; readonly promised: P; readonly number: number }[] = [];
  let every = 1;
  let moments = 0;
  await workload.play((cluster, disk, promised) => {
    const daemon = disk === 'nn' ? cluster.nameNode : cluster.dataNodes[0];
    if (daemon === undefined) throw new Error(`the cluster has no ${disk}`);
    const look = (): void => {
      moments++;
      const now = promised();
      for (const state of crashStates(daemon.machine.disk, known, contents)) {
        const number = known.size;
        if (number % every !== 0) continue;
        kept.push({ state, promised: now, number });
        if (kept.length < 2 * limit) continue;
        every *= 2;
        kept = kept.filter((each) => each.number % every === 0);
      }
    };
    onDisk(daemon, ({ operation }) => {
      if (operation !== 'read' && operation !== 'stat' && operation !== 'readdir' && operation !== 'statfs') look();
    });
  });
  const step = Math.max(1, Math.ceil(kept.length / limit));
  const chosen = kept.filter((_, index) => index % step === 0);
  const violations: (Found & { readonly state: number })[] = [];
  let started = 0;
  for (const { state, promised, number } of chosen) {
    started++;
    for (const found of await workload.judge(state, promised)) violations.push({ ...found, state: number });
    if (violations.length >= MOST_VIOLATIONS) break;
  }
  return { workload: workload.name, moments, states: known.size, started, violations };
}
