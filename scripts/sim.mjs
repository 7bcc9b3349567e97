// Bundles the simulator's command line into the cache and runs it: `npm run sim -- --from 1 --seeds 50`. With `--mutant ID` a
// known bug of sim/mutants is in it.
import { readFileSync, rmSync } from 'node:fs';
import { bundle, infect, mutantTable } from './mutant-bundles.mjs';
import { loadSimulator } from './simulator.mjs';

const args = process.argv.slice(2);

async function pluginsFor(id) {
  const table = await mutantTable();
  const mutant = table.MUTANTS.find((each) => each.id === id);
  if (mutant === undefined) throw new Error(`there is no mutant ${id}; npm run sim:mutants -- --list names them`);
  return [infect(mutant, table)];
}

const file = await bundle('sim/main.ts', args.includes('--mutant') ? await pluginsFor(args[args.indexOf('--mutant') + 1]) : []);
const { main } = await loadSimulator(file);
if (!process.env.KEEP) rmSync(file);
// Whoever reads may have seen enough.
process.stdout.on('error', () => process.exit());
process.exitCode = await main(args, {
  line: (text) => process.stdout.write(`${text}\n`),
  nowMs: () => performance.now(),
  freshSeed: Math.floor(Math.random() * 2 ** 40),
  read: (name) => readFileSync(name, 'utf8'),
  onUnhandled: (fn) => {
    process.on('unhandledRejection', fn);
    return () => process.off('unhandledRejection', fn);
  },
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
});
