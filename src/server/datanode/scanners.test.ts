// If these fail, a DataNode goes on counting replicas whose files are gone or rotten, forgets good ones, deletes the last copy
// that it has, or verifies all its disks at once at their full speed.
import { expect, test } from 'vitest';
import { type BlockId, blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { blockDirectory } from '../../format/storage/block-files.ts';
import { parseCursor } from '../../format/storage/scanner-cursor.ts';
import type { DiskErrorCode, Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import { BlockScanner } from './block-scanner.ts';
import { Counters } from './counters.ts';
import { DataChecksum } from './data-checksum.ts';
import { Dataset } from './dataset.ts';
import { DirectoryScanner } from './directory-scanner.ts';
import { finalizedDir, poolDir, rbwDir } from './layout.ts';
import { testVolume } from './test-dataset.ts';
import type { Volume } from './volume.ts';

const POOL = 'BP-1';
const HOUR_MS = 3_600_000;
const checksum = DataChecksum.of(ChecksumTypeProto.CHECKSUM_CRC32C, 512);
const contentOf = (id: BlockId): Buffer => Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7 + Number(id)) & 0xff));

const dirOf = (root: string, id: BlockId): string => `${finalizedDir(root, POOL)}/${blockDirectory(id)}`;

async function putBlock(host: Host, root: string, id: BlockId, stamp: number, bytes = 3000, dir = dirOf(root, id)) {
  const data = contentOf(id).subarray(0, bytes);
  const sums = Buffer.alloc(checksum.sumBytes(data.length));
  checksum.compute(data, sums, 0);
  await host.disk.mkdir(dir);
  await host.disk.writeFileAtomic(`${dir}/blk_${id}`, data);
  await host.disk.writeFileAtomic(`${dir}/blk_${id}_${stamp}.meta`, Buffer.concat([checksum.header(), sums]));
}

async function begin(seed: number, prepare: (host: Host) => Promise<void> = () => Promise.resolve()) {
  const sim = new Simulation({ seed });
  const node = sim.node('dn');
  const { host } = node;
  const news: string[] = [];
  const bad: string[] = [];
  const troubles: unknown[] = [];
  const word =
    (what: string) =>
    (_pool: string, block: { readonly id: BlockId; readonly genStamp: number }, volume: Volume): void => {
      news.push(`${what} ${block.id}_${block.genStamp} ${volume.path}`);
    };
  const dataset = await sim.run(
    (async () => {
      for (const root of ['/a', '/b']) await host.disk.mkdir(finalizedDir(root, POOL));
      await prepare(host);
      const volumes = ['/a', '/b'].map((path) => {
        const volume = testVolume(host, path);
        volume.onTrouble = (error) => troubles.push(error);
        return volume;
      });
      const events = { receiving: word('receiving'), received: word('received'), deleted: word('deleted') };
      const made = new Dataset(volumes, host.log, events);
      await made.addPool(POOL);
      return made;
    })(),
  );
  const reportBad = (block: { readonly id: BlockId }): void => void bad.push(String(block.id));
  const directories = new DirectoryScanner({
    dataset,
    counters: new Counters(),
    clock: host.clock,
    random: host.random,
    log: host.log,
    intervalMs: HOUR_MS,
    throttleMsPerSecond: 1000,
    reportBad,
  });
  const fail = (prefix: string, error: DiskErrorCode): void => {
    node.diskFault = ({ path }) => (path.startsWith(prefix) ? { error } : undefined);
  };
  const replica = (id: BlockId): string => {
    const { replicas } = dataset.pool(POOL);
    const handle = replicas.find(id);
    if (handle === 0) return 'none';
    const volume = dataset.pool(POOL).volumeOf(handle).path;
    return `${volume} ${replicas.genStamp(handle)} ${replicas.numBytes(handle)} ${replicas.state(handle)}`;
  };
  return { sim, node, host, dataset, news, bad, troubles, directories, reportBad, fail, replica };
}

const ids = Array.from({ length: 6 }, (_, i) => blockId(BigInt(1 + i * 256)));
const [first, second, third, fourth, fifth, sixth] = ids as [BlockId, BlockId, BlockId, BlockId, BlockId, BlockId];

