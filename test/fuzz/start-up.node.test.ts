// If these fail, a damaged file in a storage directory crashes a start, stops it without saying where and what to do, or
// is taken for good: files are lost or served with wrong bytes in silence.
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { messageOf } from '../../src/base/errors.ts';
import type { Hdfs } from '../../src/client/index.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { DataNode } from '../../src/server/datanode/datanode.ts';
import { NameNode } from '../../src/server/namenode/namenode.ts';
import { dataNodeConfiguration, startTestDataNode, untilLive } from './support/data-node.ts';
import { nameNodeConfiguration, startTestNameNode, temporaryDirectory } from './support/name-node.ts';
import { Chance, mutated, SEED, share, VERBOSE } from './support/seeds.ts';
import { Watch } from './support/watch.ts';

const START_MS = 20_000;
/** What a program's own slip says, which no operator should have to read. */
const OWN_SLIP =
  /undefined|not a function|not iterable|invariant|RangeError|TypeError|bigint|BigInt|out of range\. It must|ERR_/;
const EXPECTED_ERRORS = ['HdfsError', 'ProtocolError', 'EditLogCorruption', 'FeatureNotBuilt', 'DiskError'];

console.log(`FUZZ_SEED=${SEED}`);

async function treeOf(client: Hdfs): Promise<string> {
  const lines: string[] = [];
  for await (const entry of client.opendir('/', { recursive: true })) {
    lines.push(JSON.stringify([entry.parentPath, entry.name, entry.stats]));
  }
  return lines.sort().join('\n');
}

