// If this fails, a client that was a moment too late is told of a broken disk instead of a path that is gone.
import { expect, test } from 'vitest';
import { SimCluster } from './cluster.ts';
import { codeOf } from './ledger.ts';

test('of two clients that delete one file, one is told that it is not there', async () => {
  const cluster = new SimCluster({ seed: 3, clients: 2 });
  const { simulation } = cluster;
  await cluster.start();
  const clients = await simulation.run(Promise.all(cluster.clients.map((machine) => cluster.connect(machine))));
  await simulation.run(clients[0]?.writeFile('/f', 'bytes') ?? Promise.reject(new Error('no client')), 60_000);
  const deletions = Promise.allSettled(clients.map((client) => client.rm('/f', { skipTrash: true })));
  const failed = (await simulation.run(deletions, 60_000)).flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(failed.map(codeOf)).toEqual(['ENOENT']);
});
