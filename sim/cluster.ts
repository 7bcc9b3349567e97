// A whole cluster on a simulated host: one NameNode, some DataNodes, some machines for clients, all of them the code that
// runs on real machines. A daemon that ends is begun again only by whoever planned its end: a run must not heal itself.
import { messageOf } from '../src/base/errors.ts';
import { connect, type Hdfs } from '../src/client/index.ts';
import { Configuration } from '../src/config/configuration.ts';
import type { Host } from '../src/host/host.ts';
import type { DiskFault } from '../src/host/sim/disk.ts';
import { type SimLogLine, type SimNode, Simulation } from '../src/host/sim/index.ts';
import { DataNode } from '../src/server/datanode/datanode.ts';
import { formatNameNode } from '../src/server/namenode/format.ts';
import { NameNode } from '../src/server/namenode/namenode.ts';
import { Violations } from './violations.ts';

export type Keys = Readonly<Record<string, string | number | boolean>>;

export interface ClusterOptions {
  readonly seed: number;
  readonly dataNodes?: number | undefined;
  readonly clients?: number | undefined;
  /** Configuration over SIM_KEYS. */
  readonly keys?: Keys | undefined;
  readonly trace?: ((line: string) => void) | undefined;
  readonly log?: ((line: SimLogLine) => void) | undefined;
}

/** Small blocks and short periods: much happens in little virtual time, and every default of time is still a key's value. */
export const SIM_KEYS: Keys = {
  'fs.defaultFS': 'hdfs://nn:8020',
  'hadoop.user.group.static.mapping.overrides': 'hdfs=supergroup',
  'dfs.namenode.name.dir': '/name',
  'dfs.namenode.http-address': 'nn:9870',
  'dfs.datanode.data.dir': '/data',
  'dfs.namenode.fs-limits.min-block-size': 512,
  'dfs.blocksize': 16_384,
  'dfs.client-write-packet-size': 2_048,
  'dfs.heartbeat.interval': 1,
  // Replicas of blocks that were deleted while they were written go with the next full report.
  'dfs.blockreport.intervalMsec': 60_000,
  'dfs.namenode.heartbeat.recheck-interval': 3_000,
  'dfs.namenode.stale.datanode.interval': 5_000,
  'dfs.namenode.redundancy.interval.seconds': 1,
  'dfs.namenode.reconstruction.pending.timeout-sec': 15,
  'dfs.namenode.safemode.extension': 1_000,
  'dfs.namenode.lease-hard-limit-sec': 90,
  'dfs.namenode.checkpoint.txns': 150,
  'dfs.namenode.checkpoint.check.period': 7,
  'dfs.client.socket-timeout': 5_000,
  'dfs.datanode.socket.write.timeout': 10_000,
  'dfs.client.retry.window.base': 500,
  'ipc.client.rpc-timeout.ms': 10_000,
  'ipc.client.connect.timeout': 3_000,
  'ipc.client.connect.max.retries': 30,
};

interface Stoppable {
  stop(): Promise<void>;
}

/** A server on a machine of its own, which can be killed and begun again. */
export class Daemon<Server extends Stoppable> {
  readonly machine: SimNode;
  private readonly boot: (host: Host) => Promise<Server>;
  private readonly violations: Violations;
  private server: Server | undefined;
  /** Looks on at each disk call; what faults are planned on the disk is `diskFault`. */
  onDiskCall: ((call: { readonly operation: string; readonly path: string }) => void) | undefined;
  diskFault: DiskFault | undefined;

  constructor(machine: SimNode, boot: (host: Host) => Promise<Server>, violations: Violations) {
    this.machine = machine;
    this.boot = boot;
    this.violations = violations;
    machine.diskFault = (call) => {
      this.onDiskCall?.(call);
      return this.diskFault?.(call);
    };
  }

  get name(): string {
    return this.machine.name;
  }

  /** The server once it has started, unless it has ended since. */
  get running(): Server | undefined {
    return this.machine.isAlive ? this.server : undefined;
  }

  /** Begins the server in the machine's present process. */
  async start(): Promise<void> {
    const { host } = this.machine;
    try {
      const server = await this.boot(host);
      if (this.machine.host === host) this.server = server;
    } catch (error) {
      // Nothing was done to its disk that it may not come back from.
      this.violations.add('X1', `${this.name} does not start: ${messageOf(error)}`);
    }
  }

