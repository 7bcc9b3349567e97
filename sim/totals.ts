// What the runs of one command come to: how much was played, what was done to it, and which rare situations were met.
import { SITUATIONS, type Situation } from '../src/base/sometimes.ts';
import type { RunResult } from './run.ts';

/** How many runs met each rare situation: one that none met was not tried at all. */
export class Marks {
  private readonly counts = new Map<Situation, number>();

  add(reached: ReadonlySet<Situation>): void {
    for (const situation of reached) this.counts.set(situation, (this.counts.get(situation) ?? 0) + 1);
  }

  lines(): string[] {
    return SITUATIONS.map((situation) => `sometimes: ${situation}: ${this.counts.get(situation) ?? 'NEVER'}`);
  }
}

export class Totals {
  seeds = 0;
  broken: number[] = [];
  virtualMs = 0;
  events = 0;
  readonly marks = new Marks();
  private readonly faults = new Map<string, number>();

  add(result: RunResult): void {
    this.seeds++;
    if (result.violations.length > 0) this.broken.push(result.seed);
    this.virtualMs += result.virtualMs;
    this.events += result.events;
    this.marks.add(result.reached);
    for (const [kind, times] of result.done) this.faults.set(kind, (this.faults.get(kind) ?? 0) + times);
  }

  lines(cpuMs: number): string[] {
    const { seeds, broken, virtualMs, events, faults } = this;
    const hours = (ms: number): string => (ms / 3_600_000).toFixed(3);
    const times = cpuMs > 0 ? (virtualMs / cpuMs).toFixed(0) : '?';
    return [
      `${seeds} seeds, ${hours(virtualMs)} virtual hours in ${hours(cpuMs)} core hours (${times} times real time), ` +
        `${Math.round(events / Math.max(1, cpuMs / 1000))} events/s, ${broken.length} seeds with violations${broken.length > 0 ? `: ${broken.join(' ')}` : ''}`,
      `faults: ${[...faults].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    ];
  }
}
