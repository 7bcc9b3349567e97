// How a run goes: clients work while faults come; then what has to work again does, life goes on for a while, everything
// comes to rest and is checked; and at last the power goes everywhere once more, after which nothing may be different.

import { checkAtRest } from './checks.ts';
import type { SimCluster } from './cluster.ts';
import { endOf } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { Nemesis } from './nemesis.ts';
import type { Shape } from './shape.ts';
import type { Witness } from './witness.ts';
import { Actor, DEFAULT_ROLES, prepare, type Role, type WorkloadOptions } from './workload.ts';

/** A step of an actor ends, well or not: PR5. */
const ACTORS_LIMIT_MS = 1_200_000;
const READY_LIMIT_MS = 300_000;
/** Life after a swarm has healed. */
const AFTER_MS = 15_000;

interface Player {
  readonly actor: Actor;
  /** Whether it can still end: it dies with the process that it runs in. */
  readonly living: () => boolean;
}

export class Story {
  private readonly cluster: SimCluster;
  private readonly ledger: Ledger;
  private readonly witness: Witness;
  private readonly nemesis: Nemesis;
  private readonly shape: Shape;
  private players: Player[] = [];

  constructor(cluster: SimCluster, ledger: Ledger, witness: Witness, nemesis: Nemesis, shape: Shape) {
    this.cluster = cluster;
    this.ledger = ledger;
    this.witness = witness;
    this.nemesis = nemesis;
    this.shape = shape;
  }

  async play(): Promise<void> {
    const { cluster, ledger, shape } = this;
    const { simulation } = cluster;
    await this.nemesis.prepare();
    await cluster.start();
    await simulation.run(prepare(cluster, ledger, simulation.node('client0')), 60_000);
    if (shape.spanMs > 0) await this.swarm();
    else await this.short();
    await this.settled();
    await checkAtRest(cluster, ledger, this.witness);
    if (cluster.violations.found.length > 0) return;
    const { core, nameNode, clients, secondary } = cluster;
    const machines = [nameNode, ...core, ...clients, ...(secondary === undefined ? [] : [secondary])];
    const names = machines.map(({ name }) => name);
    for (const name of names) cluster.crash(name, 'power', false);
    await simulation.advance(1_000);
    for (const name of names) cluster.restart(name);
    await checkAtRest(cluster, ledger, this.witness);
  }

  /** Each client does a number of things, a few faults come, and some more is done after them. */
  private async short(): Promise<void> {
    const { cluster, shape } = this;
    const { simulation } = cluster;
    const { roles, steps, maxPauseMs, minReplication } = shape;
    const faults = shape.faults.length > 0;
    this.nemesis.play(shape.faults);
    const healedMs = simulation.nowMs + endOf(shape.faults);
    this.begin('first', roles, { steps, maxPauseMs, faults, minReplication });
    await this.ended();
    if (simulation.nowMs < healedMs) await simulation.advance(healedMs - simulation.nowMs + 1);
    // Life goes on after the faults; a restarted NameNode may still be in safe mode.
    if (!faults || !(await cluster.until(() => cluster.ready, READY_LIMIT_MS))) return;
    this.begin('second', DEFAULT_ROLES, { steps: Math.ceil(steps / 3), maxPauseMs: 200, faults, minReplication });
    await this.ended();
  }

  /** Clients go on as long as the faults do, and come back with their machines. */
  private async swarm(): Promise<void> {
    const { cluster, shape, nemesis } = this;
    const { simulation } = cluster;
    const { roles, maxPauseMs, minReplication } = shape;
    const overMs = simulation.nowMs + shape.spanMs;
    const options = { over: () => simulation.nowMs >= overMs, maxPauseMs, faults: true, minReplication, allSyncs: true };
    let wave = 0;
    nemesis.onRestart = (name) => {
      if (options.over()) return;
      this.begin(`again${++wave}/`, roles, options, name);
    };
    nemesis.play(shape.faults);
    this.begin('first', roles, options);
    await simulation.advance(shape.spanMs);
    nemesis.heal(simulation.random('heal'));
    await this.ended();
    if (!(await cluster.until(() => cluster.ready, READY_LIMIT_MS))) return;
    const untilMs = simulation.nowMs + AFTER_MS;
    this.begin('last', DEFAULT_ROLES, {
      over: () => simulation.nowMs >= untilMs,
      maxPauseMs: 500,
      faults: true,
      minReplication,
      allSyncs: true,
    });
    await this.ended();
  }

  /** RP5: DataNodes that were called back are back in service, with the directories that they are to have. */
  private async settled(): Promise<void> {
    const { cluster, nemesis } = this;
    const isSettled = await cluster.until(() => nemesis.isSettled, READY_LIMIT_MS);
    cluster.violations.check(isSettled, 'RP5', () => `DataNodes are not as they were within ${READY_LIMIT_MS / 1000} s`);
  }

  /** Sends actors to work on all client machines that live, or on one of them. */
  private begin(wave: string, roles: readonly Role[], options: WorkloadOptions, only?: string): void {
    const { cluster, ledger } = this;
    const machines = cluster.clients.filter((machine) => machine.isAlive);
    for (const [i, role] of roles.entries()) {
      const machine =
        only === undefined ? machines[i % Math.max(1, machines.length)] : cluster.clients[i % cluster.clients.length];
      if (machine === undefined || (only !== undefined && machine.name !== only)) continue;
      const { host } = machine;
      const actor = new Actor(cluster, ledger, options, `${wave}${i}`, role, machine);
      this.players.push({ actor, living: () => machine.isAlive && machine.host === host });
      actor.run().catch((error: unknown) => {
        actor.done = true;
        cluster.violations.add('X2', `${actor.name} broke off: ${error instanceof Error ? error.stack : String(error)}`);
      });
    }
  }

  private async ended(): Promise<void> {
    const { cluster } = this;
    const going = (): Player[] => this.players.filter(({ actor, living }) => !actor.done && living());
    if (!(await cluster.until(() => going().length === 0, ACTORS_LIMIT_MS))) {
      const left = going().map(({ actor }) => `${actor.name} (${actor.doing})`);
      cluster.violations.add('PR5', `${left.join(', ')} do not come to an end within ${ACTORS_LIMIT_MS / 1000} s`);
    }
    this.players = [];
  }
}
