// Whether whoever reads a web page may see what only administrators may. Nobody logs in to these pages: they are read as
// hadoop.http.staticuser.user, where its filter is configured. Apache: HttpServer2.hasAdministratorAccess.
import type { Configuration } from '../config/configuration.ts';
import { AccessList } from './access-list.ts';
import type { Groups } from './groups.ts';

const STATIC_USER_FILTER = /^(?:.*\.)?StaticUserWebFilter$/;

/** `key`: users, a blank, and groups. Without service authorization everybody may. */
export function webAdministrators(
  configuration: Configuration,
  groups: Pick<Groups, 'of'>,
  key: 'dfs.cluster.administrators' | 'httpfs.http.administrators',
): () => Promise<boolean> {
  if (!configuration.getBoolean('hadoop.security.authorization')) return () => Promise.resolve(true);
  if (!configuration.getStrings('hadoop.http.filter.initializers').some((name) => STATIC_USER_FILTER.test(name))) {
    return () => Promise.resolve(false);
  }
  const user = configuration.require('hadoop.http.staticuser.user');
  const list = AccessList.parse(configuration.untrimmed(key) ?? '');
  return async () => list.has({ user }) ?? list.hasOneOf(await groups.of(user));
}
