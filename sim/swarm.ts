// A plan of all kinds of trouble for one seed. Each seed draws which kinds there are at all, and how often each comes: a few
// kinds at high rates find more than all of them at one rate. What may be lost for good is up to the atlas when the time
// comes; nothing here harms the NameNode's first directory.
import type { SeededRandom } from '../src/base/random.ts';
import type { DiskOperations } from '../src/host/sim/disk-faults.ts';
import { allOf, type Fault, type FaultKind, inOrder, type Machines, type Way } from './faults.ts';

export interface Surroundings extends Machines {
  /** Data directories of a DataNode. */
  readonly volumes: readonly string[];
  /** The NameNode's directory that may fail. */
  readonly spareNameDirectory: string;
}

type Kind =
  | 'crash'
  | 'crash at call'
  | 'NameNode crash'
  | 'blackout'
  | 'pause'
  | 'cut'
  | 'partition'
  | 'swizzle'
  | 'break'
  | 'slow network'
  | 'clock'
  | 'disk error'
  | 'slow disk'
  | 'disk full'
  | 'rot'
  | 'volume lost';

/** How often a kind comes when a seed has it, milliseconds between two of them. */
const EVERY_MS: Readonly<Record<Kind, readonly [least: number, most: number]>> = {
  crash: [8_000, 60_000],
  'crash at call': [8_000, 60_000],
  'NameNode crash': [20_000, 150_000],
  blackout: [60_000, 250_000],
  pause: [5_000, 60_000],
  cut: [5_000, 60_000],
  partition: [20_000, 120_000],
  swizzle: [20_000, 120_000],
  break: [1_000, 30_000],
  'slow network': [30_000, 120_000],
  clock: [20_000, 100_000],
  'disk error': [10_000, 90_000],
  'slow disk': [10_000, 90_000],
  'disk full': [40_000, 150_000],
  rot: [10_000, 90_000],
  'volume lost': [60_000, 250_000],
};

const KINDS = Object.keys(EVERY_MS) as Kind[];
/** Kinds that lose what was written: blocks of fewer than three replicas are then not promised. */
const DESTRUCTIVE: ReadonlySet<Kind> = new Set(['rot', 'volume lost']);
/** Of a hundred seeds, so many have a given kind. */
const SHARE = 30;

export interface SwarmPlan {
  readonly faults: readonly Fault[];
  readonly destructive: boolean;
}

export function planSwarm(random: SeededRandom, around: Surroundings, spanMs: number): SwarmPlan {
  const planner = new Planner(random, around);
  const faults: Fault[] = [];
  let destructive = false;
  for (const kind of KINDS) {
    if (random.below(100) >= SHARE) continue;
    destructive ||= DESTRUCTIVE.has(kind);
    const [least, most] = EVERY_MS[kind];
    const everyMs = least + random.below(most - least);
    for (let atMs = random.below(everyMs); atMs < spanMs; atMs += 1 + random.below(2 * everyMs)) {
      for (const [fault, afterMs, lastsMs] of planner.plan(kind)) faults.push({ ...fault, atMs: atMs + afterMs, lastsMs });
    }
  }
  return { faults: inOrder(faults.filter(({ atMs }) => atMs < spanMs)), destructive };
}

type Planned = readonly [fault: FaultKind, afterMs: number, lastsMs: number];

class Planner {
  private readonly random: SeededRandom;
  private readonly around: Surroundings;
  private readonly all: readonly string[];