/** Starts, or says why not; a start that hangs is a failure. */
async function started<T>(what: string, start: () => Promise<T>): Promise<T | Error> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: the start hangs`)), START_MS);
  });
  try {
    return await Promise.race([
      start().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
      limit,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function expectClear(error: Error, what: string, directory: string): void {
  const message = messageOf(error);
  const kind = error.name === 'Error' && 'code' in error ? 'DiskError' : error.name;
  expect(EXPECTED_ERRORS, `${what}: ${error.stack}`).toContain(kind);
  expect(message, what).not.toMatch(OWN_SLIP);
  expect(message, `${what} is not named`).toContain(directory);
}

test('a NameNode on damaged files: refused by name, or the same tree', async () => {
  const chance = new Chance('name directories');
  const watch = new Watch().begin();
  const directory = temporaryDirectory('start');
  const template = join(directory.path, 'template');
  const unclosed = join(directory.path, 'unclosed');
  try {
    // An image with something in it, a closed segment after it, and the open one of a process that died.
    let server = await startTestNameNode(nameNodeConfiguration(template), watch);
    let client = await server.client();
    for (let i = 0; i < 30; i++) await client.mkdir(`/image/${i}/sub`, { recursive: true });
    for (let i = 0; i < 10; i++) await client.writeFile(`/image/file-${i}`, '');
    await client.rm('/image/3', { recursive: true, skipTrash: true });
    await server.nameNode.checkpointer.save();
    for (let i = 0; i < 20; i++) await client.writeFile(`/log/file-${i}`, '');
    await client.rename('/log/file-1', '/log/renamed');
    const expected = await treeOf(client);
    await client.close();
    cpSync(template, unclosed, { recursive: true });
    await server.nameNode.stop();

    const outcomes = { refused: 0, same: 0, less: 0, other: 0 };
    const rounds = share(0.004);
    for (let round = 0; round < rounds; round++) {
      const from = round % 3 === 2 ? unclosed : template;
      const copy = join(directory.path, `copy-${round}`);
      cpSync(from, copy, { recursive: true });
      rmSync(join(copy, 'in_use.lock'), { force: true });
      const current = join(copy, 'current');
      const names = readdirSync(current).filter((name) => statSync(join(current, name)).isFile());
      const name = chance.of(names);
      const path = join(current, name);
      const before = readFileSync(path);
      const isImage = /^fsimage_\d+$/.test(name);
      let content: Buffer;
      if (chance.happens(0.1)) content = before.subarray(0, chance.below(before.length + 1));
      else if (name.startsWith('edits') && chance.happens(0.5)) {
        // In the records, not in the padding behind them.
        const end = before.length - (before.toReversed().findIndex((byte) => byte !== 0xff) + 1);
        content = Buffer.concat([mutated(chance, before.subarray(0, end)), before.subarray(end)]);
      } else content = mutated(chance, before);
      writeFileSync(path, content);
      const made = isImage && chance.happens(0.7);
      if (made) writeFileSync(`${path}.md5`, `${createHash('md5').update(content).digest('hex')} *${name}\n`);
      if (chance.happens(0.05)) rmSync(path);
      if (chance.happens(0.1))
        writeFileSync(join(current, chance.of(['edits_x', 'fsimage_1', 'edits_1-2', 'edits_inprogress_', '__proto__'])), 'x');
      const what = `round ${round}: ${name} of ${basename(from)}`;
      const host = nodeHost({ logLevel: 'silent' });
      const result = await started(what, async () => {
        const nameNode = new NameNode(host, nameNodeConfiguration(copy), { onFatal: watch.fatal });
        await nameNode.start();
        return nameNode;
      });
      if (result instanceof Error) {
        outcomes.refused++;
        expectClear(result, what, copy);
      } else {
        server = { ...server, nameNode: result };
        const { connect } = await import('../../src/client/index.ts');
        client = await connect({
          uri: `hdfs://127.0.0.1:${result.addresses.rpc.port}`,
          configuration: nameNodeConfiguration(copy),
          user: host.machine.userName,
          host,
        });
        const tree = await treeOf(client);
        await client.close();
        await result.stop();
        if (tree === expected) outcomes.same++;
        else if (name.startsWith('edits_inprogress') && isPart(tree, expected)) outcomes.less++;
        else {
          outcomes.other++;
          // An image whose digest was made to fit is another image: nobody can know.
          expect(made, `${what} was taken for good`).toBe(true);
        }
      }
      expect(watch.trouble, what).toEqual([]);
      rmSync(copy, { recursive: true, force: true });
    }
    if (VERBOSE) console.log(outcomes);
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(outcomes.same).toBeGreaterThan(0);
  } finally {
    watch.end();
    directory.remove();
  }
});

/** Only the end of what was logged is missing: a torn log may lose what was never acknowledged. */
function isPart(tree: string, whole: string): boolean {
  return tree.split('\n').length <= whole.split('\n').length;
}

