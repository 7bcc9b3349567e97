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
import { startThreads } from './finalized-walk.ts';
import { currentDir, DIRECTORY_MODE, isPoolId, LOCK_FILE, VERSION_FILE } from './layout.ts';
import { NO_HURRY, notBack, type Patience, settledOrLate } from './patience.ts';
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

/** A directory that is locked, and what its VERSION file says. */
export interface OpenedVolume {
  readonly volume: Volume;
  readonly version: DataNodeVersion | undefined;
}

/** A directory whose disk did not answer in time, and goes on being opened. */
export interface LateDirectory {
  readonly directory: DataDirectory;
  readonly opening: Promise<OpenedVolume>;
}

export interface StorageOptions {
  readonly startOption?: StartOption | undefined;
  readonly patience?: Patience;
  /** Of the data directories. */
  readonly directoryMode?: number;
  /** Whether the size of a volume is asked for only once. */
  readonly fixedVolumeSize?: boolean;
}

export class Storages {
  readonly volumes: readonly Volume[];
  /** Directories that could not be used at the start. */
  readonly failed: readonly FailedDirectory[];
  readonly late: readonly LateDirectory[];
  private readonly host: Host;
  private readonly reserving: Reserving;
  private readonly startOption: StartOption;
  private readonly making: Making;
  private readonly namespaces = new Map<string, Namespace>();
  /** What the VERSION files of the block pools say. */
  private readonly bound = new WeakMap<Volume, Map<string, BlockPoolVersion>>();
  private uuid: string | undefined;
  private clusterId: string | undefined;

  private constructor(
    host: Host,
    volumes: readonly Volume[],
    failed: readonly FailedDirectory[],
    late: readonly LateDirectory[],
    reserving: Reserving,
    { startOption, making }: { readonly startOption: StartOption; readonly making: Making },
  ) {
    this.host = host;
    this.startOption = startOption;
    this.making = making;
    this.volumes = volumes;
    this.failed = failed;
    this.late = late;
    this.reserving = reserving;
  }

