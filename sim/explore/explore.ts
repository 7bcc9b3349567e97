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
  /**
   * What was promised at a moment, given what it looks like a packet's way later: an answer that had left by then arrives
   * although the power fails. Without it only what had arrived counts.
   */
  withUnderWay?(then: Promise_, later: Promise_): Promise_;
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

/** What a packet takes. */
const WAY_MS = 0.2;
/** More different disks than this are thinned out evenly as they come. */
const MOST_KEPT = 2_000;
const MOST_VIOLATIONS = 5;

export async function explore<P>(workload: Workload<P>, limit = MOST_KEPT): Promise<Exploration> {
  const known = new Set<string>();
  const contents = new Contents();
  let kept: { readonly state: DiskState; promised: P; readonly number: number }[] = [];
  let every = 1;
  let moments = 0;
  await workload.play((cluster, disk, promised) => {
    const daemon = disk === 'nn' ? cluster.nameNode : cluster.dataNodes[0];
    if (daemon === undefined) throw new Error(`the cluster has no ${disk}`);
    const { scheduler } = cluster.simulation;
    // Every packet takes the same time, so that what arrives within it has left before.
    cluster.simulation.latency = { minMs: WAY_MS, maxMs: WAY_MS, spikeEvery: 1_000_000_000, spikeMs: 0 };
    const look = (): void => {
      moments++;
      const now = promised();
      const fresh: { promised: P }[] = [];
      if (workload.withUnderWay !== undefined) {
        scheduler.after(WAY_MS * 0.99, undefined, 'answers arrive', () => {
          const later = promised();
          for (const each of fresh) each.promised = workload.withUnderWay?.(now, later) ?? now;
        });
      }
      for (const state of crashStates(daemon.machine.disk, known, contents)) {
        const number = known.size;
        if (number % every !== 0) continue;
        const entry = { state, promised: now, number };
        fresh.push(entry);
        kept.push(entry);
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
