// Makes the shape of a failing run smaller while the run goes on failing in the same way: less time, fewer faults, fewer
// clients and machines. Time is halved from both ends; faults are taken away in halves, then quarters, then one by one (delta
// debugging). A smaller shape is another run, since everything in it falls differently: one that is well under this seed may
// fail under the next, so each is tried under several seeds, and the one that failed is part of the answer.
import type { Fault } from './faults.ts';
import type { RunResult } from './run.ts';
import type { Shape } from './shape.ts';

export interface Minimum {
  readonly shape: Shape;
  /** Of the smallest run that failed, with its seed. */
  readonly result: RunResult;
  readonly runs: number;
}

export type PlayShape = (shape: Shape, seed: number) => Promise<RunResult>;

const SHORTEST_SPAN_MS = 10_000;
/** A span is short enough when the longest one that is known to be well is no shorter than this part of it. */
const SPAN_PRECISION = 0.8;
/** A violation shows a little after what led to it. */
const MARGIN_MS = 5_000;
/** Seeds under which a smaller shape is tried: few at first, while there is much to take away, more in each further round. */
const SEEDS_TRIED = [1, 3, 6];
/** The further seeds lie far away from those that people play. */
const SEED_STEP = 1_000_003;

export async function minimize(
  first: RunResult,
  play: PlayShape,
  mostRuns: number,
  tell: (line: string) => void,
): Promise<Minimum> {
  return new Minimizer(first, play, mostRuns, tell).run();
}

class Minimizer {
  private shape: Shape;
  private result: RunResult;
  private runs = 0;
  private seedsTried = 1;
  private readonly invariants: ReadonlySet<string>;
  private readonly play: PlayShape;
  private readonly mostRuns: number;
  private readonly tell: (line: string) => void;
  /** Shapes that were well, with the seeds under which they were: asking again would tell nothing new. */
  private readonly well = new Map<string, number>();

  constructor(first: RunResult, play: PlayShape, mostRuns: number, tell: (line: string) => void) {
    this.result = first;
    this.shape = first.shape;
    // The first to break tells what is wrong; what follows may follow from it.
    this.invariants = new Set(first.violations.slice(0, 1).map(({ invariant }) => invariant));
    this.play = play;
    this.mostRuns = mostRuns;
    this.tell = tell;
  }

  async run(): Promise<Minimum> {
    for (const seeds of SEEDS_TRIED) {
      this.seedsTried = seeds;
      for (let before: Shape | undefined; before !== this.shape && this.runs < this.mostRuns; ) {
        before = this.shape;
        await this.cutTime();
        await this.dropFaults();
        await this.dropRoles();
        await this.dropMachines();
      }
    }
    return { shape: this.shape, result: this.result, runs: this.runs };
  }

  /** Takes a smaller shape when it fails too, under the seed that failed last or one of the next. */
  private async try(shape: Shape): Promise<boolean> {
    const name = JSON.stringify(shape);
    for (let attempt = this.well.get(name) ?? 0; attempt < this.seedsTried && this.runs < this.mostRuns; attempt++) {
      this.runs++;
      const result = await this.play(shape, this.result.seed + attempt * SEED_STEP);
      if (result.violations.some(({ invariant }) => this.invariants.has(invariant))) {
        this.shape = shape;
        this.result = result;
        // What was well under the seeds after another one may fail under those after this one.
        if (attempt > 0) this.well.clear();
        this.tell(`${this.runs} runs: ${tellShape(shape)}${attempt > 0 ? `, under seed ${result.seed}` : ''}`);
        return true;
      }
      this.well.set(name, attempt + 1);
    }
    return false;
  }

  /** Looks for the shortest time in which it still fails, first near where the violation was. */
  private async cutTime(): Promise<void> {
    // A shape of steps instead of time has none to cut.
    if (this.shape.spanMs === 0) return;
    const atMs = (this.result.violations[0]?.atMs ?? 0) + MARGIN_MS;
    let spanMs = atMs < this.shape.spanMs ? Math.ceil(Math.max(atMs, SHORTEST_SPAN_MS)) : this.middle(SHORTEST_SPAN_MS);
    for (let wellMs = SHORTEST_SPAN_MS / 2; spanMs < this.shape.spanMs; spanMs = this.middle(wellMs)) {
      const faults = this.shape.faults.filter((fault) => fault.atMs < spanMs);
      if (!(await this.try({ ...this.shape, spanMs, faults }))) wellMs = spanMs;
      if (wellMs >= this.shape.spanMs * SPAN_PRECISION || this.shape.spanMs <= SHORTEST_SPAN_MS) return;
    }
  }

  private middle(wellMs: number): number {
    return Math.ceil(Math.max(SHORTEST_SPAN_MS, (wellMs + this.shape.spanMs) / 2));
  }

  private async dropFaults(): Promise<void> {
    for (let size = Math.ceil(this.shape.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < this.shape.faults.length; ) {
        const { faults } = this.shape;
        const kept: readonly Fault[] = [...faults.slice(0, from), ...faults.slice(from + size)];
        if (!(await this.try({ ...this.shape, faults: kept }))) from += size;
      }
    }
  }

  private async dropRoles(): Promise<void> {
    for (let index = this.shape.roles.length - 1; index >= 0 && this.shape.roles.length > 1; index--) {
      await this.try({ ...this.shape, roles: this.shape.roles.filter((_, i) => i !== index) });
    }
  }

  /** Machines to which nothing is done. */
  private async dropMachines(): Promise<void> {
    const { faults } = this.shape;
    const isNamed = (node: string): boolean => faults.some((fault) => JSON.stringify(fault).includes(`"${node}"`));
    if (this.shape.secondary === true && !isNamed('snn')) await this.try({ ...this.shape, secondary: false });
    for (let left = this.shape.clients - 1; left >= 1 && !isNamed(`client${left}`); left--) {
      if (!(await this.try({ ...this.shape, clients: left }))) return;
    }
  }
}

function tellShape({ faults, roles, clients, spanMs }: Shape): string {
  return `${faults.length} faults, ${roles.length} actors on ${clients} machines, ${spanMs / 1000} s`;
}
