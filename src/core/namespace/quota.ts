// Quotas: what is set on a directory, and whether more fits below it. Names are counted by the kept subtree counts, space by
// the counters of the directories that limit it (space-counters.ts). Apache: DirectoryWithQuotaFeature.verifyQuota.
import { HdfsError } from '../../base/errors.ts';
import { LONG_MAX } from '../../base/ids.ts';
import { decimal } from '../../base/java-long.ts';
import { binaryPrefix } from '../../base/sizes.ts';
import { STORAGE_TYPES_WITH_QUOTA, storageTypeName } from '../blocks/storage-type.ts';
import { effectivePolicy, localPolicy } from './inode-policy.ts';
import type { InodeHandle, Inodes, Quota } from './inodes.ts';
import type { Namespace } from './namespace.ts';
import { pathOfInode } from './permissions.ts';
import type { SpaceUsage } from './space-usage.ts';

/** Apache: HdfsConstants.QUOTA_DONT_SET, as near as a number comes to Long.MAX_VALUE. */
export const QUOTA_DONT_SET = LONG_MAX;
/** Apache: HdfsConstants.QUOTA_RESET. */
export const QUOTA_RESET = -1;

const NONE: Quota = { namespace: QUOTA_RESET, space: QUOTA_RESET, byType: new Map() };
/** The root always has a name quota, beyond any count. Apache: DirectoryWithQuotaFeature.DEFAULT_NAMESPACE_QUOTA. */
const OF_ROOT: Quota = { namespace: LONG_MAX, space: QUOTA_RESET, byType: new Map() };

/** What is set on the inode; -1 where nothing is. */
export function quotaOf(inodes: Inodes, inode: InodeHandle): Quota {
  return inodes.quota(inode) ?? (inode === inodes.root ? OF_ROOT : NONE);
}

/**
 * The quota of a directory after a change. QUOTA_DONT_SET leaves a value as it is, QUOTA_RESET takes it away; with a
 * storage type only the space of that type changes.
 */
export function changedQuota(
  inodes: Inodes,
  directory: InodeHandle,
  namespace: number,
  space: number,
  storageType?: number,
): Quota {
  const old = quotaOf(inodes, directory);
  if (storageType !== undefined) {
    const byType = new Map(old.byType);
    const limit = space === QUOTA_DONT_SET ? old.space : space;
    if (limit === QUOTA_RESET) byType.delete(storageType);
    else byType.set(storageType, limit);
    return { ...old, byType };
  }
  let names = namespace;
  if (namespace === QUOTA_DONT_SET) names = old.namespace;
  else if (namespace === QUOTA_RESET && directory === inodes.root) names = QUOTA_DONT_SET;
  return { ...old, namespace: names, space: space === QUOTA_DONT_SET ? old.space : space };
}

/** What the inode table keeps: nothing where nothing is set. */
export function storedQuota(quota: Quota): Quota | undefined {
  return quota.namespace < 0 && quota.space < 0 && quota.byType.size === 0 ? undefined : quota;
}

/** What a request adds below a directory. */
export interface QuotaDemand {
  readonly names: number;
  /** Names that it takes away before. */
  readonly freed?: number | undefined;
  /** As it counts in that directory. */
  readonly space?: SpaceUsage | undefined;
  /** What the same request changes before; it counts as used. */
  readonly before?: SpaceUsage | undefined;
}

/** Apache: Quota.isViolated. */
const isViolated = (quota: number, used: number, more: number): boolean => quota >= 0 && more > 0 && used > quota - more;

/** Refuses a demand below `directory`, when it or an ancestor below `limit` (0: up to the root) has no room. */
export function checkQuota(ns: Namespace, directory: InodeHandle, demand: QuotaDemand, limit: InodeHandle = 0): void {
  const { inodes } = ns;
  let { space, before } = demand;
  for (let at = directory; at !== 0 && at !== limit; at = inodes.parent(at)) {
    const quota = inodes.quota(at);
    if (quota !== undefined) {
      checkNames(ns, at, quota.namespace, demand);
      if (space !== undefined) checkSpace(ns, at, quota, space, before);
    }
    const policy = localPolicy(inodes, at);
    space = space?.under(policy);
    before = before?.under(policy);
  }
}

function checkNames(ns: Namespace, directory: InodeHandle, quota: number, { names: more, freed = 0 }: QuotaDemand): void {
  const used = ns.inodes.subtreeInodes(directory) - freed;
  if (!isViolated(quota, used, more)) return;
  throw new HdfsError(
    'EDQUOT_NS',
    `The NameSpace quota (directories and files) of directory ${pathOfInode(ns.inodes, directory)}` +
      ` is exceeded: quota=${quota} file count=${used + more}`,
  );
}

function checkSpace(
  ns: Namespace,
  directory: InodeHandle,
  quota: Quota,
  wanted: SpaceUsage,
  before: SpaceUsage | undefined,
): void {
  const counted = ns.space.of(directory);
  if (counted === undefined) return;
  const bytes = (value: number): string => binaryPrefix(value, 2, 'B');
  const more = wanted.space;
  const used = counted.space + (before?.space ?? 0);
  if (isViolated(quota.space, used, more)) {
    throw new HdfsError(
      'EDQUOT_DS',
      `The DiskSpace quota of ${pathOfInode(ns.inodes, directory)} is exceeded: quota = ${decimal(quota.space)} B = ${bytes(quota.space)}` +
        ` but diskspace consumed = ${used + more} B = ${bytes(used + more)}`,
    );
  }
  if (quota.byType.size === 0) return;
  const policy = effectivePolicy(ns.inodes, directory);
  const usedByType = counted.spaceByType(policy);
  const beforeByType = before?.spaceByType(policy);
  const moreByType = wanted.spaceByType(policy);
  for (const type of STORAGE_TYPES_WITH_QUOTA) {
    const limit = quota.byType.get(type) ?? QUOTA_RESET;
    const usedOf = (usedByType.get(type) ?? 0) + (beforeByType?.get(type) ?? 0);
    const moreOf = moreByType.get(type) ?? 0;
    if (!isViolated(limit, usedOf, moreOf)) continue;
    throw new HdfsError(
      'EDQUOT_TYPE',
      `Quota by storage type : ${storageTypeName(type)} on path : ${pathOfInode(ns.inodes, directory)}` +
        ` is exceeded. quota = ${bytes(limit)} but space consumed = ${bytes(usedOf + moreOf)}`,
    );
  }
}

/** Refuses more space for a file, of its own policy and replication. */
export function checkFileSpace(ns: Namespace, file: InodeHandle, space: SpaceUsage, before?: SpaceUsage): void {
  checkQuota(ns, ns.inodes.parent(file), { names: 0, space, before });
}
