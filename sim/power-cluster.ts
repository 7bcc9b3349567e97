// One NameNode, some DataNodes and a client's machine, each a simulated machine, under one seed. Assembles what bin/hdfs
// assembles on real machines, from the same configuration keys; crash.ts makes it lose its power.
import { connect, type Hdfs } from '../src/client/index.ts';
import { Configuration } from '../src/config/configuration.ts';
import { type SimNode, Simulation, type SimulationOptions } from '../src/host/sim/index.ts';
import { DataNode } from '../src/server/datanode/datanode.ts';
import { formatNameNode } from '../src/server/namenode/format.ts';
import { NameNode } from '../src/server/namenode/namenode.ts';
import { Admin } from '../test/scenarios/checker.ts';

export interface SimClusterOptions extends SimulationOptions {
  readonly datanodes?: number | undefined;
  /** Over the configuration of all, clients too. */
  readonly configuration?: Readonly<Record<string, string>> | undefined;
}

export const RPC_PORT = 8020;
const USER = 'hdfs';

export class SimCluster {
  readonly sim: Simulation;
  readonly nameNodeMachine: SimNode;
  readonly dataNodeMachines: readonly SimNode[];
  readonly clientMachine: SimNode;
  /** What runs now; undefined between a crash and the next start. */
  nameNode: NameNode | undefined;
  readonly dataNodes: (DataNode | undefined)[];
  /** Why a daemon gave up by itself. */
  readonly fatal: Error[] = [];
  private readonly configuration: Configuration;

  constructor(options: SimClusterOptions) {
    const groups = { exitCode: 0, stdout: 'hadoop', stderr: '' };
    this.sim = new Simulation({ programs: { id: () => groups }, ...options });
    this.nameNodeMachine = this.sim.node('nn', { userName: USER });
    this.dataNodeMachines = Array.from({ length: options.datanodes ?? 3 }, (_, i) =>
      this.sim.node(`dn${i + 1}`, { userName: USER }),
    );
    this.clientMachine = this.sim.node('client', { userName: USER });
    this.dataNodes = this.dataNodeMachines.map(() => undefined);
    this.configuration = Configuration.of({
      'fs.defaultFS': `hdfs://nn:${RPC_PORT}`,
      'dfs.namenode.name.dir': '/data/name1,/data/name2',
      'dfs.namenode.http-address': '0.0.0.0:9870',
      'dfs.namenode.safemode.extension': '0',
      'dfs.namenode.fs-limits.min-block-size': '512',
      'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
      'dfs.datanode.data.dir': '/data/1,/data/2',
      'dfs.heartbeat.interval': '1',
      ...options.configuration,
    });
  }

  get machines(): readonly SimNode[] {
    return [this.nameNodeMachine, ...this.dataNodeMachines, this.clientMachine];
  }

  async format(): Promise<void> {
    await this.sim.run(formatNameNode(this.nameNodeMachine.host, this.configuration, { nonInteractive: true }));
  }

  /** Begins the start of the NameNode; it may be crashed before the promise settles. */
  async startNameNode(): Promise<void> {
    const { host } = this.nameNodeMachine;
    const nameNode = new NameNode(host, this.configuration, { onFatal: (error) => this.fatal.push(error) });
    await nameNode.start();
    this.nameNode = nameNode;
  }

  async startDataNode(index: number): Promise<void> {
    const machine = this.dataNodeMachines[index];
    if (machine === undefined) throw new Error(`there is no DataNode ${index}`);
    const hostName = { 'dfs.datanode.hostname': machine.name };
    const dataNode = new DataNode(machine.host, this.configuration.with(hostName));
    await dataNode.start();
    this.dataNodes[index] = dataNode;
  }

  /** Begins to start all daemons that do not run. */
  beginStarts(): Promise<void>[] {
    const nameNode = this.nameNode === undefined ? [this.startNameNode()] : [];
    return [...nameNode, ...this.dataNodes.flatMap((running, i) => (running === undefined ? [this.startDataNode(i)] : []))];
  }

  /** Starts what does not run and waits until files can be written. */
  async start(patienceMs: number): Promise<void> {
    await this.sim.run(Promise.all(this.beginStarts()), patienceMs);
    await this.ready(patienceMs);
  }

  async ready(patienceMs: number): Promise<void> {
    const admin = this.admin();
    await this.sim.run(admin.ready(this.dataNodes.length, patienceMs), patienceMs + 60_000);
    admin.close();
  }

  /** A client on the client's machine. */
  connect(conf: Readonly<Record<string, string>> = {}): Promise<Hdfs> {
    return connect({ host: this.clientMachine.host, configuration: this.configuration.with(conf), user: USER });
  }

  admin(): Admin {
    return new Admin(this.clientMachine.host, { host: 'nn', port: RPC_PORT }, USER);
  }

  /** These machines fail and come up again with their disks; nothing runs on them. */
  crash(machines: readonly SimNode[], how: 'power' | 'process', luck = false): void {
    for (const machine of machines) {
      machine.crash(how, luck);
      if (machine === this.nameNodeMachine) this.nameNode = undefined;
      const index = this.dataNodeMachines.indexOf(machine);
      if (index >= 0) this.dataNodes[index] = undefined;
    }
    for (const machine of machines) machine.restart();
  }
}
