// From a path to the inodes along it, with the checks that every request shares: reserved paths, ancestors that must be
// directories which the caller may pass, symlinks. Apache: FSDirectory.resolvePath, INodesInPath.
import { HdfsError } from '../../base/errors.ts';
import { type InodeId, inodeId, ROOT_INODE_ID, UNKNOWN_INODE_ID } from '../../base/ids.ts';
import { type InodeHandle, type Inodes, InodeType } from './inodes.ts';
import type { Namespace, OpHandles } from './namespace.ts';
import {
  isCanonical,
  isValidName,
  joinPath,
  nameIs,
  nameText,
  type PathComponents,
  ROOT_COMPONENTS,
  SNAPSHOT_NAME,
  splitPath,
} from './paths.ts';
import {
  type Caller,
  checkNeeds,
  checkNotSymlink,
  checkSuperuser,
  checkTraverse,
  type Needs,
  pathOfInode,
} from './permissions.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * What a request is about to do at the end of a path. A `link` form takes a symlink there as itself, the others send
 * the client on to its target.
 */
export type PathUse = 'read' | 'readLink' | 'write' | 'writeLink' | 'create' | 'createLink';

/** A path and what stands along it. */
export class ResolvedPath {
  /** As many as components; 0 from the first name on that does not exist. */
  readonly inodes: readonly InodeHandle[];
  /** The client came through /.reserved/raw. */
  readonly isRaw: boolean;
  #components: PathComponents | undefined;
  #text: string | (() => string) | undefined;
  #name: Uint8Array | undefined;

  /** One of components and text, which joins their names, is enough. */
  constructor(
    components: PathComponents | undefined,
    inodes: readonly InodeHandle[],
    isRaw: boolean,
    text?: string | (() => string),
  ) {
    this.#components = components;
    this.inodes = inodes;
    this.isRaw = isRaw;
    this.#text = text;
  }

  /** The root's empty name first. */
  get components(): PathComponents {
    this.#components ??= splitPath(this.text);
    return this.#components;
  }

  get length(): number {
    return this.inodes.length;
  }

  /** The inode that the path names, or 0. */
  get last(): InodeHandle {
    return this.inodes[this.inodes.length - 1] as InodeHandle;
  }

  /** Its parent, 0 when that does not exist or the path is the root. */
  get parent(): InodeHandle {
    return this.inodes[this.inodes.length - 2] ?? 0;
  }

  /** How many inodes from the root on exist. */
  get existing(): number {
    let count = this.inodes.length;
    while (count > 0 && this.inodes[count - 1] === 0) count--;
    return count;
  }

  /** Last name of the path. */
  get name(): Uint8Array {
    return this.nameAt(this.length - 1);
  }

