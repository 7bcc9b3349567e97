// Extended attributes: their names with and without the name space, which of them stand for features that are not here,
// who may see and set which. Apache: XAttrHelper, XAttrPermissionFilter, XAttrFeature.
import { utf8 } from '../../base/bytes.ts';
import { HdfsError } from '../../base/errors.ts';
import { type XAttr, XAttrNamespace } from '../edits/ops.ts';
import type { Caller } from './permissions.ts';

/** What names an attribute. */
export type XattrKey = Pick<XAttr, 'namespace' | 'name'>;

/** By number; as enums print them, and in small letters as a prefix of names. */
const NAMESPACE_NAMES = ['USER', 'TRUSTED', 'SECURITY', 'SYSTEM', 'RAW'] as const;
const PREFIX_RULE = "An XAttr name must be prefixed with user/trusted/security/system/raw, followed by a '.'";
const SHORTEST_PREFIX = 3;

/** Larger values are shown after all others. Apache: XAttrFeature.PACK_THRESHOLD. */
const LARGE_VALUE_BYTES = 1024;

/** Whoever holds it keeps the superuser from reading a file. */
export const UNREADABLE_BY_SUPERUSER: XattrKey = {
  namespace: XAttrNamespace.SECURITY,
  name: 'hdfs.unreadable.by.superuser',
};

export const isSameXattr = (a: XattrKey, b: XattrKey): boolean => a.namespace === b.namespace && a.name === b.name;

export const xattrName = ({ namespace, name }: XattrKey): string => `${NAMESPACE_NAMES[namespace].toLowerCase()}.${name}`;

/** The attribute that `user.name` and the like mean. Throws HdfsError EINVAL. */
export function parseXattrName(text: string): XattrKey {
  const dot = text.indexOf('.');
  if (dot < SHORTEST_PREFIX) throw new HdfsError('EINVAL', PREFIX_RULE);
  if (dot === text.length - 1) throw new HdfsError('EINVAL', 'XAttr name cannot be empty.');
  const prefix = text.slice(0, dot).toUpperCase();
  if (!Object.hasOwn(XAttrNamespace, prefix)) throw new HdfsError('EINVAL', PREFIX_RULE);
  return { namespace: XAttrNamespace[prefix as keyof typeof XAttrNamespace], name: text.slice(dot + 1) };
}

/** Refuses what the caller may not touch, whatever it holds. `isRaw`: by a path below /.reserved/raw. */
export function checkXattrRight(caller: Caller, xattr: XAttr, isRaw: boolean): void {
  const { namespace } = xattr;
  if (namespace === XAttrNamespace.USER || (namespace === XAttrNamespace.TRUSTED && caller.superuser)) return;
  if (namespace === XAttrNamespace.RAW && isRaw) return;
  if (isSameXattr(xattr, UNREADABLE_BY_SUPERUSER)) {
    if (xattr.value === undefined) return;
    throw new HdfsError(
      'EACCES',
      `Attempt to set a value for '${xattrName(UNREADABLE_BY_SUPERUSER)}'. Values are not allowed for this xattr.`,
    );
  }
  throw new HdfsError('EACCES', `User doesn't have permission for xattr: ${xattrName(xattr)}`);
}

export function visibleXattrs(caller: Caller, xattrs: readonly XAttr[], isRaw: boolean): XAttr[] {
  return xattrs.filter((xattr) => {
    const { namespace } = xattr;
    if (namespace === XAttrNamespace.USER) return true;
    if (namespace === XAttrNamespace.TRUSTED && caller.superuser) return true;
    if (namespace === XAttrNamespace.RAW && isRaw) return true;
    return isSameXattr(xattr, UNREADABLE_BY_SUPERUSER);
  });
}

/** Those that count against the limit of an inode. */
export const isUserVisible = ({ namespace }: XattrKey): boolean =>
  namespace === XAttrNamespace.USER || namespace === XAttrNamespace.TRUSTED;

/** An inode's attributes after some were set: the new ones first, an empty value as none, the large ones last. */
export function withXattrs(existing: readonly XAttr[], set: readonly XAttr[]): XAttr[] {
  const all = [...set, ...existing.filter((old) => !set.some((change) => isSameXattr(old, change)))];
  const isLarge = ({ value }: XAttr): boolean => (value?.length ?? 0) > LARGE_VALUE_BYTES;
  return [...all.filter((xattr) => !isLarge(xattr)), ...all.filter(isLarge)].map((xattr) =>
    xattr.value?.length === 0 ? { ...xattr, value: undefined } : xattr,
  );
}

export const withoutXattrs = (existing: readonly XAttr[], removed: readonly XattrKey[]): XAttr[] =>
  existing.filter((old) => !removed.some((key) => isSameXattr(old, key)));

/** Apache: ErasureCodeConstants.REPLICATION_POLICY_NAME; a directory set back to plain replication has it. */
const REPLICATION_POLICY = 'replication';

/** What makes a directory an encryption zone. */
export const ENCRYPTION_ZONE: XattrKey = { namespace: XAttrNamespace.RAW, name: 'hdfs.crypto.encryption.zone' };
const FILE_ENCRYPTION: XattrKey = { namespace: XAttrNamespace.RAW, name: 'hdfs.crypto.file.encryption.info' };
const ERASURE_CODING: XattrKey = { namespace: XAttrNamespace.SYSTEM, name: 'hdfs.erasurecoding.policy' };

/**
 * The feature, not built here, that an attribute switches on for the data of a file or below a directory; undefined for
 * all others. Apache: HdfsServerConstants.
 */
export function featureOfXattr(xattr: XAttr): string | undefined {
  if (isSameXattr(xattr, ENCRYPTION_ZONE) || isSameXattr(xattr, FILE_ENCRYPTION)) return 'encryption zones';
  if (!isSameXattr(xattr, ERASURE_CODING)) return undefined;
  // Hadoop writes the name of the policy with its length before it.
  const policy = xattr.value === undefined ? '' : utf8(xattr.value.subarray(4));
  return policy === REPLICATION_POLICY ? undefined : 'erasure coding';
}
