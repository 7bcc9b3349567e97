// What a NameNode knows of users: their groups, and having it read groups, proxy users, its policy and its call queue anew.
import type { Configuration } from '../config/configuration.ts';
import { clientNameNodes, type NameNodeAddress } from '../config/nameservices.ts';
import { rpcClientLimits } from '../config/rpc-client.ts';
import type { Host } from '../host/host.ts';
import { RpcClient } from '../rpc/client.ts';
import {
  GetUserMappingsProtocolService,
  RefreshAuthorizationPolicyProtocolService,
  RefreshCallQueueProtocolService,
  RefreshUserMappingsProtocolService,
} from '../wire/messages/admin.ts';
import { callerName } from './caller.ts';

const GET_PROTOCOL = 'org.apache.hadoop.tools.GetUserMappingsProtocol';
const POLICY_PROTOCOL = 'org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol';
const QUEUE_PROTOCOL = 'org.apache.hadoop.ipc.RefreshCallQueueProtocol';
const REFRESH_PROTOCOL = 'org.apache.hadoop.security.RefreshUserMappingsProtocol';

export class UserMappings implements Disposable {
  readonly #user: string;
  readonly #get: RpcClient;
  readonly #refresh: RpcClient;
  readonly #policy: RpcClient;
  readonly #queue: RpcClient;

  /** Asks the first NameNode of the configuration. */
  constructor(host: Host, configuration: Configuration) {
    const [address] = clientNameNodes(configuration).namenodes as readonly [NameNodeAddress, ...NameNodeAddress[]];
    this.#user = callerName(host);
    const limits = rpcClientLimits(configuration);
    const client = (protocol: string) =>
      new RpcClient(host, {
        address: { host: address.host, port: address.port },
        protocol,
        user: this.#user,
        ...limits,
      });
    this.#get = client(GET_PROTOCOL);
    this.#refresh = client(REFRESH_PROTOCOL);
    this.#policy = client(POLICY_PROTOCOL);
    this.#queue = client(QUEUE_PROTOCOL);
  }

  /** Groups of a user, by default of the caller, as the NameNode sees them. */
  async groupsOf(user = this.#user): Promise<readonly string[]> {
    return (await this.#get.call(GetUserMappingsProtocolService, 'getGroupsForUser', { user })).groups;
  }

  get user(): string {
    return this.#user;
  }

  /** Has the NameNode forget the groups that it knows. */
  async refreshGroups(): Promise<void> {
    await this.#refresh.call(RefreshUserMappingsProtocolService, 'refreshUserToGroupsMappings', {});
  }

  /** Has it read anew who may act for whom. */
  async refreshProxyUsers(): Promise<void> {
    await this.#refresh.call(RefreshUserMappingsProtocolService, 'refreshSuperUserGroupsConfiguration', {});
  }

  /** Has it read hadoop-policy.xml anew. */
  async refreshPolicy(): Promise<void> {
    await this.#policy.call(RefreshAuthorizationPolicyProtocolService, 'refreshServiceAcl', {});
  }

  /** Has it make a new call queue, as its configuration says now. */
  async refreshCallQueue(): Promise<void> {
    await this.#queue.call(RefreshCallQueueProtocolService, 'refreshCallQueue', {});
  }

  close(): void {
    this.#queue.close();
    this.#policy.close();
    this.#get.close();
    this.#refresh.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
