// Storage policies: which types of storage the replicas of a file want, and what stands in when a type has no room.
// Which node then takes a replica is the placement policy's. Mirrors BlockStoragePolicySuite and BlockStoragePolicy.
import { HdfsError } from '../../base/errors.ts';
import { isTransient, StorageType, storageTypeName } from '../blocks/storage-type.ts';

/** Not chosen for the file nor a directory above: the default policy applies. */
export const UNSPECIFIED_STORAGE_POLICY = 0;

export interface StoragePolicy {
  readonly id: number;
  readonly name: string;
  /** The first replicas take these in turn; the last one repeats. */
  readonly storageTypes: readonly StorageType[];
  readonly creationFallbacks: readonly StorageType[];
  readonly replicationFallbacks: readonly StorageType[];
  /** A new file keeps it for good, whatever its directory gets later. */
  readonly copyOnCreateFile: boolean;
}

const { DISK, SSD, ARCHIVE, RAM_DISK, PROVIDED, NVDIMM } = StorageType;

function policy(
  id: number,
  name: string,
  storageTypes: readonly StorageType[],
  creationFallbacks: readonly StorageType[],
  replicationFallbacks: readonly StorageType[],
  copyOnCreateFile = false,
): StoragePolicy {
  return { id, name, storageTypes, creationFallbacks, replicationFallbacks, copyOnCreateFile };
}

/** In the order of their ids, as Apache lists them. */
export const STORAGE_POLICIES: readonly StoragePolicy[] = [
  policy(1, 'PROVIDED', [PROVIDED, DISK], [PROVIDED, DISK], [PROVIDED, DISK]),
  policy(2, 'COLD', [ARCHIVE], [], []),
  policy(5, 'WARM', [DISK, ARCHIVE], [DISK, ARCHIVE], [DISK, ARCHIVE]),
  policy(7, 'HOT', [DISK], [], [ARCHIVE]),
  policy(10, 'ONE_SSD', [SSD, DISK], [SSD, DISK], [SSD, DISK]),
  policy(12, 'ALL_SSD', [SSD], [DISK], [DISK]),
  policy(14, 'ALL_NVDIMM', [NVDIMM], [DISK], [DISK]),
  policy(15, 'LAZY_PERSIST', [RAM_DISK, DISK], [DISK], [DISK], true),
];
export const HOT_STORAGE_POLICY_ID = 7;

const byId = new Map(STORAGE_POLICIES.map((each) => [each.id, each]));

export const hasStoragePolicy = (id: number): boolean => byId.has(id);

/** The policy of an id; `defaultId` stands for the unspecified 0. */
export function storagePolicyById(id: number, defaultId = HOT_STORAGE_POLICY_ID): StoragePolicy {
  const found = byId.get(id === UNSPECIFIED_STORAGE_POLICY ? defaultId : id);
  if (found === undefined) throw new HdfsError('EINVAL', `Cannot find a block policy with id ${id}`);
  return found;
}

export function storagePolicyByName(name: string): StoragePolicy | undefined {
  const wanted = name.toUpperCase();
  return STORAGE_POLICIES.find((each) => each.name === wanted);
}

const typeNames = (types: readonly StorageType[]): string => `[${types.map(storageTypeName).join(', ')}]`;

/** As messages show a policy. Apache: BlockStoragePolicy.toString. */
export function storagePolicyText(of: StoragePolicy): string {
  return (
    `BlockStoragePolicy{${of.name}:${of.id}, storageTypes=${typeNames(of.storageTypes)}, ` +
    `creationFallbacks=${typeNames(of.creationFallbacks)}, replicationFallbacks=${typeNames(of.replicationFallbacks)}}`
  );
}

/** Types wanted for `replication` replicas, none chosen yet. Transient ones are left out. */
export function wantedStorageTypes(of: StoragePolicy, replication: number): StorageType[] {
  const types: StorageType[] = [];
  for (const type of of.storageTypes) {
    if (types.length === replication) break;
    if (!isTransient(type)) types.push(type);
  }
  const last = of.storageTypes[of.storageTypes.length - 1];
  if (last !== undefined && !isTransient(last)) while (types.length < replication) types.push(last);
  return types;
}

/** Takes each of `chosen` off `types`; answers those that were not in it. */
function subtract(types: StorageType[], chosen: Iterable<StorageType>): StorageType[] {
  const excess: StorageType[] = [];
  for (const type of chosen) {
    const at = types.indexOf(type);
    if (at >= 0) types.splice(at, 1);
    else excess.push(type);
  }
  return excess;
}

/** Types still wanted beside `chosen`, with stand-ins for the unavailable ones. */
export function chooseStorageTypes(
  of: StoragePolicy,
  replication: number,
  chosen: Iterable<StorageType> = [],
  unavailable: ReadonlySet<StorageType> = new Set(),
  newBlock = true,
): StorageType[] {
  const types = wantedStorageTypes(of, replication);
  const excess = subtract(types, chosen);
  const fallbacks = newBlock ? of.creationFallbacks : of.replicationFallbacks;
  const fallback = fallbacks.find((type) => !unavailable.has(type));
  for (let i = types.length - 1; i >= 0; i--) {
    if (!unavailable.has(types[i] as StorageType)) continue;
    if (fallback === undefined) types.splice(i, 1);
    else types[i] = fallback;
  }
  subtract(types, excess);
  return types;
}

/** Types of `chosen` beyond what the policy wants for `replication` replicas: those may go first. */
export function excessStorageTypes(of: StoragePolicy, replication: number, chosen: Iterable<StorageType>): StorageType[] {
  return subtract(wantedStorageTypes(of, replication), chosen);
}
