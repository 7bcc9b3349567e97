// How far the start of the NameNode is, in Hadoop's four phases: the image, the log, a checkpoint where an upgrade makes one,
// and safe mode, whose end the block manager knows. For /startupProgress and its bean.
import type { Clock } from '../../host/host.ts';

export type StartupPhase = 'LoadingFsImage' | 'LoadingEdits' | 'SavingCheckpoint' | 'SafeMode';

const DESCRIPTIONS: Readonly<Record<StartupPhase, string>> = {
  LoadingFsImage: 'Loading fsimage',
  LoadingEdits: 'Loading edits',
  SavingCheckpoint: 'Saving checkpoint',
  SafeMode: 'Safe mode',
};
const PHASES = Object.keys(DESCRIPTIONS) as StartupPhase[];

interface Span {
  begin: number;
  end: number | undefined;
}

export interface SafeModeView {
  readonly isOn: boolean;
  /** Blocks that are reported, of those that have to be. */
  readonly safe: number;
  readonly total: number;
}

export interface PhaseView {
  readonly name: StartupPhase;
  readonly desc: string;
  readonly status: 'PENDING' | 'RUNNING' | 'COMPLETE';
  readonly percentComplete: number;
  readonly elapsedTime: number;
  readonly steps: readonly StepView[];
}

export interface StepView {
  readonly name: string;
  readonly desc: string;
  readonly count: number;
  readonly total: number;
  readonly percentComplete: number;
  readonly elapsedTime: number;
}

export class StartupProgress {
  readonly #clock: Clock;
  readonly #spans = new Map<StartupPhase, Span>();
  #safeMode: (() => SafeModeView) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(phase: StartupPhase): void {
    this.#spans.set(phase, { begin: this.#clock.monotonic(), end: undefined });
  }

  /** A phase that never began took no time. */
  end(phase: StartupPhase): void {
    const now = this.#clock.monotonic();
    const span = this.#spans.get(phase);
    if (span === undefined) this.#spans.set(phase, { begin: now, end: now });
    else span.end = now;
  }

  /** From now on safe mode is what the start waits for. */
  inSafeMode(view: () => SafeModeView): void {
    this.#safeMode = view;
    this.begin('SafeMode');
  }

  /** The namespace has left safe mode; later ones are no part of the start. */
  #noticeSafeMode(): SafeModeView | undefined {
    const view = this.#safeMode?.();
    const span = this.#spans.get('SafeMode');
    if (view !== undefined && span !== undefined && span.end === undefined && !view.isOn) this.end('SafeMode');
    return view;
  }

  /** Called when safe mode ends, so that its time is right even if nobody asks meanwhile. */
  leftSafeMode(): void {
    if (this.#spans.get('SafeMode')?.end === undefined) this.end('SafeMode');
  }

  phases(): readonly PhaseView[] {
    const safeMode = this.#noticeSafeMode();
    const now = this.#clock.monotonic();
    return PHASES.map((name): PhaseView => {
      const span = this.#spans.get(name);
      const status = span === undefined ? 'PENDING' : span.end === undefined ? 'RUNNING' : 'COMPLETE';
      const elapsedTime = span === undefined ? 0 : Math.round((span.end ?? now) - span.begin);
      const steps: StepView[] = [];
      let percentComplete = status === 'COMPLETE' ? 1 : 0;
      if (name === 'SafeMode' && safeMode !== undefined && span !== undefined) {
        const { safe, total } = safeMode;
        if (status === 'RUNNING') percentComplete = total === 0 ? 0 : Math.min(1, safe / total);
        const step = { name: 'AwaitingReportedBlocks', desc: 'awaiting reported blocks' };
        steps.push({ ...step, count: Math.min(safe, total), total, percentComplete, elapsedTime });
      }
      return { name, desc: DESCRIPTIONS[name], status, percentComplete, elapsedTime, steps };
    });
  }

  view() {
    const phases = this.phases();
    return { elapsedTime: this.elapsedMs(phases), percentComplete: this.percentComplete(phases), phases };
  }

  elapsedMs(phases = this.phases()): number {
    return phases.reduce((sum, { elapsedTime }) => sum + elapsedTime, 0);
  }

  /** In [0, 1]. */
  percentComplete(phases = this.phases()): number {
    return phases.reduce((sum, phase) => sum + phase.percentComplete, 0) / phases.length;
  }
}
