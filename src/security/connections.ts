// Who may open a connection to a daemon: somebody who acts for another has to be allowed that, and the user to use the
// protocol.
import type { ProxyUsers } from './proxy-users.ts';
import type { ServiceAuthorization } from './service-authorization.ts';

interface Opening {
  readonly user: string;
  readonly realUser: string | undefined;
  /** Java name. */
  readonly protocol: string;
}

/** Throws HdfsError EAUTHORIZE, or rejects with it where groups have to be asked for first. */
export function connectionCheck(
  proxyUsers: ProxyUsers,
  services: ServiceAuthorization,
): (opening: Opening, remote: { readonly host: string }) => void | Promise<void> {
  return ({ user, realUser, protocol }, { host: remoteHost }) => {
    const service = () => services.check({ user, realUser, protocol, remoteHost });
    const proxy = realUser === undefined ? undefined : proxyUsers.check({ user, realUser, remoteHost });
    return proxy === undefined ? service() : proxy.then(service);
  };
}
