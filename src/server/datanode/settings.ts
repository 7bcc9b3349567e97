// The configuration keys that the DataNode reads, once, at its start.
import type { Configuration } from '../../config/configuration.ts';
import { addressOf } from '../../config/nameservices.ts';
import type { Address } from '../../host/host.ts';

export interface DataNodeSettings {
  readonly transferAddress: Address;
  readonly ipcAddress: Address;
  readonly httpAddress: Address;
  readonly hostName: string | undefined;
  readonly useDatanodeHostname: boolean;
  /** Waiting for a peer's bytes: dfs.client.socket-timeout. */
  readonly socketTimeoutMs: number;
  readonly socketWriteTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly maxTransferThreads: number;
  readonly syncOnClose: boolean;
  readonly blockSize: number;
  readonly heartbeatMs: number;
  readonly blockReportMs: number;
  readonly blockReportInitialDelayMs: number;
  readonly blockReportSplitThreshold: number;
  readonly incrementalReportMs: number;
  readonly poolReadyMs: number;
  readonly balanceBandwidth: number;
  readonly reservedBytes: number;
  readonly bytesPerChecksum: number;
}

export function readSettings(configuration: Configuration): DataNodeSettings {
  return {
    transferAddress: addressOf(configuration, 'dfs.datanode.address'),
    ipcAddress: addressOf(configuration, 'dfs.datanode.ipc.address'),
    httpAddress: addressOf(configuration, 'dfs.datanode.http.address'),
    hostName: configuration.get('dfs.datanode.hostname'),
    useDatanodeHostname: configuration.getBoolean('dfs.datanode.use.datanode.hostname'),
    socketTimeoutMs: configuration.getDuration('dfs.client.socket-timeout'),
    socketWriteTimeoutMs: configuration.getDuration('dfs.datanode.socket.write.timeout'),
    keepaliveMs: configuration.getDuration('dfs.datanode.socket.reuse.keepalive'),
    maxTransferThreads: configuration.getInt('dfs.datanode.max.transfer.threads'),
    syncOnClose: configuration.getBoolean('dfs.datanode.synconclose'),
    blockSize: configuration.getSize('dfs.blocksize'),
    heartbeatMs: configuration.getDuration('dfs.heartbeat.interval'),
    blockReportMs: configuration.getDuration('dfs.blockreport.intervalMsec'),
    blockReportInitialDelayMs: configuration.getDuration('dfs.blockreport.initialDelay'),
    blockReportSplitThreshold: configuration.getLong('dfs.blockreport.split.threshold'),
    incrementalReportMs: configuration.getDuration('dfs.blockreport.incremental.intervalMsec'),
    poolReadyMs: configuration.getDuration('dfs.datanode.bp-ready.timeout'),
    balanceBandwidth: configuration.getSize('dfs.datanode.balance.bandwidthPerSec'),
    reservedBytes: configuration.getSize('dfs.datanode.du.reserved'),
    bytesPerChecksum: configuration.getInt('dfs.bytes-per-checksum'),
  };
}
