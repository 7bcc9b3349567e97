// A drill: one kind of trouble, played on purpose and in a few virtual seconds, under the eyes of all predicates. Chaos finds
// what nobody thought of; a drill finds a known bug within a stated time.
import { onSometimes, type Situation } from '../../src/base/sometimes.ts';
import type { Hdfs } from '../../src/client/index.ts';
import type { BlockHandle } from '../../src/core/blocks/block-map.ts';
import { blocksOf } from '../../src/core/namespace/apply/blocks.ts';
import type { SimLogLine } from '../../src/host/sim/index.ts';
import type { DataNode } from '../../src/server/datanode/datanode.ts';
import type { NameSystem } from '../../src/server/namenode/namesystem.ts';
import { checkAtRest } from '../checks.ts';
import { type Daemon, type Keys, SimCluster } from '../cluster.ts';
import { type DiskState, fillDisk } from '../explore/states.ts';
import { GhostWriter, type Scene } from '../ghost-writer.ts';
import { codeOf, type Ledger } from '../ledger.ts';
import { observe } from '../observers.ts';
import { allReplicas, type DiskReplica } from '../replicas.ts';
import type { Violation } from '../violations.ts';
import type { Witness } from '../witness.ts';
import { prepare } from '../workload.ts';

export interface Drill {
  /** What happens in it. */
  readonly says: string;
  readonly dataNodes?: number;
  /** Where each of them stands; default: all in one. */
  readonly racks?: readonly string[];
  readonly keys?: Keys;
  /** The invariants that count, where others are broken on purpose; default all. */
  readonly only?: ReadonlySet<string>;
  /** Before the cluster starts for the first time. */
  prepare?(stage: Stage): Promise<void>;
  play(stage: Stage): Promise<void>;
}

export interface FileShape {
  readonly bytes: number;
  readonly replication?: number;
  readonly blockSize?: number;
}

const READY_LIMIT_MS = 120_000;
const WORK_LIMIT_MS = 300_000;

export class Stage implements Scene {
  readonly actor = 'drill';
  readonly seed: number;
  readonly cluster: SimCluster;
  readonly ledger: Ledger;
  readonly witness: Witness;
  private keys = 0;

  constructor(drill: Drill, seed: number, log?: (line: SimLogLine) => void) {
    this.seed = seed;
    const { dataNodes = 3, racks, keys, only } = drill;
    this.cluster = new SimCluster({ seed, dataNodes, racks, clients: 2, keys, only, log });
    const { ledger, witness } = observe(this.cluster, 1);
    this.ledger = ledger;
    this.witness = witness;
  }

  get simulation() {
    return this.cluster.simulation;
  }

  get dataNodes(): readonly string[] {
    return this.cluster.dataNodes.map(({ name }) => name);
  }

  run<T>(work: Promise<T>, limitMs = WORK_LIMIT_MS): Promise<T> {
    return this.simulation.run(work, limitMs);
  }

  sleep(ms: number): Promise<void> {
    return this.simulation.advance(ms);
  }

  client(index = 0, keys: Keys = {}): Promise<Hdfs> {
    return this.run(this.cluster.connect(this.simulation.node(`client${index}`), 'hdfs', keys));
  }

  freshKey(): number {
    return 0xd4_11_00 + ++this.keys;
  }

  create(fs: Hdfs, path: string, { replication = 3, blockSize = 16_384 }: Omit<FileShape, 'bytes'> = {}): Promise<GhostWriter> {
    return this.run(GhostWriter.create(this, fs, path, { key: this.freshKey(), blockSize, replication }));
  }

  async append(fs: Hdfs, path: string, newBlock = false): Promise<GhostWriter> {
    const writer = await this.run(GhostWriter.append(this, fs, path, { key: this.freshKey(), newBlock }));
    if (writer === undefined) throw new Error(`${path} cannot be appended to`);
    return writer;
  }

  /** A closed file. */
  async write(fs: Hdfs, path: string, { bytes, ...shape }: FileShape): Promise<void> {
    const writer = await this.create(fs, path, shape);
    await this.run(writer.write(bytes).then(() => writer.close()));
  }

  async writeMany(fs: Hdfs, count: number, shape: FileShape): Promise<string[]> {
    const paths = Array.from({ length: count }, (_, i) => `/shared/a/many${i}`);
    for (const path of paths) await this.write(fs, path, shape);
    return paths;
  }

  setReplication(fs: Hdfs, path: string, replication: number): Promise<boolean> {
    return this.run(
      this.ledger.call(this.actor, 'setrep', path, String(replication), () => fs.setReplication(path, replication)),
    );
  }

  remove(fs: Hdfs, path: string): Promise<unknown> {
    return this.ledger.call(this.actor, 'delete', path, undefined, () => fs.rm(path, { recursive: true, skipTrash: true }));
  }

