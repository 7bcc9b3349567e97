// Apache Hadoop for the interop tests: its commands by class name (support/java.ts has the jars), and small clusters of it on loopback, whose daemons may be swapped for ours. Without Java and Maven the tests say so and
// are skipped; where TUSKFS_REQUIRE_INTEROP is set, as in continuous integration, that is a failure.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe } from 'vitest';
import { formatConfigurationXml } from '../../src/config/xml.ts';
import { type JarSet, jarsOrReason, javaWords } from './support/java.ts';
import { freePorts } from './support/ports.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
const OUTPUT_LIMIT = 256 * 1024 * 1024;

function describeWith(name: string, body: () => void, set: JarSet, retry: number): void {
  const found = jarsOrReason(set);
  if ('directory' in found) {
    describe(name, { retry }, body);
    return;
  }
  if (process.env.TUSKFS_REQUIRE_INTEROP !== undefined) throw new Error(`${name}: ${found.missing}`);
  console.warn(`${name}: skipped, because ${found.missing}`);
  describe.skip(name, body);
}

/** A group of tests that needs Apache Hadoop, with the jars of this set. */
export function describeWithApache(name: string, body: () => void, set: JarSet = 'hdfs'): void {
  describeWith(name, body, set, 0);
}

/**
 * One whose tests each begin with clusters of their own. Such a test, of a dozen processes on a machine that others use too,
 * may be tried once more; the summary of the run names it then.
 */
