// If these fail, `hdfs debug` calls a damaged replica good or a good one damaged, or makes checksums that no reader accepts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SeededRandom } from '../../base/random.ts';
import { Configuration } from '../../config/configuration.ts';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { runDebug } from './debug.ts';

const host = nodeHost({ logLevel: 'silent' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-debug-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function debug(words: string, keys: Readonly<Record<string, string | number>> = {}): Promise<[number, string, string]> {
  const terminal = testTerminal(directory);
  const code = await runDebug(host, terminal, Configuration.of(keys), words.split(' '));
  return [code, terminal.stdout.take(), terminal.stderr.take()];
}

const block = (name: string, bytes: Uint8Array): void => writeFileSync(join(directory, name), bytes);
/** More than one slice, and a chunk that is not full. */
const BYTES = new SeededRandom(7, 'debug').bytes(4 * 1024 * 1024 + 777);

test.each([
  [{}, 'DataChecksum(type=CRC32C, chunkSize=512)'],
  [{ 'dfs.checksum.type': 'CRC32', 'dfs.bytes-per-checksum': 1000 }, 'DataChecksum(type=CRC32, chunkSize=1000)'],
  [{ 'dfs.checksum.type': 'NULL' }, 'DataChecksum(type=NULL, chunkSize=512)'],
])('a meta file that is computed fits its block: %j', async (keys, shown) => {
  block('blk', BYTES);
  rmSync(join(directory, 'blk.meta'), { force: true });
  expect(await debug('computeMeta -block blk -out blk.meta', keys)).toEqual([
    0,
    'Checksum calculation succeeded on block file blk saved metadata to meta file blk.meta\n',
    '',
  ]);
  expect(await debug('verifyMeta -block blk -meta blk.meta')).toEqual([
    0,
    `Checksum type: ${shown}\nChecksum verification succeeded on block file blk\n`,
    '',
  ]);
  expect(await debug('verifyMeta -meta blk.meta')).toEqual([0, `Checksum type: ${shown}\n`, '']);
});

test('a changed byte, and sums that are missing, are found where they are', async () => {
  block('blk', BYTES);
  rmSync(join(directory, 'good.meta'), { force: true });
  await debug('computeMeta -block blk -out good.meta');
  const meta = readFileSync(join(directory, 'good.meta'));
  for (const at of [0, 511, 512, 4 * 1024 * 1024 - 1, 4 * 1024 * 1024, BYTES.length - 1]) {
    const changed = Buffer.from(BYTES);
    changed[at] = (changed[at] ?? 0) ^ 1;
    block('changed', changed);
    const [code, stdout] = await debug('verifyMeta -meta good.meta -block changed');
    const position = at - (at % 512);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(
        `verifyChunkedSums error: org\\.apache\\.hadoop\\.fs\\.ChecksumException: Checksum CRC32C not matched for file changed at position ${position}: expected=`,
      ),
    );
  }
  block('short.meta', meta.subarray(0, 7 + 4 * 100));
  expect((await debug('verifyMeta -meta short.meta -block blk'))[1]).toContain(`at position ${100 * 512} of blk`);
  // A shorter block with more sums than it needs, as Hadoop's also lets pass.
  block('shorter', BYTES.subarray(0, 512 * 3));
  expect((await debug('verifyMeta -meta good.meta -block shorter'))[0]).toBe(0);
});

test('what is asked for wrongly is told with the codes of Hadoop’s', async () => {
  block('blk', BYTES);
  block('no.meta', Buffer.from('nonsense'));
  expect((await debug('nonsense'))[0]).toBe(0);
  expect((await debug('verifyMeta'))[0]).toBe(1);
  expect((await debug('verifyMeta -block blk'))[2]).toBe('You must specify a meta file with -meta\n');
  expect((await debug('verifyMeta -meta none'))[2]).toMatch(/^Failed to read HDFS metadata file header for none: /);
  expect((await debug('verifyMeta -meta no.meta'))[2]).toMatch(/^Failed to read HDFS metadata file header for no.meta: /);
  for (const [words, code] of [
    ['computeMeta -out x', 2],
    ['computeMeta -block none -out x', 3],
    ['computeMeta -block blk', 4],
    ['computeMeta -block blk -out no.meta', 5],
    ['computeMeta -block', 1],
    ['recoverLease -retries 3', 1],
    ['recoverLease -path file:///x', 1],
    ['verifyEC -file /x', 1],
  ] as const) {
    expect((await debug(words))[0], words).toBe(code);
  }
  expect((await debug('computeMeta -block blk -out x', { 'dfs.checksum.type': 'MD5' }))[2]).toContain('Invalid checksum type');
});
