// Routes of a daemon's web server: each is (method, path pattern) → handler, a pure description; the host's HTTP carries
// the answers. What every daemon serves is in standard-routes.ts.
import findMyWay from 'find-my-way';
import { ERROR_KINDS, HdfsError, messageOf } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Address, Host, HttpHandler, HttpRequest, HttpResponse, HttpServer } from '../host/host.ts';
import { withCrossOrigin } from './guards.ts';
import { HttpCounters } from './http-counters.ts';
import type { Beans } from './jmx.ts';
import { renderPage, type StatusPage } from './page.ts';

export type RouteParameters = Readonly<Record<string, string | undefined>>;
export type RouteHandler = (request: HttpRequest, parameters: RouteParameters) => Promise<HttpResponse> | HttpResponse;

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** Pattern of find-my-way: `/jmx`, `/files/:name`, `/webhdfs/v1/*`. */
  readonly path: string;
  readonly handler: RouteHandler;
}

/** Sent with every answer, as Hadoop's HttpServer2 does: what is true now is not to be shown later. */
const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
  'X-XSS-Protection': '1; mode=block',
};

/** What else a configuration has sent with every answer. Apache: HttpServer2.setHeaders. */
const OWN_HEADER = /^hadoop\.http\.header\.([a-zA-Z\-_]+)$/;
const FRAMES = ['DENY', 'SAMEORIGIN', 'ALLOW-FROM'];

/** Throws HdfsError EILLEGAL for a word about frames that browsers would not understand. */
function headersOf(configuration: Configuration): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { ...COMMON_HEADERS };
  if (configuration.getBoolean('dfs.xframe.enabled')) {
    const frames = configuration.require('dfs.xframe.value');
    if (!FRAMES.includes(frames)) throw new HdfsError('EILLEGAL', 'Unexpected value in xFrameOption.');
    headers['X-FRAME-OPTIONS'] = frames;
  }
  for (const name of configuration.names()) {
    const header = OWN_HEADER.exec(name)?.[1];
    if (header !== undefined) headers[header] = configuration.get(name) ?? '';
  }
  return headers;
}

function withHeaders(headers: Readonly<Record<string, string>>, handler: HttpHandler): HttpHandler {
  return async (request) => {
    const response = await handler(request);
    return { ...response, headers: { ...headers, ...response.headers } };
  };
}

export const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body,
});

export const html = (page: StatusPage): HttpResponse => ({
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache' },
  body: renderPage(page),
});

const METHODS: readonly Route['method'][] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];

function allowed(methods: readonly string[]): HttpResponse {
  const named = methods.flatMap((method) => (method === 'GET' && !methods.includes('HEAD') ? ['GET', 'HEAD'] : [method]));
  return { status: 200, headers: { Allow: [...named, 'OPTIONS'].join(', ') }, body: '' };
}

/** A page by a way around: /a/../jmx. What leads out of the root is left as it is, and is no page. */
function withoutDots(path: string): string {
  if (!/\/\.{1,2}(\/|$)/.test(path)) return path;
  const names: string[] = [];
  for (const name of path.split('/').slice(1)) {
    if (name === '..' && names.pop() === undefined) return path;
    if (name !== '..' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** The answer to a request: routes first, then 405 for a known path and 404 for any other. */
export function router(routes: readonly Route[], headers = COMMON_HEADERS): (request: HttpRequest) => Promise<HttpResponse> {
  const table = findMyWay({ maxParamLength: 4096 });
  for (const route of routes) {
    // The table's own handlers are never called: it only finds.
    table.on(route.method, route.path, () => undefined, route);
  }
  /** The route, and the path that led to it. */
  const find = (method: string, asked: string) => {
    for (const path of [asked, withoutDots(asked)]) {
      const found = table.find(method as Route['method'], path);
      if (found !== null) return { path, handler: (found.store as Route).handler, parameters: found.params as RouteParameters };
    }
    return undefined;
  };
  return async (request) => {
    const method = request.method === 'HEAD' && find('HEAD', request.path) === undefined ? 'GET' : request.method;
    const found = find(method, request.path);
    let response: HttpResponse;
    if (found === undefined) {
      const known = METHODS.filter((one) => find(one, request.path) !== undefined);
      // Browsers ask it before a page of another origin asks for anything.
      if (request.method === 'OPTIONS' && known.length > 0) response = allowed(known);
      else
        response =
          known.length > 0
            ? text(405, `${request.method} is not for ${request.path}\n`)
            : text(404, `${request.path} not found\n`);
    } else {
      try {
        // Handlers that look at the path take a name out of it: with the way around in it that would be another one.
        const { path, handler, parameters } = found;
        response = await handler(path === request.path ? request : { ...request, path }, parameters);
      } catch (error) {
        const status = error instanceof HdfsError ? ERROR_KINDS[error.code].httpStatus : 500;
        response = text(status, `${messageOf(error)}\n`);
      }
    }
    return { ...response, headers: { ...headers, ...response.headers } };
  };
}

export interface WebServerOptions {
  /** The paths on which hadoop.http.cross-origin.* counts; all without it. */
  readonly isForOrigins?: ((path: string) => boolean) | undefined;
  /** What stands before all pages. */
  readonly filter?: ((pages: HttpHandler) => HttpHandler) | undefined;
  /** Where what is answered is shown, and as which service's. */
  readonly shown: { readonly beans: Beans; readonly service: string };
}

export interface WebServer extends HttpServer {
  /** Answers by these routes from now on, in place of those before. */
  serve(routes: readonly Route[]): void;
}

/** Starts a web server. Rejects as Net.listen does, e.g. with code EADDRINUSE. */
export async function webServer(
  { http, clock, machine }: Pick<Host, 'http' | 'clock' | 'machine'>,
  address: Address,
  routes: readonly Route[],
  configuration: Configuration,
  { isForOrigins, filter, shown: { beans, service } }: WebServerOptions,
): Promise<WebServer> {
  const headers = headersOf(configuration);
  const own = filter === undefined ? headers : {};
  let answer = router(routes, own);
  const pages: HttpHandler = (request) => answer(request);
  // What the filter itself answers has the headers, too.
  const filtered = filter === undefined ? pages : withHeaders(headers, filter(pages));
  const handler = withCrossOrigin(configuration, filtered, isForOrigins);
  const limits = { keepAliveMs: configuration.getDuration('hadoop.http.idle_timeout.ms') };
  const counters = configuration.getBoolean('hadoop.http.metrics.enabled') ? new HttpCounters(clock) : undefined;
  const server = await http.listen(address, counters?.counting(handler) ?? handler, limits);
  if (counters !== undefined) beans.add(counters.bean(service, server.address.port, machine.hostName));
  return {
    address: server.address,
    close: () => server.close(),
    serve: (next) => {
      answer = router(next, own);
    },
  };
}