  /** Goes on in the background. What it fails with is the trouble's doing, and noted by the ledger where it matters. */
  begin(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'ok',
      (error: unknown) => codeOf(error),
    );
  }

  crash(name: string, how: 'process' | 'power', luck = false): void {
    this.cluster.crash(name, how, luck);
  }

  restart(...names: readonly string[]): void {
    for (const name of names) this.cluster.restart(name);
  }

  cut(from: string, to: string): void {
    this.simulation.cut(this.simulation.node(from), this.simulation.node(to));
  }

  breakConnections(one: string, other: string): void {
    this.simulation.breakConnections(this.simulation.node(one), this.simulation.node(other), 'both');
  }

  /** The two files of a replica are gone, and nobody was told. */
  lose({ dataNode, path }: { readonly dataNode: string; readonly path: string }): void {
    const slash = path.lastIndexOf('/');
    const directory = this.simulation.node(dataNode).disk.find(path.slice(0, slash));
    if (directory?.kind !== 'directory') throw new Error(`${path} is not there`);
    const block = path.slice(slash + 1);
    for (const name of [...directory.live.keys()]) {
      if (name !== block && !name.startsWith(`${block}_`)) continue;
      directory.live.delete(name);
      directory.durable.delete(name);
    }
  }

  dataNode(name: string): Daemon<DataNode> {
    const found = this.cluster.dataNodes.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  get nameSystem(): NameSystem {
    const system = this.cluster.nameNode.running?.system;
    if (system === undefined) throw new Error('the NameNode is down');
    return system;
  }

  /** As the NameNode knows them. */
  blocksOf(path: string): readonly BlockHandle[] {
    const { namespace } = this.nameSystem;
    return blocksOf(namespace, this.nameSystem.fileAt(path));
  }

  /** DataNodes with a replica of a block of a file, now. */
  holders(path: string): DiskReplica[] {
    const entry = this.witness.model().entries.get(path);
    if (entry?.kind !== 'file') throw new Error(`there is no file ${path}`);
    return entry.blocks.flatMap(({ id }) => allReplicas(this.cluster, id));
  }

  /** What a DataNode has of the only block of a file. */
  replicaOn(dataNode: string, path: string): DiskReplica {
    const [found] = this.holders(path).filter((each) => each.dataNode === dataNode);
    if (found === undefined) throw new Error(`${dataNode} has nothing of ${path}`);
    return found;
  }

  async until(what: string, condition: () => boolean, limitMs = READY_LIMIT_MS, stepMs = 50): Promise<void> {
    if (!(await this.cluster.until(condition, limitMs, stepMs))) throw new Error(`${what}: not within ${limitMs / 1000} s`);
  }

  /** Names DataNodes in the file of dfs.hosts.exclude. */
  async putExcluded(path: string, names: readonly string[]): Promise<void> {
    const { disk } = this.cluster.nameNode.machine.host;
    await this.run(disk.mkdir(path.slice(0, path.lastIndexOf('/'))));
    await this.run(disk.writeFileAtomic(path, names.map((name) => `${name}\n`).join('')));
  }

  /** What is in the first name directory, as a process would find it. */
  nameDirectory(): DiskState {
    const state = new Map<string, Buffer | undefined>([['/name', undefined]]);
    const { disk } = this.cluster.nameNode.machine;
    for (const [path, file] of disk.files('/name')) {
      const bytes = Buffer.alloc(file.size);
      file.read(bytes, 0, bytes.length, 0);
      const directory = path.slice(0, path.lastIndexOf('/'));
      if (!state.has(directory)) state.set(directory, undefined);
      state.set(path, bytes);
    }
    return state;
  }

  /** Somebody puts it there, while the NameNode is down. */
  putNameDirectory(state: DiskState): void {
    fillDisk(this.cluster.nameNode.machine.disk, state);
  }

  /** LR6: asks for the lease of a file until that is closed. */
  async recoverLease(fs: Hdfs, path: string): Promise<void> {
    const isClosed = async (): Promise<boolean> => (await this.run(this.begin(fs.recoverLease(path).then(mustHold)))) === 'ok';
    const untilMs = this.simulation.nowMs + WORK_LIMIT_MS;
    while (!(await isClosed())) {
      if (this.simulation.nowMs > untilMs) {
        this.cluster.violations.add('LR6', `${path} is not closed within ${WORK_LIMIT_MS / 1_000} s of asking`);
        return;
      }
      await this.sleep(1_000);
    }
  }

  /** All that was done is undone, and what is down comes back, save those that the cluster is to do without. */
  async heal(): Promise<void> {
    const { cluster, simulation } = this;
    simulation.healAll();
    for (const { disk } of cluster.daemons) disk.clear();
    for (const { name, machine } of [cluster.nameNode, ...cluster.core]) if (!machine.isAlive) this.restart(name);
    for (const machine of cluster.clients) if (!machine.isAlive) this.restart(machine.name);
    await cluster.until(() => cluster.ready, READY_LIMIT_MS);
  }
}

function mustHold(condition: boolean): void {
  if (!condition) throw new Error('it does not hold');
}

export interface Played {
  /** What is wrong when it has been played, everything has healed, and the cluster is at rest. */
  readonly violations: readonly Violation[];
  /** Rare situations that it met. */
  readonly reached: ReadonlySet<Situation>;
}

export async function playDrill(drill: Drill, seed: number, log?: (line: SimLogLine) => void): Promise<Played> {
  const stage = new Stage(drill, seed, log);
  const { cluster, ledger, witness, simulation } = stage;
  const reached = new Set<Situation>();
  onSometimes((situation) => reached.add(situation));
  try {
    await drill.prepare?.(stage);
    await cluster.start();
    await simulation.run(prepare(cluster, ledger, simulation.node('client0')), 60_000);
    await drill.play(stage);
    await stage.heal();
    if (cluster.violations.found.length === 0) await checkAtRest(cluster, ledger, witness);
  } catch (error) {
    cluster.violations.add('X3', `the drill broke off: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    onSometimes(undefined);
  }
  return { violations: cluster.violations.found, reached };
}
