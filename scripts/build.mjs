// Bundles the program into dist/: one file for the commands, one for the daemons, one for the client library. Start-up then
// loads one file, and a command none of the servers: compiling them takes longer than most commands need.
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(fileURLToPath(import.meta.url), '../..');
const dist = join(root, 'dist');
// Made beside it and moved over at the end: who starts a command meanwhile gets the old one, never none or half of one.
const fresh = join(dist, `.build-${process.pid}`);
mkdirSync(fresh, { recursive: true });

const common = {
  absWorkingDir: root,
  outdir: fresh,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  legalComments: 'none',
  // Native bindings: found at run time beside the package.
  external: ['@node-rs/crc32', 'fs-native-extensions'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};
await Promise.all([
  // What is read before every command is made small; names stay, for the traces of errors.
  build({ ...common, entryPoints: { tuskfs: 'src/cli/main.ts' }, minifyWhitespace: true, minifySyntax: true }),
  build({ ...common, entryPoints: { daemons: 'src/cli/main-daemons.ts', client: 'src/client/index.ts' } }),
]);

for (const file of readdirSync(fresh)) renameSync(join(fresh, file), join(dist, file));
rmSync(fresh, { recursive: true });
