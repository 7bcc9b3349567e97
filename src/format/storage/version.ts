// The VERSION files: who a storage directory belongs to. A NameNode has one in `current`, a DataNode one in `current` of
// each volume and one for each block pool below that. Apache: NNStorage, DataStorage, BlockPoolSliceStorage.
import { ProtocolError } from '../../base/errors.ts';
import { formatProperties, javaDate, parseProperties } from './properties.ts';

/** Apache: DataNodeLayoutVersion.CURRENT_LAYOUT_VERSION. */
export const DATANODE_LAYOUT_VERSION = -57;

export interface NameNodeVersion {
  readonly layoutVersion: number;
  readonly namespaceId: number;
  readonly clusterId: string;
  readonly blockPoolId: string;
  /** Milliseconds since 1970. */
  readonly cTime: number;
}

export interface DataNodeVersion {
  readonly layoutVersion: number;
  readonly clusterId: string;
  readonly datanodeUuid: string;
  /** DS-... of this volume. */
  readonly storageId: string;
  readonly cTime: number;
}

export interface BlockPoolVersion {
  readonly layoutVersion: number;
  readonly namespaceId: number;
  readonly blockPoolId: string;
  readonly cTime: number;
}

class Fields {
  private readonly properties: ReadonlyMap<string, string>;

  constructor(content: Uint8Array) {
    this.properties = parseProperties(content);
  }

  text(key: string): string {
    const value = this.properties.get(key);
    if (value === undefined || value === '') throw new ProtocolError(`VERSION has no ${key}`);
    return value;
  }

  integer(key: string): number {
    const value = this.text(key);
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number)) throw new ProtocolError(`VERSION has ${key}=${value}, which is no number`);
    return number;
  }

  expect(key: string, wanted: string): void {
    const value = this.text(key);
    if (value !== wanted) throw new ProtocolError(`VERSION has ${key}=${value} where ${wanted} is expected`);
  }
}

/** Throws ProtocolError, as do the others. */
export function parseNameNodeVersion(content: Uint8Array): NameNodeVersion {
  const fields = new Fields(content);
  fields.expect('storageType', 'NAME_NODE');
  return {
    layoutVersion: fields.integer('layoutVersion'),
    namespaceId: fields.integer('namespaceID'),
    clusterId: fields.text('clusterID'),
    blockPoolId: fields.text('blockpoolID'),
    cTime: fields.integer('cTime'),
  };
}

export function parseDataNodeVersion(content: Uint8Array): DataNodeVersion {
  const fields = new Fields(content);
  fields.expect('storageType', 'DATA_NODE');
  return {
    layoutVersion: fields.integer('layoutVersion'),
    clusterId: fields.text('clusterID'),
    datanodeUuid: fields.text('datanodeUuid'),
    storageId: fields.text('storageID'),
    cTime: fields.integer('cTime'),
  };
}

export function parseBlockPoolVersion(content: Uint8Array): BlockPoolVersion {
  const fields = new Fields(content);
  return {
    layoutVersion: fields.integer('layoutVersion'),
    namespaceId: fields.integer('namespaceID'),
    blockPoolId: fields.text('blockpoolID'),
    cTime: fields.integer('cTime'),
  };
}

/** `now`: milliseconds since 1970, for the comment that Java writes. Keys are in the order in which Apache's stand. */
export function formatNameNodeVersion(version: NameNodeVersion, now: number): string {
  return formatProperties(javaDate(now), [
    ['namespaceID', String(version.namespaceId)],
    ['blockpoolID', version.blockPoolId],
    ['storageType', 'NAME_NODE'],
    ['cTime', String(version.cTime)],
    ['clusterID', version.clusterId],
    ['layoutVersion', String(version.layoutVersion)],
  ]);
}

export function formatDataNodeVersion(version: DataNodeVersion, now: number): string {
  return formatProperties(javaDate(now), [
    ['datanodeUuid', version.datanodeUuid],
    ['storageType', 'DATA_NODE'],
    ['cTime', String(version.cTime)],
    ['clusterID', version.clusterId],
    ['layoutVersion', String(version.layoutVersion)],
    ['storageID', version.storageId],
  ]);
}

export function formatBlockPoolVersion(version: BlockPoolVersion, now: number): string {
  return formatProperties(javaDate(now), [
    ['namespaceID', String(version.namespaceId)],
    ['blockpoolID', version.blockPoolId],
    ['cTime', String(version.cTime)],
    ['layoutVersion', String(version.layoutVersion)],
  ]);
}
