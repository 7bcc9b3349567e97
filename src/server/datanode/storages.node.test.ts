// If this failed, blocks could be read by everybody on a machine where dfs.datanode.data.dir.perm keeps others out, or not by
// those whom it lets in.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { Storages } from './storages.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-storages-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test('data directories have their mode after each start, new ones and old ones, whatever the umask', async () => {
  const host = nodeHost({ logLevel: 'silent' });
  const paths = ['new', 'old'].map((name) => join(root, name));
  mkdirSync(paths[1] as string);
  chmodSync(paths[1] as string, 0o777);
  const directories = paths.map((path) => ({ path, storageType: StorageTypeProto.DISK }));
  const opened = async (directoryMode?: number): Promise<readonly number[]> => {
    const storages = await Storages.open(host, directories, 0, 0, directoryMode === undefined ? {} : { directoryMode });
    for (const volume of storages.volumes) await volume.release();
    return paths.map(modeOf);
  };
  expect(await opened()).toEqual([0o700, 0o700]);
  expect(await opened(0o770)).toEqual([0o770, 0o770]);
});
