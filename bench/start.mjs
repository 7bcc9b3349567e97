// Row 22: from nothing to the first stored file, each in a fresh directory: Apache's cluster with three DataNodes and its
// shell, against `tuskfs dev` and `tuskfs put`. Then commands from start to exit, on our cluster: `ls` and a `put` of 1 KB.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { againstApache, basePort, measure, ourHdfs, ourTuskfs, run, scratch, start, timed, tool } from './common.mjs';

const dir = scratch('start');
const file = join(dir, 'small');
writeFileSync(file, Buffer.alloc(1024, 'tuskfs '));
const ms = (must, aim) => [{ row: 22, figure: 'ms', better: 'less', must, aim, of: (value) => value }];

const dev = (home) => start(ourTuskfs, ['dev', '--dir', home, '--base-port', String(basePort + 100)], /"event":"ready"/);

const ours = {
  name: 'tuskfs',
  async firstByte(home) {
    const begin = performance.now();
    const cluster = await dev(home);
    run(ourTuskfs, ['put', file, '/'], { HADOOP_CONF_DIR: join(home, 'conf') });
    const elapsed = performance.now() - begin;
    await cluster.stop();
    return elapsed;
  },
};
const systems = [ours];
if (againstApache) {
  const cluster = tool('apache/bin/cluster');
  const hdfs = tool('apache/bin/hdfs');
  systems.unshift({
    name: 'apache',
    firstByte(home) {
      const begin = performance.now();
      run(cluster, ['start', home, '--base-port', String(basePort)]);
      run(hdfs, ['--config', join(home, 'client'), 'dfs', '-put', file, '/']);
      const elapsed = performance.now() - begin;
      run(cluster, ['stop', home]);
      return elapsed;
    },
  });
}
await measure(systems, 'from nothing to the first file', ms(0.15, 0.08), (system, pair) =>
  system.firstByte(join(dir, `${system.name}${pair}`)),
);

const home = join(dir, 'shells');
const cluster = await dev(home);
const conf = join(home, 'conf');
const env = { HADOOP_CONF_DIR: conf };
try {
  for (const name of ['/a', '/b', '/c']) run(ourTuskfs, ['mkdir', name], env);
  const shells = [
    { name: 'tuskfs', command: ourTuskfs, ls: ['ls', '/'], put: ['put', file] },
    { name: 'tuskfs', command: ourHdfs, ls: ['dfs', '-ls', '/'], put: ['dfs', '-put', file] },
  ];
  const theirs = againstApache
    ? [{ name: 'apache', command: tool('apache/bin/hdfs'), ls: shells[1].ls, put: shells[1].put }]
    : [];
  for (const [shell, title] of [
    [shells[0], 'tuskfs'],
    [shells[1], 'our hdfs dfs'],
  ]) {
    const both = [...theirs, shell];
    await measure(both, `ls, ${title}`, ms(0.2, 0.06), (each) => timed(each.command, each.ls, env));
    await measure(both, `put of 1 KB, ${title}`, ms(0.2, 0.06), (each, pair) =>
      timed(each.command, [...each.put, `/a/${title.replaceAll(' ', '-')}-${each.name}-${pair}`], env),
    );
  }
} finally {
  await cluster.stop();
}
