// If these fail, an upgrade cannot be undone, a crash in the middle of one loses the file system or mixes two states of it,
// or a checkpoint cannot be imported.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeSummary, readSummary } from '../../format/fsimage/sections.ts';
import { formatDigest } from '../../format/storage/digest.ts';
import { type Api, exists, mkdir, TestNameNode } from './test-namenode.ts';
import { rollBackNameNode } from './upgrade.ts';

const TWO = {
  'dfs.namenode.name.dir': '/one',
  'dfs.namenode.edits.dir': '/one,/two',
  'dfs.namenode.num.extra.edits.retained': 0,
};
const ROOTS = ['/one', '/two'];

async function formatted(keys: Readonly<Record<string, string | number | boolean>> = TWO, seed = 1): Promise<TestNameNode> {
  const nn = new TestNameNode(keys, seed);
  expect(await nn.format()).toBe(true);
  return nn;
}

const rollBack = (nn: TestNameNode): Promise<void> => nn.within(rollBackNameNode(nn.machine.host, nn.configuration));

async function names(nn: TestNameNode, root: string): Promise<string[]> {
  return (await nn.files(root)).filter((name) => name !== 'in_use.lock');
}

async function cTimes(nn: TestNameNode, of: 'current' | 'previous' = 'current'): Promise<string[]> {
  const found: string[] = [];
  for (const root of ROOTS) {
    const path = `${root}/${of}/VERSION`;
    if (!(await nn.within(nn.machine.host.disk.exists(path)))) continue;
    found.push(/cTime=(\d+)/.exec((await nn.within(nn.machine.host.disk.readFile(path))).toString())?.[1] ?? '');
  }
  return found;
}

async function stop(nn: TestNameNode): Promise<void> {
  await nn.within(nn.running.stop());
  nn.machine.restart();
}

/** A file system with /before in it, stopped. */
async function prepared(seed = 1): Promise<TestNameNode> {
  const nn = await formatted(TWO, seed);
  const api = await nn.start();
  await mkdir(api, '/before');
  await stop(nn);
  return nn;
}

async function upgraded(nn: TestNameNode): Promise<Api> {
  const api = await nn.start({ startup: 'upgrade' });
  await mkdir(api, '/after');
  return api;
}

