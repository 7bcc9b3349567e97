// A DataNode whose heartbeats do not get through lives by its lifelines alone: ours under Apache's NameNode, and Apache's under
// ours. If this fails, a NameNode that is too busy for heartbeats counts as dead who only waits for it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CuttingProxy } from '../scenarios/proxy.ts';
import { Cluster, describeWithApache } from './apache.ts';
import { freePorts } from './support/ports.ts';

const LIMIT_MS = 300_000;
/** A node is dead after twice a second and ten heartbeats of one. */
const DEAD_MS = 12_000;
const KEYS = {
  'dfs.heartbeat.interval': '1',
  'dfs.namenode.heartbeat.recheck-interval': '1000',
  'dfs.datanode.lifeline.interval.seconds': '2',
};
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function proxied(name: string, listen: number, target: number): Promise<CuttingProxy> {
  const host = '127.0.0.1';
  const proxy = new CuttingProxy({ name, listen: { host, port: listen }, target: { host, port: target } });
  await proxy.start();
  return proxy;
}

async function liveNodes({ httpPort }: Cluster): Promise<unknown> {
  const url = `http://127.0.0.1:${httpPort}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`;
  const { beans } = (await (await fetch(url)).json()) as { beans: Readonly<Record<string, unknown>>[] };
  return beans[0]?.NumLiveDataNodes;
}

async function livesByLifelines(ours: readonly string[]): Promise<void> {
  const [service = 0, lifeline = 0, toService = 0, toLifeline = 0] = await freePorts(4);
  const heartbeats = await proxied('heartbeats', toService, service);
  const lifelines = await proxied('lifelines', toLifeline, lifeline);
  const cluster = await Cluster.start({
    datanodes: 1,
    ours,
    keys: {
      ...KEYS,
      'dfs.namenode.servicerpc-address': `127.0.0.1:${service}`,
      'dfs.namenode.lifeline.rpc-address': `127.0.0.1:${lifeline}`,
    },
    // The DataNode reaches its NameNode through the two proxies only.
    formatted: async (nameDirectory) => {
      for (const file of ['core-site.xml', 'hdfs-site.xml']) {
        const path = join(nameDirectory, '../../conf/dn1', file);
        const text = readFileSync(path, 'utf8');
        writeFileSync(path, text.replace(`:${service}<`, `:${toService}<`).replace(`:${lifeline}<`, `:${toLifeline}<`));
      }
    },
  });
  try {
    expect(heartbeats.carried).toBeGreaterThan(0);
    heartbeats.hold(['up', 'down']);
    const before = lifelines.carried;
    await sleep(1.5 * DEAD_MS);
    expect(await liveNodes(cluster)).toBe(1);
    expect(lifelines.carried).toBeGreaterThan(before);
    lifelines.hold(['up', 'down']);
    for (let tries = 0; (await liveNodes(cluster)) !== 0; tries++) {
      expect(tries).toBeLessThan(120);
      await sleep(500);
    }
  } finally {
    await cluster.stop();
    await heartbeats.close();
    await lifelines.close();
  }
}

describeWithApache('a DataNode whose heartbeats are held up', () => {
  test('of ours lives by its lifelines to Apache’s NameNode', () => livesByLifelines(['dn']), LIMIT_MS);

  test('of Apache’s lives by its lifelines to our NameNode', () => livesByLifelines(['nn']), LIMIT_MS);
});
