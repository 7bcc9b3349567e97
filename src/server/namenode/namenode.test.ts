// If these fail, an acknowledged change can be lost, or a NameNode can come back from its disk as something else than it was.
import { describe, expect, test } from 'vitest';
import { isBuilt } from '../../wire/tables/entry.ts';
import { SERVICES, type ServiceEntry } from '../../wire/tables/services.ts';
import { type Api, createFile, exists, mkdir, TestNameNode } from './test-namenode.ts';

async function formatted(keys: Readonly<Record<string, string | number | boolean>> = {}, seed = 1): Promise<TestNameNode> {
  const nn = new TestNameNode(keys, seed);
  expect(await nn.format()).toBe(true);
  return nn;
}

describe('an acknowledged change', () => {
  test('survives a power loss right after its answer, whatever the disk made of the rest', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const nn = await formatted({}, seed);
      let api = await nn.start();
      const acknowledged: string[] = [];
      for (let i = 0; i < 5 + seed; i++) {
        await mkdir(api, `/d${i}`);
        acknowledged.push(`/d${i}`);
      }
      // Not awaited: may or may not have happened, and must not hurt what came before.
      const flying = api.mkdirs({ src: '/flying', masked: { perm: 0o755 }, createParent: true }).catch(() => undefined);
      api = await nn.restart('power', {}, seed % 2 === 0);
      await flying.catch(() => undefined);
      for (const path of acknowledged) expect(await exists(api, path), `seed ${seed} ${path}`).toBe(true);
      expect(nn.fatal).toEqual([]);
    }
  });

  test('is there after an orderly stop, after a kill, and after a checkpoint', async () => {
    const nn = await formatted();
    let api = await nn.start();
    await mkdir(api, '/a/b');
    api = await nn.restart('stop');
    await mkdir(api, '/c');
    api = await nn.restart('process');
    await nn.within(nn.running.checkpointer.save());
    await mkdir(api, '/d');
    api = await nn.restart('power');
    for (const path of ['/a/b', '/c', '/d']) expect(await exists(api, path)).toBe(true);
    expect(nn.running.system.namespace.inodeCount).toBe(5);
  });

  test('is done once, however often the call is repeated, also after a restart', async () => {
    const nn = await formatted();
    let api = await nn.start();
    await mkdir(api, '/x');
    const client = nn.client();
    expect(await client.delete({ src: '/x', recursive: true }, { callId: 7, retryCount: 0 })).toEqual({ result: true });
    await mkdir(api, '/x');
    // The retry of the first delete must not take the new directory away.
    expect(await client.delete({ src: '/x', recursive: true }, { callId: 7, retryCount: 1 })).toEqual({ result: true });
    expect(await exists(api, '/x')).toBe(true);
    api = await nn.restart('power');
    expect(await exists(api, '/x')).toBe(true);
  });
});

describe('several directories', () => {
  const two = { 'dfs.namenode.name.dir': '/one,/two' };

  test('one that fails is dropped, and the other has everything', async () => {
    const nn = await formatted(two);
    let api = await nn.start();
    await mkdir(api, '/before');
    nn.machine.diskFault = ({ operation, path }) =>
      path.startsWith('/two/') && operation === 'fdatasync' ? { error: 'EIO' } : undefined;
    await mkdir(api, '/after');
    expect(nn.fatal).toEqual([]);
    expect(nn.running.system.editLog.states.map(({ failed }) => failed === undefined)).toEqual([true, false]);
    nn.machine.diskFault = undefined;
    api = await nn.restart('power');
    expect(await exists(api, '/before')).toBe(true);
    expect(await exists(api, '/after')).toBe(true);
    expect(nn.running.system.editLog.states.every(({ failed }) => failed === undefined)).toBe(true);
  });

  test('the loss of a required one, or of too many, stops the process before anything is acknowledged', async () => {
    for (const key of ['dfs.namenode.edits.dir.required', 'dfs.namenode.edits.dir.minimum']) {
      const nn = await formatted({ ...two, [key]: key.endsWith('minimum') ? 2 : '/two' });
      const api = await nn.start();
      nn.machine.diskFault = ({ operation, path }) =>
        path.startsWith('/two/') && operation === 'fdatasync' ? { error: 'EIO' } : undefined;
      await expect(mkdir(api, '/never')).rejects.toThrow();
      expect(nn.fatal).toHaveLength(1);
    }
  });

  test('an empty one beside formatted ones joins them', async () => {
    const nn = await formatted();
    let api = await nn.start();
    await mkdir(api, '/kept');
    await nn.within(nn.running.stop());
    const joined = new TestNameNode(two);
    expect(await joined.format()).toBe(true);
    api = await joined.start();
    await mkdir(api, '/kept');
    await joined.within(joined.running.stop());
    joined.machine.restart();
    await joined.within(joined.machine.host.disk.removeTree('/two/current'));
    api = await joined.start();
    expect(await exists(api, '/kept')).toBe(true);
  });
});

