// The keys that a running DataNode can change, and what changing each of them does. Apache: DataNode.reconfigurePropertyImpl.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { changeable, type ReconfigurableKey, trueOrFalse, wholeNumber } from '../../config/reconfiguration.ts';
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

/** Throws HdfsError EILLEGAL, as Java's Long.parseLong. */
function wholeLong(configuration: Configuration, name: string): number {
  const text = configuration.get(name) ?? '';
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new HdfsError('EILLEGAL', `For input string: "${text}"`);
}

export function reconfigurableKeys(
  settings: DataNodeSettings,
  throttles: Throttles,
  changeDirectories: (directories: readonly DataDirectory[]) => Promise<void>,
  directoriesInForce: () => readonly DataDirectory[],
): Readonly<Record<string, ReconfigurableKey>> {
  const duration = (configuration: Configuration, name: string): number => configuration.getDuration(name);
  const long = (configuration: Configuration, name: string): number => configuration.getLong(name);
  const bandwidth = (kind: keyof Throttles) =>
    changeable(
      `dfs.datanode.data.${kind}.bandwidthPerSec`,
      wholeLong,
      (value) => {
        throttles[kind].bytesPerSecond = value;
      },
      () => throttles[kind].bytesPerSecond,
    );
  return {
    [DATA_DIR]: {
      async change(configuration) {
        await changeDirectories(parseDataDirectories(configuration.getStrings(DATA_DIR)));
        return configuration.property(DATA_DIR)?.value ?? '';
      },
      inForce: () => directoriesInForce().map(describeDirectory).join(','),
    },
    ...Object.fromEntries([
      changeable('dfs.blockreport.intervalMsec', atLeast(1, duration), (value) => {
        settings.blockReportMs = value;
      }),
      changeable('dfs.blockreport.split.threshold', atLeast(0, long), (value) => {
        settings.blockReportSplitThreshold = value;
      }),
      changeable('dfs.blockreport.initialDelay', wholeNumber, (seconds) => {
        settings.blockReportInitialDelayMs = seconds * 1000;
      }),
      changeable('dfs.datanode.max.transfer.threads', atLeast(1, wholeNumber), (value) => {
        settings.maxTransferThreads = value;
      }),
      changeable('dfs.datanode.peer.stats.enabled', trueOrFalse, (value) => {
        settings.peerStats = value;
      }),
      changeable('dfs.datanode.min.outlier.detection.nodes', atLeast(1, long), (value) => {
        settings.peerMinNodes = value;
      }),
      changeable('dfs.datanode.slowpeer.low.threshold.ms', atLeast(1, long), (value) => {
        settings.peerLowThresholdMs = value;
      }),
      changeable('dfs.datanode.peer.metrics.min.outlier.detection.samples', atLeast(1, long), (value) => {
        settings.peerMinSamples = value;
      }),
      changeable('dfs.datanode.fileio.profiling.sampling.percentage', wholeNumber, (value) => {
        settings.diskSamplingPercent = value;
      }),
      changeable('dfs.datanode.min.outlier.detection.disks', atLeast(1, long), (value) => {
        settings.diskMinDisks = value;
      }),
      changeable('dfs.datanode.slowdisk.low.threshold.ms', atLeast(1, long), (value) => {
        settings.diskLowThresholdMs = value;
      }),
      changeable('fs.du.interval', duration, (intervalMs) => {
        settings.spaceCount = { ...settings.spaceCount, intervalMs };
      }),
      changeable('fs.getspaceused.jitterMillis', duration, (jitterMs) => {
        settings.spaceCount = { ...settings.spaceCount, jitterMs };
      }),
      changeable('dfs.datanode.outliers.report.interval', atLeast(1, duration), (value) => {
        settings.outliersReportMs = value;
      }),
      bandwidth('transfer'),
      bandwidth('write'),
      bandwidth('read'),
    ]),
  };
}
