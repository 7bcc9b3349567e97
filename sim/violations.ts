// What a run found wrong: each entry names the invariant that was broken (NS1, BK6, DL1 ...), what was seen, and when.

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
  /** Virtual milliseconds since the beginning. */
  readonly atMs: number;
}

/** More of them tell nothing new. */
const MOST_KEPT = 50;

export class Violations {
  readonly found: Violation[] = [];
  /** How often each invariant was looked at. */
  readonly evaluated = new Map<string, number>();
  private readonly nowMs: () => number;

  /** Only these count; undefined: all. */
  private readonly only: ReadonlySet<string> | undefined;

  constructor(nowMs: () => number, only?: ReadonlySet<string>) {
    this.nowMs = nowMs;
    this.only = only;
  }

  /** Notes that the invariant was looked at, so that nobody has to believe it. */
  looked(invariant: string): void {
    this.evaluated.set(invariant, (this.evaluated.get(invariant) ?? 0) + 1);
  }

  add(invariant: string, detail: string): void {
    if (this.only?.has(invariant) === false) return;
    if (this.found.length < MOST_KEPT) this.found.push({ invariant, detail, atMs: this.nowMs() });
  }

  /** Adds one unless `holds`. */
  check(holds: boolean, invariant: string, detail: () => string): void {
    this.looked(invariant);
    if (!holds) this.add(invariant, detail());
  }
}
