// What changes in a file system, as it changes: the NameNode's edit log as a stream of events. Only superusers may watch.
// Apache: DFSInotifyEventInputStream.
import { HdfsError } from '../base/errors.ts';
import {
  AppendEventProto,
  CloseEventProto,
  CreateEventProto,
  type EventProto,
  EventType,
  INodeType,
  MetadataUpdateEventProto,
  MetadataUpdateType,
  RenameEventProto,
  TruncateEventProto,
  UnlinkEventProto,
} from '../wire/messages/inotify.ts';
import type { ClientContext, SignalOption } from './context.ts';
import { isWithin } from './paths.ts';

export type HdfsEventType = 'create' | 'append' | 'close' | 'truncate' | 'rename' | 'unlink' | 'metadata';

export interface HdfsEvent {
  readonly type: HdfsEventType;
  readonly path: string;
  /** Of its transaction: `after` of a stream that goes on from here. */
  readonly txid: number;
  /** Milliseconds since 1970; undefined where the log does not say. */
  readonly timeMs: number | undefined;
  /** Of a rename: where it went. */
  readonly to?: string | undefined;
  /** Of a creation. */
  readonly kind?: 'file' | 'directory' | 'symlink' | undefined;
  /** Bytes, when a file was closed or cut. */
  readonly size?: number | undefined;
  /** Of a metadata event: what has changed. */
  readonly changed?: 'times' | 'replication' | 'owner' | 'mode' | 'acl' | 'xattrs' | undefined;
}

export interface WatchOptions extends SignalOption {
  /** The last transaction that was seen; by default only what comes from now on is told. */
  readonly after?: number | undefined;
}

/** How long nothing is asked for when nothing has happened; twice as long each time. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
const NO_TXID = -1;

const CHANGED: Readonly<Record<MetadataUpdateType, HdfsEvent['changed']>> = {
  [MetadataUpdateType.META_TYPE_TIMES]: 'times',
  [MetadataUpdateType.META_TYPE_REPLICATION]: 'replication',
  [MetadataUpdateType.META_TYPE_OWNER]: 'owner',
  [MetadataUpdateType.META_TYPE_PERMS]: 'mode',
  [MetadataUpdateType.META_TYPE_ACLS]: 'acl',
  [MetadataUpdateType.META_TYPE_XATTRS]: 'xattrs',
};

const KINDS: Readonly<Record<INodeType, HdfsEvent['kind']>> = {
  [INodeType.I_TYPE_FILE]: 'file',
  [INodeType.I_TYPE_DIRECTORY]: 'directory',
  [INodeType.I_TYPE_SYMLINK]: 'symlink',
};

function decoded({ type, contents }: EventProto, txid: number): HdfsEvent {
  switch (type) {
    case EventType.EVENT_CREATE: {
      const { path, ctime, type: kind } = CreateEventProto.decode(contents);
      return { type: 'create', path, txid, timeMs: ctime, kind: KINDS[kind] };
    }
    case EventType.EVENT_CLOSE: {
      const { path, timestamp, fileSize } = CloseEventProto.decode(contents);
      return { type: 'close', path, txid, timeMs: timestamp, size: fileSize < 0 ? undefined : fileSize };
    }
    case EventType.EVENT_TRUNCATE: {
      const { path, timestamp, fileSize } = TruncateEventProto.decode(contents);
      return { type: 'truncate', path, txid, timeMs: timestamp, size: fileSize };
    }
    case EventType.EVENT_APPEND:
      return { type: 'append', path: AppendEventProto.decode(contents).path, txid, timeMs: undefined };
    case EventType.EVENT_RENAME: {
      const { srcPath, destPath, timestamp } = RenameEventProto.decode(contents);
      return { type: 'rename', path: srcPath, to: destPath, txid, timeMs: timestamp };
    }
    case EventType.EVENT_UNLINK: {
      const { path, timestamp } = UnlinkEventProto.decode(contents);
      return { type: 'unlink', path, txid, timeMs: timestamp };
    }
    case EventType.EVENT_METADATA: {
      const { path, type: changed } = MetadataUpdateEventProto.decode(contents);
      return { type: 'metadata', path, txid, timeMs: undefined, changed: CHANGED[changed] };
    }
  }
}

/** Events of `top` and what is below it, until the signal says that it is enough. */
export async function* watchEvents(
  { namenode, host, closed }: ClientContext,
  top: string,
  { after, signal }: WatchOptions,
): AsyncGenerator<HdfsEvent, void, undefined> {
  const isOver = (): boolean => signal?.aborted === true;
  let last = after ?? (await namenode.call('getCurrentEditLogTxid', {}, signal)).txid;
  for (let waitMs = FIRST_WAIT_MS; !isOver(); ) {
    const { eventsList } = await namenode.call('getEditsFromTxid', { txid: last + 1 }, signal);
    const { batch, firstTxid, lastTxid } = eventsList;
    if (firstTxid !== NO_TXID && firstTxid > last + 1) {
      throw new HdfsError('EIO', `the log from transaction ${last + 1} to ${firstTxid - 1} is gone, and its events with it`);
    }
    for (const { txid, events } of batch) {
      for (const each of events) {
        const event = decoded(each, txid);
        if (isWithin(event.path, top) || (event.to !== undefined && isWithin(event.to, top))) yield event;
      }
    }
    if (lastTxid > last) {
      last = lastTxid;
      waitMs = FIRST_WAIT_MS;
      continue;
    }
    try {
      await host.clock.sleep(waitMs, signal === undefined ? closed : AbortSignal.any([signal, closed]));
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  }
}
