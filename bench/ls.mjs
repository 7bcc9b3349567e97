// Listing a directory of a few entries, the whole process from start to exit, in turns.
import { join } from 'node:path';
import { median, option, ourHdfs, ourTuskfs, report, run, scratch, start, timed, tool } from './common.mjs';

const repeat = option('repeat', 10);
const dir = scratch('ls');
const apacheHdfs = tool('apache/bin/hdfs');
const dev = await start(ourTuskfs, ['dev', '--dir', dir, '--base-port', '32000'], /"event":"ready"/);
const conf = join(dir, 'conf');
const env = { HADOOP_CONF_DIR: conf };
for (const name of ['/a', '/b', '/c']) run(ourTuskfs, ['mkdir', name], env);
const times = { apache: [], tuskfs: [], ourHdfs: [] };
for (let i = 0; i < repeat; i++) {
  times.apache.push(timed(apacheHdfs, ['--config', conf, 'dfs', '-ls', '/']));
  times.tuskfs.push(timed(ourTuskfs, ['ls', '/'], env));
  times.ourHdfs.push(timed(ourHdfs, ['--config', conf, 'dfs', '-ls', '/']));
}
await dev.stop();
const apache = median(times.apache);
report({
  bench: 'ls',
  apache_ms: Math.round(apache),
  tuskfs_ms: Math.round(median(times.tuskfs)),
  ratio: Number((median(times.tuskfs) / apache).toFixed(3)),
  repeat,
});
report({
  bench: 'hdfs-dfs-ls',
  apache_ms: Math.round(apache),
  tuskfs_ms: Math.round(median(times.ourHdfs)),
  ratio: Number((median(times.ourHdfs) / apache).toFixed(3)),
  repeat,
});
