// Volumes whose disks do not answer while the node starts: the node serves without them, and each comes into service when its
// disk has answered and all that the others are bound to was taken up on it. One that takes longer than a disk check may take
// has failed. Apache checks its disks side by side too, but waits for all of them.
import { messageOf } from '../../base/errors.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { Clock, Log } from '../../host/host.ts';
import { type DataDirectory, describeDirectory } from './data-directories.ts';
import type { Dataset } from './dataset.ts';
import type { DiskWatch } from './disk-watch.ts';
import { notBack, type Patience } from './patience.ts';
import type { LateDirectory, Storages } from './storages.ts';
import type { Volume } from './volume.ts';
import { forgetReplicas } from './volume-removal.ts';

export interface LateVolumeParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly dataset: Dataset;
  readonly storages: Storages;
  readonly watch: DiskWatch;
  readonly patience: Patience;
  /** As work on the directories, which is done one after the other. */
  exclusively<T>(work: () => T | Promise<T>): Promise<T>;
  /** A volume came into service. */
  entered(): void;
}

interface Late {
  readonly directory: DataDirectory;
  volume: Volume | undefined;
  /** It is waited for no longer. */
  over: boolean;
}

export class LateVolumes {
  private readonly parts: LateVolumeParts;
  private readonly pending = new Map<string, Late>();

  constructor(parts: LateVolumeParts) {
    this.parts = parts;
  }

  get paths(): readonly string[] {
    return [...this.pending.keys()];
  }

  /** One that is still being opened. */
  awaitOpening({ directory, opening }: LateDirectory): void {
    const { storages, dataset } = this.parts;
    const late: Late = { directory, volume: undefined, over: false };
    const arrival = opening.then(async (opened) => {
      late.volume = opened.volume;
      try {
        storages.join(opened);
        dataset.volumeList.reserve(opened.volume);
      } catch (error) {
        await opened.volume.release();
        late.volume = undefined;
        throw error;
      }
    });
    this.follow(late, arrival);
  }

  /** One that has its number, and on which pools are still being taken up. */
  awaitPools(volume: Volume, takenUp: Promise<void>): void {
    this.follow({ directory: volume, volume, over: false }, takenUp);
  }

  /** It is no longer configured. */
  forget(path: string): void {
    const late = this.pending.get(path);
    if (late === undefined) return;
    late.over = true;
    this.pending.delete(path);
  }

  stop(): void {
    for (const path of this.paths) this.forget(path);
  }

  private follow(late: Late, arrival: Promise<void>): void {
    const { clock, log, patience } = this.parts;
    const { path } = late.directory;
    sometimes('volume of a DataNode came later than its start');
    log.log('warn', 'datanode', `${path} does not answer; this node goes on without it, and takes it up when it does`);
    this.pending.set(path, late);
    const timer = clock.setTimer(Math.max(0, patience.limitMs - patience.lateMs), () =>
      this.fail(late, notBack(path, patience)),
    );
    this.bring(late, arrival)
      .catch((error: unknown) => {
        this.fail(late, messageOf(error));
        return this.letGo(late);
      })
      .catch((error: unknown) => log.log('error', 'datanode', `${path}: ${messageOf(error)}`))
      .finally(() => timer.cancel());
  }

  private async bring(late: Late, arrival: Promise<void>): Promise<void> {
    const { dataset, storages, watch, log, exclusively, entered } = this.parts;
    await arrival;
    const { volume } = late;
    if (volume === undefined) return;
    for (let inService = false; !inService; ) {
      if (!late.over) {
        await storages.bindFurther(volume);
        await dataset.takeUpFurther(volume);
      }
      // Meanwhile another pool may have come, or somebody lost patience.
      if (late.over) return this.letGo(late);
      inService = await exclusively(() => {
        if (late.over || !storages.hasAllNamespaces(volume) || !dataset.hasAllPools(volume)) return false;
        dataset.volumeList.enter(volume);
        this.pending.delete(volume.path);
        return true;
      });
    }
    watch.watch(volume);
    log.log('info', 'datanode', `${describeDirectory(volume)} has answered, and is in service`);
    entered();
  }

  private fail(late: Late, reason: string): void {
    if (late.over) return;
    const { dataset, watch, clock, log } = this.parts;
    this.forget(late.directory.path);
    if (late.volume !== undefined) late.volume.failure = reason;
    dataset.volumeList.noteFailure(late.directory, clock.now(), 0);
    log.log('error', 'datanode', `data directory ${late.directory.path} cannot be used: ${reason}`);
    watch.directoryFailed(late.directory);
  }

  /** Nothing works on it any more: what was found on it leaves the map, and its number is free. */
  private async letGo(late: Late): Promise<void> {
    const { volume } = late;
    if (volume === undefined) return;
    volume.failure ??= 'it is not waited for any more';
    await forgetReplicas(this.parts.dataset, volume, () => undefined);
  }
}