describe('a damaged directory', () => {
  test('damage inside the log stops the start with file and offset; -recover cuts there', async () => {
    const nn = await formatted();
    const api = await nn.start();
    for (let i = 0; i < 20; i++) await mkdir(api, `/d${i}`);
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const { disk } = nn.machine.host;
    const name = (await nn.files('/name/current')).find((each) => each.startsWith('edits_0'));
    const path = `/name/current/${name}`;
    const bytes = await nn.within(disk.readFile(path));
    const at = bytes.indexOf('/d10');
    bytes[at + 1] = 0x58;
    await nn.within(disk.writeFileAtomic(path, bytes));
    await expect(nn.start()).rejects.toThrow(/edits_0.* is damaged at offset \d+: .*intact transactions follow.*-recover/);
    nn.machine.restart();
    const again = await nn.start({ recover: true });
    expect(await exists(again, '/d9')).toBe(true);
    expect(await exists(again, '/d10')).toBe(false);
  });

  test('a missing segment is a gap, not an end', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await mkdir(api, '/a');
    await api.rollEdits({});
    await mkdir(api, '/b');
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const names = (await nn.files('/name/current')).filter((name) => name.startsWith('edits_0'));
    await nn.within(nn.machine.host.disk.unlink(`/name/current/${names.at(-1)}`));
    await expect(nn.start()).rejects.toThrow(/Gap in transactions/);
  });

  test('an image whose digest does not fit is passed over for an older one', async () => {
    const nn = await formatted();
    let api = await nn.start();
    await mkdir(api, '/a');
    await nn.within(nn.running.checkpointer.save());
    await mkdir(api, '/b');
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const image = (await nn.files('/name/current')).filter((name) => /^fsimage_\d+$/.test(name)).at(-1);
    const { disk } = nn.machine.host;
    const bytes = await nn.within(disk.readFile(`/name/current/${image}`));
    bytes[40] = (bytes[40] as number) ^ 1;
    await nn.within(disk.writeFileAtomic(`/name/current/${image}`, bytes));
    api = await nn.start();
    expect(await exists(api, '/a')).toBe(true);
    expect(await exists(api, '/b')).toBe(true);
    expect(nn.logged.join('\n')).toMatch(/its MD5 is/);
  });

  test('what is not formatted, missing, or of another version does not start, and says so', async () => {
    const nn = new TestNameNode();
    await expect(nn.start()).rejects.toThrow(/storage directory does not exist/);
    const { disk } = nn.machine.host;
    await nn.within(disk.mkdir('/name'));
    await expect(nn.start()).rejects.toThrow('NameNode is not formatted.');
    await nn.format({ force: true });
    const version = (await nn.within(disk.readFile('/name/current/VERSION'))).toString();
    await nn.within(disk.writeFileAtomic('/name/current/VERSION', version.replace('layoutVersion=-67', 'layoutVersion=-66')));
    await expect(nn.start()).rejects.toThrow(/old layout version -66.*-upgrade/s);
  });

  test('a directory in use is not started a second time', async () => {
    const nn = await formatted();
    await nn.start();
    await expect(nn.start()).rejects.toThrow();
  });
});

describe('formatting', () => {
  test('leaves data alone unless told otherwise', async () => {
    const nn = await formatted();
    expect(await nn.format({ nonInteractive: true })).toBe(false);
    const asked: string[] = [];
    const confirm = async (question: string): Promise<boolean> => {
      asked.push(question);
      return false;
    };
    expect(await nn.format({ confirm })).toBe(false);
    expect(asked).toEqual(['Re-format filesystem in Storage Directory root= /name; location= null ? (Y or N) ']);
    expect(await nn.format({ force: true, clusterId: 'CID-mine' })).toBe(true);
    const version = await nn.within(nn.machine.host.disk.readFile('/name/current/VERSION'));
    expect(version.toString()).toContain('clusterID=CID-mine');
  });

  test.each(['previous.tmp', 'removed.tmp', 'previous', 'lastcheckpoint.tmp'])(
    'leaves it alone as well where a crash has left it as %s',
    async (name) => {
      const nn = await formatted();
      await nn.within(nn.machine.host.disk.rename('/name/current', `/name/${name}`));
      expect(await nn.format({ nonInteractive: true })).toBe(false);
      expect(await nn.files('/name')).toEqual(expect.not.arrayContaining(['current']));
    },
  );
});

