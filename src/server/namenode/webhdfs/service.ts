// WebHDFS on the NameNode: its operations ask ClientProtocol within the process, as their user, and data is elsewhere.
import { HdfsError } from '../../../base/errors.ts';
import type { Configuration } from '../../../config/configuration.ts';
import type { Host } from '../../../host/host.ts';
import { LocalCaller } from '../../../rpc/local-caller.ts';
import type { RpcCall, RpcService } from '../../../rpc/service.ts';
import type { ProxyUsers } from '../../../security/proxy-users.ts';
import { type WebHdfsHandler, type WebHdfsOptions, webHdfsHandler } from '../../../webhdfs/handler.ts';
import type { ClientMethods } from '../../../webhdfs/operation.ts';
import type { Locations } from '../locations.ts';
import type { NameSystem } from '../namesystem.ts';
import { redirects } from './redirects.ts';

export interface LocalParts {
  readonly system: NameSystem;
  readonly clientProtocol: RpcService;
  readonly onCallDone: (call: RpcCall, error: unknown) => void;
  readonly onBug: (error: Error) => void;
}

export interface WebHdfsParts {
  readonly system: NameSystem;
  readonly locations: Locations;
  readonly configuration: Configuration;
  readonly caller: LocalCaller<ClientMethods>;
  readonly proxyUsers: ProxyUsers;
  /** How DataNodes reach this NameNode. */
  readonly namenode: () => string;
}

/** ClientProtocol within the process. */
export function localClientProtocol({ system, clientProtocol, onCallDone, onBug }: LocalParts): LocalCaller<ClientMethods> {
  const { host } = system;
  return new LocalCaller<ClientMethods>({
    service: clientProtocol,
    gate: system.editLog,
    onCallDone,
    onBug,
    onFault: (call, error) =>
      host.log.log('error', 'webhdfs', `${call.method} of ${call.user} failed: ${String(error)}`, { error }),
  });
}

type Common = Pick<WebHdfsParts, 'configuration' | 'proxyUsers'> & { readonly host: Host };

/** What asks neither the namespace nor the blocks. */
function commonOptions({ host, configuration, proxyUsers }: Common): Omit<WebHdfsOptions, 'calls' | 'data'> {
  return {
    rules: {
      staticUser: configuration.require('hadoop.http.staticuser.user'),
      proxyServers: configuration.getStrings('hadoop.proxyservers'),
      authorizeProxy: (identity) => proxyUsers.check(identity),
    },
    userPattern: configuration.require('dfs.webhdfs.user.provider.user.pattern'),
    homePrefix: configuration.require('dfs.user.home.dir.prefix'),
    replication: configuration.getInt('dfs.replication'),
    clientName: () => `DFSClient_${host.random.below(2 ** 53)}`,
    onFault: (error, { method, path }) =>
      host.log.log('error', 'webhdfs', `${method} ${path} failed: ${String(error)}`, { error }),
  };
}

/** While the namespace is loaded: requests are checked as ever, and who asks well is to come again. */
export function startingWebHdfs(common: Common): WebHdfsHandler {
  const refuse = (): Promise<never> => Promise.reject(new HdfsError('ERETRY', 'Namenode is in startup mode'));
  return webHdfsHandler({ ...commonOptions(common), calls: () => ({ call: refuse }), data: refuse });
}

export function nameNodeWebHdfs(parts: WebHdfsParts): WebHdfsHandler {
  const { system, locations, configuration, caller, proxyUsers, namenode } = parts;
  return webHdfsHandler({
    ...commonOptions({ host: system.host, configuration, proxyUsers }),
    calls: ({ user, realUser, remoteHost }, request) => {
      const remote = { host: remoteHost, port: request.remote.port };
      const identity = { user, realUser, remote, callerContext: undefined, protocol: 'webhdfs' };
      return { call: (method, message) => caller.call(identity, method, message) };
    },
    data: redirects({ system, locations, namenode, blockSize: configuration.getSize('dfs.blocksize') }),
  });
}
