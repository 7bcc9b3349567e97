// A NameNode and DataNodes as processes that talk to each other directly on 127.0.0.1, each with a configuration directory of its
// own, as an operator would have written it. real-cluster.ts is the one whose connections can be cut.
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { connect, type Hdfs } from '../../src/client/index.ts';
import type { Host } from '../../src/host/host.ts';
import { Admin, allServe } from './checker.ts';
import { Daemon, formatNameNode, freePorts, type Property, writeConfiguration } from './processes.ts';

const LOOPBACK = '127.0.0.1';
const NAMENODE_PORTS = 2;
const DATANODE_PORTS = 3;

export interface PlainClusterOptions {
  readonly host: Host;
  /** The bundle that all daemons run. */
  readonly program: string;
  readonly directory: string;
  readonly nameDirectories: readonly string[];
  /** The directories of each DataNode. */
  readonly dataDirectories: readonly (readonly string[])[];
  /** For all daemons. */
  readonly keys: readonly Property[];
  /** All ports from here up; undefined: free ones. */
  readonly basePort?: number | undefined;
}

export class PlainCluster {
  readonly nameNode: Daemon;
  readonly dataNodes: readonly Daemon[];
  readonly rpcPort: number;
  readonly httpPort: number;
  /** Where each DataNode takes transfers. */
  readonly transferPorts: readonly number[];
  private readonly options: PlainClusterOptions;
  private readonly user = userInfo().username;

  private constructor(options: PlainClusterOptions, ports: readonly number[]) {
    this.options = options;
    const { directory, nameDirectories, dataDirectories } = options;
    const [rpc = 0, http = 0, ...rest] = ports;
    this.rpcPort = rpc;
    this.httpPort = http;
    mkdirSync(join(directory, 'logs'), { recursive: true });
    this.nameNode = this.daemon('namenode', 'namenode', /NameNode is up/, [
      ['dfs.namenode.name.dir', nameDirectories.join(',')],
    ]);
    const addresses = dataDirectories.map((_, i) => rest.slice(DATANODE_PORTS * i, DATANODE_PORTS * (i + 1)));
    this.transferPorts = addresses.map(([transfer = 0]) => transfer);
    this.dataNodes = dataDirectories.map((directories, i) => {
      const [transfer, ipc, web] = addresses[i] ?? [];
      return this.daemon(`datanode${i + 1}`, 'datanode', /sent a full report/, [
        ['dfs.datanode.data.dir', directories.join(',')],
        ['dfs.datanode.hostname', LOOPBACK],
        ['dfs.datanode.address', `${LOOPBACK}:${transfer}`],
        ['dfs.datanode.ipc.address', `${LOOPBACK}:${ipc}`],
        ['dfs.datanode.http.address', `${LOOPBACK}:${web}`],
      ]);
    });
  }

  /** Formatted, and nothing of it started. */
  static async make(options: PlainClusterOptions): Promise<PlainCluster> {
    const { basePort, dataDirectories } = options;
    const count = NAMENODE_PORTS + DATANODE_PORTS * dataDirectories.length;
    const ports =
      basePort === undefined ? await freePorts(count) : Array.from({ length: count }, (_, index) => basePort + index);
    const cluster = new PlainCluster(options, ports);
    await formatNameNode(process.execPath, cluster.nameNode.arguments);
    return cluster;
  }

  private daemon(role: string, command: string, up: RegExp, own: readonly Property[]): Daemon {
    const { directory, program, keys } = this.options;
    const conf = writeConfiguration(join(directory, 'conf', role), [
      ['fs.defaultFS', `hdfs://${LOOPBACK}:${this.rpcPort}`],
      ['dfs.namenode.http-address', `${LOOPBACK}:${this.httpPort}`],
      ['dfs.namenode.fs-limits.min-block-size', '512'],
      ['dfs.namenode.datanode.registration.ip-hostname-check', 'false'],
      ['dfs.heartbeat.interval', '1'],
      ...keys,
      ...own,
    ]);
    const args = ['--enable-source-maps', program, '--config', conf, command];
    return new Daemon(role, args, up, join(directory, 'logs', role));
  }

  get daemons(): readonly Daemon[] {
    return [this.nameNode, ...this.dataNodes];
  }

  /** Starts these, in their order, and waits until all of the cluster serves. */
  async start(daemons: readonly Daemon[] = this.daemons): Promise<void> {
    for (const daemon of daemons) daemon.start();
    await allServe(this.daemons, () => this.admin(), this.dataNodes.length);
  }

  admin(): Admin {
    return new Admin(this.options.host, { host: LOOPBACK, port: this.rpcPort }, this.user);
  }

  connect(keys: Readonly<Record<string, string>>): Promise<Hdfs> {
    const { host } = this.options;
    return connect({ host, uri: `hdfs://${LOOPBACK}:${this.rpcPort}`, user: this.user, conf: keys });
  }

  async end(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.kill()));
  }
}
