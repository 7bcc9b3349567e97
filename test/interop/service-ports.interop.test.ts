// A NameNode with ports of their own for daemons and for lifelines, Apache's beside ours: which protocol each port speaks,
// what it says to whom, and that DataNodes of both makers keep to theirs. If this fails, a call that comes through on
// Hadoop's port is refused on ours, or one that is refused there comes through.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HdfsError } from '../../src/base/errors.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { RpcClient, type RpcProxy, rpcProxy } from '../../src/rpc/client.ts';
import type { ServiceMethods } from '../../src/rpc/service.ts';
import {
  GenericRefreshProtocolService,
  GetUserMappingsProtocolService,
  RefreshAuthorizationPolicyProtocolService,
  RefreshCallQueueProtocolService,
  RefreshUserMappingsProtocolService,
} from '../../src/wire/messages/admin.ts';
import { ClientDatanodeProtocolService } from '../../src/wire/messages/client-datanode.ts';
import { ClientNamenodeProtocol } from '../../src/wire/messages/client-namenode.ts';
import {
  DatanodeLifelineProtocolService,
  DatanodeProtocolService,
  type DatanodeRegistrationProtoInit,
} from '../../src/wire/messages/datanode.ts';
import { HAServiceProtocolService } from '../../src/wire/messages/ha.ts';
import { NamenodeProtocolService } from '../../src/wire/messages/namenode.ts';
import { ReconfigurationProtocolService } from '../../src/wire/messages/reconfiguration.ts';
import { describeWithApache } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import { runOurs } from './support/cli-shells.ts';
import type { Maker, MixedCluster } from './support/mixed-cluster.ts';
import { freePorts } from './support/ports.ts';

const LIMIT_MS = 300_000;
const host = nodeHost({ logLevel: 'silent' });

/** One that no NameNode has given out. */
const STRANGER: DatanodeRegistrationProtoInit = {
  datanodeID: {
    ipAddr: '127.0.0.1',
    hostName: 'stranger',
    datanodeUuid: '6f5b1c1e-0000-4000-8000-000000000001',
    xferPort: 9866,
    infoPort: 9864,
    ipcPort: 9867,
  },
  storageInfo: { layoutVersion: -57, namespceID: 1, clusterID: 'another', cTime: 0 },
  keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0 } },
  softwareVersion: '3.5.0',
};

/** Calls of one protocol as one user at one port. */
type Ask = <M extends ServiceMethods>(protocol: string, methods: M) => RpcProxy<M>;

const client = (at: Ask) => at('hdfs.protocol.ClientProtocol', ClientNamenodeProtocol);
const datanode = (at: Ask) => at('hdfs.server.protocol.DatanodeProtocol', DatanodeProtocolService);
const namenode = (at: Ask) => at('hdfs.server.protocol.NamenodeProtocol', NamenodeProtocolService);
const availability = (at: Ask) => at('ha.HAServiceProtocol', HAServiceProtocolService);
const mappings = (at: Ask) => at('security.RefreshUserMappingsProtocol', RefreshUserMappingsProtocolService);
const generic = (at: Ask) => at('ipc.GenericRefreshProtocol', GenericRefreshProtocolService);
const groups = (at: Ask) => at('tools.GetUserMappingsProtocol', GetUserMappingsProtocolService);

/** A call or two of each protocol that a NameNode could be asked by, which change nothing. */
const CALLS: Readonly<Record<string, (at: Ask) => Promise<unknown>>> = {
  getFileInfo: (at) => client(at).getFileInfo({ src: '/none' }),
  refreshNodes: (at) => client(at).refreshNodes({}),
  versionRequest: (at) => datanode(at).versionRequest({}),
  sendHeartbeat: (at) => datanode(at).sendHeartbeat({ registration: STRANGER, reports: [] }),
  blockReceivedAndDeleted: (at) =>
    datanode(at).blockReceivedAndDeleted({
      registration: STRANGER,
      blockPoolId: 'BP-1',
      blocks: [{ storageUuid: 'DS-1', blocks: [{ block: { blockId: 1n, genStamp: 1, numBytes: 1 }, status: 1 }] }],
    }),
  blockReport: (at) => datanode(at).blockReport({ registration: STRANGER, blockPoolId: 'BP-1', reports: [] }),
  sendLifeline: (at) =>
    at('hdfs.server.protocol.DatanodeLifelineProtocol', DatanodeLifelineProtocolService).sendLifeline({
      registration: STRANGER,
      reports: [],
    }),
  'versionRequest of a NameNode': (at) => namenode(at).versionRequest({}),
  isUpgradeFinalized: (at) => namenode(at).isUpgradeFinalized({}),
  monitorHealth: (at) => availability(at).monitorHealth({ reqInfo: { reqSource: 0 } }),
  getServiceStatus: (at) => availability(at).getServiceStatus({}),
  refreshServiceAcl: (at) =>
    at('security.authorize.RefreshAuthorizationPolicyProtocol', RefreshAuthorizationPolicyProtocolService).refreshServiceAcl(
      {},
    ),
  refreshUserToGroupsMappings: (at) => mappings(at).refreshUserToGroupsMappings({}),
  refreshSuperUserGroupsConfiguration: (at) => mappings(at).refreshSuperUserGroupsConfiguration({}),
  refreshCallQueue: (at) => at('ipc.RefreshCallQueueProtocol', RefreshCallQueueProtocolService).refreshCallQueue({}),
  'refresh of nothing': (at) => generic(at).refresh({ identifier: 'nothing', args: ['a'] }),
  getGroupsForUser: (at) => groups(at).getGroupsForUser({ user: 'root' }),
  'getGroupsForUser of nobody': (at) => groups(at).getGroupsForUser({ user: 'nobody-there' }),
  'getGroupsForUser without a name': (at) => groups(at).getGroupsForUser({ user: '' }),
  getReconfigurationStatus: (at) =>
    at('hdfs.protocol.ReconfigurationProtocol', ReconfigurationProtocolService).getReconfigurationStatus({}),
  'getDatanodeInfo of a DataNode': (at) =>
    at('hdfs.protocol.ClientDatanodeProtocol', ClientDatanodeProtocolService).getDatanodeInfo({}),
};
/** What these answer is of the one cluster. */
const ANSWERED_ONLY = /^versionRequest/;

