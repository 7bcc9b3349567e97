// What every op's application shares: finding the inodes of its paths, refusing contradictions, remembering who was
// touched and which call was answered. An op checks all of its preconditions before its first change.
import { UNKNOWN_INODE_ID } from '../../../base/ids.ts';
import type { EditOp, RpcIds, XAttr } from '../../edits/ops.ts';
import { answeredOp } from '../answered-op.ts';
import { EditLogCorruption, FeatureNotBuilt } from '../edit-errors.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace, OpHandles } from '../namespace.ts';
import { splitPath } from '../paths.ts';
import { lookUp, lookUpText } from '../resolve.ts';
import { featureOfXattr } from '../xattrs.ts';

/** Where the path of an op leads. */
export class Place {
  readonly path: string;
  /** Directory that holds, or is to hold, the last name; 0 for the root's own place. */
  readonly parent: InodeHandle;
  /** 0 when nothing stands there. */
  readonly inode: InodeHandle;
  readonly #named: OpHandles['named'];

  /** `named` has the last name, where that is not what stands behind the path's last slash. */
  constructor(path: string, parent: InodeHandle, inode: InodeHandle, named?: OpHandles['named']) {
    this.path = path;
    this.parent = parent;
    this.inode = inode;
    this.#named = named;
  }

  get name(): Uint8Array {
    return this.#named?.name ?? Buffer.from(this.path.slice(this.path.lastIndexOf('/') + 1), 'utf8');
  }
}

/** One op being applied. */
export class Application {
  readonly ns: Namespace;
  readonly op: EditOp;
  readonly txid: number;
  readonly #handles: OpHandles | undefined;

  constructor(ns: Namespace, op: EditOp, txid: number, handles: OpHandles | undefined) {
    this.ns = ns;
    this.op = op;
    this.txid = txid;
    this.#handles = handles;
  }

  /** Says why the op cannot follow on what is here. */
  contradiction(reason: string): EditLogCorruption {
    return new EditLogCorruption(`OP_${this.op.kind}`, this.txid, reason);
  }

  notBuilt(feature: string): FeatureNotBuilt {
    return new FeatureNotBuilt(feature, this.txid);
  }

  /** Refuses attributes that switch on what is not built. */
  checkXattrs(xattrs: readonly XAttr[]): void {
    for (const xattr of xattrs) {
      const feature = featureOfXattr(xattr);
      if (feature !== undefined) throw this.notBuilt(feature);
    }
  }

  /** The place of the op's own path; the live path may have handed its inodes in. */
  place(path: string): Place {
    const handles = this.#handles;
    return handles === undefined ? this.otherPlace(path) : new Place(path, handles.parent, handles.inode, handles.named);
  }

  /** The place to which a rename leads. */
  destination(path: string): Place {
    const found = this.#handles?.destination;
    return found === undefined ? this.otherPlace(path) : new Place(path, found.parent, found.inode, found.named);
  }

  /** The place of a further path of the op. */
  otherPlace(path: string): Place {
    if (!path.startsWith('/')) throw this.contradiction(`path ${path} is not absolute`);
    const found = lookUpText(this.ns.inodes, path) ?? lookUp(this.ns.inodes, splitPath(path));
    return new Place(path, found.parent, found.last, found);
  }

  existing(path: string): InodeHandle {
    const { inode } = this.place(path);
    if (inode === 0) throw this.contradiction(`${path} does not exist`);
    return inode;
  }

  file(path: string): InodeHandle {
    const inode = this.existing(path);
    if (this.ns.inodes.type(inode) !== InodeType.FILE) throw this.contradiction(`${path} is not a file`);
    return inode;
  }

  directory(path: string): InodeHandle {
    const inode = this.existing(path);
    if (this.ns.inodes.type(inode) !== InodeType.DIRECTORY) throw this.contradiction(`${path} is not a directory`);
    return inode;
  }

  /** The parent in which a name is to be made. */
  parentOf(place: Place): InodeHandle {
    const { parent, path } = place;
    if (parent === 0 || this.ns.inodes.type(parent) !== InodeType.DIRECTORY) {
      throw this.contradiction(`the parent of ${path} is not a directory`);
    }
    return parent;
  }

  touch(inode: InodeHandle): void {
    this.ns.touched.add(inode, this.txid);
  }

  /** A change of a directory's items: its modification time never goes back. */
  directoryChanged(directory: InodeHandle, timeMs: number): void {
    const { inodes } = this.ns;
    if (timeMs > inodes.mtime(directory)) inodes.setMtime(directory, timeMs);
    this.touch(directory);
  }

  /** The client's call has its answer; `file`: the inode that it was about, where the answer needs it. */
  answered(rpc: RpcIds, file: InodeHandle = 0): void {
    const id = file === 0 ? UNKNOWN_INODE_ID : this.ns.inodes.id(file);
    this.ns.retryCache.add(rpc, this.txid, answeredOp(this.op, id), this.ns.monotonicMs);
  }
}
