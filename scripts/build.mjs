// Bundles the program into dist/: one file for the commands, one for the daemons, one for the client library. Start-up then
// loads one file, and a command none of the servers: compiling them takes longer than most commands need.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
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
// What is read before every command, and kept in memory as long as it runs, is made small; names stay, and lines of a usual
// length, for the traces of errors.
const small = { ...common, minifyWhitespace: true, minifySyntax: true, lineLimit: 160 };
await Promise.all([
  build({ ...small, entryPoints: { tuskfs: 'src/cli/main.ts' } }),
  build({ ...small, entryPoints: { daemons: 'src/cli/main-daemons.ts' } }),
  build({ ...common, entryPoints: { client: 'src/client/index.ts' } }),
]);

/** One character beyond Latin 1, be it in a comment, has the engine keep two bytes for each of a text. */
function assertPlainText(file) {
  const at = readFileSync(file).findIndex((byte) => byte > 0x7f);
  if (at >= 0) throw new Error(`${file} has a character that is not ASCII, at byte ${at}: it would take twice the memory`);
}
for (const name of ['tuskfs.mjs', 'daemons.mjs']) assertPlainText(join(fresh, name));

for (const file of readdirSync(fresh)) renameSync(join(fresh, file), join(dist, file));
rmSync(fresh, { recursive: true });
