// `npm run sim -- --from F --seeds N`: plays the runs of these seeds and prints a line for each. The hash of a seed is the
// same in every process. Exits 1 when a promise was broken, and says how to see that seed again.
//
//   --hours H         fresh seeds until so much time is over (--from F: from there)
//   --minutes M       of chaos in each seed (default 5)
//   --scenario S      swarm (all kinds of trouble, the default), power (it fails again and again), short (calm, blackout or
//                     faults, as the seed chooses)
//   --beyond          nothing is spared, more is lost than may be: only that nothing wrong is served is checked
//   --minimize        makes the shape of each failing seed smaller and prints it; `--runs N` at most (default 100)
//   --shape FILE      plays this shape, as printed by a minimiser, instead of what the seed draws
//   --explore W       starts the daemons on every disk that a power cut could leave: format, edits, image ... or all
//                     (explore/index.ts), on `--limit N` disks at most
//   --drill D         one kind of trouble on purpose (drills/), or all of them; `--seeds N` times each
//   --predicates      what is looked at, where and when, and what is not yet; plays nothing
//   --speed           measures how much faster than real time a common load is
//   --trace           every event; --verbose: every line of the daemons' logs

import { SITUATIONS, type Situation } from '../src/base/sometimes.ts';
import { DRILL_NAMES, playDrillNamed } from './drills/index.ts';
import { EXPLORED, exploreNamed, tellExploration } from './explore/index.ts';
import type { Scenario } from './faults.ts';
import { minimize } from './minimize.ts';
import { tellPredicates } from './predicates/table.ts';
import { type RunOptions, type RunResult, runSeed } from './run.ts';
import type { Shape } from './shape.ts';
import { describeSpeed, measureSpeed } from './speed.ts';
import type { Violation } from './violations.ts';

export { useNativeCrc } from '../src/base/crc.ts';

export interface SimOutput {
  readonly line: (text: string) => void;
  readonly nowMs: () => number;
  /** Time of the processor that this process has used. */
  readonly cpuMs: () => number;
  /** A seed that has not been played yet, most likely. */
  readonly freshSeed: number;
  readonly read: (file: string) => string;
  /** Calls `fn` with errors that nobody handles, until the answer is called. */
  readonly onUnhandled: (fn: (error: unknown) => void) => () => void;
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

function describe(result: RunResult): string {
  const { seed, hash, scenario, virtualMs, events, calls, acknowledged, files, reads, bytesWritten, txids, done } = result;
  const faults = [...done.values()].reduce((sum, times) => sum + times, 0);
  return (
    `seed=${seed} hash=${hash} virtual=${(virtualMs / 1000).toFixed(1)}s ops=${calls} acknowledged=${acknowledged} ` +
    `files=${files} reads=${reads} written=${Math.round(bytesWritten / 1024)}KiB txids=${txids} events=${events} ` +
    `scenario=${scenario} faults=${faults}`
  );
}

/** What to know of a run that broke something. */
function explain({ shape, done, failures, violations }: RunResult): string[] {
  const { faults, ...rest } = shape;
  return [
    `made of: ${JSON.stringify(rest)}`,
    ...faults.map((fault) => `fault: ${JSON.stringify(fault)}`),
    `faults: ${[...done].map(([what, times]) => `${what} ${times}`).join(', ')}`,
    `failed calls: ${[...failures].map(([what, times]) => `${what} ${times}`).join(', ')}`,
    ...tellViolations(violations),
  ];
}

/** More of one kind tell nothing new. */
const MOST_TOLD = 3;

function tellViolations(violations: readonly Violation[]): string[] {
  const told = new Map<string, number>();
  const lines: string[] = [];
  for (const { invariant, detail, atMs } of violations) {
    const times = (told.get(invariant) ?? 0) + 1;
    told.set(invariant, times);
    if (times <= MOST_TOLD) lines.push(`BROKEN ${invariant} at ${(atMs / 1000).toFixed(3)} s: ${detail}`);
  }
  return [...lines, `in all: ${[...told].map(([invariant, times]) => `${invariant} ${times}`).join(', ')}`];
}

/** Sums over the seeds of one command. */
class Totals {
  seeds = 0;
  broken: number[] = [];
  virtualMs = 0;
  events = 0;
  private readonly faults = new Map<string, number>();
  private readonly reached = new Map<Situation, number>();

  add(result: RunResult): void {
    this.seeds++;
    if (result.violations.length > 0) this.broken.push(result.seed);
    this.virtualMs += result.virtualMs;
    this.events += result.events;
    for (const situation of result.reached) this.reached.set(situation, (this.reached.get(situation) ?? 0) + 1);
    for (const [kind, times] of result.done) this.faults.set(kind, (this.faults.get(kind) ?? 0) + times);
  }