export function describeRepeatable(name: string, body: () => void, set: JarSet = 'hdfs'): void {
  describeWith(name, body, set, 1);
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** For Java: its classes, and its options. */
  readonly jars?: JarSet;
  readonly javaOptions?: readonly string[];
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

const DEFAULT_LIMIT_MS = 300_000;

/** Runs a program to its end, whatever its exit code. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((done, fail) => {
    const child = execFile(
      file,
      args,
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        timeout: options.timeoutMs ?? DEFAULT_LIMIT_MS,
        maxBuffer: OUTPUT_LIMIT,
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code !== 'number') fail(new Error(`${file} ${args.join(' ')}: ${String(error)}\n${stderr}`));
        else done({ code, stdout, stderr });
      },
    );
    // It may end without having read what it was given.
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') fail(error);
    });
    child.stdin?.end(options.input ?? '');
  });
}

/** `hdfs --config confDir command args…`, with Apache's classes. */
export function apacheHdfs(
  confDir: string | undefined,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { jars, javaOptions } = options;
  const java = {
    conf: confDir,
    ...(jars === undefined ? {} : { jars }),
    ...(javaOptions === undefined ? {} : { options: javaOptions }),
  };
  return run('java', [...javaWords(command, java), ...args], options);
}

/** Runs a Java source file of test/interop/java with Hadoop's classes. */
export function runJava(
  source: string,
  confDir: string | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return apacheHdfs(confDir, source, args, options);
}

/** Ours: one of the commands of bin/. Needs `npm run build`. */
export function ours(
  command: 'tuskfs' | 'hdfs' | 'hadoop',
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return run(process.execPath, [join(ROOT, 'bin', command), ...args], options);
}

export function writeConfiguration(directory: string, values: Readonly<Record<string, string>>): string {
  mkdirSync(directory, { recursive: true });
  // All in both: Hadoop reads the defaults of HDFS over core-site.xml, and some programs read only that.
  const text = formatConfigurationXml(Object.entries(values));
  for (const file of ['core-site.xml', 'hdfs-site.xml']) writeFileSync(join(directory, file), text);
  return directory;
}

/** Keys of every cluster. */
export const COMMON_KEYS: Readonly<Record<string, string>> = {
  'dfs.namenode.safemode.extension': '0',
  'dfs.namenode.fs-limits.min-block-size': '1024',
  // A file is often closed a moment before its last block is reported: the next try comes soon, and all of them last for longer.
  'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': '25',
  'dfs.client.block.write.locateFollowingBlock.retries': '10',
};

export interface ClusterOptions {
  readonly datanodes?: number;
  /** Keys for all daemons and for the client. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Roles (`nn`, `dn1`, …, or `dn` for all) that run ours instead of Apache's. */
  readonly ours?: readonly string[];
  /** What is done to the directory of a NameNode that was formatted, before it starts. */
  readonly formatted?: (nameDirectory: string) => Promise<void>;
}

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 20_000;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** One NameNode and some DataNodes, each a process of its own, Apache's or ours. */
export class Cluster {
  readonly directory: string;
  readonly clientConf: string;
  readonly rpcPort: number;
  readonly httpPort: number;
  readonly roles: readonly string[];
  /** Where each DataNode takes and gives blocks, by role. */
  readonly transferPorts: ReadonlyMap<string, number>;
  /** Where each DataNode's web server listens, by role. */
  readonly webPorts: ReadonlyMap<string, number>;
  readonly #processes = new Map<string, ChildProcess>();
  readonly #ours: Set<string>;

  private constructor(
    directory: string,
    rpcPort: number,
    httpPort: number,
    roles: readonly string[],
    transferPorts: ReadonlyMap<string, number>,
    webPorts: ReadonlyMap<string, number>,
    own: Set<string>,
  ) {
    this.directory = directory;
    this.clientConf = join(directory, 'client');
    this.rpcPort = rpcPort;
    this.httpPort = httpPort;
    this.roles = roles;
    this.transferPorts = transferPorts;
    this.webPorts = webPorts;
    this.#ours = own;
  }

  get uri(): string {
    return `hdfs://127.0.0.1:${this.rpcPort}`;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const { datanodes = 3, keys = {} } = options;
    const directory = mkdtempSync(join(tmpdir(), 'tuskfs-cluster-'));
    const roles = ['nn', ...Array.from({ length: datanodes }, (_, index) => `dn${index + 1}`)];
    const own = new Set(options.ours?.flatMap((role) => (role === 'dn' ? roles.slice(1) : [role])));
    const [rpcPort = 0, httpPort = 0, ...ports] = await freePorts(2 + 3 * datanodes);
    const transferPorts = new Map(roles.slice(1).map((role, index) => [role, ports[3 * index] ?? 0]));
    const webPorts = new Map(roles.slice(1).map((role, index) => [role, ports[3 * index + 1] ?? 0]));
    const cluster = new Cluster(directory, rpcPort, httpPort, roles, transferPorts, webPorts, own);
    const common = {
      'fs.defaultFS': cluster.uri,
      'dfs.namenode.http-address': `127.0.0.1:${httpPort}`,
      ...COMMON_KEYS,
      ...keys,
    };
    writeConfiguration(cluster.clientConf, common);
    writeConfiguration(join(directory, 'conf/nn'), { ...common, 'dfs.namenode.name.dir': join(directory, 'data/nn') });
    for (let index = 0; index < datanodes; index++) {
      const role = `dn${index + 1}`;
      const [transfer, http, ipc] = ports.slice(3 * index, 3 * index + 3);
      writeConfiguration(join(directory, 'conf', role), {
        ...common,
        'dfs.datanode.data.dir': join(directory, 'data', role),
        'dfs.datanode.hostname': '127.0.0.1',
        'dfs.datanode.address': `127.0.0.1:${transfer}`,
        'dfs.datanode.http.address': `127.0.0.1:${http}`,
        'dfs.datanode.ipc.address': `127.0.0.1:${ipc}`,
      });
    }
    try {
      const format = await cluster.#command('nn', ['-format', '-nonInteractive']);
      if (format.code !== 0) throw new Error(`format failed: ${format.stderr}`);
      await options.formatted?.(join(directory, 'data/nn'));
      for (const role of roles) cluster.launch(role);
      await cluster.ready();
    } catch (error) {
      const logs = roles.map((role) => cluster.log(role).slice(-4000)).join('\n');
      await cluster.stop();
      throw new Error(`${String(error)}\n${logs}`);
    }
    return cluster;
  }

  #words(role: string): { readonly file: string; readonly args: readonly string[] } {
    const conf = join(this.directory, 'conf', role);
    const command = role === 'nn' ? 'namenode' : 'datanode';
    if (this.#ours.has(role)) return { file: process.execPath, args: [join(ROOT, 'bin/hdfs'), '--config', conf, command] };
    return {
      file: 'java',
      // The collector that Java has on a server: monitoring sees it.
      args: javaWords(command, { conf, options: [role === 'nn' ? '-Xmx512m' : '-Xmx256m', '-XX:+UseG1GC'] }),
    };
  }

  #command(role: string, more: readonly string[]): Promise<Finished> {
    const { file, args } = this.#words(role);
    return run(file, [...args, ...more]);
  }

  log(role: string): string {
    const file = join(this.directory, `${role}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  launch(role: string): void {
    const { file, args } = this.#words(role);
    const log = openSync(join(this.directory, `${role}.log`), 'a');
    this.#processes.set(role, spawn(file, args, { stdio: ['ignore', log, log], cwd: this.directory }));
    closeSync(log);
  }

  async kill(role: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#processes.get(role);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    await ended;
  }

  /** Waits until the NameNode counts every DataNode and has left safe mode. */
  async ready(): Promise<void> {
    const url = `http://127.0.0.1:${this.httpPort}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`;
    for (const end = Date.now() + START_LIMIT_MS; ; await sleep(100)) {
      try {
        const { beans } = (await (await fetch(url)).json()) as { beans: Readonly<Record<string, unknown>>[] };
        if (beans[0]?.NumLiveDataNodes === this.roles.length - 1 && beans[0].FSState === 'Operational') return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
      const dead = [...this.#processes].find(([, child]) => child.exitCode !== null);
      if (dead !== undefined) throw new Error(`${dead[0]} has ended`);
      if (Date.now() > end) throw new Error('the cluster is not ready in time');
    }
  }

  /** The daemon ends, and the other maker's goes on with its directories. */
  async swap(role: string): Promise<void> {
    await this.kill(role, 'SIGTERM');
    if (!this.#ours.delete(role)) this.#ours.add(role);
    this.launch(role);
    await this.ready();
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#processes.keys()].map(async (role) => {
        const timer = setTimeout(() => void this.kill(role), STOP_LIMIT_MS);
        await this.kill(role, 'SIGTERM');
        clearTimeout(timer);
      }),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }
}
