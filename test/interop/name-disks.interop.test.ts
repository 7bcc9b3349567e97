// Checkpoints and upgrades of a NameNode, with ours and Apache's on either side. If this fails, an operator cannot change one
// of the daemons for the other's, or comes back from an upgrade, or a lost disk, to less than there was.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeRepeatable, ours } from './apache.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { Maker } from './support/mixed-cluster.ts';

const OTHER: Readonly<Record<Maker, Maker>> = { ours: 'apache', apache: 'ours' };

/** What the images of a cluster are packed with, by who makes its NameNode. */

describeRepeatable('the NameNode’s disks', () => {
  const content = randomBytes(200_003);

  const world = new ClusterPerTest('name-disks', () => [['content', content]]);

  const start = async (name: string, makers: [Maker, ...Maker[]], packed: Readonly<Record<string, string>> = {}) => {
    const nodes = await world.start(name, {
      makers,
      keys: {
        'dfs.replication': '1',
        'dfs.namenode.checkpoint.dir': join(world.directory, name, 'checkpoint'),
        // An image is never too recent, and the NameNode makes none by itself.
        'dfs.namenode.checkpoint.period': '1',
        'dfs.namenode.checkpoint.check.period': '3600',
        ...packed,
        'dfs.namenode.secondary.http-address': '127.0.0.1:0',
        'dfs.namenode.secondary.https-address': '127.0.0.1:0',
      },
    });
    const dfs = (...args: string[]) => world.apache.must(nodes.client, 'dfs', args);
    return {
      nodes,
      dfs,
      put: (path: string) => dfs('-put', join(world.directory, 'content'), path),
      expectContent: async (path: string) => expect((await dfs('-cat', path)).bytes.equals(content)).toBe(true),
      admin: (...args: string[]) => world.apache.must(nodes.client, 'dfsadmin', args),
      current: () => readdirSync(join(nodes.data('nn'), 'current')),
      endAll: async () => {
        for (const role of [...nodes.roles].reverse()) await nodes.end(role);
      },
    };
  };

  const imagesOf = (names: readonly string[]): string[] => names.filter((name) => /^fsimage_\d+$/.test(name));

  for (const nameNode of ['ours', 'apache'] as const) {
    const secondary = OTHER[nameNode];
    test(`checkpoints of a secondary (${secondary}) for a NameNode (${nameNode}), and starts from them`, async () => {
      const { nodes, dfs, put, expectContent, current } = await start(`checkpoint-${nameNode}`, [nameNode, 'ours'], {
        'dfs.image.compress': 'true',
        'dfs.image.compression.codec': `org.apache.hadoop.io.compress.SnappyCodec`,
      });
      const checkpoint = async (): Promise<void> => {
        // The first second after an image is too soon for the next.
        await new Promise((done) => setTimeout(done, 1100));
        if (secondary === 'apache') {
          await world.apache.must(nodes.conf('nn'), 'checkpoint', []);
        } else {
          const args = ['--config', nodes.conf('nn'), 'secondarynamenode', '-checkpoint', 'force'];
          expect(await ours('hdfs', args)).toMatchObject({ code: 0, stderr: expect.not.stringContaining('did not take') });
        }
      };
      await put('/first');
      await dfs('-mkdir', '-p', '/user/someone');
      await checkpoint();
      const [newest = ''] = imagesOf(current()).slice(-1);
      expect(newest).not.toBe('fsimage_0000000000000000000');
      await put('/second');
      await dfs('-rm', '-r', '-skipTrash', '/user');
      await checkpoint();
      const [later = ''] = imagesOf(current()).slice(-1);
      expect(later > newest).toBe(true);
      for (const name of [later, `${later}.md5`]) {
        const theirs = readFileSync(join(nodes.directory, 'checkpoint/current', name));
        expect(readFileSync(join(nodes.data('nn'), 'current', name)).equals(theirs)).toBe(true);
        if (!name.endsWith('.md5')) expect(theirs.includes('SnappyCodec')).toBe(true);
      }
      // The other's NameNode reads it.
      await nodes.swap('nn', secondary);
      for (const path of ['/first', '/second']) await expectContent(path);
      expect((await dfs('-ls', '/')).stdout).not.toMatch(/user/);
      // The disk of the NameNode is lost: either can begin with what the secondary has.
      for (const maker of [nameNode, secondary]) {
        await nodes.end('nn');
        rmSync(nodes.data('nn'), { recursive: true });
        mkdirSync(nodes.data('nn'));
        await nodes.launch('nn', maker, ['-importCheckpoint']);
        await nodes.ready();
        for (const path of ['/first', '/second']) await expectContent(path);
      }
      // It goes on as a NameNode like any other.
      await put('/third');
      await nodes.swap('nn', nameNode);
      await expectContent('/third');
    });
  }

  for (const first of ['ours', 'apache'] as const) {
    const second = OTHER[first];
    test(`an upgrade by ${first}: rolled back, and finalized, by ${second}`, async () => {
      const { nodes, dfs, put, expectContent, admin, endAll } = await start(`upgrade-${first}`, [first, 'ours', 'apache']);
      const previous = join(nodes.data('nn'), 'previous');
      const launchAll = async (maker: Maker, nn: string[], dn: string[] = []): Promise<void> => {
        await nodes.launch('nn', maker, nn);
        await nodes.launch('dn1', 'ours', dn);
        await nodes.launch('dn2', 'apache', dn);
        await nodes.ready();
      };
      for (const path of ['/kept', '/doomed', '/also']) await put(path);
      await endAll();
      await launchAll(first, ['-upgrade']);
      expect(existsSync(join(previous, 'VERSION'))).toBe(true);
      expect((await admin('-upgrade', 'query')).stdout).toMatch(/Upgrade not finalized/);
      await dfs('-rm', '-skipTrash', '/doomed');
      await put('/later');
      // The other's NameNode serves what was upgraded, and keeps the way back.
      await nodes.swap('nn', second);
      expect((await admin('-upgrade', 'query')).stdout).toMatch(/Upgrade not finalized/);
      await expectContent('/later');
      await endAll();
      if (second === 'apache') {
        await world.apache.run(nodes.conf('nn'), 'namenode', ['-rollback'], { input: 'Y\n' });
      } else {
        expect(await ours('hdfs', ['--config', nodes.conf('nn'), 'namenode', '-rollback'], { input: 'Y\n' })).toMatchObject({
          code: 0,
        });
      }
      expect(existsSync(previous)).toBe(false);
      await launchAll(second, [], ['-rollback']);
      for (const path of ['/kept', '/doomed', '/also']) await expectContent(path);
      expect((await dfs('-ls', '/')).stdout).not.toMatch(/later/);
      expect((await admin('-report')).stdout).toMatch(/Missing blocks: 0\n/);
      await endAll();
      await launchAll(first, ['-upgrade']);
      await nodes.swap('nn', second);
      expect(existsSync(previous)).toBe(true);
      await admin('-finalizeUpgrade');
      expect(existsSync(previous)).toBe(false);
      expect((await admin('-upgrade', 'query')).stdout).toMatch(/Upgrade finalized/);
      await nodes.swap('nn', first);
      await expectContent('/kept');
    });
  }
});
