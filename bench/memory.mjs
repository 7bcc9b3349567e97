// Resident memory of the two NameNodes that hold the same empty files, made through the same load generator.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { option, ourHdfs, report, run, scratch, tool } from './common.mjs';

const files = option('files', 200000);
const dir = scratch('memory');
const cluster = tool('apache/bin/cluster');
const nnload = join(dir, 'nnload');
run('go', ['build', '-C', tool('nnload'), '-o', nnload, '.']);
const user = run('id', ['-un']).trim();
const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const result = {};
for (const { name, port, env } of [
  { name: 'apache', port: 31000, env: {} },
  { name: 'tuskfs', port: 31600, env: { HDFS: ourHdfs } },
]) {
  const home = join(dir, name);
  run(cluster, ['start', home, '--base-port', String(port), '--datanodes', '1'], env);
  const pid = readFileSync(join(home, 'pids/nn1'), 'utf8').trim();
  const before = resident(pid);
  run(nnload, ['-addr', `127.0.0.1:${port}`, '-user', user, '-op', 'populate', '-files', String(files)]);
  result[name] = { empty_mib: Math.round(before), full_mib: Math.round(resident(pid)) };
  run(cluster, ['stop', home]);
}
report({ bench: 'memory', files, ...result, ratio: Number((result.tuskfs.full_mib / result.apache.full_mib).toFixed(2)) });
