// The storage directories at a start: made, locked, and bound by their VERSION files to one cluster, one DataNode and the
// block pools that they hold. An unknown or foreign directory stops the start (or counts as a failed volume) by name;
// nothing is formatted that is not empty of a VERSION. Apache: DataStorage, BlockPoolSliceStorage.
import { HdfsError, messageOf } from '../../base/errors.ts';
import {
  type BlockPoolVersion,
  DATANODE_LAYOUT_VERSION,
  type DataNodeVersion,
  formatBlockPoolVersion,
  formatDataNodeVersion,
  parseBlockPoolVersion,
  parseDataNodeVersion,
} from '../../format/storage/version.ts';
import type { Host } from '../../host/host.ts';
import { randomUuid } from '../../host/uuid.ts';
import type { DataDirectory } from './data-directories.ts';
import { currentDir, isPoolId, LOCK_FILE, poolCurrentDir, VERSION_FILE } from './layout.ts';
import { Volume } from './volume.ts';

const DIRECTORY_MODE = 0o700;

/** What a NameNode says of itself in the handshake. */
export interface Namespace {
  readonly clusterId: string;
  readonly namespaceId: number;
  readonly pool: string;
  readonly cTime: number;
}

export class Storages {
  readonly volumes: readonly Volume[];
  private readonly host: Host;
  private uuid: string | undefined;
  private clusterId: string | undefined;

  private constructor(host: Host, volumes: readonly Volume[]) {
    this.host = host;
    this.volumes = volumes;
  }

  /** Makes and locks the directories. Rejects when more than `tolerated` of them cannot be used. */
  static async open(
    host: Host,
    directories: readonly DataDirectory[],
    reservedBytes: number,
    tolerated: number,
  ): Promise<Storages> {
    if (directories.length === 0) throw new HdfsError('EINVAL', 'dfs.datanode.data.dir names no directory');
    const volumes: Volume[] = [];
    const failures: string[] = [];
    for (const { path, storageType } of directories) {
      try {
        await host.disk.mkdir(path, DIRECTORY_MODE);
        const lock = await host.disk.lock(`${path}/${LOCK_FILE}`);
        const volume = new Volume(host.disk, host.clock, { index: volumes.length, path, storageType, lock, reservedBytes });
        volumes.push(volume);
        await volume.refresh();
      } catch (error) {
        failures.push(`${path}: ${messageOf(error)}`);
        host.log.log('error', 'datanode', `data directory ${path} cannot be used: ${messageOf(error)}`);
      }
    }
    const allowed = tolerated < 0 ? directories.length - 1 : tolerated;
    if (volumes.length === 0 || failures.length > allowed) {
      await Promise.all(volumes.map((volume) => volume.release()));
      throw new HdfsError(
        'EDISK',
        `Too many failed volumes - current valid volumes: ${volumes.length}, volumes configured: ${directories.length}, volumes failed: ${failures.length}, volume failures tolerated: ${tolerated} (${failures.join('; ')})`,
      );
    }
    const storages = new Storages(host, volumes);
    try {
      for (const volume of volumes) storages.adopt(volume, await storages.readVersion(volume));
    } catch (error) {
      await Promise.all(volumes.map((volume) => volume.release()));
      throw error;
    }
    return storages;
  }

  /** The DataNode's UUID; undefined while every directory is new and no NameNode was met. */
  get datanodeUuid(): string | undefined {
    return this.uuid;
  }

