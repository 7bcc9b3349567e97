// A NameNode and DataNodes as processes, all of whose connections go through proxies. Each DataNode has two addresses: it
// listens on 127.0.1.N, and is known to everybody as 127.0.2.N, where its proxies listen. The NameNode takes the address that a
// registration comes from, and that is the proxy's. Clients find the NameNode at 127.0.3.1. Linux answers on all of these.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { connect, type Hdfs } from '../../src/client/index.ts';
import type { Host } from '../../src/host/host.ts';
import { Admin, allServe } from './checker.ts';
import { Daemon, formatNameNode, freePorts, type Property, sleep, writeConfiguration } from './processes.ts';
import { CuttingProxy, type Endpoint } from './proxy.ts';
import { type DiskKind, RealDisk } from './real-disks.ts';

export const BLOCK_BYTES = 64 * 1024;
const NAME_MIB = 64;
const DATA_MIB = 256;
const VOLUMES = ['a', 'b'] as const;

/** How a daemon is run: the program, its arguments, and what its log says once it serves. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly up: RegExp;
}

export interface RealClusterOptions {
  readonly directory: string;
  readonly dataNodes: number;
  readonly host: Host;
  command(role: string, conf: string): Command;
  /** Kinds of the file systems below the name directories and the DataNodes' first directories; `plain` where mounting fails. */
  readonly disks: { readonly name: DiskKind; readonly data: readonly DiskKind[] };
}

/** Of the NameNode's JMX, what tells whether all is well again. */
export interface Health {
  readonly underReplicated: number;
  readonly pending: number;
  readonly corrupt: number;
  readonly missing: number;
  readonly pendingDeletion: number;
  readonly live: number;
}

export class RealCluster {
  readonly options: RealClusterOptions;
  readonly nameNode: Daemon;
  readonly dataNodes: readonly Daemon[];
  /** Everything that connects. */
  readonly proxies: readonly CuttingProxy[];
  readonly nameDisks: readonly RealDisk[];
  /** First directory of each DataNode; the second one is plain. */
  readonly dataDisks: readonly RealDisk[];
  readonly user = userInfo().username;
  private readonly rpc: Endpoint;
  private readonly httpPort: number;
  readonly clientConf: string;

  private constructor(options: RealClusterOptions, ports: readonly number[]) {
    this.options = options;
    const [rpc = 0, http = 0, transfer = 0, ipc = 0, web = 0] = ports;
    const { directory, dataNodes } = options;
    this.rpc = { host: '127.0.3.1', port: rpc };
    this.httpPort = http;
    this.nameDisks = ['name1', 'name2'].map((name) => new RealDisk(join(directory, name), options.disks.name, NAME_MIB));
    this.dataDisks = Array.from(
      { length: dataNodes },
      (_, i) => new RealDisk(join(directory, `dn${i + 1}`, VOLUMES[0]), options.disks.data[i] ?? 'plain', DATA_MIB),
    );
    mkdirSync(join(directory, 'logs'), { recursive: true });
    this.clientConf = this.configure('client', this.rpc, []);
    const name: Property[] = [['dfs.namenode.name.dir', this.nameDisks.map(({ path }) => `${path}/d`).join(',')]];
    this.nameNode = this.daemon('nn', this.configure('nn', { host: '127.0.0.1', port: rpc }, name));
    const proxies: CuttingProxy[] = [];
    const proxy = (link: string, listen: Endpoint, target: Endpoint, from?: string): void => {
      proxies.push(new CuttingProxy({ name: link, listen, target, ...(from === undefined ? {} : { from }) }));
    };
    const nameNodeAt = { host: '127.0.0.1', port: rpc };
    proxy('client-nn', this.rpc, nameNodeAt, this.rpc.host);
    this.dataNodes = Array.from({ length: dataNodes }, (_, i) => {
      const role = `dn${i + 1}`;
      const inside = `127.0.1.${i + 1}`;
      const outside = `127.0.2.${i + 1}`;
      proxy(`${role}-nn`, { host: outside, port: rpc }, nameNodeAt, outside);
      proxy(`*-${role}`, { host: outside, port: transfer }, { host: inside, port: transfer });
      proxy(`*-${role}-ipc`, { host: outside, port: ipc }, { host: inside, port: ipc });
      const own: Property[] = [
        ['dfs.datanode.data.dir', `${this.volumes(i).join(',')}`],
        ['dfs.datanode.hostname', outside],
        ['dfs.datanode.address', `${inside}:${transfer}`],
        ['dfs.datanode.ipc.address', `${inside}:${ipc}`],
        ['dfs.datanode.http.address', `${inside}:${web}`],
      ];
      return this.daemon(role, this.configure(role, { host: outside, port: rpc }, own));
    });
    this.proxies = proxies;
  }

