// Kinds and states of storages and DataNodes, numbered as on the wire (hdfs.proto), so that a server passes them through.

/** Apache: StorageTypeProto. */
export const StorageType = { DISK: 1, SSD: 2, ARCHIVE: 3, RAM_DISK: 4, PROVIDED: 5, NVDIMM: 6 } as const;
export type StorageType = (typeof StorageType)[keyof typeof StorageType];

/** Order in which a placement tries types on one node. Apache: the order of org.apache.hadoop.fs.StorageType. */
export const STORAGE_TYPE_ORDER: readonly StorageType[] = [
  StorageType.RAM_DISK,
  StorageType.SSD,
  StorageType.DISK,
  StorageType.ARCHIVE,
  StorageType.PROVIDED,
  StorageType.NVDIMM,
];

/** Types whose space a quota may limit, in the order of Java's enum. Apache: StorageType.getTypesSupportingQuota. */
export const STORAGE_TYPES_WITH_QUOTA: readonly StorageType[] = [
  StorageType.SSD,
  StorageType.DISK,
  StorageType.ARCHIVE,
  StorageType.PROVIDED,
  StorageType.NVDIMM,
];

const names = new Map<number, string>(Object.entries(StorageType).map(([name, type]) => [type, name]));

export const storageTypeName = (type: number): string => names.get(type) ?? String(type);

/** Lost at a power cut, and never asked for by a storage policy's plain list. Apache: StorageType.isTransient. */
export function isTransient(type: StorageType): boolean {
  return type === StorageType.RAM_DISK;
}

/** Apache: DatanodeStorage.State; FAILED never travels. */
export const StorageState = { NORMAL: 0, READ_ONLY_SHARED: 1, FAILED: 2 } as const;
export type StorageState = (typeof StorageState)[keyof typeof StorageState];

/** Apache: DatanodeInfo.AdminStates. */
export const AdminState = {
  NORMAL: 0,
  DECOMMISSION_INPROGRESS: 1,
  DECOMMISSIONED: 2,
  ENTERING_MAINTENANCE: 3,
  IN_MAINTENANCE: 4,
} as const;
export type AdminState = (typeof AdminState)[keyof typeof AdminState];

/** As block reports carry it. */
export { REPLICA_STATE_NAMES, ReplicaState } from '../replica/states.ts';
