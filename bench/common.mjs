// What the comparisons share: where the tools are, running programs, small statistics.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(fileURLToPath(import.meta.url), '../..');
export const ourHdfs = join(root, 'bin/hdfs');
export const ourTuskfs = join(root, 'bin/tuskfs');

export function tool(path) {
  const tools = process.env.TUSKFS_BENCH_TOOLS;
  if (tools === undefined) {
    console.error('Set TUSKFS_BENCH_TOOLS to the directory of the comparison tools (see bench/README.md).');
    process.exit(2);
  }
  const full = join(tools, path);
  if (!existsSync(full)) {
    console.error(`${full} does not exist; is TUSKFS_BENCH_TOOLS right?`);
    process.exit(2);
  }
  return full;
}

export function option(name, fallback) {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}

export function scratch(name) {
  const dir = mkdtempSync(join(tmpdir(), `tuskfs-bench-${name}-`));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs a program to its end; throws with its output when it fails. Answers its standard output. */
export function run(file, args, env = {}) {
  const result = spawnSync(file, args, { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28 });
  if (result.status !== 0)
    throw new Error(`${file} ${args.join(' ')} exited with ${result.status}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
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
  return {
    pid: child.pid,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit');
        child.on('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function report(line) {
  console.log(JSON.stringify(line));
}
