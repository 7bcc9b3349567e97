// Plays a plan of faults on a cluster: each begins as an event of its own and is undone when it has lasted. What cannot be
// done when its time comes (the machine is down already, the atlas says no) is left out, the same way in every run.
import type { SeededRandom } from '../src/base/random.ts';
import { META_HEADER_BYTES, parseBlockFileName } from '../src/format/storage/block-files.ts';
import type { Atlas } from './atlas.ts';
import type { SimCluster } from './cluster.ts';
import { DataDirectories } from './data-directories.ts';
import { allOf, type Fault, type Machines } from './faults.ts';
import { Operator } from './operator.ts';

/** A cluster of fewer DataNodes cannot keep three replicas. */
const SMALLEST_CORE = 3;
const DEFAULT_LATENCY = { minMs: 0.05, maxMs: 0.5, spikeEvery: 200, spikeMs: 20 };

export class Nemesis {
  /** Faults that happened, by kind. */
  readonly done = new Map<string, number>();
  /** Told of a machine that is on again. */
  onRestart: ((node: string) => void) | undefined;
  private readonly cluster: SimCluster;
  private readonly machines: Machines;
  /** Undefined: nothing is spared. */
  private readonly atlas: Atlas | undefined;
  /** How what is being done now is undone. */
  private readonly current = new Set<() => void>();
  private over = false;
  private readonly operator: Operator;
  private readonly directories: DataDirectories;

  constructor(cluster: SimCluster, machines: Machines, atlas: Atlas | undefined) {
    this.cluster = cluster;
    this.machines = machines;
    this.atlas = atlas;
    this.operator = new Operator(cluster);
    this.directories = new DataDirectories(cluster, atlas);
  }

  /** To be called before the cluster starts. */
  prepare(): Promise<void> {
    return this.operator.prepare();
  }

  /** Whether what was to be undone is undone. */
  get isSettled(): boolean {
    return this.operator.isSettled && this.directories.isSettled;
  }

  /** Its times count from now on. */
  play(plan: readonly Fault[]): void {
    const { scheduler } = this.cluster.simulation;
    for (const fault of plan) {
      scheduler.after(fault.atMs, undefined, `fault ${fault.kind}`, () => {
        if (this.over) return;
        const undo = this.begin(fault);
        if (undo === undefined) return;
        this.done.set(fault.kind, (this.done.get(fault.kind) ?? 0) + 1);
        this.current.add(undo);
        scheduler.after(fault.lastsMs, undefined, `end of ${fault.kind}`, () => {
          if (this.current.delete(undo)) undo();
        });
      });
    }
  }

  private node(name: string) {
    return this.cluster.simulation.node(name);
  }

  private restart(name: string): void {
    if (this.node(name).isAlive) return;
    this.cluster.restart(name);
    this.onRestart?.(name);
  }

  /** Ends a process that still lives, and begins it anew. */
  private renew(name: string): void {
    if (this.node(name).isAlive) this.cluster.crash(name, 'process', false);
    this.restart(name);
  }

  /** Answers how it is undone; undefined when it cannot be done now. */
  private begin(fault: Fault): (() => void) | undefined {
    const { cluster } = this;
    const { simulation } = cluster;
    switch (fault.kind) {
      case 'crash': {
        const { node, how, luck } = fault;
        if (!this.node(node).isAlive) return undefined;
        cluster.crash(node, how, luck);
        return () => this.restart(node);
      }
      case 'crash at call': {
        const { node, calls, after, how, luck } = fault;
        if (!this.node(node).isAlive) return undefined;
        this.node(node).crashAtDiskCall(calls, { after, how, luck });
        return () => {
          this.node(node).spare();
          this.restart(node);
        };
      }
      case 'blackout': {
        for (const [name] of fault.back) cluster.crash(name, 'power', fault.luck);
        for (const [name, afterMs] of fault.back) {
          simulation.scheduler.after(afterMs, undefined, `power of ${name}`, () => {
            if (!this.over) this.restart(name);
          });
        }
        return () => undefined;
      }
      case 'pause':
        if (!this.node(fault.node).isAlive) return undefined;
        this.node(fault.node).pause(fault.lastsMs);
        return () => undefined;
      case 'cut':
        for (const [from, to] of fault.ways) simulation.cut(this.node(from), this.node(to));
        return () => {
          for (const [from, to] of fault.ways) simulation.heal(this.node(from), this.node(to));
        };
      case 'clog':
        simulation.clog(this.node(fault.way[0]), this.node(fault.way[1]), fault.lastsMs);
        return () => undefined;
      case 'break':
        simulation.breakConnections(this.node(fault.one), this.node(fault.other), fault.ends);
        return () => undefined;
      case 'slow network':
        simulation.latency = { ...DEFAULT_LATENCY, maxMs: fault.maxMs, spikeEvery: 50, spikeMs: fault.spikeMs };
        return () => {
          simulation.latency = DEFAULT_LATENCY;
        };
      case 'clock jump':
        this.node(fault.node).jumpClock(fault.byMs);
        this.cluster.violations.looked('FE6');
        return () => undefined;
      case 'clock drift':
        this.node(fault.node).driftClock(fault.rate);
        return () => this.node(fault.node).driftClock(1);
      case 'disk':
      case 'disk full':
      case 'volume lost':
        return this.disturb(fault);
      case 'rot':
        return this.rot(fault) ? () => undefined : undefined;
      case 'decommission':
      case 'maintenance':
        return this.operator.begin(fault);
      case 'directories':
        return this.directories.begin(fault);
    }
  }

