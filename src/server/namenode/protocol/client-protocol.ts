// ClientProtocol, put together from the files of this folder, with those who look on at it.
import type { Configuration } from '../../../config/configuration.ts';
import { defineService, type Handlers, type RpcService } from '../../../rpc/service.ts';
import { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import { refusedMethods } from '../../../wire/tables/services.ts';
import { observed } from '../audit/observed-calls.ts';
import type { Onlookers } from '../audit/onlookers.ts';
import type { Checkpointer } from '../checkpointer.ts';
import type { FavouredNodes } from '../favoured-nodes.ts';
import type { HostFiles } from '../host-files.ts';
import type { LeaseMonitor } from '../lease-monitor.ts';
import type { Locations } from '../locations.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';
import { serverDefaults } from '../settings.ts';
import { aclXattrMethods } from './acl-xattr-methods.ts';
import { clusterMethods } from './cluster-methods.ts';
import { datanodeAdminMethods } from './datanode-admin-methods.ts';
import { erasureCodingMethods } from './erasure-coding-methods.ts';
import { eventMethods } from './event-methods.ts';
import { fileMethods, replacesDatanodes } from './file-methods.ts';
import { namespaceMethods } from './namespace-methods.ts';
import { openFileMethods } from './open-files.ts';
import { readingMethods } from './reading-methods.ts';
import { reopeningMethods } from './reopening-methods.ts';
import { snapshotMethods } from './snapshot-methods.ts';

export interface ClientProtocolParts {
  readonly system: NameSystem;
  readonly configuration: Configuration;
  readonly storage: NameStorage;
  readonly hostFiles: HostFiles;
  readonly checkpointer: Checkpointer;
  readonly locations: Locations;
  readonly leaseMonitor: LeaseMonitor;
  readonly favoured: FavouredNodes;
  readonly onlookers: Onlookers;
}

export function clientNamenodeProtocol(parts: ClientProtocolParts): RpcService {
  const { system, configuration, storage, hostFiles, checkpointer, locations, leaseMonitor, favoured, onlookers } = parts;
  const handlers: Handlers<typeof ClientNamenodeProtocol> = {
    ...namespaceMethods(system),
    ...aclXattrMethods(system),
    ...fileMethods({
      system,
      locations,
      leaseMonitor,
      mayReplace: replacesDatanodes(configuration),
      favoured,
    }),
    ...reopeningMethods({ system, locations, leaseMonitor }),
    ...readingMethods({
      system,
      locations,
      listLimit: configuration.getInt('dfs.ls.limit'),
      batchLimit: configuration.getInt('dfs.batched.ls.limit'),
      onRead: (allowed, cmd, src, call) => {
        for (const observer of onlookers.observers) observer(allowed, { cmd, src }, call);
      },
    }),
    ...openFileMethods(system, configuration.getInt('dfs.namenode.list.openfiles.num.responses')),
    ...eventMethods({
      system,
      storage,
      maxEvents: configuration.getInt('dfs.namenode.inotify.max.events.per.rpc'),
      maxOpBytes: configuration.getInt('dfs.namenode.max.op.size'),
    }),
    ...clusterMethods({ system, storage, checkpointer, serverDefaults: serverDefaults(configuration) }),
    ...snapshotMethods(system),
    ...erasureCodingMethods(system),
    ...datanodeAdminMethods({
      system,
      hostFiles,
      corruptBlocksLimit: configuration.getInt('dfs.namenode.max-corrupt-file-blocks-returned'),
    }),
  };
  return defineService({
    protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
    version: 1,
    methods: ClientNamenodeProtocol,
    handlers: observed(handlers, onlookers.observers, onlookers.sink !== undefined, system),
    refused: refusedMethods('ClientNamenodeProtocol'),
  });
}
