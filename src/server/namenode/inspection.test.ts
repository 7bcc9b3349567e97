// If these fail, an administrator cannot see who holds files open, a listing of many directories stops at the first that is
// missing, or a program that follows the namespace misses what happened or hears of what is not durable.
import { expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.ts';
import { SafeModeActionProto } from '../../wire/messages/client-namenode.ts';
import {
  AppendEventProto,
  CreateEventProto,
  EventType,
  RenameEventProto,
  UnlinkEventProto,
} from '../../wire/messages/inotify.ts';
import { type Api, createFile, exists, mkdir, TestNameNode } from './test-namenode.ts';

async function started(
  keys: Readonly<Record<string, string | number | boolean>> = {},
): Promise<{ nn: TestNameNode; api: Api }> {
  const nn = new TestNameNode(keys);
  await nn.format();
  return { nn, api: await nn.start() };
}

test('open files come in pages, below a path, and only to the superuser', async () => {
  const { nn, api } = await started({ 'dfs.namenode.list.openfiles.num.responses': 2 });
  for (const path of ['/a/1', '/b/2', '/a/3', '/a/4']) await createFile(api, path, `writer of ${path}`);
  await api.delete({ src: '/a/3', recursive: true });
  const page = async (id: number, path?: string) => {
    const { entries, hasMore } = await api.listOpenFiles({ id, types: [1], path });
    return { paths: entries.map((entry) => entry.path), last: entries.at(-1)?.id ?? 0, hasMore };
  };
  const first = await page(0, '/');
  expect(first).toMatchObject({ paths: ['/a/1', '/b/2'], hasMore: true });
  expect(await page(first.last, '/')).toMatchObject({ paths: ['/a/4'], hasMore: false });
  expect(await page(0, '/a/')).toMatchObject({ paths: ['/a/1', '/a/4'], hasMore: false });
  expect((await page(0)).paths).toEqual(first.paths);
  expect(await page(0, '///a')).toMatchObject({ paths: ['/a/1', '/a/4'], hasMore: false });
  // A host's name, for Hadoop's Path.
  expect(await page(0, '//a')).toMatchObject({ paths: [], hasMore: false });
  expect((await api.listOpenFiles({ id: 0, types: [2], path: '/' })).entries).toEqual([]);
  await expect(api.listOpenFiles({ id: 0, types: [1], path: '' })).rejects.toThrow("Absolute path required, but got ''");
  await expect(api.listOpenFiles({ id: 0, types: [1], path: 'a' })).rejects.toThrow("Absolute path required, but got 'a'");
  await expect(nn.client('alice').listOpenFiles({ id: 0, types: [1], path: '/' })).rejects.toThrow(
    'Superuser privilege is required for operation listOpenFiles',
  );
});

test('a listing of several directories goes on behind what is missing, and in the middle of one', async () => {
  const { api } = await started({ 'dfs.ls.limit': 3, 'dfs.batched.ls.limit': 4 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await mkdir(api, `/d/${name}`);
  await mkdir(api, '/empty');
  await createFile(api, '/f');
  const paths = ['/none', '/empty', '/d', '/f'];
  const seen: string[] = [];
  let startAfter: Uint8Array = new Uint8Array(0);
  let answers = 0;
  for (let hasMore = true; hasMore; answers++) {
    const answer = await api.getBatchedListing({ paths, startAfter, needLocation: answers % 2 === 0 });
    for (const { parentIdx, partialListing, exception } of answer.listings) {
      if (exception !== undefined) seen.push(`${parentIdx} ${exception.className}: ${exception.message}`);
      for (const entry of partialListing) seen.push(`${parentIdx} '${utf8(entry.path)}'`);
    }
    ({ hasMore, startAfter } = answer);
  }
  expect(seen).toEqual([
    '0 java.io.FileNotFoundException: Path /none does not exist',
    ...['a', 'b', 'c', 'd', 'e'].map((name) => `2 '${name}'`),
    "3 ''",
  ]);
  expect(answers).toBe(2);
  const { startAfter: key } = await api.getBatchedListing({
    paths: ['/d'],
    startAfter: new Uint8Array(0),
    needLocation: false,
  });
  await expect(api.getBatchedListing({ paths: ['/f'], startAfter: key, needLocation: false })).rejects.toThrow(
    'java.lang.IllegalArgumentException',
  );
  await expect(
    api.getBatchedListing({ paths: Array(5).fill('/d'), startAfter: new Uint8Array(0), needLocation: false }),
  ).rejects.toThrow('Too many source paths (5 > 4)');
  for (const path of ['', 'd']) {
    await expect(
      api.getBatchedListing({ paths: ['/f', path], startAfter: new Uint8Array(0), needLocation: false }),
    ).rejects.toMatchObject({
      remoteClass: 'java.lang.AssertionError',
      message: expect.stringContaining(`Absolute path required, but got '${path}'`),
    });
  }
  expect(await exists(api, '/d')).toBe(true);
});

test('events tell what was done, from any transaction on, across segments and restarts', async () => {
  const { nn, api } = await started({ 'dfs.namenode.inotify.max.events.per.rpc': 3 });
  await mkdir(api, '/d');
  await createFile(api, '/d/f');
  await api.rollEdits({});
  await api.rename({ src: '/d/f', dst: '/g' });
  await api.delete({ src: '/g', recursive: true });
  const all = async (calls: Api): Promise<string[]> => {
    const found: string[] = [];
    for (let txid = 1; ; ) {
      const { eventsList } = await calls.getEditsFromTxid({ txid });
      expect(eventsList.batch.flatMap((batch) => batch.events).length).toBeLessThanOrEqual(3);
      for (const { events } of eventsList.batch) {
        for (const { type, contents } of events) {
          if (type === EventType.EVENT_CREATE) found.push(`create ${CreateEventProto.decode(contents).path}`);
          if (type === EventType.EVENT_RENAME) found.push(`rename ${RenameEventProto.decode(contents).destPath}`);
          if (type === EventType.EVENT_UNLINK) found.push(`unlink ${UnlinkEventProto.decode(contents).path}`);
          if (type === EventType.EVENT_APPEND) found.push(`append ${AppendEventProto.decode(contents).path}`);
        }
      }
      if (eventsList.lastTxid === -1 || eventsList.lastTxid >= eventsList.syncTxid) return found;
      txid = eventsList.lastTxid + 1;
    }
  };
  const expected = ['create /d', 'create /d/f', 'rename /g', 'unlink /g'];
  expect(await all(api)).toEqual(expected);
  const again = await nn.restart('power');
  expect(await all(again)).toEqual(expected);
  const { eventsList } = await again.getEditsFromTxid({ txid: 1000 });
  expect(eventsList).toMatchObject({ batch: [], firstTxid: -1, lastTxid: -1 });
  await expect(nn.client('alice').getEditsFromTxid({ txid: 1 })).rejects.toThrow('for operation getEditsFromTxid');
});

test('events are told though their segment gets its last name while they are being looked for', async () => {
  const { nn, api } = await started();
  await mkdir(api, '/d');
  let rolled: Promise<number> | undefined;
  nn.machine.diskFault = ({ operation, path }) => {
    if (operation !== 'open' || !path.includes('edits_inprogress') || rolled !== undefined) return undefined;
    rolled = nn.running.system.editLog.roll();
    return { delayMs: 200 };
  };
  const { eventsList } = await api.getEditsFromTxid({ txid: 1 });
  expect(await rolled).toBeGreaterThan(1);
  const paths = eventsList.batch.flatMap(({ events }) => events.map(({ contents }) => CreateEventProto.decode(contents).path));
  expect(paths).toEqual(['/d']);
  expect(nn.logged.filter((line) => line.includes('ENOENT'))).toEqual([]);
});

test('of what is not in use there is none', async () => {
  const { nn, api } = await started();
  expect(await api.listReencryptionStatus({ id: 0 })).toEqual({ statuses: [], hasMore: false });
  expect((await api.getDelegationToken({ renewer: 'me' })).token).toBeUndefined();
  await api.setSafeMode({ action: SafeModeActionProto.SAFEMODE_ENTER });
  await expect(api.getDelegationToken({ renewer: 'me' })).rejects.toThrow(
    'Cannot issue delegation token. Name node is in safe',
  );
  await expect(nn.client('alice').listReencryptionStatus({ id: 0 })).rejects.toThrow('for operation listReencryptionStatus');
});

test('in safe mode a writer by an inode’s path hears the path of its file', async () => {
  const { api } = await started();
  const { fs } = await createFile(api, '/d/f');
  await api.setSafeMode({ action: SafeModeActionProto.SAFEMODE_ENTER });
  const src = `/.reserved/.inodes/${fs?.fileId}`;
  await expect(api.addBlock({ src, clientName: 'writer' })).rejects.toThrow(
    'Cannot add block to /d/f. Name node is in safe mode',
  );
  await expect(api.addBlock({ src: '/.reserved/.inodes/9', clientName: 'writer' })).rejects.toThrow('does not exist');
});

test('the policy of a directory’s snapshots is none, of what is not there an error', async () => {
  const { api } = await started();
  await mkdir(api, '/d');
  expect(await api.getErasureCodingPolicy({ src: '/d/.snapshot' })).toEqual(await api.getErasureCodingPolicy({ src: '/d' }));
  await expect(api.getErasureCodingPolicy({ src: '/d/none' })).rejects.toThrow('Path not found: /d/none');
});

test('links are off, and say so as Hadoop does', async () => {
  const { api } = await started();
  await mkdir(api, '/d');
  await expect(api.createSymlink({ target: '/d', link: '/l', dirPerm: { perm: 0o755 }, createParent: true })).rejects.toThrow(
    'Symlinks not supported',
  );
  await expect(api.createSymlink({ target: '/d', link: '', dirPerm: { perm: 0o755 }, createParent: true })).rejects.toThrow(
    'Can not create a Path from an empty string',
  );
  await expect(api.getLinkTarget({ path: '/d' })).rejects.toThrow('Path /d is not a symbolic link');
  await expect(api.getLinkTarget({ path: '/none' })).rejects.toThrow('File does not exist: /none');
});
