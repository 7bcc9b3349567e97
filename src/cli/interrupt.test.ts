// If these fail, a command goes on after Ctrl-C or SIGTERM until DataNodes that do not answer are given up, or leaves half of a
// file behind.
import { expect, test } from 'vitest';
import { SimCluster } from '../../sim/cluster.ts';
import { Configuration } from '../config/configuration.ts';
import type { SimNode } from '../host/sim/index.ts';
import { runShell } from './shell/shell.ts';
import { testTerminal } from './testing.ts';
import { runTuskfs } from './tuskfs.ts';

const PATIENCE_MS = 1000;

test.each([
  'tuskfs cat /f',
  'tuskfs head /f',
  'tuskfs tail /f',
  'tuskfs get /f /local/new',
  'tuskfs put /local/local /new',
  'hdfs dfs -cat /f',
  'hdfs dfs -tail /f',
  'hdfs dfs -get /f /local/new',
  'hdfs dfs -put /local/local /new',
  'hdfs dfs -cp /f /new',
])('%s ends when it is interrupted, though all DataNodes are silent', async (line) => {
  const cluster = new SimCluster({ seed: 7, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2 } });
  await cluster.start();
  const { simulation } = cluster;
  const machine = cluster.clients[0] as SimNode;
  const { disk } = machine.host;
  const run = <T>(work: Promise<T>, limitMs = 60_000): Promise<T> => simulation.run(work, limitMs);
  const client = await run(cluster.connect(machine));
  await run(client.writeFile('/f', Buffer.alloc(40_000, 'x\n')));
  await run(disk.mkdir('/local'));
  const local = await run(disk.open('/local/local', 'w'));
  await run(local.write(Buffer.alloc(40_000), 0));
  await run(local.close());
  const terminal = testTerminal('/local');
  const [program, ...words] = line.split(' ');
  const begin = (): Promise<number> => {
    if (program === 'tuskfs') {
      return runTuskfs(() => machine.host, terminal, ['--uri', 'hdfs://nn:8020', '--user', 'hdfs', ...words]);
    }
    return runShell(machine.host, terminal, Configuration.of({ 'fs.defaultFS': 'hdfs://nn:8020' }), words.slice(1));
  };
  for (const { name } of cluster.dataNodes) simulation.cut(machine, simulation.node(name));
  const command = begin();
  await simulation.advance(1000);
  terminal.interrupt();
  expect(await run(command, PATIENCE_MS)).toBe(130);
  expect(await run(disk.readdir('/local'))).toEqual(['local']);
  expect(await run(client.readdir('/'))).toEqual(['f']);
});
