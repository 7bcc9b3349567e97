// If this fails on a real disk and real sockets, what the simulated ones promise does not hold there: a directory that
// vanished and came back, a checkpoint brought over HTTP, an upgrade and its rollback, an import.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../client/index.ts';
import { Configuration } from '../../config/configuration.ts';
import { nodeHost } from '../../host/node/index.ts';
import { formatNameNode } from '../namenode/format.ts';
import { NameNode, type NameNodeOptions } from '../namenode/namenode.ts';
import { rollBackNameNode } from '../namenode/upgrade.ts';
import { SecondaryNameNode } from './secondary-namenode.ts';

const host = nodeHost({ logLevel: 'silent' });
const root = mkdtempSync(join(tmpdir(), 'tuskfs-name-disks-'));
const at = (...names: string[]): string => join(root, ...names);
const keys = {
  'fs.defaultFS': 'hdfs://127.0.0.1:0',
  'dfs.namenode.rpc-address': '127.0.0.1:0',
  'dfs.namenode.http-address': '127.0.0.1:0',
  'dfs.namenode.secondary.http-address': '127.0.0.1:0',
  'dfs.namenode.name.dir': `${at('one')},${at('two')}`,
  'dfs.namenode.name.dir.restore': true,
  'dfs.namenode.checkpoint.dir': at('checkpoint'),
  'dfs.namenode.checkpoint.period': 1,
  'dfs.namenode.checkpoint.check.period': 3600,
  // A small disk is no reason to fail here.
  'dfs.namenode.resource.du.reserved': 0,
  'dfs.namenode.resource.check.interval': 50,
};
const configuration = Configuration.of(keys);
let nameNode: NameNode | undefined;

async function start(options: NameNodeOptions = {}): Promise<{ node: NameNode; where: Configuration }> {
  const node = new NameNode(host, configuration, options);
  await node.start();
  nameNode = node;
  const { rpc, http } = node.addresses;
  const where = Configuration.of({
    ...keys,
    'fs.defaultFS': `hdfs://127.0.0.1:${rpc.port}`,
    'dfs.namenode.rpc-address': `127.0.0.1:${rpc.port}`,
    'dfs.namenode.http-address': `127.0.0.1:${http.port}`,
  });
  return { node, where };
}

async function within(where: Configuration, work: (fs: Awaited<ReturnType<typeof connect>>) => Promise<void>): Promise<void> {
  const fs = await connect({ host, configuration: where });
  try {
    await work(fs);
  } finally {
    await fs.close();
  }
}

afterEach(async () => {
  await nameNode?.stop();
  rmSync(root, { recursive: true, force: true });
});

test('directories, checkpoints, upgrades and imports on a real disk', { timeout: 120_000 }, async () => {
  await formatNameNode(host, configuration, {});
  let { node, where } = await start();
  await within(where, (fs) => fs.mkdir('/before'));
  // One directory vanishes, and an empty one takes its place.
  renameSync(at('two'), at('gone'));
  const failed = (): number => node.storage.states.filter((state) => state.failed !== undefined).length;
  for (const end = performance.now() + 60_000; failed() === 0 && performance.now() < end; ) await host.clock.sleep(25);
  expect(failed()).toBe(1);
  mkdirSync(at('two'));
  await within(where, (fs) => fs.mkdir('/alone'));
  await node.system.editLog.roll();
  expect(failed()).toBe(0);
  expect(readdirSync(at('two/current'))).toEqual(expect.arrayContaining(['VERSION', 'seen_txid']));
  expect(existsSync(at('two/in_use.lock'))).toBe(true);
  // A checkpoint over HTTP: the same bytes on both sides, in both directories.
  await host.clock.sleep(1_050);
  const secondary = new SecondaryNameNode(host, where);
  await secondary.open();
  const { txid, upload } = await secondary.checkpoint();
  await secondary.stop();
  expect(upload).toEqual({ kind: 'taken' });
  const image = `fsimage_${String(txid).padStart(19, '0')}`;
  const bytes = readFileSync(at('checkpoint/current', image));
  for (const directory of ['one', 'two']) expect(readFileSync(at(directory, 'current', image)).equals(bytes)).toBe(true);
  await node.stop();
  // An upgrade, and back.
  ({ node, where } = await start({ startup: 'upgrade' }));
  await within(where, (fs) => fs.mkdir('/after'));
  await node.stop();
  nameNode = undefined;
  for (const directory of ['one', 'two']) expect(existsSync(at(directory, 'previous/VERSION'))).toBe(true);
  await rollBackNameNode(host, configuration);
  ({ node, where } = await start());
  await within(where, async (fs) => {
    expect((await fs.readdir('/')).sort()).toEqual(['alone', 'before']);
  });
  await node.stop();
  nameNode = undefined;
  // Both disks are lost; the secondary's image is left.
  for (const directory of ['one', 'two']) {
    rmSync(at(directory), { recursive: true });
    mkdirSync(at(directory));
  }
  ({ node, where } = await start({ startup: 'import' }));
  await within(where, async (fs) => {
    expect((await fs.readdir('/')).sort()).toEqual(['alone', 'before']);
  });
});