describe('checkpoints', () => {
  test('are made while serving, and old images and edits go', async () => {
    const nn = await formatted({ 'dfs.namenode.num.extra.edits.retained': 0 });
    let api = await nn.start();
    for (let round = 0; round < 4; round++) {
      await mkdir(api, `/r${round}`);
      const saving = nn.running.checkpointer.save();
      await mkdir(api, `/during${round}`);
      await nn.within(saving);
    }
    const files = await nn.files('/name/current');
    expect(files.filter((name) => /^fsimage_\d+$/.test(name))).toHaveLength(2);
    expect(files.filter((name) => /^edits_\d+-\d+$/.test(name)).length).toBeLessThanOrEqual(2);
    api = await nn.restart('power');
    for (let round = 0; round < 4; round++) {
      expect(await exists(api, `/r${round}`)).toBe(true);
      expect(await exists(api, `/during${round}`)).toBe(true);
    }
  });

  test('come by themselves after the period, and not when nothing has changed', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await nn.simulation.advance(2 * 3_600_000);
    expect(nn.running.checkpointer.imageTxid).toBe(0);
    await mkdir(api, '/a');
    await mkdir(api, '/b');
    await nn.simulation.advance(3_700_000);
    expect(nn.running.checkpointer.imageTxid).toBeGreaterThan(0);
  });
});

describe('a full disk', () => {
  test('refuses changes before they are applied, and goes on when there is room', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await mkdir(api, '/before');
    // What is there may be written over, nothing more fits.
    nn.machine.disk.capacity = nn.machine.disk.used;
    let refused = '';
    // Headroom takes what was accepted; then changes are refused with the reason.
    for (let i = 0; i < 20_000 && refused === ''; i++) {
      await mkdir(api, `/filling-the-log-with-a-rather-long-name-${i}`).catch((error: Error) => {
        refused = error.message;
      });
    }
    expect(refused).toMatch(/Name node is in safe mode.*[Nn]o room left for the edit log/s);
    expect(nn.fatal).toEqual([]);
    expect(await exists(api, '/before')).toBe(true);
    nn.machine.disk.capacity = 2 ** 40;
    await nn.simulation.advance(30_000);
    await mkdir(api, '/after');
    expect(await exists(api, '/after')).toBe(true);
  });
});

describe('a disk without any room', () => {
  const full = async (keys: Readonly<Record<string, string | number>> = {}): Promise<{ nn: TestNameNode; api: Api }> => {
    const nn = await formatted(keys);
    const api = await nn.start();
    for (let i = 0; i < 10; i++) await mkdir(api, `/before${i}`);
    nn.machine.disk.capacity = nn.machine.disk.used;
    return { nn, api };
  };

  test('does not end the process when a checkpoint is due', async () => {
    const { nn, api } = await full();
    await nn.simulation.advance(2 * 3_600_000);
    expect(nn.fatal).toEqual([]);
    nn.machine.disk.capacity = 2 ** 40;
    await nn.simulation.advance(2 * 3_600_000);
    await mkdir(api, '/after');
    expect(nn.running.checkpointer.imageTxid).toBeGreaterThan(0);
  });

  test('does not end it either when an image is asked for', async () => {
    const { nn, api } = await full({ 'dfs.namenode.resource.du.reserved': 0 });
    await api.setSafeMode({ action: 2, checked: false });
    await expect(api.saveNamespace({})).rejects.toThrow(/room/);
    expect(nn.fatal).toEqual([]);
    expect(await exists(api, '/before0')).toBe(true);
  });

  test('does not end it either when the log is rolled', async () => {
    const { nn, api } = await full({ 'dfs.namenode.resource.du.reserved': 0 });
    await api.rollEdits({}).catch(() => undefined);
    expect(nn.fatal).toEqual([]);
    expect(await exists(api, '/before0')).toBe(true);
  });
});

