// Makes the shape of a failing run smaller while the run goes on failing in the same way: fewer faults, fewer clients, less
// time. Faults are taken away in halves, then quarters, then one by one (delta debugging). A smaller shape is another run,
// since everything in it falls differently; that it breaks the same invariant is all that is asked of it.
import { endOf } from './faults.ts';
import type { RunResult } from './run.ts';
import type { Shape } from './shape.ts';

export interface Minimum {
  readonly shape: Shape;
  /** Of the smallest run that failed. */
  readonly result: RunResult;
  readonly runs: number;
}

export type PlayShape = (shape: Shape) => Promise<RunResult>;

const SHORTEST_SPAN_MS = 10_000;
/** Faults end a little before the run does. */
const MARGIN_MS = 5_000;

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
  private readonly invariants: ReadonlySet<string>;
  private readonly play: PlayShape;
  private readonly mostRuns: number;
  private readonly tell: (line: string) => void;

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
    await this.cutTime();
    await this.dropFaults();
    await this.dropRoles();
    await this.cutTime();
    return { shape: this.shape, result: this.result, runs: this.runs };
  }

  /** Takes a smaller shape when it fails too. */
  private async try(shape: Shape): Promise<boolean> {
    if (this.runs >= this.mostRuns) return false;
    this.runs++;
    const result = await this.play(shape);
    const fails = result.violations.some(({ invariant }) => this.invariants.has(invariant));
    if (!fails) return false;
    this.shape = shape;
    this.result = result;
    this.tell(`${this.runs} runs: ${shape.faults.length} faults, ${shape.roles.length} clients, ${shape.spanMs / 1000} s`);
    return true;
  }

  /** Ends soon after the violation, or sooner. */
  private async cutTime(): Promise<void> {
    for (let spanMs = this.firstSpan(); spanMs >= SHORTEST_SPAN_MS && spanMs < this.shape.spanMs; spanMs /= 2) {
      const faults = this.shape.faults.filter(({ atMs }) => atMs < spanMs);
      if (!(await this.try({ ...this.shape, spanMs, faults }))) return;
    }
  }

  private firstSpan(): number {
    const { faults, spanMs } = this.shape;
    const atMs = this.result.violations[0]?.atMs ?? spanMs;
    return Math.ceil(Math.min(spanMs / 2, Math.max(atMs, endOf(faults.slice(0, 1))) + MARGIN_MS));
  }

  private async dropFaults(): Promise<void> {
    for (let size = Math.ceil(this.shape.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < this.shape.faults.length; ) {
        const { faults } = this.shape;
        const kept = [...faults.slice(0, from), ...faults.slice(from + size)];
        if (!(await this.try({ ...this.shape, faults: kept }))) from += size;
      }
    }
  }

  private async dropRoles(): Promise<void> {
    for (let index = this.shape.roles.length - 1; index >= 0 && this.shape.roles.length > 1; index--) {
      await this.try({ ...this.shape, roles: this.shape.roles.filter((_, i) => i !== index) });
    }
  }
}
