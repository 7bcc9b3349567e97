// Limits on a directory: names and space below it, and what is used of them. Apache: DFSClient.setQuota, getQuotaUsage.
import { HdfsError } from '../base/errors.ts';
import { LONG_MAX } from '../base/ids.ts';
import { decimal, quotaValue } from '../base/java-long.ts';
import { type QuotaUsageProto, StorageTypeProto, StorageTypeProtoNames } from '../wire/messages/hdfs.ts';
import type { ClientContext, SignalOption } from './context.ts';
import type { PathLike } from './paths.ts';

/** Types of storage whose space may be limited. */
export const LIMITED_STORAGE_TYPES = ['SSD', 'DISK', 'ARCHIVE', 'PROVIDED', 'NVDIMM'] as const;
export type LimitedStorageType = (typeof LIMITED_STORAGE_TYPES)[number];

export interface TypeUsage {
  /** Bytes; -1: no limit. */
  readonly quota: number;
  readonly consumed: number;
}

export interface QuotaUsage {
  readonly fileAndDirectoryCount: number;
  /** -1: no limit. The root has Java's Long.MAX_VALUE where nobody set another. */
  readonly quota: number;
  /** Bytes with replication. */
  readonly spaceConsumed: number;
  /** -1: no limit. */
  readonly spaceQuota: number;
  /** By the name of the storage type; empty where nothing is limited or used by type. */
  readonly types: ReadonlyMap<string, TypeUsage>;
}

/** Apache: HdfsConstants.QUOTA_DONT_SET, QUOTA_RESET. */
const KEEP = LONG_MAX;
const LIFT = -1;

export class Quotas {
  readonly #context: ClientContext;
  readonly #resolve: (path: PathLike) => string;

  constructor(context: ClientContext, resolve: (path: PathLike) => string) {
    this.#context = context;
    this.#resolve = resolve;
  }

  async usage(path: PathLike, options: SignalOption = {}): Promise<QuotaUsage> {
    const { usage } = await this.#context.namenode.call('getQuotaUsage', { path: this.#resolve(path) }, options.signal);
    return quotaUsage(usage);
  }

  /** Limits the names in a directory's tree, itself included; undefined lifts the limit. */
  async setNames(path: PathLike, names: number | undefined, options: SignalOption = {}): Promise<void> {
    if (names !== undefined && !(names > 0)) throw invalid(`Invalid values for quota : ${names} and ${decimal(KEEP)}`);
    await this.#set(path, names ?? LIFT, KEEP, undefined, options);
  }

  /** Limits the bytes of all replicas below a directory, or of those on one type of storage; undefined lifts the limit. */
  async setSpace(
    path: PathLike,
    bytes: number | undefined,
    options: SignalOption & { readonly type?: LimitedStorageType | undefined } = {},
  ): Promise<void> {
    const { type } = options;
    if (bytes !== undefined && !(type === undefined ? bytes >= 0 : bytes > 0)) {
      throw invalid(
        type === undefined ? `Invalid values for quota : ${decimal(KEEP)} and ${bytes}` : `Invalid values for quota :${bytes}`,
      );
    }
    await this.#set(path, KEEP, bytes ?? LIFT, type, options);
  }

  async #set(
    path: PathLike,
    namespaceQuota: number,
    storagespaceQuota: number,
    type: LimitedStorageType | undefined,
    options: SignalOption,
  ): Promise<void> {
    const storageType = type === undefined ? undefined : StorageTypeProto[type];
    const request = { path: this.#resolve(path), namespaceQuota, storagespaceQuota, storageType };
    await this.#context.namenode.call('setQuota', request, options.signal);
  }
}

const invalid = (message: string): HdfsError => new HdfsError('EILLEGAL', message);

export function typeUsages(infos: QuotaUsageProto['typeQuotaInfos']): ReadonlyMap<string, TypeUsage> {
  const found = infos?.typeQuotaInfo ?? [];
  return new Map(
    found.map(({ type, quota, consumed }) => [
      StorageTypeProtoNames[type ?? StorageTypeProto.DISK] ?? String(type),
      { quota: quotaValue(quota), consumed },
    ]),
  );
}

function quotaUsage(usage: QuotaUsageProto): QuotaUsage {
  return {
    fileAndDirectoryCount: usage.fileAndDirectoryCount,
    quota: quotaValue(usage.quota),
    spaceConsumed: usage.spaceConsumed,
    spaceQuota: quotaValue(usage.spaceQuota),
    types: typeUsages(usage.typeQuotaInfos),
  };
}
