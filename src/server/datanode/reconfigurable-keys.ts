// The keys that a running DataNode can change, and what changing each of them does. Apache: DataNode.reconfigurePropertyImpl.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { DATANODE_RUN_TIME_KEYS } from '../../config/keys/run-time.ts';
import {
  changeable,
  changeableTime,
  type ReconfigurableKey,
  runTimeKeys,
  trueOrFalse,
  wholeLong,
  wholeNumber,
} from '../../config/reconfiguration.ts';
import type { Counters } from './counters.ts';
import { type DataDirectory, describeDirectory, parseDataDirectories } from './data-directories.ts';
import type { Throttles } from './services.ts';
import type { DataNodeSettings } from './settings.ts';

const DATA_DIR = 'dfs.datanode.data.dir';

/** Throws HdfsError EILLEGAL for a smaller number. */
function atLeast(least: 0 | 1, read: (configuration: Configuration, name: string) => number) {
  return (configuration: Configuration, name: string): number => {
    const value = read(configuration, name);
    if (value >= least) return value;
    throw new HdfsError('EILLEGAL', `${name} should be larger than ${least === 0 ? 'or equal to ' : ''}0`);
  };
}

export interface ReconfigurableParts {
  readonly settings: DataNodeSettings;
  readonly throttles: Throttles;
  readonly counters: Counters;
}

export function reconfigurableKeys(
  { settings, throttles, counters }: ReconfigurableParts,
  changeDirectories: (directories: readonly DataDirectory[]) => Promise<void>,
  directoriesInForce: () => readonly DataDirectory[],
): Readonly<Record<string, ReconfigurableKey>> {
  const peerStats = (configuration: Configuration, name: string): boolean =>
    trueOrFalse(configuration, name, () => `Not a valid Boolean value for ${name} in reconfSlowPeerParameters`);
  const bandwidth = (kind: keyof Throttles) =>
    changeable(
      `dfs.datanode.data.${kind}.bandwidthPerSec`,
      wholeLong,
      (value) => {
        throttles[kind].bytesPerSecond = value;
      },
      () => throttles[kind].bytesPerSecond,
    );
  return runTimeKeys(DATANODE_RUN_TIME_KEYS, [
    [
      DATA_DIR,
      {
        async change(configuration) {
          await changeDirectories(parseDataDirectories(configuration.getStrings(DATA_DIR)));
          return configuration.property(DATA_DIR)?.value ?? '';
        },
        inForce: () => directoriesInForce().map(describeDirectory).join(','),
      },
    ],
    changeable('dfs.blockreport.intervalMsec', atLeast(1, wholeLong), (value) => {
      settings.blockReportMs = value;
    }),
    changeable('dfs.blockreport.split.threshold', atLeast(0, wholeLong), (value) => {
      settings.blockReportSplitThreshold = value;
    }),
    changeable('dfs.blockreport.initialDelay', wholeNumber, (seconds) => {
      settings.blockReportInitialDelayMs = seconds * 1000;
    }),
    changeable('dfs.datanode.max.transfer.threads', atLeast(1, wholeNumber), (value) => {
      settings.maxTransferThreads = value;
    }),
    changeable('dfs.datanode.peer.stats.enabled', peerStats, (value) => {
      settings.peerStats = value;
    }),
    changeable('dfs.datanode.min.outlier.detection.nodes', atLeast(1, wholeLong), (value) => {
      settings.peerMinNodes = value;
    }),
    changeable('dfs.datanode.slowpeer.low.threshold.ms', atLeast(1, wholeLong), (value) => {
      settings.peerLowThresholdMs = value;
    }),
    changeable('dfs.datanode.peer.metrics.min.outlier.detection.samples', atLeast(1, wholeLong), (value) => {
      settings.peerMinSamples = value;
    }),
    changeable('dfs.datanode.fileio.profiling.sampling.percentage', wholeNumber, (value) => {
      settings.diskSamplingPercent = value;
    }),
    changeableTime('dfs.datanode.outliers.report.interval', (value) => {
      settings.outliersReportMs = value;
    }),
    changeable('dfs.datanode.min.outlier.detection.disks', atLeast(1, wholeLong), (value) => {
      settings.diskMinDisks = value;
    }),
    changeable('dfs.datanode.slowdisk.low.threshold.ms', atLeast(1, wholeLong), (value) => {
      settings.diskLowThresholdMs = value;
    }),
    changeable('dfs.datanode.max.slowdisks.to.exclude', wholeNumber, (value) => {
      settings.maxSlowDisksExcluded = value;
    }),
    changeable('fs.du.interval', wholeLong, (intervalMs) => {
      settings.spaceCount = { ...settings.spaceCount, intervalMs };
    }),
    changeable('fs.getspaceused.jitterMillis', wholeLong, (jitterMs) => {
      settings.spaceCount = { ...settings.spaceCount, jitterMs };
    }),
    bandwidth('transfer'),
    bandwidth('write'),
    bandwidth('read'),
    changeable('dfs.datanode.slow.io.warning.threshold.ms', slowIo, (value) => {
      counters.slowMs = value;
    }),
  ]);
}

/** Throws HdfsError EILLEGAL. */
function slowIo(configuration: Configuration, name: string): number {
  const value = wholeLong(configuration, name);
  if (value > 0) return value;
  throw new HdfsError('EILLEGAL', `${name} should be greater than 0`);
}