test('the directory scanner makes memory follow the disk, and says so', async () => {
  const { sim, host, news, bad, directories, replica } = await begin(1, async (host) => {
    for (const id of ids.slice(0, 5)) await putBlock(host, '/a', id, 1001);
  });
  await sim.run(directories.scan());
  expect([news, bad, [...directories.last]]).toEqual([[], [], []]);
  await sim.run(
    (async () => {
      await host.disk.unlink(`${dirOf('/a', first)}/blk_${first}`);
      await host.disk.rename(
        `${dirOf('/a', second)}/blk_${second}_1001.meta`,
        `${dirOf('/a', second)}/blk_${second}_1005.meta`,
      );
      const file = await host.disk.open(`${dirOf('/a', third)}/blk_${third}`, 'r+');
      await file.truncate(100);
      await file.close();
      await host.disk.unlink(`${dirOf('/a', fourth)}/blk_${fourth}_1001.meta`);
      await putBlock(host, '/b', sixth, 1002);
    })(),
  );
  await sim.run(directories.scan());
  expect(replica(first)).toBe('none');
  expect(replica(second)).toBe('/a 1005 3000 0');
  expect(replica(third)).toBe('/a 1001 100 0');
  expect(replica(fifth)).toBe('/a 1001 3000 0');
  expect(replica(sixth)).toBe('/b 1002 3000 0');
  expect(news.sort()).toEqual([`deleted ${first}_1001 /a`, `received ${sixth}_1002 /b`]);
  expect(bad.sort()).toEqual([String(third), String(fourth)].sort());
  // Nothing was deleted: the checksums of the lost block are still there.
  expect(await sim.run(host.disk.exists(`${dirOf('/a', first)}/blk_${first}_1001.meta`))).toBe(true);
});

test('a disk that cannot be read makes nobody forget a replica; its volume is checked', async () => {
  const { sim, node, news, bad, troubles, directories, fail, replica } = await begin(2, async (host) => {
    for (const id of ids) await putBlock(host, '/a', id, 1001);
  });
  for (const prefix of ['/a/current', dirOf('/a', first), `${dirOf('/a', second)}/blk_`]) {
    fail(prefix, 'EIO');
    await sim.run(directories.scan());
  }
  // The mount is gone, and with it everything below.
  fail(finalizedDir('/a', POOL), 'ENOENT');
  await sim.run(directories.scan());
  node.diskFault = undefined;
  expect(ids.map(replica)).toEqual(ids.map(() => '/a 1001 3000 0'));
  expect([news, bad]).toEqual([[], []]);
  expect(troubles.length).toBeGreaterThanOrEqual(4);
});

test('a disk that hangs does not keep the others from being scanned once it is out of service', async () => {
  const { sim, node, host, dataset, directories, replica } = await begin(9, async (host) => {
    for (const id of [first, second]) await putBlock(host, '/a', id, 1001);
    await putBlock(host, '/b', third, 1001);
  });
  node.diskFault = ({ path }) => (path.startsWith(dirOf('/a', first)) ? { delayMs: Number.POSITIVE_INFINITY } : undefined);
  await sim.run(host.disk.unlink(`${dirOf('/b', third)}/blk_${third}`));
  let done = false;
  const scan = directories.scan().then(() => {
    done = true;
  });
  await sim.advance(60_000);
  // What the other disk has was looked at meanwhile.
  expect([done, replica(third)]).toEqual([false, 'none']);
  const [a] = dataset.volumes;
  await sim.run(dataset.failVolume(a as Volume, 'it hangs'));
  await sim.run(scan);
  await sim.run(putBlock(host, '/b', fourth, 1001));
  await sim.run(directories.scan());
  expect(replica(fourth)).toBe('/b 1001 3000 0');
});

test('of two copies the newer, then the longer is served, and only the other one goes', async () => {
  const { sim, host, directories, replica } = await begin(3, async (host) => {
    await putBlock(host, '/a', first, 1001);
    await putBlock(host, '/b', first, 1002);
    await putBlock(host, '/a', second, 1001);
    await putBlock(host, '/b', second, 1001, 2000);
    await putBlock(host, '/a', third, 1001);
    await putBlock(host, '/b', third, 1001);
    // Left by a writer, and older than what is finalized on the other volume.
    await putBlock(host, '/a', fourth, 1003);
    await putBlock(host, '/b', fourth, 1002, 700, rbwDir('/b', POOL));
  });
  const served = (): string[] => [first, second, third, fourth].map(replica);
  expect(served().slice(0, 2)).toEqual(['/b 1002 3000 0', '/a 1001 3000 0']);
  expect(served()[3]).toBe('/a 1003 3000 0');
  const before = served();
  await sim.run(directories.scan());
  expect(served()).toEqual(before);
  const exists = (root: string, id: BlockId): Promise<boolean> => sim.run(host.disk.exists(`${dirOf(root, id)}/blk_${id}`));
  expect([await exists('/a', first), await exists('/b', first)]).toEqual([false, true]);
  expect([await exists('/a', second), await exists('/b', second)]).toEqual([true, false]);
  expect([await exists('/a', third), await exists('/b', third)].filter(Boolean)).toHaveLength(1);
  await sim.run(directories.scan());
  expect(served()).toEqual(before);
});