describe('an upgrade', () => {
  test('keeps the state of before in previous, under a new CTime, until it is finalized', async () => {
    const nn = await prepared();
    const [before] = await cTimes(nn);
    const api = await upgraded(nn);
    for (const root of ROOTS) expect(await names(nn, root)).toEqual(['current', 'previous']);
    expect(await cTimes(nn, 'previous')).toEqual([before, before]);
    const after = await cTimes(nn);
    expect(new Set(after).size).toBe(1);
    expect(Number(after[0])).toBeGreaterThan(Number(before));
    expect(await api.upgradeStatus({})).toEqual({ upgradeFinalized: false });
    expect(nn.running.system.namespace.keepsOldBlocks()).toBe(true);
    await expect(mkdir(api, '/x')).resolves.toEqual({ result: true });
    // It holds over a restart, and cannot be begun again.
    await stop(nn);
    await expect(nn.start({ startup: 'upgrade' })).rejects.toThrow(
      'Directory /one is in an inconsistent state: previous fs state should not exist during upgrade. Finalize or rollback first.',
    );
    const again = await nn.start();
    expect(await again.upgradeStatus({})).toEqual({ upgradeFinalized: false });
    await again.finalizeUpgrade({});
    expect(await again.upgradeStatus({})).toEqual({ upgradeFinalized: true });
    expect(nn.running.system.namespace.keepsOldBlocks()).toBe(false);
    for (const root of ROOTS) expect(await names(nn, root)).toEqual(['current']);
    for (const path of ['/before', '/after', '/x']) expect(await exists(again, path)).toBe(true);
    await stop(nn);
    await expect(rollBack(nn)).rejects.toThrow('Cannot rollback. None of the storage directories contain previous fs state.');
  });

  test('is undone by a rollback, edits and checkpoints since then included', async () => {
    const nn = await prepared();
    const [before] = await cTimes(nn);
    let api = await upgraded(nn);
    for (let i = 0; i < 3; i++) {
      await mkdir(api, `/later${i}`);
      await nn.within(nn.running.checkpointer.save());
    }
    await stop(nn);
    await rollBack(nn);
    expect(await cTimes(nn)).toEqual([before, before]);
    for (const root of ROOTS) expect(await names(nn, root)).toEqual(['current']);
    api = await nn.start();
    expect(await exists(api, '/before')).toBe(true);
    for (const path of ['/after', '/later0', '/later2']) expect(await exists(api, path)).toBe(false);
    await mkdir(api, '/anew');
    api = await nn.restart('power');
    expect(await exists(api, '/anew')).toBe(true);
  });

  test('that came before a directory was added is rolled back once that one is out of the way', async () => {
    const nn = await prepared();
    await upgraded(nn);
    await stop(nn);
    await nn.within(nn.machine.host.disk.removeTree('/two/previous'));
    await nn.within(nn.machine.host.disk.removeTree('/two/current'));
    await nn.start();
    await stop(nn);
    await expect(rollBack(nn)).rejects.toThrow(
      /^Directory \/two is in an inconsistent state: .*If \/two came after the upgrade/,
    );
    await nn.within(nn.machine.host.disk.rename('/two/current', '/two/moved'));
    await rollBack(nn);
    const api = await nn.start();
    expect(await exists(api, '/before')).toBe(true);
    expect(await exists(api, '/after')).toBe(false);
    expect(new Set(await cTimes(nn)).size).toBe(1);
  });

  test('that was finalized while a directory was out of service is not rolled back over what came since', async () => {
    const nn = await prepared();
    let api = await upgraded(nn);
    nn.machine.diskFault = ({ path }) => (path.startsWith('/two/') ? { error: 'EIO' } : undefined);
    await mkdir(api, '/failing');
    await api.finalizeUpgrade({});
    nn.machine.diskFault = undefined;
    await stop(nn);
    const left = await Promise.all(ROOTS.map((root) => names(nn, root)));
    expect(left).toEqual([['current'], ['current', 'previous']]);
    await expect(rollBack(nn)).rejects.toThrow(
      /^Directory \/one is in an inconsistent state: it has no previous fs state, and \/two has one: nothing was rolled back/,
    );
    api = await nn.start();
    for (const path of ['/before', '/after', '/failing']) expect(await exists(api, path), path).toBe(true);
    await api.finalizeUpgrade({});
    expect(await names(nn, '/two')).toEqual(['current']);
  });

  test('that was finalized while a directory was out of service is finalized there when it comes back', async () => {
    const nn = await prepared();
    const api = await upgraded(nn);
    nn.machine.diskFault = ({ path }) => (path.startsWith('/two/') ? { error: 'EIO' } : undefined);
    await mkdir(api, '/failing');
    await api.finalizeUpgrade({});
    nn.machine.diskFault = undefined;
    await api.restoreFailedStorage({ arg: 'true' });
    await api.rollEdits({});
    expect(await names(nn, '/two')).toEqual(['current']);
    const again = await nn.restart('power');
    expect(await again.upgradeStatus({})).toEqual({ upgradeFinalized: true });
    expect(await exists(again, '/failing')).toBe(true);
  });

  test('that a directory could not finalize leaves nothing there once it comes back', async () => {
    const nn = await prepared();
    const api = await upgraded(nn);
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'rm' && path.startsWith('/two/finalized.tmp') ? { error: 'EIO' } : undefined;
    await api.finalizeUpgrade({});
    nn.machine.diskFault = undefined;
    expect(await names(nn, '/two')).toEqual(['current', 'finalized.tmp']);
    await api.restoreFailedStorage({ arg: 'true' });
    await api.rollEdits({});
    expect(await names(nn, '/two')).toEqual(['current']);
  });

  test('that one directory refuses does not begin to serve, and the next start undoes it', async () => {
    const nn = await prepared();
    const before = await cTimes(nn);
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'rename' && path === '/two/current' ? { error: 'EIO' } : undefined;
    await expect(nn.start({ startup: 'upgrade' })).rejects.toThrow(
      'Upgrade failed in 1 storage directory(ies), previously logged.',
    );
    nn.machine.diskFault = undefined;
    nn.machine.restart();
    const api = await nn.start();
    expect(await exists(api, '/before')).toBe(true);
    expect(await cTimes(nn)).toEqual(before);
  });
});

