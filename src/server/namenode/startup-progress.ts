// How far the start of the NameNode is, in Hadoop's four phases and their steps: the image, the log, a checkpoint where an
// upgrade or an import makes one, and safe mode. For /startupProgress and its bean. Mirrors Hadoop's StartupProgressView.
import type { ImageStep, StepWatch } from '../../format/fsimage/steps.ts';
import type { Clock } from '../../host/host.ts';

export type StartupPhase = 'LoadingFsImage' | 'LoadingEdits' | 'SavingCheckpoint' | 'SafeMode';

const DESCRIPTIONS: Readonly<Record<StartupPhase, string>> = {
  LoadingFsImage: 'Loading fsimage',
  LoadingEdits: 'Loading edits',
  SavingCheckpoint: 'Saving checkpoint',
  SafeMode: 'Safe mode',
};
const PHASES = Object.keys(DESCRIPTIONS) as StartupPhase[];

type StepName = ImageStep | 'AwaitingReportedBlocks';

/** In the order in which Hadoop takes them. */
const STEP_DESCRIPTIONS: Readonly<Record<StepName, string>> = {
  ErasureCodingPolicies: 'erasure coding policies',
  Inodes: 'inodes',
  DelegationTokens: 'delegation tokens',
  CachePools: 'cache pools',
  AwaitingReportedBlocks: 'awaiting reported blocks',
};
const STEP_NAMES = Object.keys(STEP_DESCRIPTIONS);

/** A step has a name, or a file, or both. */
export interface StepOf {
  readonly name?: StepName;
  readonly file?: string;
  readonly size?: number;
}

interface Span {
  begin: number;
  end: number | undefined;
}

class Step implements StepWatch, Span {
  readonly of: StepOf;
  readonly begin: number;
  end: number | undefined;
  total = 0;
  done: () => number = () => 0;
  readonly #clock: Clock;

  constructor(of: StepOf, clock: Clock) {
    this.of = of;
    this.#clock = clock;
    this.begin = clock.monotonic();
  }

  finish(): void {
    const reached = this.done();
    // What was counted is not kept for it.
    this.done = () => reached;
    this.end = this.#clock.monotonic();
  }
}

class Phase implements Span {
  begin: number;
  end: number | undefined;
  file: string | undefined;
  size: number | undefined;
  readonly steps = new Map<string, Step>();

  constructor(begin: number) {
    this.begin = begin;
  }
}

export interface StepView {
  readonly name: string | undefined;
  readonly desc: string | undefined;
  readonly count: number;
  readonly file: string | undefined;
  readonly size: number | undefined;
  readonly total: number;
  readonly percentComplete: number;
  readonly elapsedTime: number;
}

export interface PhaseView {
  readonly name: StartupPhase;
  readonly desc: string;
  readonly status: 'PENDING' | 'RUNNING' | 'COMPLETE';
  readonly percentComplete: number;
  readonly elapsedTime: number;
  readonly file: string | undefined;
  readonly size: number | undefined;
  readonly steps: readonly StepView[];
}

export interface StartupView {
  readonly elapsedTime: number;
  /** In [0, 1], as all of them. */
  readonly percentComplete: number;
  readonly phases: readonly PhaseView[];
}

const portion = (count: number, total: number): number => (total > 0 ? Math.min(1, count / total) : 0);

/** By file, and of one file in the order in which they are taken. */
function byFile({ of: a }: Step, { of: b }: Step): number {
  const [fileA, fileB] = [a.file ?? '', b.file ?? ''];
  if (fileA !== fileB) return fileA < fileB ? -1 : 1;
  return STEP_NAMES.indexOf(a.name ?? '') - STEP_NAMES.indexOf(b.name ?? '');
}

export class StartupProgress {
  readonly #clock: Clock;
  readonly #phases = new Map<StartupPhase, Phase>();
  #reports: StepWatch | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(name: StartupPhase): void {
    this.#phases.set(name, new Phase(this.#clock.monotonic()));
  }

  /** A phase that never began took no time. */
  end(name: StartupPhase): void {
    const now = this.#clock.monotonic();
    const phase = this.#phases.get(name) ?? new Phase(now);
    phase.end ??= now;
    this.#phases.set(name, phase);
  }

  /** The file that a phase is about. */
  reads(name: StartupPhase, file: string, size: number): void {
    const phase = this.#phases.get(name);
    if (phase === undefined) return;
    phase.file = file;
    phase.size = size;
    // Those of another file that turned out to be damaged.
    phase.steps.clear();
  }

  /** Begins a step of a phase that has begun; one that is taken again counts anew. */
  step(name: StartupPhase, of: StepOf): StepWatch {
    const step = new Step(of, this.#clock);
    this.#phases.get(name)?.steps.set(JSON.stringify([of.file, of.name]), step);
    return step;
  }

  /** Safe mode begins with this many blocks of which reports have to tell; `safe` is how many there are by now. */
  inSafeMode(blocks: number, safe: () => number): void {
    this.begin('SafeMode');
    this.#reports = this.step('SafeMode', { name: 'AwaitingReportedBlocks' });
    this.#reports.total = blocks;
    this.#reports.done = safe;
  }

  /** Later ones are no part of the start. */
  leftSafeMode(): void {
    this.#reports?.finish();
    this.#reports = undefined;
    this.end('SafeMode');
  }

  view(): StartupView {
    const now = this.#clock.monotonic();
    const elapsed = ({ begin, end = now }: Span): number => Math.max(0, Math.round(end - begin));
    const phases = PHASES.map((name): PhaseView => {
      const phase = this.#phases.get(name);
      const status = phase === undefined ? 'PENDING' : phase.end === undefined ? 'RUNNING' : 'COMPLETE';
      const isComplete = status === 'COMPLETE';
      const steps = [...(phase?.steps.values() ?? [])].sort(byFile).map((step): StepView => {
        const count = step.done();
        return {
          name: step.of.name,
          desc: step.of.name && STEP_DESCRIPTIONS[step.of.name],
          count,
          file: step.of.file,
          size: step.of.size,
          total: step.total,
          percentComplete: isComplete ? 1 : portion(count, step.total),
          elapsedTime: elapsed(step),
        };
      });
      const sum = (of: (step: StepView) => number): number => steps.reduce((all, step) => all + of(step), 0);
      return {
        name,
        desc: DESCRIPTIONS[name],
        status,
        percentComplete: isComplete
          ? 1
          : portion(
              sum(({ count }) => count),
              sum(({ total }) => total),
            ),
        elapsedTime: phase === undefined ? 0 : elapsed(phase),
        file: phase?.file,
        size: phase?.size,
        steps,
      };
    });
    const [begin, end] = [this.#phases.get('LoadingFsImage')?.begin, this.#phases.get('SafeMode')?.end];
    return {
      elapsedTime: begin === undefined ? 0 : elapsed({ begin, end }),
      percentComplete:
        end === undefined ? phases.reduce((sum, { percentComplete }) => sum + percentComplete, 0) / phases.length : 1,
      phases,
    };
  }
}
