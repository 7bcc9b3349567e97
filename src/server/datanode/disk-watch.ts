// What follows from disk calls that fail: the volume is checked (volume-checker.ts), and when its disk has failed it goes out
// of service, the NameNodes are told, and the node ends if too few volumes are left. Apache: DataNode.handleVolumeFailures
// and handleDiskError.

import { messageOf } from '../../base/errors.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { Host } from '../../host/host.ts';
import { ErrorReportRequestProto_ErrorCode } from '../../wire/messages/datanode.ts';
import { type DataDirectory, describeDirectory } from './data-directories.ts';
import type { Dataset } from './dataset.ts';
import type { NameNodeActor } from './namenode-actor.ts';
import type { DataNodeSettings } from './settings.ts';
import type { Volume } from './volume.ts';
import { VolumeChecker } from './volume-checker.ts';
import { hasEnoughVolumes } from './volumes.ts';

/** How long the node stays for its last words to the NameNodes. */
const LAST_WORDS_MS = 3000;

export interface DiskWatchOptions {
  readonly host: Host;
  readonly settings: DataNodeSettings;
  readonly dataset: Dataset;
  actors(): readonly NameNodeActor[];
  /** Too few volumes are left. */
  giveUp(reason: string): void;
}

export class DiskWatch {
  private readonly options: DiskWatchOptions;
  private readonly checker: VolumeChecker;

  constructor(options: DiskWatchOptions) {
    this.options = options;
    const { host, settings, dataset } = options;
    this.checker = new VolumeChecker({
      clock: host.clock,
      log: host.log,
      minGapMs: settings.diskCheckMinGapMs,
      timeoutMs: settings.diskCheckTimeoutMs,
      pools: () => dataset.poolIds,
      failed: (volume, reason) => {
        dataset.failVolume(volume, reason).catch((error: unknown) => host.log.log('error', 'datanode', messageOf(error)));
      },
    });
    dataset.onVolumeFailed = (volume) => this.directoryFailed(volume);
    for (const volume of dataset.volumes) this.watch(volume);
  }

  watch(volume: Volume): void {
    volume.onTrouble = (error) => this.checker.suspect(volume, error);
  }

  /** It counts as failed already: the NameNodes are told, and the node ends when too few are left. */
  directoryFailed(directory: DataDirectory): void {
    const { host, settings, dataset } = this.options;
    const { volumeList } = dataset;
    const tolerated = settings.volumeFailuresTolerated;
    sometimes('volume of a DataNode left out after an error');
    const goesOn = hasEnoughVolumes(volumeList.working.length, volumeList.failures.length, tolerated);
    const message = `DataNode failed volumes:${describeDirectory(directory)};`;
    host.log.log(goesOn ? 'warn' : 'error', 'datanode', `${message} keep running: ${goesOn}`);
    const { DISK_ERROR, FATAL_DISK_ERROR } = ErrorReportRequestProto_ErrorCode;
    const told = Promise.all(
      this.options.actors().map((actor) => actor.errorReport(goesOn ? DISK_ERROR : FATAL_DISK_ERROR, message)),
    );
    if (goesOn) {
      for (const actor of this.options.actors()) {
        actor.requestFullReport();
        actor.wake();
      }
      return;
    }
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      timer.cancel();
      this.options.giveUp(`DataNode is shutting down due to failed volumes: [${message}]`);
    };
    const timer = host.clock.setTimer(LAST_WORDS_MS, end);
    told.then(end, end);
  }
}
