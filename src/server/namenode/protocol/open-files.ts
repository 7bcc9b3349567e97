// listOpenFiles: who writes what, in pages in the order of inode ids. Apache: FSNamesystem.listOpenFiles.
import { HdfsError } from '../../../base/errors.ts';
import type { InodeId } from '../../../base/ids.ts';
import { isWithin } from '../../../client/paths.ts';
import { type InodeHandle, InodeType } from '../../../core/namespace/inodes.ts';
import { pathOfInode } from '../../../core/namespace/permissions.ts';
import { ascending } from '../../../core/namespace/queries/ascending.ts';
import type { Handlers } from '../../../rpc/service.ts';
import {
  type ClientNamenodeProtocol,
  type OpenFilesBatchResponseProtoInit,
  OpenFilesTypeProto,
} from '../../../wire/messages/client-namenode.ts';
import type { NameSystem } from '../namesystem.ts';

/** As Hadoop's Path writes it: without a slash at the end; what follows two slashes is a host, below which nothing is. */
const normal = (path: string): string => (/^\/\/[^/]/.test(path) ? path : path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'));

export function openFileMethods(system: NameSystem, pageSize: number): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns, blockManager } = system;

  /** Files that keep DataNodes from leaving, as far as those have been looked at. */
  const blocking = (): Set<InodeId> => {
    const files = new Set<InodeId>();
    for (const node of blockManager.datanodes.all) {
      for (const id of node.leaving.openFiles) files.add(id as InodeId);
    }
    return files;
  };

  const entry = (id: InodeId, inode: InodeHandle, path: string): OpenFilesBatchResponseProtoInit => {
    const { clientName = '', clientMachine = '' } = ns.inodes.underConstruction(inode) ?? {};
    return { id, path, clientName, clientMachine };
  };

  return {
    listOpenFiles: ({ id, types, path }, call) =>
      system.read(call, (caller) => {
        const asked = path ?? '/';
        if (!asked.startsWith('/')) {
          throw new HdfsError('EILLEGAL', `Absolute path required, but got '${asked}'`, {
            remoteClass: 'java.lang.AssertionError',
          });
        }
        system.requireSuperuser(caller, 'listOpenFiles');
        call.afterTxid = ns.touched.highest;
        const all = types.length === 0 || types.includes(OpenFilesTypeProto.ALL_OPEN_FILES);
        const top = normal(asked);
        const files = all ? undefined : blocking();
        const entries: OpenFilesBatchResponseProtoInit[] = [];
        let hasMore = false;
        for (const fileId of ascending(() => files ?? ns.leases.files(), id as InodeId, pageSize + 1)) {
          const inode = ns.inodes.find(fileId);
          if (inode === 0) continue;
          hasMore = entries.length >= pageSize;
          if (hasMore) break;
          if (ns.inodes.type(inode) !== InodeType.FILE) continue;
          if (!ns.inodes.isUnderConstruction(inode)) continue;
          const at = pathOfInode(ns.inodes, inode);
          if (isWithin(at, top)) entries.push(entry(fileId, inode, at));
        }
        return { entries, hasMore, types };
      }),
  };
}