describe('an older layout', () => {
  /** Makes what stands in `current` that of a version whose files differ from ours by their numbers only. */
  async function age(nn: TestNameNode, layoutVersion: number): Promise<void> {
    const { disk } = nn.machine.host;
    for (const root of ROOTS) {
      for (const name of await nn.files(`${root}/current`)) {
        const path = `${root}/current/${name}`;
        const bytes = await nn.within(disk.readFile(path));
        if (name === 'VERSION') {
          await nn.within(
            disk.writeFileAtomic(path, bytes.toString().replace('layoutVersion=-67', `layoutVersion=${layoutVersion}`)),
          );
        } else if (/^edits_\d+-\d+$/.test(name)) {
          bytes.writeInt32BE(layoutVersion, 0);
          await nn.within(disk.writeFileAtomic(path, bytes));
        } else if (/^fsimage_\d+$/.test(name)) {
          const file = await nn.within(disk.open(path, 'r'));
          const summary = await nn.within(readSummary(file, bytes.length));
          const end = bytes.length - 4 - bytes.readInt32BE(bytes.length - 4);
          const aged = Buffer.concat([bytes.subarray(0, end), encodeSummary({ ...summary, layoutVersion })]);
          const md5 = createHash('md5').update(aged).digest('hex');
          await nn.within(disk.writeFileAtomic(path, aged));
          await nn.within(disk.writeFileAtomic(`${path}.md5`, formatDigest({ md5, fileName: name })));
        }
      }
    }
  }

  test.each([-61, -63, -66])('%s is served after an upgrade, and kept as it was in previous', async (layoutVersion) => {
    const nn = await prepared();
    await age(nn, layoutVersion);
    await expect(nn.start()).rejects.toThrow(/old layout version .*"-upgrade" option to start a new upgrade/s);
    nn.machine.restart();
    const api = await upgraded(nn);
    for (const path of ['/before', '/after']) expect(await exists(api, path)).toBe(true);
    const text = async (path: string): Promise<string> => (await nn.within(nn.machine.host.disk.readFile(path))).toString();
    for (const root of ROOTS) {
      expect(await text(`${root}/previous/VERSION`)).toMatch(new RegExp(`layoutVersion=${layoutVersion}\n`));
      expect(await text(`${root}/current/VERSION`)).toMatch(/layoutVersion=-67\n/);
    }
    await stop(nn);
    // The way back is that version's.
    await expect(rollBack(nn)).rejects.toThrow(`Cannot rollback to storage version ${layoutVersion} using this version`);
    const again = await nn.start();
    expect(await exists(again, '/after')).toBe(true);
  });

  test('of before -61 is refused with what can be done', async () => {
    const nn = await prepared();
    await age(nn, -60);
    await expect(nn.start({ startup: 'upgrade' })).rejects.toThrow(
      /Upgrade is not supported from this {2}older version -60.*\nStorage directory: \/one/,
    );
  });
});

/** Calls that change a disk. */
const CHANGES = new Set(['open', 'write', 'rename', 'mkdir', 'rm', 'link', 'unlink', 'truncate', 'fsync', 'fdatasync']);

/** Runs `work` again and again, each time crashing at the next disk call, until it gets through. */
async function atEveryCrash(
  make: (seed: number) => Promise<TestNameNode>,
  work: (nn: TestNameNode) => Promise<unknown>,
  check: (nn: TestNameNode, at: number) => Promise<void>,
  counts: (operation: string, path: string) => boolean = () => true,
): Promise<number> {
  for (let at = 1; ; at++) {
    const nn = await make(at);
    let calls = 0;
    let crashed = false;
    const over = new Promise<'crashed'>((resolve) => {
      nn.machine.diskFault = ({ operation, path }) => {
        if (crashed || path.endsWith('in_use.lock') || !CHANGES.has(operation)) return undefined;
        if (!counts(operation, path) || ++calls !== at) return undefined;
        crashed = true;
        // Everything done so far stays, or only what was synced. (Luck would also tear renames, which no file system does.)
        nn.machine.crash(at % 3 === 0 ? 'process' : 'power', false);
        resolve('crashed');
        return undefined;
      };
    });
    const outcome = await nn.within(Promise.race([over, work(nn).then(() => 'done' as const)]));
    nn.machine.diskFault = undefined;
    if (outcome === 'done') return at;
    nn.machine.restart();
    await check(nn, at);
  }
}

