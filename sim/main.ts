// `npm run sim -- --from F --seeds N`: plays the runs of these seeds and prints a line for each. The hash of a seed is the
// same in every process. Exits 1 when a promise was broken, and says how to see that seed again.
// `--help` tells the options.

import { CommanderError } from 'commander';
import { DRILL_NAMES, type DrillName, playDrillNamed } from './drills/index.ts';
import { EXPLORED, exploreNamed, tellExploration } from './explore/index.ts';
import { minimize } from './minimize.ts';
import { parseSimOptions, type SimOptions } from './options.ts';
import { tellPredicates } from './predicates/table.ts';
import { type RunOptions, type RunResult, runSeed } from './run.ts';
import type { Shape } from './shape.ts';
import { describeSpeed, FILE_BYTES, measureSpeed } from './speed.ts';
import { Marks, Totals } from './totals.ts';
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

async function exploreAll({ explore, limit }: SimOptions, output: SimOutput): Promise<number> {
  let broken = 0;
  for (const name of explore === undefined || explore === 'all' ? EXPLORED : [explore]) {
    const began = output.nowMs();
    const exploration = await exploreNamed(name, limit);
    const [line, ...details] = tellExploration(exploration);
    output.line(`${line} real=${((output.nowMs() - began) / 1000).toFixed(1)}s`);
    for (const detail of details) output.line(detail);
    broken += exploration.violations.length;
  }
  return broken === 0 ? 0 : 1;
}

function logTo({ verbose }: SimOptions, output: SimOutput): RunOptions['log'] {
  if (verbose !== true) return undefined;
  return ({ atMs, node, level, component, message, fields }) =>
    output.line(`  ${atMs.toFixed(1)} ${node} ${level} ${component}: ${message} ${JSON.stringify(fields ?? {})}`);
}

/** Plays drills, tells what each shows, and adds what they reach to the marks. Answers how many violations there were. */
async function playDrills(
  names: readonly DrillName[],
  seeds: readonly number[],
  marks: Marks,
  options: SimOptions,
  output: SimOutput,
): Promise<number> {
  let broken = 0;
  for (const name of names) {
    for (const seed of seeds) {
      const began = output.nowMs();
      const { violations, reached } = await watched(output, () => playDrillNamed(name, seed, logTo(options, output)));
      marks.add(reached);
      const real = ((output.nowMs() - began) / 1000).toFixed(1);
      output.line(`drill=${name} seed=${seed} real=${real}s violations=${violations.length}`);
      for (const line of violations.length > 0 ? tellViolations(violations) : []) output.line(`  ${line}`);
      broken += violations.length;
    }
  }
  return broken;
}

async function drillAll(options: SimOptions, output: SimOutput): Promise<number> {
  const { drill, from = 1, seeds = 1 } = options;
  const names = drill === undefined || drill === 'all' ? DRILL_NAMES : [drill];
  const marks = new Marks();
  const played = Array.from({ length: seeds }, (_, i) => from + i);
  const broken = await playDrills(names, played, marks, options, output);
  for (const line of marks.lines()) output.line(line);
  return broken === 0 ? 0 : 1;
}

/** Answers the exit code. */
export async function main(args: readonly string[], output: SimOutput): Promise<number> {
  let options: SimOptions;
  try {
    options = parseSimOptions(args, (text) => output.line(text.trimEnd()));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  if (options.speed === true) {
    for (const bytes of FILE_BYTES) output.line(describeSpeed(await measureSpeed(options.seconds, bytes, output.cpuMs)));
    return 0;
  }
  if (options.predicates === true) {
    for (const line of tellPredicates()) output.line(line);
    return 0;
  }
  if (options.explore !== undefined) return exploreAll(options, output);
  if (options.drill !== undefined) return drillAll(options, output);
  return playAll(options, args, output);
}

async function playAll(options: SimOptions, args: readonly string[], output: SimOutput): Promise<number> {
  const { hours, scenario, shape, trace } = options;
  const untilMs = hours === undefined ? undefined : output.nowMs() + hours * 3_600_000;
  // Fresh seeds, unless somebody says from where.
  const from = options.from ?? (untilMs === undefined ? 1 : output.freshSeed);
  const seeds = options.seeds ?? (untilMs === undefined ? 10 : Number.POSITIVE_INFINITY);
  const run: Omit<RunOptions, 'seed'> = {
    // Undefined: a short run of which the seed chooses the kind.
    scenario: scenario === 'short' ? undefined : scenario,
    spanMs: options.minutes * 60_000,
    beyond: options.beyond === true,
    shape: shape === undefined ? undefined : (JSON.parse(output.read(shape)) as Shape),
    trace: trace === true ? output.line : undefined,
    log: logTo(options, output),
  };
  const totals = new Totals();
  const cpuMs = output.cpuMs();
  for (let seed = from; seed < from + seeds && (untilMs === undefined || output.nowMs() < untilMs); seed++) {
    const began = output.nowMs();
    const result = await play(seed, run, output);
    totals.add(result);
    const broken = result.violations.length;
    output.line(`${describe(result)} real=${((output.nowMs() - began) / 1000).toFixed(2)}s violations=${broken}`);
    if (broken === 0) continue;
    for (const line of explain(result)) output.line(`  ${line}`);
    if (options.minimize === true) await tellMinimum(result, run, output, options.runs);
    const words = args.filter(
      (word, i) => !['--from', '--seeds', '--hours'].some((name) => word === name || args[i - 1] === name),
    );
    output.line(`  again: ${['npm run sim -- --from', seed, '--seeds 1', ...words, '--trace --verbose'].join(' ')}`);
  }
  const usedMs = output.cpuMs() - cpuMs;
  const drilled = options.drills === true ? await playDrills(DRILL_NAMES, [1], totals.marks, options, output) : 0;
  for (const line of [...totals.lines(usedMs), ...totals.marks.lines()]) output.line(line);
  return totals.broken.length === 0 && drilled === 0 ? 0 : 1;
}

async function tellMinimum(
  first: RunResult,
  options: Omit<RunOptions, 'seed'>,
  output: SimOutput,
  runs: number,
): Promise<void> {
  const again = (shape: Shape, seed: number): Promise<RunResult> => play(seed, { ...options, shape }, output);
  const { shape, result } = await minimize(first, again, runs, (line) => output.line(`  minimizing: ${line}`));
  output.line(`  smallest shape that fails, for --from ${result.seed} --seeds 1 --shape FILE:`);
  output.line(JSON.stringify(shape));
  for (const line of tellViolations(result.violations)) output.line(`  ${line}`);
}

function play(seed: number, options: Omit<RunOptions, 'seed'>, output: SimOutput): Promise<RunResult> {
  return watched(output, () => runSeed({ ...options, seed }));
}

/** A promise that nobody waits for and that fails is a violation of what was played: X2. */
async function watched<R extends { readonly violations: readonly Violation[] }>(
  output: SimOutput,
  fn: () => Promise<R>,
): Promise<R> {
  const unhandled: Violation[] = [];
  const stop = output.onUnhandled((error) => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    unhandled.push({ invariant: 'X2', detail, atMs: 0 });
  });
  try {
    const result = await fn();
    return { ...result, violations: [...result.violations, ...unhandled] };
  } finally {
    stop();
  }
}
