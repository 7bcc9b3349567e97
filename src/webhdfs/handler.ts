// A request below /webhdfs/v1: who asks, which operation, whether every parameter can be understood, and then its answer.
// The order of the checks is Hadoop's, since it decides which of two mistakes is told.
import { HdfsError } from '../base/errors.ts';
import type { HttpRequest, HttpResponse } from '../host/host.ts';
import { WEBHDFS_OPS_BY_METHOD, type WebHdfsMethod } from '../wire/tables/webhdfs.ts';
import { failure, refusedIdentity, tellingFailures } from './answers.ts';
import { DELETE_OPERATIONS, POST_OPERATIONS, PUT_OPERATIONS } from './changes.ts';
import { type DataGetOp, GET_OPERATIONS } from './get.ts';
import { type IdentityRules, identityOf, type WebIdentity } from './identity.ts';
import type { NameNodeCalls, Operation, OperationRequest } from './operation.ts';
import { guarded, type ParameterName, Query } from './parameters.ts';

export const WEBHDFS_PREFIX = '/webhdfs/v1';

/** Operations that move a file's data: redirected by a NameNode, carried out by HttpFS. */
export type DataOp = DataGetOp | 'CREATE' | 'APPEND';
export const DATA_OPS: ReadonlySet<string> = new Set<DataOp>(['OPEN', 'GETFILECHECKSUM', 'CREATE', 'APPEND']);

export interface DataRequest extends OperationRequest {
  readonly op: DataOp;
  readonly identity: WebIdentity;
  readonly http: HttpRequest;
}

export interface WebHdfsOptions {
  readonly rules: IdentityRules;
  /** ClientProtocol as that user. */
  readonly calls: (identity: WebIdentity, request: HttpRequest) => NameNodeCalls;
  readonly data: (request: DataRequest) => Promise<HttpResponse>;
  /** dfs.webhdfs.user.provider.user.pattern. */
  readonly userPattern: string;
  readonly homePrefix: string;
  readonly replication: number;
  readonly clientName: () => string;
  /** A failure that is no answer to the client's mistake. */
  readonly onFault: (error: unknown, request: HttpRequest) => void;
}

const OPERATIONS: Readonly<Record<WebHdfsMethod, Readonly<Record<string, Operation>>>> = {
  GET: GET_OPERATIONS,
  PUT: PUT_OPERATIONS,
  POST: POST_OPERATIONS,
  DELETE: DELETE_OPERATIONS,
};

/** Parameters of each method in the order in which Hadoop looks at them; `op` stands behind the first three. */
const PARAMETER_ORDER: Readonly<Record<WebHdfsMethod, readonly ParameterName[]>> = {
  GET: [
    'offset',
    'length',
    'renewer',
    'bufferSize',
    'xattrName',
    'encoding',
    'excludeDatanodes',
    'fsAction',
    'snapshotName',
    'oldSnapshotName',
    'snapshotDiffStartPath',
    'snapshotDiffIndex',
    'tokenKind',
    'tokenService',
    'noRedirect',
    'startAfter',
    'allUsers',
  ],
  PUT: [
    'destination',
    'owner',
    'group',
    'permission',
    'unmaskedPermission',
    'overwrite',
    'bufferSize',
    'replication',
    'blockSize',
    'modificationTime',
    'accessTime',
    'renameOptions',
    'createParent',
    'token',
    'aclSpec',
    'xattrName',
    'xattrValue',
    'xattrFlag',
    'snapshotName',
    'oldSnapshotName',
    'excludeDatanodes',
    'createFlag',
    'noRedirect',
    'storagePolicy',
    'ecPolicy',
    'namespaceQuota',
    'storageSpaceQuota',
    'storageType',
  ],
  POST: ['sources', 'bufferSize', 'excludeDatanodes', 'newLength', 'noRedirect'],
  DELETE: ['recursive', 'snapshotName'],
};

