// What DataNodes said of slow peers and of their own slow disks, as long as it is believed. Apache: SlowPeerTracker,
// SlowDiskTracker.
import type { Outlier } from './outliers.ts';

/** Nodes or disks that are remembered; what would come beyond is passed over. */
const MAX_REMEMBERED = 100_000;

interface Dated<T> {
  readonly value: T;
  readonly atMs: number;
}

export interface SlowPeer {
  /** As the reporting nodes call it: host and port of its web server. */
  readonly node: string;
  /** By the names of those that reported. */
  readonly reports: readonly (Outlier & { readonly reportingNode: string })[];
}

export class SlowPeerTracker {
  readonly #validityMs: number;
  readonly #reports = new Map<string, Map<string, Dated<Outlier>>>();

  constructor(validityMs: number) {
    this.#validityMs = validityMs;
  }

  add(slowNode: string, reportingNode: string, outlier: Outlier, nowMs: number): void {
    let reports = this.#reports.get(slowNode);
    if (reports === undefined) {
      if (this.#reports.size >= MAX_REMEMBERED) return;
      reports = new Map();
      this.#reports.set(slowNode, reports);
    }
    reports.set(reportingNode, { value: outlier, atMs: nowMs });
  }

  /** The nodes that most others call slow, at most that many, the least of them first. */
  top(count: number, nowMs: number): readonly SlowPeer[] {
    const valid: SlowPeer[] = [];
    for (const [node, reports] of this.#reports) {
      for (const [reporter, { atMs }] of reports) if (nowMs - atMs >= this.#validityMs) reports.delete(reporter);
      if (reports.size === 0) this.#reports.delete(node);
      else valid.push({ node, reports: sortedReports(reports) });
    }
    // Equally often named ones stay in the order in which they were first named.
    const most = valid.sort((a, b) => b.reports.length - a.reports.length).slice(0, count);
    return most.reverse();
  }
}

const sortedReports = (reports: ReadonlyMap<string, Dated<Outlier>>): SlowPeer['reports'] =>
  [...reports]
    .map(([reportingNode, { value }]) => ({ reportingNode, ...value }))
    .sort((a, b) => (a.reportingNode < b.reportingNode ? -1 : 1));

export type DiskOp = 'METADATA' | 'READ' | 'WRITE';

export interface SlowDisk {
  /** `host:ipcPort:path`. */
  readonly id: string;
  readonly latencies: Readonly<Partial<Record<DiskOp, number>>>;
}

export class SlowDiskTracker {
  readonly #intervalMs: number;
  readonly #maxDisks: number;
  readonly #disks = new Map<string, Dated<SlowDisk>>();
  #dueMs: number | undefined;
  #report: readonly SlowDisk[] = [];

  /** The report is made anew every `intervalMs`, of what came in three of them. */
  constructor(options: { readonly intervalMs: number; readonly maxDisks: number }) {
    this.#intervalMs = options.intervalMs;
    this.#maxDisks = options.maxDisks;
  }

  add(disk: SlowDisk, nowMs: number): void {
    if (this.#disks.has(disk.id) || this.#disks.size < MAX_REMEMBERED) this.#disks.set(disk.id, { value: disk, atMs: nowMs });
  }

  /** To be called with every heartbeat. */
  heartbeat(nowMs: number): void {
    this.#dueMs ??= nowMs + this.#intervalMs;
    if (nowMs <= this.#dueMs) return;
    this.#dueMs = nowMs + this.#intervalMs;
    for (const [id, { atMs }] of this.#disks) if (nowMs - atMs >= 3 * this.#intervalMs) this.#disks.delete(id);
    const slowest = [...this.#disks.values()].map(({ value }) => value).sort((a, b) => worst(b) - worst(a));
    this.#report = slowest.slice(0, this.#maxDisks).reverse();
  }

  get report(): readonly SlowDisk[] {
    return this.#report;
  }
}

const worst = ({ latencies }: SlowDisk): number => Math.max(0, ...Object.values(latencies));
