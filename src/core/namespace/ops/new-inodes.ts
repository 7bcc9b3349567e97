// What new names have in common: missing parents as MKDIR ops, modes and lists that a child takes from its parent, the
// ids they will get. Apache: FSDirMkdirOp.createParentDirectories, FSDirectory.addLastINode.
import { type InodeId, inodeId } from '../../../base/ids.ts';
import type { AclEntry, EditOp, PermissionStatus } from '../../edits/ops.ts';
import { inheritAcl, logicalAcl } from '../acl.ts';
import type { InodeHandle } from '../inodes.ts';
import { checkName, checkObjectCount } from '../limits.ts';
import type { Namespace } from '../namespace.ts';
import { joinPath } from '../paths.ts';
import { checkQuota } from '../quota.ts';
import type { ResolvedPath } from '../resolve.ts';

/** Mode of a new file or directory: with the client's umask taken off, and, from newer clients, without. */
export interface CreateMode {
  readonly masked: number;
  readonly unmasked?: number | undefined;
}

const PERMISSIONS = 0o777;
const WITH_STICKY = 0o1777;
const OWNER_WRITE_EXECUTE = 0o300;

/** What a child takes over from its parent, which perhaps is about to be made in the same request. */
interface ParentView {
  readonly group: string;
  readonly acl: readonly AclEntry[] | undefined;
}

/** Makes the ops of one request's new names, from the first missing parent on. */
export class NewInodes {
  readonly ops: EditOp[] = [];
  readonly #ns: Namespace;
  readonly #path: ResolvedPath;
  readonly #user: string;
  readonly #now: number;
  /** Index of the first component that does not exist. */
  readonly #firstMissing: number;
  #parent: ParentView;
  #lastId: number;

  /** `replaced`: an inode that the request takes away from the end of the path. */
  constructor(ns: Namespace, path: ResolvedPath, user: string, now: number, replaced: InodeHandle = 0) {
    this.#ns = ns;
    this.#path = path;
    this.#user = user;
    this.#now = now;
    this.#firstMissing = replaced === 0 ? path.existing : path.length - 1;
    const existing = path.inodes[this.#firstMissing - 1] as InodeHandle;
    this.#parent = { group: ns.inodes.group(existing), acl: ns.inodes.acl(existing) };
    this.#lastId = ns.lastInodeId;
    checkObjectCount(ns);
    for (let i = this.#firstMissing; i < path.length; i++) {
      const parent = i === this.#firstMissing && replaced === 0 ? existing : 0;
      checkName(ns, path.nameAt(i), parent, () => joinPath(path.components, 0, i));
      checkQuota(ns, existing, { names: i - this.#firstMissing + 1, freed: replaced === 0 ? 0 : 1 });
    }
  }

  /**
   * Directories between the last that exists and the path's own name. `base` is the mode that they start from; their
   * owner may always pass and write.
   */
  parents(base: CreateMode): void {
    const mode = {
      masked: (base.masked & PERMISSIONS) | OWNER_WRITE_EXECUTE,
      unmasked: base.unmasked,
    };
    for (let i = this.#firstMissing; i < this.#path.length - 1; i++) this.directory(i, mode);
  }

  /** A directory for the component at `index`. */
  directory(index: number, mode: CreateMode): void {
    const child = this.child(mode, true);
    this.ops.push({
      kind: 'MKDIR',
      inodeId: this.nextId(),
      path: index === this.#path.length - 1 ? this.#path.text : joinPath(this.#path.components, 0, index + 1),
      timestamp: this.#now,
      permissions: child.permissions,
      aclEntries: child.aclEntries,
      xAttrs: [],
    });
    this.#parent = { group: child.permissions.group, acl: child.stored };
  }

  nextId(): InodeId {
    return inodeId(++this.#lastId);
  }

  /** Owner, mode and list of the next child of the deepest directory so far. */
  child(mode: CreateMode, isDirectory: boolean): NewChild {
    const asked = this.#ns.options.posixAclInheritance && mode.unmasked !== undefined ? mode.unmasked : mode.masked;
    const inherited = inheritAcl(this.#parent.acl, asked & WITH_STICKY, isDirectory);
    const finalMode = inherited?.mode ?? mode.masked & WITH_STICKY;
    const stored = inherited?.entries;
    return {
      permissions: { user: this.#user, group: this.#parent.group, mode: finalMode },
      aclEntries: stored === undefined ? [] : logicalAcl(finalMode, stored),
      stored,
    };
  }
}

export interface NewChild {
  readonly permissions: PermissionStatus;
  /** As an op carries it. */
  readonly aclEntries: readonly AclEntry[];
  /** As the inode keeps it. */
  readonly stored: readonly AclEntry[] | undefined;
}
