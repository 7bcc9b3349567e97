// What the comparisons share: options, where the tools are, running programs and clusters, and measuring in turns.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOurs } from './our-cluster.mjs';

export const root = join(fileURLToPath(import.meta.url), '../..');
export const ourHdfs = join(root, 'bin/hdfs');
export const ourTuskfs = join(root, 'bin/tuskfs');

// -------------------------------------------------------------------------------------------------------------- options

export function word(name, fallback) {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : process.argv[index + 1];
}

export const option = (name, fallback) => Number(word(name, fallback));
export const flag = (name) => process.argv.includes(`--${name}`);

/** Beside whom we are measured; nobody unless asked for. */
export const againstApache = word('against') === 'apache';
/** A few rows in a few minutes. */
export const short = flag('short');
export const pairs = option('pairs', short ? 3 : 5);
export const basePort = option('base-port', 31000);

/** Where a comparison tool lies; undefined: on this machine there are none. */
export function toolIfThere(path) {
  const tools = process.env.TUSKFS_BENCH_TOOLS;
  if (tools === undefined) return undefined;
  const full = join(tools, path);
  if (!existsSync(full)) throw new Error(`${full} does not exist; is TUSKFS_BENCH_TOOLS right?`);
  return full;
}

export function tool(path) {
  const full = toolIfThere(path);
  if (full !== undefined) return full;
  console.error('Set TUSKFS_BENCH_TOOLS to the directory of the comparison tools (see bench/README.md).');
  process.exit(2);
}

// ------------------------------------------------------------------------------------------------------------- programs

const scratchDirectories = [];
process.on('exit', () => {
  for (const dir of scratchDirectories) rmSync(dir, { recursive: true, force: true });
});

/** An empty directory, which goes when this program ends. */
export function scratch(name) {
  const dir = mkdtempSync(join(tmpdir(), `tuskfs-bench-${name}-`));
  scratchDirectories.push(dir);
  return dir;
}

/** Runs a program to its end; throws with its output when it fails. Answers its standard output. */
export function run(file, args, env = {}) {
  const result = spawnSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28 });
  if (result.status !== 0)
    throw new Error(`${file} ${args.join(' ')} exited with ${result.status}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

/** The same without holding up what goes on here meanwhile. */
export async function runBeside(file, args) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let answer = '';
  child.stdout.on('data', (text) => (answer += text));
  child.stderr.on('data', (text) => (said += text));
  const forget = endWithUs(() => child.kill());
  const code = await new Promise((resolve) => child.on('close', resolve));
  forget();
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${code}\n${answer}\n${said}`);
  return answer;
}

/** The neutral load generator, built into `dir`; undefined where the comparison tools are not there. */
export function nnloadIn(dir) {
  const source = toolIfThere('nnload');
  if (source === undefined) return undefined;
  const built = join(dir, 'nnload');
  run('go', ['build', '-C', source, '-o', built, '.']);
  return built;
}

/** Milliseconds that a program takes. */
export function timed(file, args, env) {
  const start = performance.now();
  run(file, args, env);
  return performance.now() - start;
}

/** Starts a program and waits until its output matches; answers how to end it. */
export async function start(file, args, ready, env = {}) {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let seen = '';
  await new Promise((resolve, reject) => {
    const look = (chunk) => {
      seen += chunk;
      if (ready.test(seen)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', (code) => reject(new Error(`${file} ${args.join(' ')} ended with ${code} before it was ready\n${seen}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      forget();
      child.removeAllListeners('exit');
      child.on('exit', resolve);
      child.kill('SIGTERM');
    });
  const forget = endWithUs(stop);
  return { pid: child.pid, stop };
}

/** What must not outlive this program; `forget` when it is gone. */
const running = new Set();
export function endWithUs(stop) {
  running.add(stop);
  return () => running.delete(stop);
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    for (const stop of running) await stop();
    process.exit(1);
  });
}

export const userName = () => run('id', ['-un']).trim();

// ------------------------------------------------------------------------------------------------------------- clusters

/** Ours, and Apache's before it where it is measured too. */
export function chosenSystems(dir) {
  const ours = { name: 'tuskfs', port: basePort, env: { HDFS: ourHdfs }, dir: join(dir, 'tuskfs') };
  const apache = { name: 'apache', port: basePort + 60, env: {}, dir: join(dir, 'apache') };
  return againstApache ? [apache, ours] : [ours];
}

/**
 * Starts the clusters, which take the same keys, and ends them after `body`. Each system gets `address` and `client`, its
 * clients' configuration; `pid(role)` is a daemon's. Without the comparison tools ours are started by a script of ours.
 */
export async function withClusters(systems, { datanodes = 3, keys = [] }, body) {
  const cluster = toolIfThere('apache/bin/cluster');
  const stops = [];
  const forget = endWithUs(async () => {
    for (const stop of stops) await stop();
  });
  try {
    for (const system of systems) {
      system.address = `127.0.0.1:${system.port}`;
      system.client = join(system.dir, 'client');
      system.pid = (role) => Number(readFileSync(join(system.dir, 'pids', role), 'utf8'));
      if (cluster === undefined) {
        stops.push(await startOurs({ hdfs: ourHdfs, dir: system.dir, port: system.port, datanodes, keys }));
        continue;
      }
      stops.push(() => run(cluster, ['stop', system.dir], system.env));
      const args = ['--base-port', String(system.port), '--datanodes', String(datanodes), ...keys];
      run(cluster, ['start', system.dir, ...args], system.env);
    }
    return await body(systems);
  } finally {
    forget();
    for (const stop of stops) await stop();
  }
}

// ------------------------------------------------------------------------------------------------------------ measuring

export function report(line) {
  console.log(JSON.stringify(line));
}

/**
 * Measures the systems in turns, A B A B, and reports what came out for each figure: its row of the table, its name and unit,
 * whether more or less of it is better, and the ratios to Apache that it must and should have.
 */
export async function measure(systems, name, figures, once, times = pairs) {
  const runs = Object.fromEntries(systems.map((system) => [system.name, []]));
  for (let pair = 0; pair < times; pair++) {
    for (const system of systems) {
      runs[system.name].push(await once(system, pair));
      // Most runs wait for a program without looking up: here a signal is heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const { of, ...figure } of figures) {
    // What one of them has no figure of, as Apache has none of our turns, is ours alone.
    const known = (results) => results.map(of).filter((value) => value !== undefined);
    const values = Object.fromEntries(Object.entries(runs).map(([system, results]) => [system, known(results)]));
    report({ name, ...figure, ...values });
  }
}
