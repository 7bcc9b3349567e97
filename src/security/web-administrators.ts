// Whether whoever reads a web page may see what only administrators may. Where a web server does not ask who that is, pages
// are read as hadoop.http.staticuser.user, if its filter is configured. Apache: HttpServer2.hasAdministratorAccess.
import type { Configuration } from '../config/configuration.ts';
import type { HttpRequest } from '../host/host.ts';
import { AccessList } from './access-list.ts';
import type { Groups } from './groups.ts';

const STATIC_USER_FILTER = /^(?:.*\.)?StaticUserWebFilter$/;

type UserOf = (request: HttpRequest) => string | undefined;

/** Of servers that do not ask. */
export function staticUser(configuration: Configuration): UserOf {
  if (!configuration.getStrings('hadoop.http.filter.initializers').some((name) => STATIC_USER_FILTER.test(name))) {
    return () => undefined;
  }
  const user = configuration.require('hadoop.http.staticuser.user');
  return () => user;
}

/** Of servers behind an authentication filter: whoever names nobody is nobody. */
export const remoteUser: UserOf = (request) => request.remoteUser;

/** `key`: users, a blank, and groups. Without service authorization everybody may. */
export function webAdministrators(
  configuration: Configuration,
  groups: Pick<Groups, 'of'>,
  key: 'dfs.cluster.administrators' | 'httpfs.http.administrators',
  userOf: UserOf,
): (request: HttpRequest) => Promise<boolean> {
  if (!configuration.getBoolean('hadoop.security.authorization')) return () => Promise.resolve(true);
  const list = AccessList.parse(configuration.untrimmed(key) ?? '');
  return async (request) => {
    const user = userOf(request);
    return user !== undefined && (list.has({ user }) ?? list.hasOneOf(await groups.of(user)));
  };
}
