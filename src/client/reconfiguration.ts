// Having a running daemon read its configuration files again and change what it can. NameNodes are asked by
// ReconfigurationProtocol, DataNodes by the same methods of ClientDatanodeProtocol (datanode-admin.ts).
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import { parseHostPort } from '../config/nameservices.ts';
import { rpcClientLimits } from '../config/rpc-client.ts';
import type { Host } from '../host/host.ts';
import { RpcClient, type RpcProxy, rpcProxy } from '../rpc/client.ts';
import {
  type GetReconfigurationStatusResponseProto,
  ReconfigurationProtocolService,
} from '../wire/messages/reconfiguration.ts';
import { callerName } from './caller.ts';

const PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol';

export interface ConfigChange {
  readonly name: string;
  readonly oldValue: string;
  /** Undefined: back to the default. */
  readonly newValue: string | undefined;
  /** Undefined: the change succeeded. */
  readonly error: string | undefined;
}

export interface ReconfigurationTask {
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Undefined while it runs. */
  readonly finishedMs: number | undefined;
  readonly changes: readonly ConfigChange[];
}

export interface ReconfigurableNode {
  /** Begins; it answers before that is done. */
  startReconfiguration(): Promise<void>;
  /** The last task; undefined: there has been none. */
  reconfiguration(): Promise<ReconfigurationTask | undefined>;
  reconfigurableProperties(): Promise<readonly string[]>;
  close(): void;
}

export function reconfigurationTask(status: GetReconfigurationStatusResponseProto): ReconfigurationTask | undefined {
  const { startTime, endTime, changes } = status;
  if (startTime === undefined) throw new HdfsError('EIO', 'the daemon answered with nothing');
  if (startTime <= 0) return undefined;
  return {
    startedMs: startTime,
    finishedMs: endTime === undefined || endTime <= 0 ? undefined : endTime,
    changes: changes.map(({ name, oldValue, newValue, errorMessage }) => ({ name, oldValue, newValue, error: errorMessage })),
  };
}

export class NameNodeReconfiguration implements ReconfigurableNode {
  readonly #client: RpcClient;
  readonly #namenode: RpcProxy<typeof ReconfigurationProtocolService>;

  /** `address`: host and port of its RPC server. Throws HdfsError EINVAL when it is none. */
  constructor(host: Host, configuration: Configuration, address: string, user?: string) {
    this.#client = new RpcClient(host, {
      address: parseHostPort(address, 'the address of the NameNode'),
      protocol: PROTOCOL,
      user: user ?? callerName(host),
      ...rpcClientLimits(configuration),
    });
    this.#namenode = rpcProxy(this.#client, ReconfigurationProtocolService);
  }

  async startReconfiguration(): Promise<void> {
    await this.#namenode.startReconfiguration({});
  }

  async reconfiguration(): Promise<ReconfigurationTask | undefined> {
    return reconfigurationTask(await this.#namenode.getReconfigurationStatus({}));
  }

  async reconfigurableProperties(): Promise<readonly string[]> {
    return (await this.#namenode.listReconfigurableProperties({})).name;
  }

  close(): void {
    this.#client.close();
  }
}
