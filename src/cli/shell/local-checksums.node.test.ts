// If this failed, damage of a local file would be copied into the file system unseen, or Hadoop's own shell would find the sums
// that ours leaves beside local files wrong.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { crc32 } from '../../base/crc.ts';
import { Configuration } from '../../config/configuration.ts';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { FileSystems } from './file-systems.ts';
import { LocalFileSystem } from './local-file-system.ts';

let directory: string;
let fs: LocalFileSystem;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tuskfs-sums-'));
  fs = new LocalFileSystem(nodeHost({ logLevel: 'error' }), testTerminal(directory));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(path: string, start?: number, end?: number): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of fs.read(path, start, end)) all.push(chunk);
  return Buffer.concat(all);
}

async function names(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of fs.list(directory)) found.push(name);
  return found;
}

const BYTES = Buffer.from(Array.from({ length: 1500 }, (_, i) => i * 7));

test('sums of every 512 bytes stand in a hidden file, whatever the chunks were', async () => {
  const path = join(directory, 'x');
  const expected = Buffer.alloc(8 + 3 * 4);
  expected.write('crc\0', 'latin1');
  expected.writeUInt32BE(512, 4);
  for (let i = 0; i < 3; i++) expected.writeUInt32BE(crc32(BYTES, i * 512, Math.min(1500, i * 512 + 512)) >>> 0, 8 + 4 * i);
  for (const size of [1, 100, 511, 512, 513, 1500]) {
    await fs.write(path, inChunks(BYTES, size), { overwrite: true });
    expect(readFileSync(join(directory, '.x.crc'))).toEqual(expected);
  }
  expect(await names()).toEqual(['x']);
  expect(await read(path, 600, 700)).toEqual(BYTES.subarray(600, 701));
  await fs.write(path, inChunks(BYTES.subarray(0, 1024), 100), { overwrite: true });
  expect(readFileSync(join(directory, '.x.crc'))).toHaveLength(8 + 2 * 4);
});

test('damage is found where it is, and read all the same where sums are ignored', async () => {
  const path = join(directory, 'x');
  await fs.write(path, inChunks(BYTES, 100), { overwrite: true });
  const damaged = Buffer.from(BYTES);
  damaged[700] = 1;
  writeFileSync(path, damaged);
  await expect(read(path)).rejects.toThrow(`Checksum error: file:${path} at 512 exp: `);
  expect(await read(path, 1024)).toEqual(BYTES.subarray(1024));
  fs.ignoreChecksums();
  expect(await read(path)).toEqual(damaged);
});

test('sums go where their file goes, and with it', async () => {
  const [x, y, z] = ['x', 'y', 'z'].map((name) => join(directory, name)) as [string, string, string];
  await fs.write(x, inChunks(BYTES, 100), { overwrite: true });
  await fs.move(x, y);
  expect(await read(y)).toEqual(BYTES);
  await fs.write(z, inChunks(BYTES.subarray(1), 100), { overwrite: true, checksums: false });
  await fs.move(z, y);
  expect(await read(y)).toEqual(BYTES.subarray(1));
  await fs.write(x, inChunks(BYTES, 100), { overwrite: true });
  await fs.delete(x, false);
  expect(() => readFileSync(join(directory, '.x.crc'))).toThrow('ENOENT');
});

test('a sum covers as many bytes as is set, and each file is read by its own', async () => {
  const [small, large] = [join(directory, 'small'), join(directory, 'large')];
  await fs.write(small, inChunks(BYTES, 100), { overwrite: true });
  fs = new LocalFileSystem(nodeHost({ logLevel: 'error' }), testTerminal(directory), 1000);
  await fs.write(large, inChunks(BYTES, 100), { overwrite: true });
  const sums = readFileSync(join(directory, '.large.crc'));
  expect([sums.length, sums.readUInt32BE(4), sums.readUInt32BE(8)]).toEqual([16, 1000, crc32(BYTES, 0, 1000) >>> 0]);
  for (const path of [small, large]) expect(await read(path)).toEqual(BYTES);
});

test('sums are not looked at where fs.file.checksum.verify says so', async () => {
  const path = join(directory, 'x');
  await fs.write(path, inChunks(BYTES, 100), { overwrite: true });
  const damaged = Buffer.from(BYTES);
  damaged[700] = 1;
  writeFileSync(path, damaged);
  const host = nodeHost({ logLevel: 'error' });
  const readWith = async (keys: Readonly<Record<string, boolean>>) => {
    const { local } = new FileSystems(host, testTerminal(directory), Configuration.of(keys));
    const all: Uint8Array[] = [];
    for await (const chunk of local.read(path)) all.push(chunk);
    return Buffer.concat(all);
  };
  expect(await readWith({ 'fs.file.checksum.verify': false })).toEqual(damaged);
  await expect(readWith({})).rejects.toThrow('Checksum error');
});
