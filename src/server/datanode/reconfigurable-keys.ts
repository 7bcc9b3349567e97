// The keys that a running DataNode can change, and what changing each of them does. Apache: DataNode.reconfigurePropertyImpl.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { type DataDirectory, describeDirectory, parseDataDirectories } from './data-directories.ts';
import type { ReconfigurableKey } from './reconfiguration.ts';
import type { DataNodeSettings } from './settings.ts';

const DATA_DIR = 'dfs.datanode.data.dir';

function number(least: number, name: string, read: (configuration: Configuration) => number, set: (value: number) => void) {
  return {
    async change(configuration: Configuration): Promise<string> {
      const value = read(configuration);
      if (value < least) throw new HdfsError('EILLEGAL', `${name} should be ${least === 0 ? 'at least' : 'larger than'} 0`);
      set(value);
      return configuration.property(name)?.value ?? String(value);
    },
  };
}

export function reconfigurableKeys(
  settings: DataNodeSettings,
  changeDirectories: (directories: readonly DataDirectory[]) => Promise<void>,
  directoriesInForce: () => readonly DataDirectory[],
): Readonly<Record<string, ReconfigurableKey>> {
  const interval = 'dfs.blockreport.intervalMsec';
  const split = 'dfs.blockreport.split.threshold';
  const threads = 'dfs.datanode.max.transfer.threads';
  return {
    [DATA_DIR]: {
      async change(configuration) {
        await changeDirectories(parseDataDirectories(configuration.getStrings(DATA_DIR)));
        return configuration.property(DATA_DIR)?.value ?? '';
      },
      inForce: () => directoriesInForce().map(describeDirectory).join(','),
    },
    [interval]: number(
      1,
      interval,
      (configuration) => configuration.getDuration(interval),
      (value) => {
        settings.blockReportMs = value;
      },
    ),
    [split]: number(
      0,
      split,
      (configuration) => configuration.getLong(split),
      (value) => {
        settings.blockReportSplitThreshold = value;
      },
    ),
    [threads]: number(
      1,
      threads,
      (configuration) => configuration.getInt(threads),
      (value) => {
        settings.maxTransferThreads = value;
      },
    ),
  };
}