/** What may be done here; browsers ask it before a page of another origin does something. */
export const ALLOWED: HttpResponse = { status: 200, headers: { Allow: 'HEAD,DELETE,POST,GET,OPTIONS,PUT' }, body: '' };

const isMethod = (method: string): method is WebHdfsMethod => Object.hasOwn(PARAMETER_ORDER, method);

/** Apache: GetOpParam and its siblings; without `op` it is NULL, which no method does. */
export function operationNamed(method: WebHdfsMethod, query: Query): string {
  const given = query.raw('op') || 'null';
  return guarded('op', () => {
    const upper = given.toUpperCase();
    const known: readonly string[] = WEBHDFS_OPS_BY_METHOD[method];
    if (upper !== 'NULL' && !known.includes(upper)) {
      throw new HdfsError('EILLEGAL', `${given} is not a valid ${method} operation.`);
    }
    return upper;
  });
}

/** The file system's path of a request's: without the prefix, percent escapes undone. Throws EINVALIDPATH. */
export function decodedPath(path: string): string {
  let whole: string;
  try {
    whole = decodeURIComponent(path);
  } catch {
    // Bytes that are no UTF-8 would name another file than the one that is meant.
    throw new HdfsError('EINVALIDPATH', `Invalid path name ${path}: not UTF-8 in percent escapes`);
  }
  // The prefix may have escapes, too, which a router undoes.
  const decoded = whole.slice(WEBHDFS_PREFIX.length);
  if (!whole.startsWith(WEBHDFS_PREFIX) || !/^(\/|$)/.test(decoded)) {
    throw new HdfsError('EINVALIDPATH', `Invalid path name ${whole}`);
  }
  // Web servers of Java refuse the byte before anybody sees it.
  if (decoded.includes('\0')) throw new HdfsError('EINVALIDPATH', 'A path may not hold a zero byte');
  return decoded === '' ? '/' : decoded;
}

function checkParameters(method: WebHdfsMethod, query: Query): string {
  query.get('delegation');
  query.get('user');
  query.get('doAs');
  const op = operationNamed(method, query);
  for (const parameter of PARAMETER_ORDER[method]) query.get(parameter);
  return op;
}

export type WebHdfsHandler = (request: HttpRequest) => Promise<HttpResponse>;

export function webHdfsHandler(options: WebHdfsOptions): WebHdfsHandler {
  const answer = async (http: HttpRequest): Promise<HttpResponse> => {
    // Who asks for the head of an answer is answered as who asks for all of it.
    const method = http.method === 'HEAD' ? 'GET' : http.method;
    if (method === 'OPTIONS') return ALLOWED;
    if (!isMethod(method)) throw new HdfsError('EUNSUPPORTED', `${method} is not supported`);
    const query = new Query(http.query, { userPattern: options.userPattern });
    let identity: WebIdentity;
    try {
      identity = await identityOf(http, query, options.rules);
    } catch (error) {
      if (error instanceof HdfsError && error.code === 'EAUTHORIZE') return refusedIdentity(error);
      throw error;
    }
    const op = checkParameters(method, query);
    const path = decodedPath(http.path);
    const request: OperationRequest = {
      op,
      path,
      query,
      user: identity.user,
      namenode: options.calls(identity, http),
      homePrefix: options.homePrefix,
      replication: options.replication,
      clientName: options.clientName,
    };
    if (DATA_OPS.has(op)) return options.data({ ...request, op: op as DataOp, identity, http });
    const operations = OPERATIONS[method];
    const operation = Object.hasOwn(operations, op) ? operations[op] : undefined;
    if (operation === undefined) {
      // Two spaces are Hadoop's.
      throw new HdfsError('EUNSUPPORTED', `op=${op}${method === 'PUT' ? '  ' : ' '}is not supported`);
    }
    return operation(request);
  };
  return tellingFailures(answer, failure, options.onFault);
}