const USERS = ['root', 'ann'];
const PORTS = ['client', 'service', 'lifeline'] as const;

interface Site {
  readonly cluster: MixedCluster;
  readonly ports: Readonly<Record<(typeof PORTS)[number], number>>;
  /** Without what differs from cluster to cluster. */
  general(text: string): string;
}

async function outcomes({ ports, general }: Site): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of PORTS) {
    for (const user of USERS) {
      const clients: RpcClient[] = [];
      const at: Ask = (protocol, methods) => {
        const made = new RpcClient(host, {
          address: { host: '127.0.0.1', port: ports[name] },
          protocol: `org.apache.hadoop.${protocol}`,
          user,
        });
        clients.push(made);
        return rpcProxy(made, methods);
      };
      for (const [call, ask] of Object.entries(CALLS)) {
        const outcome = await ask(at).then(
          (answer) => (ANSWERED_ONLY.test(call) ? 'answered' : JSON.stringify(answer)),
          (error: unknown) => {
            if (!(error instanceof HdfsError)) throw error;
            return `${error.javaClass}: ${general(error.message.split('\n', 1)[0] ?? '')}`;
          },
        );
        found.push(`${name} ${user} ${call}: ${outcome}`);
      }
      for (const each of clients) each.close();
    }
  }
  return found;
}

/** Exit code and words of a command, by our shell and by Apache's. */
async function said(both: BothClusters, { cluster, general }: Site, words: string): Promise<readonly string[]> {
  const [tool = '', ...args] = words.split(' ');
  const ours = await runOurs(cluster.client, cluster.directory, tool, args);
  const apache = await both.apache.run(cluster.client, tool, args);
  return [ours, apache].map(({ code, stdout, stderr }) => general(`${words}: ${code}\n${stdout}${stderr}`));
}

/** How often it was called at that port. */
async function timesCalled({ cluster }: Site, port: number, method: string): Promise<unknown> {
  const url = `http://127.0.0.1:${cluster.basePort + 1}/jmx?qry=Hadoop:service=NameNode,name=RpcDetailedActivityForPort${port}`;
  const { beans } = (await (await fetch(url)).json()) as { beans: Readonly<Record<string, unknown>>[] };
  return beans[0]?.[`${method}NumOps`] ?? 0;
}

describeWithApache('a NameNode with ports of their own for daemons and lifelines', () => {
  let both: BothClusters;

  beforeAll(() => {
    both = new BothClusters('service-ports');
  });
  afterAll(() => both?.close());

  /** With a DataNode of each maker. */
  const on = async <T>(maker: Maker, use: (site: Site) => Promise<T>): Promise<T> => {
    const [service = 0, lifeline = 0] = await freePorts(2);
    const keys = {
      'dfs.namenode.servicerpc-address': `127.0.0.1:${service}`,
      'dfs.namenode.lifeline.rpc-address': `127.0.0.1:${lifeline}`,
    };
    const siteOf = (cluster: MixedCluster): Site => {
      const ports = { client: cluster.basePort, service, lifeline };
      const general = (text: string): string =>
        PORTS.reduce((said, name) => said.replaceAll(`:${ports[name]}`, `:${name.toUpperCase()}`), text).replaceAll(
          cluster.directory,
          'CLUSTER',
        );
      return { cluster, ports, general };
    };
    return both.on(maker, keys, (cluster) => use(siteOf(cluster)), ['ours', 'apache']);
  };

  test('speaks on each what Hadoop’s does, and refuses in its words', { timeout: LIMIT_MS }, async () => {
    const look = async (site: Site): Promise<unknown> => {
      const [ofService, ofClient] = [
        await timesCalled(site, site.ports.service, 'SendHeartbeat'),
        await timesCalled(site, site.ports.client, 'SendHeartbeat'),
      ];
      // Both DataNodes came by the port for daemons.
      expect(ofService).toBeGreaterThan(0);
      expect(ofClient).toBe(0);
      const commands: unknown[] = [];
      for (const words of [
        'getconf -nnRpcAddresses',
        'getconf -namenodes',
        'getconf -confKey dfs.namenode.servicerpc-address',
        `dfsadmin -fs hdfs://127.0.0.1:${site.ports.service} -safemode get`,
        `dfsadmin -fs hdfs://127.0.0.1:${site.ports.lifeline} -safemode get`,
        `dfs -ls hdfs://127.0.0.1:${site.ports.service}/`,
        `dfs -mkdir -p hdfs://127.0.0.1:${site.ports.service}/made`,
        `dfs -ls hdfs://127.0.0.1:${site.ports.lifeline}/`,
        `dfsadmin -refresh 127.0.0.1:${site.ports.service} nothing a b`,
        'dfsadmin -refreshServiceAcl',
        'groups root nobody-there',
      ]) {
        const [ours, apache] = await said(both, site, words);
        expect(ours, words).toBe(apache);
        commands.push(apache);
      }
      return { commands, calls: await outcomes(site) };
    };
    const apache = await on('apache', look);
    const ours = await on('ours', look);
    expect(ours).toEqual(apache);
  });
});
