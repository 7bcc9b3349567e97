// Bounds of an RPC client, by Hadoop's keys.
import type { Configuration } from './configuration.ts';

export interface RpcClientLimits {
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  /** 0: a silent server is not asked whether it lives. */
  readonly pingIntervalMs: number;
  readonly maxIdleMs: number;
  readonly maxResponseBytes: number;
}

export function rpcClientLimits(configuration: Configuration): RpcClientLimits {
  return {
    connectTimeoutMs: configuration.getDuration('ipc.client.connect.timeout'),
    timeoutMs: configuration.getDuration('ipc.client.rpc-timeout.ms'),
    pingIntervalMs: configuration.getBoolean('ipc.client.ping') ? configuration.getDuration('ipc.ping.interval') : 0,
    maxIdleMs: configuration.getDuration('ipc.client.connection.maxidletime'),
    maxResponseBytes: configuration.getInt('ipc.maximum.response.length'),
  };
}