  /**
   * Makes and locks the directories, side by side. Rejects when more than `tolerated` of them cannot be used. A disk that does not
   * answer is not waited for once another one has told who this DataNode is.
   */
  static async open(
    host: Host,
    directories: readonly DataDirectory[],
    reserving: Reserving,
    tolerated: number,
    options: StorageOptions = {},
  ): Promise<Storages> {
    const { startOption = 'regular', patience = NO_HURRY, directoryMode = DIRECTORY_MODE, fixedVolumeSize = false } = options;
    const making = { mode: directoryMode, hasFixedSize: fixedVolumeSize };
    if (directories.length === 0) throw new HdfsError('EINVAL', 'dfs.datanode.data.dir names no directory');
    const bad = badTolerance(tolerated, directories.length);
    if (bad !== undefined) throw new HdfsError('EILLEGAL', bad);
    const volumes: Volume[] = [];
    const versions: (DataNodeVersion | undefined)[] = [];
    const failed: FailedDirectory[] = [];
    const late: LateDirectory[] = [];
    const openings = directories.map((directory) =>
      openVolume(host, directory, directories.length, reserving, { startOption, ...making }),
    );
    let known = false;
    for (const opening of openings) opening.then(({ version }) => (known ||= version !== undefined)).catch(() => undefined);
    const outcomes = await settledOrLate(host.clock, openings, patience, () => known);
    try {
      for (const outcome of outcomes) {
        if (outcome?.status !== 'fulfilled') continue;
        volumes.push(outcome.value.volume);
        versions.push(outcome.value.version);
      }
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome?.status === 'fulfilled') continue;
        const directory = directories[i] as DataDirectory;
        const opening = openings[i] as Promise<OpenedVolume>;
        if (outcome === undefined && known) {
          late.push({ directory, opening });
          continue;
        }
        const error: unknown =
          outcome === undefined ? new HdfsError('EDISK', notBack(directory.path, patience)) : outcome.reason;
        // A directory that says something wrong is the operator's to look at; one that says nothing has failed.
        if (error instanceof HdfsError && SAYS_WRONG.has(error.code)) throw error;
        failed.push({ directory, reason: messageOf(error) });
        host.log.log('error', 'datanode', `data directory ${directory.path} cannot be used: ${messageOf(error)}`);
        if (outcome === undefined) releaseLater(host, opening);
      }
      if (!hasEnoughVolumes(volumes.length, failed.length, tolerated)) {
        const reasons = failed.map(({ directory, reason }) => `${directory.path}: ${reason}`).join('; ');
        throw new HdfsError(
          'EDISK',
          `Too many failed volumes - current valid volumes: ${volumes.length}, volumes configured: ${directories.length}, volumes failed: ${failed.length}, volume failures tolerated: ${tolerated} (${reasons})`,
        );
      }
      const storages = new Storages(host, volumes, failed, late, reserving, { startOption, making });
      volumes.forEach((volume, i) => {
        storages.adopt(volume, versions[i]);
      });
      return storages;
    } catch (error) {
      await Promise.all(volumes.map((volume) => volume.release()));
      for (const { opening } of late) releaseLater(host, opening);
      throw error;
    }
  }

  /** A further directory, made, locked and bound to everything that the others are bound to; not in service yet. */
  async openFurther(directory: DataDirectory, count: number): Promise<Volume> {
    const opened = await openVolume(this.host, directory, count, this.reserving, {
      startOption: 'regular',
      ...this.making,
    });
    const { volume } = opened;
    try {
      this.join(opened);
      await this.bindFurther(volume, 'regular');
      return volume;
    } catch (error) {
      await volume.release();
      throw error;
    }
  }

  /** A directory that was opened later than the others becomes one of them; throws when it is somebody else's. */
  join({ volume, version }: OpenedVolume): void {
    if (version !== undefined && this.clusterId !== undefined) this.checkCluster(volume, version.clusterId);
    this.adopt(volume, version);
  }

  /** Binds a volume to the namespaces that it is not bound to yet. */
  async bindFurther(volume: Volume, option = this.startOption): Promise<void> {
    for (const namespace of this.namespaces.values()) {
      if (!this.isBound(volume, namespace)) await this.bindVolume(volume, namespace, option);
    }
  }

  hasAllNamespaces(volume: Volume): boolean {
    return [...this.namespaces.values()].every((namespace) => this.isBound(volume, namespace));
  }

  private isBound(volume: Volume, { pool }: Namespace): boolean {
    return this.bound.get(volume)?.has(pool) === true;
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

  /** A NameNode has told of its namespace. Answers the DataNode's UUID; volumes are bound by `bindVolume`. */
  meet(namespace: Namespace, volumes: readonly Volume[]): string {
    if (!isPoolId(namespace.pool)) throw new HdfsError('EINCONSISTENT', `${namespace.pool} is not the id of a block pool`);
    const first = volumes[0];
    if (this.clusterId !== undefined && first !== undefined) this.checkCluster(first, this.clusterId, namespace.clusterId);
    this.clusterId = namespace.clusterId;
    this.uuid ??= randomUuid(this.host.random);
    return this.uuid;
  }

  /** From now on, volumes that come are bound to it too. */
  serve(namespace: Namespace): void {
    this.namespaces.set(namespace.pool, namespace);
  }

  /**
   * Binds the volumes in service to the namespace that a NameNode told of. Answers the DataNode's UUID, and the volumes
   * whose disk failed meanwhile.
   */
  async bind(
    namespace: Namespace,
    volumes: readonly Volume[] = this.volumes,
  ): Promise<{ readonly uuid: string; readonly failed: readonly (readonly [Volume, string])[] }> {
    const uuid = this.meet(namespace, volumes);
    const failed: [Volume, string][] = [];
    for (const volume of volumes) {
      try {
        await this.bindVolume(volume, namespace);
      } catch (error) {
        if (!(error instanceof DiskFailure)) throw error;
        failed.push([volume, messageOf(error)]);
      }
    }
    if (!this.namespaces.has(namespace.pool)) this.serve(namespace);
    return { uuid, failed };
  }

  private checkCluster(volume: Volume, found: string, wanted = this.clusterId): void {
    if (found === wanted) return;
    throw new HdfsError(
      'EIO',
      `Incompatible clusterIDs in ${volume.path}: namenode clusterID = ${wanted}; datanode clusterID = ${found}`,
    );
  }

  async bindVolume(volume: Volume, namespace: Namespace, option = this.startOption): Promise<void> {
    if (volume.storageId === '') await this.format(volume, this.uuid ?? '', namespace.clusterId);
    const directory = new PoolDirectory({ ...this.host, disk: volume.disk }, volume.path, namespace);
    const known = this.bound.get(volume)?.get(namespace.pool);
    // A NameNode that comes back gets its answer though a disk hangs: nothing is read again.
    if (this.namespaces.has(namespace.pool) && known !== undefined) directory.checkServed(known);
    else {
      const pools = this.bound.get(volume) ?? new Map<string, BlockPoolVersion>();
      this.bound.set(volume, pools.set(namespace.pool, await directory.load(option)));
    }
  }

  private async format(volume: Volume, uuid: string, clusterId: string): Promise<void> {
    const { clock } = this.host;
    const { disk } = volume;
    const storageId = `DS-${randomUuid(this.host.random)}`;
    await disk.mkdir(currentDir(volume.path));
    const version = { layoutVersion: DATANODE_LAYOUT_VERSION, clusterId, datanodeUuid: uuid, storageId, cTime: 0 };
    await disk.writeFileAtomic(`${currentDir(volume.path)}/${VERSION_FILE}`, formatDataNodeVersion(version, clock.now()));
    await disk.syncDirectory(volume.path);
    volume.storageId = storageId;
    this.host.log.log('info', 'datanode', `Storage directory ${volume.path} has been formatted as ${storageId}`);
  }
}

/** A directory that nobody waits for any more. */
function releaseLater({ log }: Host, opening: Promise<OpenedVolume>): void {
  opening
    .then(({ volume }) => volume.release())
    .catch((error: unknown) => log.log('warn', 'datanode', `letting go of a data directory: ${messageOf(error)}`));
}

/** Locks a directory and reads who it belongs to. */
/** What every directory is made with. */
interface Making {
  readonly mode: number;
  readonly hasFixedSize: boolean;
}

async function openVolume(
  host: Host,
  directory: DataDirectory,
  count: number,
  reserving: Reserving,
  { startOption, mode, hasFixedSize }: Making & { readonly startOption: StartOption },
): Promise<OpenedVolume> {
  const { path, storageType } = directory;
  await host.disk.mkdir(path, mode);
  // One that is there already gets it too, and the umask of the process takes nothing from it.
  if (((await host.disk.stat(path)).mode & 0o1777) !== mode) await host.disk.chmod(path, mode);
  const lock = await host.disk.lock(`${path}/${LOCK_FILE}`);
  try {
    const reservedBytes = typeof reserving === 'number' ? reserving : reserving(directory);
    const share = ioShare(host.disk.parallelism, count);
    const threads = startThreads(host.machine.load().processors, count);
    const identity = { path, storageType, lock, reservedBytes, hasFixedSize, share, startThreads: threads };
    const volume = new Volume(host.disk, host.clock, identity);
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
