// A cluster of our daemons on this machine, as processes of their own, for measuring without Java.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HOST = '127.0.0.1';
const READY_MS = 60_000;

const xml = (entries) =>
  `<configuration>${Object.entries(entries)
    .map(([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`)
    .join('\n')}</configuration>\n`;

export function configure(dir, entries) {
  mkdirSync(dir, { recursive: true });
  const isCore = ([name]) => name.startsWith('fs.') || name.startsWith('hadoop.') || name.startsWith('ipc.');
  const all = Object.entries(entries);
  writeFileSync(join(dir, 'core-site.xml'), xml(Object.fromEntries(all.filter(isCore))));
  writeFileSync(join(dir, 'hdfs-site.xml'), xml(Object.fromEntries(all.filter((entry) => !isCore(entry)))));
}

/** Formats and starts it in `dir`, with ports from `port` on; answers how to end it. */
export async function startOurs({ hdfs, dir, port, datanodes, keys }) {
  const shared = {
    'fs.defaultFS': `hdfs://${HOST}:${port}`,
    'dfs.namenode.http-address': `${HOST}:${port + 1}`,
    ...Object.fromEntries(keys.map((key) => [key.slice(0, key.indexOf('=')), key.slice(key.indexOf('=') + 1)])),
  };
  const conf = (role) => join(dir, 'conf', role);
  const children = [];
  mkdirSync(join(dir, 'pids'), { recursive: true });
  mkdirSync(join(dir, 'logs'), { recursive: true });
  const launch = (role, command) => {
    const log = openSync(join(dir, 'logs', `${role}.log`), 'a');
    const env = { ...process.env, HADOOP_LOG_DIR: join(dir, 'logs') };
    const child = spawn(hdfs, ['--config', conf(role), command], { stdio: ['ignore', log, log], env });
    writeFileSync(join(dir, 'pids', role), String(child.pid));
    children.push(child);
  };
  configure(join(dir, 'client'), shared);
  configure(conf('nn1'), { ...shared, 'dfs.namenode.name.dir': `file://${join(dir, 'data/nn1')}` });
  const formatted = spawnSync(hdfs, ['--config', conf('nn1'), 'namenode', '-format', '-nonInteractive'], { encoding: 'utf8' });
  if (formatted.status !== 0) throw new Error(`namenode -format failed\n${formatted.stdout}\n${formatted.stderr}`);
  launch('nn1', 'namenode');
  for (let i = 1; i <= datanodes; i++) {
    const first = port + 30 + 3 * i;
    configure(conf(`dn${i}`), {
      ...shared,
      'dfs.datanode.data.dir': `file://${join(dir, `data/dn${i}`)}`,
      'dfs.datanode.hostname': HOST,
      'dfs.datanode.address': `${HOST}:${first}`,
      'dfs.datanode.http.address': `${HOST}:${first + 1}`,
      'dfs.datanode.ipc.address': `${HOST}:${first + 2}`,
    });
    launch(`dn${i}`, 'datanode');
  }
  const stop = async () => {
    await Promise.all(
      children.map((child) => {
        if (child.exitCode !== null || child.signalCode !== null) return undefined;
        const gone = new Promise((resolve) => child.on('exit', resolve));
        child.kill('SIGTERM');
        return gone;
      }),
    );
  };
  try {
    await ready(port + 1, datanodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Waits until every DataNode is there and safe mode is off. */
async function ready(webPort, datanodes) {
  const until = Date.now() + READY_MS;
  let last = 'no answer';
  while (Date.now() < until) {
    try {
      const answer = await fetch(`http://${HOST}:${webPort}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`);
      const { NumLiveDataNodes: live, FSState: state } = (await answer.json()).beans[0];
      if (live === datanodes && state === 'Operational') return;
      last = `${live} DataNodes, ${state}`;
    } catch (error) {
      last = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the cluster was not ready in ${READY_MS / 1000} s: ${last}`);
}
