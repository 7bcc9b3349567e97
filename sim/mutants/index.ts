// All mutants, and what the runner (scripts/mutants.mjs) needs to judge them.
import { PREDICATES } from '../predicates/table.ts';
import { CLIENT_MUTANTS } from './client.ts';
import { DATANODE_MUTANTS } from './datanode.ts';
import type { Hunt } from './hunt.ts';
import { LOG_MUTANTS } from './log.ts';
import type { Mutant } from './mutant.ts';
import { NAMESPACE_MUTANTS } from './namespace.ts';
import { REDUNDANCY_MUTANTS } from './redundancy.ts';

export { filesOf, mutate } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...LOG_MUTANTS,
  ...NAMESPACE_MUTANTS,
  ...REDUNDANCY_MUTANTS,
  ...DATANODE_MUTANTS,
  ...CLIENT_MUTANTS,
];

/** The hunts of these mutants once each, as long as the longest: without a bug they have to find nothing. */
export function controls(mutants: readonly Mutant[]): Omit<Hunt, 'from'>[] {
  const plans = new Map<string, Omit<Hunt, 'from'>>();
  for (const { story, scenario, drill, workload, seeds } of mutants) {
    const name = `${story} ${scenario} ${drill} ${workload}`;
    plans.set(name, { story, scenario, drill, workload, seeds: Math.max(seeds, plans.get(name)?.seeds ?? 0) });
  }
  return [...plans.values()];
}

/** What the whole table proves of the predicates: those that no mutant trips have never been seen to work. */
export function trusted(tripped: ReadonlyMap<string, number>): string[] {
  const seen = [...tripped].map(([id, times]) => `${id} ${times}`).sort();
  const unseen = PREDICATES.filter(({ id }) => !tripped.has(id)).map(({ id }) => id);
  return [`tripped by a mutant: ${seen.join(', ')}`, `not trusted, as no mutant trips them: ${unseen.join(', ') || 'none'}`];
}
