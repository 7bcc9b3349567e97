// Plays seeds until one shows something wrong: run in a process of its own, with a mutant inside or none.

import { playDrillNamed } from '../drills/index.ts';
import type { Found } from '../explore/explore.ts';
import { exploreNamed } from '../explore/index.ts';
import { runSeed } from '../run.ts';
import type { Mutant, Story } from './mutant.ts';

export { useNativeCrc } from '../../src/base/crc.ts';

/** Chaos of a swarm: a known bug needs no long one. */
const SWARM_MS = 60_000;
/** On so many disks of a workload the explorer starts. */
const DISKS = 150;

export interface Hunt {
  readonly story: Story;
  readonly scenario?: Mutant['scenario'];
  readonly drill?: Mutant['drill'];
  readonly workload?: string | undefined;
  readonly from: number;
  readonly seeds: number;
}

export interface Finding {
  readonly seed: number;
  /** All predicates that tripped in that seed, the first to trip first. */
  readonly invariants: readonly string[];
  readonly detail: string;
}

async function violationsOf(hunt: Hunt, seed: number): Promise<readonly Found[]> {
  switch (hunt.story) {
    case 'explore':
      return (await exploreNamed(hunt.workload ?? '', DISKS)).violations;
    case 'drill':
      if (hunt.drill === undefined) throw new Error('a drill without a name');
      return (await playDrillNamed(hunt.drill, seed)).violations;
    case 'chaos':
      return (await runSeed({ seed, scenario: hunt.scenario, spanMs: SWARM_MS })).violations;
  }
}

async function playOne(hunt: Hunt, seed: number): Promise<Finding | undefined> {
  const violations = await violationsOf(hunt, seed);
  const [first] = violations;
  if (first === undefined) return undefined;
  return { seed, invariants: [...new Set(violations.map(({ invariant }) => invariant))], detail: first.detail };
}

/** What the first seed that shows something shows; undefined when all are well. */
export async function hunt(plan: Hunt): Promise<Finding | undefined> {
  for (let seed = plan.from; seed < plan.from + plan.seeds; seed++) {
    const found = await playOne(plan, seed);
    if (found !== undefined) return found;
  }
  return undefined;
}
