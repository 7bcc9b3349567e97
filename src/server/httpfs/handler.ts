// A request to HttpFS below /webhdfs/v1, in the order in which Hadoop's filters and its Jersey look at it: who asks, whether
// a body has the type that it must have, which operation, its parameters, its path; and then its answer.
import { HdfsError } from '../../base/errors.ts';
import type { Hdfs } from '../../client/hdfs.ts';
import type { HttpRequest, HttpResponse } from '../../host/host.ts';
import { text } from '../../web/server.ts';
import { withCookie } from '../../web/simple-authentication.ts';
import { tellingFailures } from '../../webhdfs/answers.ts';
import type { DataClients } from '../../webhdfs/data-clients.ts';
import { ALLOWED, DATA_OPS, type DataOp, decodedPath } from '../../webhdfs/handler.ts';
import type { WebIdentity } from '../../webhdfs/identity.ts';
import type { NameNodeCalls } from '../../webhdfs/operation.ts';
import { Query } from '../../webhdfs/parameters.ts';
import { WEBHDFS_OPS_BY_METHOD, type WebHdfsMethod } from '../../wire/tables/webhdfs.ts';
import { failure } from './answers.ts';
import { askerOf, type Rules } from './authentication.ts';
import { carryData, isUploadTypeMissing, UPLOAD_TYPE_MISSING } from './data.ts';
import { carryOut } from './operations.ts';
import { HttpFsParameters } from './parameters.ts';
import { hdfsPath } from './paths.ts';

export type AccessMode = 'read-write' | 'read-only' | 'write-only';

export interface HttpFsParts {
  readonly rules: Rules;
  /** ClientProtocol as that user. */
  readonly calls: (identity: WebIdentity) => NameNodeCalls;
  readonly clients: DataClients;
  /** A client of the file system as that user. */
  readonly connect: (identity: WebIdentity) => Promise<Hdfs>;
  readonly fileSystem: string;
  readonly accessMode: AccessMode;
  /** What HttpFS has of a NameNode's: operations that Hadoop's HttpFS does not know. */
  readonly beyond: (request: HttpRequest) => Promise<HttpResponse>;
  readonly homePrefix: string;
  readonly replication: number;
  readonly clientName: () => string;
  /** A failure that is no answer to the client's mistake. */
  readonly onFault: (error: unknown, request: HttpRequest) => void;
}

const isMethod = (method: string): method is WebHdfsMethod => Object.hasOwn(WEBHDFS_OPS_BY_METHOD, method);
const isOf = (method: WebHdfsMethod, op: string): boolean => (WEBHDFS_OPS_BY_METHOD[method] as readonly string[]).includes(op);

/** What may be asked of a gateway that is for writing only. */
const VISIBLE = new Set(['GETFILESTATUS', 'LISTSTATUS']);

function isClosed(mode: AccessMode, method: WebHdfsMethod, op: string): boolean {
  if (mode === 'read-write') return false;
  return mode === 'read-only' ? method !== 'GET' : method === 'GET' && !VISIBLE.has(op);
}

function operationOf(method: WebHdfsMethod, query: Query): string {
  const given = query.raw('op');
  if (given === undefined) throw new HdfsError('EILLEGAL', 'Missing Operation parameter [op]');
  if (given === '') throw new HdfsError('EILLEGAL', 'Invalid Operation []');
  const op = given.toUpperCase();
  if (isOf(method, op)) return op;
  if (Object.keys(WEBHDFS_OPS_BY_METHOD).some((other) => isMethod(other) && isOf(other, op))) {
    throw new HdfsError('EIO', `Invalid HTTP ${method} operation [${op}]`);
  }
  const name = `org.apache.hadoop.fs.http.client.HttpFSFileSystem.Operation.${op}`;
  throw new HdfsError('EILLEGAL', `java.lang.IllegalArgumentException: No enum constant ${name}`, {
    remoteClass: 'com.sun.jersey.api.ParamException$QueryParamException',
  });
}

/** The same, asked by that user. */
function asUser(query: URLSearchParams, user: string): URLSearchParams {
  const others = [...query].filter(([name]) => !['user.name', 'doas'].includes(name.toLowerCase()));
  return new URLSearchParams([...others, ['user.name', user]]);
}

export function httpFsHandler(parts: HttpFsParts): (request: HttpRequest) => Promise<HttpResponse> {
  const answer = async (http: HttpRequest, query: Query, identity: WebIdentity): Promise<HttpResponse> => {
    const method = http.method === 'HEAD' ? 'GET' : http.method;
    if (method === 'OPTIONS') return ALLOWED;
    if (!isMethod(method)) throw new HdfsError('EUNSUPPORTED', `${method} is not supported`);
    const wanted = (query.raw('op') ?? '').toUpperCase();
    if (isUploadTypeMissing(http, wanted, query.raw('data')?.toLowerCase() === 'true')) {
      return { ...text(400, `${UPLOAD_TYPE_MISSING}\n`), reason: 'Bad Request' };
    }
    const op = operationOf(method, query);
    if (isClosed(parts.accessMode, method, op)) return { status: 403, body: '' };
    const values = HttpFsParameters.of(op, query);
    if (values === undefined) return parts.beyond({ ...http, query: asUser(http.query, identity.user) });
    const pathOf = (): string => hdfsPath(decodedPath(http.path), parts.fileSystem);
    if (DATA_OPS.has(op)) {
      return carryData({ op: op as DataOp, pathOf, query: values, http }, parts.clients, () => parts.connect(identity));
    }
    return carryOut(method, {
      op,
      path: pathOf(),
      query: values,
      user: identity.user,
      namenode: parts.calls(identity),
      homePrefix: parts.homePrefix,
      replication: parts.replication,
      clientName: parts.clientName,
      fileSystem: parts.fileSystem,
      given: decodedPath(http.path),
    });
  };
  return async (http) => {
    const query = new Query(http.query);
    let cookie: string | undefined;
    const asked = async (): Promise<HttpResponse> => {
      const asker = await askerOf(http, query, parts.rules);
      cookie = asker.cookie;
      return 'refusal' in asker ? asker.refusal : answer(http, query, asker.identity);
    };
    return withCookie(await tellingFailures(asked, failure, parts.onFault)(http), cookie);
  };
}
