// `npm run sim -- --from F --seeds N`: plays the runs of these seeds and prints a line for each. The hash of a seed is the
// same in every process. Exits 1 when a promise was broken, and says how to see that seed again.
//
//   --story chaos     clients that disturb each other, calm, with a blackout or with faults (run.ts); the default
//   --story power     the power cuts of crash.ts, `--rounds N` of them
//   --scenario S      of chaos: calm, blackout or faults, instead of what the seed chooses
//   --explore W       starts the daemons on every disk that a power cut could leave: format, edits, image ... or all
//                     (explore/index.ts), on `--limit N` disks at most
//   --predicates      what is looked at, where and when, and what is not yet; plays nothing
//   --trace           every event; --verbose: every line of the daemons' logs
import type { SimLogLine } from '../src/host/sim/index.ts';
import { crashStory } from './crash.ts';
import { EXPLORED, exploreNamed, tellExploration } from './explore/index.ts';
import type { Scenario } from './faults.ts';
import { tellPredicates } from './predicates/table.ts';
import { type RunResult, runSeed } from './run.ts';
import { describeSpeed, measureSpeed } from './speed.ts';

export { useNativeCrc } from '../src/base/crc.ts';

export interface SimOutput {
  readonly line: (text: string) => void;
  readonly nowMs: () => number;
  /** Time of the processor that this process has used. */
  readonly cpuMs: () => number;
}

/** A seed's line, and what to add when something was broken. */
interface Told {
  readonly line: string;
  readonly broken: readonly string[];
}

interface Listening {
  readonly trace: ((line: string) => void) | undefined;
  readonly log: ((line: SimLogLine) => void) | undefined;
}

function valueAfter(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
}

function numberAfter(args: readonly string[], name: string, otherwise: number): number {
  const text = valueAfter(args, name);
  if (text === undefined && !args.includes(name)) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} needs a whole number, not ${text}`);
  return value;
}

function oneOf<T extends string>(args: readonly string[], name: string, allowed: readonly T[]): T | undefined {
  const text = valueAfter(args, name);
  if (text === undefined && !args.includes(name)) return undefined;
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new Error(`${name} is one of ${allowed.join(', ')}, not ${text}`);
  return found;
}

async function tellPower(seed: number, rounds: number, listening: Listening): Promise<Told> {
  const story = await crashStory({ seed, rounds, ...listening });
  const { hash, acknowledged, files, recovered, virtualMs, violations } = story;
  return {
    line: `seed=${seed} hash=${hash} virtual=${(virtualMs / 1000).toFixed(1)}s acknowledged=${acknowledged} files=${files} recovered=${recovered}`,
    broken: violations.length === 0 ? [] : [...story.steps, ...violations.map((violation) => `BROKEN: ${violation}`)],
  };
}

function describe(result: RunResult): string {
  const { seed, hash, scenario, virtualMs, events, calls, acknowledged, files, reads, bytesWritten, txids, plan } = result;
  const faults = plan.filter(({ kind }) => kind === 'crash' || kind === 'cut').length;
  return (
    `seed=${seed} hash=${hash} virtual=${(virtualMs / 1000).toFixed(1)}s ops=${calls} acknowledged=${acknowledged} ` +
    `files=${files} reads=${reads} written=${Math.round(bytesWritten / 1024)}KiB txids=${txids} events=${events} ` +
    `scenario=${scenario} faults=${faults}`
  );
}

async function tellChaos(seed: number, scenario: Scenario | undefined, listening: Listening): Promise<Told> {
  const result = await runSeed({ seed, scenario, ...listening });
  if (result.violations.length === 0) return { line: describe(result), broken: [] };
  const plan = result.plan.map((fault) => JSON.stringify(fault));
  const failures = [...result.failures].map(([what, times]) => `${what} ${times}`).join(', ');
  const broken = result.violations.map(
    ({ invariant, detail, atMs }) => `BROKEN ${invariant} at ${(atMs / 1000).toFixed(3)} s: ${detail}`,
  );
  return { line: describe(result), broken: [...plan, `failed calls: ${failures}`, ...broken] };
}

async function exploreAll(args: readonly string[], output: SimOutput): Promise<number> {
  const only = oneOf(args, '--explore', [...EXPLORED, 'all']) ?? 'all';
  let broken = 0;
  for (const name of only === 'all' ? EXPLORED : [only]) {
    const began = output.nowMs();
    const exploration = await exploreNamed(name, numberAfter(args, '--limit', 2_000));
    const [line, ...details] = tellExploration(exploration);
    output.line(`${line} real=${((output.nowMs() - began) / 1000).toFixed(1)}s`);
    for (const detail of details) output.line(detail);
    broken += exploration.violations.length;
  }
  return broken === 0 ? 0 : 1;
}

/** Answers the exit code. */
export async function main(args: readonly string[], output: SimOutput): Promise<number> {
  if (args.includes('--predicates')) {
    for (const line of tellPredicates()) output.line(line);
    return 0;
  }
  if (args.includes('--explore')) return exploreAll(args, output);
  const from = numberAfter(args, '--from', 1);
  const seeds = numberAfter(args, '--seeds', 10);
  const rounds = numberAfter(args, '--rounds', 2);
  const story = oneOf(args, '--story', ['chaos', 'power']) ?? 'chaos';
  const scenario = oneOf(args, '--scenario', ['calm', 'blackout', 'faults']);
  const listening: Listening = {
    trace: args.includes('--trace') ? output.line : undefined,
    log: args.includes('--verbose')
      ? ({ atMs, node, level, component, message, fields }) =>
          output.line(`  ${atMs.toFixed(1)} ${node} ${level} ${component}: ${message} ${JSON.stringify(fields ?? {})}`)
      : undefined,
  };
  if (args.includes('--speed')) {
    output.line(describeSpeed(await measureSpeed(numberAfter(args, '--seconds', 300), output.cpuMs)));
    return 0;
  }
  let broken = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const began = output.nowMs();
    const told = await (story === 'power' ? tellPower(seed, rounds, listening) : tellChaos(seed, scenario, listening));
    output.line(
      `${told.line} real=${((output.nowMs() - began) / 1000).toFixed(2)}s violations=${told.broken.length === 0 ? 0 : 'yes'}`,
    );
    if (told.broken.length === 0) continue;
    broken++;
    for (const line of told.broken) output.line(`  ${line}`);
    const only = scenario === undefined ? '' : ` --scenario ${scenario}`;
    output.line(`  again: npm run sim -- --story ${story} --from ${seed} --seeds 1${only} --trace --verbose`);
  }
  return broken === 0 ? 0 : 1;
}
