// Ops on the shape of the tree: directories, symlinks, renames, deletions.
import type { InodeId } from '../../../base/ids.ts';
import { type EditOp, RenameOption } from '../../edits/ops.ts';
import { storeAcl } from '../acl.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { withXattrs } from '../xattrs.ts';
import { type Application, Place } from './context.ts';

type Op<K extends EditOp['kind']> = Extract<EditOp, { kind: K }>;

export function checkNewId(app: Application, id: InodeId): void {
  if (!(id > 0)) throw app.contradiction(`inode id ${id} is none`);
  if (app.ns.inodes.find(id) !== 0) throw app.contradiction(`inode ${id} exists already`);
}

export function noteInodeId(ns: Namespace, id: InodeId): void {
  if (id > ns.lastInodeId) ns.lastInodeId = id;
}

/** Takes an inode and all below it away, in one step however much that is. */
export function remove(app: Application, parent: InodeHandle, inode: InodeHandle, timeMs: number): void {
  const { ns } = app;
  if (ns.inodes.type(inode) === InodeType.FILE) ns.leases.remove(ns.inodes.id(inode));
  ns.space.leaving(inode);
  ns.inodes.detach(inode);
  ns.detached.addSubtree(inode, app.txid);
  app.directoryChanged(parent, timeMs);
}

export function applyMkdir(app: Application, op: Op<'MKDIR'>): void {
  const { ns } = app;
  const { inodes } = ns;
  const place = app.place(op.path);
  const parent = app.parentOf(place);
  if (place.inode !== 0) throw app.contradiction(`${op.path} exists already`);
  checkNewId(app, op.inodeId);
  const acl = op.aclEntries.length === 0 ? undefined : storeAcl(op.aclEntries, op.permissions.mode, true);
  if (typeof acl === 'string') throw app.contradiction(acl);
  app.checkXattrs(op.xAttrs);
  noteInodeId(ns, op.inodeId);
  const directory = inodes.create({
    id: op.inodeId,
    type: InodeType.DIRECTORY,
    name: place.name,
    user: op.permissions.user,
    group: op.permissions.group,
    mode: acl?.mode ?? op.permissions.mode,
    mtime: op.timestamp,
    atime: 0,
  });
  if (acl?.entries !== undefined) inodes.setAcl(directory, acl.entries);
  if (op.xAttrs.length > 0) inodes.setXattrs(directory, withXattrs([], op.xAttrs));
  inodes.attach(parent, directory);
  app.directoryChanged(parent, op.timestamp);
  app.touch(directory);
}

export function applySymlink(app: Application, op: Op<'SYMLINK'>): void {
  const { ns } = app;
  const { inodes } = ns;
  const place = app.place(op.path);
  const parent = app.parentOf(place);
  if (place.inode !== 0) throw app.contradiction(`${op.path} exists already`);
  checkNewId(app, op.inodeId);
  noteInodeId(ns, op.inodeId);
  const link = inodes.create({
    id: op.inodeId,
    type: InodeType.SYMLINK,
    name: place.name,
    user: op.permissions.user,
    group: op.permissions.group,
    mode: op.permissions.mode,
    mtime: op.mtime,
    atime: op.atime,
  });
  inodes.setSymlinkTarget(link, op.value);
  inodes.attach(parent, link);
  app.directoryChanged(parent, op.mtime);
  app.touch(link);
  app.answered(op.rpc);
}

export function applyDelete(app: Application, op: Op<'DELETE'>): void {
  const place = app.place(op.path);
  if (place.inode === 0) throw app.contradiction(`${op.path} does not exist`);
  if (place.inode === app.ns.inodes.root) throw app.contradiction('the root cannot be deleted');
  remove(app, place.parent, place.inode, op.timestamp);
  app.answered(op.rpc);
}

/** The first rename of HDFS: into a directory when the destination is one, never over anything. */
export function applyRenameOld(app: Application, op: Op<'RENAME_OLD'>): void {
  const { inodes } = app.ns;
  const source = movable(app, op.source);
  let destination = app.destination(op.destination);
  if (destination.inode !== 0 && inodes.type(destination.inode) === InodeType.DIRECTORY && destination.inode !== source.inode) {
    const path = `${op.destination === '/' ? '' : op.destination}/${op.source.slice(op.source.lastIndexOf('/') + 1)}`;
    destination = new Place(path, destination.inode, inodes.child(destination.inode, source.name), source);
  }
  // Renaming something to itself succeeds and changes nothing.
  if (destination.inode !== source.inode) {
    if (destination.inode !== 0) throw app.contradiction(`${destination.path} exists already`);
    move(app, source, destination, op.timestamp);
  }
  app.answered(op.rpc);
}

export function applyRename(app: Application, op: Op<'RENAME'>): void {
  const { inodes } = app.ns;
  const source = movable(app, op.source);
  const destination = app.destination(op.destination);
  if (destination.inode !== 0) {
    if (!op.options.includes(RenameOption.OVERWRITE)) throw app.contradiction(`${op.destination} exists already`);
    if (destination.inode === source.inode) throw app.contradiction('source and destination are the same');
    const isDirectory = inodes.type(destination.inode) === InodeType.DIRECTORY;
    if (isDirectory && inodes.childCount(destination.inode) > 0) throw app.contradiction(`${op.destination} is not empty`);
  }
  checkMove(app, source, destination);
  if (destination.inode !== 0) remove(app, app.parentOf(destination), destination.inode, op.timestamp);
  move(app, source, destination, op.timestamp);
  app.answered(op.rpc);
}

function movable(app: Application, path: string): Place {
  const source = app.place(path);
  if (source.inode === 0) throw app.contradiction(`${path} does not exist`);
  if (source.inode === app.ns.inodes.root) throw app.contradiction('the root cannot be renamed');
  return source;
}

function checkMove(app: Application, source: Place, destination: Place): InodeHandle {
  const { inodes } = app.ns;
  const parent = app.parentOf(destination);
  for (let at = parent; at !== 0; at = inodes.parent(at)) {
    if (at === source.inode) throw app.contradiction(`${destination.path} is below ${source.path}`);
  }
  return parent;
}

function move(app: Application, source: Place, destination: Place, timeMs: number): void {
  const { inodes, space } = app.ns;
  const parent = checkMove(app, source, destination);
  space.moving(source.inode, parent);
  inodes.detach(source.inode);
  inodes.setName(source.inode, destination.name);
  inodes.attach(parent, source.inode);
  app.directoryChanged(source.parent, timeMs);
  // Apache lets the new parent take the moved inode's own time too, should that lie in the future.
  app.directoryChanged(parent, Math.max(timeMs, inodes.mtime(source.inode)));
  app.touch(source.inode);
}
