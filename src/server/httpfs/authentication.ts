// Who asks HttpFS, without Kerberos: whoever a request names, or the cookie that HttpFS gave for it. Nobody is taken for
// anybody else, as a NameNode does with its static user; and who acts for another is allowed to by HttpFS' own keys,
// httpfs.proxyuser.*, before the NameNode is asked whether HttpFS may. Mirrors HttpFSAuthenticationFilter and
// DelegationTokenAuthenticationFilter.
import { HdfsError } from '../../base/errors.ts';
import type { HttpRequest, HttpResponse } from '../../host/host.ts';
import type { ProxyUsers } from '../../security/proxy-users.ts';
import { text } from '../../web/server.ts';
import type { SimpleAuthentication } from '../../web/simple-authentication.ts';
import { refusedIdentity } from '../../webhdfs/answers.ts';
import { shortUserName, type WebIdentity } from '../../webhdfs/identity.ts';
import type { Query } from '../../webhdfs/parameters.ts';

/** Of the cookies. Apache: PseudoDelegationTokenAuthenticationHandler. */
export const TOKEN_TYPE = 'simple-dt';

const unknownToken = (): HdfsError =>
  new HdfsError('EAUTHORIZE', 'delegation tokens are not built yet', {
    remoteClass: 'org.apache.hadoop.security.authentication.client.AuthenticationException',
  });

export interface Rules {
  readonly authentication: SimpleAuthentication;
  readonly proxyUsers: ProxyUsers;
}

/** `cookie`: to be sent with whatever is answered. */
export type Asker = ({ readonly identity: WebIdentity } | { readonly refusal: HttpResponse }) & {
  readonly cookie?: string | undefined;
};

export async function askerOf(request: HttpRequest, query: Query, rules: Rules): Promise<Asker> {
  // It could not be verified; to go by the name beside it would be to trust it unseen.
  if ((query.raw('delegation') ?? '') !== '') return { refusal: refusedIdentity(unknownToken()) };
  const known = rules.authentication.authenticate(request, query.raw('user.name'));
  if ('refusal' in known) return known;
  const { user: named = '', cookie } = known;
  const user = shortUserName(named);
  const remoteHost = request.remote.host;
  const doAs = query.raw('doas');
  if (doAs === undefined) return { identity: { user, realUser: undefined, remoteHost }, cookie };
  if (doAs === '') return { refusal: text(400, 'Null user\n'), cookie };
  const identity = { user: doAs, realUser: user, remoteHost };
  try {
    await rules.proxyUsers.check(identity);
  } catch (error) {
    if (error instanceof HdfsError && error.code === 'EAUTHORIZE') return { refusal: refusedIdentity(error), cookie };
    throw error;
  }
  return { identity: { ...identity, user: shortUserName(doAs) }, cookie };
}
