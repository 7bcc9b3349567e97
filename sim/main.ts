// `npm run sim -- --from F --seeds N [--verbose]`: plays the power cuts of these seeds and prints a line for each. The
// hash of a seed is the same in every process. Exits 1 when a promise was broken.
import { crashStory } from './crash.ts';

export interface SimOutput {
  readonly line: (text: string) => void;
  readonly nowMs: () => number;
}

function numberAfter(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(name);
  if (at < 0) return otherwise;
  const value = Number(args[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} needs a whole number, not ${args[at + 1]}`);
  return value;
}

/** Answers the exit code. */
export async function main(args: readonly string[], output: SimOutput): Promise<number> {
  const from = numberAfter(args, '--from', 1);
  const seeds = numberAfter(args, '--seeds', 10);
  const rounds = numberAfter(args, '--rounds', 2);
  const verbose = args.includes('--verbose');
  let broken = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const began = output.nowMs();
    const story = await crashStory({
      seed,
      rounds,
      trace: args.includes('--trace') ? output.line : undefined,
      log: verbose
        ? ({ atMs, node, level, component, message, fields }) =>
            output.line(`  ${atMs.toFixed(1)} ${node} ${level} ${component}: ${message} ${JSON.stringify(fields ?? {})}`)
        : undefined,
    });
    const { hash, acknowledged, files, recovered, virtualMs, violations } = story;
    output.line(
      `seed=${seed} hash=${hash} acknowledged=${acknowledged} files=${files} recovered=${recovered} ` +
        `virtual=${Math.round(virtualMs)}ms took=${Math.round(output.nowMs() - began)}ms violations=${violations.length}`,
    );
    if (violations.length === 0) continue;
    broken++;
    for (const step of story.steps) output.line(`  ${step}`);
    for (const violation of violations) output.line(`  BROKEN: ${violation}`);
  }
  return broken === 0 ? 0 : 1;
}
