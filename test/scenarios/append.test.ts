// If this fails, what is added to a file is lost or damages what was there, as do flushes that end a block or tell a length.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Keys, SimCluster } from '../../sim/cluster.ts';
import type { Hdfs } from '../../src/client/index.ts';

const LIMIT_MS = 300_000;
const BLOCK = 16_384;
/** Flushes of one addition. */
const MAX_LOOKS = 200;

interface Stage {
  readonly cluster: SimCluster;
  readonly client: Hdfs;
  readonly run: <T>(work: Promise<T>) => Promise<T>;
}

async function stage(dataNodes: number, keys: Keys = {}, seed = 3): Promise<Stage> {
  const cluster = new SimCluster({ seed, dataNodes, clients: 1, keys });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), LIMIT_MS);
  return { cluster, client, run: (work) => cluster.simulation.run(work, LIMIT_MS) };
}

const bytes = (length: number, salt = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + salt) & 255));

test('any bytes are added behind any others, in pieces, with flushes, in the last block or a new one', async () => {
  const { cluster, client, run } = await stage(3);
  let number = 0;
  // Lengths around the borders of chunks (512) and blocks are the interesting ones.
  const length = fc.oneof(
    fc.integer({ min: 0, max: 3_000 }),
    fc.constantFrom(0, 1, 511, 512, 513, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 512, 2 * BLOCK),
  );
  const addition = fc.record({
    length,
    pieces: fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 4 }),
    flush: fc.constantFrom('none', 'hflush', 'hsync', 'endBlock'),
    newBlock: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(length, fc.array(addition, { minLength: 1, maxLength: 3 }), async (first, additions) => {
      const path = `/f${number++}`;
      let content = bytes(first, number);
      await run(client.writeFile(path, content));
      for (const { length: more, pieces, flush, newBlock } of additions) {
        const added = bytes(more, content.length);
        const handle = await run(client.open(path, 'a', { newBlock }));
        // Of very many small pieces fewer are looked at, all over what is added: each look reads the whole file.
        const every = Math.max(3, Math.ceil(more / Math.min(...pieces) / MAX_LOOKS));
        for (let at = 0, i = 0; at < more; i++) {
          const piece = added.subarray(at, at + (pieces[i % pieces.length] as number));
          await run(handle.write(piece));
          at += piece.length;
          if (flush === 'none' || i % every !== 0) continue;
          await run(flush === 'hflush' ? handle.hflush() : handle.hsync({ endBlock: flush === 'endBlock' }));
          const seen = await run(client.readFile(path));
          expect(seen.equals(Buffer.concat([content, added.subarray(0, at)]))).toBe(true);
        }
        await run(handle.close());
        content = Buffer.concat([content, added]);
      }
      expect((await run(client.readFile(path))).equals(content)).toBe(true);
      expect((await run(client.stat(path))).size).toBe(content.length);
    }),
    { numRuns: 25 },
  );
  expect(cluster.violations.found).toEqual([]);
}, 120_000);

test('a new block begins where the last one ended, and a file that is not there is made', async () => {
  const { client, run } = await stage(3);
  await run(client.appendFile('/f', 'one'));
  await run(client.appendFile('/f', 'two', { newBlock: true }));
  await run(client.appendFile('/f', 'three'));
  expect(await run(client.readFile('/f', 'utf8'))).toBe('onetwothree');
  expect((await run(client.blockLocations('/f'))).map((block) => block.length)).toEqual([3, 8]);
});

test('a checksum of another kind or chunk is made to fit the one of the block', async () => {
  const { cluster, client, run } = await stage(3);
  const content = bytes(5_000);
  await run(client.writeFile('/f', content.subarray(0, 1_300)));
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const { connect } = await import('../../src/client/index.ts');
  const conf = { 'dfs.bytes-per-checksum': '256', 'dfs.checksum.type': 'CRC32' };
  const other = await run(connect({ host: machine.host, configuration: cluster.configuration, conf, user: 'hdfs' }));
  await run(other.appendFile('/f', content.subarray(1_300)));
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
});

test('hsync with UPDATE_LENGTH tells the NameNode the length', async () => {
  const { client, run } = await stage(3);
  const handle = await run(client.open('/f', 'w'));
  await run(handle.write(bytes(1_000)));
  await run(handle.hflush());
  await run(handle.write(bytes(1_000)));
  await run(handle.hsync());
  expect((await run(client.stat('/f'))).size).toBe(1_000);
  await run(handle.hsync({ updateLength: true }));
  expect((await run(client.stat('/f'))).size).toBe(2_000);
  await run(handle.close());
});

test.each([0, 1, 2])('DataNode %i is gone when a file is opened again: another one gets a copy first', async (down) => {
  const { cluster, client, run } = await stage(5, {}, 4);
  const content = bytes(9_000);
  await run(client.writeFile('/f', content.subarray(0, 5_000), { replication: 3 }));
  const names = async (): Promise<readonly string[]> => (await run(client.blockLocations('/f'))).at(-1)?.names ?? [];
  await cluster.simulation.advance(1_000);
  const before = await names();
  expect(before).toHaveLength(3);
  const gone = cluster.dataNodes.find(({ machine }) => before[down]?.startsWith(`${machine.address}:`));
  cluster.crash(gone?.name ?? '', 'process', false);
  const handle = await run(client.open('/f', 'a'));
  await run(handle.write(content.subarray(5_000)));
  await run(handle.hflush());
  const after = await names();
  expect(after).toHaveLength(3);
  expect(after).not.toContain(before[down]);
  await run(handle.close());
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});