  lines(cpuMs: number): string[] {
    const { seeds, broken, virtualMs, events, faults, reached } = this;
    const hours = (ms: number): string => (ms / 3_600_000).toFixed(2);
    const times = cpuMs > 0 ? (virtualMs / cpuMs).toFixed(0) : '?';
    return [
      `${seeds} seeds, ${hours(virtualMs)} virtual hours in ${hours(cpuMs)} core hours (${times} times real time), ` +
        `${Math.round(events / Math.max(1, cpuMs / 1000))} events/s, ${broken.length} seeds with violations${broken.length > 0 ? `: ${broken.join(' ')}` : ''}`,
      `faults: ${[...faults].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
      ...SITUATIONS.map((situation) => `sometimes: ${situation}: ${reached.get(situation) ?? 'NEVER'}`),
    ];
  }
}

/** Undefined: a short run of which the seed chooses the kind. */
function scenarioOf(args: readonly string[]): Scenario | undefined {
  const named = oneOf(args, '--scenario', ['calm', 'blackout', 'faults', 'power', 'swarm', 'short']) ?? 'swarm';
  return named === 'short' ? undefined : named;
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

function logTo(args: readonly string[], output: SimOutput): RunOptions['log'] {
  if (!args.includes('--verbose')) return undefined;
  return ({ atMs, node, level, component, message, fields }) =>
    output.line(`  ${atMs.toFixed(1)} ${node} ${level} ${component}: ${message} ${JSON.stringify(fields ?? {})}`);
}

async function drillAll(args: readonly string[], output: SimOutput): Promise<number> {
  const only = oneOf(args, '--drill', [...DRILL_NAMES, 'all' as const]) ?? 'all';
  const from = numberAfter(args, '--from', 1);
  let broken = 0;
  for (const name of only === 'all' ? DRILL_NAMES : [only]) {
    for (let seed = from; seed < from + numberAfter(args, '--seeds', 1); seed++) {
      const began = output.nowMs();
      const violations = await playDrillNamed(name, seed, logTo(args, output));
      const real = ((output.nowMs() - began) / 1000).toFixed(1);
      output.line(`drill=${name} seed=${seed} real=${real}s violations=${violations.length}`);
      for (const line of violations.length > 0 ? tellViolations(violations) : []) output.line(`  ${line}`);
      broken += violations.length;
    }
  }
  return broken === 0 ? 0 : 1;
}

/** Answers the exit code. */
export async function main(args: readonly string[], output: SimOutput): Promise<number> {
  if (args.includes('--speed')) {
    output.line(describeSpeed(await measureSpeed(numberAfter(args, '--seconds', 300), output.cpuMs)));
    return 0;
  }
  if (args.includes('--predicates')) {
    for (const line of tellPredicates()) output.line(line);
    return 0;
  }
  if (args.includes('--explore')) return exploreAll(args, output);
  if (args.includes('--drill')) return drillAll(args, output);
  const hours = valueAfter(args, '--hours');
  const untilMs = hours === undefined ? undefined : output.nowMs() + Number(hours) * 3_600_000;
  // Fresh seeds, unless somebody says from where.
  const from = numberAfter(args, '--from', untilMs === undefined ? 1 : output.freshSeed);
  const seeds = untilMs === undefined ? numberAfter(args, '--seeds', 10) : Number.POSITIVE_INFINITY;
  const shapeFile = valueAfter(args, '--shape');
  const options: Omit<RunOptions, 'seed'> = {
    scenario: scenarioOf(args),
    spanMs: numberAfter(args, '--minutes', 5) * 60_000,
    beyond: args.includes('--beyond'),
    shape: shapeFile === undefined ? undefined : (JSON.parse(output.read(shapeFile)) as Shape),
    trace: args.includes('--trace') ? output.line : undefined,
    log: logTo(args, output),
  };
  const totals = new Totals();
  const cpuMs = output.cpuMs();
  for (let seed = from; seed < from + seeds && (untilMs === undefined || output.nowMs() < untilMs); seed++) {
    const began = output.nowMs();
    const result = await play(seed, options, output);
    totals.add(result);
    const broken = result.violations.length;
    output.line(`${describe(result)} real=${((output.nowMs() - began) / 1000).toFixed(2)}s violations=${broken}`);
    if (broken === 0) continue;
    for (const line of explain(result)) output.line(`  ${line}`);
    const words = args.filter(
      (word, i) => !['--from', '--seeds', '--hours'].some((name) => word === name || args[i - 1] === name),
    );
    if (args.includes('--minimize')) await tellMinimum(result, options, output, numberAfter(args, '--runs', 100));
    output.line(`  again: npm run sim -- --from ${seed} --seeds 1 ${words.join(' ')} --trace --verbose`);
  }
  for (const line of totals.lines(output.cpuMs() - cpuMs)) output.line(line);
  return totals.broken.length === 0 ? 0 : 1;
}

async function tellMinimum(
  first: RunResult,
  options: Omit<RunOptions, 'seed'>,
  output: SimOutput,
  runs: number,
): Promise<void> {
  const again = (shape: Shape): Promise<RunResult> => play(first.seed, { ...options, shape }, output);
  const { shape, result } = await minimize(first, again, runs, (line) => output.line(`  minimizing: ${line}`));
  output.line('  smallest shape that fails, for --shape FILE:');
  output.line(JSON.stringify(shape));
  for (const line of tellViolations(result.violations)) output.line(`  ${line}`);
}

/** A promise that nobody waits for and that fails is a violation of its seed: X2. */
async function play(seed: number, options: Omit<RunOptions, 'seed'>, output: SimOutput): Promise<RunResult> {
  const unhandled: Violation[] = [];
  const stop = output.onUnhandled((error) => {
    unhandled.push({
      invariant: 'X2',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      atMs: 0,
    });
  });
  try {
    const result = await runSeed({ ...options, seed });
    return { ...result, violations: [...result.violations, ...unhandled] };
  } finally {
    stop();
  }
}
