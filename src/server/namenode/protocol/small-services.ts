// The NameNode's other protocols: high-availability state, groups, and what daemons ask of a NameNode. Transitions are
// refused as Apache refuses them where no second NameNode is configured.
import { HdfsError } from '../../../base/errors.ts';
import type { Configuration } from '../../../config/configuration.ts';
import { type Reconfigurable, reconfigurationService } from '../../../rpc/reconfiguration.ts';
import { defineService, type RpcService } from '../../../rpc/service.ts';
import type { ProxyUsers } from '../../../security/proxy-users.ts';
import type { ServiceAuthorization } from '../../../security/service-authorization.ts';
import {
  GenericRefreshProtocolService,
  GetUserMappingsProtocolService,
  RefreshAuthorizationPolicyProtocolService,
  RefreshCallQueueProtocolService,
  RefreshUserMappingsProtocolService,
} from '../../../wire/messages/admin.ts';
import { HAServiceProtocolService } from '../../../wire/messages/ha.ts';
import { refusedMethods } from '../../../wire/tables/services.ts';
import type { Audited } from '../audit/observed-calls.ts';
import type { Checkpointer } from '../checkpointer.ts';
import type { NamespaceIdentity } from '../identity.ts';
import type { NameStorage } from '../name-storage.ts';
import type { NameSystem } from '../namesystem.ts';
import { namenodeProtocol } from './namenode-protocol.ts';

export interface SmallServiceParts {
  readonly system: NameSystem;
  readonly identity: NamespaceIdentity;
  readonly checkpointer: Checkpointer;
  readonly storage: NameStorage;
  readonly proxyUsers: ProxyUsers;
  readonly services: ServiceAuthorization;
  readonly reconfiguration: Reconfigurable;
  readonly refreshCallQueue: (configuration: Configuration) => void;
  /** The configuration as it is now, read again. */
  readonly reload: () => Promise<Configuration>;
  readonly audited: Audited;
}

/** As Apache answers where no second NameNode is configured. */
export const notHighlyAvailable = (): never => {
  throw new HdfsError('EUNSUPPORTED', 'HA for namenode is not enabled', {
    remoteClass: 'org.apache.hadoop.ha.ServiceFailedException',
  });
};

/** Also served on the port for lifelines. */
export function haService({ system, audited }: Pick<SmallServiceParts, 'system' | 'audited'>): RpcService {
  return defineService({
    protocol: 'org.apache.hadoop.ha.HAServiceProtocol',
    version: 1,
    methods: HAServiceProtocolService,
    handlers: {
      // A NameNode that is alone looks at nothing then, as in Hadoop.
      monitorHealth: (_request, call) =>
        audited(
          call,
          'monitorHealth',
          () =>
            system.as(call, (caller) => {
              system.requireSuperuser(caller, 'monitorHealth');
              return {};
            }),
          'when refused',
        ),
      getServiceStatus: notHighlyAvailable,
    },
    refused: refusedMethods('HAServiceProtocolService'),
  });
}

export function smallServices(parts: SmallServiceParts): RpcService[] {
  const { system, identity, checkpointer, storage, proxyUsers, services, reconfiguration, refreshCallQueue, reload, audited } =
    parts;
  return [
    haService(parts),
    defineService({
      protocol: 'org.apache.hadoop.tools.GetUserMappingsProtocol',
      version: 1,
      methods: GetUserMappingsProtocolService,
      handlers: {
        getGroupsForUser: async ({ user }) => {
          if (user === '') throw new HdfsError('EILLEGAL', 'Null user');
          return { groups: [...(await system.groups.of(user))] };
        },
      },
    }),
    defineService({
      protocol: 'org.apache.hadoop.security.RefreshUserMappingsProtocol',
      version: 1,
      methods: RefreshUserMappingsProtocolService,
      handlers: {
        // Whom the policy of the service lets come may ask for it, as for the refreshes below.
        refreshUserToGroupsMappings: (_request, call) =>
          audited(call, 'refreshUserToGroupsMappings', () => {
            system.groups.refresh();
            return {};
          }),
        refreshSuperUserGroupsConfiguration: (_request, call) =>
          audited(call, 'refreshSuperUserGroupsConfiguration', async () => {
            await proxyUsers.read(await reload());
            return {};
          }),
      },
      refused: refusedMethods('RefreshUserMappingsProtocolService'),
    }),
    namenodeProtocol({ system, identity, checkpointer, storage, audited }),
    defineService({
      protocol: 'org.apache.hadoop.ipc.GenericRefreshProtocol',
      version: 1,
      methods: GenericRefreshProtocolService,
      handlers: {
        // Nobody registers anything, as in Apache's NameNode.
        refresh: ({ identifier }) => {
          const message = `Identifier '${identifier ?? ''}' does not exist in RefreshRegistry. Valid options are: `;
          throw new HdfsError('EILLEGAL', message);
        },
      },
    }),
    defineService({
      protocol: 'org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol',
      version: 1,
      methods: RefreshAuthorizationPolicyProtocolService,
      handlers: {
        refreshServiceAcl: (_request, call) =>
          audited(call, 'refreshServiceAcl', async () => {
            await services.refresh(reload);
            return {};
          }),
      },
    }),
    defineService({
      protocol: 'org.apache.hadoop.ipc.RefreshCallQueueProtocol',
      version: 1,
      methods: RefreshCallQueueProtocolService,
      handlers: {
        refreshCallQueue: (_request, call) =>
          audited(call, 'refreshCallQueue', async () => {
            refreshCallQueue(await reload());
            return {};
          }),
      },
    }),
    reconfigurationService(
      reconfiguration,
      (call, operation, work) =>
        audited(call, operation, () =>
          system.as(call, (caller) => {
            system.requireSuperuser(caller, operation);
            return work();
          }),
        ),
      'Namenode',
    ),
  ];
}
