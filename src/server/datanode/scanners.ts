// The two scanners of a DataNode together: both begin when the first block pool is there, and take up volumes that come later.
import type { Host } from '../../host/host.ts';
import { BlockScanner } from './block-scanner.ts';
import type { Counters } from './counters.ts';
import type { Dataset } from './dataset.ts';
import { DirectoryScanner } from './directory-scanner.ts';
import type { BlockName } from './replica.ts';
import type { DataNodeSettings } from './settings.ts';

export class Scanners {
  readonly blocks: BlockScanner;
  readonly directories: DirectoryScanner;
  private begun = false;

  constructor(
    host: Host,
    settings: DataNodeSettings,
    dataset: Dataset,
    counters: Counters,
    reportBad: (block: BlockName) => void,
  ) {
    const { clock, random, log } = host;
    this.blocks = new BlockScanner({
      dataset,
      counters,
      clock,
      log,
      bytesPerSecond: settings.scanBytesPerSecond,
      periodMs: settings.scanPeriodMs,
      reportBad,
      fileMissing: (block) => this.directories.fileMissing(block),
    });
    this.directories = new DirectoryScanner({
      dataset,
      counters,
      clock,
      random,
      log,
      intervalMs: settings.directoryScanMs,
      throttleMsPerSecond: settings.directoryScanThrottleMs,
      reportBad,
    });
  }

  /** To be called whenever pools or volumes have come. */
  follow(): void {
    this.blocks.follow();
    if (this.begun) return;
    this.begun = true;
    this.directories.start();
  }

  async stop(): Promise<void> {
    this.directories.stop();
    await this.blocks.stop();
  }
}