describe('leases', () => {
  test('a dead writer’s file is closed after the hard limit, and not before', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await createFile(api, '/left-open');
    await nn.simulation.advance(1_100_000);
    expect((await api.isFileClosed({ src: '/left-open' })).result).toBe(false);
    await nn.simulation.advance(200_000);
    expect((await api.isFileClosed({ src: '/left-open' })).result).toBe(true);
    expect(nn.running.system.namespace.leases.fileCount).toBe(0);
  });

  test('a jump of the wall clock expires nobody', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await createFile(api, '/open');
    nn.machine.jumpClock(10 * 3_600_000);
    await nn.simulation.advance(60_000);
    expect((await api.isFileClosed({ src: '/open' })).result).toBe(false);
  });
});

describe('trash', () => {
  const hour = 3_600_000;
  const keys = { 'fs.trash.interval': 60 };

  async function withTrash(): Promise<{ nn: TestNameNode; names: () => Promise<string[]> }> {
    const nn = await formatted(keys);
    const api = await nn.start();
    await mkdir(api, '/user/ann/.Trash/Current/doc');
    const names = async (): Promise<string[]> => {
      const list = await api.getListing({ src: '/user/ann/.Trash', startAfter: new Uint8Array(0), needLocation: false });
      return (list.dirList?.partialListing ?? []).map(({ path }) => Buffer.from(path).toString());
    };
    return { nn, names };
  }

  test('Current becomes a checkpoint, and goes when it is older than the interval', async () => {
    const { nn, names } = await withTrash();
    await nn.simulation.advance(hour);
    const [checkpoint] = await names();
    expect(checkpoint).toMatch(/^\d{12}$/);
    await nn.simulation.advance(hour / 2);
    expect(await names()).toEqual([checkpoint]);
    await nn.simulation.advance(2 * hour);
    expect(await names()).toEqual([]);
  });

  test('a clock that jumps forward empties nothing for one whole interval', async () => {
    const { nn, names } = await withTrash();
    await nn.simulation.advance(hour);
    const before = await names();
    expect(before).toHaveLength(1);
    nn.machine.jumpClock(1000 * hour);
    await nn.simulation.advance(hour * 0.99);
    expect(await names()).toEqual(before);
    expect(nn.logged.join('\n')).toMatch(/the clock ran \d+ s ahead/);
    await nn.simulation.advance(3 * hour);
    expect(await names()).toEqual([]);
  });
});

describe('the table of methods', () => {
  test('says of every method of the NameNode whether it is built, as it is', async () => {
    const nn = await formatted();
    await nn.start();
    const served = nn.running.services.map(({ methods }) => {
      const names = [...methods.keys()].sort();
      return { names, built: names.filter((name) => methods.get(name)?.handler !== undefined) };
    });
    const tables = Object.values<ServiceEntry>(SERVICES).filter(({ server }) => server.includes('NameNode'));
    for (const { methods } of tables) {
      const names = Object.keys(methods).sort();
      const service = served.find((each) => each.names.join() === names.join());
      // The alias map of PROVIDED storage would listen on a port of its own.
      if (service === undefined) {
        expect(names).toContain('getBlockPoolId');
        continue;
      }
      expect(service.built).toEqual(names.filter((name) => isBuilt(methods, name)));
    }
  });

  test('a refused or unknown method is an answer, and the connection goes on', async () => {
    const nn = await formatted();
    const api = await nn.start();
    await expect(api.allowSnapshot({ snapshotRoot: '/' })).rejects.toMatchObject({
      code: 'ENOMETHOD',
      message: expect.stringMatching(/snapshots are not built yet/),
    });
    expect(await exists(api, '/')).toBe(true);
  });
});

test('a directory that fails altogether holds nothing up, also when the log is rolled', async () => {
  const nn = await formatted({ 'dfs.namenode.name.dir': '/one,/two' });
  let api = await nn.start();
  await mkdir(api, '/before');
  nn.machine.diskFault = ({ path }) => (path.startsWith('/two/') ? { error: 'EIO' } : undefined);
  await mkdir(api, '/after');
  await nn.within(nn.running.system.editLog.roll());
  await mkdir(api, '/rolled');
  await nn.within(nn.running.checkpointer.save());
  await mkdir(api, '/saved');
  expect(nn.fatal).toEqual([]);
  nn.machine.diskFault = undefined;
  api = await nn.restart('power');
  for (const path of ['/before', '/after', '/rolled', '/saved']) expect(await exists(api, path)).toBe(true);
});
