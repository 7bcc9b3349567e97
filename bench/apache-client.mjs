// Row 6, second half: the mixed load by Apache's own client, 32 threads that share it (java/MixedLoad.java), on both NameNodes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chosenSystems, endWithUs, measure, option, root, scratch, tool, withClusters } from './common.mjs';
import { processCpu } from './load.mjs';

const THREADS = 32;
const seconds = option('seconds', 10);
/** For each run: the client is a new process, and cold. */
const warmup = option('warmup', 15);
const files = option('files', 20_000);
const systems = chosenSystems(scratch('apache-client'));
const hdfs = tool('apache/bin/hdfs');
/** A Java that compiles what it runs, with the class path that the tool gives it. */
const LAUNCHER = 'com.sun.tools.javac.launcher.Main';

async function once(system) {
  const pid = system.pid('nn1');
  const source = join(root, 'bench/java/MixedLoad.java');
  const args = ['--config', system.client, LAUNCHER, source, THREADS, seconds, warmup, files].map(String);
  const child = spawn(hdfs, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const forget = endWithUs(() => child.kill());
  const ended = new Promise((resolve) => child.on('close', resolve));
  let [began, cpu, result] = [0, 0, undefined];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'BEGIN') began = processCpu(pid);
    else if (line === 'END') cpu = processCpu(pid) - began;
    else if (line.startsWith('{')) result = JSON.parse(line);
  }
  const code = await ended;
  forget();
  if (code !== 0 || result === undefined) throw new Error(`the load on ${system.name} ended with ${code}`);
  return { ...result, cpu: cpu / result.ops };
}

await withClusters(systems, { datanodes: 1 }, () =>
  measure(
    systems,
    `mixed by Apache’s client, ${THREADS} threads`,
    [
      { row: 6, figure: 'op/s', better: 'more', must: 1.2, aim: 1.6, of: ({ ops_s }) => ops_s },
      { row: 6, figure: 'NameNode CPU, µs/op', better: 'less', of: ({ cpu }) => cpu },
      { row: 6, figure: 'p99, µs', better: 'less', of: ({ p99 }) => p99 },
    ],
    once,
  ),
);
