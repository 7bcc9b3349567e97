// The NameNode's view of slow DataNodes: what the others report of them, which of them count as slow for now, and where that
// matters. Apache: DatanodeManager's slow peer collector.
import type { Datanode } from '../blocks/datanode.ts';
import type { Outlier } from './outliers.ts';
import { type SlowDisk, SlowDiskTracker, type SlowPeer, SlowPeerTracker } from './slow-trackers.ts';

export interface SlowNodesOptions {
  /** dfs.datanode.peer.stats.enabled. */
  readonly peerStats: boolean;
  /** dfs.datanode.fileio.profiling.sampling.percentage is more than 0. */
  readonly diskStats: boolean;
  /** dfs.datanode.outliers.report.interval; reports are believed for three of them. */
  readonly reportIntervalMs: number;
  /** dfs.datanode.max.nodes.to.report. */
  readonly maxNodesToReport: number;
  /** dfs.datanode.max.disks.to.report. */
  readonly maxDisksToReport: number;
  /** dfs.namenode.max.slowpeer.collect.nodes. */
  readonly maxCollected: number;
  /** dfs.namenode.slowpeer.collect.interval. */
  readonly collectIntervalMs: number;
  /** dfs.namenode.block-placement-policy.exclude-slow-nodes.enabled. */
  readonly excludeForWrite: boolean;
  /** dfs.namenode.avoid.read.slow.datanode. */
  readonly avoidForRead: boolean;
}

export const DEFAULT_SLOW_NODES_OPTIONS: SlowNodesOptions = {
  peerStats: false,
  diskStats: false,
  reportIntervalMs: 1_800_000,
  maxNodesToReport: 5,
  maxDisksToReport: 5,
  maxCollected: 5,
  collectIntervalMs: 1_800_000,
  excludeForWrite: false,
  avoidForRead: false,
};

const NOBODY: ReadonlySet<Datanode> = new Set();

export class SlowNodes {
  #options: SlowNodesOptions;
  #peers: SlowPeerTracker | undefined;
  readonly #disks: SlowDiskTracker | undefined;
  readonly #byHost: (host: string) => Datanode | undefined;
  #slow: ReadonlySet<Datanode> = NOBODY;
  #collectDueMs = Number.NEGATIVE_INFINITY;

  constructor(options: SlowNodesOptions, byHost: (host: string) => Datanode | undefined) {
    this.#options = options;
    this.#byHost = byHost;
    this.#disks = options.diskStats
      ? new SlowDiskTracker({ intervalMs: options.reportIntervalMs, maxDisks: options.maxDisksToReport })
      : undefined;
    this.configure({});
  }

  /** Goes by other options from now on; disk statistics begin with the start only. */
  configure(changes: Partial<SlowNodesOptions>): void {
    this.#options = { ...this.#options, ...changes };
    const { peerStats, reportIntervalMs } = this.#options;
    if (!peerStats) {
      this.#peers = undefined;
      this.#slow = NOBODY;
    } else if (this.#peers === undefined || changes.peerStats !== undefined) {
      this.#peers = new SlowPeerTracker(3 * reportIntervalMs);
    }
    if (changes.collectIntervalMs !== undefined) this.#collectDueMs = Number.NEGATIVE_INFINITY;
  }

  /** A heartbeat's reports, of the node at that RPC address. */
  heartbeat(reporter: string, peers: ReadonlyMap<string, Outlier>, disks: readonly SlowDisk[], nowMs: number): void {
    if (this.#peers !== undefined) {
      for (const [node, outlier] of peers) this.#peers.add(node, reporter, outlier, nowMs);
      if (nowMs >= this.#collectDueMs) {
        this.#collectDueMs = nowMs + this.#options.collectIntervalMs;
        this.#slow = new Set(this.#nodes(this.#options.maxCollected, nowMs));
      }
    }
    if (this.#disks === undefined) return;
    for (const { id, latencies } of disks) this.#disks.add({ id: `${reporter}:${id}`, latencies }, nowMs);
    this.#disks.heartbeat(nowMs);
  }

  isSlow(node: Datanode): boolean {
    return this.#slow.has(node);
  }

  /** Nodes that get no new blocks. */
  get excludedForWrite(): ReadonlySet<Datanode> {
    return this.#options.excludeForWrite ? this.#slow : NOBODY;
  }

  /** Nodes that readers are told of behind others. */
  get avoidedForRead(): ReadonlySet<Datanode> {
    return this.#options.avoidForRead ? this.#slow : NOBODY;
  }

  /** All nodes that others call slow. */
  reported(nowMs: number): readonly Datanode[] {
    return this.#nodes(MAX_REPORTED, nowMs);
  }

  /** Undefined: peers are not looked at. */
  peersReport(nowMs: number): readonly SlowPeer[] | undefined {
    return this.#peers?.top(this.#options.maxNodesToReport, nowMs);
  }

  get disksReport(): readonly SlowDisk[] {
    return this.#disks?.report ?? [];
  }

  #nodes(count: number, nowMs: number): Datanode[] {
    const found: Datanode[] = [];
    for (const { node } of this.#peers?.top(count, nowMs) ?? []) {
      const colon = node.lastIndexOf(':');
      const known = colon < 0 ? undefined : this.#byHost(node.slice(0, colon));
      if (known !== undefined) found.push(known);
    }
    return found;
  }
}

/** Of one answer. */
const MAX_REPORTED = 100_000;
