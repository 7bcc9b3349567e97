// If this fails, Ctrl-C or SIGTERM does not end a command that waits for what never answers.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

test.each([
  ['SIGINT', 'main'],
  ['SIGTERM', 'main'],
  ['SIGTERM', 'main-daemons'],
] as const)('a command that waits for a NameNode ends with the first %s (%s)', async (signal, entry) => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-signal-'));
  const outfile = join(directory, 'commands.mjs');
  await build({
    stdin: {
      contents: `import { main } from './src/cli/${entry}.ts'; await main('hdfs', process.argv.slice(2));`,
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