  private disturb(fault: Fault & { readonly kind: 'disk' | 'disk full' | 'volume lost' }): (() => void) | undefined {
    const { cluster } = this;
    const daemon = cluster.daemon(fault.node);
    if (daemon === undefined) return undefined;
    const { disk } = daemon.machine;
    // Delays alone excuse nothing.
    const excuses = fault.kind !== 'disk' || fault.rule.delayMs === undefined;
    const isDataNode = this.machines.dataNodes.includes(fault.node);
    if (fault.kind === 'disk') {
      daemon.excused ||= excuses;
      const undo = daemon.disk.add(fault.rule);
      return () => {
        undo();
        if (excuses) this.recover(fault.node, isDataNode);
      };
    }
    if (fault.kind === 'disk full') {
      if (disk.capacity !== UNLIMITED) return undefined;
      daemon.excused = true;
      disk.capacity = disk.used + fault.roomBytes;
      return () => {
        disk.capacity = UNLIMITED;
        this.recover(fault.node, false);
      };
    }
    if (this.atlas?.mayLose(fault.node) === false) return undefined;
    daemon.excused = true;
    // What was on it is gone the moment it fails.
    const undo = daemon.disk.add({ path: fault.path, operations: 'all', error: 'EIO' });
    cluster.loseVolume(fault.node, fault.path);
    return () => {
      undo();
      this.renew(fault.node);
    };
  }

  /** Its disk is whole again. A DataNode has let go of it; a NameNode need not be begun again unless it has ended. */
  private recover(name: string, renew: boolean): void {
    if (renew) this.renew(name);
    else this.restart(name);
  }

  private rot(fault: Fault & { readonly kind: 'rot' }): boolean {
    const { cluster } = this;
    const { disk } = this.node(fault.node);
    const candidates = [...disk.files('/')].filter(
      ([path, file]) => path.includes('/finalized/') && file.size > META_HEADER_BYTES,
    );
    const picked = candidates[fault.pick % Math.max(1, candidates.length)];
    if (picked === undefined) return false;
    const [path, file] = picked;
    const name = parseBlockFileName(path.slice(path.lastIndexOf('/') + 1));
    if (name === undefined || this.atlas?.mayLose(fault.node, name.id) === false) return false;
    // A header that says another kind of checksum is found at once; a sum or a byte of the block only by reading.
    const from = name.kind === 'meta' ? META_HEADER_BYTES : 0;
    const at = from + (fault.pick % (file.size - from));
    file.damage(at, (bytes) => {
      if (fault.how === 'flip') bytes[0] = (bytes[0] ?? 0) ^ (1 << (fault.pick % 8));
      else if (fault.how === 'zero sector') bytes.fill(0);
      else bytes.reverse();
    });
    cluster.simulation.scheduler.note(fault.node, `${fault.how} at ${at} of ${path}`);
    cluster.damaged.add(`${fault.node}${path.replace(/_\d+\.meta$/, '')}`);
    return true;
  }

  /** Everything works again, save DataNodes that the cluster can do without: those stay away for ever. */
  heal(random: SeededRandom): void {
    const { cluster, machines } = this;
    const { simulation } = cluster;
    this.over = true;
    for (const undo of this.current) undo();
    this.current.clear();
    simulation.healAll();
    simulation.latency = DEFAULT_LATENCY;
    for (const daemon of cluster.daemons) {
      daemon.disk.clear();
      daemon.machine.disk.capacity = UNLIMITED;
    }
    if (random.below(3) === 0) this.spareOne(random);
    for (const name of allOf(machines)) {
      if (machines.dataNodes.includes(name) && !cluster.core.some((daemon) => daemon.name === name)) continue;
      const daemon = cluster.daemon(name);
      this.node(name).driftClock(1);
      // Held up in a call that would have ended some day, or without a disk that it gave up.
      if (daemon?.excused === true || this.node(name).isHeld) this.renew(name);
      else this.restart(name);
      if (daemon !== undefined) daemon.excused = false;
    }
  }

  private spareOne(random: SeededRandom): void {
    const { cluster } = this;
    const names = cluster.core.map(({ name }) => name);
    const name = names[random.below(names.length)];
    if (name === undefined || names.length <= SMALLEST_CORE || this.atlas?.maySpare(name, names) !== true) return;
    cluster.core = cluster.core.filter((daemon) => daemon.name !== name);
    this.done.set('never comes back', 1);
    if (this.node(name).isAlive) cluster.crash(name, random.below(2) === 0 ? 'power' : 'process', false);
  }
}

const UNLIMITED = 2 ** 40;
