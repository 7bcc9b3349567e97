// From nothing to the first stored file, each in a fresh directory, in turns: Apache's cluster script with three
// DataNodes and its shell, against `tuskfs dev` and `tuskfs put`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, option, ourTuskfs, report, run, scratch, start, tool } from './common.mjs';

const repeat = option('repeat', 3);
const dir = scratch('first-byte');
const file = join(dir, 'hello.txt');
writeFileSync(file, 'hello\n');
const cluster = tool('apache/bin/cluster');
const apacheHdfs = tool('apache/bin/hdfs');
const apache = [];
const ours = [];
for (let i = 0; i < repeat; i++) {
  const a = join(dir, `apache${i}`);
  let begin = performance.now();
  run(cluster, ['start', a, '--base-port', '31000']);
  run(apacheHdfs, ['--config', join(a, 'client'), 'dfs', '-put', file, '/']);
  apache.push(performance.now() - begin);
  run(cluster, ['stop', a]);

  const b = join(dir, `tuskfs${i}`);
  begin = performance.now();
  const dev = await start(ourTuskfs, ['dev', '--dir', b, '--base-port', '32000'], /"event":"ready"/);
  run(ourTuskfs, ['put', file, '/'], { HADOOP_CONF_DIR: join(b, 'conf') });
  ours.push(performance.now() - begin);
  await dev.stop();
}
report({
  bench: 'first-byte',
  apache_ms: Math.round(median(apache)),
  tuskfs_ms: Math.round(median(ours)),
  ratio: Number((median(ours) / median(apache)).toFixed(3)),
  repeat,
});
