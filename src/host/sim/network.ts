// What lies between the simulated nodes: who has which name and address, how long a packet takes, and which directions
// are cut. Streams over it are in tcp.ts.
import type { SeededRandom } from '../../base/random.ts';
import type { Address } from '../host.ts';
import type { Life, Scheduler } from './scheduler.ts';
import type { SimListener } from './tcp.ts';

export interface LatencyOptions {
  /** A packet takes from `minMs` to `maxMs`, */
  readonly minMs: number;
  readonly maxMs: number;
  /** and one in so many takes up to `spikeMs`. */
  readonly spikeEvery: number;
  readonly spikeMs: number;
}

const DEFAULT_LATENCY: LatencyOptions = { minMs: 0.05, maxMs: 0.5, spikeEvery: 200, spikeMs: 20 };

/** A machine on the network; it stays while its processes come and go. */
export interface Machine {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Without power nothing answers, not even with a refusal. */
  powered: boolean;
  life: Life;
}

export class Network {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly listeners = new Map<string, SimListener>();
  latency: LatencyOptions = DEFAULT_LATENCY;
  private readonly machines = new Map<string, Machine>();
  private readonly cuts = new Set<string>();
  /** Directions in which packets wait, and until when. */
  private readonly clogs = new Map<string, number>();
  private readonly onHeal = new Set<() => void>();
  private lastPort = 32767;

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.scheduler = scheduler;
    this.random = random;
  }

  add(machine: Machine): void {
    for (const key of [machine.name, ...machine.addresses]) this.machines.set(key, machine);
  }

  /** The machine of a name or address. */
  machine(nameOrAddress: string): Machine | undefined {
    return this.machines.get(nameOrAddress);
  }

  resolve(host: string): readonly string[] {
    if (/^127\.|^::1$|^localhost$/.test(host)) return [host === 'localhost' ? '127.0.0.1' : host];
    const machine = this.machines.get(host);
    if (machine === undefined) return [];
    return machine.addresses.includes(host) ? [host] : machine.addresses;
  }

  freePort(): number {
    this.lastPort++;
    if (this.lastPort > 65535) this.lastPort = 32768;
    return this.lastPort;
  }

  /** How long the next packet takes. */
  delay(): number {
    const { minMs, maxMs, spikeEvery, spikeMs } = this.latency;
    if (spikeEvery > 0 && this.random.below(spikeEvery) === 0) return maxMs + this.random.fraction() * spikeMs;
    return minMs + this.random.fraction() * (maxMs - minMs);
  }

  /** Packets from `from` to `to` vanish until `heal`; the other direction is another cut. */
  cut(from: string, to: string): void {
    this.scheduler.note(from, `cut to ${to}`);
    this.cuts.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    if (!this.cuts.delete(`${from}>${to}`)) return;
    this.scheduler.note(from, `healed to ${to}`);
    this.retry();
  }

  /** What could not pass tries again: after a cut has healed or a machine has its power back. */
  retry(): void {
    for (const fn of [...this.onHeal]) fn();
  }

  healAll(): void {
    this.cuts.clear();
    this.clogs.clear();
    this.scheduler.note('-', 'network healed');
    this.retry();
  }

  isCut(from: Machine, to: Machine): boolean {
    if (this.cuts.size === 0) return false;
    return this.cuts.has(`${from.name}>${to.name}`);
  }

  /** Packets from `from` to `to` wait until `untilMs`, and arrive then; none is lost. */
  clog(from: string, to: string, untilMs: number): void {
    this.scheduler.note(from, `clogged to ${to}`);
    this.clogs.set(`${from}>${to}`, untilMs);
  }

  /** How long a packet that would arrive now has still to wait. */
  clogged(from: Machine, to: Machine): number {
    if (this.clogs.size === 0) return 0;
    return Math.max(0, (this.clogs.get(`${from.name}>${to.name}`) ?? 0) - this.scheduler.nowMs);
  }

  /** Calls `fn` at each `retry`, until it is taken away with the answer. */
  whenHealed(fn: () => void): () => void {
    this.onHeal.add(fn);
    return () => this.onHeal.delete(fn);
  }

  /** The listener that a packet to `address` would reach. */
  listenerAt(address: Address, machine: Machine): SimListener | undefined {
    return (
      this.listeners.get(key(machine, address.host, address.port)) ?? this.listeners.get(key(machine, '0.0.0.0', address.port))
    );
  }
}

/** Loopback and wildcard addresses are each machine's own. */
export function key(machine: Machine, host: string, port: number): string {
  return `${machine.name}/${host}:${port}`;
}
