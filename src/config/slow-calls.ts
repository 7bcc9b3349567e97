// Which calls an RPC server names in its log for being slow.
import type { Configuration } from './configuration.ts';

export function slowCallSettings(configuration: Configuration): { readonly log: boolean; readonly thresholdMs: number } {
  return {
    log: configuration.getBoolean('ipc.server.log.slow.rpc'),
    thresholdMs: configuration.getDuration('ipc.server.log.slow.rpc.threshold.ms'),
  };
}
