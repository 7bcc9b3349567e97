// DataNodes leave and come back while everything goes on: decommissioned, or in maintenance, by the host files of the
// NameNode and `-refreshNodes`, which somebody gives on the NameNode's machine whenever that is up.
import type { SeededRandom } from '../src/base/random.ts';
import { HdfsAdmin } from '../src/client/admin.ts';
import { AdminState } from '../src/core/blocks/storage-type.ts';
import type { Host } from '../src/host/host.ts';
import type { Keys, SimCluster } from './cluster.ts';
import { Errand } from './errand.ts';
import type { Fault, FaultKind } from './faults.ts';

export type Leaving = Extract<FaultKind, { kind: 'decommission' | 'maintenance' }>;

const DIRECTORY = '/conf';
const EXCLUDE = `${DIRECTORY}/exclude`;
const HOSTS = `${DIRECTORY}/hosts.json`;
const COMBINED = 'org.apache.hadoop.hdfs.server.blockmanagement.CombinedHostFileManager';

/** Of a hundred seeds, so many have DataNodes decommissioned, and as many have some in maintenance. */
const SHARE = 20;
const EVERY_MS = [20_000, 120_000] as const;

/** Who leaves when, and for how long. A node in maintenance is mostly off for a while, which is what it is for. */
export function planLeaving(random: SeededRandom, dataNodes: readonly string[], spanMs: number): Fault[] {
  const planned: Fault[] = [];
  for (const kind of ['decommission', 'maintenance'] as const) {
    if (random.below(100) >= SHARE) continue;
    const [least, most] = EVERY_MS;
    const everyMs = least + random.below(most - least);
    for (let atMs = random.below(everyMs); atMs < spanMs; atMs += 1 + random.below(2 * everyMs)) {
      const node = dataNodes[random.below(dataNodes.length)] as string;
      const lastsMs = 2_000 + random.below(90_000);
      if (kind === 'decommission') {
        planned.push({ kind, node, atMs, lastsMs });
        continue;
      }
      const forMs = random.below(2) === 0 ? undefined : 1_000 + random.below(60_000);
      planned.push({ kind, node, forMs, atMs, lastsMs });
      if (random.below(3) === 0) continue;
      const offMs = random.below(lastsMs);
      const how = random.below(2) === 0 ? 'process' : 'power';
      planned.push({ kind: 'crash', node, how, luck: false, atMs: atMs + offMs, lastsMs: 1_000 + random.below(lastsMs) });
    }
  }
  return planned.filter(({ atMs }) => atMs < spanMs);
}

/** What the NameNode has to be told for a plan: nothing where nobody leaves. */
export function keysForLeaving(faults: readonly Fault[]): Keys {
  const isPlanned = (kind: Leaving['kind']): boolean => faults.some((fault) => fault.kind === kind);
  const often: Keys = { 'dfs.namenode.decommission.interval': 2 };
  if (isPlanned('maintenance')) return { ...often, 'dfs.namenode.hosts.provider.classname': COMBINED, 'dfs.hosts': HOSTS };
  return isPlanned('decommission') ? { ...often, 'dfs.hosts.exclude': EXCLUDE } : {};
}

export class Operator {
  private readonly cluster: SimCluster;
  private readonly leaving = new Map<string, { readonly fault: Leaving; untilMs: number | undefined }>();
  private readonly errand: Errand;
  /** The host file that the NameNode reads; undefined: none. */
  private readonly file: string | undefined;

  constructor(cluster: SimCluster) {
    this.cluster = cluster;
    this.file = [HOSTS, EXCLUDE].find((file) =>
      ['dfs.hosts', 'dfs.hosts.exclude'].some((key) => cluster.configuration.get(key) === file),
    );
    this.errand = new Errand(cluster, cluster.nameNode.machine, (host) => this.tell(host));
  }

  /** To be called before the NameNode starts for the first time. */
  async prepare(): Promise<void> {
    const { file, cluster } = this;
    const { host } = cluster.nameNode.machine;
    if (file === undefined) return;
    await cluster.simulation.run(host.disk.mkdir(DIRECTORY), 10_000);
    await cluster.simulation.run(host.disk.writeFileAtomic(file, this.text(file, host)), 10_000);
  }

  /** Answers how it is undone; undefined when the node is leaving already. */
  begin(fault: Leaving): (() => void) | undefined {
    const { leaving, errand } = this;
    if (this.file === undefined || leaving.has(fault.node)) return undefined;
    leaving.set(fault.node, { fault, untilMs: undefined });
    errand.want();
    return () => {
      leaving.delete(fault.node);
      errand.want();
    };
  }

  /** Everything was told, and nobody leaves or has left. */
  get isSettled(): boolean {
    if (this.file === undefined) return true;
    const nodes = this.cluster.nameNode.running?.system.blockManager.datanodes.all;
    if (this.leaving.size > 0 || !this.errand.isDone || nodes === undefined) return false;
    for (const { adminState } of nodes) if (adminState !== AdminState.NORMAL) return false;
    return true;
  }

  private async tell(host: Host): Promise<void> {
    if (this.file === undefined) return;
    await host.disk.writeFileAtomic(this.file, this.text(this.file, host));
    using admin = new HdfsAdmin(host, this.cluster.configuration, 'hdfs');
    await admin.refreshNodes();
  }

  private text(file: string, { clock }: Host): string {
    if (file === EXCLUDE) return [...this.leaving.keys()].join('\n');
    const hosts = this.cluster.dataNodes.map(({ name }) => {
      const order = this.leaving.get(name);
      if (order === undefined) return { hostName: name };
      if (order.fault.kind === 'decommission') return { hostName: name, adminState: 'DECOMMISSIONED' };
      // By the clock of whoever writes it down.
      const { forMs } = order.fault;
      if (forMs !== undefined) order.untilMs ??= clock.now() + forMs;
      return { hostName: name, adminState: 'IN_MAINTENANCE', maintenanceExpireTimeInMS: order.untilMs };
    });
    return JSON.stringify(hosts);
  }
}
