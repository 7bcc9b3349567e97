// One hunt in a process of its own: `node scripts/hunt.mjs BUNDLE PLAN` plays the seeds of the plan (JSON) on the bundled
// simulator and prints one line of JSON: what the first seed that showed something showed, or null.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [bundle, plan] = process.argv.slice(2);
globalThis.require ??= createRequire(import.meta.url);
process.setSourceMapsEnabled?.(true);
const { hunt } = await import(pathToFileURL(bundle).href);
process.stdout.write(`${JSON.stringify((await hunt(JSON.parse(plan))) ?? null)}\n`);
