// If this failed, a DataNode that is busy would be taken for dead though it has a port to say that it lives, or would say so
// all the time.
import { expect, test } from 'vitest';
import { Simulation } from '../../host/sim/index.ts';
import { RpcServer } from '../../rpc/server.ts';
import { defineService } from '../../rpc/service.ts';
import { DatanodeLifelineProtocolService } from '../../wire/messages/datanode.ts';
import { Counters } from './counters.ts';
import { Lifeline } from './lifeline.ts';

test('lifelines leave once heartbeats have not for the interval, and cease when they do', async () => {
  const simulation = new Simulation({ seed: 1 });
  const nn = simulation.node('nn').host;
  const { host } = simulation.node('dn');
  const cameAt: number[] = [];
  const server = new RpcServer(nn, {
    name: 'test',
    address: { host: 'nn', port: 8050 },
    services: [
      defineService({
        protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol',
        version: 1,
        methods: DatanodeLifelineProtocolService,
        handlers: {
          sendLifeline: () => {
            cameAt.push(Math.round((host.clock.monotonic() - start) / 1000));
            return {};
          },
        },
      }),
    ],
  });
  await simulation.run(server.start(), 1000);
  const registration = {
    datanodeID: { ipAddr: '', hostName: '', datanodeUuid: 'one', xferPort: 1, infoPort: 2, ipcPort: 3 },
    storageInfo: { layoutVersion: -57, namespceID: 1, clusterID: 'c', cTime: 0 },
    keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0 } },
    softwareVersion: '3.5.0',
  };
  const counters = new Counters();
  const lifeline = new Lifeline({
    host,
    counters,
    address: { host: 'nn', port: 8050 },
    localAddress: undefined,
    intervalMs: 9000,
    message: () => ({ registration }),
  });
  const start = host.clock.monotonic();
  const beat = (): void => lifeline.heartbeatLeaves(host.clock.monotonic() + 3000);
  for (let second = 0; second < 30; second += 3) {
    beat();
    await simulation.advance(3000);
  }
  expect(cameAt).toEqual([]);
  beat();
  await simulation.advance(40_000);
  expect(cameAt).toEqual([42, 51, 60, 69]);
  beat();
  await simulation.advance(11_000);
  expect(cameAt).toHaveLength(4);
  // Nobody answers: it is tried again, and ends when it is told to.
  await simulation.run(server.close(), 1000);
  await simulation.advance(30_000);
  expect(counters.lifelines.count).toBe(4);
  lifeline.stop();
});
