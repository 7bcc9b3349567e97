// If this fails, a writer loses bytes, or gives up, although never more than one DataNode at a time is down, cut off or begun
// again: whatever it does meanwhile, be it writing, flushing, ending blocks, closing or opening again.
import { expect, test } from 'vitest';
import { SimCluster } from '../../sim/cluster.ts';
import type { HdfsFileHandle } from '../../src/client/index.ts';

const LIMIT_MS = 600_000;
const STEPS = 60;

const SEEDS = Array.from({ length: 12 }, (_, i) => 500 + i);

test.each(SEEDS)('one DataNode after the other fails under a writer, seed %i', async (seed) => {
  // Of five nodes that hardly do anything, the one that does a little counts as too busy for a new replica.
  const keys = { 'dfs.namenode.redundancy.considerLoad': false };
  const cluster = new SimCluster({ seed, dataNodes: 5, clients: 1, keys });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await simulation.run(cluster.connect(machine), LIMIT_MS);
  const random = simulation.random('writer-chaos');
  const others = [...cluster.daemons.map((daemon) => daemon.machine), machine];
  let content = Buffer.alloc(0);
  let down: string | undefined;
  let cutOff: string | undefined;

  /** The one that is away comes back, and is counted on again. */
  const heal = async (): Promise<void> => {
    if (down !== undefined)
      await simulation.run(cluster.dataNodes.find(({ name }) => name === down)?.restart() ?? Promise.resolve());
    if (cutOff !== undefined) simulation.healAll();
    down = undefined;
    cutOff = undefined;
    expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
  };
  const fault = async (): Promise<void> => {
    if (down !== undefined || cutOff !== undefined) {
      await heal();
      return;
    }
    const victim = cluster.dataNodes[random.below(cluster.dataNodes.length)];
    if (victim === undefined) return;
    if (random.below(3) === 0) {
      cutOff = victim.name;
      const rest = others.filter((each) => each !== victim.machine);
      simulation.partition([victim.machine], rest);
    } else {
      down = victim.name;
      cluster.crash(victim.name, 'process', false);
    }
  };
  const piece = (): Buffer => {
    const bytes = Buffer.alloc(1 + random.below(6_000), content.length & 255);
    bytes.writeUInt8(random.below(256), random.below(bytes.length));
    return bytes;
  };

  let handle: HdfsFileHandle = await simulation.run(client.open('/f', 'w'));
  for (let step = 0; step < STEPS; step++) {
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2: {
        const bytes = piece();
        content = Buffer.concat([content, bytes]);
        await simulation.run(handle.write(bytes), LIMIT_MS);
        break;
      }
      case 3:
        await simulation.run(random.below(2) === 0 ? handle.hflush() : handle.hsync(), LIMIT_MS);
        expect((await simulation.run(client.readFile('/f'), LIMIT_MS)).equals(content)).toBe(true);
        break;
      case 4:
        await simulation.run(handle.hsync({ endBlock: random.below(2) === 0, updateLength: true }), LIMIT_MS);
        break;
      case 5:
      case 6: {
        await fault();
        // Failures without any progress between them are counted, and end the write.
        const bytes = piece();
        content = Buffer.concat([content, bytes]);
        await simulation.run(handle.write(bytes), LIMIT_MS);
        await simulation.run(handle.hflush(), LIMIT_MS);
        break;
      }
      case 7:
        await simulation.run(handle.close(), LIMIT_MS);
        // Replicas that were lost are made anew before the block is opened again.
        await heal();
        handle = await simulation.run(client.open('/f', 'a', { newBlock: random.below(3) === 0 }), LIMIT_MS);
        break;
    }
    await simulation.advance(random.below(400));
  }
  await simulation.run(handle.close(), LIMIT_MS);
  await heal();
  expect((await simulation.run(client.readFile('/f'), LIMIT_MS)).equals(content)).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});
