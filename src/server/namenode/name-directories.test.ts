// If these fail, a name directory that failed takes the NameNode with it or never comes back, or a full disk is found out
// when it is too late.
import { describe, expect, test } from 'vitest';
import { enoughResources } from './resources.ts';
import { exists, mkdir, TestNameNode } from './test-namenode.ts';

const TWO = { 'dfs.namenode.name.dir': '/one,/two' };

async function formatted(keys: Readonly<Record<string, string | number | boolean>>): Promise<TestNameNode> {
  const nn = new TestNameNode(keys);
  expect(await nn.format()).toBe(true);
  return nn;
}

const failedOf = (nn: TestNameNode): string[] =>
  nn.running.storage.states.flatMap(({ directory, failed }) => (failed === undefined ? [] : [directory.root]));

const breakDirectory = (nn: TestNameNode, root: string, ...operations: string[]): void => {
  nn.machine.diskFault = ({ operation, path }) =>
    path.startsWith(`${root}/`) && operations.includes(operation) ? { error: 'EIO' } : undefined;
};

describe('a name directory that fails', () => {
  test.each([
    ['while an edit is synced', ['fdatasync']],
    ['while an image is written', ['write', 'fsync']],
    ['in every way', ['open', 'write', 'fsync', 'fdatasync', 'rename', 'mkdir', 'scandir']],
  ])('%s is left out, shown in JMX, and stays so', async (_, operations) => {
    const nn = await formatted(TWO);
    const api = await nn.start();
    breakDirectory(nn, '/two', ...operations);
    await mkdir(api, '/a');
    await nn.within(nn.running.checkpointer.save());
    expect(failedOf(nn)).toEqual(['/two']);
    nn.machine.diskFault = undefined;
    await mkdir(api, '/b');
    await nn.within(nn.running.checkpointer.save());
    expect(failedOf(nn)).toEqual(['/two']);
    const images = (await nn.files('/two/current')).filter((name) => /^fsimage_\d+$/.test(name));
    expect(images).toEqual(['fsimage_0000000000000000000']);
    expect(nn.fatal).toEqual([]);
  });

  test('comes back at the next roll once restoring is allowed, with everything that it needs', async () => {
    const nn = await formatted({ ...TWO, 'dfs.namenode.num.extra.edits.retained': 0 });
    let api = await nn.start();
    await mkdir(api, '/before');
    breakDirectory(nn, '/two', 'write', 'fdatasync', 'open', 'fsync');
    await mkdir(api, '/failing');
    expect(await api.restoreFailedStorage({ arg: 'check' })).toEqual({ result: false });
    expect(await api.restoreFailedStorage({ arg: 'true' })).toEqual({ result: true });
    // It is tried, and fails still.
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual(['/two']);
    nn.machine.diskFault = undefined;
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual([]);
    await mkdir(api, '/again');
    await nn.within(nn.running.checkpointer.save());
    await mkdir(api, '/last');
    // From now on it is as good as the other.
    breakDirectory(nn, '/one', 'write', 'fdatasync', 'open', 'fsync');
    await mkdir(api, '/alone');
    expect(failedOf(nn)).toEqual(['/one']);
    nn.machine.crash('power', false);
    nn.machine.restart();
    nn.machine.diskFault = undefined;
    await nn.within(nn.machine.host.disk.removeTree('/one/current'));
    api = await nn.start();
    for (const path of ['/before', '/failing', '/again', '/last', '/alone']) expect(await exists(api, path), path).toBe(true);
  });

  test('can stand alone soon after it came back, though nothing has changed since', async () => {
    const keys: Record<string, string | boolean> = { ...TWO, 'dfs.namenode.name.dir.restore': true };
    const nn = await formatted(keys);
    let api = await nn.start();
    breakDirectory(nn, '/two', 'write', 'fdatasync', 'open', 'fsync');
    await mkdir(api, '/failing');
    await nn.within(nn.running.checkpointer.save());
    nn.machine.diskFault = undefined;
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual([]);
    await nn.simulation.advance(120_000);
    const imageTxid = nn.running.checkpointer.imageTxid;
    await nn.simulation.advance(600_000);
    expect(nn.running.checkpointer.imageTxid).toBe(imageTxid);
    keys['dfs.namenode.name.dir'] = '/two';
    api = await nn.restart('power');
    expect(await exists(api, '/failing')).toBe(true);
  });

  test('comes back as a new, empty disk, and not as that of another name system', async () => {
    const nn = await formatted({ ...TWO, 'dfs.namenode.name.dir.restore': true });
    const api = await nn.start();
    const { disk } = nn.machine.host;
    await nn.within(disk.removeTree('/two'));
    // Nobody wrote; the look at the disks finds out.
    await nn.simulation.advance(6_000);
    expect(failedOf(nn)).toEqual(['/two']);
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual(['/two']);
    await nn.within(disk.mkdir('/two/current'));
    const version = (await nn.within(disk.readFile('/one/current/VERSION'))).toString();
    await nn.within(disk.writeFileAtomic('/two/current/VERSION', version.replace(/namespaceID=\d+/, 'namespaceID=1')));
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual(['/two']);
    await nn.within(disk.removeTree('/two/current'));
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual([]);
    expect(await nn.files('/two')).toEqual(['current', 'in_use.lock']);
    await mkdir(api, '/a');
    await nn.within(nn.running.checkpointer.save());
    await nn.within(nn.running.stop());
    nn.machine.restart();
    expect(await nn.files('/two/current')).toEqual(
      expect.arrayContaining(['VERSION', 'fsimage_0000000000000000009', 'seen_txid']),
    );
  });

  test('does not come back with what this log has never held', async () => {
    const nn = await formatted({ ...TWO, 'dfs.namenode.name.dir.restore': true });
    let api = await nn.start();
    await mkdir(api, '/a');
    breakDirectory(nn, '/two', 'write', 'fdatasync', 'open', 'fsync');
    await mkdir(api, '/b');
    nn.machine.diskFault = undefined;
    const { disk } = nn.machine.host;
    const version = (await nn.within(disk.readFile('/two/current/VERSION'))).toString();
    const put = (name: string, text: string): Promise<void> => nn.within(disk.writeFileAtomic(`/two/current/${name}`, text));
    const far = String(1000).padStart(19, '0');
    for (const name of [`fsimage_${far}`, `edits_${far}-${far}`]) {
      await put(name, 'x');
      await api.rollEdits({});
      expect(failedOf(nn)).toEqual(['/two']);
      expect(nn.logged.at(-1)).toMatch(/does not come back yet: it holds \S+_0+1000\S*, which this edit log has not reached/);
      await nn.within(disk.unlink(`/two/current/${name}`));
    }
    // Of before an upgrade, or of one that was rolled back.
    await put('VERSION', version.replace(/cTime=\d+/, 'cTime=7'));
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual(['/two']);
    await put('VERSION', version);
    await api.rollEdits({});
    expect(failedOf(nn)).toEqual([]);
    api = await nn.restart('power');
    for (const path of ['/a', '/b']) expect(await exists(api, path), path).toBe(true);
  });

  test('in nothing but its seen_txid does not keep the NameNode from starting with that of another', async () => {
    const nn = await formatted(TWO);
    let api = await nn.start();
    await mkdir(api, '/a');
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const { disk } = nn.machine.host;
    await nn.within(disk.writeFileAtomic('/one/current/seen_txid', ''));
    api = await nn.start();
    expect(await exists(api, '/a')).toBe(true);
    expect(nn.logged.join('\n')).toMatch(/warn: Unable to determine the max transaction ID seen by \/one: .* does not hold/);
    const mended = (await nn.within(disk.readFile('/one/current/seen_txid'))).toString();
    expect(mended).toBe((await nn.within(disk.readFile('/two/current/seen_txid'))).toString());
    // Without any it would not be noticed that a part of the log is missing.
    await nn.within(nn.running.stop());
    nn.machine.restart();
    for (const root of ['/one', '/two']) {
      await nn.within(nn.machine.host.disk.writeFileAtomic(`${root}/current/seen_txid`, 'x\n'));
    }
    await expect(nn.start()).rejects.toThrow('/one/current/seen_txid does not hold a transaction id; remove seen_txid if');
  });

  test('is the end when it was the only one', async () => {
    const nn = await formatted({});
    await nn.start();
    await nn.within(nn.machine.host.disk.removeTree('/name/current'));
    await nn.simulation.advance(6_000);
    expect(nn.fatal.map(({ message }) => message)).toEqual(['0 of 1 edits directories work, at least 1 must']);
  });

  test('an image that fits nowhere leaves every directory in use', async () => {
    const nn = await formatted(TWO);
    const api = await nn.start();
    await mkdir(api, '/a');
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'open' && path.includes('fsimage.ckpt') ? { error: 'ENOSPC' } : undefined;
    await expect(nn.within(nn.running.checkpointer.save())).rejects.toThrow('No image directory could be written');
    nn.machine.diskFault = undefined;
    expect(failedOf(nn)).toEqual([]);
    await nn.within(nn.running.checkpointer.save());
  });
});

