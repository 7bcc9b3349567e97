// If these fail, bytes that were flushed are given up though a DataNode that only the NameNode does not hear of has them.
import { expect, test } from 'vitest';
import type { Keys } from './cluster.ts';
import { pattern, withTwoClients } from './file-cluster.ts';

const content = pattern(5_000);
/** A silent DataNode counts as dead only after 10.5 minutes. */
const LATE: Keys = { 'dfs.namenode.heartbeat.recheck-interval': 300_000 };

/**
 * A writer has flushed 5000 bytes, of which `synced` were synced, and dies. Of its three DataNodes two lose their power and
 * come back; the third one keeps it, and has not reached the NameNode for 40 s, nor anybody else where `fromAll` says so.
 */
async function left(synced: number, keys: Keys = {}, fromAll = false) {
  const { cluster, simulation, run, writing, writer, reader } = await withTwoClients({ seed: 7, keys });
  const write = async (): Promise<void> => {
    const handle = await writer.open('/f', 'w', { replication: 3 });
    if (synced > 0) {
      await handle.write(content.subarray(0, synced));
      await handle.hsync();
    }
    await handle.write(content.subarray(synced));
    await handle.hflush();
  };
  await run(write());
  writing.crash('process');
  const [holder, ...fallen] = cluster.dataNodes.map(({ name }) => name);
  const nameNode = simulation.node('nn');
  const cutOff = (name = ''): void => simulation.cut(simulation.node(name), nameNode);
  const letBack = (name = ''): void => {
    for (const { machine } of cluster.daemons) if (machine.name !== name) simulation.heal(simulation.node(name), machine);
  };
  cutOff(holder);
  if (fromAll) for (const name of fallen) simulation.cut(simulation.node(holder ?? ''), simulation.node(name));
  for (const name of fallen) cluster.crash(name, 'power', false);
  for (const name of fallen) cluster.restart(name);
  await simulation.advance(40_000);
  const system = () => {
    const running = cluster.nameNode.running;
    if (running === undefined) throw new Error('the NameNode does not run');
    return running.system;
  };
  const expectWhole = async (): Promise<void> => {
    expect(await cluster.until(() => system().namespace.leases.fileCount === 0, 200_000)).toBe(true);
    expect((await run(reader.readFile('/f'))).equals(content)).toBe(true);
    expect(cluster.violations.found).toEqual([]);
  };
  return { cluster, simulation, run, reader, holder, cutOff, letBack, system, expectWhole };
}

test.each([0, 2_000])(
  'a DataNode with flushed bytes that is only late takes part in their recovery (%i synced)',
  async (synced) => {
    const { simulation, run, reader, holder, letBack, expectWhole } = await left(synced, {
      'dfs.namenode.heartbeat.recheck-interval': 300_000,
    });
    expect(await run(reader.recoverLease('/f'))).toBe(false);
    await simulation.advance(20_000);
    letBack(holder);
    await expectWhole();
  },
);

test('a recovery waits for a DataNode that nobody reaches where those that are there have crashed', async () => {
  const { simulation, run, reader, holder, letBack, expectWhole } = await left(2_000, LATE, true);
  expect(await run(reader.recoverLease('/f'))).toBe(false);
  await simulation.advance(60_000);
  expect(await run(reader.recoverLease('/f'))).toBe(false);
  letBack(holder);
  await expectWhole();
});

test('it does not wait for one that counts as dead', async () => {
  const { cluster, run, reader, system } = await left(2_000, {}, true);
  expect(await run(reader.recoverLease('/f'))).toBe(false);
  expect(await cluster.until(() => system().namespace.leases.fileCount === 0, 60_000)).toBe(true);
  expect((await run(reader.readFile('/f'))).equals(content.subarray(0, 2_000))).toBe(true);
});

test('a block is not given up when a DataNode came back that was not asked', async () => {
  const { cluster, run, reader, holder, cutOff, letBack, system, expectWhole } = await left(0);
  const alive = () => [...system().blockManager.datanodes.alive];
  const names = () => alive().map((node) => node.id.hostName);
  expect(names()).not.toContain(holder);
  expect(await run(reader.recoverLease('/f'))).toBe(false);
  const leading = () =>
    alive()
      .filter((node) => node.recoveries.size > 0)
      .map((node) => node.id.hostName);
  const [primary] = leading();
  expect(await cluster.until(() => leading().length === 0, 10_000, 1)).toBe(true);
  cutOff(primary);
  letBack(holder);
  expect(await cluster.until(() => names().includes(holder ?? ''), 60_000)).toBe(true);
  letBack(primary);
  await expectWhole();
});

test.each([0, 2_000])(
  'a NameNode that has just started waits for a DataNode that alone may have flushed bytes (%i synced)',
  async (synced) => {
    const { cluster, simulation, run, reader, holder, letBack, system, expectWhole } = await left(synced, {
      'dfs.namenode.heartbeat.recheck-interval': 300_000,
    });
    cluster.nameNode.crash('process');
    await run(cluster.nameNode.restart());
    expect(await cluster.until(() => system().blockManager.datanodes.aliveCount === 2, 60_000)).toBe(true);
    await simulation.advance(5_000);
    expect(await run(reader.recoverLease('/f'))).toBe(false);
    await simulation.advance(20_000);
    letBack(holder);
    await expectWhole();
  },
);
