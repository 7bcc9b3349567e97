// Access control lists in their two shapes. The logical list has every entry; it is what an edit log holds. An inode
// keeps only what its mode bits do not say (the stored list, as the image has it): the access list without owner, mask
// and other, then the default list. Apache: AclStorage, AclUtil.
import { type AclEntry, AclScope, AclType } from '../edits/ops.ts';

const STICKY = 0o1000;
export interface StoredAcl {
  readonly mode: number;
  /** Undefined: the mode bits say everything. */
  readonly entries: readonly AclEntry[] | undefined;
}

const inScope = (entries: readonly AclEntry[], scope: AclScope): AclEntry[] => entries.filter((e) => e.scope === scope);

const entry = (scope: AclScope, type: AclType, name: string | undefined, permission: number): AclEntry => ({
  scope,
  type,
  name,
  permission,
});

/** The three entries that mode bits alone mean. */
function minimalAcl(mode: number): AclEntry[] {
  return [
    entry(AclScope.ACCESS, AclType.USER, undefined, (mode >> 6) & 7),
    entry(AclScope.ACCESS, AclType.GROUP, undefined, (mode >> 3) & 7),
    entry(AclScope.ACCESS, AclType.OTHER, undefined, mode & 7),
  ];
}

/** Every entry, those that the mode bits hold included. */
export function logicalAcl(mode: number, stored: readonly AclEntry[]): AclEntry[] {
  const access = inScope(stored, AclScope.ACCESS);
  const defaults = inScope(stored, AclScope.DEFAULT);
  if (access.length === 0) return [...minimalAcl(mode), ...defaults];
  return [
    entry(AclScope.ACCESS, AclType.USER, undefined, (mode >> 6) & 7),
    ...access,
    entry(AclScope.ACCESS, AclType.MASK, undefined, (mode >> 3) & 7),
    entry(AclScope.ACCESS, AclType.OTHER, undefined, mode & 7),
    ...defaults,
  ];
}

/** What an inode keeps of a logical list, which is sorted as Apache sorts it. The reason when it cannot be one. */
export function storeAcl(logical: readonly AclEntry[], mode: number, isDirectory: boolean): StoredAcl | string {
  const access = inScope(logical, AclScope.ACCESS);
  const defaults = inScope(logical, AclScope.DEFAULT);
  if (access.length < 3) return 'Invalid ACL: the user, group and other entries are required.';
  if (defaults.length > 0 && !isDirectory) return 'Invalid ACL: only directories may have a default ACL.';
  const owner = (access[0] as AclEntry).permission;
  // Beyond three entries the group bits hold the mask; the group's own entry is kept beside the named ones.
  const groupBits = (access[access.length === 3 ? 1 : access.length - 2] as AclEntry).permission;
  const other = (access[access.length - 1] as AclEntry).permission;
  const kept = access.length === 3 ? [] : access.slice(1, -2);
  const entries = [...kept, ...defaults];
  return {
    mode: (mode & STICKY) | (owner << 6) | (groupBits << 3) | other,
    entries: entries.length === 0 ? undefined : entries,
  };
}

/** Mode bits after the list is taken away: the group's own entry takes the mask's place. */
export function modeWithoutAcl(mode: number, stored: readonly AclEntry[]): number {
  const group = stored.find((e) => e.scope === AclScope.ACCESS && e.type === AclType.GROUP && e.name === undefined);
  return group === undefined ? mode : (mode & ~0o070) | (group.permission << 3);
}

/** Mode and list of a new child, when its parent has default entries. Apache: AclStorage.copyINodeDefaultAcl. */
export function inheritAcl(
  parentStored: readonly AclEntry[] | undefined,
  mode: number,
  isDirectory: boolean,
): StoredAcl | undefined {
  const defaults = parentStored === undefined ? [] : inScope(parentStored, AclScope.DEFAULT);
  if (defaults.length === 0) return undefined;
  const minimal = defaults.length === 3;
  const access = defaults.map((from): AclEntry => {
    let allowed = 7;
    if (from.type === AclType.USER && from.name === undefined) allowed = (mode >> 6) & 7;
    else if (from.type === AclType.GROUP && minimal) allowed = (mode >> 3) & 7;
    else if (from.type === AclType.MASK) allowed = (mode >> 3) & 7;
    else if (from.type === AclType.OTHER) allowed = mode & 7;
    return entry(AclScope.ACCESS, from.type, from.name, from.permission & allowed);
  });
  const stored = storeAcl(isDirectory ? [...access, ...defaults] : access, mode, isDirectory);
  return typeof stored === 'string' ? undefined : stored;
}
