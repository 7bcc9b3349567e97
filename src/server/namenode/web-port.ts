// The NameNode's web port: there from the beginning, so that one can look on while the namespace is loaded; what asks the
// namespace joins when it is there.
import { connect } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import { addressOf, clientAuthority, formatHostPort } from '../../config/nameservices.ts';
import type { Host, HttpServer } from '../../host/host.ts';
import type { RpcService } from '../../rpc/service.ts';
import type { Groups } from '../../security/groups.ts';
import type { ProxyUsers } from '../../security/proxy-users.ts';
import { remoteUser, webAdministrators } from '../../security/web-administrators.ts';
import { Beans } from '../../web/jmx.ts';
import { addRpcMetrics, processMetrics } from '../../web/metrics.ts';
import { addPlatformBeans } from '../../web/platform-beans.ts';
import { type Route, webServer } from '../../web/server.ts';
import { nameNodeFilter } from '../../web/simple-authentication.ts';
import { standardRoutes } from '../../web/standard-routes.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import type { AuditedCommand } from './audit/audit-log.ts';
import { addNameNodeBeans, type NameNodeView } from './beans.ts';
import { EXPLORER } from './explorer.ts';
import { fsckRoute } from './fsck/route.ts';
import type { Locations } from './locations.ts';
import { nameNodeMetrics } from './metrics.ts';
import { statusPage } from './page.ts';
import { nameNodeServlets } from './servlets.ts';
import type { StartupProgress } from './startup-progress.ts';
import { startupBean, startupPage, startupRefusals, startupRoute, startupTip } from './startup-view.ts';
import { localClientProtocol, nameNodeWebHdfs, startingWebHdfs } from './webhdfs/service.ts';

export interface WebPortParts {
  readonly host: Host;
  readonly configuration: Configuration;
  readonly groups: Groups;
  readonly proxyUsers: ProxyUsers;
  readonly progress: StartupProgress;
  /** Wall clock, milliseconds. */
  readonly started: number;
}

export interface NamespaceParts {
  readonly view: NameNodeView;
  readonly locations: Locations;
  readonly clientProtocol: RpcService;
  readonly imageTransfer: readonly Route[];
  /** Told of commands that are no call of ClientProtocol. */
  readonly audit: (command: AuditedCommand) => void;
  readonly onBug: (error: Error) => void;
}

export interface WebPort {
  readonly http: HttpServer;
  /** From now on the namespace is asked. */
  show(namespace: NamespaceParts): void;
}

/** Rejects as webServer does. */
export async function openWebPort(parts: WebPortParts): Promise<WebPort> {
  const { host, configuration, groups, proxyUsers, progress, started } = parts;
  const { hostName } = host.machine;
  const configured = addressOf(configuration, 'dfs.namenode.http-address');
  const beans = new Beans();
  addPlatformBeans(beans, host, { service: 'NameNode', startedWallMs: started, groupLookups: groups.lookups });
  beans.add(startupBean(progress, hostName));
  const metrics = processMetrics(host, 'namenode');
  let view: NameNodeView | undefined;
  const notReady = (): string | undefined => {
    if (view === undefined) return startupTip(progress);
    const { safeMode } = view.system.blockManager;
    return safeMode.isOn ? safeMode.tip() : undefined;
  };
  const always = [
    ...standardRoutes({
      host,
      metrics,
      beans,
      configuration,
      hostName,
      isAdministrator: webAdministrators(configuration, groups, 'dfs.cluster.administrators', remoteUser),
      page: () => (view === undefined ? startupPage(`NameNode ${formatHostPort(configured)}`, progress) : statusPage(view)),
      pagePaths: ['/dfshealth.html'],
      notReady,
    }),
    startupRoute(progress),
    EXPLORER,
  ];
  const at = { host: configuration.get('dfs.namenode.http-bind-host') || configured.host, port: configured.port };
  const meanwhile = [
    ...startupRefusals(progress),
    ...webHdfsRoutes(configuration, startingWebHdfs({ host, configuration, proxyUsers })),
  ];
  const http = await webServer(host, at, [...always, ...meanwhile], configuration, {
    filter: await nameNodeFilter(host, configuration),
    shown: { beans, service: 'NameNode' },
  });
  return {
    http,
    show: (namespace) => {
      ({ view } = namespace);
      addNameNodeBeans(beans, view);
      addRpcMetrics(metrics, view.rpc);
      metrics.add(nameNodeMetrics(view));
      http.serve([...always, ...namespaceRoutes(namespace, proxyUsers), ...namespace.imageTransfer]);
    },
  };
}

function namespaceRoutes(
  { view, locations, clientProtocol, audit, onBug }: NamespaceParts,
  proxyUsers: ProxyUsers,
): readonly Route[] {
  const { system, configuration, rpc } = view;
  const { host } = system;
  const caller = localClientProtocol({
    system,
    clientProtocol,
    onCallDone: (call, error) => system.activity.called(call, error),
    onBug,
  });
  const webHdfs = nameNodeWebHdfs({
    system,
    locations,
    configuration,
    caller,
    proxyUsers,
    namenode: () => clientAuthority(configuration, rpc.address),
  });
  const fsck = fsckRoute({
    system,
    staticUser: configuration.require('hadoop.http.staticuser.user'),
    replication: configuration.getInt('dfs.replication'),
    corruptBlocksLimit: configuration.getInt('dfs.namenode.max-corrupt-file-blocks-returned'),
    audit,
    namenodeAs: (user, remoteHost) => {
      const remote = { host: remoteHost, port: 0 };
      const identity = { user, realUser: undefined, remote, callerContext: undefined, protocol: 'fsck' };
      return { call: (method, request) => caller.call(identity, method, request) };
    },
    connectAs: (user) =>
      connect({
        host,
        user,
        uri: `hdfs://${clientAuthority(configuration, rpc.address)}`,
        // Who gives a block up does so at once: the report waits for it.
        configuration: configuration.with({ 'dfs.client.max.block.acquire.failures': 0 }),
      }),
  });
  return [...nameNodeServlets(system), fsck, ...webHdfsRoutes(configuration, webHdfs)];
}
