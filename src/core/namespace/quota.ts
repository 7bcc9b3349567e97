// Quotas: what is set on a directory, and whether more names fit below it. Names are counted exactly, from the kept
// subtree counts; space quotas are kept and shown, but setting one is refused (ops/quota.ts) until their use is counted.
import { HdfsError } from '../../base/errors.ts';
import { LONG_MAX } from '../../base/ids.ts';
import type { InodeHandle, Inodes, Quota } from './inodes.ts';
import { pathOfInode } from './permissions.ts';

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
    if (space === QUOTA_RESET) byType.delete(storageType);
    else byType.set(storageType, space);
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

/** Refuses `count` more names below `directory`, when it or an ancestor below `limit` (0: up to the root) has no room. */
export function checkNameQuota(inodes: Inodes, directory: InodeHandle, count: number, limit: InodeHandle = 0): void {
  if (count <= 0) return;
  for (let at = directory; at !== 0 && at !== limit; at = inodes.parent(at)) {
    const quota = inodes.quota(at)?.namespace ?? QUOTA_RESET;
    if (quota < 0) continue;
    const used = inodes.subtreeInodes(at);
    if (used > quota - count) {
      throw new HdfsError(
        'EDQUOT_NS',
        `The NameSpace quota (directories and files) of directory ${pathOfInode(inodes, at)}` +
          ` is exceeded: quota=${quota} file count=${used + count}`,
      );
    }
  }
}
