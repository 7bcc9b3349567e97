// The data directories of running DataNodes change: some are let go of with all that lies there, others are added, and in the
// end all are there again. By a change of dfs.datanode.data.dir that somebody on the DataNode's machine has it read.
import { HdfsError } from '../src/base/errors.ts';
import type { SeededRandom } from '../src/base/random.ts';
import { DataNodeAdmin } from '../src/client/datanode-admin.ts';
import type { Host } from '../src/host/host.ts';
import type { Atlas } from './atlas.ts';
import type { SimCluster } from './cluster.ts';
import { Errand } from './errand.ts';
import type { Fault, FaultKind } from './faults.ts';

export type Swap = Extract<FaultKind, { kind: 'directories' }>;

/** Of a hundred seeds, so many have directories changed. */
const SHARE = 25;
const EVERY_MS = [10_000, 90_000] as const;
const FURTHER = '/data/3';
const POLL_MS = 500;

/** There are always two or three: with one, none may fail. */
export function planSwaps(
  random: SeededRandom,
  { dataNodes, volumes }: { readonly dataNodes: readonly string[]; readonly volumes: readonly string[] },
  spanMs: number,
): Fault[] {
  if (random.below(100) >= SHARE) return [];
  const planned: Fault[] = [];
  const [least, most] = EVERY_MS;
  const everyMs = least + random.below(most - least);
  for (let atMs = random.below(everyMs); atMs < spanMs; atMs += 1 + random.below(2 * everyMs)) {
    const node = dataNodes[random.below(dataNodes.length)] as string;
    const all = [...volumes, FURTHER];
    const missing = random.below(all.length + 1);
    const lastsMs = random.below(4) === 0 ? 5_000 + random.below(55_000) : 100 + random.below(5_000);
    planned.push({ kind: 'directories', node, paths: all.filter((_, i) => i !== missing), atMs, lastsMs });
  }
  return planned;
}

export class DataDirectories {
  private readonly cluster: SimCluster;
  /** Undefined: nothing is spared. */
  private readonly atlas: Atlas | undefined;
  private readonly errands = new Map<string, Errand>();
  private readonly changed = new Set<string>();

  constructor(cluster: SimCluster, atlas: Atlas | undefined) {
    this.cluster = cluster;
    this.atlas = atlas;
  }

  /** Every DataNode has the directories that it is to have. */
  get isSettled(): boolean {
    return this.changed.size === 0 && [...this.errands.values()].every(({ isDone }) => isDone);
  }

  /** Answers how it is undone: a directory that was added stays. Undefined when it cannot be done now. */
  begin({ node, paths }: Swap): (() => void) | undefined {
    const { cluster, changed, atlas } = this;
    const before = cluster.directoriesOf(node);
    const gone = before.filter((path) => !paths.includes(path));
    if (changed.has(node) || (gone.length === 0 && paths.length === before.length)) return undefined;
    if (gone.length > 0 && atlas?.mayLetGo(node, gone) === false) return undefined;
    changed.add(node);
    this.configure(node, paths);
    return () => {
      changed.delete(node);
      this.configure(node, [...new Set([...before, ...paths])].sort());
    };
  }

  private configure(node: string, paths: readonly string[]): void {
    const { cluster } = this;
    const kept = cluster.directoriesOf(node).filter((path) => !cluster.isAway(node, path) && paths.includes(path));
    cluster.directories.set(node, { configured: paths, certain: kept });
    this.errandOf(node).want();
  }

  private errandOf(node: string): Errand {
    let errand = this.errands.get(node);
    if (errand === undefined) {
      errand = new Errand(this.cluster, this.daemon(node).machine, (host) => this.change(node, host));
      this.errands.set(node, errand);
    }
    return errand;
  }

  private daemon(node: string) {
    const daemon = this.cluster.dataNodes.find(({ name }) => name === node);
    if (daemon === undefined) throw new Error(`there is no DataNode ${node}`);
    return daemon;
  }

  private async change(node: string, host: Host): Promise<void> {
    const { cluster } = this;
    const { running } = this.daemon(node);
    if (running?.isRunning !== true) throw new HdfsError('ECONN', `${node} does not run`);
    const configured = cluster.directoriesOf(node);
    using admin = new DataNodeAdmin(host, cluster.configuration, `${node}:${running.addresses.ipc.port}`, 'hdfs');
    await admin.startReconfiguration();
    for (;;) {
      await host.clock.sleep(POLL_MS);
      const task = await admin.reconfiguration();
      if (task?.finishedMs === undefined) continue;
      const error = task.changes.find((change) => change.error !== undefined)?.error;
      if (error !== undefined) throw new HdfsError('EIO', error);
      break;
    }
    if (configured === cluster.directoriesOf(node)) cluster.directories.set(node, { configured, certain: configured });
  }
}
