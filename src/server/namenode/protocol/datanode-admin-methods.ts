// ClientProtocol's questions and orders about DataNodes and about blocks in trouble: reports, reading the host files
// again, blocks without a good replica, and what waits for what.
import { HdfsError } from '../../../base/errors.ts';
import { binaryPrefix } from '../../../base/sizes.ts';
import type { DatanodeReportType } from '../../../core/blocks/admin/node-admin.ts';
import { javaDate } from '../../../format/storage/properties.ts';
import { DiskFailure } from '../../../host/disk-error.ts';
import type { Host } from '../../../host/host.ts';
import type { Handlers } from '../../../rpc/service.ts';
import { type ClientNamenodeProtocol, DatanodeReportTypeProto } from '../../../wire/messages/client-namenode.ts';
import { corruptFileBlocks, fileOfBlock } from '../corrupt-files.ts';
import type { HostFiles } from '../host-files.ts';
import { logDirectory } from '../log-directory.ts';
import type { NameSystem } from '../namesystem.ts';
import { datanodeInfoProto, storageReportProto } from '../wire/datanodes.ts';

export interface DatanodeAdminParts {
  readonly system: NameSystem;
  readonly hostFiles: HostFiles;
  /** dfs.namenode.max-corrupt-file-blocks-returned. */
  readonly corruptBlocksLimit: number;
}

const REPORT_TYPES: Readonly<Record<DatanodeReportTypeProto, DatanodeReportType>> = {
  [DatanodeReportTypeProto.ALL]: 'all',
  [DatanodeReportTypeProto.LIVE]: 'live',
  [DatanodeReportTypeProto.DEAD]: 'dead',
  [DatanodeReportTypeProto.DECOMMISSIONING]: 'decommissioning',
  [DatanodeReportTypeProto.ENTERING_MAINTENANCE]: 'enteringMaintenance',
  [DatanodeReportTypeProto.IN_MAINTENANCE]: 'inMaintenance',
};

export function datanodeAdminMethods({
  system,
  hostFiles,
  corruptBlocksLimit,
}: DatanodeAdminParts): Handlers<typeof ClientNamenodeProtocol> {
  const { blockManager, host } = system;

  return {
    getDatanodeReport: ({ type }, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, 'datanodeReport');
        return { di: blockManager.admin.list(REPORT_TYPES[type]).map(datanodeInfoProto) };
      }),

    getDatanodeStorageReport: ({ type }, call) =>
      system.as(call, (caller) => {
        system.requireSuperuser(caller, 'getDatanodeStorageReport');
        return {
          datanodeStorageReports: blockManager.admin.list(REPORT_TYPES[type]).map((node) => ({
            datanodeInfo: datanodeInfoProto(node),
            storageReports: [...node.storages.values()].map(storageReportProto),
          })),
        };
      }),

    getSlowDatanodeReport: () => ({
      datanodeInfoProto: blockManager.slow.reported(host.clock.monotonic()).map(datanodeInfoProto),
    }),

    refreshNodes: (_request, call) =>
      system.as(call, async (caller) => {
        system.requireSuperuser(caller, 'refreshNodes');
        const lists = await hostFiles.refreshed();
        blockManager.refreshNodes(lists, system.now());
        return {};
      }),

    listCorruptFileBlocks: ({ path, cookie }, call) =>
      system.read(call, (caller) => {
        system.requireSuperuser(caller, 'listCorruptFileBlocks');
        const found = corruptFileBlocks(system, path, skipOf(cookie), corruptBlocksLimit);
        return { corrupt: { files: found.blocks.map(({ path: file }) => file), cookie: String(found.cookie) } };
      }),

    metaSave: ({ filename }, call) =>
      system.as(call, async (caller) => {
        system.requireSuperuser(caller, 'metaSave');
        if (filename === '' || filename.includes('/') || filename.includes('\0') || filename === '..' || filename === '.') {
          throw new HdfsError('EINVAL', `metaSave writes a file into the log directory; ${filename} is no name of one`);
        }
        try {
          await writeMetaSave(host, `${logDirectory(host)}/${filename}`, system);
        } catch (error) {
          // The disk refuses the caller's name or has no room: the caller's news, not a fault of the NameNode.
          if (error instanceof DiskFailure) throw new HdfsError('EIO', `metaSave: ${error.message}`);
          throw error;
        }
        return {};
      }),
  };
}

/** Apache: FSNamesystem.getIntCookie. */
function skipOf(cookie: string | undefined): number {
  const skip = Number(cookie ?? 0);
  return Number.isSafeInteger(skip) && skip > 0 ? skip : 0;
}

async function writeMetaSave(host: Host, path: string, system: NameSystem): Promise<void> {
  const { namespace: ns, blockManager } = system;
  const chunks: string[] = [
    `${ns.inodeCount} files and directories, ${ns.blockCount} blocks = ${ns.inodeCount + ns.blockCount} total filesystem objects\n`,
  ];
  const pieces = blockManager.metaSave({
    fileOf: (block) => fileOfBlock(system, block),
    date: javaDate,
    time: (wallMs) => javaDate(wallMs).slice(11, 19),
    byteDescription: (bytes) => binaryPrefix(bytes, 2, 'B'),
  });
  for (const piece of pieces) {
    chunks.push(piece);
    await new Promise<void>((resolve) => host.clock.defer(resolve));
  }
  await host.disk.mkdir(path.slice(0, path.lastIndexOf('/')));
  await host.disk.writeFileAtomic(path, chunks.join(''));
}
