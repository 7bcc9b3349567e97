// If these fail, a file whose writer died stays open, loses bytes that the writer was told are safe, gets bytes that nobody
// wrote, or two clients write one file.
import { describe, expect, test } from 'vitest';
import type { Hdfs, HdfsFileHandle } from '../src/client/index.ts';
import type { Keys } from './cluster.ts';
import { pattern, withTwoClients } from './file-cluster.ts';

const BLOCK = 16_384;
const content = pattern(3 * BLOCK);

/** A cluster and two clients on machines of their own. */
async function twoClients(seed: number, keys?: Keys) {
  const { cluster, ...parts } = await withTwoClients({ seed, dataNodes: 4, keys });
  const system = () => {
    const running = cluster.nameNode.running;
    if (running === undefined) throw new Error('the NameNode does not run');
    return running.system;
  };
  const closed = (limitMs: number) => cluster.until(() => system().namespace.leases.fileCount === 0, limitMs);
  return { cluster, ...parts, system, closed };
}

/** What the writer has done when it dies, and how many bytes it was told are safe. */
const STAGES: readonly (readonly [string, (handle: HdfsFileHandle) => Promise<number>])[] = [
  ['it opened the file', () => Promise.resolve(0)],
  [
    'it wrote, and flushed nothing',
    async (handle) => {
      await handle.write(content.subarray(0, 5_000));
      return 0;
    },
  ],
  [
    'it flushed within a chunk',
    async (handle) => {
      await handle.write(content.subarray(0, 777));
      await handle.hflush();
      return 777;
    },
  ],
  [
    'it synced, and wrote on',
    async (handle) => {
      await handle.write(content.subarray(0, 3_000));
      await handle.hsync();
      await handle.write(content.subarray(3_000, 9_000));
      return 3_000;
    },
  ],
  [
    'it flushed at a block’s end',
    async (handle) => {
      await handle.write(content.subarray(0, BLOCK));
      await handle.hflush();
      return BLOCK;
    },
  ],
  [
    'it was in its second block',
    async (handle) => {
      await handle.write(content.subarray(0, BLOCK + 4_000));
      await handle.hflush();
      await handle.write(content.subarray(BLOCK + 4_000, BLOCK + 6_000));
      return BLOCK + 4_000;
    },
  ],
];

describe.each(STAGES)('a writer that dies when %s', (stage, act) => {
  const seed = 100 + STAGES.findIndex(([name]) => name === stage);

  async function begun(keys?: Keys) {
    const world = await twoClients(seed, keys);
    const work = async (): Promise<number> => act(await world.writer.open('/f', 'w', { replication: 3 }));
    const safe = await world.run(work());
    world.writing.crash('process');
    return { ...world, safe };
  }

  async function expectSafe(reader: Hdfs, safe: number, run: <T>(work: Promise<T>) => Promise<T>): Promise<void> {
    const found = await run(reader.readFile('/f'));
    expect(found.length).toBeGreaterThanOrEqual(safe);
    expect(found.equals(content.subarray(0, found.length))).toBe(true);
  }

  test('is followed by whoever asks for the file', async () => {
    const { cluster, run, reader, closed, safe } = await begun();
    await run(reader.recoverLease('/f'));
    expect(await closed(60_000)).toBe(true);
    expect(await run(reader.recoverLease('/f'))).toBe(true);
    await expectSafe(reader, safe, run);
    expect(cluster.violations.found).toEqual([]);
  });

  test('is followed by the NameNode after the hard limit, also when a DataNode has died with it', async () => {
    const { cluster, run, reader, closed, safe } = await begun({ 'dfs.namenode.lease-hard-limit-sec': 20 });
    cluster.crash('dn1', 'power', false);
    expect(await closed(150_000)).toBe(true);
    await expectSafe(reader, safe, run);
    expect(cluster.violations.found).toEqual([]);
  });
});