describe('low disk space', () => {
  const keys = { 'dfs.namenode.resource.du.reserved': 10_000_000, 'dfs.namenode.resource.check.interval': 2_000 };
  const leave = (nn: TestNameNode, bytes: number): void => {
    nn.machine.disk.capacity = nn.machine.disk.used + bytes;
  };

  test('is safe mode with its reason, until there is room again', async () => {
    const nn = await formatted(keys);
    const api = await nn.start();
    await mkdir(api, '/a');
    leave(nn, 9_000_000);
    await nn.simulation.advance(3_000);
    await expect(mkdir(api, '/b')).rejects.toThrow(
      'Cannot create directory /b. Name node is in safe mode.\nResources are low on NN. Please add or free up more resources. ' +
        'NOTE:  If you turn off safe mode before adding resources, the NN will immediately return to safe mode.  NamenodeHostName:nn',
    );
    // An operator's leave does not help for long.
    await api.setSafeMode({ action: 1, checked: false });
    await nn.simulation.advance(3_000);
    expect(await api.setSafeMode({ action: 3, checked: false })).toEqual({ result: true });
    leave(nn, 20_000_000);
    await nn.simulation.advance(3_000);
    await mkdir(api, '/c');
    expect(nn.logged.join('\n')).toMatch(/warn: NameNode low on available disk space. Entering safe mode./);
  });

  test('stays in safe mode when an operator switched it on as well', async () => {
    const nn = await formatted(keys);
    const api = await nn.start();
    await api.setSafeMode({ action: 2, checked: false });
    leave(nn, 9_000_000);
    await nn.simulation.advance(3_000);
    leave(nn, 20_000_000);
    await nn.simulation.advance(3_000);
    await expect(mkdir(api, '/b')).rejects.toThrow('It was turned on manually.');
  });

  test('is seen before anything is served', async () => {
    const nn = await formatted(keys);
    let api = await nn.start();
    leave(nn, 5_000_000);
    api = await nn.restart('stop');
    await expect(mkdir(api, '/a')).rejects.toThrow('Resources are low on NN.');
  });

  test('a checked volume that is not there stops the start', async () => {
    const nn = await formatted({ ...keys, 'dfs.namenode.resource.checked.volumes': '/elsewhere' });
    await expect(nn.start()).rejects.toThrow('Missing directory /elsewhere');
  });

  test('counts required and redundant volumes as Apache does', () => {
    const volume = (required: boolean, hasRoom: boolean) => ({ required, hasRoom });
    expect(enoughResources([], 1)).toBe(true);
    expect(enoughResources([volume(true, false), volume(false, true)], 0)).toBe(false);
    expect(enoughResources([volume(true, true)], 5)).toBe(true);
    expect(enoughResources([volume(false, true), volume(false, false)], 1)).toBe(true);
    expect(enoughResources([volume(false, true), volume(false, false)], 2)).toBe(false);
    expect(enoughResources([volume(false, false)], 0)).toBe(true);
  });
});

