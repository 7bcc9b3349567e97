// The paths of a web server that WebHDFS answers: everything below its prefix, by every method.
import type { Route, RouteHandler } from '../web/server.ts';
import { WEBHDFS_PREFIX } from './handler.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS'] as const;

export function webHdfsRoutes(handler: RouteHandler): readonly Route[] {
  return METHODS.flatMap((method) => [WEBHDFS_PREFIX, `${WEBHDFS_PREFIX}/*`].map((path): Route => ({ method, path, handler })));
}
