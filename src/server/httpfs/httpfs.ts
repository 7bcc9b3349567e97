// HttpFS: WebHDFS on one port, without redirects to DataNodes, for clients that reach nothing else of the cluster. It is a
// client of the file system itself, on behalf of whoever asks. Where Hadoop's answers with forms of its own, this one
// answers as the NameNode does, which every WebHDFS client reads.
import { HdfsError } from '../../base/errors.ts';
import { connect } from '../../client/index.ts';
import { clientSettings } from '../../client/settings.ts';
import type { Configuration } from '../../config/configuration.ts';
import { clientNameNodes } from '../../config/nameservices.ts';
import type { Address, Host, HttpResponse, HttpServer } from '../../host/host.ts';
import { Beans } from '../../web/jmx.ts';
import { processMetrics } from '../../web/metrics.ts';
import { addPlatformBeans } from '../../web/platform-beans.ts';
import { standardRoutes, webServer } from '../../web/server.ts';
import { servletRoutes } from '../../web/servlets.ts';
import { json, redirect } from '../../webhdfs/answers.ts';
import { appendFile, createFile, createOptions, fileChecksumJson, openFile } from '../../webhdfs/data.ts';
import { DataClients } from '../../webhdfs/data-clients.ts';
import { type DataRequest, webHdfsHandler } from '../../webhdfs/handler.ts';
import { wrapped } from '../../webhdfs/java-json.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import { NameNodePool } from './namenode-pool.ts';

/** The request once more, with the word that its body comes now. Apache: HttpFSServer.createUploadRedirectionURL. */
function uploadLocation({ http }: DataRequest): string {
  const host = http.headers.host;
  const query = new URLSearchParams(http.query);
  query.set('data', 'true');
  return `http://${typeof host === 'string' ? host : 'localhost'}${http.path}?${query.toString()}`;
}

/** Apache: CheckUploadContentTypeFilter. */
function requireBytes({ http }: DataRequest): void {
  const type = http.headers['content-type'];
  if (typeof type === 'string' && type.toLowerCase().startsWith('application/octet-stream')) return;
  throw new HdfsError('EILLEGAL', "Data upload requests must have content-type set to 'application/octet-stream'");
}

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
    addPlatformBeans(beans, host, 'HttpFS', host.clock.now());
    const webHdfs = webHdfsHandler({
      rules: {
        staticUser: configuration.require('hadoop.http.staticuser.user'),
        proxyServers: configuration.getStrings('hadoop.proxyservers'),
        authorizeProxy: ({ realUser, user }) => {
          throw new HdfsError('EAUTHORIZE', `User: ${realUser} is not allowed to impersonate ${user}`);
        },
      },
      userPattern: configuration.require('dfs.webhdfs.user.provider.user.pattern'),
      calls: ({ user }) => ({ call: (method, request) => pool.with(user, (client) => client.call(method, request)) }),
      data: (request) => this.#data(request),
      homePrefix: configuration.require('dfs.user.home.dir.prefix'),
      replication: configuration.getInt('dfs.replication'),
      clientName: () => `DFSClient_${host.random.below(2 ** 53)}`,
      onFault: (error, { method, path }) =>
        host.log.log('error', 'httpfs', `${method} ${path} failed: ${String(error)}`, { error }),
    });
    const address = {
      host: configuration.require('httpfs.http.hostname'),
      port: configuration.getInt('httpfs.http.port'),
    };
    const page = () => ({ title: 'HttpFS', facts: [['File system', configuration.get('fs.defaultFS') ?? '']] as const });
    this.#server = await webServer(
      host,
      address,
      [
        ...standardRoutes({
          beans,
          metrics: processMetrics(host, 'httpfs'),
          configuration,
          hostName: host.machine.hostName,
          page,
        }),
        ...servletRoutes({ host, notReady: () => undefined }),
        ...webHdfsRoutes(configuration, webHdfs),
      ],
      configuration,
    );
    host.log.log('info', 'httpfs', `HttpFS is up at ${this.#server.address.host}:${this.#server.address.port}`);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    this.#pool?.close();
    this.#pool = undefined;
  }

  #data(request: DataRequest): Promise<HttpResponse> {
    const { op, query, path, http } = request;
    const upload = op === 'CREATE' || op === 'APPEND';
    if (upload && query.raw('data')?.toLowerCase() !== 'true') {
      const location = uploadLocation(request);
      return Promise.resolve(query.of('noRedirect') ? json(wrapped('Location', location)) : redirect(location));
    }
    if (upload) requireBytes(request);
    const connected = () => connect({ host: this.#host, configuration: this.#unmasked, user: request.identity.user });
    return this.#clients.with(connected, async (hdfs, end) => {
      switch (op) {
        case 'CREATE':
          await createFile(hdfs, path, createOptions(query, query.get('createFlag') ?? []), http.body);
          return { answer: { status: 201, body: '' }, keep: false };
        case 'APPEND':
          await appendFile(hdfs, path, http.body);
          return { answer: { status: 200, body: '' }, keep: false };
        case 'OPEN':
          return { answer: await openFile(hdfs, path, query, end), keep: true };
        case 'GETFILECHECKSUM': {
          const { algorithm, bytes } = await hdfs.checksum(path);
          return { answer: json(fileChecksumJson(algorithm, bytes)), keep: false };
        }
      }
    });
  }
}