test('a copy that has lost its checksums goes beside a whole one, and is replaced by it', async () => {
  const { sim, host, news, directories, replica } = await begin(9, async (host) => {
    for (const id of [first, second, third]) for (const root of ['/a', '/b']) await putBlock(host, root, id, 1001);
    // A power cut took what was not durable.
    await host.disk.unlink(`${dirOf('/a', first)}/blk_${first}_1001.meta`);
    for (const root of ['/a', '/b']) await host.disk.unlink(`${dirOf(root, third)}/blk_${third}_1001.meta`);
  });
  const ofSecond = replica(second);
  const root = ofSecond.slice(0, 2);
  await sim.run(host.disk.unlink(`${dirOf(root, second)}/blk_${second}_1001.meta`));
  await sim.run(directories.scan());
  const left = (id: BlockId): Promise<readonly boolean[]> =>
    sim.run(Promise.all(['/a', '/b'].map((root) => host.disk.exists(`${dirOf(root, id)}/blk_${id}`))));
  expect([replica(first), await left(first)]).toEqual(['/b 1001 3000 0', [false, true]]);
  const other = root === '/a' ? '/b' : '/a';
  expect([replica(second), await left(second)]).toEqual([`${other} 1001 3000 0`, [root === '/b', root === '/a']]);
  expect(news).toContain(`received ${second}_1001 ${other}`);
  // Neither can be proved good: both stay, and one is served.
  expect(await left(third)).toEqual([true, true]);
  expect(replica(third)).toMatch(/^\/[ab] 0 3000 0$/);
});

test('of two replicas that writers left the worse one waits, and goes once the NameNode has been told of it', async () => {
  const { sim, host, dataset, directories, replica } = await begin(7, async (host) => {
    await putBlock(host, '/a', first, 1001, 700, rbwDir('/a', POOL));
    await putBlock(host, '/b', first, 1002, 2000, rbwDir('/b', POOL));
  });
  const left = (root: string): Promise<readonly string[]> => sim.run(host.disk.readdir(rbwDir(root, POOL)));
  const files = await left('/a');
  await sim.run(directories.scan());
  expect([replica(first), await left('/a')]).toEqual([`/b 1002 2000 ${ReplicaState.RWR}`, files]);
  await sim.run(dataset.invalidate(POOL, [{ id: first, genStamp: genStamp(1002) }]));
  await sim.run(directories.scan());
  expect([replica(first), await left('/a'), await left('/b')]).toEqual([`/a 1001 700 ${ReplicaState.RWR}`, files, []]);
  await sim.run(dataset.invalidate(POOL, [{ id: first, genStamp: genStamp(1001) }]));
  await sim.run(directories.scan());
  expect([replica(first), await left('/a')]).toEqual(['none', []]);
});

test('what a writer left goes beside a finalized replica that surpasses it, once that was seen on its disk', async () => {
  const { sim, host, directories, replica } = await begin(8, async (host) => {
    await putBlock(host, '/a', first, 1001, 700, rbwDir('/a', POOL));
    await putBlock(host, '/b', first, 1002);
    await putBlock(host, '/a', second, 1001, 700, rbwDir('/a', POOL));
    await putBlock(host, '/b', second, 1002);
  });
  await sim.run(host.disk.unlink(`${dirOf('/b', second)}/blk_${second}_1002.meta`));
  await sim.run(directories.scan());
  expect([first, second].map(replica)).toEqual(['/b 1002 3000 0', '/b 0 3000 0']);
  const left = await sim.run(host.disk.readdir(rbwDir('/a', POOL)));
  expect([...left].sort()).toEqual([`blk_${second}`, `blk_${second}_1001.meta`]);
});

