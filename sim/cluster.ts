// A whole cluster on a simulated host: one NameNode, some DataNodes, some machines for clients, all of them the code that
// runs on real machines. A daemon that ends is begun again only by whoever planned its end: a run must not heal itself.
// What is done to it is nemesis.ts's; a daemon whose disk is being disturbed may give up, or not start, without blame.
import { messageOf } from '../src/base/errors.ts';
import { connect, type Hdfs } from '../src/client/index.ts';
import { Configuration } from '../src/config/configuration.ts';
import type { Host } from '../src/host/host.ts';
import type { DiskFault } from '../src/host/sim/disk.ts';
import { DiskFaults } from '../src/host/sim/disk-faults.ts';
import { type SimLogLine, type SimNode, Simulation } from '../src/host/sim/index.ts';
import { DataNode } from '../src/server/datanode/datanode.ts';
import { formatNameNode } from '../src/server/namenode/format.ts';
import { NameNode } from '../src/server/namenode/namenode.ts';
import { SecondaryNameNode } from '../src/server/secondary/secondary-namenode.ts';
import type { GhostFile } from './ghost-file.ts';
import type { Keepers } from './keepers.ts';
import { Violations } from './violations.ts';

export type Keys = Readonly<Record<string, string | number | boolean>>;

export interface ClusterOptions {
  readonly seed: number;
  readonly dataNodes?: number | undefined;
  readonly clients?: number | undefined;
  /** A SecondaryNameNode makes checkpoints too. */
  readonly secondary?: boolean | undefined;
  /** Configuration over SIM_KEYS, or over Hadoop's own defaults. */
  readonly keys?: Keys | undefined;
  readonly hadoopDefaults?: boolean | undefined;
  /** Of each DataNode, in the order of their names; undefined: all stand in one. */
  readonly racks?: readonly string[] | undefined;
  /** The invariants that count; default all. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly trace?: ((line: string) => void) | undefined;
  readonly log?: ((line: SimLogLine) => void) | undefined;
}

/** Where everything is; all else of Hadoop's defaults holds. */
const PLACES: Keys = {
  'fs.defaultFS': 'hdfs://nn:8020',
  'hadoop.user.group.static.mapping.overrides': 'hdfs=supergroup;alice=users;bob=users',
  'dfs.namenode.name.dir': '/name',
  'dfs.namenode.http-address': 'nn:9870',
  'dfs.datanode.data.dir': '/data',
  'dfs.namenode.secondary.http-address': 'snn:9868',
  'dfs.namenode.checkpoint.dir': '/checkpoint',
};

const RACK_TABLE = '/conf/racks';
const BY_TABLE: Keys = {
  'net.topology.table.file.name': RACK_TABLE,
  'net.topology.node.switch.mapping.impl': 'org.apache.hadoop.net.TableMapping',
};

/** Small blocks and short periods: much happens in little virtual time, and every default of time is still a key's value. */
export const SIM_KEYS: Keys = {
  // Whoever comes may write anywhere.
  'fs.permissions.umask-mode': '000',
  'dfs.namenode.fs-limits.min-block-size': 512,
  'dfs.blocksize': 16_384,
  'dfs.client-write-packet-size': 2_048,
  'dfs.heartbeat.interval': 1,
  // Nothing that a run looks at depends on it.
  'fs.du.interval': 0,
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

const SECONDARY = 'snn';

interface Stoppable {
  stop(): Promise<void>;
}

/** A server on a machine of its own, which can be killed and begun again. */
export class Daemon<Server extends Stoppable> {
  readonly machine: SimNode;
  private readonly boot: (host: Host) => Promise<Server>;
  private readonly violations: Violations;
  private server: Server | undefined;
  /** Looks on at each disk call; what faults are planned on the disk is `diskFault`, and the rules of `disk`. */
  onDiskCall: ((call: { readonly operation: string; readonly path: string }) => void) | undefined;
  diskFault: DiskFault | undefined;
  readonly disk: DiskFaults;
  /** Its disk is, or was, disturbed in this life: it may give up. */
  excused = false;

  constructor(machine: SimNode, disk: DiskFaults, boot: (host: Host) => Promise<Server>, violations: Violations) {
    this.machine = machine;
    this.disk = disk;
    this.boot = boot;
    this.violations = violations;
    machine.diskFault = (call) => {
      this.onDiskCall?.(call);
      return this.diskFault?.(call) ?? this.disk.decide(call);
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
      if (this.machine.host !== host || !this.machine.isAlive) return;
      // Nothing was done to its disk that it may not come back from.
      if (!this.excused) this.violations.add('X1', `${this.name} does not start: ${messageOf(error)}`);
      this.crash('process');
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
  readonly secondary: Daemon<SecondaryNameNode> | undefined;
  readonly clients: readonly SimNode[];
  /** The DataNodes that have to be there once the cluster is healed. */
  core: readonly Daemon<DataNode>[];
  /** Asked before a flush; what it answers is called once the flush is acknowledged. */
  beforeFlush: ((file: GhostFile, end: number, mark: 'flush' | 'sync') => () => void) | undefined;
  /** Of so many bytes of a file that a reader was shown, how many every DataNode shows. */
  shownByAll: ((file: GhostFile, end: number) => number) | undefined;
  /** Who has what is promised and on no disk for certain. */
  keepers: Keepers | undefined;
  /** How often any DataNode has lost its power. */
  dataPowerLosses = 0;
  /** Replicas that a fault has damaged, by DataNode and path of the block file. */
  readonly damaged = new Set<string>();
  /**
   * Data directories of DataNodes, where an operator has changed them: those that the node is to have, and those of them that
   * it has for certain.
   */
  readonly directories = new Map<string, { readonly configured: readonly string[]; readonly certain: readonly string[] }>();
  private racks: readonly string[] | undefined;

  constructor(options: ClusterOptions) {
    const { seed, trace, log, racks, hadoopDefaults } = options;
    this.racks = racks;
    this.simulation = new Simulation({ seed, trace, log });
    const { simulation } = this;
    this.violations = new Violations(() => simulation.nowMs, options.only);
    const { violations } = this;
    const places = { ...PLACES, ...(racks === undefined ? {} : BY_TABLE) };
    this.configuration = Configuration.of({ ...places, ...(hadoopDefaults ? {} : SIM_KEYS), ...options.keys });
    const disk = (name: string): DiskFaults => new DiskFaults(simulation.random(`disk faults of ${name}`));
    this.nameNode = new Daemon(simulation.node('nn'), disk('nn'), (host) => this.bootNameNode(host), violations);
    this.dataNodes = Array.from(
      { length: options.dataNodes ?? 3 },
      (_, i) => new Daemon(simulation.node(`dn${i}`), disk(`dn${i}`), (host) => this.bootDataNode(`dn${i}`, host), violations),
    );
    this.secondary = options.secondary
      ? new Daemon(simulation.node(SECONDARY), disk(SECONDARY), (host) => this.bootSecondary(host), violations)
      : undefined;
    this.clients = Array.from({ length: options.clients ?? 3 }, (_, i) => simulation.node(`client${i}`));
    this.core = this.dataNodes;
    for (const { machine } of this.dataNodes) {
      machine.onCrash = (how) => {
        if (how === 'power') this.dataPowerLosses++;
      };
    }
  }

  get daemons(): readonly Daemon<NameNode | DataNode | SecondaryNameNode>[] {
    return [this.nameNode, ...this.dataNodes, ...(this.secondary === undefined ? [] : [this.secondary])];
  }

  private async bootNameNode(host: Host): Promise<NameNode> {
    const namenode = new NameNode(host, this.configuration, {
      onFatal: (error) => {
        if (this.nameNode.machine.host !== host || !this.nameNode.machine.isAlive) return;
        if (!this.nameNode.excused) this.violations.add('X3', `the NameNode gives up: ${error.stack ?? error.message}`);
        this.nameNode.crash('process');
      },
    });
    await namenode.start();
    return namenode;
  }

  private async bootDataNode(name: string, host: Host): Promise<DataNode> {
    const datanode = new DataNode(host, this.configurationOf(name), { reload: async () => this.configurationOf(name) });
    await datanode.start();
    return datanode;
  }

  private async bootSecondary(host: Host): Promise<SecondaryNameNode> {
    const secondary = new SecondaryNameNode(host, this.configuration, {
      onFatal: (error) => {
        const { machine, excused } = this.daemon(SECONDARY) ?? this.nameNode;
        if (machine.host !== host || !machine.isAlive) return;
        if (!excused) this.violations.add('X3', `the SecondaryNameNode gives up: ${error.stack ?? error.message}`);
        this.crash(SECONDARY, 'process', false);
      },
    });
    await secondary.start();
    return secondary;
  }

  /** Formats, starts everything, and waits until files can be written. */
  async start(): Promise<void> {
    const { simulation, racks } = this;
    if (racks !== undefined) await this.setRacks(racks);
    await simulation.run(formatNameNode(this.nameNode.machine.host, this.configuration, {}), 60_000);
    await simulation.run(Promise.all(this.daemons.map((daemon) => daemon.start())), 60_000);
    if (!(await this.until(() => this.ready, 120_000))) this.violations.add('SM4', 'the new cluster does not become ready');
  }

  /** Moves the DataNodes, in the order of their names; one that lives is there once it begins anew. */
  async setRacks(racks: readonly string[]): Promise<void> {
    const { simulation, nameNode, dataNodes } = this;
    const { disk } = nameNode.machine.host;
    this.racks = racks;
    await simulation.run(disk.mkdir(RACK_TABLE.slice(0, RACK_TABLE.lastIndexOf('/'))), 10_000);
    const lines = dataNodes.map(({ machine }, i) => `${machine.address} ${racks[i]}\n`);
    await simulation.run(disk.writeFileAtomic(RACK_TABLE, lines.join('')), 10_000);
  }

  /** Where a DataNode stands; undefined for all of them where there are no racks. */
  rackOf(name: string): string | undefined {
    return this.racks?.[this.dataNodes.findIndex((each) => each.name === name)];
  }

  /** All DataNodes of the core are there and safe mode is off. */
  get ready(): boolean {
    const system = this.nameNode.running?.system;
    if (system === undefined || system.blockManager.safeMode.isOn) return false;
    return system.blockManager.datanodes.aliveCount >= this.core.length;
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
  connect(machine: SimNode, user = 'hdfs', keys: Keys = {}): Promise<Hdfs> {
    const configuration = Object.keys(keys).length === 0 ? this.configuration : this.configuration.with(stringsOf(keys));
    return connect({ host: machine.host, configuration, user });
  }

  /** A machine by name, daemon or client. */
  crash(name: string, how: 'process' | 'power', luck: boolean): void {
    const daemon = this.daemon(name);
    if (daemon === undefined) this.simulation.node(name).crash(how, luck);
    else daemon.crash(how, luck);
  }

  private configurationOf(dataNode: string): Configuration {
    const paths = this.directories.get(dataNode)?.configured;
    return paths === undefined ? this.configuration : this.configuration.with({ 'dfs.datanode.data.dir': paths.join() });
  }

  /** The data directories that a DataNode is to have. */
  directoriesOf(dataNode: string): readonly string[] {
    return this.directories.get(dataNode)?.configured ?? this.configuration.require('dfs.datanode.data.dir').split(',');
  }

  /** Whether what is at a path of a DataNode lies in a directory that it has let go of, or has not taken back for certain. */
  isAway(dataNode: string, path: string): boolean {
    const certain = this.directories.get(dataNode)?.certain;
    return certain !== undefined && !certain.some((top) => path === top || path.startsWith(`${top}/`));
  }

  /** What is on a volume is gone. */
  loseVolume(name: string, path: string): void {
    this.simulation.node(name).disk.replaceVolume(path);
    for (const each of this.damaged) if (each.startsWith(`${name}${path}/`)) this.damaged.delete(each);
  }

  /** Whether a fault has damaged a replica, which may have been moved since: who appends to it does not read it before. */
  isDamaged(name: string, path: string): boolean {
    const file = path.slice(path.lastIndexOf('/'));
    return [...this.damaged].some((each) => each.startsWith(`${name}/`) && each.endsWith(file));
  }

  /** Begins it again without waiting for it. */
  restart(name: string): void {
    const daemon = this.daemon(name);
    if (daemon === undefined) this.simulation.node(name).restart();
    else void daemon.restart();
  }

  /** The daemon of that name; undefined for a client's machine. */
  daemon(name: string): Daemon<NameNode | DataNode | SecondaryNameNode> | undefined {
    return this.daemons.find((each) => each.name === name);
  }
}

const stringsOf = (keys: Keys): Record<string, string> =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, String(value)]));
