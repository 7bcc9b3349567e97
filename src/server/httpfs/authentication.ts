// Who asks HttpFS, without Kerberos: whoever a request names. Nobody is taken for anybody else, as a NameNode does with its
// static user; and who acts for another is allowed to by HttpFS' own keys, httpfs.proxyuser.*, before the NameNode is asked
// whether HttpFS may. Mirrors HttpFSAuthenticationFilter and DelegationTokenAuthenticationFilter.
import { HdfsError } from '../../base/errors.ts';
import type { HttpRequest, HttpResponse } from '../../host/host.ts';
import type { ProxyUsers } from '../../security/proxy-users.ts';
import { text } from '../../web/server.ts';
import { refusedIdentity } from '../../webhdfs/answers.ts';
import { shortUserName, type WebIdentity } from '../../webhdfs/identity.ts';
import type { Query } from '../../webhdfs/parameters.ts';

const COOKIE = 'hadoop.auth';

function unknownUser(): HttpResponse {
  const answer = text(401, 'Authentication required\n');
  const headers = { ...answer.headers, 'WWW-Authenticate': 'PseudoAuth', 'Set-Cookie': `${COOKIE}=; Path=/; HttpOnly` };
  return { ...answer, reason: 'Authentication required', headers };
}

const unknownToken = (): HdfsError =>
  new HdfsError('EAUTHORIZE', 'delegation tokens are not built yet', {
    remoteClass: 'org.apache.hadoop.security.authentication.client.AuthenticationException',
  });

export type Authenticated = { readonly identity: WebIdentity } | { readonly refusal: HttpResponse };

export async function authenticate(request: HttpRequest, query: Query, proxyUsers: ProxyUsers): Promise<Authenticated> {
  // It could not be verified; to go by the name beside it would be to trust it unseen.
  if ((query.raw('delegation') ?? '') !== '') return { refusal: refusedIdentity(unknownToken()) };
  const named = query.raw('user.name');
  if (named === undefined) return { refusal: unknownUser() };
  const user = shortUserName(named);
  if (user === '' || named.includes('&')) {
    return { refusal: text(500, "userName is NULL, empty or contains a '&'\n") };
  }
  const remoteHost = request.remote.host;
  const doAs = query.raw('doas');
  if (doAs === undefined || doAs === '') return { identity: { user, realUser: undefined, remoteHost } };
  const identity = { user: doAs, realUser: user, remoteHost };
  try {
    await proxyUsers.check(identity);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EAUTHORIZE') return { refusal: refusedIdentity(error) };
    throw error;
  }
  return { identity: { ...identity, user: shortUserName(doAs) } };
}
