// If these fail, a start goes on from less of the edit log than one of its directories holds, and says nothing, or refuses what
// another directory could have told it.
import { describe, expect, test } from 'vitest';
import { NameNode } from './namenode.ts';
import { exists, mkdir, TestNameNode } from './test-namenode.ts';

const TWO = { 'dfs.namenode.name.dir': '/one,/two' };

/** A file system in which /one was dropped after /early, and /two has everything, up to a crash. */
async function oneBehind(): Promise<TestNameNode> {
  const nn = new TestNameNode(TWO);
  expect(await nn.format()).toBe(true);
  const api = await nn.start();
  await mkdir(api, '/early');
  nn.machine.diskFault = ({ operation, path }) =>
    path.startsWith('/one/') && operation === 'fdatasync' ? { error: 'EIO' } : undefined;
  for (let i = 0; i < 10; i++) await mkdir(api, `/late${i}`);
  nn.machine.crash('process');
  nn.machine.diskFault = undefined;
  nn.machine.restart();
  return nn;
}

const inProgress = async (nn: TestNameNode, root: string): Promise<string> => {
  const name = (await nn.files(`${root}/current`)).find((each) => each.startsWith('edits_inprogress_'));
  return `${root}/current/${name}`;
};

/** Changes one byte of the first record that holds `text`. */
async function damage(nn: TestNameNode, path: string, text: string): Promise<void> {
  const { disk } = nn.machine.host;
  const bytes = await nn.within(disk.readFile(path));
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at + 1] = 0x58;
  await nn.within(disk.writeFileAtomic(path, bytes));
}

describe('a damaged segment in progress', () => {
  test('is not replaced by a sound copy that ends before it does', async () => {
    const nn = await oneBehind();
    await damage(nn, await inProgress(nn, '/two'), '/late4');
    await expect(nn.within(new NameNode(nn.machine.host, nn.configuration).start())).rejects.toThrow(
      /\/two\/current\/edits_inprogress_\d+ is damaged at offset \d+.*-recover/,
    );
    nn.machine.restart();
    // What is in front of the damage is more than the other has.
    const api = await nn.start({ recover: true });
    expect(await exists(api, '/late3')).toBe(true);
    expect(await exists(api, '/late4')).toBe(false);
  });

  test('is not replaced by it either when its first bytes are damaged', async () => {
    const nn = await oneBehind();
    const { disk } = nn.machine.host;
    const path = await inProgress(nn, '/two');
    const bytes = await nn.within(disk.readFile(path));
    bytes[3] = 0;
    await nn.within(disk.writeFileAtomic(path, bytes));
    await expect(nn.within(new NameNode(nn.machine.host, nn.configuration).start())).rejects.toThrow(
      /\/two\/current\/edits_inprogress_\d+ is damaged at offset 0/,
    );
  });

  test('is replaced by a copy that has as much', async () => {
    const nn = await oneBehind();
    const { disk } = nn.machine.host;
    const [one, two] = [await inProgress(nn, '/one'), await inProgress(nn, '/two')];
    await nn.within(disk.writeFileAtomic(one, await nn.within(disk.readFile(two))));
    await damage(nn, two, '/late4');
    const api = await nn.start();
    for (const path of ['/early', '/late0', '/late4', '/late9']) expect(await exists(api, path), path).toBe(true);
  });
});

test('a segment that one directory has closed, and was damaged since, is read from another that had not closed it', async () => {
  const nn = new TestNameNode(TWO);
  expect(await nn.format()).toBe(true);
  let api = await nn.start();
  for (let i = 0; i < 10; i++) await mkdir(api, `/d${i}`);
  await nn.within(nn.running.stop());
  nn.machine.restart();
  const name = (await nn.files('/two/current')).find((each) => /^edits_\d+-\d+$/.test(each));
  await damage(nn, `/one/current/${name}`, '/d4');
  const open = `/two/current/edits_inprogress_${name?.slice('edits_'.length).split('-')[0]}`;
  await nn.within(nn.machine.host.disk.rename(`/two/current/${name}`, open));
  api = await nn.start();
  for (let i = 0; i < 10; i++) expect(await exists(api, `/d${i}`), `/d${i}`).toBe(true);
});

