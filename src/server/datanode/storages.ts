// The storage directories at a start: made, locked, and bound by their VERSION files to one cluster, one DataNode and the
// block pools that they hold. An unknown or foreign directory stops the start (or counts as a failed volume) by name;
// nothing is formatted that is not empty of a VERSION. Apache: DataStorage, BlockPoolSliceStorage.
import { HdfsError, messageOf } from '../../base/errors.ts';
import {
  type BlockPoolVersion,
  DATANODE_LAYOUT_VERSION,
  type DataNodeVersion,
  formatDataNodeVersion,
  parseDataNodeVersion,
} from '../../format/storage/version.ts';
import { DiskFailure } from '../../host/disk-error.ts';
import type { Host } from '../../host/host.ts';
import { randomUuid } from '../../host/uuid.ts';
import type { DataDirectory } from './data-directories.ts';
import { currentDir, DIRECTORY_MODE, isPoolId, LOCK_FILE, VERSION_FILE } from './layout.ts';
import { type Namespace, PoolDirectory, type StartOption } from './pool-upgrade.ts';
import { Volume } from './volume.ts';
import { ioShare } from './volume-io.ts';
import { badTolerance, hasEnoughVolumes } from './volumes.ts';

const SAYS_WRONG: ReadonlySet<string> = new Set(['EINCONSISTENT', 'EINCORRECTVERSION']);

/** Bytes of a directory that are left to others, fixed or by the capacity of its file system. */
export type Reserving = number | ((directory: DataDirectory) => (capacityBytes: number) => number);

export interface FailedDirectory {
  readonly directory: DataDirectory;
  readonly reason: string;
}

export class Storages {
  readonly volumes: readonly Volume[];
  /** Directories that could not be used at the start. */
  readonly failed: readonly FailedDirectory[];
  private readonly host: Host;
  private readonly reserving: Reserving;
  private readonly startOption: StartOption;
  private readonly namespaces = new Map<string, Namespace>();
  /** What the VERSION files of the block pools say. */
  private readonly bound = new WeakMap<Volume, Map<string, BlockPoolVersion>>();
  private uuid: string | undefined;
  private clusterId: string | undefined;

  private constructor(
    host: Host,
    volumes: readonly Volume[],
    failed: readonly FailedDirectory[],
    reserving: Reserving,
    startOption: StartOption,
  ) {
    this.host = host;
    this.startOption = startOption;
    this.volumes = volumes;
    this.failed = failed;
    this.reserving = reserving;
  }

  /** Makes and locks the directories. Rejects when more than `tolerated` of them cannot be used. */
  static async open(
    host: Host,
    directories: readonly DataDirectory[],
    reserving: Reserving,
    tolerated: number,
    startOption: StartOption = 'regular',
  ): Promise<Storages> {
    if (directories.length === 0) throw new HdfsError('EINVAL', 'dfs.datanode.data.dir names no directory');
    const bad = badTolerance(tolerated, directories.length);
    if (bad !== undefined) throw new HdfsError('EILLEGAL', bad);
    const volumes: Volume[] = [];
    const versions: (DataNodeVersion | undefined)[] = [];
    const failed: FailedDirectory[] = [];
    try {
      for (const directory of directories) {
        try {
          const { volume, version } = await openVolume(
            host,
            directory,
            volumes.length,
            directories.length,
            reserving,
            startOption,
          );
          volumes.push(volume);
          versions.push(version);
        } catch (error) {
          // A directory that says something wrong is the operator's to look at; one that says nothing has failed.
          if (error instanceof HdfsError && SAYS_WRONG.has(error.code)) throw error;
          failed.push({ directory, reason: messageOf(error) });
          host.log.log('error', 'datanode', `data directory ${directory.path} cannot be used: ${messageOf(error)}`);
        }
      }
      if (!hasEnoughVolumes(volumes.length, failed.length, tolerated)) {
        const reasons = failed.map(({ directory, reason }) => `${directory.path}: ${reason}`).join('; ');
        throw new HdfsError(
          'EDISK',
          `Too many failed volumes - current valid volumes: ${volumes.length}, volumes configured: ${directories.length}, volumes failed: ${failed.length}, volume failures tolerated: ${tolerated} (${reasons})`,
        );
      }
      const storages = new Storages(host, volumes, failed, reserving, startOption);
      volumes.forEach((volume, i) => {
        storages.adopt(volume, versions[i]);
      });
      return storages;
    } catch (error) {
      await Promise.all(volumes.map((volume) => volume.release()));
      throw error;
    }
  }

  /** A further directory, made, locked and bound to everything that the others are bound to; not in service yet. */
  async openFurther(directory: DataDirectory, index: number): Promise<Volume> {
    const { volume, version } = await openVolume(this.host, directory, index, index + 1, this.reserving, 'regular');
    try {
      if (version !== undefined && this.clusterId !== undefined) this.checkCluster(volume, version.clusterId);
      this.adopt(volume, version);
      for (const namespace of this.namespaces.values()) await this.bindVolume(volume, namespace, 'regular', false);
      return volume;
    } catch (error) {
      await volume.release();
      throw error;
    }
  }

  /** The DataNode's UUID; undefined while every directory is new and no NameNode was met. */
  get datanodeUuid(): string | undefined {
    return this.uuid;
  }

  private adopt(volume: Volume, version: DataNodeVersion | undefined): void {
    if (version === undefined) return;
    if (this.uuid !== undefined && this.uuid !== version.datanodeUuid) {
      throw new HdfsError(
        'EINCONSISTENT',
        `Directory ${volume.path} is in an inconsistent state: Root ${volume.path}: DatanodeUuid=${version.datanodeUuid}, does not match ${this.uuid} from other StorageDirectory.`,
      );
    }
    this.uuid = version.datanodeUuid;
    this.clusterId ??= version.clusterId;
    volume.storageId = version.storageId;
  }