  static async make(options: RealClusterOptions): Promise<RealCluster> {
    const cluster = new RealCluster(options, await freePorts(5));
    try {
      for (const proxy of cluster.proxies) await proxy.start();
      const { file, args } = options.command('nn', join(options.directory, 'conf', 'nn'));
      await formatNameNode(file, args);
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  get daemons(): readonly Daemon[] {
    return [this.nameNode, ...this.dataNodes];
  }

  /** Data directories of the DataNode of that number. */
  volumes(index: number): readonly string[] {
    // Below the mount point: what a file system keeps for itself is none of ours.
    return VOLUMES.map((volume) => join(this.options.directory, `dn${index + 1}`, volume, 'd'));
  }

  private daemon(role: string, conf: string): Daemon {
    const { file, args, up } = this.options.command(role, conf);
    return new Daemon(role, args, up, join(this.options.directory, 'logs', role), file);
  }

  private configure(role: string, nameNode: Endpoint, own: readonly Property[]): string {
    return writeConfiguration(join(this.options.directory, 'conf', role), [
      ['fs.defaultFS', `hdfs://${nameNode.host}:${nameNode.port}`],
      ['dfs.blocksize', String(BLOCK_BYTES)],
      ['dfs.client-write-packet-size', '16384'],
      ['dfs.client.socket-timeout', '4000'],
      ['dfs.namenode.http-address', `127.0.0.1:${this.httpPort}`],
      ['dfs.namenode.fs-limits.min-block-size', '512'],
      ['dfs.namenode.safemode.extension', '0'],
      ['dfs.namenode.datanode.registration.ip-hostname-check', 'false'],
      ['dfs.namenode.resource.du.reserved', '8388608'],
      ['dfs.namenode.resource.check.interval', '500'],
      ['dfs.namenode.name.dir.restore', 'true'],
      ['dfs.namenode.checkpoint.txns', '500'],
      ['dfs.namenode.checkpoint.check.period', '1'],
      ['dfs.namenode.redundancy.interval.seconds', '1'],
      ['dfs.namenode.reconstruction.pending.timeout-sec', '5'],
      ['dfs.heartbeat.interval', '1'],
      // A DataNode counts as dead after 11 s.
      ['dfs.namenode.heartbeat.recheck-interval', '500'],
      ['dfs.datanode.failed.volumes.tolerated', '1'],
      ['dfs.datanode.disk.check.min.gap', '1s'],
      ['dfs.datanode.du.reserved', '0'],
      ['dfs.datanode.round-robin-volume-choosing-policy.additional-available-space', '0'],
      ...own,
    ]);
  }

  /** Starts what does not run and waits until all of it serves. */
  async startMissing(): Promise<void> {
    for (const daemon of this.daemons) if (!daemon.running) daemon.start();
    await allServe(this.daemons, () => this.admin(), this.dataNodes.length);
  }

  admin(): Admin {
    return new Admin(this.options.host, this.rpc, this.user);
  }

  connect(connectRetries: number): Promise<Hdfs> {
    return connect({
      host: this.options.host,
      uri: `hdfs://${this.rpc.host}:${this.rpc.port}`,
      user: this.user,
      conf: {
        'dfs.blocksize': String(BLOCK_BYTES),
        'dfs.replication': '3',
        'dfs.client-write-packet-size': '16384',
        'dfs.client.socket-timeout': '4000',
        'dfs.client.retry.window.base': '500',
        'ipc.client.rpc-timeout.ms': '5000',
        'ipc.client.connect.max.retries': String(connectRetries),
        'ipc.client.connect.retry.interval': '100',
      },
    });
  }

  private async bean(name: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}/jmx?qry=Hadoop:service=NameNode,name=${name}`);
    const { beans } = (await answer.json()) as { readonly beans: readonly Readonly<Record<string, unknown>>[] };
    return beans[0] ?? {};
  }

  async health(): Promise<Health> {
    const blocks = await this.bean('FSNamesystem');
    const state = await this.bean('FSNamesystemState');
    return {
      underReplicated: Number(blocks.UnderReplicatedBlocks),
      pending: Number(blocks.PendingReplicationBlocks),
      corrupt: Number(blocks.CorruptBlocks),
      missing: Number(blocks.MissingBlocks),
      pendingDeletion: Number(blocks.PendingDeletionBlocks),
      live: Number(state.NumLiveDataNodes),
    };
  }

  /** Waits until replication is restored; what is not, or undefined. */
  async restored(limitMs: number): Promise<string | undefined> {
    for (const end = performance.now() + limitMs; ; await sleep(200)) {
      const health = await this.health();
      const { underReplicated, pending, corrupt, missing, live } = health;
      if (underReplicated + pending + corrupt + missing === 0 && live === this.dataNodes.length) return undefined;
      if (performance.now() > end) return `replication is not restored after ${limitMs} ms: ${JSON.stringify(health)}`;
    }
  }

  /** Ends everything. Files of plain directories stay. */
  async remove(): Promise<void> {
    const disks = [...this.nameDisks, ...this.dataDisks];
    // A process that waits in the kernel cannot be ended.
    for (const disk of disks) disk.thaw();
    await Promise.all(this.daemons.map((daemon) => daemon.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    for (const disk of disks) disk.remove();
  }
}

/** Why there can be no such cluster here; undefined: there can. */
export async function cannotProxy(): Promise<string | undefined> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done('this machine does not answer on all of 127.0.0.0/8'));
    server.listen(0, '127.0.2.1', () => server.close(() => done(undefined)));
  });
}