test('a file whose pipeline is lost for good is closed though its writer lives on and never closes it', async () => {
  const { cluster, run, writer, reader, closed } = await twoClients(119, { 'dfs.namenode.lease-hard-limit-sec': 40 });
  const handle = await run(writer.open('/f', 'w', { replication: 3 }));
  await run(handle.write(content.subarray(0, 3_000)));
  await run(handle.hsync());
  const names = cluster.dataNodes.map(({ name }) => name);
  for (const name of names) cluster.crash(name, 'process', false);
  await run(handle.write(content.subarray(3_000, 4_000)));
  await expect(run(handle.hflush())).rejects.toMatchObject({ code: 'EIO' });
  for (const name of names) cluster.restart(name);
  expect(await closed(150_000)).toBe(true);
  expect((await run(reader.readFile('/f'))).subarray(0, 3_000).equals(content.subarray(0, 3_000))).toBe(true);
  await expect(run(handle.close())).rejects.toMatchObject({ code: 'EIO' });
  expect(cluster.violations.found).toEqual([]);
});

test('a file whose writer died while all disks were full, and had let nothing of its block begin, is closed', async () => {
  const { cluster, simulation, run, writer, writing, reader, closed } = await twoClients(118);
  for (const daemon of cluster.dataNodes) {
    daemon.diskFault = ({ operation, path }) =>
      operation === 'write' && path.endsWith('.meta') ? { error: 'ENOSPC' } : undefined;
  }
  const handle = await run(writer.open('/f', 'w', { replication: 3 }));
  const written = handle.write(content.subarray(0, 1_000)).then(() => handle.hflush());
  void written.catch(() => undefined);
  const metas = (): string[] =>
    cluster.dataNodes.flatMap(({ machine }) => [...machine.disk.files('/').keys()].filter((path) => path.endsWith('.meta')));
  expect(await cluster.until(() => metas().length > 0, 10_000)).toBe(true);
  await simulation.advance(20);
  expect(metas()).not.toEqual([]);
  writing.crash('process');
  await run(reader.recoverLease('/f'));
  expect(await closed(150_000)).toBe(true);
  expect(await run(reader.readFile('/f'))).toHaveLength(0);
  expect(cluster.violations.found).toEqual([]);
});

test('of two that append to a file nobody holds any more, one succeeds', async () => {
  for (let seed = 120; seed < 126; seed++) {
    const { cluster, run, writer, reader } = await twoClients(seed);
    await run(writer.writeFile('/f', content.subarray(0, 1_000), { replication: 3 }));
    const attempts = await run(Promise.allSettled([writer.open('/f', 'a'), reader.open('/f', 'a')]));
    const handles = attempts.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const refused = attempts.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    expect(handles).toHaveLength(1);
    expect(refused).toEqual([expect.stringMatching(/because this file lease is currently owned by|already being created/)]);
    const [handle] = handles;
    if (handle === undefined) throw new Error('nobody appends');
    await run(handle.write(content.subarray(1_000, 2_000)));
    await run(handle.close());
    expect((await run(reader.readFile('/f'))).equals(content.subarray(0, 2_000))).toBe(true);
    expect(cluster.violations.found).toEqual([]);
  }
});

test('a writer that fell silent for the soft limit loses its file to whoever wants to append', async () => {
  const { cluster, simulation, run, writing, writer, reader, closed } = await twoClients(127);
  const handle = await run(writer.open('/f', 'w', { replication: 3 }));
  await run(handle.write(content.subarray(0, 3_000)));
  await run(handle.hflush());
  await simulation.advance(30_000);
  writing.crash('process');
  await simulation.advance(30_000);
  await expect(run(reader.open('/f', 'a'))).rejects.toMatchObject({ code: 'EBUSY' });
  // Half a minute more, and it is a minute since the writer was heard of.
  await simulation.advance(35_000);
  await expect(run(reader.open('/f', 'a'))).rejects.toMatchObject({ code: 'ERECOVERY' });
  expect(await closed(60_000)).toBe(true);
  await run(reader.appendFile('/f', content.subarray(3_000, 5_000)));
  expect((await run(reader.readFile('/f'))).equals(content.subarray(0, 5_000))).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});

