// getfacl and setfacl. Apache: AclCommands.
import { HdfsError } from '../../../base/errors.ts';
import { formatAction } from '../../../base/mode.ts';
import { parseAcl, parseAclNames } from '../../../client/acl.ts';
import { type AclEntry, type AclStatus, type Acls, formatAclEntry } from '../../../client/index.ts';
import { Command } from '../command.ts';
import { parseOptions, UsageError } from '../command-format.ts';
import type { Item } from '../item.ts';

const STICKY = 0o1000;

/** The lists of an item's file system. */
export function aclsOf(item: Item, operation: string): Acls {
  const { acl } = item.fs;
  if (acl === undefined) throw new HdfsError('EUNSUPPORTED', `RawLocalFileSystem doesn't support ${operation}`);
  return acl;
}

/** All entries of a list: those that the permission bits say, too. Apache: AclUtil.getAclFromPermAndEntries. */
export function fullAcl(permission: number, entries: readonly AclEntry[]): AclEntry[] {
  const access = entries.filter((entry) => entry.scope === 'access');
  const implied = (type: AclEntry['type'], shift: number): AclEntry => ({
    scope: 'access',
    type,
    permission: (permission >> shift) & 7,
  });
  return [
    implied('user', 6),
    ...access,
    implied(access.length > 0 ? 'mask' : 'group', 3),
    implied('other', 0),
    ...entries.filter((entry) => entry.scope === 'default'),
  ];
}

/** A path, and no more. */
function takePath(args: readonly string[], missing: string, tooMany: string): void {
  if (args.length === 0) throw new UsageError(missing);
  if (args.length > 1) throw new UsageError(tooMany);
}

export class GetFacl extends Command {
  protected processOptions(args: string[]): void {
    this.recursive = parseOptions(args, { min: 0, flags: ['R'] }).has('R');
    takePath(args, '<path> is missing', 'Too many arguments');
  }

  protected async processPath(item: Item): Promise<void> {
    const { owner, group, permission, hasAcl } = item.found;
    this.print(`# file: ${item.text}`);
    this.print(`# owner: ${owner}`);
    this.print(`# group: ${group}`);
    if ((permission & STICKY) !== 0) this.print(`# flags: --${(permission & 1) !== 0 ? 't' : 'T'}`);
    const status = hasAcl ? await aclsOf(item, 'getAclStatus').get(item.path) : undefined;
    const entries = fullAcl(permission, status?.entries ?? []);
    for (const scope of ['access', 'default'] as const) {
      const shown = entries.filter((entry) => entry.scope === scope);
      const isMinimal = shown.length === 3;
      for (const entry of shown) {
        const effective = isMinimal ? entry.permission : effectivePermission(entry, status, permission);
        const suffix = effective === entry.permission ? '' : `\t#effective:${formatAction(effective)}`;
        this.print(`${formatAclEntry(entry)}${suffix}`);
      }
    }
    this.print('');
  }
}

/** What the mask leaves of an entry. Apache: AclStatus.getEffectivePermission. */
function effectivePermission(entry: AclEntry, status: AclStatus | undefined, permission: number): number {
  if (entry.name === undefined && entry.type !== 'group') return entry.permission;
  if (entry.scope === 'access') return entry.permission & ((status?.permission ?? permission) >> 3);
  // The default mask is the last but one, or the group of a list without a mask.
  return entry.permission & (status?.entries.at(-2)?.permission ?? 7);
}

type Change = 'b' | 'k' | 'm' | 'x' | '-set';

export class SetFacl extends Command {
  #change: Change = 'b';
  #entries: readonly AclEntry[] = [];

  protected processOptions(args: string[]): void {
    const options = parseOptions(args, { min: 0, flags: ['b', 'k', 'R', 'm', 'x', '-set'] });
    this.recursive = options.has('R');
    const given = (['b', 'k', 'm', 'x', '-set'] as const).filter((each) => options.has(each));
    if (given.length > 1) throw new UsageError('Specified flags contains both remove and modify flags');
    const [change] = given;
    if (change === 'm' || change === 'x' || change === '-set') this.#entries = takeEntries(args, change !== 'x');
    takePath(args, '<path> is missing', 'Too many arguments');
    if (change === undefined) throw new UsageError('Expected one of -b, -k, -m, -x or --set options');
    this.#change = change;
  }

  protected async processPath(item: Item): Promise<void> {
    const { path } = item;
    switch (this.#change) {
      case 'b':
        return aclsOf(item, 'removeAcl').clear(path);
      case 'k':
        return aclsOf(item, 'removeDefaultAcl').removeDefault(path);
    }
    // On the way down files take the access entries alone: only directories may have default ones.
    const accessOnly = this.recursive && !item.found.isDirectory;
    const entries = accessOnly ? this.#entries.filter((entry) => entry.scope === 'access') : this.#entries;
    if (entries.length === 0) return;
    switch (this.#change) {
      case 'm':
        return aclsOf(item, 'modifyAclEntries').modify(path, entries);
      case 'x':
        return aclsOf(item, 'removeAclEntries').remove(path, entries);
      case '-set':
        return aclsOf(item, 'setAcl').set(path, entries);
    }
  }
}

function takeEntries(args: string[], withPermissions: boolean): readonly AclEntry[] {
  if (args.length === 0) throw new UsageError('Missing arguments: <acl_spec> <path>');
  if (args.length < 2) throw new UsageError('Missing either <acl_spec> or <path>');
  const entries = parsed(args.shift() ?? '', withPermissions);
  if (entries.length === 0) throw new UsageError('Missing <acl_spec> entry');
  return entries;
}

function parsed(spec: string, withPermissions: boolean): readonly AclEntry[] {
  try {
    return withPermissions ? parseAcl(spec) : parseAclNames(spec);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EINVAL') throw new UsageError(error.message);
    throw error;
  }
}