describe('an empty name directory beside others', () => {
  test.each([
    ['that is stopped', 'stop'],
    ['that loses its power', 'power'],
  ] as const)('has all that was before once it has joined a NameNode %s', async (_, how) => {
    const keys: Record<string, string> = { 'dfs.namenode.name.dir': '/one' };
    const nn = await formatted(keys);
    let api = await nn.start();
    await mkdir(api, '/before');
    await nn.within(nn.machine.host.disk.mkdir('/two'));
    keys['dfs.namenode.name.dir'] = '/one,/two';
    api = await nn.restart('stop');
    await mkdir(api, '/after');
    // As when files move to another disk: the new one alone.
    keys['dfs.namenode.name.dir'] = '/two';
    api = await nn.restart(how);
    for (const path of ['/before', '/after']) expect(await exists(api, path), path).toBe(true);
  });
});

test('a name directory that was left out can stand alone again after a start with all of them', async () => {
  const keys: Record<string, string | number> = { ...TWO, 'dfs.namenode.num.extra.edits.retained': 0 };
  const nn = await formatted(keys);
  let api = await nn.start();
  breakDirectory(nn, '/two', 'write', 'fdatasync', 'open', 'fsync');
  for (let i = 0; i < 3; i++) {
    await mkdir(api, `/d${i}`);
    await nn.within(nn.running.checkpointer.save());
  }
  expect(failedOf(nn)).toEqual(['/two']);
  nn.machine.diskFault = undefined;
  await nn.restart('stop');
  expect(failedOf(nn)).toEqual([]);
  keys['dfs.namenode.name.dir'] = '/two';
  api = await nn.restart('power');
  for (let i = 0; i < 3; i++) expect(await exists(api, `/d${i}`), `/d${i}`).toBe(true);
});

