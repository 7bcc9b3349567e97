// What a change makes of an access control list: entries merged, taken away or replaced, default entries filled up from
// the access ones, masks worked out, the result sorted and held against the limits. Apache: AclTransformation.
import { HdfsError } from '../../base/errors.ts';
import { type AclEntry, AclScope, AclType } from '../edits/ops.ts';
import { aclEntryText } from './acl-text.ts';

/** Of the access entries, and of the default entries. */
const MAX_ENTRIES = 32;
const SCOPES = [AclScope.ACCESS, AclScope.DEFAULT] as const;
/** Types without which a list is none. */
const REQUIRED = [AclType.USER, AclType.GROUP, AclType.OTHER] as const;

/** Scopes of a list that a change has looked at. */
interface Scoped {
  /** The mask that is to be kept, where the change did not make it worthless. */
  readonly masks: Map<AclScope, AclEntry>;
  /** Its mask was given or taken away. */
  readonly maskDirty: Set<AclScope>;
  /** Something in it was. */
  readonly dirty: Set<AclScope>;
}

const scoped = (): Scoped => ({ masks: new Map(), maskDirty: new Set(), dirty: new Set() });

/** Owner, named users, group, named groups, mask, other; first those of access. Names as Java compares strings. */
export function compareEntries(a: AclEntry, b: AclEntry): number {
  if (a.scope !== b.scope) return a.scope - b.scope;
  if (a.type !== b.type) return a.type - b.type;
  if (a.name === b.name) return 0;
  if (a.name === undefined) return -1;
  if (b.name === undefined) return 1;
  return a.name < b.name ? -1 : 1;
}

const isSame = (a: AclEntry, b: AclEntry): boolean => compareEntries(a, b) === 0;

function invalid(reason: string): HdfsError {
  return new HdfsError('EACL', reason);
}

function checkLimits(entries: readonly AclEntry[]): void {
  for (const scope of SCOPES) {
    const count = entries.filter((entry) => entry.scope === scope).length;
    if (count > MAX_ENTRIES) {
      const kind = scope === AclScope.ACCESS ? 'access' : 'default';
      throw invalid(`Invalid ACL: ACL has ${count} ${kind} entries, which exceeds maximum of ${MAX_ENTRIES}.`);
    }
  }
}

/** A client's entries, sorted, and few enough to be worked on. */
function ordered(given: readonly AclEntry[]): AclEntry[] {
  const sorted = [...given].sort(compareEntries);
  checkLimits(sorted);
  return sorted;
}