test('the directory scanner rests as it is told', async () => {
  const { sim, host, dataset, reportBad } = await begin(4, async (host) => {
    for (let i = 0; i < 300; i++) await putBlock(host, '/a', blockId(BigInt(i * 256)), 1001, 10);
  });
  const { clock, random, log } = host;
  const time = async (throttleMsPerSecond: number): Promise<number> => {
    const options = {
      dataset,
      counters: new Counters(),
      clock,
      random,
      log,
      intervalMs: HOUR_MS,
      throttleMsPerSecond,
      reportBad,
    };
    const start = clock.monotonic();
    await sim.run(new DirectoryScanner(options).scan());
    return clock.monotonic() - start;
  };
  const free = await time(1000);
  expect(await time(Math.max(1, Math.floor(free / 4)))).toBeGreaterThan(2 * 1000);
});

const scanner = (parts: Awaited<ReturnType<typeof begin>>, counters: Counters, bytesPerSecond = 1024 * 1024): BlockScanner =>
  new BlockScanner({
    dataset: parts.dataset,
    counters,
    clock: parts.host.clock,
    log: parts.host.log,
    bytesPerSecond,
    periodMs: 500 * HOUR_MS,
    reportBad: parts.reportBad,
    fileMissing: (block) => parts.directories.fileMissing(block),
  });

async function rot(host: Host, root: string, id: BlockId): Promise<void> {
  const file = await host.disk.open(`${dirOf(root, id)}/blk_${id}`, 'r+');
  await file.write(Buffer.from([0x11, 0x22]), 1700);
  await file.close();
}

test('the block scanner finds what has rotted, keeps its place in Apache’s file, and begins again after the period', async () => {
  const parts = await begin(5, async (host) => {
    for (const id of ids) await putBlock(host, '/a', id, 1001);
    await rot(host, '/a', third);
  });
  const { sim, host, bad } = parts;
  const counters = new Counters();
  const blocks = scanner(parts, counters);
  blocks.follow();
  await sim.advance(60_000);
  expect(bad).toEqual([String(third)]);
  expect(counters).toMatchObject({ blocksVerified: 5, verificationFailures: 1 });
  const cursor = parseCursor(await sim.run(host.disk.readFile(`${poolDir('/a', POOL)}/scanner.cursor`)));
  expect(cursor.atEnd).toBe(true);
  const report = blocks.report();
  expect(report).toMatch(/^Block Scanner Statistics\n\nBlock scanner information for volume \S* with base path \/a\n/);
  // Apache's DataNode shows this line of such a volume, to the blank.
  expect(report).toContain(`Blocks scanned since restart      : ${'5'.padStart(57)}\n`);
  expect(report).toContain(`Block scan errors since restart   : ${'1'.padStart(57)}\n`);
  expect(report).toContain(`Hours until next block pool scan  : ${'499.000'.padStart(57)}\n`);
  expect(report).toContain(`More blocks to scan in period     : ${'false'.padStart(57)}\n`);
  await sim.run(rot(host, '/a', sixth));
  await sim.advance(400 * HOUR_MS);
  expect(bad).toHaveLength(1);
  await sim.advance(101 * HOUR_MS);
  expect(bad).toEqual([String(third), String(third), String(sixth)]);
  await sim.run(blocks.stop());
  // Another process goes on from the cursor: the period is not over.
  const afresh = new Counters();
  const again = scanner(parts, afresh);
  again.follow();
  await sim.advance(HOUR_MS);
  expect(afresh).toMatchObject({ blocksVerified: 0, verificationFailures: 0 });
  await sim.run(again.stop());
});

test('suspects come first, the pace is kept, and what changes meanwhile is not reported', async () => {
  const parts = await begin(6, async (host) => {
    for (let i = 0; i < 40; i++) await putBlock(host, '/a', blockId(BigInt(1 + i * 256)), 1001);
    await rot(host, '/a', blockId(BigInt(1 + 39 * 256)));
  });
  const { sim, dataset, bad } = parts;
  // 120,000 bytes at 1000 a second: two minutes.
  const counters = new Counters();
  const blocks = scanner(parts, counters, 1000);
  blocks.follow();
  await sim.advance(10_000);
  expect(counters.blocksVerified).toBeGreaterThanOrEqual(2);
  expect(counters.blocksVerified).toBeLessThanOrEqual(4);
  const last = blockId(BigInt(1 + 39 * 256));
  blocks.suspect({ pool: POOL, id: last, genStamp: genStamp(1001), numBytes: 3000 });
  await sim.advance(8_000);
  expect(bad).toEqual([String(last)]);
  await sim.run(
    dataset.invalidate(
      POOL,
      Array.from({ length: 40 }, (_, i) => ({ id: blockId(BigInt(1 + i * 256)), genStamp: genStamp(1001) })),
    ),
  );
  await sim.advance(200_000);
  expect(bad).toHaveLength(1);
  await sim.run(blocks.stop());
});

