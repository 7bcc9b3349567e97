// A simulated cluster of machines in one process, under one seed: virtual time, a network that delays, cuts and loses, and
// disks that forget what was not synced. The code that runs on it is the code that runs on real machines; it sees only
// its Host. Two runs with the same seed and the same calls are equal event for event (`hash`).
//
//     const sim = new Simulation({ seed: 7 });
//     const node = sim.node('nn');               // a machine, switched on
//     await sim.run(start(node.host), 60_000);   // until the promise settles, at most that much virtual time
//     node.crash('power');                       // unsynced data is gone
//     const again = node.restart();              // the Host of its next process
import { messageOf } from '../../base/errors.ts';
import { SeededRandom } from '../../base/random.ts';
import type { CommandResult, Host, LogLevel } from '../host.ts';
import type { TaskTable } from '../tasks.ts';
import { MachineClock, simClock } from './clock.ts';
import type { DiskFault } from './disk.ts';
import { DiskTree } from './disk-tree.ts';
import { SimHttp } from './http.ts';
import { type LatencyOptions, type Machine, Network } from './network.ts';
import { simHost } from './node-host.ts';
import { type Life, Scheduler } from './scheduler.ts';
import { SimNet } from './tcp.ts';

export type { DiskFault } from './disk.ts';
export type { LatencyOptions } from './network.ts';

/** A program that `commands` can run. */
export type SimProgram = (args: readonly string[], input: string | undefined) => CommandResult | Promise<CommandResult>;

export interface SimulationOptions {
  readonly seed: number | bigint;
  /** Wall clock at the beginning, milliseconds since 1970. */
  readonly startMs?: number | undefined;
  /** Gets a line for each event. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Gets each line of each node's log. */
  readonly log?: ((line: SimLogLine) => void) | undefined;
  readonly tasks?: TaskTable | undefined;
  /** Programs by file name, on every machine. */
  readonly programs?: Readonly<Record<string, SimProgram>> | undefined;
}

export interface SimLogLine {
  readonly atMs: number;
  readonly node: string;
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

export interface SimNodeOptions {
  /** Default: the next of 10.0.0.1, 10.0.0.2 ... */
  readonly addresses?: readonly string[] | undefined;
  readonly userName?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Its wall clock is this much ahead. */
  readonly clockSkewMs?: number | undefined;
  /** Bytes of its disk. */
  readonly diskCapacity?: number | undefined;
}

const DEFAULT_START_MS = 1_700_000_000_000;

export class Simulation {
  readonly options: SimulationOptions;
  readonly scheduler: Scheduler;
  private readonly network: Network;
  private readonly nodes = new Map<string, SimNode>();
  private lastPid = 100;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.scheduler = new Scheduler(options.trace);
    this.network = new Network(this.scheduler, new SeededRandom(options.seed, 'network'));
  }

  /** The machine of that name; made and switched on when it is new. */
  node(name: string, options: SimNodeOptions = {}): SimNode {
    let node = this.nodes.get(name);
    if (node === undefined) {
      const addresses = options.addresses ?? [`10.0.${this.nodes.size >> 8}.${(this.nodes.size & 255) + 1}`];
      node = new SimNode(this, this.network, name, addresses, options);
      this.nodes.set(name, node);
    }
    return node;
  }

  nextPid(): number {
    return ++this.lastPid;
  }

  /** Random numbers of a purpose of their own, for workloads and fault plans. */
  random(purpose: string): SeededRandom {
    return new SeededRandom(this.options.seed, `plan/${purpose}`);
  }

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** Over all events so far: equal for equal runs. */
  get hash(): string {
    return this.scheduler.hash;
  }

  set latency(latency: LatencyOptions) {
    this.network.latency = latency;
  }

  /** Packets from `from` to `to` vanish; the other direction stays open. */
  cut(from: SimNode, to: SimNode): void {
    this.network.cut(from.name, to.name);
  }

