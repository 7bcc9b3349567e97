// Which of this node's disks answer far more slowly than the others, by the averages of the last interval. Apache:
// DataNodeDiskMetrics.
import { findOutliers } from '../../core/slow/outliers.ts';
import type { Clock } from '../../host/host.ts';
import type { DataNodeSettings } from './settings.ts';
import type { IoKind, VolumeIo } from './volume-io.ts';

type DiskSettings = Pick<
  DataNodeSettings,
  'diskSamplingPercent' | 'diskMinDisks' | 'diskLowThresholdMs' | 'maxSlowDisksExcluded' | 'outliersReportMs'
>;

export interface MeasuredVolume {
  readonly path: string;
  readonly io: Pick<VolumeIo, 'times'>;
}

export type SlowDisks = ReadonlyMap<string, Readonly<Partial<Record<IoKind, number>>>>;

const KINDS: readonly IoKind[] = ['METADATA', 'READ', 'WRITE'];
const NONE: ReadonlySet<string> = new Set();

/** By the longest of each disk's averages. */
function slowest(disks: SlowDisks, count: number): ReadonlySet<string> {
  if (count <= 0 || disks.size === 0) return NONE;
  const longest = [...disks].map(([path, means]) => ({ path, ms: Math.max(...Object.values(means)) }));
  longest.sort((a, b) => b.ms - a.ms);
  return new Set(longest.slice(0, count).map(({ path }) => path));
}

export class DiskMetrics {
  readonly #clock: Clock;
  readonly #settings: DiskSettings;
  readonly #volumes: () => readonly MeasuredVolume[];
  #dueMs: number;
  #slow: SlowDisks = new Map();
  #excluded: ReadonlySet<string> = NONE;

  constructor(clock: Clock, settings: DiskSettings, volumes: () => readonly MeasuredVolume[]) {
    this.#clock = clock;
    this.#settings = settings;
    this.#volumes = volumes;
    this.#dueMs = clock.monotonic() + settings.outliersReportMs;
  }

  /** dfs.datanode.fileio.profiling.sampling.percentage is more than 0; then every call counts. */
  get enabled(): boolean {
    return this.#settings.diskSamplingPercent > 0;
  }

  /** Directories of slow disks, with the averages (ms) by which they are; looked for anew every report interval. */
  slow(): SlowDisks {
    const now = this.#clock.monotonic();
    if (this.enabled && now >= this.#dueMs) {
      this.#dueMs = now + this.#settings.outliersReportMs;
      this.#slow = this.#detect();
      this.#excluded = slowest(this.#slow, this.#settings.maxSlowDisksExcluded);
    }
    return this.#slow;
  }

  /** Directories of the slowest disks, dfs.datanode.max.slowdisks.to.exclude of them: they get no new replicas. */
  get excluded(): ReadonlySet<string> {
    return this.enabled ? this.#excluded : NONE;
  }

  #detect(): SlowDisks {
    const { diskMinDisks: minResources, diskLowThresholdMs: lowThresholdMs } = this.#settings;
    const means = this.#volumes().map(({ path, io }) => ({ path, mean: io.times.take() }));
    const found = new Map<string, Partial<Record<IoKind, number>>>();
    for (const kind of KINDS) {
      const latencies = new Map(means.map(({ path, mean }) => [path, mean[kind]]));
      for (const [path, { latencyMs }] of findOutliers(latencies, { minResources, lowThresholdMs })) {
        found.set(path, { ...found.get(path), [kind]: latencyMs });
      }
    }
    return found;
  }
}
