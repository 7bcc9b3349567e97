// Bundles of the simulator, with a known bug of sim/mutants in them or none.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const root = join(import.meta.dirname, '..');
const directory = join(root, 'node_modules/.cache/tuskfs');
mkdirSync(directory, { recursive: true });
globalThis.require ??= createRequire(import.meta.url);
let bundles = 0;

/** The file of a bundle of `entry`, which the caller deletes. */
export async function bundle(entry, plugins = []) {
  const outfile = join(directory, `sim-${process.pid}-${++bundles}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    // Lines of the code itself are in the checkout: with them, the map is most of what a process reads at its start.
    sourcesContent: false,
    logLevel: 'warning',
    plugins,
  });
  return outfile;
}

/** What sim/mutants/index.ts exports. */
export async function mutantTable() {
  const file = await bundle('sim/mutants/index.ts');
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(file);
  }
}

/** Hands esbuild the mutant's files with the bug in them. */
export const infect = (mutant, { filesOf, mutate }) => ({
  name: `mutant ${mutant.id}`,
  setup(builder) {
    const missing = new Map(filesOf(mutant).map((file) => [join(root, file), file]));
    const files = new Map(missing);
    builder.onLoad({ filter: /\.ts$/ }, (args) => {
      const file = files.get(args.path);
      if (file === undefined) return undefined;
      missing.delete(args.path);
      return { contents: mutate(mutant, readFileSync(args.path, 'utf8'), file), loader: 'ts' };
    });
    builder.onEnd(() => {
      if (missing.size > 0) throw new Error(`mutant ${mutant.id}: the simulator does not contain ${[...missing.values()]}`);
    });
  },
});