test('a writer that lives on when its file is taken away keeps what it flushed and gets nothing more in', async () => {
  for (let seed = 130; seed < 140; seed++) {
    const { cluster, simulation, run, writer, reader, closed } = await twoClients(seed);
    const random = simulation.random('moment');
    const handle = await run(writer.open('/f', 'w', { replication: 3 }));
    let flushed = 0;
    const write = async (): Promise<void> => {
      for (let at = 0; at < 2 * BLOCK; at += 700) {
        await handle.write(content.subarray(at, at + 700));
        await handle.hflush();
        flushed = at + 700;
      }
    };
    const ended = write().then(
      () => undefined,
      (error: unknown) => error,
    );
    await simulation.advance(1 + random.below(200));
    await run(reader.recoverLease('/f'));
    expect(await closed(120_000)).toBe(true);
    const atClose = await run(reader.readFile('/f'));
    await run(ended);
    await simulation.advance(30_000);
    const later = await run(reader.readFile('/f'));
    expect(later.equals(atClose)).toBe(true);
    expect(later.length).toBeGreaterThanOrEqual(flushed);
    expect(later.equals(content.subarray(0, later.length))).toBe(true);
    expect(cluster.violations.found).toEqual([]);
  }
});

describe('a recovery', () => {
  /** A dead writer's file whose recovery has been ordered, with the primary's name. */
  async function ordered(seed: number) {
    const world = await twoClients(seed);
    const { run, writer, reader, writing, system } = world;
    const handle = await run(writer.open('/f', 'w', { replication: 3 }));
    await run(handle.write(content.subarray(0, 5_000)));
    await run(handle.hflush());
    writing.crash('process');
    expect(await run(reader.recoverLease('/f'))).toBe(false);
    const leading = () => [...system().blockManager.datanodes.alive].filter((node) => node.recoveries.size > 0);
    const [primary] = leading();
    if (primary === undefined) throw new Error('nobody leads');
    return { ...world, leading, primary: primary.id.hostName };
  }

  const expectWhole = async ({ run, reader }: Awaited<ReturnType<typeof ordered>>): Promise<void> => {
    expect((await run(reader.readFile('/f'))).equals(content.subarray(0, 5_000))).toBe(true);
  };

  test('is led by another node when the first does not answer', async () => {
    const world = await ordered(141);
    world.cluster.crash(world.primary, 'process', false);
    expect(await world.closed(150_000)).toBe(true);
    await expectWhole(world);
    expect(world.cluster.violations.found).toEqual([]);
  });

  test('is overtaken by a later one, whose id alone the NameNode takes', async () => {
    const world = await ordered(142);
    const { cluster, simulation, primary } = world;
    const { recoveries } = world.system().blockManager;
    const { blocks, lastBlockId } = world.system().namespace;
    const recoveryId = () => recoveries.recoveryId(blocks.find(lastBlockId));
    const first = recoveryId();
    expect(first).toBeGreaterThan(0);
    // The primary asks and updates the others, and cannot tell the NameNode.
    expect(await cluster.until(() => world.leading().length === 0, 10_000, 1)).toBe(true);
    simulation.cut(simulation.node(primary), simulation.node('nn'));
    expect(await cluster.until(() => recoveryId() !== first, 120_000)).toBe(true);
    expect(recoveryId()).toBeGreaterThan(first ?? 0);
    simulation.heal(simulation.node(primary), simulation.node('nn'));
    expect(await world.closed(150_000)).toBe(true);
    await expectWhole(world);
    await simulation.advance(60_000);
    await expectWhole(world);
    expect(cluster.violations.found).toEqual([]);
  });

  test('of a file that is deleted meanwhile comes to nothing, and the log stays whole', async () => {
    const world = await ordered(143);
    const { cluster, run, reader, system } = world;
    await run(reader.rm('/f', { skipTrash: true }));
    await cluster.simulation.advance(60_000);
    expect(system().namespace.blocks.size).toBe(0);
    cluster.nameNode.crash('power');
    await run(cluster.nameNode.restart());
    expect(await run(reader.exists('/f'))).toBe(false);
    expect(cluster.violations.found).toEqual([]);
  });

  test('goes on after a restart of the NameNode, under the path to which the file was moved', async () => {
    const world = await ordered(144);
    const { cluster, run, reader, primary } = world;
    cluster.crash(primary, 'process', false);
    await run(reader.mkdir('/d'));
    await run(reader.rename('/f', '/d/g'));
    cluster.nameNode.crash('power');
    await run(cluster.nameNode.restart());
    cluster.restart(primary);
    expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
    await run(reader.recoverLease('/d/g'));
    expect(await world.closed(150_000)).toBe(true);
    expect((await run(reader.readFile('/d/g'))).equals(content.subarray(0, 5_000))).toBe(true);
    expect(cluster.violations.found).toEqual([]);
  });
});
