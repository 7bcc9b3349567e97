// How long this node's packets take to leave for the last node of their pipelines, by that node, and which nodes are slow by
// it. Apache: DataNodePeerMetrics.
import { findOutliers, type Outlier } from '../../core/slow/outliers.ts';
import { RollingAverages } from '../../core/slow/rolling-averages.ts';
import type { Clock } from '../../host/host.ts';
import type { DataNodeSettings } from './settings.ts';

type PeerSettings = Pick<DataNodeSettings, 'peerStats' | 'peerMinSamples' | 'peerMinNodes' | 'peerLowThresholdMs'>;

export class PeerMetrics {
  readonly #clock: Clock;
  readonly #settings: PeerSettings;
  readonly #averages: RollingAverages;

  constructor(clock: Clock, settings: PeerSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#averages = new RollingAverages(clock.monotonic());
  }

  /** dfs.datanode.peer.stats.enabled. */
  get enabled(): boolean {
    return this.#settings.peerStats;
  }

  sent(peer: string, ms: number): void {
    this.#averages.add(peer, ms, this.#clock.monotonic());
  }

  /** Averages in milliseconds, of all nodes. */
  get averages(): ReadonlyMap<string, number> {
    return this.#averages.averages(this.#clock.monotonic(), 0);
  }

  outliers(): ReadonlyMap<string, Outlier> {
    const { peerMinSamples, peerMinNodes, peerLowThresholdMs } = this.#settings;
    const averages = this.#averages.averages(this.#clock.monotonic(), peerMinSamples);
    return findOutliers(averages, { minResources: peerMinNodes, lowThresholdMs: peerLowThresholdMs });
  }
}