  /** No packets pass between the two groups, in either direction. */
  partition(some: readonly SimNode[], others: readonly SimNode[]): void {
    for (const a of some) {
      for (const b of others) {
        this.cut(a, b);
        this.cut(b, a);
      }
    }
  }

  heal(from: SimNode, to: SimNode): void {
    this.network.heal(from.name, to.name);
  }

  healAll(): void {
    this.network.healAll();
  }

  /** Packets from `from` to `to` wait for `ms` and arrive then. */
  clog(from: SimNode, to: SimNode, ms: number): void {
    this.network.clog(from.name, to.name, this.nowMs + ms);
  }

  /** All connections between the two are lost: `both` ends are told, or only that of `one`, and the other stays half-open. */
  breakConnections(one: SimNode, other: SimNode, ends: 'both' | 'one'): void {
    this.scheduler.note(one.name, `connections to ${other.name} break`);
    one.resetConnections(other);
    if (ends === 'both') other.resetConnections(one);
  }

  /** Runs until `work` settles, and gives what it gives. Throws when it has not within `limitMs`, or never can. */
  async run<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    work.then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    const untilMs = this.nowMs + limitMs;
    const done = await this.scheduler.run(untilMs, () => outcome !== undefined);
    if (outcome === undefined || !done) {
      const why = this.scheduler.pending === 0 ? 'nothing is left that could happen' : 'time is up';
      throw new Error(`the work has not ended within ${limitMs} ms of virtual time: ${why} (seed ${this.options.seed})`);
    }
    if ('error' in outcome) throw outcome.error instanceof Error ? outcome.error : new Error(messageOf(outcome.error));
    return outcome.value;
  }

  /** Lets `ms` of virtual time pass. */
  async advance(ms: number): Promise<void> {
    await this.scheduler.run(this.nowMs + ms);
  }
}

export class SimNode {
  readonly name: string;
  readonly disk = new DiskTree();
  /** Decides for each disk call whether it fails or takes longer. */
  diskFault: DiskFault | undefined;
  /** Load average of its two processors. */
  loadAverage = 0;
  /** Told when a process of this machine has ended, or its power has gone. */
  onCrash: ((how: 'process' | 'power') => void) | undefined;
  private readonly simulation: Simulation;
  private readonly network: Network;
  private readonly machine: Machine;
  private readonly options: SimNodeOptions;
  private readonly clock: MachineClock;
  private process: { readonly life: Life; readonly host: Host; readonly net: SimNet; readonly http: SimHttp };
  private lives = 0;
  private crashPoint:
    | { left: number; readonly how: 'process' | 'power'; readonly after: boolean; readonly luck?: boolean }
    | undefined;

  constructor(simulation: Simulation, network: Network, name: string, addresses: readonly string[], options: SimNodeOptions) {
    this.simulation = simulation;
    this.network = network;
    this.name = name;
    this.options = options;
    if (options.diskCapacity !== undefined) this.disk.capacity = options.diskCapacity;
    this.clock = new MachineClock((simulation.options.startMs ?? DEFAULT_START_MS) + (options.clockSkewMs ?? 0));
    const life: Life = { node: name, alive: true, heldUntilMs: 0 };
    this.machine = { name, addresses, powered: true, life };
    network.add(this.machine);
    this.process = this.start(life);
  }

  /** What the node's present process sees of the world. */
  get host(): Host {
    return this.process.host;
  }

  get isAlive(): boolean {
    return this.process.life.alive;
  }

  /** It lives and does nothing: it is paused, or in a call that blocks. */
  get isHeld(): boolean {
    return this.isAlive && this.process.life.heldUntilMs > this.simulation.nowMs;
  }

  get address(): string {
    return this.machine.addresses[0] ?? '127.0.0.1';
  }