describe('a crash at every disk call', () => {
  test('of an upgrade leaves the old state, or the upgraded one that can still be rolled back', async () => {
    const kinds = new Set<string>();
    const calls = await atEveryCrash(
      prepared,
      (nn) => nn.start({ startup: 'upgrade' }),
      async (nn, at) => {
        const api = await nn.start();
        expect(await exists(api, '/before'), `call ${at}`).toBe(true);
        expect(new Set(await cTimes(nn)).size, `call ${at}`).toBe(1);
        const { upgradeFinalized } = await api.upgradeStatus({});
        kinds.add(upgradeFinalized ? 'undone' : 'done');
        await mkdir(api, '/after');
        await stop(nn);
        if (upgradeFinalized) {
          for (const root of ROOTS) expect(await names(nn, root), `call ${at}`).toEqual(['current']);
          return;
        }
        for (const root of ROOTS) expect(await names(nn, root), `call ${at}`).toEqual(['current', 'previous']);
        if (at % 3 !== 0) return;
        await rollBack(nn);
        const back = await nn.start();
        expect(await exists(back, '/before'), `call ${at}`).toBe(true);
        expect(await exists(back, '/after'), `call ${at}`).toBe(false);
      },
    );
    expect(calls).toBeGreaterThan(30);
    expect(kinds).toEqual(new Set(['undone', 'done']));
  });

  test('of a rollback is followed by one that gets through', async () => {
    const make = async (seed: number): Promise<TestNameNode> => {
      const nn = await prepared(seed);
      await upgraded(nn);
      await stop(nn);
      return nn;
    };
    const calls = await atEveryCrash(
      make,
      (nn) => rollBackNameNode(nn.machine.host, nn.configuration),
      async (nn, at) => {
        // A start in between serves one of the two states, or refuses a mixture of them.
        const started = await nn.start().catch((error: Error) => error);
        if (started instanceof Error) expect(started.message).toMatch(/cTime is .*-rollback/);
        else await stop(nn);
        nn.machine.restart();
        await rollBack(nn).catch((error: Error) => expect(error.message).toMatch(/^Cannot rollback. None/));
        const api = await nn.start();
        expect(await exists(api, '/before'), `call ${at}`).toBe(true);
        expect(await exists(api, '/after'), `call ${at}`).toBe(false);
        expect(new Set(await cTimes(nn)).size, `call ${at}`).toBe(1);
      },
    );
    expect(calls).toBeGreaterThan(8);
  });

  test('of finalizing leaves the upgraded state, and it can be finalized again', async () => {
    const make = async (seed: number): Promise<TestNameNode> => {
      const nn = await prepared(seed);
      await upgraded(nn);
      return nn;
    };
    const calls = await atEveryCrash(
      make,
      (nn) => nn.client().finalizeUpgrade({}),
      async (nn, at) => {
        const api = await nn.start();
        expect(await exists(api, '/after'), `call ${at}`).toBe(true);
        await api.finalizeUpgrade({});
        for (const root of ROOTS) expect(await names(nn, root), `call ${at}`).toEqual(['current']);
      },
    );
    expect(calls).toBeGreaterThan(4);
  });
});

