// If these fail, a client that finds no room in the call queue is not told to come again, or waits for ever, or a changed queue
// loses calls.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import { RefreshCallQueueProtocolService } from '../../wire/messages/admin.ts';
import { ClientNamenodeProtocol } from '../../wire/messages/client-namenode.ts';
import { callQueueSettings } from './call-queue-settings.ts';
import { mkdir, TestNameNode } from './test-namenode.ts';

const FAIR = { 'ipc.8020.callqueue.impl': 'org.apache.hadoop.ipc.FairCallQueue' };

async function started(keys: Readonly<Record<string, string | number | boolean>>, changed?: Readonly<Record<string, string>>) {
  const nn = new TestNameNode(keys);
  await nn.format();
  const api = await nn.start({ reload: async () => nn.configuration.with(changed ?? {}) });
  const client = (user: string) =>
    rpcProxy(
      new RpcClient(nn.simulation.node(`of ${user}`).host, {
        address: { host: 'nn', port: 8020 },
        protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
        user,
      }),
      ClientNamenodeProtocol,
    );
  return { nn, api, client };
}

const server = (nn: TestNameNode) => nn.running.rpcServers.client;

test('without room, calls wait outside of the queue and are all answered', async () => {
  const { nn, client } = await started({ ...FAIR, 'dfs.namenode.handler.count': 1, 'ipc.server.handler.queue.size': 4 });
  const users = Array.from({ length: 5 }, (_, i) => client(`user${i}`));
  const asked = users.flatMap((user) => Array.from({ length: 60 }, () => user.getFileInfo({ src: '/' })));
  const answers = await nn.within(Promise.all(asked));
  expect(answers).toHaveLength(300);
  expect(server(nn).callQueue?.counters).toEqual({ backedOff: 0, disconnected: 0 });
  expect(server(nn).callQueue?.length).toBe(0);
});

test('with back-off, who finds no room is told to come again', async () => {
  const { nn, client } = await started({
    ...FAIR,
    'ipc.8020.backoff.enable': true,
    // Else the first call makes it the one that calls most.
    'ipc.8020.decay-scheduler.service-users': 'one',
    'dfs.namenode.handler.count': 1,
    'ipc.server.handler.queue.size': 8,
  });
  // All of them come in one turn.
  const one = client('one');
  await nn.within(one.getFileInfo({ src: '/' }));
  const asked = Array.from({ length: 40 }, () =>
    one
      .getFileInfo({ src: '/' })
      .then(() => 'answered')
      .catch((error: Error) => error.message),
  );
  const outcomes = await nn.within(Promise.all(asked));
  expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThanOrEqual(8);
  expect(new Set(outcomes)).toEqual(new Set(['answered', 'Server too busy']));
  expect(server(nn).callQueue?.counters.backedOff).toBeGreaterThan(0);
  expect(server(nn).callQueue?.counters.disconnected).toBe(0);
});

test('a refresh makes the queue that the files ask for now, and loses no call', async () => {
  const { nn, api, client } = await started({}, FAIR);
  expect(server(nn).callQueue).toBeUndefined();
  const admin = rpcProxy(
    new RpcClient(nn.simulation.node('client').host, {
      address: { host: 'nn', port: 8020 },
      protocol: 'org.apache.hadoop.ipc.RefreshCallQueueProtocol',
      user: 'hdfs',
    }),
    RefreshCallQueueProtocolService,
  );
  const ann = client('ann');
  const before = Array.from({ length: 100 }, () => ann.getFileInfo({ src: '/' }));
  await nn.within(admin.refreshCallQueue({}));
  const between = Array.from({ length: 100 }, () => ann.getFileInfo({ src: '/' }));
  await nn.within(admin.refreshCallQueue({}));
  expect(await nn.within(Promise.all([...before, ...between]))).toHaveLength(200);
  expect(server(nn).callQueue?.sizes).toEqual([0, 0, 0, 0]);
  expect(server(nn).callQueue?.revision).toBe(2);
  expect(await mkdir(api, '/after')).toEqual({ result: true });
});

test('keys of one port go before those of all, and what makes no sense is refused', () => {
  const settings = (values: Readonly<Record<string, string>>) => callQueueSettings(Configuration.of(values), 8020);
  expect(settings({})).toMatchObject({ queue: { levels: 1, capacity: 1000 }, decay: undefined, backOff: false });
  expect(settings({ 'ipc.callqueue.impl': 'org.apache.hadoop.ipc.FairCallQueue' })).toMatchObject({
    queue: { levels: 4, weights: [8, 4, 2, 1], capacityWeights: [1, 1, 1, 1] },
    decay: { periodMs: 5000, factor: 0.5, thresholds: [0.125, 0.25, 0.5], backOffTimesMs: undefined },
  });
  expect(
    settings({
      ...FAIR,
      'ipc.8020.faircallqueue.priority-levels': '2',
      'ipc.8020.faircallqueue.multiplexer.weights': '9,1',
      'ipc.8020.decay-scheduler.thresholds': '30',
      'ipc.8020.decay-scheduler.service-users': 'hdfs, hbase',
      'ipc.8020.decay-scheduler.backoff.responsetime.enable': 'true',
      'ipc.8020.decay-scheduler.backoff.responsetime.thresholds': '2s,500',
    }),
  ).toMatchObject({
    queue: { levels: 2, weights: [9, 1] },
    decay: { thresholds: [0.3], serviceUsers: new Set(['hdfs', 'hbase']), backOffTimesMs: [2000, 500] },
  });
  expect(() => settings({ ...FAIR, 'ipc.8020.decay-scheduler.thresholds': '1,2' })).toThrow(
    'Number of thresholds should be 3. Was: 2',
  );
  expect(() => settings({ ...FAIR, 'ipc.8020.faircallqueue.multiplexer.weights': '1' })).toThrow(
    'ipc.8020.faircallqueue.multiplexer.weights must specify exactly 4 weights: one for each priority level.',
  );
  expect(() => settings({ ...FAIR, 'ipc.8020.decay-scheduler.decay-factor': '1' })).toThrow(
    'Decay Factor must be between 0 and 1',
  );
  expect(() => settings({ 'ipc.8020.callqueue.impl': 'com.example.Queue' })).toThrow('com.example.Queue, which is not known');
});
