// If these fail, a truncated file has other bytes than its beginning, stays open for ever, or loses what an upgrade needs.
import { expect, test } from 'vitest';
import { SafeModeActionProto } from '../src/wire/messages/client-namenode.ts';
import { withFile } from './file-cluster.ts';

const BLOCK = 16_384;

test('a cut at the end of a block is done at once, and the blocks behind it go', async () => {
  const { cluster, client, api, content, run } = await withFile(3 * BLOCK + 100);
  expect(await run(api.truncate({ src: '/f', newLength: 2 * BLOCK, clientName: 'cutter' }))).toEqual({ result: true });
  expect((await run(client.readFile('/f'))).equals(content.subarray(0, 2 * BLOCK))).toBe(true);
  expect(await run(api.truncate({ src: '/f', newLength: 2 * BLOCK, clientName: 'cutter' }))).toEqual({ result: true });
  const blocks = () => cluster.nameNode.running?.system.namespace.blocks.size;
  expect(await cluster.until(() => blocks() === 2, 60_000)).toBe(true);
  expect(await run(api.truncate({ src: '/f', newLength: 0, clientName: 'cutter' }))).toEqual({ result: true });
  expect(await run(client.readFile('/f'))).toHaveLength(0);
});

test.each([
  ['in place', false],
  ['as a copy', true],
])('a cut inside a block, %s, ends with the beginning of the file on every DataNode', async (_name, copies) => {
  const lengths = [BLOCK + 1000, BLOCK + 512, BLOCK + 1, 777];
  for (const [index, newLength] of lengths.entries()) {
    const { cluster, cut, heal, client, api, content, run, closed } = await withFile(2 * BLOCK - 500, { seed: 20 + index });
    const { namespace: ns } = cluster.nameNode.running?.system ?? {};
    if (ns === undefined) throw new Error('the NameNode does not run');
    ns.keepsOldBlocks = () => copies;
    const highest = ns.lastBlockId;
    expect(await run(api.truncate({ src: '/f', newLength, clientName: 'cutter' }))).toEqual({ result: false });
    expect(await run(api.isFileClosed({ src: '/f' }))).toEqual({ result: false });
    // Whoever missed the answer asks again.
    expect(await run(api.truncate({ src: '/f', newLength, clientName: 'cutter' }))).toEqual({ result: false });
    for (const other of [newLength - 1, newLength < BLOCK ? BLOCK : content.length]) {
      await expect(run(api.truncate({ src: '/f', newLength: other, clientName: 'x' }))).rejects.toThrow(
        /^Failed to TRUNCATE_FILE \/f for x on .* because \/f is being truncated\.$/,
      );
    }
    expect(await closed()).toBe(true);
    expect(ns.lastBlockId).toBe(copies ? highest + 1n : highest);
    expect((await run(client.stat('/f'))).size).toBe(newLength);
    for (const dataNode of cluster.dataNodes) {
      // Every replica is read: the others do not answer.
      for (const other of cluster.dataNodes) if (other !== dataNode) cut('client0', other.name);
      expect((await run(client.readFile('/f'))).equals(content.subarray(0, newLength))).toBe(true);
      for (const other of cluster.dataNodes) heal('client0', other.name);
    }
    // What the copy was made from is no longer known.
    expect(await cluster.until(() => ns.blocks.size === (newLength > BLOCK ? 2 : 1), 60_000)).toBe(true);
    expect(ns.truncations.size).toBe(0);
    expect(cluster.violations.found).toEqual([]);
  }
});

test.each([
  ['in place', false],
  ['as a copy', true],
])('a cut, %s, goes on after the NameNode and a DataNode died in the middle', async (_name, copies) => {
  const { cluster, cut, heal, client, api, connect, content, run, closed, restartNameNode } = await withFile(BLOCK + 3000, {
    seed: 31,
  });
  const ns = cluster.nameNode.running?.system.namespace;
  if (ns !== undefined) ns.keepsOldBlocks = () => copies;
  for (const { name } of cluster.dataNodes) cut('nn', name);
  expect(await run(api.truncate({ src: '/f', newLength: BLOCK + 1000, clientName: 'cutter' }))).toEqual({ result: false });
  cluster.crash('dn1', 'power', false);
  for (const { name } of cluster.dataNodes) heal('nn', name);
  expect(await restartNameNode('power')).toBe(true);
  expect(await run(connect().truncate({ src: '/f', newLength: BLOCK + 1000, clientName: 'cutter' }))).toEqual({
    result: false,
  });
  // Nobody has to ask for it.
  expect(await closed(120_000)).toBe(true);
  expect((await run(client.readFile('/f'))).equals(content.subarray(0, BLOCK + 1000))).toBe(true);
  // The DataNode comes back with bytes of before: they are not served.
  cluster.restart('dn1');
  expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
  await cluster.simulation.advance(90_000);
  for (const other of ['dn0', 'dn2']) cut('client0', other);
  expect((await run(client.readFile('/f'))).equals(content.subarray(0, BLOCK + 1000))).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});

