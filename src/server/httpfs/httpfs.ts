// HttpFS: WebHDFS on one port, without redirects to DataNodes, for clients that reach nothing else of the cluster. It is a
// client of the file system itself, and acts there for whoever asks: the NameNode has to allow it (hadoop.proxyuser.*).
import { HdfsError } from '../../base/errors.ts';
import { connect } from '../../client/index.ts';
import { clientSettings } from '../../client/settings.ts';
import type { Configuration } from '../../config/configuration.ts';
import { defaultFileSystem } from '../../config/default-file-system.ts';
import { clientNameNodes } from '../../config/nameservices.ts';
import type { Address, Host, HttpRequest, HttpServer } from '../../host/host.ts';
import { configuredGroups } from '../../security/groups.ts';
import { ProxyUsers } from '../../security/proxy-users.ts';
import { remoteUser, webAdministrators } from '../../security/web-administrators.ts';
import { Beans } from '../../web/jmx.ts';
import { processMetrics } from '../../web/metrics.ts';
import { addPlatformBeans } from '../../web/platform-beans.ts';
import { webServer } from '../../web/server.ts';
import { authenticationFilter, authenticationRules, SimpleAuthentication } from '../../web/simple-authentication.ts';
import { standardRoutes } from '../../web/standard-routes.ts';
import { DataClients } from '../../webhdfs/data-clients.ts';
import { WEBHDFS_PREFIX, webHdfsHandler } from '../../webhdfs/handler.ts';
import type { WebIdentity } from '../../webhdfs/identity.ts';
import type { NameNodeCalls } from '../../webhdfs/operation.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import { inCluster } from './answers.ts';
import { TOKEN_TYPE } from './authentication.ts';
import { type AccessMode, httpFsHandler } from './handler.ts';
import { NameNodePool, realUserFor } from './namenode-pool.ts';

/** It finds out for itself who asks. */
const isWebHdfs = ({ path }: HttpRequest): boolean => path === WEBHDFS_PREFIX || path.startsWith(`${WEBHDFS_PREFIX}/`);

const ACCESS_MODES: readonly AccessMode[] = ['read-write', 'read-only', 'write-only'];

export class HttpFs {
  readonly #host: Host;
  readonly #configuration: Configuration;
  #pool: NameNodePool | undefined;
  #server: HttpServer | undefined;
  /** Modes come with the umask applied. */
  readonly #unmasked: Configuration;
  readonly #clients: DataClients;

  constructor(host: Host, configuration: Configuration) {
    this.#host = host;
    this.#configuration = configuration;
    this.#unmasked = configuration.with({ 'fs.permissions.umask-mode': '000' }, 'HttpFS');
    this.#clients = new DataClients(host.log);
  }

  get address(): Address {
    const address = this.#server?.address;
    if (address === undefined) throw new HdfsError('EIO', 'HttpFS is not running');
    return address;
  }

  async start(): Promise<void> {
    const host = this.#host;
    const configuration = this.#configuration;
    const { nameservice, namenodes } = clientNameNodes(configuration);
    const pool = new NameNodePool(host, { addresses: namenodes, nameservice }, clientSettings(configuration));
    this.#pool = pool;
    const beans = new Beans();
    const groups = configuredGroups(host, configuration);
    addPlatformBeans(beans, host, { service: 'HttpFS', startedWallMs: host.clock.now(), groupLookups: groups.lookups });
    const proxyUsers = new ProxyUsers(host, groups, 'httpfs.proxyuser.');
    await proxyUsers.read(configuration);
    const authentication = new SimpleAuthentication(host, {
      ...(await authenticationRules(host, configuration, TOKEN_TYPE)),
      // Whoever names nobody is nobody here.
      anonymousAllowed: false,
    });
    const calls = ({ user }: WebIdentity): NameNodeCalls => ({
      call: (method, request) => inCluster(() => pool.with(user, (client) => client.call(method, request))),
    });
    const common = {
      calls,
      homePrefix: configuration.require('dfs.user.home.dir.prefix'),
      replication: configuration.getInt('dfs.replication'),
      clientName: () => `DFSClient_${host.random.below(2 ** 53)}`,
      onFault: (error: unknown, { method, path }: HttpRequest) =>
        host.log.log('error', 'httpfs', `${method} ${path} failed: ${String(error)}`, { error }),
    };
    const given = configuration.require('httpfs.access.mode').toLowerCase();
    const webHdfs = httpFsHandler({
      ...common,
      rules: { authentication, proxyUsers },
      clients: this.#clients,
      connect: ({ user }) => connect({ host, configuration: this.#unmasked, user, realUser: realUserFor(host, user) }),
      fileSystem: defaultFileSystem(configuration),
      accessMode: ACCESS_MODES.find((mode) => mode === given) ?? 'read-write',
      beyond: webHdfsHandler({
        ...common,
        // Whoever asks is known by now, and may.
        rules: { staticUser: '', proxyServers: [], authorizeProxy: () => undefined },
        userPattern: '.*',
        data: async ({ op }) => {
          throw new HdfsError('EUNSUPPORTED', `${op} is not supported`);
        },
      }),
    });
    const address = {
      host: configuration.require('httpfs.http.hostname'),
      port: configuration.getInt('httpfs.http.port'),
    };
    const page = () => ({ title: 'HttpFS', facts: [['File system', defaultFileSystem(configuration)]] as const });
    this.#server = await webServer(
      host,
      address,
      [
        ...standardRoutes({
          host,
          beans,
          metrics: processMetrics(host, 'httpfs'),
          configuration,
          hostName: host.machine.hostName,
          isAdministrator: webAdministrators(configuration, groups, 'httpfs.http.administrators', remoteUser),
          page,
          notReady: () => undefined,
        }),
        ...webHdfsRoutes(configuration, webHdfs),
      ],
      configuration,
      { filter: authenticationFilter(authentication, isWebHdfs), shown: { beans, service: 'HttpFS' } },
    );
    host.log.log('info', 'httpfs', `HttpFS is up at ${this.#server.address.host}:${this.#server.address.port}`);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    // Files whose senders are cut off are closed: their leases would outlive this process, and hide what was written.
    await this.#clients.ended(this.#host.clock);
    this.#pool?.close();
    this.#pool = undefined;
  }
}