  constructor(random: SeededRandom, around: Surroundings) {
    this.random = random;
    this.around = around;
    this.all = allOf(around);
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)] as T;
  }

  /** Mostly short, now and then long. */
  private while(most = 60_000): number {
    return this.random.below(4) === 0 ? 5_000 + this.random.below(most - 5_000) : 100 + this.random.below(5_000);
  }

  private coin(): boolean {
    return this.random.below(2) === 0;
  }

  private how(): { readonly how: 'process' | 'power'; readonly luck: boolean } {
    return { how: this.coin() ? 'process' : 'power', luck: this.coin() };
  }

  plan(kind: Kind): readonly Planned[] {
    const { random, around } = this;
    switch (kind) {
      case 'crash':
        return this.crash(this.pick([...around.dataNodes, ...around.clients]));
      case 'NameNode crash':
        return this.crash(around.nameNode);
      case 'crash at call': {
        const node = this.pick([around.nameNode, ...around.dataNodes]);
        const fault = { kind, node, calls: 1 + random.below(400), after: this.coin(), ...this.how() } as const;
        return [[fault, 0, 1_000 + this.while()]];
      }
      case 'blackout':
        return this.blackout();
      case 'pause':
        return [
          [{ kind, node: this.pick(this.all) }, 0, random.below(4) === 0 ? random.below(120_000) : 100 + random.below(15_000)],
        ];
      case 'cut': {
        const [from, to] = [this.pick(this.all), this.pick(this.all)];
        return from === to ? [] : [[{ kind, ways: [[from, to]] }, 0, this.while()]];
      }
      case 'partition':
        return this.partition();
      case 'swizzle':
        return this.swizzle();
      case 'break': {
        const [one, other] = [this.pick(this.all), this.pick(this.all)];
        return one === other ? [] : [[{ kind, one, other, ends: this.coin() ? 'both' : 'one' }, 0, 0]];
      }
      case 'slow network':
        return [[{ kind, maxMs: 1 + random.below(50), spikeMs: 10 + random.below(3_000) }, 0, this.while()]];
      case 'clock':
        return this.clock();
      case 'disk error':
        return this.diskError();
      case 'slow disk':
        return this.slowDisk();
      case 'disk full':
        return [
          [{ kind, node: this.pick([around.nameNode, ...around.dataNodes]), roomBytes: random.below(65_536) }, 0, this.while()],
        ];
      case 'rot': {
        const how = this.pick(['flip', 'zero sector', 'stale sector'] as const);
        return [[{ kind, node: this.pick(around.dataNodes), pick: random.below(1_000_000), how }, 0, 0]];
      }
      case 'volume lost':
        return [[{ kind, node: this.pick(around.dataNodes), path: this.pick(around.volumes) }, 0, this.while()]];
    }
  }

  private crash(node: string): Planned[] {
    const lastsMs = this.while();
    const planned: Planned[] = [[{ kind: 'crash', node, ...this.how() }, 0, lastsMs]];
    // Once more while it comes up.
    if (this.random.below(4) === 0)
      planned.push([{ kind: 'crash', node, ...this.how() }, lastsMs + this.random.below(2_000), this.while()]);
    return planned;
  }

  private blackout(): Planned[] {
    const { random } = this;
    const planned: Planned[] = [];
    let afterMs = 0;
    do {
      const back = this.all.map((node) => [node, 100 + random.below(5_000)] as const);
      const lastsMs = Math.max(...back.map(([, ms]) => ms));
      planned.push([{ kind: 'blackout', luck: this.coin(), back }, afterMs, lastsMs]);
      // The power may fail again while everything comes up.
      afterMs += lastsMs + random.below(2_000);
    } while (random.below(3) === 0);
    return planned;
  }

  /** Two groups that do not hear each other, or one that is not heard. */
  private partition(): Planned[] {
    const { random, all } = this;
    const some = all.filter(() => random.below(3) === 0);
    const others = all.filter((name) => !some.includes(name));
    const oneWay = random.below(3) === 0;
    const ways = some.flatMap((a) =>
      others.flatMap((b): Way[] =>
        oneWay
          ? [[a, b]]
          : [
              [a, b],
              [b, a],
            ],
      ),
    );
    return ways.length === 0 ? [] : [[{ kind: 'cut', ways }, 0, this.while()]];
  }

  /** Ways are clogged one by one and opened in another order. */
  private swizzle(): Planned[] {
    const { random, all } = this;
    const spanMs = 1_000 + random.below(20_000);
    return all.flatMap((from) =>
      all.flatMap((to): Planned[] => {
        if (from === to || random.below(4) > 0) return [];
        const beginMs = random.below(spanMs);
        return [[{ kind: 'clog', way: [from, to] }, beginMs, spanMs - beginMs + random.below(spanMs)]];
      }),
    );
  }

  private clock(): Planned[] {
    const node = this.pick(this.all);
    if (this.coin()) {
      const hours = 1 + this.random.below(30);
      return [[{ kind: 'clock jump', node, byMs: (this.coin() ? 1 : -1) * hours * 3_600_000 }, 0, 0]];
    }
    return [[{ kind: 'clock drift', node, rate: 0.95 + this.random.fraction() / 10 }, 0, this.while()]];
  }

  private place(): { readonly node: string; readonly path: string } {
    const { around, random } = this;
    if (random.below(6) === 0) return { node: around.nameNode, path: around.spareNameDirectory };
    return { node: this.pick(around.dataNodes), path: this.pick(around.volumes) };
  }

  private diskError(): Planned[] {
    const { random } = this;
    const { node, path } = this.place();
    const operations = this.pick<DiskOperations>(['read', 'write', 'sync', 'all']);
    const rule = {
      path,
      operations,
      error: random.below(4) === 0 ? ('ENOSPC' as const) : ('EIO' as const),
      times: this.coin() ? 1 + random.below(3) : undefined,
      every: this.coin() ? 1 + random.below(20) : undefined,
    };
    return [[{ kind: 'disk', node, rule }, 0, this.while()]];
  }

  /** Slow, or as good as hung. Any disk may be slow, the NameNode's first one too. */
  private slowDisk(): Planned[] {
    const { random, around } = this;
    const isNameNode = random.below(5) === 0;
    const node = isNameNode ? around.nameNode : this.pick(around.dataNodes);
    const path = isNameNode ? '/' : this.pick(around.volumes);
    const delayMs = isNameNode
      ? 1 + random.below(300)
      : random.below(3) === 0
        ? 1 + random.below(60_000)
        : 1 + random.below(500);
    const rule = {
      path,
      operations: this.pick<DiskOperations>(['read', 'write', 'sync', 'all']),
      delayMs,
      every: 1 + random.below(10),
    };
    return [[{ kind: 'disk', node, rule }, 0, this.while(30_000)]];
  }
}
