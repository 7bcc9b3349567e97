// Row 20: our client against Apache's on the same cluster, ours: put and get of a large file, each with its shell.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  againstApache,
  chosenSystems,
  measure,
  option,
  ourTuskfs,
  run,
  scratch,
  short,
  timed,
  tool,
  withClusters,
} from './common.mjs';

const mib = option('mib', short ? 256 : 1024);
const dir = scratch('client');
const file = join(dir, 'data');
const back = join(dir, 'back');
const [ours] = chosenSystems(dir).filter(({ name }) => name === 'tuskfs');
{
  const block = Buffer.alloc(1 << 20, 'tuskfs ');
  const content = Buffer.alloc(mib << 20);
  for (let at = 0; at < content.length; at += block.length) block.copy(content, at);
  writeFileSync(file, content);
}

await withClusters([ours], {}, async () => {
  const shells = [
    {
      name: 'tuskfs',
      put: (path) => timed(ourTuskfs, ['put', file, path], { HADOOP_CONF_DIR: ours.client }),
      get: (path) => timed(ourTuskfs, ['get', path, back], { HADOOP_CONF_DIR: ours.client }),
    },
  ];
  if (againstApache) {
    const hdfs = tool('apache/bin/hdfs');
    const dfs = (...args) => timed(hdfs, ['--config', ours.client, 'dfs', ...args]);
    shells.unshift({ name: 'apache', put: (path) => dfs('-put', file, path), get: (path) => dfs('-get', path, back) });
  }
  const rate = { row: 20, figure: 'MiB/s', better: 'more', must: 1, aim: 1.4, of: (ms) => (mib * 1000) / ms };
  const remove = (path) => run(ourTuskfs, ['rm', '--skip-trash', path], { HADOOP_CONF_DIR: ours.client });
  await measure(shells, `put of ${mib} MiB`, [rate], (shell, pair) => {
    const ms = shell.put(`/put-${shell.name}-${pair}`);
    remove(`/put-${shell.name}-${pair}`);
    return ms;
  });
  for (const shell of shells) shell.put(`/get-${shell.name}`);
  await measure(shells, `get of ${mib} MiB`, [rate], (shell) => {
    rmSync(back, { force: true });
    return shell.get(`/get-${shell.name}`);
  });
});
