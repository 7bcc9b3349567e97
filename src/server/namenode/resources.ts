// Whether the disks below the edit log have room. Every volume that holds edits, or is named for it, is looked at; while
// too few have `dfs.namenode.resource.du.reserved` free, the NameNode is in safe mode, and leaves it when there is room
// again. Apache: NameNodeResourceChecker, NameNodeResourcePolicy, NameNodeResourceMonitor.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { directoriesOf } from '../../config/nameservices.ts';
import type { Host, Timer } from '../../host/host.ts';
import { currentOf, type NameDirectory } from './directories.ts';
import type { NameStorage } from './name-storage.ts';
import type { NameSystem } from './namesystem.ts';

export interface CheckedVolume {
  readonly required: boolean;
  readonly hasRoom: boolean;
}

/**
 * Enough to go on: room on every required volume, and on `minimumRedundant` of the others; without any others, on the
 * required ones. Without volumes there is nothing to wait for.
 */
export function enoughResources(volumes: readonly CheckedVolume[], minimumRedundant: number): boolean {
  if (volumes.some(({ required, hasRoom }) => required && !hasRoom)) return false;
  const redundant = volumes.filter(({ required }) => !required);
  return redundant.length === 0 || redundant.filter(({ hasRoom }) => hasRoom).length >= minimumRedundant;
}

interface Volume {
  /** Directories on it. One that has vanished does not make the others look full. */
  readonly paths: string[];
  required: boolean;
  /** Undefined before it was looked at. */
  hasRoom: boolean | undefined;
}

export class ResourceChecker {
  private readonly host: Host;
  private readonly reservedBytes: number;
  private readonly minimumRedundant: number;
  private readonly volumes: readonly Volume[];

  private constructor(host: Host, configuration: Configuration, volumes: readonly Volume[]) {
    this.host = host;
    this.reservedBytes = configuration.getSize('dfs.namenode.resource.du.reserved');
    this.minimumRedundant = configuration.getInt('dfs.namenode.resource.checked.volumes.minimum');
    this.volumes = volumes;
  }

  /** Throws HdfsError EIO for a directory that is not there. Directories on one volume are checked once. */
  static async create(
    host: Host,
    configuration: Configuration,
    directories: readonly NameDirectory[],
  ): Promise<ResourceChecker> {
    const wanted = [
      ...directories.filter(({ edits }) => edits).map(({ root, required }) => ({ path: root, required })),
      ...directoriesOf(configuration, 'dfs.namenode.resource.checked.volumes').map((path) => ({ path, required: true })),
    ];
    const byVolume = new Map<string, Volume>();
    for (const { path, required } of wanted) {
      if (!(await host.disk.exists(path))) throw new HdfsError('EIO', `Missing directory ${path}`);
      const { id } = await host.disk.volume(path);
      const known = byVolume.get(id);
      if (known === undefined) {
        byVolume.set(id, { paths: [path], required, hasRoom: undefined });
      } else {
        known.paths.push(path);
        known.required ||= required;
      }
    }
    return new ResourceChecker(host, configuration, [...byVolume.values()]);
  }

  /** Looks at every volume. One that cannot be asked has no room. */
  async hasEnough(): Promise<boolean> {
    for (const volume of this.volumes) {
      const available = await this.available(volume);
      const hasRoom = available >= this.reservedBytes;
      if (!hasRoom && volume.hasRoom !== false) {
        const message = `Space available on volume '${volume.paths[0]}' is ${available}, which is below the configured reserved amount ${this.reservedBytes}`;
        this.host.log.log('warn', 'resources', message);
      }
      volume.hasRoom = hasRoom;
    }
    return enoughResources(
      this.volumes.map(({ required, hasRoom = false }) => ({ required, hasRoom })),
      this.minimumRedundant,
    );
  }

  private async available(volume: Volume): Promise<number> {
    let failure: unknown;
    for (const path of volume.paths) {
      try {
        return (await this.host.disk.volume(path)).available;
      } catch (error) {
        failure = error;
      }
    }
    if (volume.hasRoom !== false) {
      this.host.log.log('warn', 'resources', `cannot tell the space below ${volume.paths.join(', ')}: ${messageOf(failure)}`);
    }
    return 0;
  }
}

/** Turns safe mode on and off by what the checker says, and leaves out directories that have vanished. */
export class ResourceMonitor {
  private readonly system: NameSystem;
  private readonly storage: NameStorage;
  private readonly checker: ResourceChecker;
  private readonly intervalMs: number;
  private timer: Timer | undefined;
  private looking: Promise<void> | undefined;
  private low = false;

  constructor(system: NameSystem, storage: NameStorage, checker: ResourceChecker, intervalMs: number) {
    this.system = system;
    this.storage = storage;
    this.checker = checker;
    this.intervalMs = intervalMs;
  }

  /** True while the disks have too little room. */
  get isLow(): boolean {
    return this.low;
  }

  start(): void {
    this.timer = this.system.host.clock.setPeriodic(this.intervalMs, () => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
      });
      this.looking.catch((error: unknown) => {
        this.system.host.log.log('error', 'resources', `looking at the disks failed: ${messageOf(error)}`);
      });
    });
  }

  async stop(): Promise<void> {
    this.timer?.cancel();
    await this.looking?.catch(() => undefined);
  }

  async look(): Promise<void> {
    const { editLog, blockManager, host, activity } = this.system;
    for (const directory of await this.storage.dropVanished()) {
      editLog.dropDirectory(currentOf(directory), 'it does not exist any more');
    }
    const beganMs = host.clock.monotonic();
    const low = !(await this.checker.hasEnough());
    activity.resourceChecks.add(host.clock.monotonic() - beganMs);
    if (low !== this.low) {
      const message = low
        ? `NameNode low on available disk space. ${blockManager.safeMode.isOn ? 'Already in safe mode.' : 'Entering safe mode.'}`
        : 'NameNode has room on its disks again';
      host.log.log(low ? 'warn' : 'info', 'resources', message);
    }
    this.low = low;
    await editLog.retryGrowth();
    blockManager.safeMode.setResourcesLow(low || editLog.lowSpace !== undefined);
  }
}
