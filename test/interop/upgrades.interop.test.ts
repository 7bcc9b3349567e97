// Our DataNode under an Apache NameNode that is upgraded, rolled back and finalized. If this fails, an operator who has to
// go back to the state of before finds blocks missing, or one kind of DataNode cannot take over what the other one kept.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeRepeatable } from './apache.ts';
import { ClusterPerTest } from './support/cluster-per-test.ts';
import type { Maker } from './support/mixed-cluster.ts';

const LIMIT_MS = 60_000;

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; !condition(); await new Promise((done) => setTimeout(done, 100))) {
    if (Date.now() > deadline) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
  }
}

const filesBelow = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /^blk_-?\d+$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

describeRepeatable('upgrades', () => {
  const content = randomBytes(300_001);

  const world = new ClusterPerTest('upgrades', () => [['content', content]]);

  const start = async (name: string, makers: [Maker, ...Maker[]]) => {
    const nodes = await world.start(name, { makers, keys: { 'dfs.replication': '1' } });
    const dfs = (...args: string[]) => world.apache.must(nodes.client, 'dfs', args);
    const pool = (): string => {
      const current = join(nodes.data('dn1'), 'current');
      return join(current, readdirSync(current).find((each) => each.startsWith('BP-')) ?? 'no pool');
    };
    return {
      nodes,
      dfs,
      pool,
      admin: (...args: string[]) => world.apache.must(nodes.client, 'dfsadmin', args),
      prepare: async () => {
        const admin = (...args: string[]) => world.apache.must(nodes.client, 'dfsadmin', args);
        await admin('-safemode', 'enter');
        await admin('-rollingUpgrade', 'prepare');
        await admin('-safemode', 'leave');
      },
      put: (path: string) => dfs('-put', join(world.directory, 'content'), path),
      expectContent: async (path: string) => expect((await dfs('-cat', path)).bytes.equals(content)).toBe(true),
      end: async () => {
        await nodes.end('dn1');
        await nodes.end('nn');
      },
    };
  };

  test('a rolling upgrade: deleted blocks wait in the trash, come back with a rollback, and go when it is finalized', async () => {
    const { nodes, dfs, pool, admin, prepare, put, expectContent, end } = await start('rolling', ['apache', 'ours']);
    await put('/kept');
    await put('/doomed');
    await prepare();
    await until('the marker', () => existsSync(join(pool(), 'RollingUpgradeInProgress')));
    await put('/during');
    await dfs('-rm', '-skipTrash', '/doomed');
    const trash = (): string[] => filesBelow(join(pool(), 'trash'));
    await until('a block in the trash', () => trash().length === 1);
    expect(trash()[0]).toMatch(/\/trash\/finalized\/subdir\d+\/subdir\d+\/blk_\d+$/);
    // The trash outlives an ordinary restart, and Apache's DataNode knows it for what it is.
    await nodes.swap('dn1', 'apache');
    await dfs('-rm', '-skipTrash', '/kept');
    await until('two blocks in the trash', () => trash().length === 2);
    await end();
    await nodes.launch('nn', 'apache', ['-rollingUpgrade', 'rollback']);
    await nodes.launch('dn1', 'ours', ['-rollback']);
    await nodes.ready();
    await expectContent('/doomed');
    await expectContent('/kept');
    expect((await world.apache.run(nodes.client, 'dfs', ['-ls', '/during'])).code).not.toBe(0);
    expect(trash()).toEqual([]);

    await prepare();
    await until('the marker', () => existsSync(join(pool(), 'RollingUpgradeInProgress')));
    await dfs('-rm', '-skipTrash', '/doomed');
    await until('a block in the trash', () => trash().length === 1);
    await admin('-rollingUpgrade', 'finalize');
    await until('an empty trash', () => !existsSync(join(pool(), 'trash')));
    await until('no marker', () => !existsSync(join(pool(), 'RollingUpgradeInProgress')));
    await expectContent('/kept');
  });

  for (const [first, second] of [
    ['ours', 'apache'],
    ['apache', 'ours'],
  ] as const) {
    test(`an upgrade by ${first}: rolled back by ${second}, and finalized`, async () => {
      const { nodes, dfs, pool, admin, put, expectContent, end } = await start(`standard-${first}`, ['apache', first]);
      await put('/kept');
      await put('/doomed');
      await put('/cut');
      await end();
      await nodes.launch('nn', 'apache', ['-upgrade']);
      await nodes.launch('dn1', first);
      await nodes.ready();
      const [before] = filesBelow(join(pool(), 'previous')) as [string];
      expect(filesBelow(join(pool(), 'previous'))).toHaveLength(3);
      expect(statSync(before.replace('/previous/', '/current/')).ino).toBe(statSync(before).ino);
      await dfs('-rm', '-skipTrash', '/doomed');
      await until('a deleted block', () => filesBelow(join(pool(), 'current')).length === 2);
      // What is appended in place must not reach the state of before.
      await dfs('-appendToFile', join(world.directory, 'content'), '/kept');
      expect((await dfs('-cat', '/kept')).bytes.length).toBe(2 * content.length);
      // What is cut is cut as a copy, under another id. The file has its new length before that is made, and -w waits for no more.
      const ids = () => new Set(filesBelow(join(pool(), 'current')).map((path) => path.slice(path.lastIndexOf('/'))));
      const known = ids();
      await dfs('-truncate', '-w', '150001', '/cut');
      await until('a copy', () => [...ids()].some((id) => !known.has(id)));
      const isOpen = async (): Promise<boolean> =>
        (await world.apache.must(nodes.client, 'fsck', ['/cut', '-openforwrite', '-files'])).stdout.includes('OPENFORWRITE');
      for (const end = Date.now() + LIMIT_MS; Date.now() < end && (await isOpen()); )
        await new Promise((done) => setTimeout(done, 100));
      expect((await dfs('-cat', '/cut')).bytes.equals(content.subarray(0, 150_001))).toBe(true);
      expect([...ids()].filter((id) => !known.has(id))).toHaveLength(1);
      await end();
      await world.apache.run(nodes.conf('nn'), 'namenode', ['-rollback'], { input: 'Y\n' });
      await nodes.launch('nn', 'apache');
      await nodes.launch('dn1', second, ['-rollback']);
      await nodes.ready();
      await expectContent('/kept');
      await expectContent('/doomed');
      await expectContent('/cut');
      expect((await world.apache.must(nodes.client, 'fsck', ['/'])).stdout).toMatch(/Status: HEALTHY/);
      await end();
      await nodes.launch('nn', 'apache', ['-upgrade']);
      await nodes.launch('dn1', first);
      await nodes.ready();
      expect(existsSync(join(pool(), 'previous'))).toBe(true);
      await nodes.swap('dn1', second);
      await admin('-finalizeUpgrade');
      // The NameNode says it in the answer to a full report.
      await admin('-triggerBlockReport', `127.0.0.1:${nodes.basePort + 4}`);
      await until('no previous', () => !existsSync(join(pool(), 'previous')));
      await expectContent('/kept');
    });
  }
});