test('a name directory that lacks a segment which another has can stand alone again after a start with both', async () => {
  const keys: Record<string, string> = { ...TWO };
  const nn = await formatted(keys);
  let api = await nn.start();
  await mkdir(api, '/a');
  await nn.within(nn.running.stop());
  nn.machine.restart();
  const closed = (await nn.files('/two/current')).find((name) => /^edits_\d/.test(name));
  await nn.within(nn.machine.host.disk.unlink(`/two/current/${closed}`));
  await nn.start();
  keys['dfs.namenode.name.dir'] = '/two';
  api = await nn.restart('stop');
  expect(await exists(api, '/a')).toBe(true);
});

describe('what is of no use any more', () => {
  const write = (nn: TestNameNode, name: string): Promise<void> =>
    nn.within(nn.machine.host.disk.writeFileAtomic(`/one/current/${name}`, 'x'));
  const of = (txid: number): string => String(txid).padStart(19, '0');

  test('goes with the edits of its time: what a start put aside, and digests without their images', async () => {
    const nn = await formatted({ ...TWO, 'dfs.namenode.num.extra.edits.retained': 0 });
    const api = await nn.start();
    const old = [
      `edits_inprogress_${of(1)}.empty`,
      `edits_inprogress_${of(2)}.stale`,
      `edits_${of(1)}-${of(2)}.corrupt`,
      `fsimage_${of(1)}.md5`,
    ];
    for (const name of old) await write(nn, name);
    const kept = [`edits_inprogress_${of(1000)}.corrupt`, 'notes.txt'];
    for (const name of kept) await write(nn, name);
    // One that does not go keeps nothing else.
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'unlink' && path.endsWith(`${of(0)}.md5`) ? { error: 'EACCES' } : undefined;
    for (let i = 0; i < 3; i++) {
      await mkdir(api, `/d${i}`);
      await nn.within(nn.running.checkpointer.save());
    }
    const left = await nn.files('/one/current');
    expect(left.filter((name) => old.includes(name))).toEqual([]);
    expect(left).toEqual(expect.arrayContaining(kept));
    for (const root of ['/one', '/two']) {
      const images = (await nn.files(`${root}/current`)).filter((name) => /^fsimage_\d+$/.test(name));
      expect(images).toHaveLength(2);
    }
  });

  test('and was being written when a crash came, goes at the next start, before room is needed', async () => {
    const nn = await formatted(TWO);
    const api = await nn.start();
    await mkdir(api, '/a');
    nn.machine.crash('process');
    nn.machine.restart();
    const begun = [`fsimage.ckpt_${of(77)}`, `edits_${of(1)}-${of(5)}.tmp`, `fsimage_${of(7)}.md5.tmp`];
    for (const name of begun) await write(nn, name);
    await write(nn, 'notes.tmp');
    await nn.start();
    const left = await nn.files('/one/current');
    expect(left.filter((name) => begun.includes(name))).toEqual([]);
    expect(left).toContain('notes.tmp');
  });

  test('is no image that a start could use, and stays as long as only damaged ones are newer', async () => {
    const nn = await formatted({ 'dfs.namenode.name.dir': '/one', 'dfs.namenode.num.extra.edits.retained': 0 });
    let api = await nn.start();
    for (const path of ['/a', '/b']) {
      await mkdir(api, path);
      await nn.within(nn.running.checkpointer.save());
    }
    const images = async (): Promise<string[]> => (await nn.files('/one/current')).filter((name) => /^fsimage_\d+$/.test(name));
    const [good, bad] = await images();
    await nn.within(nn.running.stop());
    nn.machine.restart();
    await write(nn, String(bad));
    api = await nn.start();
    await mkdir(api, '/c');
    await nn.within(nn.running.checkpointer.save());
    const newest = (await images()).at(-1);
    expect(await images()).toEqual([good, bad, newest]);
    // The disk spoils that one, too.
    await nn.within(nn.running.stop());
    nn.machine.restart();
    await write(nn, String(newest));
    api = await nn.start();
    for (const path of ['/a', '/b', '/c']) expect(await exists(api, path), path).toBe(true);
    for (let i = 0; i < 2; i++) await nn.within(nn.running.checkpointer.save());
    expect(await images()).toHaveLength(2);
  });

  test('goes by the number of segments too, to the last one too many', async () => {
    const nn = await formatted({ ...TWO, 'dfs.namenode.max.extra.edits.segments.retained': 2 });
    const api = await nn.start();
    for (let i = 0; i < 6; i++) {
      await mkdir(api, `/d${i}`);
      await api.rollEdits({});
    }
    for (let i = 0; i < 2; i++) await nn.within(nn.running.checkpointer.save());
    const segments = (await nn.files('/one/current')).filter((name) => /^edits_\d+-\d+$/.test(name));
    // Two, and what came after the older one of the images.
    expect(segments).toHaveLength(3);
  });
});