  private start(life: Life): SimNode['process'] {
    const { simulation, network, machine } = this;
    const { seed, log, tasks, programs } = simulation.options;
    const stream = (purpose: string): SeededRandom => new SeededRandom(seed, `${this.name}/${this.lives}/${purpose}`);
    const net = new SimNet(network, machine, life);
    net.register();
    const http = new SimHttp(network, machine, life);
    const clock = simClock(simulation.scheduler, life, this.clock);
    const host = simHost({
      scheduler: simulation.scheduler,
      network,
      life,
      clock,
      net,
      http,
      name: this.name,
      pid: simulation.nextPid(),
      userName: this.options.userName ?? 'hdfs',
      env: this.options.env ?? {},
      loadAverage: () => this.loadAverage,
      random: stream('host'),
      diskRandom: stream('disk'),
      disk: this.disk,
      diskFault: () => this.diskFault,
      diskCall: (moment) => this.diskCall(moment),
      tasks: tasks ?? {},
      programs: programs ?? {},
      log,
    });
    return { life, host, net, http };
  }

  /** Moves the wall clock by so much, as an operator or a time server does. */
  jumpClock(ms: number): void {
    this.clock.wallOriginMs += ms;
    this.simulation.scheduler.note(this.name, `clock jumps ${ms}`);
  }

  /** From now on its monotonic clock counts `rate` milliseconds for each that passes. */
  driftClock(rate: number): void {
    this.clock.setRate(this.simulation.nowMs, rate);
    this.simulation.scheduler.note(this.name, `clock runs at ${rate}`);
  }

  /** The process stands still for so long, as in a collection of garbage or under SIGSTOP. Its kernel goes on. */
  pause(ms: number): void {
    const { life } = this.process;
    life.heldUntilMs = Math.max(life.heldUntilMs, this.simulation.nowMs + ms);
    this.simulation.scheduler.note(this.name, `paused for ${ms}`);
  }

  /** See Simulation.breakConnections. */
  resetConnections(to: SimNode): void {
    this.process.net.resetConnections(to.machine);
  }

  /**
   * Ends the process at its `calls`-th disk call from now on: before the call has done anything, or, with `after`, when it has
   * and nobody has been told. Code that is in the middle of something goes on to its end, but reaches nothing any more.
   */
  crashAtDiskCall(
    calls: number,
    options: { readonly how: 'process' | 'power'; readonly after: boolean; readonly luck?: boolean },
  ): void {
    this.crashPoint = { left: calls, ...options };
  }

  /** Takes the end at a disk call back, when it has not come. */
  spare(): void {
    this.crashPoint = undefined;
  }

  private diskCall(moment: 'before' | 'after'): void {
    const point = this.crashPoint;
    if (point === undefined || point.after !== (moment === 'after') || --point.left > 0) return;
    this.crashPoint = undefined;
    this.crash(point.how, point.luck ?? false);
  }

  /**
   * Ends the process at once. 'process': the kernel lives on, closes connections and keeps what was written. 'power':
   * nobody is told, and the disk keeps only what was synced; with `luck`, some of the rest too, torn.
   */
  crash(how: 'process' | 'power', luck = false): void {
    const { life, net, http } = this.process;
    this.crashPoint = undefined;
    if (life.alive) {
      life.alive = false;
      net.abandon(how);
      http.abandon();
    }
    this.simulation.scheduler.note(this.name, `crash ${how}`);
    if (how === 'power') {
      this.machine.powered = false;
      this.disk.losePower(luck ? this.simulation.random(`${this.name}/${this.lives}/luck`) : undefined);
    }
    this.onCrash?.(how);
  }

  /** A new process on the same machine and disk; a running one is killed before. */
  restart(): Host {
    if (this.isAlive) this.crash('process');
    this.lives++;
    const life: Life = { node: this.name, alive: true, heldUntilMs: 0 };
    this.machine.powered = true;
    this.machine.life = life;
    this.process = this.start(life);
    this.simulation.scheduler.note(this.name, 'restart');
    this.network.retry();
    return this.process.host;
  }
}
