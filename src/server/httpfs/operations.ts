// HttpFS' operations where they are not just a NameNode's: what is missing, what may be relative, and what is answered.
// Mirrors Hadoop's HttpFSServer and FSOperations.
import { HdfsError } from '../../base/errors.ts';
import { compileName } from '../../base/name-pattern.ts';
import type { HttpResponse } from '../../host/host.ts';
import { BYTES_TYPE, JSON_TYPE, json, jsonBoolean } from '../../webhdfs/answers.ts';
import { DELETE_OPERATIONS, POST_OPERATIONS, PUT_OPERATIONS } from '../../webhdfs/changes.ts';
import { GET_OPERATIONS, listedNames } from '../../webhdfs/get.ts';
import { wrapped } from '../../webhdfs/java-json.ts';
import type { Operation, OperationRequest } from '../../webhdfs/operation.ts';
import { xattrNamed, xattrsJson } from '../../webhdfs/xattrs.ts';
import type { WebHdfsMethod } from '../../wire/tables/webhdfs.ts';
import type { HttpFsParameters } from './parameters.ts';
import { destinationPath } from './paths.ts';

export interface HttpFsRequest extends OperationRequest {
  readonly query: HttpFsParameters;
  /** URI of the file system. */
  readonly fileSystem: string;
  /** The path as it was asked for. */
  readonly given: string;
}

type HttpFsOperation = (request: HttpFsRequest) => Promise<HttpResponse>;

const FS_ACTION = /^[r-][w-][x-]$/;

/** Operations that are about all of the file system, and want its root for a path. */
const atRoot =
  (operation: Operation): HttpFsOperation =>
  async (request) => {
    if (request.path === '/') return operation(request);
    const reason = `Operation [${request.op}], invalid path [${request.given}], must be /`;
    throw new HdfsError('EUNSUPPORTED', reason);
  };

const OWN: Readonly<Record<string, HttpFsOperation>> = {
  GETHOMEDIRECTORY: atRoot(GET_OPERATIONS.GETHOMEDIRECTORY),
  LISTSTATUS: async (request) => {
    const { filter } = request.query;
    if (filter === undefined) return GET_OPERATIONS.LISTSTATUS(request);
    const pattern = compileName(filter);
    return listedNames(request, (name) => pattern.matches(name));
  },
  // Hadoop's client looks for an encryption zone only where there can be one.
  GETTRASHROOT: async ({ homePrefix, user }) => json(wrapped('Path', `${homePrefix}/${user}/.Trash`)),
  GETTRASHROOTS: async (request) => {
    const { body, ...answer } = await GET_OPERATIONS.GETTRASHROOTS(request);
    return { ...answer, body: body === wrapped('Paths', null) ? wrapped('Paths', []) : (body ?? '') };
  },
  GETXATTRS: async ({ path, query, namenode }) => {
    const names = query.all('xattr.name').filter((name) => name !== '');
    const { xAttrs } = await namenode.call('getXAttrs', { src: path, xAttrs: names.map((name) => xattrNamed(name)) });
    return json(xattrsJson(xAttrs, query.get('encoding') ?? 'TEXT'));
  },
  CHECKACCESS: async (request) => {
    const action = request.query.get('fsAction');
    if (action !== undefined && !FS_ACTION.test(action)) {
      throw new HdfsError('EILLEGAL', `Parameter [fsaction], invalid value [${action}], value must be [[r-][w-][x-]]`);
    }
    return { ...(await GET_OPERATIONS.CHECKACCESS(request)), headers: { 'Content-Type': BYTES_TYPE } };
  },
  RENAME: async ({ path, query, namenode, homePrefix, user, fileSystem }) => {
    const destination = query.get('destination');
    if (destination === undefined) throw new HdfsError('EILLEGAL', 'Can not create a Path from a null string');
    const dst = destinationPath(destination, `${homePrefix}/${user}`, fileSystem);
    return jsonBoolean((await namenode.call('rename', { src: path, dst })).result);
  },
  SETOWNER: async (request) => {
    const { query } = request;
    if (query.get('owner') === undefined && query.get('group') === undefined) {
      throw new HdfsError('EIO', 'username == null && groupname == null');
    }
    return PUT_OPERATIONS.SETOWNER(request);
  },
  SETREPLICATION: async (request) => {
    if (request.query.get('replication') !== undefined) return PUT_OPERATIONS.SETREPLICATION(request);
    const reason = `Requested replication factor of -1 is less than the required minimum of 1 for ${request.path}`;
    throw new HdfsError('EIO', reason);
  },
  TRUNCATE: async (request) => {
    const length = request.query.get('newLength');
    if (length !== undefined && length < 0n) {
      throw new HdfsError('EINVAL', `Cannot truncate to a negative file size: ${length}.`);
    }
    return POST_OPERATIONS.TRUNCATE(request);
  },
};

const OPERATIONS: Readonly<Record<WebHdfsMethod, Readonly<Record<string, Operation>>>> = {
  GET: GET_OPERATIONS,
  PUT: PUT_OPERATIONS,
  POST: POST_OPERATIONS,
  DELETE: DELETE_OPERATIONS,
};

/** An operation that moves no file's data. */
export async function carryOut(method: WebHdfsMethod, request: HttpFsRequest): Promise<HttpResponse> {
  const { op } = request;
  const own = Object.hasOwn(OWN, op) ? OWN[op] : undefined;
  if (own === undefined && !Object.hasOwn(OPERATIONS[method], op)) {
    throw new HdfsError('EUNSUPPORTED', `${op} is not supported`);
  }
  const answer = await (own ?? (OPERATIONS[method][op] as Operation))(request);
  // Changes are answered as JSON, also where there is nothing to say.
  if (method === 'GET' || answer.body !== '') return answer;
  return { ...answer, headers: { ...answer.headers, 'Content-Type': JSON_TYPE } };
}
