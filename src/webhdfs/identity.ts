// Who a WebHDFS request acts for without Kerberos: the parameter `user.name`, else the static user of web pages, and, for
// `doas`, whom that one may act for. Mirrors Hadoop's JspHelper.getUGI.
import { HdfsError } from '../base/errors.ts';
import type { HttpRequest } from '../host/host.ts';
import type { Query } from './parameters.ts';

export interface WebIdentity {
  readonly user: string;
  /** Who acts for `user`, when somebody does. */
  readonly realUser: string | undefined;
  /** Address of the client, behind a trusted proxy the one that it names. */
  readonly remoteHost: string;
}

export interface IdentityRules {
  /** hadoop.http.staticuser.user. */
  readonly staticUser: string;
  /** hadoop.proxyservers: addresses whose X-Forwarded-For is believed. */
  readonly proxyServers: readonly string[];
  /** Whether `realUser` may act for `user` from that address. Throws HdfsError EAUTHORIZE, or rejects with it, when not. */
  readonly authorizeProxy: (identity: WebIdentity & { readonly realUser: string }) => void | Promise<void>;
}

function remoteHostOf(request: HttpRequest, proxyServers: readonly string[]): string {
  const { host } = request.remote;
  const forwarded = request.headers['x-forwarded-for'];
  if (forwarded === undefined || !proxyServers.includes(host)) return host;
  const first = String(forwarded).split(',')[0]?.trim() ?? '';
  return first === '' ? host : first;
}

/** What stands behind a slash is the machine of a principal. Apache: KerberosName.getShortName. */
export const shortUserName = (name: string): string => /^([^/@]+)\/[^/@]+$/.exec(name)?.[1] ?? name;

export async function identityOf(request: HttpRequest, query: Query, rules: IdentityRules): Promise<WebIdentity> {
  const remoteHost = remoteHostOf(request, rules.proxyServers);
  const named = query.raw('user.name') ?? rules.staticUser;
  if (named === '') throw new HdfsError('EILLEGAL', "userName is NULL, empty or contains a '&'");
  const doAs = query.raw('doas');
  if (doAs === undefined || doAs === named) return { user: named, realUser: undefined, remoteHost };
  if (doAs === '') throw new HdfsError('EILLEGAL', 'Null user');
  const identity = { user: doAs, realUser: named, remoteHost };
  // Whoever the web server knows has to be allowed to, too. Apache: ProxyUserAuthenticationFilter.
  const { remoteUser } = request;
  if (remoteUser !== undefined && remoteUser !== named && remoteUser !== doAs) {
    await rules.authorizeProxy({ ...identity, realUser: remoteUser });
  }
  await rules.authorizeProxy(identity);
  return { ...identity, user: shortUserName(doAs) };
}