test('a replica whose file is missing when it is wanted is forgotten, unless the whole mount is missing', async () => {
  const parts = await begin(8, async (host) => {
    for (const id of ids) await putBlock(host, '/a', id, 1001);
  });
  const { sim, node, host, news, bad, troubles, fail, replica } = parts;
  await sim.run(host.disk.unlink(`${dirOf('/a', first)}/blk_${first}`));
  await sim.run(host.disk.unlink(`${dirOf('/a', second)}/blk_${second}_1001.meta`));
  const wanted = async (id: BlockId): Promise<void> => {
    parts.directories.fileMissing({ pool: POOL, id, genStamp: genStamp(1001), numBytes: 3000 });
    await sim.advance(1000);
  };
  fail('/a', 'ENOENT');
  await wanted(first);
  expect(troubles.length).toBeGreaterThan(0);
  expect([replica(first), news]).toEqual([`/a 1001 3000 ${ReplicaState.FINALIZED}`, []]);
  node.diskFault = undefined;
  for (const id of [first, second, third]) await wanted(id);
  expect(news).toEqual([`deleted ${first}_1001 /a`]);
  expect(bad).toEqual([String(second)]);
  expect(replica(third)).toBe(`/a 1001 3000 ${ReplicaState.FINALIZED}`);
});

test('a sector that is not read twice is a bad block, and its volume is checked', async () => {
  const parts = await begin(7, async (host) => {
    for (const id of ids) await putBlock(host, '/a', id, 1001);
  });
  const { sim, node, bad, troubles } = parts;
  node.diskFault = ({ operation, path }) =>
    operation === 'read' && path.endsWith(`/blk_${second}`) ? { error: 'EIO' } : undefined;
  const blocks = scanner(parts, new Counters());
  blocks.follow();
  await sim.advance(50_000);
  expect(bad).toEqual([]);
  expect(troubles.length).toBeGreaterThan(0);
  await sim.advance(20_000);
  expect(bad).toEqual([String(second)]);
  expect(parts.replica(second)).toBe(`/a 1001 3000 ${ReplicaState.FINALIZED}`);
  await sim.run(blocks.stop());
});

test.each([
  ['a disk that could not be read for a while', 'EIO', 30_000],
  ['a process with too many open files', 'EMFILE', 600_000],
] as const)('%s makes no block bad', async (_what, error, lastsMs) => {
  const parts = await begin(8, async (host) => {
    for (const id of ids) await putBlock(host, '/a', id, 1001);
  });
  const { sim, node, host, bad } = parts;
  const counters = new Counters();
  const blocks = scanner(parts, counters);
  node.diskFault = ({ operation, path }) =>
    (operation === 'open' || operation === 'read') && path.includes('/blk_') ? { error } : undefined;
  blocks.follow();
  await sim.advance(lastsMs);
  expect(counters.verificationFailures).toBeGreaterThanOrEqual(ids.length);
  expect(counters.blocksVerified).toBe(0);
  // A start in between comes to them again: no cursor lies behind them.
  expect(await sim.run(host.disk.exists(`${poolDir('/a', POOL)}/scanner.cursor`))).toBe(false);
  node.diskFault = undefined;
  await sim.advance(120_000);
  expect(counters.blocksVerified).toBe(ids.length);
  expect(bad).toEqual([]);
  await sim.run(blocks.stop());
});

test('a replica that is ordered away and is not there is said to be gone, so that nobody waits for that', async () => {
  const { sim, dataset, news, replica } = await begin(9, async (host) => {
    await putBlock(host, '/a', first, 1001);
  });
  const order = (id: BlockId, stamp: number) => sim.run(dataset.invalidate(POOL, [{ id, genStamp: genStamp(stamp) }]));
  await order(second, 1005);
  expect(news).toEqual([`deleted ${second}_1005 /a`]);
  await order(first, 1000);
  expect(replica(first)).toBe('/a 1001 3000 0');
  expect(news).toHaveLength(1);
});