test('a cut that an image does not know of is over after a start, though whoever asked for it writes other files', async () => {
  const { cluster, cut, heal, client, api, content, run, restartNameNode } = await withFile(BLOCK + 3000, { seed: 41 });
  const other = await run(client.open('/other', 'w'));
  await run(other.write(Buffer.alloc(100)));
  await run(other.hflush());
  for (const { name } of cluster.dataNodes) cut('nn', name);
  let isOver = false;
  const truncating = client
    .truncate('/f', BLOCK + 1000)
    .catch((error: unknown) => error)
    .finally(() => {
      isOver = true;
    });
  await cluster.simulation.advance(1_000);
  await run(cluster.nameNode.running?.checkpointer.save() ?? Promise.reject(new Error('the NameNode does not run')));
  expect(isOver).toBe(false);
  for (const { name } of cluster.dataNodes) heal('nn', name);
  expect(await restartNameNode('power')).toBe(true);
  expect(cluster.nameNode.running?.system.namespace.truncations.size).toBe(0);
  expect(await cluster.until(() => isOver, 120_000)).toBe(true);
  // It was not cut, and is not said to be.
  expect(String(await truncating)).toMatch(/\/f has 19384 bytes and was to be cut to 17384: the NameNode has lost that/);
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  expect(await run(api.isFileClosed({ src: '/other' }))).toEqual({ result: false });
  await run(other.close());
  expect(cluster.violations.found).toEqual([]);
});

test('no image is made of a file that is cut as a copy, and what it is copied from survives', async () => {
  const { cluster, cut, heal, client, api, content, run, closed, restartNameNode } = await withFile(3000, { seed: 37 });
  const nameNode = cluster.nameNode.running;
  if (nameNode === undefined) throw new Error('the NameNode does not run');
  nameNode.system.namespace.keepsOldBlocks = () => true;
  for (const { name } of cluster.dataNodes) cut('nn', name);
  expect(await run(api.truncate({ src: '/f', newLength: 1000, clientName: 'cutter' }))).toEqual({ result: false });
  await run(api.setSafeMode({ action: SafeModeActionProto.SAFEMODE_ENTER }));
  await expect(run(api.saveNamespace({ timeWindow: 0, txGap: 0 }))).rejects.toThrow(
    /^No image is made while \/f is being truncated/,
  );
  for (const { name } of cluster.dataNodes) heal('nn', name);
  expect(await restartNameNode('power')).toBe(true);
  expect(await closed(120_000)).toBe(true);
  expect((await run(client.readFile('/f'))).equals(content.subarray(0, 1000))).toBe(true);
  await run(cluster.nameNode.running?.checkpointer.save() ?? Promise.reject(new Error('the NameNode does not run')));
  expect(cluster.violations.found).toEqual([]);
});

test('a primary that dies is followed by another one', async () => {
  const { cluster, client, api, content, run, closed } = await withFile(3000, { seed: 33 });
  const monitor = () => cluster.nameNode.running?.system.blockManager.datanodes;
  expect(await run(api.truncate({ src: '/f', newLength: 1000, clientName: 'cutter' }))).toEqual({ result: false });
  const leading = [...(monitor()?.alive ?? [])].filter((node) => node.recoveries.size > 0).map((node) => node.id.hostName);
  expect(leading).toHaveLength(1);
  cluster.crash(leading[0] ?? '', 'process', false);
  expect(await closed(120_000)).toBe(true);
  expect((await run(client.readFile('/f'))).equals(content.subarray(0, 1000))).toBe(true);
});

test('a file that is deleted while it is cut leaves nothing behind', async () => {
  const { cluster, client, api, run } = await withFile(3000, { seed: 35 });
  const ns = cluster.nameNode.running?.system.namespace;
  if (ns === undefined) throw new Error('the NameNode does not run');
  ns.keepsOldBlocks = () => true;
  expect(await run(api.truncate({ src: '/f', newLength: 1000, clientName: 'cutter' }))).toEqual({ result: false });
  expect(ns.blocks.size).toBe(2);
  await run(client.rm('/f', { skipTrash: true }));
  expect(await cluster.until(() => ns.blocks.size === 0 && ns.truncations.size === 0, 60_000)).toBe(true);
  await cluster.simulation.advance(180_000);
  expect(cluster.violations.found).toEqual([]);
});

test('a file without anything to cut is left alone, and no file is made longer', async () => {
  const { api, run } = await withFile(3000);
  const cut = (newLength: number) => run(api.truncate({ src: '/f', newLength, clientName: 'cutter' }));
  expect(await cut(3000)).toEqual({ result: true });
  await expect(cut(3001)).rejects.toThrow('Cannot truncate to a larger file size. Current size: 3000, truncate size: 3001.');
  await expect(run(api.truncate({ src: '/none', newLength: 1, clientName: 'cutter' }))).rejects.toThrow(
    'File does not exist: /none',
  );
  await run(api.append({ src: '/f', clientName: 'writer' }));
  await expect(cut(100)).rejects.toThrow(/^Failed to TRUNCATE_FILE \/f for cutter on .* currently owned by writer on /);
});
