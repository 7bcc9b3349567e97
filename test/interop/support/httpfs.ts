// HttpFS in front of a cluster, ours or Apache's, on a port of its own.
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { ROOT, writeConfiguration } from '../apache.ts';
import { jarDirectory } from './java.ts';
import type { Maker } from './mixed-cluster.ts';
import { freePorts } from './ports.ts';

const START_LIMIT_MS = 60_000;
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function apacheWords(directory: string): readonly string[] {
  for (const name of ['log', 'temp']) mkdirSync(join(directory, name), { recursive: true });
  return [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    // Its XML library defines classes by a way that Java has closed since.
    '--add-opens=java.base/java.lang=ALL-UNNAMED',
    `-Dlog4j.configuration=file:${join(import.meta.dirname, '../java/log4j.properties')}`,
    `-Dhttpfs.home.dir=${directory}`,
    `-Dhttpfs.config.dir=${directory}`,
    `-Dhttpfs.log.dir=${join(directory, 'log')}`,
    `-Dhttpfs.temp.dir=${join(directory, 'temp')}`,
    '-cp',
    `${directory}:${jarDirectory('httpfs')}/*`,
    'org.apache.hadoop.fs.http.server.HttpFSServerWebServer',
  ];
}

export interface RunningHttpFs {
  readonly port: number;
  stop(): Promise<void>;
}

/** `keys`: of the file system, and of HttpFS itself. */
export async function startHttpFs(
  maker: Maker,
  directory: string,
  keys: Readonly<Record<string, string>>,
): Promise<RunningHttpFs> {
  const [port = 0] = await freePorts(1);
  const conf = writeConfiguration(directory, {
    ...keys,
    'httpfs.http.hostname': '127.0.0.1',
    'httpfs.http.port': String(port),
    'hadoop.tmp.dir': join(directory, 'tmp'),
  });
  // What Hadoop's HttpFS finds in core-site.xml goes behind its own defaults.
  copyFileSync(join(directory, 'core-site.xml'), join(directory, 'httpfs-site.xml'));
  const file = join(directory, 'httpfs.log');
  const log = openSync(file, 'a');
  const [program, words] =
    maker === 'ours' ? [execPath, [join(ROOT, 'bin/hdfs'), '--config', conf, 'httpfs']] : ['java', apacheWords(directory)];
  const child = spawn(program, words, { stdio: ['ignore', log, log], cwd: directory });
  closeSync(log);
  const running = {
    port,
    async stop(): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    },
  };
  const deadline = Date.now() + START_LIMIT_MS;
  const isUp = async (): Promise<boolean> => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/webhdfs/v1/?op=GETHOMEDIRECTORY&user.name=root`)).ok;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  };
  while (!(await isUp())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await running.stop();
      throw new Error(`HttpFS did not start:\n${readFileSync(file, 'utf8').slice(-3000)}`);
    }
    await sleep(100);
  }
  return running;
}
