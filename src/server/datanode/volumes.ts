// The volumes of a DataNode: those in service, and the failures that NameNodes are told of. A volume keeps its number while
// a replica still bears it, so that nothing in the map ever points to another disk. Apache: FsVolumeList.
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import { describeDirectory } from './data-directories.ts';
import type { Volume } from './volume.ts';

/** Numbers of volumes are bytes in the replica map. */
const MAX_VOLUMES = 256;

export interface VolumeFailure {
  /** As Apache's StorageLocation prints it: `[DISK]file:/data1`. */
  readonly location: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes; 0 where they were never known. */
  readonly capacityLost: number;
}

export class VolumeList {
  private readonly slots: Volume[];
  private inService: readonly Volume[];
  private readonly failed = new Map<string, VolumeFailure>();
  /** Failures since the start: what /jmx counts. A volume that comes back does not lower it. */
  failureCount = 0;

  constructor(volumes: readonly Volume[]) {
    volumes.forEach((volume, i) => {
      volume.index = i;
    });
    this.slots = [...volumes];
    this.inService = volumes.filter((volume) => volume.failure === undefined);
  }

  get working(): readonly Volume[] {
    return this.inService;
  }

  /** The volume of a replica; it may be out of service. */
  at(index: number): Volume {
    const volume = this.slots[index];
    assert(volume !== undefined, 'a number of no volume');
    return volume;
  }

  isWorking(volume: Volume): boolean {
    return this.inService.includes(volume);
  }

  /** Gives a further volume a number; it is not in service yet. Throws HdfsError EIO when there are too many. */
  reserve(volume: Volume): void {
    const vacant = this.slots.findIndex(({ isVacant }) => isVacant);
    if (vacant < 0 && this.slots.length >= MAX_VOLUMES) throw new HdfsError('EIO', 'too many volumes');
    volume.index = vacant < 0 ? this.slots.length : vacant;
    this.slots[volume.index] = volume;
  }

  /** It does not answer: out of service until it enters again, and keeps its number. */
  suspend(volume: Volume): void {
    this.inService = this.inService.filter((other) => other !== volume);
  }

  enter(volume: Volume): void {
    assert(this.slots[volume.index] === volume, 'a volume without a number');
    this.failed.delete(volume.path);
    this.inService = [...this.inService, volume];
  }

  /** False: it is out of service already. */
  remove(volume: Volume): boolean {
    if (!this.isWorking(volume)) return false;
    this.inService = this.inService.filter((other) => other !== volume);
    return true;
  }

  // -------------------------------------------------------------------------------------------------------- failures

  /** The first failure of a directory counts until it works again. */
  noteFailure(directory: { readonly path: string; readonly storageType: number }, at: number, capacityLost: number): void {
    if (this.failed.has(directory.path)) return;
    this.failureCount++;
    this.failed.set(directory.path, { location: describeDirectory(directory), at, capacityLost });
  }

  forgetFailure(path: string): boolean {
    return this.failed.delete(path);
  }

  get failedPaths(): readonly string[] {
    return [...this.failed.keys()].sort();
  }

  get failures(): readonly VolumeFailure[] {
    return this.failedPaths.map((path) => this.failed.get(path) as VolumeFailure);
  }

  /** What heartbeats say of failed volumes; undefined while there are none. */
  get failureSummary():
    | {
        readonly failedStorageLocations: readonly string[];
        readonly lastVolumeFailureDate: number;
        readonly estimatedCapacityLostTotal: number;
      }
    | undefined {
    const { failures } = this;
    if (failures.length === 0) return undefined;
    return {
      failedStorageLocations: failures.map(({ location }) => location),
      lastVolumeFailureDate: Math.max(...failures.map(({ at }) => at)),
      estimatedCapacityLostTotal: failures.reduce((sum, { capacityLost }) => sum + capacityLost, 0),
    };
  }
}

/** Whether a DataNode goes on with so many failed volumes. Apache: FsDatasetImpl.hasEnoughResource. */
export function hasEnoughVolumes(working: number, failed: number, tolerated: number): boolean {
  return tolerated === -1 ? working >= 1 : failed <= tolerated;
}

/** Why a configured tolerance makes no sense with so many volumes; undefined: it does. */
export function badTolerance(tolerated: number, configured: number): string | undefined {
  const key = `Invalid value configured for dfs.datanode.failed.volumes.tolerated - ${tolerated}`;
  if (tolerated < -1) return `${key} should be greater than or equal to -1`;
  if (tolerated >= configured) {
    return `${key}. Value configured is >= to the number of configured volumes (${configured}).`;
  }
  return undefined;
}
