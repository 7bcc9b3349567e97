// If these fail, a program that has closed its client does not end, or hears of it only minutes later: a DataNode that does not
// answer holds a connection that nobody needs any more.
import { expect, test } from 'vitest';
import type { Keys } from './cluster.ts';
import { withFile } from './file-cluster.ts';

const BLOCK = 16_384;

/** A client whose DataNodes have fallen silent. */
async function silenced(keys?: Keys) {
  const file = await withFile(2 * BLOCK, { keys });
  const { cluster, cut } = file;
  return {
    ...file,
    silence: () => {
      for (const { name } of cluster.dataNodes) cut('client0', name);
    },
  };
}

const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

test.each([0, 2])('what is read ends with the client, %i replicas being asked beside a slow one', async (hedges) => {
  const { cluster, client, run, silence } = await silenced({ 'dfs.client.hedged.read.threadpool.size': hedges });
  const handle = await run(client.open('/f', 'r'));
  silence();
  const read = outcome(handle.read(Buffer.alloc(BLOCK), 0, BLOCK, BLOCK));
  const whole = outcome(client.readFile('/f'));
  await cluster.simulation.advance(500);
  await client.close();
  expect(await cluster.simulation.run(Promise.all([read, whole]), 100)).toEqual(['Filesystem closed', 'Filesystem closed']);
});

test('what is read ends with the client, in the middle of a block', async () => {
  const { cluster, client, run, silence } = await silenced();
  const pieces = client.createReadStream('/f', { highWaterMark: 1 })[Symbol.asyncIterator]();
  await run(pieces.next());
  silence();
  const rest = outcome(
    (async () => {
      while ((await pieces.next()).done !== true);
    })(),
  );
  await cluster.simulation.advance(500);
  await client.close();
  expect(await cluster.simulation.run(rest, 100)).toEqual('Filesystem closed');
});

test('what is written ends with the client', async () => {
  const { cluster, client, silence } = await silenced();
  silence();
  const write = outcome(client.writeFile('/new', 'x'));
  await cluster.simulation.advance(500);
  await client.close();
  expect(await cluster.simulation.run(write, 100)).toEqual('Filesystem closed');
});

test('a question for the length of an open file ends with the client', async () => {
  const { cluster, client, run, silence } = await silenced();
  const file = await run(client.open('/open', 'w'));
  await run(file.write('flushed'));
  await run(file.hflush());
  const other = await run(cluster.connect(cluster.simulation.node('client0')));
  silence();
  const read = outcome(other.readFile('/open'));
  await cluster.simulation.advance(500);
  await other.close();
  expect(await cluster.simulation.run(read, 100)).toEqual('Filesystem closed');
});
