// A NameNode and some DataNodes on loopback, each of them ours (a process of bin/hdfs) or Apache's (in one resident JVM),
// and each to be stopped and started again as the other at any time, over the same directories.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { COMMON_KEYS, ours, ROOT, writeConfiguration } from '../apache.ts';
import { freeBasePort } from './ports.ts';
import type { Resident } from './resident.ts';

export type Maker = 'ours' | 'apache';

export interface MixedOptions {
  readonly directory: string;
  readonly apache: Resident;
  /** Who runs the NameNode, and then each of the DataNodes. */
  readonly makers: readonly [Maker, ...Maker[]];
  readonly keys?: Readonly<Record<string, string>>;
  /** Data directories of each DataNode, below its directory; undefined: that one itself. */
  readonly volumes?: number;
  /** The same in another way: dfs.datanode.data.dir, from the directory of a DataNode. */
  readonly dataDirectories?: (data: string) => string;
  /** The data directories are there already: nothing is formatted. */
  readonly formatted?: boolean;
}

interface Running {
  /** Undefined: in the JVM. */
  readonly process: ChildProcess | undefined;
  readonly startMs: number;
}

const READY_LIMIT_MS = 180_000;
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export class MixedCluster {
  readonly directory: string;
  readonly client: string;
  readonly basePort: number;
  readonly roles: readonly string[];
  readonly #apache: Resident;
  readonly #running = new Map<string, Running>();

  private constructor(options: MixedOptions, basePort: number) {
    this.directory = options.directory;
    this.client = join(options.directory, 'client');
    this.basePort = basePort;
    this.roles = options.makers.map((_, index) => (index === 0 ? 'nn' : `dn${index}`));
    this.#apache = options.apache;
  }

  static async start(options: MixedOptions): Promise<MixedCluster> {
    const { directory, makers, keys = {}, volumes, formatted = false } = options;
    const basePort = await freeBasePort(2 + 3 * (makers.length - 1));
    const cluster = new MixedCluster(options, basePort);
    const at = (port: number): string => `127.0.0.1:${basePort + port}`;
    const common = {
      'fs.defaultFS': cluster.uri,
      'dfs.namenode.http-address': at(1),
      ...COMMON_KEYS,
      // Swapped nodes come back within seconds, and should be missed and greeted as fast.
      'dfs.heartbeat.interval': '1',
      'dfs.namenode.heartbeat.recheck-interval': '500',
      'dfs.namenode.redundancy.interval.seconds': '1',
      ...keys,
    };
    // An earlier attempt of the same test may have left something there.
    if (!formatted) rmSync(directory, { recursive: true, force: true });
    writeConfiguration(cluster.client, common);
    cluster.roles.forEach((role, index) => {
      const port = 3 * index - 1;
      const own: Readonly<Record<string, string>> =
        index === 0
          ? { 'dfs.namenode.name.dir': cluster.data(role) }
          : {
              'dfs.datanode.data.dir':
                volumes === undefined
                  ? (options.dataDirectories?.(cluster.data(role)) ?? cluster.data(role))
                  : Array.from({ length: volumes }, (_, i) => join(cluster.data(role), `v${i}`)).join(','),
              'dfs.datanode.hostname': '127.0.0.1',
              'dfs.datanode.address': at(port),
              'dfs.datanode.http.address': at(port + 1),
              'dfs.datanode.ipc.address': at(port + 2),
            };
      writeConfiguration(cluster.conf(role), { ...common, ...own });
    });
    mkdirSync(join(directory, 'data'), { recursive: true });
    if (!formatted) {
      const args = ['-format', '-nonInteractive'];
      const { code, stderr } =
        makers[0] === 'ours'
          ? await ours('hdfs', ['--config', cluster.conf('nn'), 'namenode', ...args])
          : await options.apache.run(cluster.conf('nn'), 'namenode', args);
      if (code !== 0) throw new Error(`format failed: ${stderr}`);
    }
    try {
      for (const [index, role] of cluster.roles.entries()) await cluster.launch(role, makers[index] ?? 'ours');
      await cluster.ready();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get uri(): string {
    return `hdfs://127.0.0.1:${this.basePort}`;
  }

  conf(role: string): string {
    return join(this.directory, 'conf', role);
  }

  data(role: string): string {
    return join(this.directory, 'data', role);
  }

  log(role: string): string {
    return readFileSync(join(this.directory, `${role}.log`), 'utf8');
  }

  /** `options`: what stands behind the role on its command line, as `-rollback`. */
  async launch(role: string, maker: Maker, options: readonly string[] = []): Promise<void> {
    const command = role === 'nn' ? 'namenode' : 'datanode';
    const startMs = Date.now();
    if (maker === 'apache') {
      await this.#apache.must(this.conf(role), `start-${command}`, [this.conf(role), ...options]);
      this.#running.set(role, { process: undefined, startMs });
      return;
    }
    const log = openSync(join(this.directory, `${role}.log`), 'a');
    const words = [join(ROOT, 'bin/hdfs'), '--config', this.conf(role), command, ...options];
    const process = spawn(execPath, words, { stdio: ['ignore', log, log], cwd: this.directory });
    closeSync(log);
    this.#running.set(role, { process, startMs });
  }

  /** Ends a daemon; resolves with its exit code (0 for one in the JVM). */
  async end(role: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    const running = this.#running.get(role);
    if (running === undefined) throw new Error(`${role} does not run`);
    this.#running.delete(role);
    const child = running.process;
    if (child === undefined) {
      await this.#apache.must(undefined, 'stop', [this.conf(role)]);
      return 0;
    }
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill(signal);
      await ended;
    }
    return child.exitCode ?? child.signalCode;
  }

  /** Ends a daemon and starts it as somebody's, over the same directory; resolves when every DataNode is back. */
  async swap(role: string, maker: Maker, signal?: NodeJS.Signals): Promise<void> {
    await this.end(role, signal);
    await this.launch(role, maker);
    await this.ready();
  }

  /** Waits until each DataNode that runs has sent a full block report since its start, and safe mode is over. */
  async ready(): Promise<void> {
    const wanted = [...this.#running].filter(([role]) => role !== 'nn');
    const deadline = Date.now() + READY_LIMIT_MS;
    for (let last = ''; ; await sleep(100)) {
      for (const [role, { process }] of this.#running) {
        if (process !== undefined && process.exitCode !== null) throw new Error(`${role} has ended:\n${this.log(role)}`);
      }
      if (Date.now() > deadline) throw new Error(`the cluster is not ready: ${last}`);
      const { code, stdout, stderr } = await this.#apache.run(this.client, 'datanodes', []);
      last = stdout + stderr;
      if (code !== 0 || !stdout.startsWith('safe mode false')) continue;
      const reported = new Map(stdout.split('\n').map((line) => line.split(' ').map(Number) as [number, number]));
      const startOfNameNode = this.#running.get('nn')?.startMs ?? 0;
      const isBack = ([role, { startMs }]: [string, Running]): boolean =>
        (reported.get(this.#transferPort(role)) ?? 0) >= Math.max(startMs, startOfNameNode);
      if (wanted.every(isBack)) return;
    }
  }

  #transferPort(role: string): number {
    return this.basePort + 3 * this.roles.indexOf(role) - 1;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((role) => this.end(role)));
  }
}
