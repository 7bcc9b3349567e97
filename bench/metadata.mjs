// Metadata operations through the neutral load generator `nnload`, Apache's NameNode and ours in turns.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, option, ourHdfs, report, run, scratch, tool } from './common.mjs';

const seconds = option('seconds', 3);
const repeat = option('repeat', 3);
const files = option('files', 20000);
const ops = (
  process.env.OPS ?? 'getFileInfo getBlockLocations0 getListing mkdirs create createComplete rename delete setPermission mixed'
).split(' ');
const dir = scratch('metadata');
const cluster = tool('apache/bin/cluster');
const source = tool('nnload');
const nnload = join(dir, 'nnload');
run('go', ['build', '-C', source, '-o', nnload, '.']);

const systems = [
  { name: 'apache', port: 31000, env: {}, dir: join(dir, 'apache') },
  { name: 'tuskfs', port: 31600, env: { HDFS: ourHdfs }, dir: join(dir, 'tuskfs') },
];
const user = run('id', ['-un']).trim();
for (const system of systems) {
  run(cluster, ['start', system.dir, '--base-port', String(system.port), '--datanodes', '1'], system.env);
  system.pid = readFileSync(join(system.dir, 'pids/nn1'), 'utf8').trim();
  run(nnload, ['-addr', `127.0.0.1:${system.port}`, '-user', user, '-op', 'populate', '-files', String(files)]);
}
try {
  for (const op of ops) {
    const results = { apache: [], tuskfs: [] };
    for (let i = 0; i < repeat; i++) {
      for (const system of systems) {
        const output = run(nnload, [
          '-addr',
          `127.0.0.1:${system.port}`,
          '-user',
          user,
          '-op',
          op,
          '-files',
          String(files),
          '-blockfiles',
          '0',
          '-conns',
          '16',
          '-depth',
          '32',
          '-seconds',
          String(seconds),
          '-pid',
          system.pid,
          '-json',
        ]);
        results[system.name].push(JSON.parse(output.trim().split('\n').at(-1)));
      }
    }
    const figure = (name, pick) => median(results[name].map(pick));
    const rate = (result) => result.ops_s;
    const cpu = (result) => result.server_cpu_per_op;
    report({
      bench: op,
      apache_ops_s: Math.round(figure('apache', rate)),
      tuskfs_ops_s: Math.round(figure('tuskfs', rate)),
      rate_ratio: Number((figure('tuskfs', rate) / figure('apache', rate)).toFixed(2)),
      apache_cpu_us: Number(figure('apache', cpu).toFixed(1)),
      tuskfs_cpu_us: Number(figure('tuskfs', cpu).toFixed(1)),
      cpu_ratio: Number((figure('tuskfs', cpu) / figure('apache', cpu)).toFixed(3)),
      apache_rss_mib: figure('apache', (result) => result.server_rss_mib),
      tuskfs_rss_mib: figure('tuskfs', (result) => result.server_rss_mib),
    });
  }
} finally {
  for (const system of systems) run(cluster, ['stop', system.dir]);
}
