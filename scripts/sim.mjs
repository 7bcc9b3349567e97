// Bundles the simulator's command line into the cache and runs it: `npm run sim -- --from 1 --seeds 50`.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'node_modules/.cache/tuskfs');
mkdirSync(directory, { recursive: true });
const file = join(directory, `sim-${process.pid}.mjs`);
await build({
  entryPoints: [join(root, 'sim/main.ts')],
  outfile: file,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.setSourceMapsEnabled?.(true);
globalThis.require ??= createRequire(import.meta.url);
const { main, useNativeCrc } = await import(pathToFileURL(file).href);
const { rmSync } = await import('node:fs');
if (!process.env.KEEP) rmSync(file);
// The sums are the same without it, and later.
try {
  useNativeCrc(createRequire(import.meta.url)('@node-rs/crc32'));
} catch {
  process.stderr.write('no native CRC on this machine: the simulator is slower\n');
}
// Whoever reads may have seen enough.
process.stdout.on('error', () => process.exit());
process.exitCode = await main(process.argv.slice(2), {
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
