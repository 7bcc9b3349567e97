// Requests as a browser sends them for pages of this and of other origins, to a NameNode's and a DataNode's web server, and
// what of the answers decides what such a page may do.
import { plainRequest } from './plain-request.ts';

export const BROWSER_KEYS = {
  'hadoop.http.filter.initializers':
    'org.apache.hadoop.http.lib.StaticUserWebFilter,org.apache.hadoop.security.HttpCrossOriginFilterInitializer',
  'hadoop.http.cross-origin.enabled': 'true',
  'hadoop.http.cross-origin.allowed-origins': 'http://*.example.com,regex:https://[ab]\\.org,http://plain',
  'dfs.webhdfs.rest-csrf.enabled': 'true',
} as const;

export interface BrowserRequest {
  readonly on: 'namenode' | 'datanode';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const ORIGINS = [
  'http://x.example.com',
  'http://example.com',
  'https://a.org',
  'https://c.org',
  'https://c.org http://plain',
  'http://plain',
  'null',
  '',
];
const PREFLIGHTS: readonly (readonly [method: string, headers: string])[] = [
  ['GET', ''],
  ['PUT', ''],
  ['POST', 'Accept, Origin'],
  ['GET', 'X-Other'],
  ['GET', 'accept'],
];
const AGENTS: readonly Readonly<Record<string, string>>[] = [
  { 'User-Agent': 'Mozilla/5.0' },
  { 'User-Agent': 'Mozilla/5.0', 'X-XSRF-HEADER': '' },
  { 'User-Agent': 'Opera/9', 'x-xsrf-header': '1' },
  { 'User-Agent': 'curl/8' },
  {},
];
/** Nothing that it is about exists. */
const FILE = '/webhdfs/v1/no/such';

export function browserRequests(): readonly BrowserRequest[] {
  const requests: BrowserRequest[] = [];
  const on = (where: BrowserRequest['on'], method: string, path: string, headers: Readonly<Record<string, string>>): void => {
    requests.push({ on: where, method, path, headers });
  };
  for (const origin of ORIGINS) {
    for (const path of [`${FILE}?op=GETFILESTATUS`, '/jmx?qry=none', '/no-page'])
      on('namenode', 'GET', path, { Origin: origin });
    for (const path of [`${FILE}?op=NOPE`, '/jmx?qry=none']) on('datanode', 'GET', path, { Origin: origin });
  }
  for (const [method, headers] of PREFLIGHTS) {
    const asked = {
      Origin: 'http://plain',
      'Access-Control-Request-Method': method,
      ...(headers === '' ? {} : { 'Access-Control-Request-Headers': headers }),
    };
    for (const path of [`${FILE}?op=OPEN`, '/jmx', '/conf']) on('namenode', 'OPTIONS', path, asked);
    on('datanode', 'OPTIONS', `${FILE}?op=CREATE`, asked);
  }
  for (const headers of AGENTS) {
    for (const [method, op] of Object.entries({
      GET: 'OPEN',
      HEAD: 'OPEN',
      PUT: 'SETTIMES',
      POST: 'TRUNCATE',
      DELETE: 'DELETE',
    })) {
      on('namenode', method, `${FILE}?op=${op}`, headers);
    }
    for (const method of ['GET', 'POST', 'DELETE']) on('datanode', method, `${FILE}?op=NOPE`, headers);
  }
  return requests;
}

/** Status with its words, and the headers that browsers go by. */
export async function askAsBrowser(port: number, request: BrowserRequest): Promise<unknown> {
  const { status, words, headers } = await plainRequest(port, request);
  const told = Object.entries(headers).filter(([name]) => name.startsWith('access-control-'));
  return { status, words, told: told.sort() };
}
