// The data path through Apache's own client: writes with three replicas, reads, positional reads, small files; Apache's
// DataNodes and ours in turns. The figures and their meaning are the load generator's.
import { join } from 'node:path';
import { option, ourHdfs, run, scratch, tool } from './common.mjs';

const mib = option('mib', 256);
const repeat = option('repeat', 3);
const ops = (process.env.OPS ?? 'write-r3 read pread-64k create-8').split(' ');
const dir = scratch('data');
const cluster = tool('apache/bin/cluster');
const compare = tool('databench/compare');
const systems = [
  { dir: join(dir, 'apache'), port: 31000, env: {} },
  { dir: join(dir, 'tuskfs'), port: 31600, env: { HDFS: ourHdfs } },
];
for (const system of systems) run(cluster, ['start', system.dir, '--base-port', String(system.port)], system.env);
try {
  const [a, b] = systems.map((system) => system.dir);
  console.log('A = Apache, B = tuskfs');
  console.log(
    run(compare, [
      join(a, 'client'),
      join(b, 'client'),
      '--repeat',
      String(repeat),
      '--mib',
      String(mib),
      '--wait',
      '10',
      '--pids-a',
      join(a, 'pids'),
      '--pids-b',
      join(b, 'pids'),
      ...ops,
    ]),
  );
} finally {
  for (const system of systems) run(cluster, ['stop', system.dir]);
}
