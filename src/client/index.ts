// `tuskfs/client`: the public library. `connect` gives a file system; everything exported here is what programs may rely
// on. This file is the one exception to the rule that only entry points pick the real machine: a program that gives no
// `host` gets host/node, loaded when it is needed.
import { setMaxListeners } from 'node:events';
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { clientNameNodes, formatHostPort } from '../config/nameservices.ts';
import { packetGeometry } from '../core/pipeline/writer-geometry.ts';
import type { Host } from '../host/host.ts';
import { RpcClient } from '../rpc/client.ts';
import { crcOf } from '../transfer/checksum.ts';
import { type PeerAddress, PeerPool } from '../transfer/peer.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import { callerName } from './caller.ts';
import type { ClientContext } from './context.ts';
import { DeadNodes } from './dead-nodes.ts';
import { Hdfs } from './hdfs.ts';
import { HedgePool } from './hedged-read.ts';
import { LeaseRenewer } from './lease-renewer.ts';
import { NameNode } from './namenode.ts';
import { PacketBufferPool } from './packet-buffer.ts';
import { clientSettings } from './settings.ts';

export { type ErrorCode, HdfsError } from '../base/errors.ts';
export { type AclEntry, type AclNames, type AclSpec, type AclStatus, type Acls, formatAclEntry, parseAcl } from './acl.ts';
export type { SignalOption } from './context.ts';
export { ErasureCoding, type ErasureCodingPolicyInfo } from './erasure-coding.ts';
export type { HdfsEvent, HdfsEventType, WatchOptions } from './events.ts';
export type { FileChecksum } from './file-checksum.ts';
export type { HdfsFileHandle } from './file-handle.ts';
export type { AppendOptions, CreateOptions, SyncOptions, WriteOptions } from './file-writer.ts';
export {
  constants,
  Hdfs,
  type ReadFileOptions,
  type RemoveOptions,
  type RemoveResult,
  type TimeLike,
  type WriteStreamOptions,
} from './hdfs.ts';
export type { PathLike } from './paths.ts';
export { LIMITED_STORAGE_TYPES, type LimitedStorageType, Quotas, type QuotaUsage, type TypeUsage } from './quotas.ts';
export { type BlockLocation, type ContentSummary, Dirent, type FsStats, HdfsStats, type ServerDefaults } from './stats.ts';
export { StoragePolicies, type StoragePolicyInfo } from './storage-policies.ts';
export type { HdfsReadStream, HdfsWriteStream, ReadStreamOptions } from './streams.ts';
export type { FileData } from './write-all.ts';
export type { SetXattrOptions, Xattrs } from './xattr.ts';

export interface ConnectOptions {
  /** `hdfs://HOST:PORT` or `hdfs://NAMESERVICE`; default fs.defaultFS. */
  readonly uri?: string | URL | undefined;
  /** Directory with core-site.xml and hdfs-site.xml; default HADOOP_CONF_DIR, where that is set. */
  readonly confDir?: string | undefined;
  /** Values over those of the files. */
  readonly conf?: Readonly<Record<string, string>> | undefined;
  /** A configuration made elsewhere, in place of `confDir`. */
  readonly configuration?: Configuration | undefined;
  /** Default HADOOP_USER_NAME, else the user that runs the process. */
  readonly user?: string | undefined;
  /** Who acts for `user`, when that is somebody else; the NameNode has to allow it. */
  readonly realUser?: string | undefined;
  /** Where a DataNode is reached from here, given the address that the cluster knows. */
  readonly hostMap?: ((address: PeerAddress) => PeerAddress) | undefined;
  /** The machine; default the real one. */
  readonly host?: Host | undefined;
}

const DATANODE_PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol';
/** Packet buffers that are kept for the next file. */
const IDLE_PACKET_BUFFERS = 160;

/**
 * A client of the file system that `target` names. Nothing is asked of the cluster yet: a wrong address shows at the
 * first call. Rejects with EINVAL for a configuration that cannot be understood.
 */
export async function connect(target: string | URL | ConnectOptions = {}): Promise<Hdfs> {
  const options: ConnectOptions = typeof target === 'string' || target instanceof URL ? { uri: target } : target;
  const host = options.host ?? (await defaultHost());
  const configuration = await configurationOf(host, options);
  const settings = clientSettings(configuration);
  const uri = options.uri === undefined ? undefined : String(options.uri);
  const service = clientNameNodes(configuration, uri);
  const user = options.user ?? callerName(host);
  if (user === '') throw new HdfsError('EINVAL', 'the user name is empty');
  const closing = new AbortController();
  // Everything that waits listens to it: many listeners are no leak.
  setMaxListeners(0, closing.signal);
  const namenode = new NameNode(
    host,
    { addresses: service.namenodes, nameservice: service.nameservice, user, realUser: options.realUser },
    settings,
    closing.signal,
  );
  const clientName = `DFSClient_TUSKFS_${host.random.below(2 ** 31)}_${host.machine.pid}`;
  const peers = new PeerPool(host.net, host.clock, {
    capacity: settings.socketCacheCapacity,
    expiryMs: settings.socketCacheExpiryMs,
    timeoutMs: settings.socketTimeoutMs,
  });
  const leases = new LeaseRenewer(host, () => namenode.call('renewLease', { clientName, namespaces: [] }));
  const checksummed = crcOf(settings.checksumType) !== undefined;
  const geometry = packetGeometry(settings.writePacketSize, settings.bytesPerChecksum, checksummed);
  const dataNodeRpc = (info: DatanodeInfoProto): RpcClient => {
    const name = settings.useDatanodeHostname ? info.id.hostName : info.id.ipAddr;
    const address = { host: name, port: info.id.ipcPort };
    return new RpcClient(host, {
      address: options.hostMap === undefined ? address : options.hostMap(address),
      protocol: DATANODE_PROTOCOL,
      user,
      ...settings.rpc,
    });
  };
  const context: ClientContext = {
    host,
    settings,
    namenode,
    peers,
    packets: new PacketBufferPool(geometry, IDLE_PACKET_BUFFERS),
    leases,
    hedges: new HedgePool(settings.hedgedReads, settings.hedgedReadThresholdMs),
    deadNodes: settings.deadNodes && new DeadNodes({ host, settings: settings.deadNodes, closed: closing.signal, dataNodeRpc }),
    clientName,
    user,
    closed: closing.signal,
    mapHost: options.hostMap,
    dataNodeRpc,
  };
  const authorities = [
    ...(service.nameservice === undefined ? [] : [service.nameservice]),
    ...service.namenodes.map((address) => formatHostPort(address)),
    ...service.namenodes.map((address) => address.host),
  ];
  return new Hdfs(context, authorities, async () => {
    closing.abort(new HdfsError('ECONN', 'Filesystem closed'));
    leases.close();
    peers.close();
    namenode.close();
  });
}

async function configurationOf(host: Host, options: ConnectOptions): Promise<Configuration> {
  if (options.configuration !== undefined) {
    return options.conf === undefined ? options.configuration : options.configuration.with(options.conf);
  }
  const directory = options.confDir ?? host.machine.env('HADOOP_CONF_DIR');
  return loadConfiguration(host, { directory: directory === '' ? undefined : directory, overrides: options.conf });
}

async function defaultHost(): Promise<Host> {
  const { nodeHost } = await import('../host/node/index.ts');
  return nodeHost({ logLevel: 'error' });
}
