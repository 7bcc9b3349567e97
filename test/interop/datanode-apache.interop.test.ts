// Our DataNodes in Apache's cluster, beside Apache's own. If this fails, an operator cannot swap one of their DataNodes for
// ours, or blocks that passed through ours are lost, differ, or do not verify.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const tools = process.env.APACHE_TOOLS ?? resolve(import.meta.dirname, '../../../shared/tools/apache/bin');
const available = existsSync(join(tools, 'cluster'));
const BASE_PORT = '26000';

describe.skipIf(!available)('our DataNodes under an Apache NameNode', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-datanode-'));
  const cluster = join(directory, 'cluster');
  const ours = join(directory, 'hdfs');
  const env = { ...process.env, HADOOP_ROOT_LOGGER: 'ERROR,console', NN_OPTS: '-Xmx512m', DN_OPTS: '-Xmx300m' };
  const content = randomBytes(9_000_001);

  const hdfs = async (...args: string[]): Promise<Buffer> => {
    const options = { env, maxBuffer: 64 * 1024 * 1024, encoding: 'buffer' as const };
    return (await run(join(tools, 'hdfs'), ['--config', join(cluster, 'client'), ...args], options)).stdout;
  };
  const swap = async (role: string, command?: string): Promise<void> => {
    process.kill(Number(readFileSync(join(cluster, 'pids', role), 'utf8')), 'SIGKILL');
    const swapped = command === undefined ? env : { ...env, [`HDFS_${role}`]: command };
    await run(join(tools, 'cluster'), ['launch', cluster, role], { env: swapped });
    // The NameNode takes the node for alive all the time: what tells is a block on every one of the three.
    for (let tries = 0; ; tries++) {
      try {
        await hdfs('dfs', '-put', '-f', join(directory, 'probe'), '/probe');
        if (/Live_repl=3/.test(String(await hdfs('fsck', '/probe', '-files', '-blocks')))) return;
      } catch (error) {
        if (tries > 10) throw error;
      }
      if (tries > 20) throw new Error(`${role} does not take blocks`);
    }
  };

  beforeAll(async () => {
    const outfile = resolve(import.meta.dirname, '../../node_modules/.cache/tuskfs/datanode.mjs');
    mkdirSync(resolve(outfile, '..'), { recursive: true });
    await build({
      entryPoints: [resolve(import.meta.dirname, 'support/datanode-main.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      outfile,
      logLevel: 'warning',
    });
    writeFileSync(ours, `#!/bin/sh\nexec '${process.execPath}' '${outfile}' "$@"\n`);
    chmodSync(ours, 0o755);
    writeFileSync(join(directory, 'content'), content);
    writeFileSync(join(directory, 'probe'), 'x');
    const args = ['start', cluster, '--datanodes', '3', '--base-port', BASE_PORT];
    await run(join(tools, 'cluster'), args, { env: { ...env, HDFS_dn1: ours, HDFS_dn2: ours } });
  });

  afterAll(async () => {
    if (existsSync(cluster)) await run(join(tools, 'cluster'), ['stop', cluster]);
    rmSync(directory, { recursive: true, force: true });
  });

  test('pipelines in every order store what was given, and reads give it back', async () => {
    const source = join(directory, 'content');
    await hdfs('dfs', '-Ddfs.blocksize=1048576', '-put', source, '/mixed');
    expect((await hdfs('dfs', '-cat', '/mixed')).equals(content)).toBe(true);
    expect(String(await hdfs('fsck', '/mixed'))).toMatch(/Status: HEALTHY/);
  });

  test('checksums are the same whoever answers', async () => {
    const answers = new Set<string>();
    const ask = async (mode: string): Promise<string> =>
      String(await hdfs('dfs', `-Ddfs.checksum.combine.mode=${mode}`, '-checksum', '/mixed'));
    for (let i = 0; i < 2; i++) answers.add((await ask('MD5MD5CRC')) + (await ask('COMPOSITE_CRC')));
    expect(answers.size).toBe(1);
  });

  test('blocks on our disks verify', async () => {
    const metas = readdirSync(join(cluster, 'data/dn1/current'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /finalized.*\.meta$/.test(name))
      .map((name) => join(cluster, 'data/dn1/current', name))
      .slice(0, 2);
    expect(metas.length).toBe(2);
    for (const meta of metas) {
      const block = meta.replace(/_\d+\.meta$/, '');
      expect(String(await hdfs('debug', 'verifyMeta', '-meta', meta, '-block', block))).toMatch(/succeeded/);
    }
  });

  test('append, replication and deletion work with ours taking part', async () => {
    const source = join(directory, 'content');
    await hdfs('dfs', '-appendToFile', source, '/mixed');
    expect((await hdfs('dfs', '-cat', '/mixed')).equals(Buffer.concat([content, content]))).toBe(true);
    await hdfs('dfs', '-put', source, '/one');
    await hdfs('dfs', '-setrep', '-w', '1', '/one');
    await hdfs('dfs', '-setrep', '-w', '3', '/one');
    await hdfs('dfs', '-rm', '-skipTrash', '/one');
  });

  test('ours takes over the directory of Apache, and Apache that of ours', async () => {
    await swap('dn3', ours);
    expect((await hdfs('dfs', '-cat', '/mixed')).length).toBe(2 * content.length);
    await swap('dn1');
    expect(String(await hdfs('fsck', '/mixed'))).toMatch(/Status: HEALTHY/);
    expect((await hdfs('dfs', '-cat', '/mixed')).equals(Buffer.concat([content, content]))).toBe(true);
  });
});
