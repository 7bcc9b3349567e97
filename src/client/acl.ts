// Access control lists of files and directories, for programs.
import { AclScope, type AclType, type AclEntry as CoreAclEntry } from '../core/edits/ops.ts';
import { aclEntryText, parseAclSpec } from '../core/namespace/acl-text.ts';
import type { AclEntryProto, AclEntryProto_FsActionProto, AclEntryProtoInit } from '../wire/messages/acl.ts';
import type { ClientContext, SignalOption } from './context.ts';
import type { PathLike } from './paths.ts';

export interface AclEntry {
  /** `default` entries of a directory pass to what is made in it. */
  readonly scope: 'access' | 'default';
  readonly type: 'user' | 'group' | 'mask' | 'other';
  /** Undefined: the owner, or the owner's group. */
  readonly name?: string | undefined;
  /** Three bits: read 4, write 2, execute 1. */
  readonly permission: number;
}

export interface AclStatus {
  readonly owner: string;
  readonly group: string;
  readonly sticky: boolean;
  /** Permission bits; the group's are the mask where there are access entries. Undefined from servers before Hadoop 2.8. */
  readonly permission: number | undefined;
  /** Without those that the permission bits say: the owner's, the mask's and others'. */
  readonly entries: readonly AclEntry[];
}

/** Entries, or their text: `user:ann:rwx,default:group:g:r-x`. */
export type AclSpec = string | readonly AclEntry[];

/** Names of entries; of a text without permissions: `user:ann,default:mask`. */
export type AclNames = string | readonly Pick<AclEntry, 'scope' | 'type' | 'name'>[];

const SCOPES = ['access', 'default'] as const;
const TYPES = ['user', 'group', 'mask', 'other'] as const;

/** `default:user:ann:r-x`. */
export function formatAclEntry({ scope, type, name, permission }: AclEntry): string {
  return aclEntryText({ scope: scopeOf(scope), type: typeOf(type), name, permission });
}

const scopeOf = (scope: AclEntry['scope']): AclScope => (scope === 'default' ? AclScope.DEFAULT : AclScope.ACCESS);
const typeOf = (type: AclEntry['type']): AclType => TYPES.indexOf(type) as AclType;

const fromCore = ({ scope, type, name, permission }: CoreAclEntry): AclEntry => ({
  scope: SCOPES[scope],
  type: TYPES[type],
  name,
  permission,
});

/** Throws HdfsError EINVAL for a text that is no list. */
export const parseAcl = (text: string): AclEntry[] => parseAclSpec(text).map(fromCore);

/** The same for a text that names entries. */
export const parseAclNames = (text: string): AclEntry[] => parseAclSpec(text, false).map(fromCore);

const fromProto = ({ scope, type, name, permissions }: AclEntryProto): AclEntry => ({
  scope: SCOPES[scope],
  type: TYPES[type],
  name: name === '' ? undefined : name,
  permission: permissions,
});

function toProto(entry: Pick<AclEntry, 'scope' | 'type' | 'name'> & { readonly permission?: number }): AclEntryProtoInit {
  return {
    scope: scopeOf(entry.scope),
    type: typeOf(entry.type),
    name: entry.name === '' ? undefined : entry.name,
    permissions: ((entry.permission ?? 0) & 7) as AclEntryProto_FsActionProto,
  };
}

/** As messages carry them. Throws HdfsError EINVAL for a text that is no list. */
export const aclSpecProto = (spec: AclSpec): AclEntryProtoInit[] =>
  (typeof spec === 'string' ? parseAcl(spec) : spec).map(toProto);

export const aclNamesProto = (names: AclNames): AclEntryProtoInit[] =>
  (typeof names === 'string' ? parseAclNames(names) : names).map(toProto);

/** The access control lists of a file system: `hdfs.acl`. */
export class Acls {
  readonly #context: ClientContext;
  readonly #resolve: (path: PathLike) => string;

  constructor(context: ClientContext, resolve: (path: PathLike) => string) {
    this.#context = context;
    this.#resolve = resolve;
  }

  async get(path: PathLike, options: SignalOption = {}): Promise<AclStatus> {
    const request = { src: this.#resolve(path) };
    const { result } = await this.#context.namenode.call('getAclStatus', request, options.signal);
    const { owner, group, sticky, permission, entries } = result;
    return { owner, group, sticky, permission: permission?.perm, entries: entries.map(fromProto) };
  }

  /** Replaces the entries of the scopes that `spec` has entries for; it must hold those of owner, group and others. */
  async set(path: PathLike, spec: AclSpec, options: SignalOption = {}): Promise<void> {
    const request = { src: this.#resolve(path), aclSpec: aclSpecProto(spec) };
    await this.#context.namenode.call('setAcl', request, options.signal);
  }

  /** Adds entries, or changes those that are there. */
  async modify(path: PathLike, spec: AclSpec, options: SignalOption = {}): Promise<void> {
    const request = { src: this.#resolve(path), aclSpec: aclSpecProto(spec) };
    await this.#context.namenode.call('modifyAclEntries', request, options.signal);
  }

  /** Takes entries away. */
  async remove(path: PathLike, names: AclNames, options: SignalOption = {}): Promise<void> {
    const request = { src: this.#resolve(path), aclSpec: aclNamesProto(names) };
    await this.#context.namenode.call('removeAclEntries', request, options.signal);
  }

  /** Takes all default entries of a directory away. */
  async removeDefault(path: PathLike, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('removeDefaultAcl', { src: this.#resolve(path) }, options.signal);
  }

  /** Takes the whole list away: the permission bits alone are left. */
  async clear(path: PathLike, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call('removeAcl', { src: this.#resolve(path) }, options.signal);
  }
}
