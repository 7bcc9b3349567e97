// One seed, one run: a cluster, clients that disturb each other, what is done to it, and the checks. What a run is made of
// follows from the seed alone, and so does all that happens in it.
import type { SimLogLine } from '../src/host/sim/index.ts';
import { checkAtRest } from './checks.ts';
import { SimCluster } from './cluster.ts';
import { endOf, type Fault, type Machines, planBlackout, planFaults, play, type Scenario } from './faults.ts';
import { Ledger } from './ledger.ts';
import { checkAcknowledged } from './log-checks.ts';
import { watchPredicates } from './predicates/index.ts';
import { watchSafeMode } from './safe-mode-watch.ts';
import type { Violation } from './violations.ts';
import { Witness } from './witness.ts';
import { Actor, DEFAULT_ROLES, prepare, type WorkloadOptions } from './workload.ts';

export interface RunOptions {
  readonly seed: number;
  readonly dataNodes?: number | undefined;
  readonly clients?: number | undefined;
  /** Default: as the seed chooses. */
  readonly scenario?: Scenario | undefined;
  /** Steps of each actor. */
  readonly steps?: number | undefined;
  readonly trace?: ((line: string) => void) | undefined;
  readonly log?: ((line: SimLogLine) => void) | undefined;
}

export interface RunResult {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly calls: number;
  readonly acknowledged: number;
  readonly files: number;
  readonly reads: number;
  readonly bytesWritten: number;
  readonly txids: number;
  readonly plan: readonly Fault[];
  readonly failures: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  /** How often each predicate was looked at. */
  readonly evaluated: ReadonlyMap<string, number>;
}

const SCENARIOS: readonly Scenario[] = ['calm', 'blackout', 'faults', 'faults'];
/** Within this, faults begin. */
const SPAN_MS = 15_000;
/** A step of an actor ends, well or not: PR5. */
const ACTORS_LIMIT_MS = 1_200_000;
/** One acknowledgement in so many is looked for on the disk at once. */
const LOOK_EVERY = 6;

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed } = options;
  const cluster = new SimCluster(options.dataNodes === undefined ? { ...options, dataNodes: 3 + (seed % 2) } : options);
  const { simulation, violations } = cluster;
  const random = simulation.random('run');
  const scenario = options.scenario ?? SCENARIOS[random.below(SCENARIOS.length)] ?? 'calm';
  const machines: Machines = {
    nameNode: cluster.nameNode.name,
    dataNodes: cluster.dataNodes.map(({ name }) => name),
    clients: cluster.clients.map(({ name }) => name),
  };
  const planned =
    scenario === 'calm'
      ? []
      : scenario === 'blackout'
        ? planBlackout(random, machines, SPAN_MS)
        : planFaults(random, machines, SPAN_MS);
  const ledger = new Ledger(() => simulation.nowMs);
  const witness = new Witness(cluster.nameNode.machine.disk, violations);
  const looks = simulation.random('looks');
  ledger.onAck = (call) => {
    if (looks.below(LOOK_EVERY) === 0) checkAcknowledged(call, witness.read(), violations);
  };
  watchSafeMode(cluster, witness);
  watchPredicates(cluster, witness);
  try {
    await story(cluster, ledger, witness, planned, options.steps ?? 20);
  } catch (error) {
    violations.add('X3', `the run broke off: ${error instanceof Error ? error.stack : String(error)}`);
  }
  return {
    seed,
    scenario,
    hash: combine(simulation.hash, ledger.digest()),
    virtualMs: simulation.nowMs,
    events: simulation.scheduler.events,
    calls: ledger.calls.length,
    acknowledged: ledger.calls.filter(({ outcome }) => outcome === 'ok').length,
    files: ledger.files.size,
    reads: ledger.reads,
    bytesWritten: ledger.bytesWritten,
    txids: witness.read().length,
    plan: planned,
    failures: ledger.failures,
    violations: violations.found,
    evaluated: violations.evaluated,
  };
}

async function story(
  cluster: SimCluster,
  ledger: Ledger,
  witness: Witness,
  plan: readonly Fault[],
  steps: number,
): Promise<void> {
  const { simulation } = cluster;
  await cluster.start();
  await simulation.run(prepare(cluster, ledger, simulation.node('client0')), 60_000);
  const faults = plan.length > 0;
  play(cluster, plan, () => undefined);
  const healedMs = simulation.nowMs + endOf(plan);
  await act(cluster, ledger, 'first', { roles: DEFAULT_ROLES, steps, maxPauseMs: 600, faults });
  if (simulation.nowMs < healedMs) await simulation.advance(healedMs - simulation.nowMs + 1);
  // Life goes on after the faults; a restarted NameNode may still be in safe mode.
  if (faults && (await cluster.until(() => cluster.ready, 300_000))) {
    await act(cluster, ledger, 'second', { roles: DEFAULT_ROLES, steps: Math.ceil(steps / 3), maxPauseMs: 200, faults });
  }
  await checkAtRest(cluster, ledger, witness);
  if (cluster.violations.found.length > 0) return;
  // Everything at rest is durable: the power goes everywhere, and nothing may be different.
  for (const name of [...cluster.daemons.map((daemon) => daemon.name), ...cluster.clients.map((client) => client.name)]) {
    cluster.crash(name, 'power', false);
  }
  await simulation.advance(1_000);
  for (const daemon of cluster.daemons) cluster.restart(daemon.name);
  for (const client of cluster.clients) cluster.restart(client.name);
  await checkAtRest(cluster, ledger, witness);
}

/** Lets actors do their steps, until all are done or dead. */
async function act(cluster: SimCluster, ledger: Ledger, wave: string, options: WorkloadOptions): Promise<void> {
  const alive = cluster.clients.filter((machine) => machine.isAlive);
  const actors = options.roles.flatMap((role, i) => {
    const machine = alive[i % Math.max(1, alive.length)];
    return machine === undefined
      ? []
      : [{ actor: new Actor(cluster, ledger, options, `${wave}${i}`, role, machine), host: machine.host }];
  });
  for (const { actor } of actors) {
    actor.run().catch((error: unknown) => {
      actor.done = true;
      cluster.violations.add('X2', `${actor.name} broke off: ${error instanceof Error ? error.stack : String(error)}`);
    });
  }
  const over = (): boolean =>
    actors.every(({ actor, host }) => actor.done || !actor.machine.isAlive || actor.machine.host !== host);
  if (await cluster.until(over, ACTORS_LIMIT_MS)) return;
  const left = actors.filter(({ actor }) => !actor.done).map(({ actor }) => actor.name);
  cluster.violations.add('PR5', `${left.join(', ')} do not come to an end within ${ACTORS_LIMIT_MS / 1000} s`);
}

function combine(hash: string, text: string): string {
  let low = 0x811c9dc5;
  for (const part of [hash, text]) for (let i = 0; i < part.length; i++) low = Math.imul(low ^ part.charCodeAt(i), 0x01000193);
  return hash + (low >>> 0).toString(16).padStart(8, '0');
}
