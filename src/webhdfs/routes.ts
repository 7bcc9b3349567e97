// The paths of a web server that WebHDFS answers: everything below its prefix, by every method, guarded
// against foreign pages where that is configured.
import type { Configuration } from '../config/configuration.ts';
import type { HttpHandler } from '../host/host.ts';
import { withCsrfGuard } from '../web/guards.ts';
import type { Route, RouteHandler } from '../web/server.ts';
import { WEBHDFS_PREFIX } from './handler.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS'] as const;

export function webHdfsRoutes(configuration: Configuration, webHdfs: RouteHandler & HttpHandler): readonly Route[] {
  const handler = withCsrfGuard(configuration, webHdfs);
  return METHODS.flatMap((method) => [WEBHDFS_PREFIX, `${WEBHDFS_PREFIX}/*`].map((path): Route => ({ method, path, handler })));
}
