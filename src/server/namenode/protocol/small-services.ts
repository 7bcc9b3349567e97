// The NameNode's other protocols: high-availability state, groups, and what daemons ask of a NameNode. Transitions are
// refused as Apache refuses them where no second NameNode is configured.
import { HdfsError } from '../../../base/errors.ts';
import type { Configuration } from '../../../config/configuration.ts';
import { defineService, type RpcService } from '../../../rpc/service.ts';
import {
  GenericRefreshProtocolService,
  GetUserMappingsProtocolService,
  RefreshAuthorizationPolicyProtocolService,
  RefreshCallQueueProtocolService,
  RefreshUserMappingsProtocolService,
} from '../../../wire/messages/admin.ts';
import { DatanodeLifelineProtocolService } from '../../../wire/messages/datanode.ts';
import { HAServiceProtocolService } from '../../../wire/messages/ha.ts';
import { ReconfigurationProtocolService } from '../../../wire/messages/reconfiguration.ts';
import { refusedMethods } from '../../../wire/tables/services.ts';
import type { Checkpointer } from '../checkpointer.ts';
import type { NamespaceIdentity } from '../identity.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';
import type { ProxyUsers } from '../proxy-users.ts';
import type { ResourceMonitor } from '../resources.ts';
import type { ServiceAuthorization } from '../service-authorization.ts';
import { namenodeProtocol } from './namenode-protocol.ts';

export interface SmallServiceParts {
  readonly system: NameSystem;
  readonly identity: NamespaceIdentity;
  readonly checkpointer: Checkpointer;
  readonly resources: ResourceMonitor;
  readonly storage: NameStorage;
  readonly proxyUsers: ProxyUsers;
  readonly services: ServiceAuthorization;
  /** The configuration as it is now, read again. */
  readonly reload: () => Promise<Configuration>;
}

/** As Apache answers where no second NameNode is configured. */
export const notHighlyAvailable = (): never => {
  throw new HdfsError('EUNSUPPORTED', 'HA for namenode is not enabled', {
    remoteClass: 'org.apache.hadoop.ha.ServiceFailedException',
  });
};

export function smallServices(parts: SmallServiceParts): RpcService[] {
  const { system, identity, checkpointer, resources, storage, proxyUsers, services, reload } = parts;
  return [
    defineService({
      protocol: 'org.apache.hadoop.ha.HAServiceProtocol',
      version: 1,
      methods: HAServiceProtocolService,
      handlers: {
        monitorHealth: (_request, call) =>
          system.as(call, (caller) => {
            system.requireSuperuser(caller, 'monitorHealth');
            if (resources.isLow) {
              throw new HdfsError('EIO', 'The NameNode has no resources available', {
                remoteClass: 'org.apache.hadoop.ha.HealthCheckFailedException',
              });
            }
            return {};
          }),
        getServiceStatus: notHighlyAvailable,
      },
      refused: refusedMethods('HAServiceProtocolService'),
    }),
    defineService({
      protocol: 'org.apache.hadoop.tools.GetUserMappingsProtocol',
      version: 1,
      methods: GetUserMappingsProtocolService,
      handlers: { getGroupsForUser: async ({ user }) => ({ groups: [...(await system.groups.of(user))] }) },
    }),
    defineService({
      protocol: 'org.apache.hadoop.security.RefreshUserMappingsProtocol',
      version: 1,
      methods: RefreshUserMappingsProtocolService,
      handlers: {
        refreshUserToGroupsMappings: (_request, call) =>
          system.as(call, (caller) => {
            system.requireSuperuser(caller, 'refreshUserToGroupsMappings');
            system.groups.refresh();
            return {};
          }),
        refreshSuperUserGroupsConfiguration: (_request, call) =>
          system.as(call, async (caller) => {
            system.requireSuperuser(caller, 'refreshSuperUserGroupsConfiguration');
            await proxyUsers.read(await reload());
            return {};
          }),
      },
      refused: refusedMethods('RefreshUserMappingsProtocolService'),
    }),
    namenodeProtocol({ system, identity, checkpointer, storage }),
    // Protocols of which nothing is built: every method is refused by name, and the connection goes on.
    defineService({
      protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol',
      version: 1,
      methods: DatanodeLifelineProtocolService,
      handlers: {},
      refused: refusedMethods('DatanodeLifelineProtocolService'),
    }),
    defineService({
      protocol: 'org.apache.hadoop.ipc.GenericRefreshProtocol',
      version: 1,
      methods: GenericRefreshProtocolService,
      handlers: {},
      refused: refusedMethods('GenericRefreshProtocolService'),
    }),
    defineService({
      protocol: 'org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol',
      version: 1,
      methods: RefreshAuthorizationPolicyProtocolService,
      handlers: {
        refreshServiceAcl: async () => {
          await services.refresh(reload);
          return {};
        },
      },
    }),
    defineService({
      protocol: 'org.apache.hadoop.ipc.RefreshCallQueueProtocol',
      version: 1,
      methods: RefreshCallQueueProtocolService,
      handlers: {},
      refused: refusedMethods('RefreshCallQueueProtocolService'),
    }),
    defineService({
      protocol: 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol',
      version: 1,
      methods: ReconfigurationProtocolService,
      handlers: {},
      refused: refusedMethods('ReconfigurationProtocolService'),
    }),
  ];
}
