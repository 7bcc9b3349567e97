// What every daemon serves: a page at / and under the names that Hadoop's has, the daemon's log files, /jmx, /prom, /metrics,
// /conf, /stacks, /logLevel, and for probes /healthz and /readyz.
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';
import { forAdministrators, forInstrumentation, type IsAdministrator } from './access.ts';
import { confResponse } from './conf.ts';
import { type Beans, renderJmx } from './jmx.ts';
import { logRoutes } from './logs.ts';
import type { Metrics } from './metrics.ts';
import type { StatusPage } from './page.ts';
import { renderPrometheus } from './prometheus.ts';
import { html, type Route, type RouteHandler, text } from './server.ts';
import { logLevel, stacks } from './servlets.ts';

export interface StandardRoutes {
  readonly host: Host;
  readonly beans: Beans;
  readonly metrics: Metrics;
  readonly configuration: Configuration;
  readonly hostName: string;
  readonly isAdministrator: IsAdministrator;
  /** The page at `/`, made anew for every request. */
  page(): StatusPage;
  /** Further paths of the page: what bookmarks and checks of Hadoop's ask for. */
  readonly pagePaths?: readonly string[];
  /** Why requests are not served yet; undefined: they are. */
  notReady(): string | undefined;
}

export function standardRoutes(options: StandardRoutes): readonly Route[] {
  const { host, beans, metrics, configuration, hostName, isAdministrator, page, pagePaths = [], notReady } = options;
  const home: RouteHandler = () => html(page());
  const prom: RouteHandler = () => ({
    status: 200,
    headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
    body: renderPrometheus(beans, hostName),
  });
  const ours: RouteHandler = async () => ({
    status: 200,
    headers: { 'Content-Type': metrics.contentType },
    body: await metrics.text(),
  });
  const jmx: RouteHandler = (request) => ({
    status: 200,
    headers: {
      'Content-Type': 'application/json; charset=utf8',
      'Access-Control-Allow-Methods': 'GET',
      'Access-Control-Allow-Origin': '*',
      'Cache-Control': 'no-cache',
    },
    body: renderJmx(beans, request.query),
  });
  const ready: RouteHandler = () => {
    const reason = notReady();
    return reason === undefined ? text(200, 'ok\n') : text(503, `${reason}\n`);
  };
  const inside = (handler: RouteHandler): RouteHandler => forInstrumentation(configuration, isAdministrator, handler);
  const administrators = (handler: RouteHandler): RouteHandler => forAdministrators(isAdministrator, handler);
  const logs = configuration.getBoolean('hadoop.http.logs.enabled') ? host.machine.env('HADOOP_LOG_DIR') : undefined;
  const get = (path: string, handler: RouteHandler): Route => ({ method: 'GET', path, handler });
  return [
    ...['/', '/index.html', ...pagePaths].map((path) => get(path, home)),
    get('/robots.txt', () => text(200, 'User-agent: *\nDisallow: /\n')),
    get('/jmx', inside(jmx)),
    ...(configuration.getBoolean('hadoop.prometheus.endpoint.enabled') ? [get('/prom', prom)] : []),
    get('/metrics', ours),
    get(
      '/conf',
      inside((request) => confResponse(configuration, request)),
    ),
    get(
      '/stacks',
      inside(() => text(200, stacks(host))),
    ),
    get('/logLevel', administrators(logLevel(host))),
    ...(logs === undefined ? [] : logRoutes(host.disk, logs, administrators)),
    get('/healthz', () => text(200, 'ok\n')),
    get('/readyz', ready),
  ];
}