describe('importing a checkpoint', () => {
  const keys = { 'dfs.namenode.checkpoint.dir': '/checkpoint' };

  async function lost(seed = 1, own: Record<string, string> = keys): Promise<TestNameNode> {
    const nn = await formatted(own, seed);
    const api = await nn.start();
    await mkdir(api, '/kept');
    await nn.within(nn.running.checkpointer.save());
    await mkdir(api, '/logged');
    await stop(nn);
    const { disk } = nn.machine.host;
    // As a secondary that has fetched the last segment as well.
    await nn.within(disk.mkdir('/checkpoint'));
    await nn.within(disk.rename('/name/current', '/checkpoint/current'));
    await nn.within(disk.syncDirectory('/checkpoint'));
    await nn.within(disk.syncDirectory('/'));
    await nn.within(disk.syncDirectory('/name'));
    return nn;
  }

  test('begins with what it holds, as the same name system, and goes on', async () => {
    const nn = await lost();
    let api = await nn.start({ startup: 'import' });
    const version = (await nn.within(nn.machine.host.disk.readFile('/name/current/VERSION'))).toString();
    const theirs = (await nn.within(nn.machine.host.disk.readFile('/checkpoint/current/VERSION'))).toString();
    expect(version.split('\n').slice(1)).toEqual(theirs.split('\n').slice(1));
    await mkdir(api, '/new');
    api = await nn.restart('power');
    for (const path of ['/kept', '/logged', '/new']) expect(await exists(api, path)).toBe(true);
  });

  test('goes into empty directories only', async () => {
    const nn = await lost();
    await nn.start({ startup: 'import' });
    await stop(nn);
    await expect(nn.start({ startup: 'import' })).rejects.toThrow(
      'Cannot import image from a checkpoint.  NameNode already contains an image in /name',
    );
    await nn.within(nn.machine.host.disk.removeTree('/name/current'));
    await nn.within(nn.machine.host.disk.removeTree('/checkpoint'));
    await expect(nn.start({ startup: 'import' })).rejects.toThrow(
      'Directory /checkpoint is in an inconsistent state: storage directory does not exist or is not accessible.',
    );
  });

  test('does not go over a file system that has lost its VERSION alone', async () => {
    const nn = await formatted(keys);
    let api = await nn.start();
    await mkdir(api, '/kept');
    await nn.within(nn.running.checkpointer.save());
    await mkdir(api, '/newer');
    await stop(nn);
    const { disk } = nn.machine.host;
    await nn.within(disk.mkdir('/checkpoint/current'));
    for (const name of await nn.files('/name/current')) {
      if (!/^(?:VERSION|fsimage)/.test(name)) continue;
      const bytes = await nn.within(disk.readFile(`/name/current/${name}`));
      await nn.within(disk.writeFileAtomic(`/checkpoint/current/${name}`, bytes));
    }
    const version = await nn.within(disk.readFile('/name/current/VERSION'));
    await nn.within(disk.unlink('/name/current/VERSION'));
    await expect(nn.start({ startup: 'import' })).rejects.toThrow(
      /^Directory \/name is in an inconsistent state: \/name\/current\/VERSION is missing, though edits_\S+ is there. Nothing was imported/,
    );
    await nn.within(disk.writeFileAtomic('/name/current/VERSION', version));
    api = await nn.start();
    for (const path of ['/kept', '/newer']) expect(await exists(api, path), path).toBe(true);
  });

  test('that a crash cut off at any disk call is done again', async () => {
    const calls = await atEveryCrash(
      lost,
      (nn) => nn.start({ startup: 'import' }),
      async (nn, at) => {
        const isThere = await nn.within(nn.machine.host.disk.exists('/name/current/VERSION'));
        const api = await nn.start(isThere ? {} : { startup: 'import' });
        for (const path of ['/kept', '/logged']) expect(await exists(api, path), `call ${at}`).toBe(true);
      },
    );
    expect(calls).toBeGreaterThan(10);
  });

  test('that a crash cut off between two directories goes on in both', async () => {
    const own: Record<string, string> = { ...keys };
    const make = async (seed: number): Promise<TestNameNode> => {
      own['dfs.namenode.name.dir'] = '/name';
      const nn = await lost(seed, own);
      await nn.within(nn.machine.host.disk.mkdir('/other'));
      await nn.within(nn.machine.host.disk.syncDirectory('/'));
      own['dfs.namenode.name.dir'] = '/name,/other';
      return nn;
    };
    await atEveryCrash(
      make,
      (nn) => nn.start({ startup: 'import' }),
      async (nn, at) => {
        const isThere = await nn.within(nn.machine.host.disk.exists('/name/current/VERSION'));
        let api = await nn.start(isThere ? {} : { startup: 'import' });
        await mkdir(api, '/more');
        own['dfs.namenode.name.dir'] = '/other';
        api = await nn.restart('power');
        for (const path of ['/kept', '/logged', '/more']) expect(await exists(api, path), `call ${at}`).toBe(true);
      },
      (operation, path) => operation === 'rename' || operation === 'mkdir' || path.includes('VERSION'),
    );
  });

  test('that one directory cannot take is made up for at the next start', async () => {
    const own: Record<string, string> = { ...keys };
    const nn = await lost(1, own);
    await nn.within(nn.machine.host.disk.mkdir('/other'));
    own['dfs.namenode.name.dir'] = '/name,/other';
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'fsync' && path.startsWith('/other/current/fsimage') ? { error: 'EIO' } : undefined;
    let api = await nn.start({ startup: 'import' });
    await mkdir(api, '/more');
    nn.machine.diskFault = undefined;
    await nn.restart('stop');
    own['dfs.namenode.name.dir'] = '/other';
    api = await nn.restart('stop');
    for (const path of ['/kept', '/logged', '/more']) expect(await exists(api, path), path).toBe(true);
  });
});
