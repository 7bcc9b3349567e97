// How long somebody waits while others work: a process that asks a NameNode for the root's status all the time, and another
// that does the same with a server that has nothing else to do, which says what the machine itself is to blame for.
import { spawn } from 'node:child_process';
import { connect, createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const me = fileURLToPath(import.meta.url);
const root = join(me, '../..');

/** Calls `once` again and again, and tells of the waits since it was asked last, in milliseconds, whenever a line comes in. */
async function measureWaits(once) {
  let waits = [];
  process.stdin.on('data', () => {
    waits.sort((a, b) => a - b);
    const quantile = (share) => waits[Math.floor(waits.length * share)] ?? 0;
    const seen = { longest: waits.at(-1) ?? 0, p50: quantile(0.5), p99: quantile(0.99), count: waits.length };
    process.stdout.write(`${JSON.stringify(seen)}\n`);
    waits = [];
  });
  process.stdin.on('end', () => process.exit(0));
  for (;;) {
    const start = performance.now();
    await once();
    waits.push(performance.now() - start);
    await pause(1);
  }
}

async function ping(uri) {
  const client = await import('../dist/client.mjs');
  const hdfs = await client.connect(uri);
  await hdfs.stat('/');
  await measureWaits(() => hdfs.stat('/'));
}

async function control(port) {
  const socket = createConnection(port, '127.0.0.1');
  await measureWaits(
    () =>
      new Promise((resolve) => {
        socket.once('data', resolve);
        socket.write('x');
      }),
  );
}

/** A process that runs `file` in one of its modes; `take` asks for what it has seen since it was asked last. */
export function asker(file, args, env = {}) {
  const started = spawn(process.execPath, [file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  let waiting;
  started.stdout.on('data', (line) => waiting?.(JSON.parse(line)));
  return {
    take: () =>
      new Promise((resolve) => {
        waiting = resolve;
        started.stdin.write('\n');
      }),
    stop: () => started.kill(),
  };
}

/**
 * Watches the NameNode and the machine; `take` answers the longest waits at both since the last time, and quantiles of those at
 * the NameNode, in milliseconds.
 */
export async function watchWaits(address) {
  // Who is connected is killed in the end.
  const idle = createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => idle.once('listening', resolve));
  const pings = asker(me, ['ping', `hdfs://${address}`]);
  const controls = asker(me, ['control', String(idle.address().port)]);
  return {
    async take() {
      const [waits, unavoidable] = await Promise.all([pings.take(), controls.take()]);
      return {
        ...waits,
        control: unavoidable.longest,
        beyond: Math.max(0, waits.longest - unavoidable.longest),
      };
    },
    stop() {
      pings.stop();
      controls.stop();
      idle.close();
    },
  };
}

/** Has a process of ours watch the turns of its main thread (turns.mjs), and tell them at a socket. */
export const turnsWatched = (socket) => ({
  NODE_OPTIONS: `--import ${join(root, 'bench/turns.mjs')}`,
  TUSKFS_BENCH_TURNS: socket,
  // The module loader's own threads start before the command can ask for more.
  UV_THREADPOOL_SIZE: '128',
});

/** The longest turn since this was asked last, in milliseconds of its CPU time. */
export function longestTurn(socket) {
  return new Promise((resolve, reject) => {
    let said = '';
    connect(socket)
      .on('data', (text) => (said += text))
      .on('end', () => resolve(JSON.parse(said).longest[0]?.ms ?? 0))
      .on('error', reject);
  });
}

if (process.argv[1] === me) {
  const [mode, target] = process.argv.slice(2);
  if (mode === 'ping') await ping(target);
  else await control(Number(target));
}
