// One directory of a million files, on both NameNodes from the same image: how long other clients wait while it is listed,
// summed up, moved, changed, saved, viewed and deleted. A second process asks for the root's status all the time; a third
// does the same with a server that has nothing else to do, and says what the machine itself is to blame for. Of our own NameNode
// the longest turn of the main thread is told as well, in CPU time (turns.mjs): that holds on a busy machine too.
//
//   node bench/big-directory.mjs [--files 1000000] [--systems tuskfs,apache] [--ops list,du,...] [--keep DIR]
//
// With --keep the image is made once and found again by the next run.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { option, ourHdfs, report, root, run, scratch, tool, word } from './common.mjs';
import { FIRST_DIRECTORY, OWNER } from './image.mjs';
import { asker, watchWaits } from './waits.mjs';

const DIRECTORY = FIRST_DIRECTORY;
const MOVED = '/data/moved';
const me = fileURLToPath(import.meta.url);

/** Makes and removes directories in the large one, so that no count of it sees it at rest. */
async function disturb(uri) {
  const { connect } = await import('../dist/client.mjs');
  const hdfs = await connect(uri);
  for (;;) {
    await hdfs.mkdir(`${DIRECTORY}/disturbed`);
    await hdfs.rm(`${DIRECTORY}/disturbed`, { recursive: true, skipTrash: true });
    await pause(1);
  }
}

const memoryOf = (pid, field) => {
  try {
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

/** Runs a program to its end: seconds, and the most memory it was seen to have. */
function measured(file, args, env = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const started = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let peak = 0;
    let said = '';
    started.stderr.on('data', (text) => (said += text));
    const look = setInterval(() => {
      peak = Math.max(peak, memoryOf(started.pid, 'VmHWM'));
    }, 100);
    started.on('exit', (code) => {
      clearInterval(look);
      if (code !== 0) reject(new Error(`${file} ${args.join(' ')} exited with ${code}\n${said}`));
      else resolve({ seconds: (performance.now() - start) / 1000, client_mib: Math.round(peak) });
    });
  });
}

function configure(dir, port) {
  const conf = join(dir, 'conf');
  run(tool('apache/bin/conf'), [
    conf,
    `fs.defaultFS=hdfs://127.0.0.1:${port}`,
    `dfs.namenode.http-address=127.0.0.1:${port + 1}`,
    `dfs.namenode.name.dir=file://${dir}/name`,
    'fs.trash.interval=1440',
    'dfs.namenode.safemode.threshold-pct=0',
    'dfs.namenode.safemode.extension=0',
  ]);
  return conf;
}

const turnsSocket = (dir) => join(dir, 'turns.sock');

/** The longest turns of our NameNode since this was asked last; nothing for Apache's. */
function takeTurns(system) {
  if (system.name === 'apache') return {};
  return new Promise((resolve, reject) => {
    let said = '';
    connect(turnsSocket(system.dir))
      .on('data', (text) => (said += text))
      .on('end', () => {
        const { longest, collectionMs } = JSON.parse(said);
        resolve({
          turn_ms: longest[0]?.ms ?? 0,
          turns: longest.map(({ ms, atMs }) => `${ms}@${atMs}`),
          collection_ms: collectionMs,
        });
      })
      .on('error', reject);
  });
}

async function namenode(system, dir) {
  const watch = {
    NODE_OPTIONS: `--import ${join(root, 'bench/turns.mjs')} ${process.env.BENCH_NODE_OPTIONS ?? ''}`,
    TUSKFS_BENCH_TURNS: turnsSocket(dir),
    // The module loader's own threads start before the command can ask for more.
    UV_THREADPOOL_SIZE: '128',
  };
  const log = openSync(join(dir, 'namenode.log'), 'a');
  const started = spawn(system.hdfs, ['--config', system.conf, 'namenode'], {
    stdio: ['ignore', log, log],
    env: { ...process.env, HADOOP_LOG_DIR: dir, HDFS_OPTS: '-Xmx2g', ...(system.name === 'apache' ? {} : watch) },
  });
  for (let tries = 0; ; tries++) {
    await pause(500);
    if (started.exitCode !== null) throw new Error(`${system.name}: see ${dir}/namenode.log`);
    try {
      await measured(ourHdfs, ['--config', system.conf, 'dfs', '-test', '-d', DIRECTORY]);
      return started;
    } catch (error) {
      if (tries > 200) throw error;
    }
  }
}

