// Expected failures, and the one table that ties a code to the Java exception on the wire, to whether a client may try
// again, to the exit code of our command line and to WebHDFS' status. A peer's malformed bytes are a ProtocolError
// instead and end its connection; our own bugs are AssertionError (assert.ts).

export interface ErrorKind {
  /** Java class name on the wire; clients match on it. */
  readonly javaClass: string;
  /** Whether the same request may succeed later or elsewhere, unchanged. */
  readonly retriable: boolean;
  /** 1 failed, 2 usage, 3 not found, 4 denied, 5 unavailable, 6 partial. */
  readonly exitCode: number;
  /** As Apache's ExceptionHandler of WebHDFS answers. */
  readonly httpStatus: number;
}

const kind = (javaClass: string, exitCode: number, httpStatus: number, retriable = false): ErrorKind => ({
  javaClass,
  retriable,
  exitCode,
  httpStatus,
});

const HADOOP = 'org.apache.hadoop';

/** Every error code of tuskfs. The names of POSIX where one fits, Hadoop's situation otherwise. */
export const ERROR_KINDS = {
  ENOENT: kind('java.io.FileNotFoundException', 3, 404),
  EEXIST: kind(`${HADOOP}.fs.FileAlreadyExistsException`, 1, 403),
  ENOTDIR: kind(`${HADOOP}.fs.ParentNotDirectoryException`, 1, 403),
  EPATHNOTDIR: kind(`${HADOOP}.fs.PathIsNotDirectoryException`, 1, 403),
  EISDIR: kind(`${HADOOP}.fs.PathIsDirectoryException`, 1, 403),
  ENOTEMPTY: kind(`${HADOOP}.fs.PathIsNotEmptyDirectoryException`, 1, 403),
  EACCES: kind(`${HADOOP}.security.AccessControlException`, 4, 403),
  EINVAL: kind(`${HADOOP}.HadoopIllegalArgumentException`, 2, 400),
  EILLEGAL: kind('java.lang.IllegalArgumentException', 2, 400),
  EINVALIDPATH: kind(`${HADOOP}.fs.InvalidPathException`, 2, 400),
  EIO: kind('java.io.IOException', 1, 403),
  ENAMETOOLONG: kind(`${HADOOP}.hdfs.protocol.FSLimitException$PathComponentTooLongException`, 1, 403),
  EMAXITEMS: kind(`${HADOOP}.hdfs.protocol.FSLimitException$MaxDirectoryItemsExceededException`, 1, 403),
  EDQUOT_NS: kind(`${HADOOP}.hdfs.protocol.NSQuotaExceededException`, 1, 403),
  EDQUOT_DS: kind(`${HADOOP}.hdfs.protocol.DSQuotaExceededException`, 1, 403),
  EDQUOT_TYPE: kind(`${HADOOP}.hdfs.protocol.QuotaByStorageTypeExceededException`, 1, 403),
  /** A list that is none, or lists that are switched off. */
  EACL: kind(`${HADOOP}.hdfs.protocol.AclException`, 1, 403),
  /** No such extended attribute. */
  ENODATA: kind(`${HADOOP}.hdfs.protocol.XAttrNotFoundException`, 3, 403),
  ELEASE: kind(`${HADOOP}.hdfs.server.namenode.LeaseExpiredException`, 1, 403),
  EBUSY: kind(`${HADOOP}.hdfs.protocol.AlreadyBeingCreatedException`, 5, 403),
  ERECOVERY: kind(`${HADOOP}.hdfs.protocol.RecoveryInProgressException`, 5, 403),
  ENOTREPLICATED: kind(`${HADOOP}.hdfs.server.namenode.NotReplicatedYetException`, 5, 403, true),
  ESAFEMODE: kind(`${HADOOP}.hdfs.server.namenode.SafeModeException`, 5, 403, true),
  ESTANDBY: kind(`${HADOOP}.ipc.StandbyException`, 5, 403, true),
  ERETRY: kind(`${HADOOP}.ipc.RetriableException`, 5, 403, true),
  EUNSUPPORTED: kind('java.lang.UnsupportedOperationException', 1, 400),
  EUNSUPPORTEDACTION: kind(`${HADOOP}.hdfs.server.namenode.UnsupportedActionException`, 1, 403),
  ENOMETHOD: kind(`${HADOOP}.ipc.RpcNoSuchMethodException`, 1, 400),
  ENOPROTOCOL: kind(`${HADOOP}.ipc.RpcNoSuchProtocolException`, 1, 400),
  EVERSION: kind(`${HADOOP}.ipc.RPC$VersionMismatch`, 1, 400),
  ERPC: kind(`${HADOOP}.ipc.RpcServerException`, 1, 400),
  ELOOP: kind(`${HADOOP}.hdfs.protocol.UnresolvedPathException`, 1, 403),
  ESNAPSHOT: kind(`${HADOOP}.hdfs.protocol.SnapshotException`, 1, 403),
  ESNAPSHOTACCESS: kind(`${HADOOP}.hdfs.protocol.SnapshotAccessControlException`, 4, 403),
  EREGISTER: kind(`${HADOOP}.hdfs.server.protocol.DisallowedDatanodeException`, 4, 403),
  EUNREGISTERED: kind(`${HADOOP}.hdfs.protocol.UnregisteredNodeException`, 1, 403),
  EINCORRECTVERSION: kind(`${HADOOP}.hdfs.server.common.IncorrectVersionException`, 1, 403),
  EINCONSISTENT: kind(`${HADOOP}.hdfs.server.common.InconsistentFSStateException`, 1, 403),
  EUNRESOLVED: kind(`${HADOOP}.hdfs.server.blockmanagement.UnresolvedTopologyException`, 1, 403),
  EINVALIDTOPOLOGY: kind(`${HADOOP}.net.NetworkTopology$InvalidTopologyException`, 1, 403),
  EREPORTLEASE: kind(`${HADOOP}.hdfs.server.protocol.InvalidBlockReportLeaseException`, 1, 403),
  EAUTHORIZE: kind(`${HADOOP}.security.authorize.AuthorizationException`, 4, 403),
  ETOKEN: kind(`${HADOOP}.security.token.SecretManager$InvalidToken`, 4, 401),
  ECHECKSUM: kind(`${HADOOP}.fs.ChecksumException`, 1, 403),
  /** Client side: every replica failed. Apache: BlockMissingException. */
  EBLOCKMISSING: kind(`${HADOOP}.hdfs.BlockMissingException`, 5, 403, true),
  ENOREPLICA: kind(`${HADOOP}.hdfs.server.datanode.ReplicaNotFoundException`, 1, 403),
  EREPLICAEXISTS: kind(`${HADOOP}.hdfs.server.datanode.ReplicaAlreadyExistsException`, 1, 403),
  ENOSPC: kind(`${HADOOP}.util.DiskChecker$DiskOutOfSpaceException`, 5, 403, true),
  EDISK: kind(`${HADOOP}.util.DiskChecker$DiskErrorException`, 1, 403),
  /** A peer cannot be reached, or the connection broke. */
  ECONN: kind('java.net.ConnectException', 5, 403, true),
  ETIMEDOUT: kind('java.net.SocketTimeoutException', 5, 403, true),
  /** An address to listen on is taken. */
  EADDRINUSE: kind('java.net.BindException', 5, 403),
  /** A remote exception whose class this table does not hold; `remoteClass` has it. */
  EREMOTE: kind(`${HADOOP}.ipc.RemoteException`, 1, 403),
  ENULL: kind('java.lang.NullPointerException', 1, 400),
  EABORT: kind('java.io.InterruptedIOException', 1, 403),
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ErrorCode = keyof typeof ERROR_KINDS;

const codeByJavaClass = new Map<string, ErrorCode>();
for (const [code, { javaClass }] of Object.entries(ERROR_KINDS)) codeByJavaClass.set(javaClass, code as ErrorCode);

export interface HdfsErrorDetails {
  readonly path?: string | undefined;
  readonly cause?: unknown;
  /** Java class named by the peer, where it differs from the code's own. */
  readonly remoteClass?: string | undefined;
}

/** An expected failure: a request that cannot be done, with the reason in the words an HDFS user knows. */
export class HdfsError extends Error {
  override readonly name = 'HdfsError';
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly remoteClass: string | undefined;

  constructor(code: ErrorCode, message: string, details: HdfsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.remoteClass = details.remoteClass;
  }

  /** Java class name under which this error travels. */
  get javaClass(): string {
    return this.remoteClass ?? ERROR_KINDS[this.code].javaClass;
  }

  get retriable(): boolean {
    return ERROR_KINDS[this.code].retriable;
  }

  /** The error that a peer's exception means; its class stays known even when no code stands for it. */
  static fromRemote(javaClass: string, message: string): HdfsError {
    const code = codeByJavaClass.get(javaClass);
    if (code !== undefined) return new HdfsError(code, message);
    return new HdfsError('EREMOTE', message, { remoteClass: javaClass });
  }
}

/** A peer's bytes, or a file's, break the format. It ends that connection, or stops that load. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
