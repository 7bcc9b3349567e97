// What the NameNode's web server answers, but for the transfer of images: pages, beans, servlets and WebHDFS.
import { connect } from '../../client/index.ts';
import { clientAuthority } from '../../config/nameservices.ts';
import type { RpcService } from '../../rpc/service.ts';
import type { ProxyUsers } from '../../security/proxy-users.ts';
import { remoteUser, webAdministrators } from '../../security/web-administrators.ts';
import type { Beans } from '../../web/jmx.ts';
import { addRpcMetrics, processMetrics } from '../../web/metrics.ts';
import type { Route } from '../../web/server.ts';
import { standardRoutes } from '../../web/standard-routes.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import type { AuditedCommand } from './audit/audit-log.ts';
import { type NameNodeView, nameNodeBeans } from './beans.ts';
import { EXPLORER } from './explorer.ts';
import { fsckRoute } from './fsck/route.ts';
import type { Locations } from './locations.ts';
import { nameNodeMetrics } from './metrics.ts';
import { statusPage } from './page.ts';
import { nameNodeServlets } from './servlets.ts';
import { localClientProtocol, nameNodeWebHdfs } from './webhdfs/service.ts';

export interface WebParts {
  readonly view: NameNodeView;
  readonly locations: Locations;
  readonly clientProtocol: RpcService;
  readonly proxyUsers: ProxyUsers;
  /** Told of commands that are no call of ClientProtocol. */
  readonly audit: (command: AuditedCommand) => void;
  readonly onBug: (error: Error) => void;
}

export function webRoutes({ view, locations, clientProtocol, proxyUsers, audit, onBug }: WebParts): {
  readonly routes: readonly Route[];
  readonly beans: Beans;
} {
  const { system, configuration, rpc } = view;
  const { host, blockManager } = system;
  const { safeMode } = blockManager;
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
  const metrics = processMetrics(host, 'namenode');
  addRpcMetrics(metrics, rpc);
  metrics.add(nameNodeMetrics(view));
  const beans = nameNodeBeans(view);
  const routes = [
    ...standardRoutes({
      host,
      metrics,
      beans,
      configuration,
      hostName: host.machine.hostName,
      isAdministrator: webAdministrators(configuration, system.groups, 'dfs.cluster.administrators', remoteUser),
      page: () => statusPage(view),
      pagePaths: ['/dfshealth.html'],
      notReady: () => (safeMode.isOn ? safeMode.tip() : undefined),
    }),
    EXPLORER,
    ...nameNodeServlets(system, view.progress),
    fsck,
    ...webHdfsRoutes(configuration, webHdfs),
  ];
  return { routes, beans };
}
