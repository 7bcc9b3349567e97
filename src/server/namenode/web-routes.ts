// What the NameNode's web server answers, but for the transfer of images: pages, beans, servlets and WebHDFS.
import { clientAuthority } from '../../config/nameservices.ts';
import type { RpcService } from '../../rpc/service.ts';
import { type Route, standardRoutes } from '../../web/server.ts';
import { servletRoutes } from '../../web/servlets.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import { type NameNodeView, nameNodeBeans } from './beans.ts';
import type { Locations } from './locations.ts';
import { statusPage } from './page.ts';
import type { ProxyUsers } from './proxy-users.ts';
import { nameNodeServlets } from './servlets.ts';
import { nameNodeWebHdfs } from './webhdfs/service.ts';

export interface WebParts {
  readonly view: NameNodeView;
  readonly locations: Locations;
  readonly clientProtocol: RpcService;
  readonly proxyUsers: ProxyUsers;
  readonly onBug: (error: Error) => void;
}

export function webRoutes({ view, locations, clientProtocol, proxyUsers, onBug }: WebParts): readonly Route[] {
  const { system, configuration, rpc } = view;
  const { host, blockManager } = system;
  const { safeMode } = blockManager;
  const webHdfs = nameNodeWebHdfs({
    system,
    locations,
    configuration,
    clientProtocol,
    proxyUsers,
    namenode: () => clientAuthority(configuration, rpc.address),
    onCallDone: (call, error) => system.activity.called(call, error),
    onBug,
  });
  return [
    ...standardRoutes({
      beans: nameNodeBeans(view),
      configuration,
      hostName: host.machine.hostName,
      page: () => statusPage(view),
    }),
    ...servletRoutes({ host, notReady: () => (safeMode.isOn ? safeMode.tip() : undefined) }),
    ...nameNodeServlets(system, view.progress),
    ...webHdfsRoutes(configuration, webHdfs),
  ];
}
