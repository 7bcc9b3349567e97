// HttpFS carries files' data itself: a request to write is sent once more to where it came, with the word that its body
// comes now.
import type { Hdfs } from '../../client/hdfs.ts';
import type { HttpRequest, HttpResponse } from '../../host/host.ts';
import { JSON_TYPE, json, redirect } from '../../webhdfs/answers.ts';
import { appendFile, createFile, createOptions, fileChecksumJson, openFile } from '../../webhdfs/data.ts';
import type { DataClients } from '../../webhdfs/data-clients.ts';
import type { DataOp } from '../../webhdfs/handler.ts';
import { wrapped } from '../../webhdfs/java-json.ts';
import { inCluster } from './answers.ts';
import type { HttpFsParameters } from './parameters.ts';

/** Apache: HttpFSFileSystem.DEFAULT_PERMISSION, for files too. */
const DEFAULT_MODE = 0o755;
const UPLOAD_TYPE = 'application/octet-stream';

const placeOf = ({ headers, path }: HttpRequest): string =>
  `http://${typeof headers.host === 'string' ? headers.host : 'localhost'}${path}`;

/** The request once more. Apache: HttpFSServer.createUploadRedirectionURL, createOpenRedirectionURL. */
function onceMore(http: HttpRequest, op: DataOp): string {
  const query = new URLSearchParams();
  for (const [name, value] of http.query) if (name.toLowerCase() !== 'noredirect') query.append(name, value);
  if (op === 'CREATE' || op === 'APPEND') {
    query.set('op', op);
    query.append('data', 'true');
  }
  return `${placeOf(http)}?${query.toString()}`;
}

/** Apache: CheckUploadContentTypeFilter. */
export function isUploadTypeMissing({ method, headers }: HttpRequest, op: string, isData: boolean): boolean {
  if (!isData || (method !== 'PUT' && method !== 'POST') || (op !== 'CREATE' && op !== 'APPEND')) return false;
  return String(headers['content-type'] ?? '').toLowerCase() !== UPLOAD_TYPE;
}

export const UPLOAD_TYPE_MISSING = `Data upload requests must have content-type set to '${UPLOAD_TYPE}'`;

export interface HttpFsDataRequest {
  readonly op: DataOp;
  /** Throws for a path that is none; asked when data is to move only. */
  readonly pathOf: () => string;
  readonly query: HttpFsParameters;
  readonly http: HttpRequest;
}

async function write({ op, query, http }: HttpFsDataRequest, path: string, hdfs: Hdfs): Promise<HttpResponse> {
  if (op === 'APPEND') {
    await inCluster(() => appendFile(hdfs, path, http.body));
    return { status: 200, headers: { 'Content-Type': JSON_TYPE }, body: '' };
  }
  const masked = query.get('permission') ?? DEFAULT_MODE;
  const options = { ...createOptions(query, []), maskedMode: masked, mode: query.get('unmaskedPermission') ?? masked };
  await inCluster(() => createFile(hdfs, path, options, http.body));
  const created = json(wrapped('Location', placeOf(http)), 201);
  return { ...created, headers: { ...created.headers, Location: placeOf(http) } };
}

export async function carryData(
  request: HttpFsDataRequest,
  clients: DataClients,
  connected: () => Promise<Hdfs>,
): Promise<HttpResponse> {
  const { op, pathOf, query, http } = request;
  if (query.of('noRedirect')) return json(wrapped('Location', onceMore(http, op)));
  if ((op === 'CREATE' || op === 'APPEND') && !query.hasData) {
    const sent = redirect(onceMore(http, op));
    return { ...sent, headers: { ...sent.headers, 'Content-Type': JSON_TYPE } };
  }
  const path = pathOf();
  return clients.with(connected, async (hdfs, end) => {
    switch (op) {
      case 'CREATE':
      case 'APPEND':
        return { answer: await write(request, path, hdfs), keep: false };
      case 'OPEN':
        return { answer: await inCluster(() => openFile(hdfs, path, query, end)), keep: true };
      case 'GETFILECHECKSUM': {
        const { algorithm, bytes } = await inCluster(() => hdfs.checksum(path));
        return { answer: json(fileChecksumJson(algorithm, bytes)), keep: false };
      }
    }
  });
}