const dfs = (...args) => ({ args: ['dfs', ...args], user: OWNER });
const OPS = {
  idle: undefined,
  list: [dfs('-ls', '-R', DIRECTORY)],
  du: [dfs('-du', '-s', DIRECTORY)],
  'du-disturbed': [dfs('-du', '-s', DIRECTORY)],
  count: [dfs('-count', '-q', DIRECTORY)],
  find: [dfs('-find', DIRECTORY, '-name', 'part-00000')],
  chmod: [dfs('-chmod', '-R', 'g+w', DIRECTORY)],
  chown: [{ args: ['dfs', '-chown', '-R', `${OWNER}:others`, DIRECTORY] }],
  rename: [dfs('-mv', DIRECTORY, MOVED), dfs('-mv', MOVED, DIRECTORY)],
  setrep: [dfs('-setrep', '-R', '2', DIRECTORY)],
  save: [
    { args: ['dfsadmin', '-safemode', 'enter'] },
    { args: ['dfsadmin', '-saveNamespace'] },
    { args: ['dfsadmin', '-safemode', 'leave'] },
  ],
  oiv: 'oiv',
  trash: [dfs('-rm', '-r', DIRECTORY), dfs('-mv', `/user/${OWNER}/.Trash/Current${DIRECTORY}`, DIRECTORY)],
  delete: [dfs('-rm', '-r', '-skipTrash', DIRECTORY)],
};

/** Time that is left to what goes on behind an answer. */
const AFTER_MS = { delete: 10_000, idle: 5_000 };

async function perform(op, system) {
  const steps = OPS[op];
  let seconds = 0;
  let client = 0;
  const take = async (file, args, env) => {
    const result = await measured(file, args, env);
    seconds += result.seconds;
    client = Math.max(client, result.client_mib);
  };
  if (steps === 'oiv') {
    const current = join(system.dir, 'name/current');
    const image = readdirSync(current)
      .filter((file) => /^fsimage_\d+$/.test(file))
      .sort()
      .at(-1);
    await take(system.hdfs, ['oiv', '-p', 'XML', '-i', join(current, image), '-o', join(system.dir, 'image.xml')]);
  } else {
    for (const { args, user } of steps ?? []) {
      await take(ourHdfs, ['--config', system.conf, ...args], user === undefined ? {} : { HADOOP_USER_NAME: user });
    }
  }
  await pause(AFTER_MS[op] ?? 0);
  return { seconds: Number(seconds.toFixed(1)), client_mib: client };
}

async function measure(system, ops) {
  const process_ = await namenode(system, system.dir);
  report({ bench: 'big-directory', system: system.name, op: 'start', ...(await takeTurns(system)) });
  const address = `127.0.0.1:${system.port}`;
  const waits = await watchWaits(address);
  // A JVM answers its first thousand calls slowly.
  await pause(5_000);
  try {
    for (const op of ops) {
      const disturber = op.endsWith('-disturbed')
        ? asker(me, ['disturb', `hdfs://${address}`], { HADOOP_USER_NAME: OWNER })
        : undefined;
      await Promise.all([waits.take(), takeTurns(system)]);
      const done = await perform(op, system);
      const [{ longest, control, beyond, count }, turns] = await Promise.all([waits.take(), takeTurns(system)]);
      disturber?.stop();
      report({
        bench: 'big-directory',
        system: system.name,
        op,
        ...done,
        longest_ms: Math.round(longest),
        control_ms: Math.round(control),
        beyond_ms: Math.round(beyond),
        ...turns,
        pings: count,
        namenode_mib: Math.round(memoryOf(process_.pid, 'VmRSS')),
        namenode_peak_mib: Math.round(memoryOf(process_.pid, 'VmHWM')),
      });
    }
  } finally {
    waits.stop();
    process_.kill();
    await new Promise((resolve) => process_.once('exit', resolve));
  }
}

async function main() {
  const files = option('files', 1_000_000);
  const port = option('port', 31000);
  const ops = word('ops', Object.keys(OPS).join(',')).split(',');
  const kept = word('keep', undefined);
  const base = kept ?? scratch('big-directory');
  const made = join(base, `image-${files}`);
  mkdirSync(made, { recursive: true });
  if (!existsSync(join(made, 'done'))) {
    const conf = configure(made, port);
    run(ourHdfs, ['--config', conf, 'namenode', '-format', '-force']);
    const image = join(root, 'bench/image.mjs');
    run(process.execPath, [image, join(made, 'name'), files, 1, '--per-directory', files].map(String));
    writeFileSync(join(made, 'done'), '');
  }
  for (const name of word('systems', 'apache,tuskfs').split(',')) {
    const dir = join(base, name);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    run('cp', ['-a', join(made, 'name'), join(dir, 'name')]);
    const hdfs = name === 'apache' ? tool('apache/bin/hdfs') : ourHdfs;
    await measure({ name, dir, port, hdfs, conf: configure(dir, port) }, ops);
    rmSync(dir, { recursive: true, force: true });
  }
}

const [mode, target] = process.argv.slice(2);
if (mode === 'disturb') await disturb(target);
else await main();
