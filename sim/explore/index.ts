// All workloads of the explorer, by name.
import { closeWorkload, cutWorkload, recoveryWorkload } from './datanode-workloads.ts';
import { type Exploration, explore } from './explore.ts';
import {
  editsWorkload,
  formatWorkload,
  imageWorkload,
  rottenImageWorkload,
  twoDirectoriesWorkload,
} from './namenode-workloads.ts';
import { poolFinalizeWorkload, poolRollbackWorkload, poolUpgradeWorkload } from './pool-workloads.ts';
import { finalizeWorkload, rollbackWorkload, upgradeWorkload } from './upgrade-workloads.ts';

const RUNS: Readonly<Record<string, (limit?: number) => Promise<Exploration>>> = {
  format: (limit) => explore(formatWorkload(), limit),
  edits: (limit) => explore(editsWorkload(), limit),
  image: (limit) => explore(imageWorkload(), limit),
  'rotten-image': (limit) => explore(rottenImageWorkload(), limit),
  'two-directories': (limit) => explore(twoDirectoriesWorkload(), limit),
  finalize: (limit) => explore(closeWorkload(), limit),
  recovery: (limit) => explore(recoveryWorkload(), limit),
  cut: (limit) => explore(cutWorkload(), limit),
  upgrade: (limit) => explore(upgradeWorkload(), limit),
  'upgrade-finalize': (limit) => explore(finalizeWorkload(), limit),
  'upgrade-rollback': (limit) => explore(rollbackWorkload(), limit),
  'pool-upgrade': (limit) => explore(poolUpgradeWorkload(), limit),
  'pool-finalize': (limit) => explore(poolFinalizeWorkload(), limit),
  'pool-rollback': (limit) => explore(poolRollbackWorkload(), limit),
};

export const EXPLORED: readonly string[] = Object.keys(RUNS);

/** Explores one workload, starting on `limit` disks at most. */
export function exploreNamed(name: string, limit?: number): Promise<Exploration> {
  const run = RUNS[name];
  if (run === undefined) throw new Error(`the explorer knows ${EXPLORED.join(', ')}, not ${name}`);
  return run(limit);
}

export function tellExploration({ workload, moments, states, started, violations }: Exploration): string[] {
  const line = `explored ${workload}: ${moments} moments, ${states} disks, started on ${started}, violations ${violations.length}`;
  return [line, ...violations.map(({ invariant, detail, state }) => `  BROKEN ${invariant} on disk ${state}: ${detail}`)];
}