  crash(how: 'process' | 'power', luck = false): void {
    this.server = undefined;
    this.machine.crash(how, luck);
  }

  restart(): Promise<void> {
    this.server = undefined;
    this.machine.restart();
    return this.start();
  }
}

export class SimCluster {
  readonly simulation: Simulation;
  readonly violations: Violations;
  readonly configuration: Configuration;
  readonly nameNode: Daemon<NameNode>;
  readonly dataNodes: readonly Daemon<DataNode>[];
  readonly clients: readonly SimNode[];
  /** How often any DataNode has lost its power: what was only flushed before is owed no more. */
  dataPowerLosses = 0;

  constructor(options: ClusterOptions) {
    const { seed, trace, log } = options;
    this.simulation = new Simulation({ seed, trace, log });
    const { simulation } = this;
    this.violations = new Violations(() => simulation.nowMs);
    const { violations } = this;
    this.configuration = Configuration.of({ ...SIM_KEYS, ...options.keys });
    this.nameNode = new Daemon(simulation.node('nn'), (host) => this.bootNameNode(host), violations);
    this.dataNodes = Array.from(
      { length: options.dataNodes ?? 3 },
      (_, i) => new Daemon(simulation.node(`dn${i}`), (host) => this.bootDataNode(host), violations),
    );
    this.clients = Array.from({ length: options.clients ?? 3 }, (_, i) => simulation.node(`client${i}`));
  }

  get daemons(): readonly Daemon<NameNode | DataNode>[] {
    return [this.nameNode, ...this.dataNodes];
  }

  private async bootNameNode(host: Host): Promise<NameNode> {
    const namenode = new NameNode(host, this.configuration, {
      onFatal: (error) => {
        // Without a planned disk fault there is no reason to give up.
        this.violations.add('X3', `the NameNode gives up: ${error.stack ?? error.message}`);
        this.nameNode.crash('process');
      },
    });
    await namenode.start();
    return namenode;
  }

  private async bootDataNode(host: Host): Promise<DataNode> {
    const datanode = new DataNode(host, this.configuration);
    await datanode.start();
    return datanode;
  }

  /** Formats, starts everything, and waits until files can be written. */
  async start(): Promise<void> {
    const { simulation } = this;
    await simulation.run(formatNameNode(this.nameNode.machine.host, this.configuration, {}), 60_000);
    await simulation.run(Promise.all(this.daemons.map((daemon) => daemon.start())), 60_000);
    if (!(await this.until(() => this.ready, 120_000))) this.violations.add('SM4', 'the new cluster does not become ready');
  }

  /** All DataNodes are there and safe mode is off. */
  get ready(): boolean {
    const system = this.nameNode.running?.system;
    if (system === undefined || system.blockManager.safeMode.isOn) return false;
    return system.blockManager.datanodes.aliveCount === this.dataNodes.length;
  }

  /** Lets time pass until `condition` holds; false: it does not within `limitMs`. */
  async until(condition: () => boolean, limitMs: number, stepMs = 250): Promise<boolean> {
    const { simulation } = this;
    for (const end = simulation.nowMs + limitMs; simulation.nowMs < end; ) {
      if (condition()) return true;
      await simulation.advance(stepMs);
    }
    return condition();
  }

  /** A new client on one of the client machines. */
  connect(machine: SimNode): Promise<Hdfs> {
    return connect({ host: machine.host, configuration: this.configuration, user: 'hdfs' });
  }

  /** A machine by name, daemon or client. */
  crash(name: string, how: 'process' | 'power', luck: boolean): void {
    const daemon = this.daemons.find((each) => each.name === name);
    if (daemon === undefined) this.simulation.node(name).crash(how, luck);
    else daemon.crash(how, luck);
    if (how === 'power' && this.dataNodes.some((each) => each.name === name)) this.dataPowerLosses++;
  }

  /** Begins it again without waiting for it. */
  restart(name: string): void {
    const daemon = this.daemons.find((each) => each.name === name);
    if (daemon === undefined) this.simulation.node(name).restart();
    else void daemon.restart();
  }

  cut(from: string, to: string): void {
    this.simulation.cut(this.simulation.node(from), this.simulation.node(to));
  }

  heal(from: string, to: string): void {
    this.simulation.heal(this.simulation.node(from), this.simulation.node(to));
  }
}
