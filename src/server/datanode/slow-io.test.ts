// If this failed, an operator who looks for the disk or the node that holds up writers would find nothing in the log, or the log
// would be full of what was quick.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';
import { Counters } from './counters.ts';
import type { InFlightReplica } from './replica.ts';
import { SlowIo } from './slow-io.ts';

const LIMIT_MS = 120_000;

test('slow writes and syncs of a disk are said, quick ones are not', async () => {
  const lines: string[] = [];
  const cluster = new SimCluster({
    seed: 3,
    dataNodes: 1,
    clients: 1,
    keys: { 'dfs.replication': 1 },
    log: ({ level, message }) => {
      if (level === 'warn' && message.startsWith('Slow ')) lines.push(message);
    },
  });
  await cluster.start();
  const [machine] = cluster.clients;
  const [dataNode] = cluster.dataNodes;
  if (machine === undefined || dataNode === undefined) throw new Error('the cluster is not complete');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  await run(client.writeFile('/quick', Buffer.alloc(5000)));
  expect(lines).toEqual([]);
  dataNode.diskFault = ({ operation, path }) => {
    if (!/\/blk_\d+$/.test(path)) return undefined;
    if (operation === 'write' || operation === 'writev') return { delayMs: 700 };
    return operation === 'fdatasync' ? { delayMs: 900 } : undefined;
  };
  const file = await run(client.open('/slow', 'w'));
  await run(file.write(Buffer.alloc(1000)));
  await run(file.hsync());
  await run(file.close());
  const where = 'volume=/data, blockId=\\d+, seqno=\\d+$';
  const disk = new RegExp(`^Slow BlockReceiver write data to disk cost: 7\\d\\dms \\(threshold=300ms\\), ${where}`);
  const sync = new RegExp(`^Slow flushOrSync took 9\\d\\dms \\(threshold=300ms\\), isSync:true, ${where}`);
  expect(lines.filter((line) => disk.test(line)).length).toBeGreaterThan(0);
  expect(lines.filter((line) => sync.test(line)).length).toBeGreaterThan(0);
  expect(lines.filter((line) => !disk.test(line) && !sync.test(line))).toEqual([]);
});

test('the next node and the sender are named as Hadoop names them, by a threshold that may change', () => {
  const lines: string[] = [];
  const counters = new Counters(300);
  const slow = new SlowIo({
    log: { log: (_level, _component, message) => lines.push(message) },
    counters,
    replica: { id: 7n, pool: 'BP-1', genStamp: 1001, volume: { path: '/v' } } as unknown as InFlightReplica,
    mirror: '10.0.0.2:9866',
  });
  slow.seqno = 4;
  slow.forwarded(8, 300);
  slow.answered(10);
  expect(lines).toEqual([]);
  slow.forwarded(3, 400.7);
  counters.slowMs = 5;
  slow.answered(10);
  expect(lines).toEqual([
    'Slow BlockReceiver write packet to mirror took 400ms (threshold=300ms), downstream DNs=[10.0.0.2:9866], blockId=7, seqno=4',
    'Slow PacketResponder send ack to upstream took 10ms (threshold=5ms), PacketResponder: BP-1:blk_7_1001, downstream DNs=[10.0.0.2:9866], blockId=7, seqno=4',
  ]);
  expect([counters.slowMirrorPackets, counters.slowAcks]).toEqual([3, 1]);
});