  private async readVersion(volume: Volume): Promise<DataNodeVersion | undefined> {
    const path = `${currentDir(volume.path)}/${VERSION_FILE}`;
    if (!(await this.host.disk.exists(path))) return undefined;
    const version = named(path, parseDataNodeVersion, await this.host.disk.readFile(path));
    if (version.layoutVersion !== DATANODE_LAYOUT_VERSION) {
      throw new HdfsError(
        'EINCORRECTVERSION',
        `Unexpected version of storage directory ${volume.path}. Reported: ${version.layoutVersion}. Expecting = ${DATANODE_LAYOUT_VERSION}.`,
      );
    }
    return version;
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

  /** Binds all directories to the namespace that a NameNode told of. Answers the DataNode's UUID. */
  async bind(namespace: Namespace): Promise<string> {
    if (!isPoolId(namespace.pool)) throw new HdfsError('EINCONSISTENT', `${namespace.pool} is not the id of a block pool`);
    if (this.clusterId !== undefined && this.clusterId !== namespace.clusterId) {
      throw new HdfsError(
        'EIO',
        `Incompatible clusterIDs in ${this.volumes[0]?.path}: namenode clusterID = ${namespace.clusterId}; datanode clusterID = ${this.clusterId}`,
      );
    }
    this.clusterId = namespace.clusterId;
    this.uuid ??= randomUuid(this.host.random);
    for (const volume of this.volumes) {
      if (volume.failure !== undefined) continue;
      if (volume.storageId === '') await this.format(volume, this.uuid, namespace.clusterId);
      await this.bindPool(volume, namespace);
    }
    return this.uuid;
  }

  private async format(volume: Volume, uuid: string, clusterId: string): Promise<void> {
    const { disk, clock } = this.host;
    const storageId = `DS-${randomUuid(this.host.random)}`;
    await disk.mkdir(currentDir(volume.path), DIRECTORY_MODE);
    const version = { layoutVersion: DATANODE_LAYOUT_VERSION, clusterId, datanodeUuid: uuid, storageId, cTime: 0 };
    await disk.writeFileAtomic(`${currentDir(volume.path)}/${VERSION_FILE}`, formatDataNodeVersion(version, clock.now()));
    await disk.syncDirectory(volume.path);
    volume.storageId = storageId;
    this.host.log.log('info', 'datanode', `Storage directory ${volume.path} has been formatted as ${storageId}`);
  }

  private async bindPool(volume: Volume, namespace: Namespace): Promise<void> {
    const { disk, clock } = this.host;
    const dir = poolCurrentDir(volume.path, namespace.pool);
    const path = `${dir}/${VERSION_FILE}`;
    if (await disk.exists(path)) {
      this.checkPool(volume, named(path, parseBlockPoolVersion, await disk.readFile(path)), namespace);
      return;
    }
    await disk.mkdir(dir, DIRECTORY_MODE);
    const version: BlockPoolVersion = {
      layoutVersion: DATANODE_LAYOUT_VERSION,
      namespaceId: namespace.namespaceId,
      blockPoolId: namespace.pool,
      cTime: namespace.cTime,
    };
    await disk.writeFileAtomic(path, formatBlockPoolVersion(version, clock.now()));
    await disk.syncDirectory(currentDir(volume.path));
  }

  private checkPool(volume: Volume, version: BlockPoolVersion, namespace: Namespace): void {
    if (version.namespaceId !== namespace.namespaceId) {
      throw new HdfsError(
        'EIO',
        `Incompatible namespaceIDs in ${volume.path}: namenode namespaceID = ${namespace.namespaceId}; datanode namespaceID = ${version.namespaceId}`,
      );
    }
    if (version.blockPoolId !== namespace.pool) {
      throw new HdfsError(
        'EIO',
        `Incompatible blockpoolIDs in ${volume.path}: namenode blockpoolID = ${namespace.pool}; datanode blockpoolID = ${version.blockPoolId}`,
      );
    }
    if (version.layoutVersion !== DATANODE_LAYOUT_VERSION || version.cTime > namespace.cTime) {
      throw new HdfsError(
        'EIO',
        `Datanode state: LV = ${version.layoutVersion} CTime = ${version.cTime} is newer than the namespace state: LV = ${DATANODE_LAYOUT_VERSION} CTime = ${namespace.cTime}`,
      );
    }
  }
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
