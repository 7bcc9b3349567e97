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

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Notes that the invariant was looked at, so that nobody has to believe it. */
  looked(invariant: string): void {
    this.evaluated.set(invariant, (this.evaluated.get(invariant) ?? 0) + 1);
  }

  add(invariant: string, detail: string): void {
    if (this.found.length < MOST_KEPT) this.found.push({ invariant, detail, atMs: this.nowMs() });
  }

  /** Adds one unless `holds`. */
  check(holds: boolean, invariant: string, detail: () => string): void {
    this.looked(invariant);
    if (!holds) this.add(invariant, detail());
  }
}
