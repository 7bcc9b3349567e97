// If this fails, a writer who flushes to a disk that fails waits for the next heartbeat of its own to hear of it.
import { expect, test } from 'vitest';
import { SimCluster } from './cluster.ts';

const LIMIT_MS = 120_000;
/** Half of it later a client that waits for an answer sends a heartbeat. */
const TIMEOUT_MS = 60_000;
const SOON_MS = 10_000;

test('a flush whose write fails goes on with another pipeline at once', async () => {
  const cluster = new SimCluster({
    seed: 5,
    dataNodes: 4,
    clients: 1,
    keys: { 'dfs.replication': 3, 'dfs.client.socket-timeout': TIMEOUT_MS },
  });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster is not complete');
  const { simulation } = cluster;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  const file = await run(client.open('/file', 'w'));
  await run(file.write(Buffer.alloc(1000, 'first')));
  await run(file.hflush());
  // The first of them to write again has a disk that fails from then on.
  let failing: string | undefined;
  for (const node of cluster.dataNodes) {
    const name = node.name;
    node.diskFault = ({ operation, path }) => {
      if (operation !== 'write' && operation !== 'writev') return undefined;
      if (!/\/blk_\d+$/.test(path)) return undefined;
      failing ??= name;
      return failing === name ? { error: 'EIO' } : undefined;
    };
  }
  const beganMs = machine.host.clock.monotonic();
  await run(file.write(Buffer.alloc(1000, 'second')));
  await run(file.hflush());
  expect(failing).toBeDefined();
  expect(machine.host.clock.monotonic() - beganMs).toBeLessThan(SOON_MS);
  await run(file.close());
  const expected = Buffer.concat([Buffer.alloc(1000, 'first'), Buffer.alloc(1000, 'second')]);
  expect((await run(client.readFile('/file'))).equals(expected)).toBe(true);
});
