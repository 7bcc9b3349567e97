// Our `hdfs dfs` beside Apache's own, on the same cluster, with the same commands. If this fails, a script written for
// Hadoop's shell would read other text or another exit code from ours.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache, type Finished, runJava } from './apache.ts';
import { runOurs } from './support/cli-shells.ts';
import { MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';
import { SHELL_COMMANDS } from './support/shell-commands.ts';
import { OTHERWISE, SHELL_MISTAKES } from './support/shell-mistakes.ts';
import { randomCommands } from './support/shell-random.ts';

const KEYS = {
  'dfs.replication': '2',
  'dfs.blocksize': '8192',
  'dfs.bytes-per-checksum': '512',
  'fs.trash.interval': '0',
  // One that answers nobody is given up at once.
  'ipc.client.connect.max.retries': '0',
};
const STDIN = 'from stdin\n';
/** Of the random commands; other ones, and more of them: TUSKFS_SEED, TUSKFS_STEPS. */
const SEED = Number(process.env.TUSKFS_SEED ?? 20261129);
const STEPS = Number(process.env.TUSKFS_STEPS ?? 600);
const LIMIT_MS = 600_000;
/** Its toString is that of a Java map of any values. */
const UNKNOWN_CLASS = /^ObjectWritable/;

/** What legitimately differs: times of now, what is logged. */
function comparable(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ /.test(line))
    .map((line) => line.replace(/\b(?!2024)\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b/g, 'TIME'))
    .join('\n');
}

/** Usage and help are in our own words: only the line that names the mistake counts. */
function errors(text: string): string {
  const lines = comparable(text).split('\n');
  const usage = lines.findIndex((line) => line.startsWith('Usage: '));
  return (usage < 0 ? lines : lines.slice(0, usage)).join('\n').trimEnd();
}

/** Where Java writes its log, in the directory that both shells run in. */
const LOG = 'apache.log';

function prepare(directory: string): void {
  for (const name of readdirSync(directory)) if (name !== LOG) rmSync(join(directory, name), { recursive: true });
  mkdirSync(join(directory, 'dir/sub'), { recursive: true });
  writeFileSync(join(directory, 'small'), 'hello\nworld\n');
  writeFileSync(join(directory, 'movable'), 'away\n');
  writeFileSync(join(directory, 'big'), 'x123456789abcdef'.repeat(1024));
  writeFileSync(join(directory, 'é'), 'accent\n');
  writeFileSync(join(directory, 'dir/one'), '1\n');
  writeFileSync(join(directory, 'dir/two'), '2\n');
  writeFileSync(join(directory, 'dir/sub/three'), '3\n');
}

/** Every local file there is, with what is in it. */
function contents(directory: string): readonly string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return names
    .filter((name) => name !== LOG)
    .map((name) => {
      const file = join(directory, name);
      return statSync(file).isDirectory() ? `${name}/` : `${name}: ${readFileSync(file).toString('latin1')}`;
    });
}

/** Free space is never twice the same. */
const withoutSizes = (text: string): string => text.replaceAll(/\d+/g, 'N').replaceAll(/ +/g, ' ');

function shown(line: string, { code, stdout, stderr }: Finished): string {
  if (OTHERWISE.some(([mistake]) => mistake.test(line))) return code === 0 ? 'done' : 'failed';
  const text = line.startsWith('-df') ? withoutSizes(stdout) : comparable(stdout);
  return `exit ${code}\n${text}--- errors\n${errors(stderr)}`;
}

describeWithApache('the shell beside Apache’s', () => {
  let cluster: MixedCluster;
  let apache: Resident;
  let directory: string;
  let local: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-shell-'));
    local = join(directory, 'files');
    mkdirSync(local);
    apache = new Resident(local);
    cluster = await MixedCluster.start({
      directory: join(directory, 'cluster'),
      apache,
      makers: ['apache', 'apache', 'apache'],
      keys: KEYS,
    });
  });
  afterAll(async () => {
    await Promise.allSettled([cluster?.stop(), apache?.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  const apaches = (words: readonly string[]): Promise<Finished> => apache.run(cluster.client, 'dfs', words, { input: STDIN });
  const ours = (words: readonly string[]): Promise<Finished> => runOurs(cluster.client, local, 'dfs', words, { input: STDIN });

  const named = (word: string): string => word.replace('@AUTHORITY', `127.0.0.1:${cluster.basePort}`).replace(/@(?=\/)/, local);
  const wordsOf = (line: string): string[] =>
    line === '' ? [] : line.split(' ').map((word) => named(word).replaceAll('~', ' '));

  /** What is printed by each command, and what is on the local disk at the end. */
  async function transcript(
    lines: readonly (string | readonly string[])[],
    shell: (words: readonly string[]) => Promise<Finished>,
  ): Promise<string[]> {
    prepare(local);
    await shell(['-rm', '-r', '-f', '-skipTrash', '/*']);
    const said: string[] = [];
    for (const each of lines) {
      const [line, words] = typeof each === 'string' ? [each, wordsOf(each)] : [each.join(' '), each.map(named)];
      said.push(`$ ${line}\n${shown(line, await shell(words))}`);
    }
    return [...said, ...contents(local)];
  }

  test('every command gives the same text and exit code', { timeout: LIMIT_MS }, async () => {
    const theirs = await transcript(SHELL_COMMANDS, apaches);
    expect((await transcript(SHELL_COMMANDS, ours)).join('\n\n')).toBe(theirs.join('\n\n'));
  });

  test('put -l asks for what its storage policy then is', async () => {
    prepare(local);
    expect(await ours(['-put', '-f', '-l', join(local, 'small'), '/lazy'])).toEqual({ code: 0, stdout: '', stderr: '' });
    const policy = await apache.run(cluster.client, 'storagepolicies', ['-getStoragePolicy', '-path', '/lazy']);
    expect(policy.stdout).toContain('LAZY_PERSIST');
    expect((await apaches(['-stat', '%r', '/lazy'])).stdout).toBe('1\n');
    expect((await apaches(['-rm', '-skipTrash', '/lazy'])).code).toBe(0);
  });

  test('text shows what Hadoop’s and Avro’s own classes wrote', { timeout: LIMIT_MS }, async () => {
    const samples = join(directory, 'samples');
    mkdirSync(samples);
    const made = await runJava('Samples.java', cluster.client, [samples]);
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    const names = readdirSync(samples).filter((name) => !name.endsWith('.crc'));
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) {
      const words = ['-text', `file://${join(samples, name)}`];
      const [theirs, own] = [await apaches(words), await ours(words)];
      if (UNKNOWN_CLASS.test(name)) expect([own.code, own.stderr]).toEqual([1, expect.stringContaining('ObjectWritable')]);
      else expect(own.stdout === theirs.stdout ? name : `${name}: ${own.stdout.slice(0, 2000)}${own.stderr}`).toBe(name);
    }
  });

  test('random commands on odd names give the same text and exit code', { timeout: LIMIT_MS }, async () => {
    const commands = randomCommands(SEED, STEPS);
    const theirs = await transcript(commands, apaches);
    expect((await transcript(commands, ours)).join('\n\n'), `TUSKFS_SEED=${SEED}`).toBe(theirs.join('\n\n'));
  });

  test('every mistake gives the same error and exit code', { timeout: LIMIT_MS }, async () => {
    const theirs = await transcript(SHELL_MISTAKES, apaches);
    expect((await transcript(SHELL_MISTAKES, ours)).join('\n\n')).toBe(theirs.join('\n\n'));
  });
});
