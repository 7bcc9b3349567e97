// The whole comparison: runs the programs beside this file, one after the other, and shows what they report as one table.
//
//   npm run bench                          ours alone
//   npm run bench -- --against apache      beside Apache's, in turns; needs the comparison tools (bench/README.md)
//   npm run bench -- --short               five rows in three minutes
//
// --only metadata,start: some of the programs. --pairs N, --seconds S and the like go to them. --json FILE keeps everything,
// --add FILES takes what earlier runs kept along, where this one has not measured it, --write puts the table into BENCHMARKS.md and
// its figures into figures.json, with those there that were not measured anew.
// --noisy TEXT says what else ran on the machine meanwhile. Times never make it fail.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { againstApache, flag, option, root, short, toolIfThere, word } from './common.mjs';
import { machine } from './machine.mjs';
import { page } from './page.mjs';
import { programs, rows } from './rows.mjs';
import { table } from './table.mjs';

/** What BENCHMARKS.md was written from, so that it can be made row by row. */
const FIGURES = join(root, 'bench/figures.json');

/** What shows the most in little time, and needs nothing that is not here. */
const SHORT = ['metadata', 'client', 'start'];
/** Programs that Apache's client or nnload drive, for both systems. */
const NEED_TOOLS = ['apache-client', 'data', 'under-load'];

/** What takes a quarter of an hour and more: only beside Apache's, or when asked for. */
const LONG = ['many-blocks', 'dead-datanode', 'growth', 'disk-blocks'];

/** Of this file and of the programs, each of which passes over those that are not its own. */
const OPTIONS =
  'add against base-port blocks connections edits files json keep lookups mib no-memory nodes noisy only ops own-stamps pairs ' +
  'per-directory per-file port repeat seconds short sizes storages sync-on-close systems wait warmup write writers';

const unknown = process.argv.find((each) => each.startsWith('-') && !OPTIONS.split(' ').includes(each.slice(2)));
if (unknown !== undefined) {
  const asksForHelp = ['--help', '-h'].includes(unknown);
  const say = asksForHelp ? console.log : console.error;
  if (!asksForHelp) say(`${unknown} is not an option.`);
  say(`Options, of which bench/README.md says what they do: --${OPTIONS.replaceAll(' ', ' --')}`);
  process.exit(asksForHelp ? 0 : 2);
}

const asked = word('only')
  ?.split(',')
  .filter((program) => program !== '');
const hasTools = toolIfThere('nnload') !== undefined;
if (againstApache && !hasTools) {
  console.error('--against apache needs the comparison tools: set TUSKFS_BENCH_TOOLS (see bench/README.md).');
  process.exit(2);
}

let isCutOff = false;

/** Measurements of one program, read line by line as they are made. */
function measured(program) {
  const child = spawn(process.execPath, [join(root, 'bench', `${program}.mjs`), ...process.argv.slice(2)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop();
    for (const line of parts.filter((each) => each.startsWith('{'))) {
      const measurement = { ...JSON.parse(line), on: new Date().toISOString().slice(0, 10) };
      lines.push(measurement);
      console.error(table([measurement], { head: false }));
    }
  });
  // Cut off, it ends what it has started, and what was measured so far is kept.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      isCutOff = true;
      child.kill(signal);
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ lines, failure: code === 0 ? undefined : `${program} ended with ${code}` }));
  });
}

const usual = againstApache ? programs : programs.filter((program) => !LONG.includes(program));
const chosen = (asked ?? (short ? SHORT : usual)).filter((program) => hasTools || !NEED_TOOLS.includes(program));
const began = new Date();
const measurements = [];
const failures = [];
for (const program of chosen) {
  if (isCutOff) break;
  const { lines, failure } = await measured(program);
  measurements.push(...lines);
  if (failure !== undefined) failures.push(failure);
}

/** Of the same figure. */
const same = (a) => (b) => a.row === b.row && a.name === b.name && a.figure === b.figure;
const earlier = [...(word('add')?.split(',') ?? []), ...(flag('write') ? [FIGURES] : [])];
for (const file of earlier.filter((each) => existsSync(each))) {
  const { measurements: kept } = JSON.parse(readFileSync(file, 'utf8'));
  measurements.push(...kept.filter((each) => !measurements.some(same(each))));
}

/** The words that made the figures what they are; not where they were put. */
const shown = process.argv.slice(2).filter((each, i, all) => {
  const isAside = (option) => ['--json', '--add', '--noisy'].includes(option);
  return !isAside(each) && !isAside(all[i - 1]) && each !== '--write';
});

/** Nothing is run: the table is made of what earlier runs kept. */
const isPutTogether = asked?.length === 0;
const built = (row) => row.program !== undefined;
const missing = rows.filter((row) => !built(row));
const skipped = rows.filter((row) => built(row) && !measurements.some((each) => each.row === row.number));
const result = {
  began: began.toISOString(),
  minutes: Math.round((Date.now() - began.getTime()) / 60_000),
  command: isPutTogether
    ? 'npm run bench -- --against apache --only PROGRAM, one after the other'
    : ['npm run bench', ...(shown.length > 0 ? ['--', ...shown] : [])].join(' '),
  version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  noisy: word('noisy'),
  warmupSeconds: option('warmup', 20),
  machine: machine(),
  measurements,
  failures,
  notMeasured: [...new Set(skipped.map(({ number }) => number))],
  notBuilt: missing.map(({ number }) => number),
};
console.log(table(measurements, { head: true }));
if (skipped.length > 0) console.log(`Not measured in this run: rows ${result.notMeasured.join(', ')}.`);
if (missing.length > 0) console.log(`Not built yet: rows ${result.notBuilt.join(', ')}.`);
for (const failure of failures) console.log(`Failed: ${failure}.`);
const json = word('json');
if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, undefined, 1)}\n`);
if (flag('write')) {
  writeFileSync(join(root, 'BENCHMARKS.md'), page(result));
  writeFileSync(FIGURES, `${JSON.stringify({ measurements }, undefined, 1)}\n`);
}