  /**
   * Binds the volumes in service to the namespace that a NameNode told of. Answers the DataNode's UUID, and the volumes
   * whose disk failed meanwhile.
   */
  async bind(
    namespace: Namespace,
    volumes: readonly Volume[] = this.volumes,
  ): Promise<{ readonly uuid: string; readonly failed: readonly (readonly [Volume, string])[] }> {
    if (!isPoolId(namespace.pool)) throw new HdfsError('EINCONSISTENT', `${namespace.pool} is not the id of a block pool`);
    const first = volumes[0];
    if (this.clusterId !== undefined && first !== undefined) this.checkCluster(first, this.clusterId, namespace.clusterId);
    this.clusterId = namespace.clusterId;
    this.uuid ??= randomUuid(this.host.random);
    const served = this.namespaces.has(namespace.pool);
    const failed: [Volume, string][] = [];
    for (const volume of volumes) {
      try {
        await this.bindVolume(volume, namespace, this.startOption, served);
      } catch (error) {
        if (!(error instanceof DiskFailure)) throw error;
        failed.push([volume, messageOf(error)]);
      }
    }
    if (!served) this.namespaces.set(namespace.pool, namespace);
    return { uuid: this.uuid, failed };
  }

  private checkCluster(volume: Volume, found: string, wanted = this.clusterId): void {
    if (found === wanted) return;
    throw new HdfsError(
      'EIO',
      `Incompatible clusterIDs in ${volume.path}: namenode clusterID = ${wanted}; datanode clusterID = ${found}`,
    );
  }

  private async bindVolume(volume: Volume, namespace: Namespace, option: StartOption, served: boolean): Promise<void> {
    if (volume.storageId === '') await this.format(volume, this.uuid ?? '', namespace.clusterId);
    const directory = new PoolDirectory({ ...this.host, disk: volume.disk }, volume.path, namespace);
    const known = this.bound.get(volume)?.get(namespace.pool);
    // A NameNode that comes back gets its answer though a disk hangs: nothing is read again.
    if (served && known !== undefined) directory.checkServed(known);
    else {
      const pools = this.bound.get(volume) ?? new Map<string, BlockPoolVersion>();
      this.bound.set(volume, pools.set(namespace.pool, await directory.load(option)));
    }
  }

  private async format(volume: Volume, uuid: string, clusterId: string): Promise<void> {
    const { clock } = this.host;
    const { disk } = volume;
    const storageId = `DS-${randomUuid(this.host.random)}`;
    await disk.mkdir(currentDir(volume.path), DIRECTORY_MODE);
    const version = { layoutVersion: DATANODE_LAYOUT_VERSION, clusterId, datanodeUuid: uuid, storageId, cTime: 0 };
    await disk.writeFileAtomic(`${currentDir(volume.path)}/${VERSION_FILE}`, formatDataNodeVersion(version, clock.now()));
    await disk.syncDirectory(volume.path);
    volume.storageId = storageId;
    this.host.log.log('info', 'datanode', `Storage directory ${volume.path} has been formatted as ${storageId}`);
  }
}

/** Locks a directory and reads who it belongs to. */
async function openVolume(
  host: Host,
  directory: DataDirectory,
  index: number,
  count: number,
  reserving: Reserving,
  startOption: StartOption,
): Promise<{ readonly volume: Volume; readonly version: DataNodeVersion | undefined }> {
  const { path, storageType } = directory;
  await host.disk.mkdir(path, DIRECTORY_MODE);
  const lock = await host.disk.lock(`${path}/${LOCK_FILE}`);
  try {
    const reservedBytes = typeof reserving === 'number' ? reserving : reserving(directory);
    const share = ioShare(host.disk.parallelism, count);
    const volume = new Volume(host.disk, host.clock, { index, path, storageType, lock, reservedBytes, share });
    await volume.refresh();
    return { volume, version: await readVersion(host, volume, startOption) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function readVersion(host: Host, volume: Volume, startOption: StartOption): Promise<DataNodeVersion | undefined> {
  const path = `${currentDir(volume.path)}/${VERSION_FILE}`;
  if (!(await volume.disk.exists(path))) return undefined;
  const version = named(path, parseDataNodeVersion, await volume.disk.readFile(path));
  if (startOption === 'rollback' && version.layoutVersion < DATANODE_LAYOUT_VERSION) {
    // A newer Hadoop wrote its number here; what lies in the block pools is rolled back there.
    const back = { ...version, layoutVersion: DATANODE_LAYOUT_VERSION };
    await volume.disk.writeFileAtomic(path, formatDataNodeVersion(back, host.clock.now()));
    host.log.log('info', 'datanode', `Layout version rolled back to ${DATANODE_LAYOUT_VERSION} for storage ${volume.path}`);
    return back;
  }
  if (version.layoutVersion !== DATANODE_LAYOUT_VERSION) {
    throw new HdfsError(
      'EINCORRECTVERSION',
      `Unexpected version of storage directory ${volume.path}. Reported: ${version.layoutVersion}. Expecting = ${DATANODE_LAYOUT_VERSION}.`,
    );
  }
  return version;
}

/** What a file says; when it cannot be read, the error names the file and the way out. */
function named<T>(path: string, parse: (content: Uint8Array) => T, content: Uint8Array): T {
  try {
    return parse(content);
  } catch (error) {
    throw new HdfsError(
      'EINCONSISTENT',
      `${path}: ${messageOf(error)}. Restore the file from a backup; or move the directory away, and its blocks are copied here again from other DataNodes.`,
      { cause: error },
    );
  }
}
