// Which priority a user's calls have: the more of all calls of late are theirs, the lower. What was counted shrinks in every
// period, so that it is forgotten in time. Apache: DecayRpcScheduler.

export interface DecayOptions {
  readonly levels: number;
  /** Time between two sweeps; whoever owns the scheduler calls `decay` so often. */
  readonly periodMs: number;
  /** What is left of a count after a sweep: between 0 and 1. */
  readonly factor: number;
  /** Shares of all calls from which the levels below the highest begin. */
  readonly thresholds: readonly number[];
  /** Always of the highest priority, and not counted with the others. */
  readonly serviceUsers: ReadonlySet<string>;
  /** Average response times (ms) of each level beyond which it, and all below it, are told to back off; undefined: never. */
  readonly backOffTimesMs: readonly number[] | undefined;
}

/** Halved for each level further up. */
export const defaultThresholds = (levels: number): readonly number[] =>
  Array.from({ length: levels - 1 }, (_, level) => 2 ** level / 2 ** (levels - 1));

/** Ten seconds for each level. */
export const defaultBackOffTimes = (levels: number): readonly number[] =>
  Array.from({ length: levels }, (_, level) => 10_000 * (level + 1));

/** An average below it counts as none. */
const PRECISION = 0.0001;

interface Cost {
  decayed: number;
  raw: number;
}

interface Totals {
  decayed: number;
  raw: number;
}

export class DecayScheduler {
  readonly options: DecayOptions;
  readonly totals: Totals = { decayed: 0, raw: 0 };
  /** Of service users, who do not count in the others. */
  readonly serviceTotals: Totals = { decayed: 0, raw: 0 };
  /** By level, of the period before this one. */
  readonly averageResponseMs: number[];
  readonly responseCounts: number[];
  readonly #costs = new Map<string, Cost>();
  /** As the last sweep decided. */
  #decisions = new Map<string, number>();
  readonly #window: { count: number; totalMs: number }[];

  constructor(options: DecayOptions) {
    this.options = options;
    const levels = Array.from({ length: options.levels }, () => 0);
    this.averageResponseMs = [...levels];
    this.responseCounts = [...levels];
    this.#window = levels.map(() => ({ count: 0, totalMs: 0 }));
  }

  /** 0 is the highest. */
  priorityOf(user: string): number {
    return this.#decisions.get(user) ?? this.#levelOf(user, this.#costs.get(user)?.decayed ?? 0);
  }

  /** Calls of this level should come later: it, or one above it, is answered too slowly. */
  shouldBackOff(level: number): boolean {
    const limits = this.options.backOffTimesMs;
    if (limits === undefined) return false;
    return this.averageResponseMs.some((average, at) => at <= level && average > (limits[at] ?? Number.POSITIVE_INFINITY));
  }

  /** A call was answered. */
  answered(user: string, level: number, responseMs: number): void {
    const cost = this.#costs.get(user) ?? { decayed: 0, raw: 0 };
    this.#costs.set(user, cost);
    const totals = this.options.serviceUsers.has(user) ? this.serviceTotals : this.totals;
    for (const counted of [cost, totals]) {
      counted.decayed++;
      counted.raw++;
    }
    const window = this.#window[Math.min(level, this.#window.length - 1)];
    if (window === undefined) return;
    window.count++;
    window.totalMs += responseMs;
  }

  /** The sweep at the end of a period. */
  decay(): void {
    for (const totals of [this.totals, this.serviceTotals]) Object.assign(totals, { decayed: 0, raw: 0 });
    for (const [user, cost] of this.#costs) {
      cost.decayed = Math.floor(cost.decayed * this.options.factor);
      const totals = this.options.serviceUsers.has(user) ? this.serviceTotals : this.totals;
      totals.decayed += cost.decayed;
      totals.raw += cost.raw;
      if (cost.decayed === 0) this.#costs.delete(user);
    }
    this.#decisions = new Map([...this.#costs].map(([user, { decayed }]) => [user, this.#levelOf(user, decayed)]));
    for (const [level, window] of this.#window.entries()) {
      const average = window.count > 0 ? window.totalMs / window.count : 0;
      const last = this.averageResponseMs[level] ?? 0;
      this.averageResponseMs[level] = last > PRECISION || average > PRECISION ? this.options.factor * last + average : 0;
      this.responseCounts[level] = window.count;
      window.count = 0;
      window.totalMs = 0;
    }
  }

  get decisions(): ReadonlyMap<string, number> {
    return this.#decisions;
  }

  /** Users that are remembered, with their calls: shrunk, and all of them. */
  get costs(): ReadonlyMap<string, Readonly<Cost>> {
    return this.#costs;
  }

  #levelOf(user: string, cost: number): number {
    if (this.options.serviceUsers.has(user)) return 0;
    const share = this.totals.decayed > 0 ? cost / this.totals.decayed : 0;
    for (let level = this.options.levels - 1; level > 0; level--) {
      if (share >= (this.options.thresholds[level - 1] ?? 1)) return level;
    }
    return 0;
  }
}
