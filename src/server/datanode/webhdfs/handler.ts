// WebHDFS on a DataNode: the four operations that move a file's data, for clients that a NameNode has sent here. Mirrors
// Hadoop's WebHdfsHandler.
import { HdfsError } from '../../../base/errors.ts';
import { asciiPath } from '../../../base/java-uri.ts';
import { connect, type Hdfs } from '../../../client/index.ts';
import type { Configuration } from '../../../config/configuration.ts';
import { dataNodeNameservices } from '../../../config/nameservices.ts';
import { invalidPath } from '../../../core/namespace/paths.ts';
import type { Host, HttpRequest, HttpResponse } from '../../../host/host.ts';
import { failure } from '../../../webhdfs/answers.ts';
import { appendFile, createFile, createOptions, fileChecksumJson, openFile } from '../../../webhdfs/data.ts';
import { DataClients, type Served } from '../../../webhdfs/data-clients.ts';
import { decodedPath } from '../../../webhdfs/handler.ts';
import { PARAMETERS, Query } from '../../../webhdfs/parameters.ts';
import { nameNodeUri } from './namenodes.ts';

/** Pages of the NameNode's web server read files from here. */
const ANY_ORIGIN = { 'Access-Control-Allow-Origin': '*' } as const;
const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' } as const;

export interface DataNodeWebParts {
  readonly host: Host;
  readonly configuration: Configuration;
}

/** Of a name that a client of the file system would take for another one. */
const DOTS = /\/\.{1,2}(\/|$)/;

/** The name is escaped twice on its way here: by the NameNode's form encoding, and by its URI. */
function createFlagsOf(query: Query): readonly string[] {
  const given = query.raw('createflag');
  if (given === undefined) return [];
  let decoded = given;
  try {
    decoded = decodeURIComponent(given);
  } catch {
    throw new HdfsError('EILLEGAL', `Failed to parse "${given}" as create flags`);
  }
  return PARAMETERS.createFlag.parse(decoded) ?? [];
}

export function dataNodeWebHdfs({ host, configuration }: DataNodeWebParts): (request: HttpRequest) => Promise<HttpResponse> {
  const services = dataNodeNameservices(configuration);
  const staticUser = configuration.require('hadoop.http.staticuser.user');
  const userPattern = configuration.require('dfs.webhdfs.user.provider.user.pattern');
  // Modes come with the umask applied.
  const ours = configuration.with({ 'fs.permissions.umask-mode': '000' }, 'WebHDFS');
  const clients = new DataClients(host.log);

  const clientOf = async (query: Query): Promise<Hdfs> => {
    const named = query.get('user') ?? staticUser;
    const doAs = query.get('doAs');
    const acting = doAs === undefined || doAs === named ? {} : { realUser: named };
    const uri = await nameNodeUri(query.raw('namenoderpcaddress'), services, host.dns);
    return connect({ host, configuration: ours, uri, user: doAs ?? named, ...acting });
  };

  const withClient = (query: Query, run: (hdfs: Hdfs, end: () => void) => Promise<Served>): Promise<HttpResponse> =>
    clients.with(() => clientOf(query), run);

  const create = (path: string, query: Query, request: HttpRequest): Promise<HttpResponse> => {
    query.get('bufferSize');
    const options = createOptions(query, createFlagsOf(query));
    return withClient(query, async (hdfs) => {
      await createFile(hdfs, path, options, request.body);
      const headers = { ...ANY_ORIGIN, Location: `${hdfs.uri}${asciiPath(path)}` };
      return { answer: { status: 201, headers, body: '' }, keep: false };
    });
  };

  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    const { method } = request;
    const query = new Query(request.query, { userPattern, names: false });
    const path = decodedPath(request.path);
    query.get('user');
    if (DOTS.test(path)) throw invalidPath(path);
    const op = (query.raw('op') ?? '').toUpperCase();
    switch (`${method} ${op}`) {
      case 'PUT CREATE':
        return create(path, query, request);
      case 'POST APPEND':
        query.get('bufferSize');
        return withClient(query, async (hdfs) => {
          await appendFile(hdfs, path, request.body);
          return { answer: { status: 200, body: '' }, keep: false };
        });
      case 'GET OPEN':
        query.get('bufferSize');
        query.get('offset');
        query.get('length');
        return withClient(query, async (hdfs, end) => {
          const opened = await openFile(hdfs, path, query, end);
          const headers = { ...opened.headers, ...ANY_ORIGIN, 'Access-Control-Allow-Methods': 'GET' };
          return { answer: { ...opened, headers }, keep: true };
        });
      case 'GET GETFILECHECKSUM':
        return withClient(query, async (hdfs) => {
          const { algorithm, bytes } = await hdfs.checksum(path);
          return { answer: { status: 200, headers: JSON_TYPE, body: fileChecksumJson(algorithm, bytes) }, keep: false };
        });
      case 'OPTIONS CREATE':
        return {
          status: 200,
          headers: {
            ...ANY_ORIGIN,
            'Access-Control-Allow-Headers': 'accept',
            'Access-Control-Allow-Methods': 'PUT',
            'Access-Control-Max-Age': '1728000',
          },
          body: '',
        };
      default:
        throw new HdfsError('EILLEGAL', `Invalid operation ${query.raw('op') ?? 'null'}`);
    }
  };

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof HdfsError)) {
        host.log.log('error', 'webhdfs', `${request.method} ${request.path} failed: ${String(error)}`, { error });
      }
      const told = failure(error);
      return { ...told, headers: { ...told.headers, ...JSON_TYPE } };
    }
  };
}
