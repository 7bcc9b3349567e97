// If this failed, `tuskfs dev --memory` would not start from nothing, or would leave data behind in memory.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runTuskfs } from '../tuskfs.ts';

const host = nodeHost({ logLevel: 'error' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-memory-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Ready {
  readonly event: string;
  readonly uri: string;
  readonly conf: string;
  readonly data: string;
  readonly datanodes: readonly unknown[];
}

/** Starts a cluster that keeps nothing, uses it and stops it; answers what it said when it was ready. */
async function lifetime(use: (ready: Ready) => Promise<void>): Promise<Ready> {
  // Below the range that outgoing connections take their ports from; where one is taken, another run of ports is tried.
  for (let tries = 0; ; tries++) {
    const terminal = testTerminal(directory);
    const basePort = String(12_000 + host.random.below(20_000));
    const words = ['dev', '--memory', '--datanodes', '1', '--base-port', basePort];
    let over = false;
    const running = runTuskfs(() => host, terminal, words).finally(() => {
      over = true;
    });
    let said = '';
    while (!over && !said.endsWith('\n')) {
      said += terminal.stdout.take();
      await host.clock.sleep(5);
    }
    if (said === '') {
      const code = await running;
      const why = terminal.stderr.take();
      if (!why.includes('is taken') || tries === 5) throw new Error(`ended with ${code}: ${why}`);
      continue;
    }
    const ready = JSON.parse(said) as Ready;
    try {
      await use(ready);
    } finally {
      terminal.interrupt();
    }
    expect(await running).toBe(0);
    return ready;
  }
}

const tuskfs = (conf: string, ...args: string[]) => command('--config', conf, ...args);

async function command(...words: string[]) {
  const terminal = testTerminal(directory);
  const code = await runTuskfs(() => host, terminal, words);
  return { code, out: terminal.stdout.take(), err: terminal.stderr.take() };
}

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** What was removed is found by the path it had, and brought back. */
async function inTheTrash(conf: string): Promise<void> {
  await tuskfs(conf, 'mkdir', '-p', '/t/sub/deep');
  for (const file of ['/t/a', '/t/sub/b', '/t/sub/deep/c']) await tuskfs(conf, 'put', 'part', file);
  expect(lines((await tuskfs(conf, 'rm', '-n', '-r', '/t/sub/deep')).out)).toEqual([{ path: '/t/sub/deep', dryRun: true }]);
  expect(await tuskfs(conf, 'rm', '-n', '/t/sub')).toMatchObject({ code: 1 });
  const [removed] = lines((await tuskfs(conf, 'rm', '/t/a')).out) as { trashPath: string }[];
  expect(await tuskfs(conf, 'rm', '-r', '/t/sub/deep')).toMatchObject({ code: 0 });
  const ls = async (...words: string[]) => lines((await tuskfs(conf, 'trash', 'ls', ...words)).out) as { path: string }[];
  // The directories above what was removed are there still, and were not removed themselves.
  expect(await ls()).toEqual([
    { path: '/t/a', trashPath: removed?.trashPath, type: 'file', size: 7 },
    expect.objectContaining({ path: '/t/sub/deep', type: 'directory' }),
  ]);
  expect((await ls('/t/sub')).map(({ path }) => path)).toEqual(['/t/sub/deep']);
  expect((await tuskfs(conf, '--no-json', 'trash', 'ls')).out).toContain('/t/sub/deep/');
  // By the path it had, by that in the trash, at another place, and only in words.
  expect(lines((await tuskfs(conf, 'trash', 'restore', '-n', '/t/a')).out)).toMatchObject([{ path: '/t/a', dryRun: true }]);
  expect(await tuskfs(conf, 'trash', 'restore', removed?.trashPath ?? '')).toMatchObject({ code: 0, err: '' });
  expect(await tuskfs(conf, 'cat', '/t/a')).toMatchObject({ out: 'a line\n' });
  expect(await tuskfs(conf, 'trash', 'restore', '/t/sub/deep', '--to', '/else/where')).toMatchObject({ code: 0 });
  expect(await tuskfs(conf, 'cat', '/else/where/c')).toMatchObject({ code: 0 });
  expect(await tuskfs(conf, 'trash', 'restore', '/t/never')).toMatchObject({ code: 3 });
  await tuskfs(conf, 'rm', '/t/a');
  await tuskfs(conf, 'put', 'part', '/t/a');
  expect(await tuskfs(conf, 'trash', 'restore', '/t/a')).toMatchObject({ code: 1, err: expect.stringContaining('--to') });
  // Nobody is there to be asked.
  expect(await tuskfs(conf, 'trash', 'empty')).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
  expect(lines((await tuskfs(conf, 'trash', 'empty', '-n')).out)).toHaveLength(1);
  expect(lines((await tuskfs(conf, 'trash', 'empty', '--yes')).out)).toHaveLength(1);
  expect(await ls()).toEqual([]);
  expect(await tuskfs(conf, 'trash', 'dance')).toMatchObject({ code: 2 });
}

/** A key is explained with the place where it is set; an unknown one with the nearest. */
async function explained(conf: string): Promise<void> {
  const explain = async (...words: string[]) => {
    const { code, out } = await tuskfs(conf, ...words);
    return [code, ...lines(out)];
  };
  const [code, key] = await explain('config', 'explain', 'fs.default.name');
  expect([code, key]).toEqual([
    0,
    expect.objectContaining({
      key: 'fs.defaultFS',
      asked: 'fs.default.name',
      source: expect.stringMatching(/core-site\.xml:\d+$/),
      default: 'file:///',
      type: 'string',
      known: true,
    }),
  ]);
  expect(await explain('config', 'explain', 'dfs.replicaton')).toEqual([
    3,
    { key: 'dfs.replicaton', known: false, nearest: 'dfs.replication' },
  ]);
  const all = await explain('-D', 'dfs.replicaton=2', 'config', 'explain');
  expect(all[1]).toEqual({
    key: 'dfs.replicaton',
    value: '2',
    source: 'command line',
    known: false,
    nearest: 'dfs.replication',
  });
  expect((await tuskfs(conf, '--no-json', 'config', 'explain', 'dfs.replication')).out).toMatch(/\n {2}meaning +\S/);
}

test('a cluster in memory stores files, and nothing of it is left at its end', async () => {
  const first = await lifetime(async ({ event, uri, conf, data, datanodes }) => {
    expect(event).toBe('ready');
    expect(datanodes).toHaveLength(1);
    expect(existsSync(data)).toBe(true);
    expect(await tuskfs(conf, 'mkdir', '/kept')).toMatchObject({ code: 0, err: '' });
    expect(await tuskfs(conf, 'stat', '/kept')).toMatchObject({ code: 0 });
    // A path may say itself in which cluster it lies; one of another cluster is not looked for in this one.
    expect(await command('stat', `${uri}/kept`)).toMatchObject({ code: 0, err: '' });
    expect(await command('ls', `${uri}/ke*`, `${uri}/`)).toMatchObject({ code: 0, err: '' });
    const elsewhere = await command('rm', '-r', `${uri}/kept`, 'hdfs://localhost:1/kept');
    expect(elsewhere).toMatchObject({ code: 2, out: '' });
    expect(elsewhere.err).toContain('Wrong FS: hdfs://localhost:1/kept');
    // Whatever cluster the configuration names.
    expect(await tuskfs(conf, 'rm', '-r', 'hdfs://localhost:1/kept')).toMatchObject({ code: 5, out: '' });
    // What is added goes to the end, and what is cut off is gone.
    writeFileSync(join(directory, 'part'), 'a line\n');
    expect(await tuskfs(conf, 'append', 'part', 'part', '/kept/lines')).toMatchObject({ code: 0, err: '' });
    expect(await tuskfs(conf, 'cat', '/kept/lines')).toMatchObject({ code: 0, out: 'a line\na line\n' });
    expect(await tuskfs(conf, 'truncate', '9', '/kept/lines')).toMatchObject({ code: 0, err: '' });
    expect(await tuskfs(conf, 'cat', '/kept/lines')).toMatchObject({ code: 0, out: 'a line\na ' });
    expect(await tuskfs(conf, 'append', 'part', '/kept/lines')).toMatchObject({ code: 0 });
    expect(await tuskfs(conf, 'cat', '/kept/lines')).toMatchObject({ code: 0, out: 'a line\na a line\n' });
    expect(await tuskfs(conf, 'append', 'absent', '/kept/lines')).toMatchObject({ code: 3 });
    expect(await tuskfs(conf, 'truncate', '-1', '/kept/lines')).toMatchObject({ code: 2 });
    await inTheTrash(conf);
    await explained(conf);
    const found = await tuskfs(conf, 'doctor', '--path', '/kept/lines');
    expect([found.code, found.err]).toEqual([0, '']);
    expect(lines(found.out)).toContainEqual({ area: 'path', state: 'ok', what: '/kept/lines can be read' });
  });
  expect(existsSync(join(first.data, '..'))).toBe(false);
  const second = await lifetime(async ({ conf }) => {
    expect(await tuskfs(conf, 'stat', '/kept')).toMatchObject({ code: 3 });
  });
  expect(second.data).not.toBe(first.data);
  expect(existsSync(join(second.data, '..'))).toBe(false);
  // Nor in the place where a cluster that stays has its data.
  expect(existsSync(join(directory, '.tuskfs'))).toBe(false);
});
