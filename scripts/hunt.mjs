// One hunt in a process of its own: `node scripts/hunt.mjs BUNDLE PLAN` plays the seeds of the plan (JSON) on the bundled
// simulator and prints one line of JSON: what the first seed that showed something showed, or null.
import { loadSimulator } from './simulator.mjs';

const [bundle, plan] = process.argv.slice(2);
const { hunt } = await loadSimulator(bundle);
process.stdout.write(`${JSON.stringify((await hunt(JSON.parse(plan))) ?? null)}\n`);
