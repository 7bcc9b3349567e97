// If these fail, an operator who sizes the memory for answers, or turns it off, gets another number of answers than asked for.
import { expect, test } from 'vitest';
import { refusal } from '../../core/namespace/testing.ts';
import { namespaceOptions } from './settings.ts';
import { mkdir, TestNameNode } from './test-namenode.ts';

type Keys = Readonly<Record<string, string | number | boolean>>;

/** Whether a deletion that is asked for again, after so many other changes and so long, takes away what was made anew meanwhile. */
async function doneTwice(keys: Keys, { others = 0, afterMs = 0 } = {}): Promise<boolean> {
  const nn = new TestNameNode(keys);
  await nn.format();
  const api = await nn.start();
  const client = nn.client();
  await mkdir(api, '/x');
  await client.delete({ src: '/x', recursive: true }, { callId: 7, retryCount: 0 });
  await mkdir(api, '/x');
  for (let i = 0; i < others; i++) {
    await mkdir(api, '/other');
    await client.delete({ src: '/other', recursive: true }, { callId: 100 + i, retryCount: 0 });
  }
  await nn.within(nn.simulation.node('idle').host.clock.sleep(afterMs));
  await client.delete({ src: '/x', recursive: true }, { callId: 7, retryCount: 1 });
  return (await api.getFileInfo({ src: '/x' })).fs === undefined;
}

test('answers are remembered, or not, as the keys say', async () => {
  expect(await doneTwice({})).toBe(false);
  expect(await doneTwice({ 'dfs.namenode.enable.retrycache': false })).toBe(true);
});

test('they are remembered for the time that is set', async () => {
  const keys = { 'dfs.namenode.retrycache.expirytime.millis': 60_000 };
  expect(await doneTwice(keys, { afterMs: 50_000 })).toBe(false);
  expect(await doneTwice(keys, { afterMs: 70_000 })).toBe(true);
});

test('as many are remembered as the share of the heap has room for', async () => {
  const keys = { 'dfs.namenode.retrycache.heap.percent': 0 };
  expect(await doneTwice(keys, { others: 14 })).toBe(false);
  expect(await doneTwice(keys, { others: 16 })).toBe(true);
});

test('what makes no sense stops the start, in Hadoop’s words', () => {
  const nn = new TestNameNode();
  const refused = (keys: Keys) =>
    refusal(() => namespaceOptions(nn.configuration.with(keys), nn.machine.host.machine, nn.machine.host.log));
  expect(refused({ 'dfs.namenode.retrycache.heap.percent': 101 })).toEqual([
    'EILLEGAL',
    'Percentage 101.0 must be greater than or equal to 0  and less than or equal to 100',
  ]);
  expect(refused({ 'dfs.namenode.retrycache.expirytime.millis': 0 })).toEqual([
    'EILLEGAL',
    'creationExpirationPeriod = 0 <= 0',
  ]);
});