  nameAt(index: number): Uint8Array {
    if (this.#components !== undefined || index < this.length - 1) return this.components[index] as Uint8Array;
    const { text } = this;
    this.#name ??= Buffer.from(text.slice(text.lastIndexOf('/') + 1), 'utf8');
    return this.#name;
  }

  get text(): string {
    let text = this.#text;
    if (typeof text !== 'string') {
      text = text === undefined ? joinPath(this.#components ?? ROOT_COMPONENTS) : text();
      this.#text = text;
    }
    return text;
  }

  get parentText(): string {
    return joinPath(this.components, 0, this.components.length - 1);
  }

  /** The path without its last name. */
  get above(): ResolvedPath {
    return new ResolvedPath(this.components.slice(0, -1), this.inodes.slice(0, -1), this.isRaw);
  }

  /** Where it leads, for an op that is about it. */
  get handles(): OpHandles {
    return { parent: this.parent, inode: this.last, named: this };
  }

  /** The path with one more name. */
  child(name: Uint8Array, inode: InodeHandle): ResolvedPath {
    return new ResolvedPath([...this.components, name], [...this.inodes, inode], this.isRaw);
  }
}

/** Looks the components up, without any check. */
export function lookUp(inodes: Inodes, components: PathComponents, isRaw = false, text?: string): ResolvedPath {
  const found: InodeHandle[] = [inodes.root];
  let at: InodeHandle = inodes.root;
  for (let i = 1; i < components.length; i++) {
    if (at !== 0) at = inodes.child(at, components[i] as Uint8Array);
    found.push(at);
  }
  return new ResolvedPath(components, found, isRaw, text);
}

/** The name that `lookUpText` is at. */
const nameBytes = new Uint8Array(1024);

/**
 * Looks up a path that is plain text (ASCII, canonical, not reserved), as nearly all are, without taking it apart;
 * undefined for any other.
 */
export function lookUpText(inodes: Inodes, path: string): ResolvedPath | undefined {
  const { length } = path;
  const end = path.lastIndexOf('/');
  if (path.charCodeAt(0) !== SLASH || path.charCodeAt(1) === DOT || (end > 0 && end + 1 === length)) return undefined;
  const known = inodes.knownDirectories.find(path, end);
  const found: InodeHandle[] = known === undefined ? [inodes.root] : known.slice();
  let at = found[found.length - 1] as InodeHandle;
  let size = 0;
  for (let i = known === undefined ? 1 : end + 1; i < length; i++) {
    const unit = path.charCodeAt(i);
    if (unit !== SLASH) {
      if (unit > 0x7f || size === nameBytes.length) return undefined;
      nameBytes[size++] = unit;
      if (i + 1 < length) continue;
    }
    if (size === 0) return undefined;
    if (at !== 0) at = inodes.child(at, nameBytes, 0, size);
    found.push(at);
    size = 0;
    if (i === end && at !== 0 && inodes.type(at) === InodeType.DIRECTORY) inodes.knownDirectories.add(path, end, found.slice());
  }
  return new ResolvedPath(undefined, found, false, path);
}

/** From the root down to the inode. */
function lineOf(inodes: Inodes, inode: InodeHandle): InodeHandle[] {
  const handles: InodeHandle[] = [];
  for (let at = inode; at !== 0; at = inodes.parent(at)) handles.push(at);
  return handles.reverse();
}

const namesOf = (inodes: Inodes, inode: InodeHandle): PathComponents => lineOf(inodes, inode).map((each) => inodes.name(each));

/** The path of an inode that is in the tree. */
export function resolveInode(inodes: Inodes, inode: InodeHandle): ResolvedPath {
  const handles = lineOf(inodes, inode);
  return new ResolvedPath(undefined, handles, false, () => pathOfInode(inodes, inode));
}

function lookUpAny(inodes: Inodes, path: string): ResolvedPath {
  const split = splitPath(path);
  const isRaw = isReserved(split) && nameIs(split[2], 'raw');
  const components = expandReserved(inodes, split);
  const text = components === split && isCanonical(path) ? path : undefined;
  return lookUp(inodes, components, isRaw, text);
}

/** Resolves a client's path and checks what every use of it needs. `operation` is the request's name in messages. */
export function resolvePath(ns: Namespace, caller: Caller, path: string, use: PathUse, operation: string = use): ResolvedPath {
  const isCreate = use === 'create' || use === 'createLink';
  if (isCreate && !isValidName(path)) {
    throw new HdfsError('EINVALIDPATH', `Invalid path name Invalid file name: ${path}`, { path });
  }
  const resolved = lookUpText(ns.inodes, path) ?? lookUpAny(ns.inodes, path);
  if (resolved.isRaw && ns.options.permissionsEnabled && use !== 'read' && use !== 'readLink')
    checkSuperuser(caller, operation);
  try {
    checkTraverse(ns.inodes, ns.options.permissionsEnabled ? caller : undefined, resolved);
  } catch (error) {
    // Only a method that makes new names is declared to answer that a parent is no directory.
    if (!isCreate && error instanceof HdfsError && error.code === 'ENOTDIR') {
      throw new HdfsError('EACCES', error.message, { path });
    }
    throw error;
  }
  const isRead = use === 'read' || use === 'readLink';
  if (!isRead && isBelowSnapshots(resolved)) {
    throw new HdfsError('ESNAPSHOTACCESS', 'Modification on a read-only snapshot is disallowed', { path });
  }
  if (use === 'read' || use === 'write' || use === 'create') {
    checkNotSymlink(ns.inodes, resolved, resolved.length - 1);
  }
  return resolved;
}

/**
 * The path of a file that a client writes: by the inode id that it was given, wherever the file has moved since; by its
 * name for a client that knows no id.
 */
export function resolveFile(ns: Namespace, caller: Caller, path: string, fileId: InodeId, operation: string): ResolvedPath {
  if (fileId === UNKNOWN_INODE_ID) return resolvePath(ns, caller, path, 'write', operation);
  const inode = ns.inodes.find(fileId);
  if (inode !== 0) return resolveInode(ns.inodes, inode);
  const components = splitPath(path);
  return new ResolvedPath(components, new Array<InodeHandle>(components.length).fill(0), false);
}

/** Checks the needs of a request, when permissions are on. */
export function checkPermission(ns: Namespace, caller: Caller, path: ResolvedPath, needs: Needs): void {
  if (ns.options.permissionsEnabled) checkNeeds(ns.inodes, caller, path, needs);
}

/** Only an owner may go on, even where permissions are off. */
export function checkOwner(ns: Namespace, caller: Caller, path: ResolvedPath): void {
  if (path.last === 0) throw new HdfsError('ENOENT', `Directory/File does not exist ${path.text}`, { path: path.text });
  checkNeeds(ns.inodes, caller, path, { owner: true });
}

/** The inode as a file; messages name the path as `shown`. */
export function fileAt(inodes: Inodes, inode: InodeHandle, shown: string): InodeHandle {
  if (inode === 0) throw new HdfsError('ENOENT', `File does not exist: ${shown}`, { path: shown });
  if (inodes.type(inode) !== InodeType.FILE) {
    throw new HdfsError('ENOENT', `Path is not a file: ${shown}`, { path: shown });
  }
  return inode;
}

/** Apache: FSDirectory.verifyParentDir. */
export function checkParentDirectory(ns: Namespace, path: ResolvedPath): void {
  if (path.length <= 2) return;
  if (path.parent === 0) throw new HdfsError('ENOENT', `Parent directory doesn't exist: ${path.parentText}`);
  if (ns.inodes.type(path.parent) !== InodeType.DIRECTORY) {
    throw new HdfsError('ENOTDIR', `Parent path is not a directory: ${path.parentText}`);
  }
}

/** Below `/.snapshot`: snapshots of the root, which may always have them. */
function isBelowSnapshots(path: ResolvedPath): boolean {
  return path.length > 1 && path.inodes[1] === 0 && nameIs(path.components[1], SNAPSHOT_NAME);
}

/** `/.snapshot`, the only directory of snapshots: no other directory may have any. */
export function isSnapshotsOfRoot(path: ResolvedPath): boolean {
  return path.length === 2 && isBelowSnapshots(path);
}

const isReserved = (components: PathComponents): boolean => components.length > 1 && nameIs(components[1], '.reserved');

/** Whether the path is `/.reserved` itself. */
export function isReservedDirectory(path: ResolvedPath): boolean {
  // What stands in the tree is never reserved.
  return path.length === 2 && path.last === 0 && isReserved(path.components);
}

/** Turns /.reserved/.inodes/N/... and /.reserved/raw/... into the path that they mean. */
export function expandReserved(inodes: Inodes, components: PathComponents): PathComponents {
  if (components.length < 3 || !isReserved(components)) return components;
  if (nameIs(components[2], '.inodes')) return components.length > 3 ? expandInodes(inodes, components) : components;
  if (!nameIs(components[2], 'raw')) return components;
  if (components.length === 3) return ROOT_COMPONENTS;
  if (components.length === 4 && nameIs(components[3], '.reserved')) return components;
  return [...ROOT_COMPONENTS, ...components.slice(3)];
}

const MAX_LONG_TEXT = '9223372036854775807';

/** Whether Java's Long.parseLong takes the text. Below zero there is no inode, so the one number more does not matter. */
function isJavaLong(text: string): boolean {
  const digits = /^[+-]?0*(\d{1,19})$/.exec(text)?.[1];
  return digits !== undefined && (digits.length < MAX_LONG_TEXT.length || digits <= MAX_LONG_TEXT);
}

function expandInodes(inodes: Inodes, components: PathComponents): PathComponents {
  const digits = nameText(components[3] as Uint8Array);
  if (!isJavaLong(digits)) {
    throw new HdfsError('ENOENT', `Invalid inode path: ${joinPath(components)}`);
  }
  const id = inodeId(Number(digits));
  if (id === ROOT_INODE_ID && components.length === 4) return ROOT_COMPONENTS;
  const inode = id > 0 ? inodes.find(id) : 0;
  if (inode === 0) {
    throw new HdfsError('ENOENT', `File for given inode path does not exist: ${joinPath(components)}`);
  }
  // One ".." is understood, for a file system that looks up a parent by its child's id.
  if (components.length > 4 && nameIs(components[4], '..')) {
    const parent = inodes.parent(inode);
    return parent === 0 ? ROOT_COMPONENTS : namesOf(inodes, parent);
  }
  return [...namesOf(inodes, inode), ...components.slice(4)];
}
