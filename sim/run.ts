// One seed, one run: a cluster, clients that disturb each other, what is done to it, and the checks. What a run is made of
// follows from the seed alone, and so does all that happens in it.
import { SeededRandom } from '../src/base/random.ts';
import { onSometimes, type Situation } from '../src/base/sometimes.ts';
import type { SimLogLine } from '../src/host/sim/index.ts';
import { Atlas } from './atlas.ts';
import { SimCluster } from './cluster.ts';
import type { Scenario } from './faults.ts';
import { Nemesis } from './nemesis.ts';
import { observe } from './observers.ts';
import { machinesOf, powerShape, type Shape, shortShape, swarmShape } from './shape.ts';
import { Story } from './story.ts';
import type { Violation } from './violations.ts';

export interface RunOptions {
  readonly seed: number;
  readonly dataNodes?: number | undefined;
  /** Default: a short run, of which the seed chooses the kind. */
  readonly scenario?: Scenario | undefined;
  /** Steps of each actor of a short run. */
  readonly steps?: number | undefined;
  /** How long the chaos of a swarm lasts. */
  readonly spanMs?: number | undefined;
  /** Instead of what the seed draws. */
  readonly shape?: Shape | undefined;
  /** Nothing is spared: only that nothing wrong is served is checked. */
  readonly beyond?: boolean | undefined;
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
  readonly shape: Shape;
  /** Faults that happened, by kind. */
  readonly done: ReadonlyMap<string, number>;
  /** Rare situations that it met. */
  readonly reached: ReadonlySet<Situation>;
  readonly failures: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  /** How often each predicate was looked at. */
  readonly evaluated: ReadonlyMap<string, number>;
}

const DEFAULT_STEPS = 20;
const DEFAULT_SPAN_MS = 300_000;
/** One acknowledgement in so many is looked for on the disk at once. */
const LOOK_EVERY = 6;

/** What serving wrong bytes breaks: all that is promised of a cluster that has lost more than it may. */
const BEYOND: ReadonlySet<string> = new Set(['BK6', 'X2']);

export function drawShape(options: RunOptions): Shape {
  const { seed, scenario } = options;
  const random = new SeededRandom(seed, 'shape');
  if (scenario === 'power') return powerShape(random);
  if (scenario === 'swarm' || options.beyond) {
    return swarmShape(random, new SeededRandom(seed, 'operators'), options.spanMs ?? DEFAULT_SPAN_MS);
  }
  return shortShape(random, {
    dataNodes: options.dataNodes ?? 3 + (seed % 2),
    scenario,
    steps: options.steps ?? DEFAULT_STEPS,
  });
}

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed } = options;
  const shape = options.shape ?? drawShape(options);
  const { dataNodes, clients, secondary, racks, keys } = shape;
  const cluster = new SimCluster({
    ...options,
    dataNodes,
    clients,
    secondary,
    racks,
    keys,
    only: options.beyond ? BEYOND : undefined,
  });
  const { simulation, violations } = cluster;
  const { ledger, witness } = observe(cluster, LOOK_EVERY);
  const atlas = options.beyond ? undefined : new Atlas(cluster, witness);
  const nemesis = new Nemesis(cluster, machinesOf(dataNodes, clients, secondary), atlas);
  const reached = new Set<Situation>();
  onSometimes((situation) => reached.add(situation));
  try {
    await new Story(cluster, ledger, witness, nemesis, shape).play();
  } catch (error) {
    violations.add('X3', `the run broke off: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    onSometimes(undefined);
  }
  return {
    seed,
    scenario: shape.scenario,
    hash: combine(simulation.hash, ledger.digest()),
    virtualMs: simulation.nowMs,
    events: simulation.scheduler.events,
    calls: ledger.calls.length,
    acknowledged: ledger.calls.filter(({ outcome }) => outcome === 'ok').length,
    files: ledger.files.size,
    reads: ledger.reads,
    bytesWritten: ledger.bytesWritten,
    txids: witness.read().length,
    shape,
    done: nemesis.done,
    reached,
    failures: ledger.failures,
    violations: violations.found,
    evaluated: violations.evaluated,
  };
}

function combine(hash: string, text: string): string {
  let low = 0x811c9dc5;
  for (const part of [hash, text]) for (let i = 0; i < part.length; i++) low = Math.imul(low ^ part.charCodeAt(i), 0x01000193);
  return hash + (low >>> 0).toString(16).padStart(8, '0');
}
