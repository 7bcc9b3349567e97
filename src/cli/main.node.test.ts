// If these fail, Ctrl-C or SIGTERM does not end a command that waits for what never answers, or one that copies many files at
// once speaks of Node.js in place of files.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { nodeHost } from '../host/node/index.ts';
import { type TestTerminal, testTerminal } from './testing.ts';
import { runTuskfs } from './tuskfs.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The command as a file that runs, built from the sources. */
async function built(directory: string, command: string, entry: string): Promise<string> {
  const outfile = join(directory, `${entry}.mjs`);
  await build({
    stdin: {
      contents: `import { main } from './src/cli/${entry}.ts'; await main('${command}', process.argv.slice(2));`,
      resolveDir: ROOT,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@node-rs/crc32', 'fs-native-extensions'],
    banner: { js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);" },
    logLevel: 'warning',
  });
  return outfile;
}

test.each([
  ['SIGINT', 'main'],
  ['SIGTERM', 'main'],
  ['SIGTERM', 'main-daemons'],
] as const)('a command that waits for a NameNode ends with the first %s (%s)', async (signal, entry) => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-signal-'));
  const outfile = await built(directory, 'hdfs', entry);
  let asked: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  // Takes what comes, and says nothing.
  const silent = createServer((socket) => socket.on('error', () => undefined).once('data', asked));
  const port = await new Promise<number>((resolve) =>
    silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port)),
  );
  const command = spawn(process.execPath, [outfile, 'dfs', '-ls', `hdfs://127.0.0.1:${port}/`], { stdio: 'ignore' });
  try {
    const ended = new Promise((resolve) => command.once('exit', resolve));
    await isAsked;
    command.kill(signal);
    expect(await ended).toBe(130);
  } finally {
    command.kill('SIGKILL');
    silent.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test('many files that are copied at once are copied without a word', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-many-'));
  const files = Array.from({ length: 40 }, (_, i) => `f${i}`.padEnd(4, '_'));
  mkdirSync(join(directory, 'from'));
  mkdirSync(join(directory, 'to'));
  for (const file of files) writeFileSync(join(directory, 'from', file), file.repeat(100_000));
  const terminal = testTerminal(directory);
  const { said, cluster } = await devCluster(terminal);
  try {
    const hdfs = await built(directory, 'hdfs', 'main');
    const { conf } = JSON.parse(said) as { conf: string };
    const run = async (...words: string[]): Promise<string> => {
      const command = spawn(process.execPath, [hdfs, '--config', conf, 'dfs', ...words], { cwd: directory });
      let err = '';
      command.stderr.on('data', (chunk) => (err += chunk));
      const code = await new Promise((resolve) => command.once('close', resolve));
      return `${code} ${err}`;
    };
    expect(await run('-mkdir', '/many')).toBe('0 ');
    expect(await run('-put', '-t', '20', ...files.map((file) => `from/${file}`), '/many')).toBe('0 ');
    expect(await run('-get', '-t', '20', '/many/*', 'to')).toBe('0 ');
    expect(readdirSync(join(directory, 'to')).sort()).toEqual([...files].sort());
    for (const file of files) expect(readFileSync(join(directory, 'to', file), 'utf8')).toBe(file.repeat(100_000));
  } finally {
    terminal.interrupt();
    await cluster;
    rmSync(directory, { recursive: true, force: true });
  }
});

/** A cluster, and what it says when it serves. */
async function devCluster(terminal: TestTerminal) {
  const host = nodeHost({ logLevel: 'error' });
  // Below the range that outgoing connections take their ports from; where one is taken, another run of ports is tried.
  for (let tries = 0; ; tries++) {
    const basePort = String(12_000 + host.random.below(18_000));
    const words = ['dev', '--memory', '--datanodes', '1', '--base-port', basePort];
    let isOver = false;
    const cluster = runTuskfs(() => host, terminal, words).finally(() => {
      isOver = true;
    });
    let said = '';
    while (!isOver && !said.endsWith('\n')) {
      await host.clock.sleep(10);
      said += terminal.stdout.take();
    }
    if (!isOver) return { said, cluster };
    const why = terminal.stderr.take();
    if (!why.includes('is taken') || tries === 5) throw new Error(`the cluster has ended: ${why}`);
  }
}
