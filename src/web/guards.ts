// What a browser may do with a daemon's web server: pages of other origins read answers only where that is configured
// (hadoop.http.cross-origin.*, and the filter itself in hadoop.http.filter.initializers), and where it is asked for (dfs.webhdfs.rest-csrf.*) a browser has to send a header that a
// foreign page's form cannot. Mirrors Hadoop's CrossOriginFilter and RestCsrfPreventionFilter.
import type { Configuration } from '../config/configuration.ts';
import type { HttpHandler, HttpRequest, HttpResponse } from '../host/host.ts';

const headerOf = ({ headers }: HttpRequest, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Expressions of an operator's configuration, not of a client. */
function originPattern(origin: string): RegExp {
  if (origin.startsWith('regex:')) return new RegExp(`^(?:${origin.slice(6)})$`);
  return new RegExp(`^${origin.replace(/[\\^$+?()[\]{}|.]/g, '\\$&').replaceAll('*', '.*')}$`);
}

/** Headers that let a page of another origin read the answer; none when it may not. */
function crossOriginHeaders(configuration: Configuration): (request: HttpRequest) => Readonly<Record<string, string>> {
  const names = (key: Parameters<Configuration['getStrings']>[0]): readonly string[] => configuration.getStrings(key);
  const origins = names('hadoop.http.cross-origin.allowed-origins');
  const methods = names('hadoop.http.cross-origin.allowed-methods');
  const headers = names('hadoop.http.cross-origin.allowed-headers');
  const all = origins.includes('*');
  const patterns = origins.map(originPattern);
  const fixed = {
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Methods': methods.join(','),
    'Access-Control-Allow-Headers': headers.join(','),
    'Access-Control-Max-Age': configuration.require('hadoop.http.cross-origin.max-age'),
  };
  return (request) => {
    const origin = headerOf(request, 'origin')?.trim();
    if (origin === undefined) return {};
    if (!all && !origin.split(/\s+/).some((one) => patterns.some((pattern) => pattern.test(one)))) return {};
    const method = headerOf(request, 'access-control-request-method');
    if (method !== undefined && !methods.includes(method)) return {};
    const wanted =
      headerOf(request, 'access-control-request-headers')
        ?.trim()
        .split(/\s*,\s*/) ?? [];
    if (!wanted.every((name) => headers.includes(name))) return {};
    return { 'Access-Control-Allow-Origin': origin, ...fixed };
  };
}

/** Hadoop's filter reads its keys only when it is named among those that web servers begin with. */
const CROSS_ORIGIN_FILTER = /^(?:.*\.)?HttpCrossOriginFilterInitializer$/;

/** Whether pages of other origins may be let in at all. */
function isCrossOriginEnabled(configuration: Configuration): boolean {
  const filters = configuration.getStrings('hadoop.http.filter.initializers');
  return configuration.getBoolean('hadoop.http.cross-origin.enabled') && filters.some((name) => CROSS_ORIGIN_FILTER.test(name));
}

export function withCrossOrigin(
  configuration: Configuration,
  handler: HttpHandler,
  isForOrigins: (path: string) => boolean = () => true,
): HttpHandler {
  if (!isCrossOriginEnabled(configuration)) return handler;
  const headersFor = crossOriginHeaders(configuration);
  return async (request) => {
    const response = await handler(request);
    if (!isForOrigins(request.path)) return response;
    // A page that says for itself who may read it is believed.
    return { ...response, headers: { ...headersFor(request), ...response.headers } };
  };
}

const REFUSAL = 'Missing Required Header for CSRF Vulnerability Protection';

export function withCsrfGuard(configuration: Configuration, handler: HttpHandler): HttpHandler {
  if (!configuration.getBoolean('dfs.webhdfs.rest-csrf.enabled')) return handler;
  const header = configuration.require('dfs.webhdfs.rest-csrf.custom-header').toLowerCase();
  const ignored = new Set(configuration.getStrings('dfs.webhdfs.rest-csrf.methods-to-ignore'));
  const browsers = configuration
    .getStrings('dfs.webhdfs.rest-csrf.browser-useragents-regex')
    .map((pattern) => new RegExp(`^(?:${pattern})$`, 's'));
  return (request): Promise<HttpResponse> | HttpResponse => {
    const agent = headerOf(request, 'user-agent');
    const isBrowser = agent !== undefined && browsers.some((pattern) => pattern.test(agent));
    if (!isBrowser || ignored.has(request.method) || headerOf(request, header) !== undefined) return handler(request);
    return { status: 400, reason: REFUSAL, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `${REFUSAL}\n` };
  };
}
