// One NameNode of either system by itself, without DataNodes, on a name directory that a comparison has filled.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { basePort, endWithUs, ourHdfs, root, run, tool, userName } from './common.mjs';
import { bytes, Caller, number, processCpu, processDemand, processPeakMib, processRssMib, readField } from './load.mjs';
import { configure } from './our-cluster.mjs';

const HOST = '127.0.0.1';
const ANSWER_MS = 600_000;
const LOOK_MS = 10;
const RECONFIGURATION = 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol';
/** Enum SafeModeActionProto. */
const SAFEMODE_LEAVE = 1;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Made when the process has room for it, not when it has to: Apache's heap is as large as it may become. */
const HEAP = process.env.BENCH_HEAP ?? '4g';

/** Nothing makes an image meanwhile, and blocks that nobody has reported do not hold the start back. */
const KEYS = {
  'dfs.namenode.checkpoint.txns': 1_000_000_000,
  'dfs.namenode.checkpoint.period': '1000000000s',
  'dfs.namenode.safemode.threshold-pct': '1.5',
  'dfs.blockreport.initialDelay': '0s',
};

/** A process is at rest that wants a processor for less than this share of two seconds. */
const REST_SHARE = 0.05;
const REST_MS = 2000;
const REST_TRIES = 60;

/** Waits until the process is at rest: what its start or the last call left to do is done. */
async function calm(pid) {
  for (let tries = 0, before = processDemand(pid); tries < REST_TRIES; tries++) {
    await pause(REST_MS);
    const now = processDemand(pid);
    if (now - before < REST_SHARE * REST_MS) return;
    before = now;
  }
}

export class NameNode {
  constructor(system, dir, keys = {}) {
    this.name = system.name;
    this.port = system.name === 'apache' ? basePort + 60 : basePort;
    this.address = `${HOST}:${this.port}`;
    this.webPort = this.port + 1;
    this.conf = join(dir, 'conf', system.name);
    this.nameDirectory = join(dir, 'name', system.name);
    this.log = join(dir, `${system.name}.log`);
    this.hdfs = system.name === 'apache' ? tool('apache/bin/hdfs') : ourHdfs;
    this.keys = {
      ...KEYS,
      ...keys,
      'fs.defaultFS': `hdfs://${this.address}`,
      'dfs.namenode.http-address': `${HOST}:${this.webPort}`,
      'dfs.namenode.name.dir': `file://${this.nameDirectory}`,
    };
    configure(this.conf, this.keys);
    mkdirSync(join(dir, 'name'), { recursive: true });
  }

  /** Changes a key of the running NameNode. */
  async reconfigure(key, value) {
    this.keys[key] = value;
    configure(this.conf, this.keys);
    const caller = await Caller.open(this.address, userName(), RECONFIGURATION);
    await caller.call('startReconfiguration', Buffer.alloc(0));
    // It has an end once it is done.
    while (readField(await caller.call('getReconfigurationStatus', Buffer.alloc(0)), 2) === undefined) await pause(LOOK_MS);
    caller.close();
  }

  /** Leaves the safe mode in which it waits for more blocks than there are (KEYS). */
  async leaveSafeMode() {
    const caller = await Caller.open(this.address, userName());
    await caller.call('setSafeMode', Buffer.concat([number(1, SAFEMODE_LEAVE), number(2, 0)]));
    caller.close();
  }

  format() {
    run(this.hdfs, ['--config', this.conf, 'namenode', '-format', '-force', '-nonInteractive']);
  }

  /** Formats it and puts an image of that size there; `options` are those of image.mjs. */
  fill(files, blocks, ...options) {
    this.format();
    run(process.execPath, [join(root, 'bench/image.mjs'), this.nameDirectory, files, blocks, ...options].map(String));
  }

  /** Starts it; resolves when it has answered its first call. */
  async launch(env = {}) {
    const log = openSync(this.log, 'a');
    const began = performance.now();
    const all = { ...process.env, HDFS_OPTS: `-Xmx${HEAP}`, HADOOP_LOG_DIR: this.conf, ...env };
    const child = spawn(this.hdfs, ['--config', this.conf, 'namenode'], { stdio: ['ignore', log, log], env: all });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const end = async () => {
      child.kill('SIGTERM');
      await ended;
    };
    const forget = endWithUs(end);
    const stop = async () => {
      forget();
      await end();
    };
    try {
      await this.#answers(child);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      ms: performance.now() - began,
      cpuSeconds: processCpu(child.pid) / 1e6,
      pid: child.pid,
      cpuNow: () => processCpu(child.pid) / 1e6,
      calm: () => calm(child.pid),
      rssMib: () => processRssMib(child.pid),
      peakMib: () => processPeakMib(child.pid),
      stop,
    };
  }

  async #answers(child) {
    const until = Date.now() + ANSWER_MS;
    while (Date.now() < until) {
      if (child.exitCode !== null)
        throw new Error(`the NameNode of ${this.name} ended with ${child.exitCode}; see ${this.log}`);
      try {
        const caller = await Caller.open(this.address, 'hdfs');
        try {
          await caller.call('getFileInfo', bytes(1, '/'));
          return;
        } finally {
          caller.close();
        }
      } catch (error) {
        if (!(error instanceof Error)) throw error;
      }
      await pause(LOOK_MS);
    }
    throw new Error(`the NameNode of ${this.name} did not answer within ${ANSWER_MS / 1000} s`);
  }

  /** Has it write an image, in the safe mode in which it is. */
  async saveNamespace() {
    const caller = await Caller.open(this.address, userName());
    await caller.call('saveNamespace', Buffer.concat([number(1, 0), number(2, 0)]));
    caller.close();
  }

  /** All that a bean says. */
  async attributes(query) {
    const answer = await fetch(`http://${HOST}:${this.webPort}/jmx?qry=${query}`);
    return (await answer.json()).beans[0];
  }

  /** One value of a bean. */
  async bean(query, attribute) {
    return (await this.attributes(query))[attribute];
  }
}
