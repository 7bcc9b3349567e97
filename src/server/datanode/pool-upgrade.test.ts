// If these fail, an upgrade, a rollback or a crash in the middle of one loses blocks, or a rollback brings back other bytes
// than were there before.
import { expect, test } from 'vitest';
import type { Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { finalizedDir, lazyPersistDir, poolDir, previousDir, rbwDir, trashDir } from './layout.ts';
import { finalizePool, PoolDirectory, type StartOption } from './pool-upgrade.ts';
import { Storages } from './storages.ts';

const ROOT = '/data';
const POOL = 'BP-1-127.0.0.1-1';
const before = { clusterId: 'CID-1', namespaceId: 7, pool: POOL, cTime: 1000 };
const after = { ...before, cTime: 2000 };
const FILES: Readonly<Record<string, string>> = {
  [`${finalizedDir(ROOT, POOL)}/subdir0/subdir1/blk_257`]: 'first',
  [`${finalizedDir(ROOT, POOL)}/subdir0/subdir1/blk_257_1001.meta`]: 'sums',
  [`${finalizedDir(ROOT, POOL)}/subdir3/subdir0/blk_196608`]: 'second',
  [`${lazyPersistDir(ROOT, POOL)}/subdir0/subdir2/blk_513`]: 'of a memory',
  [`${lazyPersistDir(ROOT, POOL)}/subdir0/subdir2/blk_513_1002.meta`]: 'sums',
  [`${rbwDir(ROOT, POOL)}/blk_9`]: 'third',
  [`${rbwDir(ROOT, POOL)}/blk_9_1003.meta`]: 'sums',
};

const load = (host: Host, namespace: typeof before, option: StartOption = 'regular'): Promise<unknown> =>
  new PoolDirectory(host, ROOT, namespace).load(option);

async function fill(host: Host): Promise<void> {
  await load(host, before);
  for (const [path, text] of Object.entries(FILES)) {
    const directory = path.slice(0, path.lastIndexOf('/'));
    await host.disk.mkdir(directory);
    await host.disk.writeFileAtomic(path, text);
  }
}

async function expectFiles(host: Host, from = 'current'): Promise<void> {
  for (const [path, text] of Object.entries(FILES)) {
    const place = path.replace(`${POOL}/current`, `${POOL}/${from}`);
    expect((await host.disk.readFile(place)).toString()).toBe(text);
  }
}

const versionOf = async (host: Host, from = 'current'): Promise<string> =>
  /cTime=(\d+)/.exec((await host.disk.readFile(`${poolDir(ROOT, POOL)}/${from}/VERSION`)).toString())?.[1] ?? '';

/** Runs `work` with a crash at each of its disk calls in turn, then again on what is left, then `check`. */
async function cutEverywhere(
  prepare: (host: Host) => Promise<void>,
  work: (host: Host) => Promise<unknown>,
  check: (host: Host) => Promise<void>,
): Promise<number> {
  let calls = 0;
  for (let at = 0; ; at++) {
    const sim = new Simulation({ seed: at + 1 });
    const node = sim.node('dn');
    await sim.run(prepare(node.host));
    // Renames are atomic, as on every journalling file system: without luck the disk keeps what was synced, in order.
    node.crashAtDiskCall(at + 1, { how: at % 2 === 1 ? 'power' : 'process', after: false });
    // A call of a dead process is never answered.
    void work(node.host).catch(() => undefined);
    await sim.advance(10_000);
    if (node.isAlive) break;
    calls++;
    const host = node.restart();
    await sim.run(work(host).then(() => check(host)));
  }
  return calls;
}

test('an upgrade keeps the state of before as hard links; a rollback takes it back; a finalization gives it up', async () => {
  const sim = new Simulation({ seed: 1 });
  const { host } = sim.node('dn');
  const run = async (): Promise<void> => {
    await fill(host);
    await load(host, after);
    await expectFiles(host);
    await expectFiles(host, 'previous');
    const [path] = Object.keys(FILES) as [string];
    const { inode } = await host.disk.stat(path);
    expect((await host.disk.stat(path.replace('/current/finalized', '/previous/finalized'))).inode).toBe(inode);
    expect([await versionOf(host), await versionOf(host, 'previous')]).toEqual(['2000', '1000']);
    // What would come of it is newer than the NameNode.
    await host.disk.unlink(path);
    await expect(load(host, { ...before, cTime: 500 }, 'rollback')).rejects.toThrow('Cannot rollback to a newer state.');
    await load(host, before, 'rollback');
    await expectFiles(host);
    expect(await versionOf(host)).toBe('1000');
    expect(await host.disk.readdir(poolDir(ROOT, POOL))).toEqual(['current']);
    // Without a state of before it is an ordinary start.
    await load(host, before, 'rollback');
    await load(host, after);
    expect(await finalizePool(host.disk, ROOT, POOL)).toBe(true);
    expect(await finalizePool(host.disk, ROOT, POOL)).toBe(false);
    await expectFiles(host);
    await expect(load(host, before)).rejects.toThrow(
      'Datanode state: LV = -57 CTime = 2000 is newer than the namespace state: LV = -57 CTime = 1000',
    );
  };
  await sim.run(run());
});

test('a directory in service goes on for no NameNode that was upgraded meanwhile, since it keeps nothing of before', async () => {
  const sim = new Simulation({ seed: 1 });
  const { host } = sim.node('dn');
  const storages = await sim.run(Storages.open(host, [{ path: ROOT, storageType: StorageTypeProto.DISK }], 0, 0));
  await sim.run(storages.bind(before));
  await sim.run(storages.bind(before));
  await expect(sim.run(storages.bind(after))).rejects.toMatchObject({
    code: 'EUNREGISTERED',
    message: expect.stringMatching(/^the NameNode was upgraded: its CTime is 2000, .* when this DataNode is started again/),
  });
});

test('a finalization that the disk refused is brought to its end when it is asked for again', async () => {
  const sim = new Simulation({ seed: 1 });
  const node = sim.node('dn');
  const { host } = node;
  const run = async (): Promise<void> => {
    await fill(host);
    await load(host, after);
    node.diskFault = ({ operation }) => (operation === 'rm' ? { error: 'EIO' } : undefined);
    await expect(finalizePool(host.disk, ROOT, POOL)).rejects.toThrow('EIO');
    node.diskFault = undefined;
    expect(await finalizePool(host.disk, ROOT, POOL)).toBe(true);
    expect(await host.disk.readdir(poolDir(ROOT, POOL))).toEqual(['current']);
    await expectFiles(host);
  };
  await sim.run(run());
});

test('a rollback that the NameNode did not take part in changes nothing', async () => {
  const logged: string[] = [];
  const sim = new Simulation({ seed: 1, log: ({ level, message }) => logged.push(`${level}: ${message}`) });
  const { host } = sim.node('dn');
  const run = async (): Promise<void> => {
    await fill(host);
    await load(host, after);
    const later = `${finalizedDir(ROOT, POOL)}/subdir0/subdir1/blk_258`;
    await host.disk.writeFileAtomic(later, 'since');
    await load(host, after, 'rollback');
    expect(logged.join('\n')).toMatch(/error: \/data\/current\/BP-1-127.0.0.1-1 is not rolled back: .*namenode -rollback/);
    expect([await versionOf(host), await versionOf(host, 'previous')]).toEqual(['2000', '1000']);
    expect((await host.disk.readFile(later)).toString()).toBe('since');
    // One that was upgraded twice meanwhile, and went back once, has an older state here to go on from.
    await load(host, { ...after, cTime: 1500 }, 'rollback');
    await expectFiles(host);
    expect(await versionOf(host)).toBe('1500');
  };
  await sim.run(run());
});

test('a crash anywhere in an upgrade, a rollback or a finalization leads back or forward', async () => {
  const upgrade = await cutEverywhere(
    fill,
    (host) => load(host, after),
    async (host) => {
      await expectFiles(host);
      await expectFiles(host, 'previous');
      expect(await versionOf(host)).toBe('2000');
    },
  );
  const upgraded = async (host: Host): Promise<void> => {
    await fill(host);
    await load(host, after);
  };
  const rollback = await cutEverywhere(
    upgraded,
    (host) => load(host, before, 'rollback'),
    async (host) => {
      await expectFiles(host);
      expect(await versionOf(host)).toBe('1000');
      expect(await host.disk.exists(previousDir(ROOT, POOL))).toBe(false);
    },
  );
  const finalization = await cutEverywhere(
    upgraded,
    async (host) => {
      await load(host, after);
      await finalizePool(host.disk, ROOT, POOL);
    },
    async (host) => {
      await expectFiles(host);
      expect(await host.disk.readdir(poolDir(ROOT, POOL))).toEqual(['current']);
    },
  );
  expect([upgrade > 30, rollback > 6, finalization > 3]).toEqual([true, true, true]);
});

test('what lies in the trash comes back with -rollback, but never over something longer', async () => {
  const sim = new Simulation({ seed: 1 });
  const { host } = sim.node('dn');
  const run = async (): Promise<void> => {
    await fill(host);
    const paths = Object.keys(FILES);
    for (const path of paths) {
      const to = path.replace('/current/finalized', '/trash/finalized').replace('/current/rbw', '/trash/rbw');
      await host.disk.mkdir(to.slice(0, to.lastIndexOf('/')));
      await host.disk.rename(path, to);
    }
    const kept = `${rbwDir(ROOT, POOL)}/blk_9`;
    await host.disk.writeFileAtomic(kept, 'a longer third');
    await load(host, before);
    expect(await host.disk.exists(trashDir(ROOT, POOL))).toBe(true);
    await load(host, before, 'rollback');
    expect((await host.disk.readFile(kept)).toString()).toBe('a longer third');
    await host.disk.writeFileAtomic(kept, 'third');
    await expectFiles(host);
    expect(await host.disk.exists(trashDir(ROOT, POOL))).toBe(false);
  };
  await sim.run(run());
});
