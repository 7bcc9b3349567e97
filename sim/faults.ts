// What is done to a cluster, and when: a plan is plain data, made from the seed before the run begins, so that it can be
// printed, cut down and played again. Each fault begins at its time, and is undone after it has lasted; nemesis.ts plays
// them. Here are the plans of one kind of trouble; swarm.ts mixes all kinds.
import type { SeededRandom } from '../src/base/random.ts';
import type { DiskRule } from '../src/host/sim/disk-faults.ts';

export type Way = readonly [from: string, to: string];

export type FaultKind =
  | { readonly kind: 'crash'; readonly node: string; readonly how: 'process' | 'power'; readonly luck: boolean }
  /** At the n-th disk call of the process, before or after it. */
  | {
      readonly kind: 'crash at call';
      readonly node: string;
      readonly calls: number;
      readonly after: boolean;
      readonly how: 'process' | 'power';
      readonly luck: boolean;
    }
  /** Everything loses its power at one moment; each machine comes back after so long. */
  | { readonly kind: 'blackout'; readonly back: readonly (readonly [node: string, afterMs: number])[]; readonly luck: boolean }
  | { readonly kind: 'pause'; readonly node: string }
  /** Packets of these ways vanish. One way, or between groups, as the plan says. */
  | { readonly kind: 'cut'; readonly ways: readonly Way[] }
  /** Packets of a way wait until the fault is over. */
  | { readonly kind: 'clog'; readonly way: Way }
  | { readonly kind: 'break'; readonly one: string; readonly other: string; readonly ends: 'both' | 'one' }
  | { readonly kind: 'slow network'; readonly maxMs: number; readonly spikeMs: number }
  | { readonly kind: 'clock jump'; readonly node: string; readonly byMs: number }
  | { readonly kind: 'clock drift'; readonly node: string; readonly rate: number }
  | { readonly kind: 'disk'; readonly node: string; readonly rule: DiskRule }
  | { readonly kind: 'disk full'; readonly node: string; readonly roomBytes: number }
  /** A finalized block or its checksums change on the disk; `pick` says which, of those there are then. */
  | {
      readonly kind: 'rot';
      readonly node: string;
      readonly pick: number;
      readonly how: 'flip' | 'zero sector' | 'stale sector';
    }
  /** All on it is lost; an empty one takes its place. */
  | { readonly kind: 'volume lost'; readonly node: string; readonly path: string }
  | { readonly kind: 'decommission'; readonly node: string }
  /** `forMs`: it ends by itself after so long; undefined: when it is called off. */
  | { readonly kind: 'maintenance'; readonly node: string; readonly forMs?: number | undefined }
  /** A DataNode goes on with these data directories. */
  | { readonly kind: 'directories'; readonly node: string; readonly paths: readonly string[] };

export type Fault = FaultKind & { readonly atMs: number; readonly lastsMs: number };

/**
 * A calm run; everything loses its power at once; things die and come back one by one; the power fails again and again
 * under writers in a hurry; all kinds of trouble at once.
 */
export type Scenario = 'calm' | 'blackout' | 'faults' | 'power' | 'swarm';

export interface Machines {
  readonly nameNode: string;
  readonly dataNodes: readonly string[];
  readonly clients: readonly string[];
  readonly secondary?: string | undefined;
}

export const allOf = ({ nameNode, dataNodes, clients, secondary }: Machines): string[] => [
  nameNode,
  ...dataNodes,
  ...clients,
  ...(secondary === undefined ? [] : [secondary]),
];

export const inOrder = (plan: readonly Fault[]): Fault[] => [...plan].sort((a, b) => a.atMs - b.atMs);

export const endOf = (plan: readonly Fault[]): number =>
  plan.reduce((end, { atMs, lastsMs }) => Math.max(end, atMs + lastsMs), 0);

/** Everything loses its power at one moment within `spanMs` and comes back, one machine after the other. */
export function planBlackout(random: SeededRandom, machines: Machines, spanMs: number): Fault[] {
  const atMs = 50 + random.below(spanMs);
  const luck = random.below(2) === 0;
  const back = allOf(machines).map((node) => [node, 100 + random.below(5_000)] as const);
  return [{ kind: 'blackout', atMs, lastsMs: Math.max(...back.map(([, afterMs]) => afterMs)), luck, back }];
}

type Victims = 'everything' | 'servers' | 'NameNode' | 'DataNodes' | 'one DataNode';

/** How often each fails, of eight. */
const VICTIMS: readonly Victims[] = [
  'everything',
  'everything',
  'everything',
  'everything',
  'servers',
  'NameNode',
  'DataNodes',
  'one DataNode',
];

/** The power fails again and again, also while everything comes up. */
export function planPower(random: SeededRandom, machines: Machines, spanMs: number): Fault[] {
  const namesOf: Readonly<Record<Victims, readonly string[]>> = {
    everything: allOf(machines),
    servers: [machines.nameNode, ...machines.dataNodes],
    NameNode: [machines.nameNode],
    DataNodes: machines.dataNodes,
    'one DataNode': machines.dataNodes.slice(0, 1),
  };
  const plan: Fault[] = [];
  let atMs = 50 + random.below(1_500);
  while (atMs < spanMs) {
    const victims = VICTIMS[random.below(VICTIMS.length)] as Victims;
    const how = random.below(5) === 0 ? 'process' : 'power';
    const luck = random.below(3) === 0;
    const lastsMs = 10 + random.below(1_000);
    for (const node of namesOf[victims])
      plan.push({ kind: 'crash', atMs, lastsMs: lastsMs + random.below(500), node, how, luck });
    atMs += lastsMs + 500 + (random.below(4) === 0 ? random.below(400) : 3_000 + random.below(4_000));
  }
  return plan;
}

/** A few crashes of single machines or processes and one-way cuts, which may overlap, each undone after a while. */
export function planFaults(random: SeededRandom, machines: Machines, spanMs: number): Fault[] {
  const all = allOf(machines);
  const pick = (from: readonly string[]): string => from[random.below(from.length)] as string;
  const down = new Set<string>();
  const plan: Fault[] = [];
  for (let count = 1 + random.below(6); count > 0; count--) {
    const atMs = 50 + random.below(spanMs);
    const lastsMs = random.below(3) === 0 ? 5_000 + random.below(40_000) : 100 + random.below(5_000);
    if (random.below(3) === 0) {
      const [from, to] = [pick(all), pick(all)];
      if (from !== to) plan.push({ kind: 'cut', atMs, lastsMs, ways: [[from, to]] });
      continue;
    }
    const node = pick(random.below(4) === 0 ? [machines.nameNode] : [...machines.dataNodes, ...machines.clients]);
    // Each goes down once at most.
    if (down.has(node)) continue;
    down.add(node);
    const how = random.below(2) === 0 ? 'process' : 'power';
    plan.push({ kind: 'crash', atMs, lastsMs, node, how, luck: random.below(2) === 0 });
  }
  return inOrder(plan);
}
