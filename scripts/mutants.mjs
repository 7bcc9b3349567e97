// `npm run sim:mutants`: puts each known bug of sim/mutants back into the product, one at a time and only in a bundle of the
// simulator, and plays its plan until a predicate trips. The product without any bug plays the same plans first, and where
// that trips something nothing else is played: an alarm that is always on tells nothing. Prints a line for each and exits 1
// when one is not found, or not by any of the predicates that it is there for.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { bundle, infect, mutantTable, root } from './mutant-bundles.mjs';

const table = await mutantTable();
const { MUTANTS, controls, trusted } = table;

function play(file, plan, budgetMs) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts/hunt.mjs'), file, JSON.stringify(plan)], { cwd: root });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-4000);
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, budgetMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (late) resolve({ kind: 'late' });
      // The bug broke the process itself, which no run of a sound product does.
      else if (code !== 0) resolve({ kind: 'found', finding: { seed: '?', invariants: ['X2'], detail: errors.trim() } });
      else {
        const finding = JSON.parse(out.trim().split('\n').at(-1));
        resolve(finding === null ? { kind: 'missed' } : { kind: 'found', finding });
      }
    });
  });
}

function positive(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a positive whole number is expected');
  return value;
}

function idsOf(text) {
  const ids = text.split(',');
  for (const id of ids)
    if (!MUTANTS.some((mutant) => mutant.id === id)) throw new InvalidArgumentError(`there is no mutant ${id}`);
  return ids;
}

const {
  only,
  list,
  jobs,
  budget,
  control: withControl,
} = new Command('npm run sim:mutants --')
  .description('Puts each known bug back, one at a time, and plays its plan until a predicate trips.')
  .option('--only <ids>', 'these mutants, divided by commas', idsOf)
  .option('--list', 'names them and ends')
  .option('--jobs <count>', 'so many at a time', positive, 1)
  .option('--budget <seconds>', 'that one may take', positive, 240)
  .option('--no-control', 'leaves out the product without a bug')
  .parse()
  .opts();
const chosen = MUTANTS.filter(({ id }) => only === undefined || only.includes(id));
if (list) {
  for (const { id, what } of chosen) console.log(`${id}: ${what}`);
  process.exit(0);
}
const budgetMs = budget * 1000;
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);
const shorten = (text) => text.split('\n')[0].slice(0, 160);

let bad = 0;
const tripped = new Map();
async function examine(mutant) {
  const began = performance.now();
  let file;
  try {
    file = await bundle('sim/mutants/hunt.ts', [infect(mutant, table)]);
  } catch (error) {
    // The others are hunted all the same.
    bad++;
    console.log(`GONE ${mutant.id} (${mutant.what}): ${shorten(error.message)}`);
    return;
  }
  try {
    const result = await play(file, { ...mutant, from: 1 }, budgetMs);
    if (result.kind !== 'found') {
      bad++;
      const why = result.kind === 'late' ? `not within ${budgetMs / 1000} s` : `not within ${mutant.seeds} seeds`;
      console.log(`MISSED ${mutant.id} (${mutant.what}): ${why} [${seconds(began)} s]`);
      return;
    }
    const { seed, invariants, detail } = result.finding;
    for (const id of invariants) tripped.set(id, (tripped.get(id) ?? 0) + 1);
    const isExpected = mutant.trips.some((id) => invariants.includes(id));
    if (!isExpected) bad++;
    const how = isExpected ? 'found' : 'OTHERWISE';
    const expected = isExpected ? '' : ` (${mutant.trips.join('/')} expected)`;
    console.log(
      `${how} ${mutant.id} (${mutant.what}): ${invariants.join(' ')}${expected} in seed ${seed} [${seconds(began)} s] ${shorten(detail)}`,
    );
  } finally {
    rmSync(file, { force: true });
  }
}

async function control() {
  const file = await bundle('sim/mutants/hunt.ts');
  try {
    for (const plan of controls(chosen)) {
      const began = performance.now();
      const result = await play(file, { ...plan, from: 1 }, 8 * budgetMs);
      const name = [plan.story, plan.scenario, plan.drill, plan.workload].filter((part) => part !== undefined).join(' ');
      if (result.kind === 'missed') {
        console.log(`sound: ${plan.seeds} seeds of ${name} without a bug trip nothing [${seconds(began)} s]`);
        continue;
      }
      bad++;
      const { finding } = result;
      const detail =
        finding === undefined ? 'no end' : `${finding.invariants.join(' ')} in seed ${finding.seed}: ${finding.detail}`;
      console.log(`UNSOUND: ${name} without a bug: ${detail}`);
    }
  } finally {
    rmSync(file, { force: true });
  }
}

const began = performance.now();
if (withControl) await control();
if (bad > 0) {
  console.log('the product itself is not sound in these plans: no mutant is hunted');
} else {
  const queue = [...chosen];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) await examine(mutant);
    }),
  );
  if (only === undefined) for (const line of trusted(tripped)) console.log(line);
  console.log(`${chosen.length} mutants, ${bad === 0 ? 'all found' : `${bad} not found`}, ${seconds(began)} s`);
}
process.exitCode = bad === 0 ? 0 : 1;
