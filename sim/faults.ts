// What is done to a cluster, and when: a plan is plain data, made from the seed before the run begins, so that it can be
// printed, cut down and played again. Every plan ends with all machines on and the network whole.
import type { SeededRandom } from '../src/base/random.ts';
import type { SimCluster } from './cluster.ts';

export type Fault =
  | {
      readonly atMs: number;
      readonly kind: 'crash';
      readonly node: string;
      readonly how: 'process' | 'power';
      readonly luck: boolean;
    }
  | { readonly atMs: number; readonly kind: 'restart'; readonly node: string }
  /** One way. */
  | { readonly atMs: number; readonly kind: 'cut' | 'heal'; readonly from: string; readonly to: string };

/** A calm run; everything loses its power at once; things die and come back one by one. */
export type Scenario = 'calm' | 'blackout' | 'faults';

export interface Machines {
  readonly nameNode: string;
  readonly dataNodes: readonly string[];
  readonly clients: readonly string[];
}

const inOrder = (plan: Fault[]): Fault[] => plan.sort((a, b) => a.atMs - b.atMs);

/** Everything loses its power at one moment within `spanMs` and comes back, one machine after the other. */
export function planBlackout(random: SeededRandom, machines: Machines, spanMs: number): Fault[] {
  const atMs = 50 + random.below(spanMs);
  const luck = random.below(2) === 0;
  const plan: Fault[] = [];
  for (const node of [machines.nameNode, ...machines.dataNodes, ...machines.clients]) {
    plan.push({ atMs, kind: 'crash', node, how: 'power', luck });
    plan.push({ atMs: atMs + 100 + random.below(5_000), kind: 'restart', node });
  }
  return inOrder(plan);
}

/** A few crashes of single machines or processes and one-way cuts, which may overlap, each undone after a while. */
export function planFaults(random: SeededRandom, machines: Machines, spanMs: number): Fault[] {
  const all = [machines.nameNode, ...machines.dataNodes, ...machines.clients];
  const pick = (from: readonly string[]): string => from[random.below(from.length)] as string;
  const down = new Set<string>();
  const plan: Fault[] = [];
  for (let count = 1 + random.below(6); count > 0; count--) {
    const atMs = 50 + random.below(spanMs);
    const lastsMs = random.below(3) === 0 ? 5_000 + random.below(40_000) : 100 + random.below(5_000);
    if (random.below(3) === 0) {
      const [from, to] = [pick(all), pick(all)];
      if (from === to) continue;
      plan.push({ atMs, kind: 'cut', from, to }, { atMs: atMs + lastsMs, kind: 'heal', from, to });
      continue;
    }
    const node = pick(random.below(4) === 0 ? [machines.nameNode] : [...machines.dataNodes, ...machines.clients]);
    // Each goes down once at most.

    if (down.has(node)) continue;
    down.add(node);
    const how = random.below(2) === 0 ? 'process' : 'power';
    plan.push({ atMs, kind: 'crash', node, how, luck: random.below(2) === 0 }, { atMs: atMs + lastsMs, kind: 'restart', node });
  }
  return inOrder(plan);
}

/** Plays a plan from now on: its times count from here. Each part is an event of its own. */
export function play(cluster: SimCluster, plan: readonly Fault[], onFault: (fault: Fault) => void): void {
  for (const fault of plan) {
    cluster.simulation.scheduler.after(fault.atMs, undefined, `fault ${fault.kind}`, () => {
      switch (fault.kind) {
        case 'crash':
          cluster.crash(fault.node, fault.how, fault.luck);
          break;
        case 'restart':
          cluster.restart(fault.node);
          break;
        case 'cut':
          cluster.simulation.cut(cluster.simulation.node(fault.from), cluster.simulation.node(fault.to));
          break;
        case 'heal':
          cluster.simulation.heal(cluster.simulation.node(fault.from), cluster.simulation.node(fault.to));
          break;
      }
      onFault(fault);
    });
  }
}

export const endOf = (plan: readonly Fault[]): number => plan.at(-1)?.atMs ?? 0;
