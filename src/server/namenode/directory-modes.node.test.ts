// If this failed, an image with all names of a file system could be read by everybody on the NameNode's machine, or not by
// those whom dfs.namenode.storage.dir.perm lets in.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { nodeHost } from '../../host/node/index.ts';
import { formatNameNode } from './format.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-directory-modes-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test('storage directories are made with their mode, whatever the umask, and one that was there keeps its own', async () => {
  const host = nodeHost({ logLevel: 'silent' });
  const format = (name: string, keys: Readonly<Record<string, string>> = {}): Promise<boolean> =>
    formatNameNode(host, Configuration.of({ 'dfs.namenode.name.dir': join(root, name), ...keys }), { force: true });
  await format('own');
  expect(['own', 'own/current'].map((name) => modeOf(join(root, name)))).toEqual([0o700, 0o700]);
  await format('shared', { 'dfs.namenode.storage.dir.perm': '0770' });
  expect(['shared', 'shared/current'].map((name) => modeOf(join(root, name)))).toEqual([0o770, 0o770]);
  mkdirSync(join(root, 'old'));
  chmodSync(join(root, 'old'), 0o755);
  await format('old', { 'dfs.namenode.storage.dir.perm': '750' });
  expect(['old', 'old/current'].map((name) => modeOf(join(root, name)))).toEqual([0o755, 0o750]);
  await expect(format('wrong', { 'dfs.namenode.storage.dir.perm': 'rwx' })).rejects.toThrow('three octal digits');
});