test('a DataNode on damaged files: refused by name, or every byte that is served is right', async () => {
  const chance = new Chance('data directories');
  const watch = new Watch().begin();
  const directory = temporaryDirectory('data-start');
  const configuration = nameNodeConfiguration(join(directory.path, 'name'), { 'dfs.heartbeat.interval': '1' });
  const server = await startTestNameNode(configuration, watch);
  const data = join(directory.path, 'data');
  const dataConfiguration = dataNodeConfiguration(configuration, server.port, data);
  let dataNode: DataNode | undefined = await startTestDataNode(dataConfiguration, watch);
  const client = await server.client({ 'dfs.client.retry.window.base': '1', 'dfs.client.max.block.acquire.failures': '0' });
  try {
    await untilLive(server, 1);
    const files = new Map<string, Buffer>();
    for (let i = 0; i < 30; i++) {
      const content = chance.bytes(chance.of([1, 511, 512, 513, 5000, 70_000]));
      files.set(`/block-${i}`, content);
      await client.writeFile(`/block-${i}`, content);
    }
    await dataNode.stop();
    dataNode = undefined;

    // VERSION files, of the directory and of the pool.
    const host = nodeHost({ logLevel: 'silent' });
    const current = join(data, 'current');
    const pool = readdirSync(current).find((name) => name.startsWith('BP-')) as string;
    for (let round = 0; round < Math.max(8, share(0.0008)); round++) {
      const copy = join(directory.path, `data-${round}`);
      cpSync(data, copy, { recursive: true });
      const path = join(copy, 'current', 'VERSION');
      writeFileSync(path, chance.happens(0.2) ? Buffer.alloc(0) : mutated(chance, readFileSync(path)));
      if (chance.happens(0.3)) {
        const poolVersion = join(copy, 'current', pool, 'current', 'VERSION');
        writeFileSync(poolVersion, mutated(chance, readFileSync(poolVersion)));
      }
      const what = `round ${round}: VERSION of a DataNode`;
      const result = await started(what, async () => {
        const node = new DataNode(host, dataNodeConfiguration(configuration, server.port, copy));
        await node.start();
        return node;
      });
      if (result instanceof Error) expectClear(result, what, copy);
      else await result.stop();
      rmSync(copy, { recursive: true, force: true });
      expect(watch.trouble, what).toEqual([]);
    }

    // Block and meta files, and names that nobody expects among them.
    const finalized = join(current, pool, 'current', 'finalized', 'subdir0', 'subdir0');
    const names = readdirSync(finalized);
    for (const name of names) {
      const path = join(finalized, name);
      const before = readFileSync(path);
      switch (chance.below(6)) {
        case 0:
        case 1:
          writeFileSync(path, mutated(chance, before));
          break;
        case 2:
          writeFileSync(path, before.subarray(0, chance.below(before.length + 1)));
          break;
        case 3:
          writeFileSync(path, Buffer.concat([before, chance.bytes(1 + chance.below(600))]));
          break;
        case 4:
          if (chance.happens(0.3)) rmSync(path);
          else if (chance.happens(0.5)) renameSync(path, path.replace(/_(\d+)\.meta$/, '_9$1.meta'));
          break;
        default:
      }
    }
    for (const odd of [
      'blk_',
      'blk_x',
      'blk_1.meta',
      'blk_1_2_3.meta',
      'blk_99999999999999999999',
      'blk_-1',
      'blk_-1_-1.meta',
      'blk_77_99999999999999999999.meta',
      'blk_78_1001.meta',
      'x'.repeat(255),
      '__proto__',
      'line\nbreak',
    ]) {
      writeFileSync(join(finalized, odd), 'odd');
    }
    mkdirSync(join(finalized, 'blk_5'));
    mkdirSync(join(finalized, 'subdir99999'));
    symlinkSync('/nowhere', join(finalized, 'blk_6'));
    symlinkSync(finalized, join(finalized, 'subdir31'));
    writeFileSync(join(current, pool, 'current', 'rbw', 'blk_7'), 'without meta');
    writeFileSync(join(current, pool, 'current', 'rbw', 'blk_8_1001.meta'), chance.bytes(3));
    writeFileSync(join(current, pool, 'tmp', 'blk_9'), 'left');

    const told = new Watch();
    const result = await started('damaged blocks', () => startTestDataNode(dataConfiguration, told));
    if (result instanceof Error) throw result;
    dataNode = result;
    await untilLive(server, 1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    let right = 0;
    let failed = 0;
    for (const [path, content] of files) {
      const read = await client.readFile(path).catch((error: unknown) => error);
      if (read instanceof Error) failed++;
      else {
        expect((read as Buffer).equals(content), `${path} was served with wrong bytes`).toBe(true);
        right++;
      }
    }
    if (VERBOSE) console.log({ right, failed, told: told.trouble });
    expect(right).toBeGreaterThan(0);
    expect(failed).toBeGreaterThan(0);
    await client.writeFile('/after', 'still writes');
    expect(await client.readFile('/after', 'utf8')).toBe('still writes');
    expect(watch.trouble).toEqual([]);
  } finally {
    watch.end();
    await client.close();
    await dataNode?.stop();
    await server.nameNode.stop();
    directory.remove();
  }
});
