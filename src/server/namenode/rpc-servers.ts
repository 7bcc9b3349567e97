// Where a NameNode answers by RPC: to clients, and where they are configured, to DataNodes and other daemons on a port of
// their own, which clients cannot crowd, and to lifelines. Apache: NameNodeRpcServer.
import type { AssertionError } from '../../base/assert.ts';
import type { Configuration } from '../../config/configuration.ts';
import { addressOf, nameNodeRpcAddress } from '../../config/nameservices.ts';
import { slowCallSettings } from '../../config/slow-calls.ts';
import type { Address, Host } from '../../host/host.ts';
import { RpcServer, type RpcServerOptions } from '../../rpc/server.ts';
import type { RpcService } from '../../rpc/service.ts';
import type { SlowCallSettings } from '../../rpc/slow-calls.ts';
import { callQueueSettings } from './call-queue-settings.ts';
import type { NameSystem } from './namesystem.ts';
import { rpcLimits } from './settings.ts';

export interface RpcServersOptions {
  readonly host: Host;
  readonly configuration: Configuration;
  readonly system: NameSystem;
  readonly services: readonly RpcService[];
  /** Those of the port for lifelines. */
  readonly lifelineServices: readonly RpcService[];
  readonly authorize: NonNullable<RpcServerOptions['authorize']>;
  readonly onBug: (error: AssertionError) => void;
}

export class RpcServers {
  readonly client: RpcServer;
  private readonly configuration: Configuration;
  readonly service: RpcServer | undefined;
  readonly lifeline: RpcServer | undefined;

  constructor(options: RpcServersOptions) {
    const { host, configuration, system, services, lifelineServices, authorize, onBug } = options;
    const server = (name: string, address: Address, bindHostKey: string, served: readonly RpcService[]): RpcServer =>
      new RpcServer(host, {
        name,
        address: { host: configuration.get(bindHostKey) || address.host, port: address.port },
        services: served,
        gate: system.editLog,
        limits: rpcLimits(configuration),
        slowCalls: slowCallSettings(configuration),
        stateId: () => system.editLog.lastTxid,
        onCallDone: (call, error) => system.activity.called(call, error),
        authorize,
        onBug,
      });
    const other = (name: string, key: string, bindHostKey: string, served: readonly RpcService[]): RpcServer | undefined =>
      configuration.get(key) ? server(name, addressOf(configuration, key), bindHostKey, served) : undefined;
    this.configuration = configuration;
    this.client = server('NameNode', nameNodeRpcAddress(configuration), 'dfs.namenode.rpc-bind-host', services);
    this.service = other('NameNode service', 'dfs.namenode.servicerpc-address', 'dfs.namenode.servicerpc-bind-host', services);
    this.lifeline = other(
      'NameNode lifeline',
      'dfs.namenode.lifeline.rpc-address',
      'dfs.namenode.lifeline.rpc-bind-host',
      lifelineServices,
    );
  }

  get all(): readonly RpcServer[] {
    return [this.client, this.service, this.lifeline].filter((server) => server !== undefined);
  }

  /** Gives the servers the call queues of this configuration. Throws HdfsError EILLEGAL before any is changed. */
  configureQueues(configuration: Configuration): void {
    const next = this.all.map((server) => ({ server, settings: callQueueSettings(configuration, server.address.port) }));
    for (const { server, settings } of next) server.configureQueue(settings);
  }

  /** Whether clients that find no room are sent away. */
  set backOff(backOff: boolean) {
    const { client } = this;
    if (client.callQueue !== undefined) client.callQueue.backOff = backOff;
    else client.configureQueue({ ...callQueueSettings(this.configuration, client.address.port), backOff });
  }

  /** Which calls are logged as slow. */
  logSlowCalls(change: Partial<SlowCallSettings>): void {
    for (const server of this.all) server.slowCalls = { ...server.slowCalls, ...change };
  }

  /** All or none of them. */
  async start(): Promise<void> {
    try {
      for (const server of this.all) await server.start();
      this.configureQueues(this.configuration);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((server) => server.close()));
  }
}