/** As Java searches: of several entries of one name, which a client should not give, the one that halving meets first. */
function search(sorted: readonly AclEntry[], key: AclEntry): AclEntry | undefined {
  for (let low = 0, high = sorted.length - 1; low <= high; ) {
    const middle = (low + high) >> 1;
    const found = sorted[middle] as AclEntry;
    const order = compareEntries(found, key);
    if (order === 0) return found;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** The list without the entries that `given` names by scope, type and name. */
export function removeEntries(existing: readonly AclEntry[], given: readonly AclEntry[]): AclEntry[] {
  const unwanted = ordered(given);
  const state = scoped();
  const kept: AclEntry[] = [];
  for (const entry of existing) {
    if (unwanted.some((each) => isSame(each, entry))) {
      state.dirty.add(entry.scope);
      if (entry.type === AclType.MASK) state.maskDirty.add(entry.scope);
    } else keep(entry, kept, state);
  }
  return completed(kept, state);
}

/** The list without its default entries. */
export function removeDefaults(existing: readonly AclEntry[]): AclEntry[] {
  return validated(existing.filter((entry) => entry.scope === AclScope.ACCESS));
}

/** Puts an entry that was there before into the new list; masks are put in at the end. */
function keep(entry: AclEntry, list: AclEntry[], { masks }: Scoped): void {
  if (entry.type === AclType.MASK) masks.set(entry.scope, entry);
  else list.push(entry);
}

/** The same for one that is given now. */
function take(entry: AclEntry, list: AclEntry[], state: Scoped): void {
  state.dirty.add(entry.scope);
  if (entry.type === AclType.MASK) state.maskDirty.add(entry.scope);
  keep(entry, list, state);
}

/** The list with entries added, or changed where they are there already. */
export function mergeEntries(existing: readonly AclEntry[], given: readonly AclEntry[]): AclEntry[] {
  const changes = ordered(given);
  const state = scoped();
  const kept: AclEntry[] = [];
  for (const entry of existing) {
    const change = search(changes, entry);
    if (change !== undefined) take(change, kept, state);
    else keep(entry, kept, state);
  }
  for (const change of changes) if (!existing.some((entry) => isSame(entry, change))) take(change, kept, state);
  return completed(kept, state);
}

/** The given entries in place of all others of their scopes; a scope that none is given for stays. */
export function replaceEntries(existing: readonly AclEntry[], given: readonly AclEntry[]): AclEntry[] {
  const state = scoped();
  const kept: AclEntry[] = [];
  for (const entry of ordered(given)) take(entry, kept, state);
  for (const entry of existing) if (!state.dirty.has(entry.scope)) keep(entry, kept, state);
  return completed(kept, state);
}

function completed(entries: AclEntry[], state: Scoped): AclEntry[] {
  const full = [...entries, ...missingDefaults(entries)];
  return validated([...full, ...masksOf(full, state)]);
}

/** A default list has an owner, a group and others: those not given are as the access list has them. */
function missingDefaults(entries: readonly AclEntry[]): AclEntry[] {
  if (!entries.some((entry) => entry.scope === AclScope.DEFAULT)) return [];
  return REQUIRED.flatMap((type): AclEntry[] => {
    const isUnnamed = (scope: AclScope) => (entry: AclEntry) =>
      entry.scope === scope && entry.type === type && entry.name === undefined;
    if (entries.some(isUnnamed(AclScope.DEFAULT))) return [];
    const access = entries.find(isUnnamed(AclScope.ACCESS));
    return access === undefined ? [] : [{ ...access, scope: AclScope.DEFAULT }];
  });
}

/** The masks that the scopes need: the given one, the old one where nothing changed, else what all its entries allow. */
function masksOf(entries: readonly AclEntry[], { masks, maskDirty, dirty }: Scoped): AclEntry[] {
  return SCOPES.flatMap((scope): AclEntry[] => {
    const present = entries.filter((entry) => entry.scope === scope);
    if (present.length === 0) return [];
    const needed = present.some((entry) => entry.name !== undefined);
    const given = masks.get(scope);
    if (given === undefined && needed && maskDirty.has(scope)) {
      throw invalid('Invalid ACL: mask is required and cannot be deleted.');
    }
    if (given !== undefined && (!dirty.has(scope) || maskDirty.has(scope))) return [given];
    if (!needed && given === undefined) return [];
    let union: number | undefined;
    for (const { type, name, permission } of present) {
      if (type === AclType.GROUP || name !== undefined) union = (union ?? 0) | permission;
    }
    // Without a group the list is refused in a moment.
    return [{ scope, type: AclType.MASK, name: undefined, permission: union ?? 0 }];
  });
}

function validated(entries: readonly AclEntry[]): AclEntry[] {
  const sorted = [...entries].sort(compareEntries);
  for (const [index, entry] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && isSame(before, entry)) {
      throw invalid('Invalid ACL: multiple entries with same scope, type and name.');
    }
    if (entry.name !== undefined && (entry.type === AclType.MASK || entry.type === AclType.OTHER)) {
      throw invalid(`Invalid ACL: this entry type must not have a name: ${aclEntryText(entry)}.`);
    }
  }
  checkLimits(sorted);
  const hasDefaults = sorted.some((entry) => entry.scope === AclScope.DEFAULT);
  const has = (scope: AclScope, type: AclType): boolean =>
    sorted.some((entry) => entry.scope === scope && entry.type === type && entry.name === undefined);
  for (const type of REQUIRED) {
    if (!has(AclScope.ACCESS, type)) throw invalid('Invalid ACL: the user, group and other entries are required.');
    if (hasDefaults && !has(AclScope.DEFAULT, type)) {
      throw invalid('Invalid default ACL: the user, group and other entries are required.');
    }
  }
  return sorted;
}
