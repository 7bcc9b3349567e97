// The web port of a DataNode: the status page, /jmx and /metrics of its beans, the servlets, and WebHDFS.
import type { Configuration } from '../../config/configuration.ts';
import type { Host, HttpServer } from '../../host/host.ts';
import type { RpcServer } from '../../rpc/server.ts';
import type { Groups } from '../../security/groups.ts';
import { staticUser, webAdministrators } from '../../security/web-administrators.ts';
import { Beans } from '../../web/jmx.ts';
import { addRpcMetrics, processMetrics } from '../../web/metrics.ts';
import { addPlatformBeans } from '../../web/platform-beans.ts';
import { addRpcBeans } from '../../web/rpc-beans.ts';
import { type Route, text, webServer } from '../../web/server.ts';
import { standardRoutes } from '../../web/standard-routes.ts';
import { WEBHDFS_PREFIX } from '../../webhdfs/handler.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import { type BeanSource, datanodeBeans, datanodePage } from './beans.ts';
import type { Identity } from './identity.ts';
import { dataNodeMetrics } from './metrics.ts';
import type { PoolService } from './pool-service.ts';
import type { Services } from './services.ts';
import { dataNodeWebHdfs } from './webhdfs/handler.ts';

export interface WebPortParts {
  readonly host: Host;
  readonly configuration: Configuration;
  readonly services: Services;
  readonly identity: Identity;
  readonly pools: () => readonly PoolService[];
  readonly rpc: RpcServer;
  readonly groups: Groups;
  readonly transferPort: number;
  /** What the block scanner has done. */
  readonly scannerReport: () => string;
  /** Our own version. */
  readonly version: string;
}

export interface WebPort {
  readonly http: HttpServer;
  /** One bean bears the node's UUID in its name, and a new node gets its UUID from a NameNode. */
  readonly addBeans: () => void;
}

export async function openWebPort(parts: WebPortParts): Promise<WebPort> {
  const { host, configuration, services, identity, rpc } = parts;
  let http: HttpServer | undefined;
  const source = beanSource(parts, () => http?.address.port ?? 0);
  const beans = new Beans();
  addPlatformBeans(beans, host, {
    service: 'DataNode',
    startedWallMs: host.clock.now(),
    groupLookups: parts.groups.lookups,
  });
  const metrics = processMetrics(host, 'datanode');
  addRpcMetrics(metrics, rpc);
  metrics.add(dataNodeMetrics(services));
  addRpcBeans(beans, rpc, {
    service: 'DataNode',
    serverName: 'ClientDatanodeProtocol',
    hostName: source.hostName,
    clock: host.clock,
  });
  const page = () => datanodePage(source);
  const notReady = (): string | undefined => (identity.isKnown ? undefined : 'no NameNode has been heard from yet');
  const { hostName } = source;
  const isAdministrator = webAdministrators(
    configuration,
    parts.groups,
    'dfs.cluster.administrators',
    staticUser(configuration),
  );
  const pagePaths = ['/datanode.html'];
  const scanned: Route = { method: 'GET', path: '/blockScannerReport', handler: () => text(200, parts.scannerReport()) };
  const routes = [
    ...standardRoutes({ host, beans, metrics, configuration, hostName, isAdministrator, page, pagePaths, notReady }),
    scanned,
    ...webHdfsRoutes(configuration, dataNodeWebHdfs({ host, configuration })),
  ];
  // As Hadoop's: files' data goes past the filters, and says for itself that any page may read it.
  const isPage = (path: string): boolean => !path.startsWith(`${WEBHDFS_PREFIX}/`);
  http = await webServer(host, services.settings.httpAddress, routes, configuration, {
    isForOrigins: isPage,
    shown: { beans, service: 'DataNode' },
  });
  return {
    http,
    addBeans: () => {
      for (const bean of datanodeBeans(source)) beans.add(bean);
    },
  };
}

function beanSource({ services, identity, pools, rpc, transferPort, version }: WebPortParts, http: () => number): BeanSource {
  return {
    services,
    actors: () => pools().flatMap((pool) => pool.actors.map((actor) => ({ actor, active: pool.isActive(actor) }))),
    get datanodeUuid() {
      return identity.datanodeUuid;
    },
    get clusterId() {
      return identity.clusterId;
    },
    hostName: identity.hostName,
    get ports() {
      return { transfer: transferPort, ipc: rpc.address.port, http: http() };
    },
    version,
    started: services.host.clock.now(),
  };
}
