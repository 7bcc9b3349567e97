// The stream of namespace events (inotify): what each logged op means to somebody who watches. Apache:
// InotifyFSEditLogOpTranslator, PBHelperClient.convertEditsResponse.
import type { EditOp, LoggedOp } from '../../core/edits/ops.ts';
import type { AclEntryProto_FsActionProto } from '../../wire/messages/acl.ts';
import {
  AppendEventProto,
  CloseEventProto,
  CreateEventProto,
  type EventBatchProtoInit,
  type EventProtoInit,
  EventType,
  INodeType,
  MetadataUpdateEventProto,
  type MetadataUpdateEventProtoInit,
  MetadataUpdateType,
  RenameEventProto,
  TruncateEventProto,
  UnlinkEventProto,
} from '../../wire/messages/inotify.ts';

type Op<K extends EditOp['kind']> = Extract<EditOp, { kind: K }>;

/** Undefined: nothing that a watcher is told. */
export function eventBatch({ op, txid }: LoggedOp): EventBatchProtoInit | undefined {
  const events = eventsOf(op);
  return events.length === 0 ? undefined : { txid, events };
}

function eventsOf(op: EditOp): readonly EventProtoInit[] {
  switch (op.kind) {
    case 'ADD':
      return [op.blocks.length === 0 ? fileCreated(op) : appended(op.path, false)];
    case 'APPEND':
      return [appended(op.path, op.newBlock)];
    case 'CLOSE':
      return [
        closed(
          op.path,
          op.blocks.reduce((sum, block) => sum + block.numBytes, 0),
          op.mtime,
        ),
      ];
    case 'MKDIR':
      return [directoryCreated(op)];
    case 'SYMLINK':
      return [linkCreated(op)];
    case 'DELETE':
      return [unlinked(op.path, op.timestamp)];
    case 'RENAME_OLD':
    case 'RENAME': {
      const { source: srcPath, destination: destPath, timestamp } = op;
      return [{ type: EventType.EVENT_RENAME, contents: RenameEventProto.encode({ srcPath, destPath, timestamp }) }];
    }
    case 'CONCAT_DELETE':
      return [
        appended(op.target, false),
        ...op.sources.map((source) => unlinked(source, op.timestamp)),
        closed(op.target, -1, op.timestamp),
      ];
    case 'TRUNCATE': {
      const { path, newLength: fileSize, timestamp } = op;
      return [{ type: EventType.EVENT_TRUNCATE, contents: TruncateEventProto.encode({ path, fileSize, timestamp }) }];
    }
    default:
      return metadataChanged(op);
  }
}

function metadataChanged(op: EditOp): readonly EventProtoInit[] {
  const { META_TYPE_REPLICATION, META_TYPE_PERMS, META_TYPE_OWNER, META_TYPE_TIMES, META_TYPE_ACLS, META_TYPE_XATTRS } =
    MetadataUpdateType;
  switch (op.kind) {
    case 'SET_REPLICATION':
      return [metadata({ path: op.path, type: META_TYPE_REPLICATION, replication: op.replication })];
    case 'SET_PERMISSIONS':
      return [metadata({ path: op.path, type: META_TYPE_PERMS, perms: { perm: op.mode } })];
    case 'SET_OWNER':
      return [metadata({ path: op.path, type: META_TYPE_OWNER, ownerName: op.user ?? '', groupName: op.group ?? '' })];
    case 'TIMES':
      return [metadata({ path: op.path, type: META_TYPE_TIMES, mtime: op.mtime, atime: op.atime })];
    case 'SET_ACL': {
      const acls = op.aclEntries.map(({ permission, ...entry }) => ({
        ...entry,
        permissions: permission as AclEntryProto_FsActionProto,
      }));
      return [metadata({ path: op.path, type: META_TYPE_ACLS, acls })];
    }
    case 'SET_XATTR':
    case 'REMOVE_XATTR':
      return [
        metadata({
          path: op.path,
          type: META_TYPE_XATTRS,
          xAttrs: op.xAttrs,
          xAttrsRemoved: op.kind === 'REMOVE_XATTR',
        }),
      ];
    default:
      return [];
  }
}

function fileCreated(op: Op<'ADD'>): EventProtoInit {
  return created({
    ...createdBy(op, op.atime),
    type: INodeType.I_TYPE_FILE,
    replication: op.replication,
    overwrite: op.overwrite,
    defaultBlockSize: op.blockSize,
    erasureCoded: op.erasureCodingPolicyId !== 0,
  });
}

function directoryCreated(op: Op<'MKDIR'>): EventProtoInit {
  return created({ ...createdBy(op, op.timestamp), type: INodeType.I_TYPE_DIRECTORY });
}

function linkCreated(op: Op<'SYMLINK'>): EventProtoInit {
  return created({ ...createdBy(op, op.atime), type: INodeType.I_TYPE_SYMLINK, symlinkTarget: op.value });
}

function createdBy({ path, permissions }: Op<'ADD'> | Op<'MKDIR'> | Op<'SYMLINK'>, ctime: number) {
  return { path, ctime, ownerName: permissions.user, groupName: permissions.group, perms: { perm: permissions.mode } };
}

/** Hadoop's client knows no absent fields of it. */
function created(event: Parameters<typeof CreateEventProto.encode>[0]): EventProtoInit {
  const absent = { replication: 0, symlinkTarget: '', defaultBlockSize: 0, overwrite: false };
  return { type: EventType.EVENT_CREATE, contents: CreateEventProto.encode({ ...absent, ...event }) };
}

function metadata(event: MetadataUpdateEventProtoInit): EventProtoInit {
  const absent = { mtime: 0, atime: 0, replication: 0, ownerName: '', groupName: '', xAttrsRemoved: false };
  return { type: EventType.EVENT_METADATA, contents: MetadataUpdateEventProto.encode({ ...absent, ...event }) };
}

const appended = (path: string, newBlock: boolean): EventProtoInit => ({
  type: EventType.EVENT_APPEND,
  contents: AppendEventProto.encode({ path, newBlock }),
});

const unlinked = (path: string, timestamp: number): EventProtoInit => ({
  type: EventType.EVENT_UNLINK,
  contents: UnlinkEventProto.encode({ path, timestamp }),
});

const closed = (path: string, fileSize: number, timestamp: number): EventProtoInit => ({
  type: EventType.EVENT_CLOSE,
  contents: CloseEventProto.encode({ path, fileSize, timestamp }),
});
