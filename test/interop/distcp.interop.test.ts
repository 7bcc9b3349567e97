// Apache's distcp, in its own local MapReduce runner, to, from and within our cluster, by RPC and over HTTP. If this fails, a
// user cannot move data between an Apache cluster and ours with the tool that is made for it.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithApache } from './apache.ts';
import { runOurs } from './support/cli-shells.ts';
import { MixedCluster } from './support/mixed-cluster.ts';
import { Resident } from './support/resident.ts';

const DISTCP = 'org.apache.hadoop.tools.DistCp';
const LIMIT_MS = 600_000;
const BLOCK = 1024 * 1024;
/** Files below /src, by name: three blocks, a part of one, nothing. */
const SIZES: Readonly<Record<string, number>> = { 'a/large': 2 * BLOCK + 12_345, 'a/small': 100, 'a/b/empty': 0, top: 5000 };

describeWithApache(
  'Apache’s distcp',
  () => {
    let directory: string;
    let jvm: Resident;
    let ours: MixedCluster;
    let theirs: MixedCluster;
    let conf: string;
    const sums = new Map<string, string>();

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'tuskfs-distcp-'));
      jvm = new Resident(directory, { jars: 'tools' });
      const keys = {
        'dfs.blocksize': String(BLOCK),
        'dfs.replication': '1',
        'hadoop.tmp.dir': join(directory, 'tmp'),
        'mapreduce.framework.name': 'local',
        // It waits for the end of a job in steps of 5 s otherwise.
        'mapreduce.client.completion.pollinterval': '100',
        'mapreduce.client.progressmonitor.pollinterval': '100',
        'yarn.app.mapreduce.am.staging-dir': join(directory, 'staging'),
      };
      const start = (name: string, maker: 'ours' | 'apache') =>
        MixedCluster.start({ directory: join(directory, name), apache: jvm, makers: [maker, maker], keys });
      ours = await start('ours', 'ours');
      theirs = await start('theirs', 'apache');
      conf = ours.client;
      for (const [name, size] of Object.entries(SIZES)) {
        const bytes = randomBytes(size);
        mkdirSync(join(directory, 'src', name, '..'), { recursive: true });
        writeFileSync(join(directory, 'src', name), bytes);
        sums.set(name, createHash('md5').update(bytes).digest('hex'));
      }
      await jvm.must(conf, 'dfs', ['-put', join(directory, 'src'), `${theirs.uri}/src`]);
      await jvm.must(conf, 'dfs', ['-chmod', '750', `${theirs.uri}/src/a`]);
      await jvm.must(conf, 'dfs', ['-chown', 'bob:staff', `${theirs.uri}/src/a/small`]);
      await jvm.must(conf, 'dfs', ['-touch', '-m', '-t', '20240102:030405', `${theirs.uri}/src/a/small`]);
    });
    afterAll(async () => {
      await Promise.allSettled([ours?.stop(), theirs?.stop()]);
      await jvm?.close();
      rmSync(directory, { recursive: true, force: true });
    });

    const distcp = (...words: readonly string[]) => jvm.must(conf, DISTCP, words);

    /** What lies below a directory: names, and sums of the bytes. */
    async function tree(uri: string): Promise<Record<string, string>> {
      const listed = await runOurs(conf, directory, 'dfs', ['-ls', '-R', '-C', uri]);
      const found: Record<string, string> = {};
      for (const path of listed.stdout.split('\n').filter((line) => line !== '')) {
        const { code } = await runOurs(conf, directory, 'dfs', ['-test', '-f', path]);
        if (code !== 0) continue;
        const { bytes } = await jvm.must(conf, 'dfs', ['-cat', path]);
        found[path.slice(uri.length + 1)] = createHash('md5').update(bytes).digest('hex');
      }
      return found;
    }
    const all = (): Record<string, string> => Object.fromEntries(sums);
    const attributes = async (path: string): Promise<string> =>
      (await runOurs(conf, directory, 'dfs', ['-stat', '%a %u %g %Y %o %r', path])).stdout;

    test('copies to ours, keeps what -p names, and copies back', { timeout: LIMIT_MS }, async () => {
      await distcp('-p', `${theirs.uri}/src`, `${ours.uri}/in`);
      expect(await tree(`${ours.uri}/in`)).toEqual(all());
      for (const name of ['a', 'a/small']) {
        expect(await attributes(`${ours.uri}/in/${name}`)).toBe(await attributes(`${theirs.uri}/src/${name}`));
      }
      await distcp('-pugpt', `${ours.uri}/in`, `${theirs.uri}/back`);
      expect(await tree(`${theirs.uri}/back`)).toEqual(all());
      expect(await attributes(`${theirs.uri}/back/a/small`)).toBe(await attributes(`${theirs.uri}/src/a/small`));
    });

    test('within ours, -update copies what differs and -delete removes what is too much', { timeout: LIMIT_MS }, async () => {
      await distcp(`${ours.uri}/in`, `${ours.uri}/twin`);
      expect(await tree(`${ours.uri}/twin`)).toEqual(all());
      writeFileSync(join(directory, 'other'), 'other bytes');
      for (const name of ['a/small', 'extra']) {
        await jvm.must(conf, 'dfs', ['-put', '-f', join(directory, 'other'), `${ours.uri}/twin/${name}`]);
      }
      const { stderr } = await distcp('-update', '-delete', `${ours.uri}/in`, `${ours.uri}/twin`);
      expect(stderr).not.toContain('Exception');
      expect(await tree(`${ours.uri}/twin`)).toEqual(all());
    });

    test('over HTTP, from ours and to ours', { timeout: LIMIT_MS }, async () => {
      const web = (cluster: MixedCluster): string => `webhdfs://127.0.0.1:${cluster.basePort + 1}`;
      // Sums of files are not compared between two kinds of file system unless they are of one kind.
      await distcp('-update', '-skipcrccheck', `${web(ours)}/in`, `${theirs.uri}/by-web`);
      expect(await tree(`${theirs.uri}/by-web`)).toEqual(all());
      await distcp(`${theirs.uri}/src`, `${web(ours)}/from-web`);
      expect(await tree(`${ours.uri}/from-web`)).toEqual(all());
    });

    test('appends, overwrites, filters, in several maps; differences of snapshots there are none', {
      timeout: LIMIT_MS,
    }, async () => {
      const target = `${ours.uri}/more`;
      writeFileSync(join(directory, 'filters'), '.*/small\n.*/b/.*\n');
      await distcp('-m', '2', '-filters', join(directory, 'filters'), `${theirs.uri}/src`, target);
      const kept = Object.fromEntries([...sums].filter(([name]) => !/small|b\//.test(name)));
      expect(await tree(target)).toEqual(kept);
      // What has grown at its source is added to; the bytes before stay where they are.
      const blocks = async (): Promise<string | undefined> =>
        /blk_\d+/.exec((await jvm.must(conf, 'fsck', ['/more/top', '-files', '-blocks'])).stdout)?.[0];
      const before = await blocks();
      await jvm.must(conf, 'dfs', ['-appendToFile', join(directory, 'filters'), `${theirs.uri}/src/top`]);
      await distcp('-update', '-append', `${theirs.uri}/src`, target);
      const grown = await tree(`${theirs.uri}/src`);
      expect(grown.top).not.toBe(sums.get('top'));
      expect(await tree(target)).toEqual(grown);
      expect([before, await blocks()]).toEqual([expect.any(String), before]);
      await jvm.must(conf, 'dfs', ['-put', '-f', join(directory, 'filters'), `${target}/a/small`]);
      await distcp('-overwrite', `${theirs.uri}/src`, target);
      expect(await tree(target)).toEqual(grown);
      const refused = await jvm.run(conf, DISTCP, ['-update', '-diff', 's1', 's2', `${ours.uri}/in`, `${ours.uri}/twin`]);
      expect(refused.code).not.toBe(0);
      expect(await tree(`${ours.uri}/twin`)).toEqual(all());
    });
  },
  'tools',
);