describe('an image that is not finished', () => {
  const begun = async (nn: TestNameNode, root: string): Promise<string[]> =>
    (await nn.files(`${root}/current`)).filter((name) => name.startsWith('fsimage.ckpt'));

  test('takes no room on the disk that it did not fit on, so that the log has it', async () => {
    const nn = await formatted({ 'dfs.namenode.resource.du.reserved': 0 });
    const api = await nn.start();
    // An image of 2.4 MB, where there is room for 1.5.
    for (let i = 0; i < 160; i++) {
      await mkdir(api, `/${i}`);
      const xAttr = { namespace: 0 as const, name: 'long', value: Buffer.alloc(15_000, i) };
      await api.setXAttr({ src: `/${i}`, xAttr, flag: 1 });
    }
    nn.machine.disk.capacity = nn.machine.disk.used + 1_500_000;
    for (let i = 0; i < 3; i++) {
      await expect(nn.within(nn.running.checkpointer.save())).rejects.toThrow('No image directory could be written');
    }
    await nn.simulation.advance(60_000);
    for (let i = 0; i < 6000; i++) await mkdir(api, `/something-with-a-name-that-fills-the-log-a-little-${i}`);
    expect(await begun(nn, '/name')).toEqual([]);
    expect(nn.fatal).toEqual([]);
  });

  test('that was brought, and did not fit into one of two directories, is whole in the other and gone from that one', async () => {
    const nn = await formatted(TWO);
    const api = await nn.start();
    await mkdir(api, '/a');
    await nn.within(nn.running.checkpointer.save());
    const newest = nn.running.checkpointer.imageTxid;
    const imageOf = (txid: number): string => `fsimage_${String(txid).padStart(19, '0')}`;
    const image = await nn.within(nn.machine.host.disk.readFile(`/one/current/${imageOf(newest)}`));
    await nn.within(nn.running.stop());
    nn.machine.restart();
    for (const root of ['/one', '/two']) {
      for (const name of [imageOf(newest), `${imageOf(newest)}.md5`]) {
        await nn.within(nn.machine.host.disk.unlink(`${root}/current/${name}`));
      }
    }
    await nn.start();
    await nn.simulation.advance(3_000_000);
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'fsync' && path.startsWith('/two/current/fsimage.ckpt') ? { error: 'ENOSPC' } : undefined;
    const version = (await nn.within(nn.machine.host.disk.readFile('/one/current/VERSION'))).toString();
    const of = (key: string): string => new RegExp(`${key}=(.*)`).exec(version)?.[1] ?? '';
    const query = new URLSearchParams({
      txid: String(newest),
      storageInfo: `-67:${of('namespaceID')}:${of('cTime')}:${of('clusterID')}`,
      'File-Length': String(image.length),
      imageFile: 'IMAGE',
    });
    const { status } = await nn.within(
      nn.simulation.node('client').host.http.request(`http://nn:9870/imagetransfer?${query}`, {
        method: 'PUT',
        body: image,
      }),
    );
    expect(status).toBe(200);
    expect(await nn.files('/one/current')).toContain(imageOf(newest));
    expect(await begun(nn, '/two')).toEqual([]);
  });

  test('goes from a directory where a crash has left it, with the next start', async () => {
    const nn = await formatted(TWO);
    const api = await nn.start();
    await mkdir(api, '/a');
    nn.machine.diskFault = ({ operation, path }) =>
      operation === 'rename' && path.includes('fsimage.ckpt') ? { delayMs: 1000 } : undefined;
    const saving = nn.running.checkpointer.save().catch(() => undefined);
    await nn.simulation.advance(500);
    nn.machine.crash('process');
    nn.machine.restart();
    void saving;
    nn.machine.diskFault = undefined;
    expect(await begun(nn, '/one')).toHaveLength(1);
    await nn.start();
    for (const root of ['/one', '/two']) expect(await begun(nn, root)).toEqual([]);
  });
});
