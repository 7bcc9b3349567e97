// A known bug, put back into the product as a small change of one source text while the simulator is bundled: the product
// itself knows nothing of it. A text that is no longer there, or there twice, is an error, so that no mutant dies unseen.

import type { DrillName } from '../drills/index.ts';

export type Story = 'chaos' | 'drill' | 'explore';

export interface Mutant {
  readonly id: string;
  /** What goes wrong, as its victim would say it; Apache's name for the bug where it had one. */
  readonly what: string;
  /** From the root of the project. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** A second change, where one alone is caught by the code itself; in the same file, or in another. */
  readonly also?: { readonly file?: string; readonly find: string; readonly replace: string };
  readonly story: Story;
  /** Of the chaos story: what is done to the cluster. */
  readonly scenario?: 'calm' | 'blackout' | 'faults' | 'power' | 'swarm';
  /** Of the drills: which. */
  readonly drill?: DrillName;
  /** Of the explorer: which workload. */
  readonly workload?: string;
  /** Seeds that may be played until it is found. */
  readonly seeds: number;
  /** Predicates of which one has to trip. */
  readonly trips: readonly string[];
}

export const filesOf = ({ file, also }: Mutant): readonly string[] =>
  also?.file === undefined || also.file === file ? [file] : [file, also.file];

/** The text of one of the mutant's files with the bug in it. Throws when the mutant does not apply. */
export function mutate(mutant: Mutant, text: string, file = mutant.file): string {
  const { id, find, replace, also } = mutant;
  const once = file === mutant.file ? change(id, file, { find, replace }, text) : text;
  return also !== undefined && (also.file ?? mutant.file) === file ? change(id, file, also, once) : once;
}

function change(id: string, file: string, { find, replace }: NonNullable<Mutant['also']>, text: string): string {
  const at = text.indexOf(find);
  if (at < 0) throw new Error(`mutant ${id}: its text is no longer in ${file}`);
  if (text.indexOf(find, at + 1) >= 0) throw new Error(`mutant ${id}: its text is in ${file} more than once`);
  if (find === replace) throw new Error(`mutant ${id} changes nothing`);
  return text.slice(0, at) + replace + text.slice(at + find.length);
}