describe('namenode -recover', () => {
  const damaged = async (): Promise<TestNameNode> => {
    const nn = new TestNameNode();
    expect(await nn.format()).toBe(true);
    const api = await nn.start();
    for (let i = 0; i < 10; i++) await mkdir(api, `/d${i}`);
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const name = (await nn.files('/name/current')).find((each) => /^edits_\d+-\d+$/.test(each));
    await damage(nn, `/name/current/${name}`, '/d4');
    return nn;
  };

  test('leaves a log that starts, also when it ends before it has saved an image', async () => {
    const nn = await damaged();
    let api = await nn.start({ recover: true });
    await mkdir(api, '/since');
    api = await nn.restart('power');
    for (const path of ['/d3', '/since']) expect(await exists(api, path), path).toBe(true);
    expect(await exists(api, '/d4')).toBe(false);
    api = await nn.restart('power', { recover: true });
    expect(await exists(api, '/since')).toBe(true);
  });

  test('goes on with what is in front of a gap', async () => {
    const nn = new TestNameNode();
    expect(await nn.format()).toBe(true);
    let api = await nn.start();
    for (const path of ['/a', '/b', '/c']) {
      await mkdir(api, path);
      await api.rollEdits({});
    }
    await nn.within(nn.running.stop());
    nn.machine.restart();
    const names = (await nn.files('/name/current')).filter((each) => /^edits_\d+-\d+$/.test(each)).sort();
    await nn.within(nn.machine.host.disk.unlink(`/name/current/${names[1]}`));
    await expect(nn.start()).rejects.toThrow(/Gap in transactions.*-recover/);
    nn.machine.restart();
    api = await nn.start({ recover: true });
    expect(await exists(api, '/a')).toBe(true);
    expect(await exists(api, '/c')).toBe(false);
    await mkdir(api, '/since');
    api = await nn.restart('power');
    expect(await exists(api, '/since')).toBe(true);
    expect(await nn.files('/name/current')).toEqual(expect.arrayContaining([`${names[2]}.corrupt`]));
  });
});

test.each([
  ['closed', 'stop'],
  ['open', 'process'],
] as const)('a segment that was left %s, and that one disk cannot read, is read from the other', async (_, how) => {
  const nn = new TestNameNode(TWO);
  expect(await nn.format()).toBe(true);
  let api = await nn.start();
  for (let i = 0; i < 10; i++) await mkdir(api, `/d${i}`);
  // Its beginning at least.
  let isRead = false;
  nn.machine.diskFault = ({ operation, path }) => {
    if (operation !== 'read' || !path.startsWith('/one/current/edits') || isRead) return undefined;
    isRead = true;
    return { error: 'EIO' };
  };
  api = await nn.restart(how);
  for (let i = 0; i < 10; i++) expect(await exists(api, `/d${i}`), `/d${i}`).toBe(true);
  nn.machine.diskFault = undefined;
  api = await nn.restart('power');
  expect(await exists(api, '/d9')).toBe(true);
});

test('a segment that no disk can read stops the start, and is not taken for one without transactions', async () => {
  const nn = await oneBehind();
  nn.machine.diskFault = ({ operation, path }) =>
    operation === 'read' && path.startsWith('/two/current/edits') ? { error: 'EIO' } : undefined;
  await expect(nn.within(new NameNode(nn.machine.host, nn.configuration).start())).rejects.toThrow(
    /\/two\/current\/edits_inprogress_\d+ is damaged at offset 0: EIO/,
  );
});

test.each(['ENOSPC', 'EIO'] as const)(
  'a directory that takes no more bytes (%s) does not stop a start for which another has everything',
  async (error) => {
    const nn = new TestNameNode(TWO);
    expect(await nn.format()).toBe(true);
    let api = await nn.start();
    await mkdir(api, '/early');
    nn.machine.diskFault = ({ operation, path }) =>
      path.startsWith('/one/current') && ['write', 'fdatasync', 'fsync'].includes(operation) ? { error } : undefined;
    await mkdir(api, '/late');
    api = await nn.restart('process');
    for (const path of ['/early', '/late']) expect(await exists(api, path), path).toBe(true);
    await mkdir(api, '/more');
    expect(nn.fatal).toEqual([]);
    nn.machine.diskFault = undefined;
    api = await nn.restart('power');
    for (const path of ['/early', '/late', '/more']) expect(await exists(api, path), path).toBe(true);
  },
);

test('a segment of any size is copied to a directory that ends before it, and is cut', async () => {
  const nn = await oneBehind();
  // As Node answers above 2 GiB.
  const tooLarge = (): Promise<never> => Promise.reject(new RangeError('File size (2147483648) is greater than 2 GiB'));
  const { disk } = nn.machine.host;
  const readFile = disk.readFile.bind(disk);
  disk.readFile = (path) => (path.includes('edits') ? tooLarge() : readFile(path));
  await nn.start();
  await nn.within(nn.running.stop());
  nn.machine.restart();
  const [one, two] = [await nn.files('/one/current'), await nn.files('/two/current')];
  const closed = (names: readonly string[]): string[] => names.filter((name) => /^edits_\d+-\d+$/.test(name));
  expect(closed(one)).toEqual(closed(two));
  expect(one.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  const first = `/one/current/${closed(one)[0]}`;
  const bytes = await nn.within(nn.machine.host.disk.readFile(first));
  expect(bytes.equals(await nn.within(nn.machine.host.disk.readFile(first.replace('one', 'two'))))).toBe(true);
  expect(bytes.includes('/late9')).toBe(true);
});

test('an operation that no start would read again is refused, and nothing of it is logged', async () => {
  const nn = new TestNameNode({ 'dfs.namenode.max.op.size': 10_000 });
  expect(await nn.format()).toBe(true);
  let api = await nn.start();
  await mkdir(api, '/a');
  const xAttr = { namespace: 0 as const, name: 'long', value: Buffer.alloc(15_000) };
  await expect(api.setXAttr({ src: '/a', xAttr, flag: 1 })).rejects.toThrow('more than dfs.namenode.max.op.size allows');
  api = await nn.restart('power');
  expect(await exists(api, '/a')).toBe(true);
});
