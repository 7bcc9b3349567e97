// Pages that not everybody may read. Apache: HttpServer2.hasAdministratorAccess and isInstrumentationAccessAllowed.
import type { Configuration } from '../config/configuration.ts';
import type { HttpRequest } from '../host/host.ts';
import { type RouteHandler, text } from './server.ts';

/** Whether whoever asks is an administrator. */
export type IsAdministrator = (request: HttpRequest) => Promise<boolean>;

export function forAdministrators(isAdministrator: IsAdministrator, handler: RouteHandler): RouteHandler {
  return async (request, parameters) => {
    if (await isAdministrator(request)) return handler(request, parameters);
    return text(403, 'Unauthenticated users are not authorized to access this page.\n');
  };
}

/** What shows the inside of a daemon: for everybody, unless the configuration says otherwise. */
export function forInstrumentation(
  configuration: Configuration,
  isAdministrator: IsAdministrator,
  handler: RouteHandler,
): RouteHandler {
  if (!configuration.getBoolean('hadoop.security.instrumentation.requires.admin')) return handler;
  return forAdministrators(isAdministrator, handler);
}
