// What a NameNode makes of DataNodes that call others and their own disks slow, Apache's beside ours: both are told the same
// by DataNodes that consist of their heartbeats alone. If this fails, what an operator reads of slow machines is another thing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeHost } from '../../src/host/node/index.ts';
import { RpcClient, type RpcProxy, rpcProxy } from '../../src/rpc/client.ts';
import {
  DatanodeCommandProto_Type,
  DatanodeProtocolService,
  type DatanodeRegistrationProto,
  ErrorReportRequestProto_ErrorCode,
  type HeartbeatRequestProtoInit,
  type HeartbeatResponseProto,
} from '../../src/wire/messages/datanode.ts';
import { describeWithApache } from './apache.ts';
import { BothClusters } from './support/both-clusters.ts';
import { runOurs } from './support/cli-shells.ts';
import type { Maker, MixedCluster } from './support/mixed-cluster.ts';

const LIMIT_MS = 300_000;
const host = nodeHost({ logLevel: 'silent' });
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const KEYS = {
  'dfs.datanode.peer.stats.enabled': 'true',
  'dfs.datanode.fileio.profiling.sampling.percentage': '10',
  'dfs.datanode.outliers.report.interval': '3s',
  'dfs.namenode.slowpeer.collect.interval': '1s',
  'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
  'dfs.datanode.max.nodes.to.report': '2',
  'dfs.datanode.max.disks.to.report': '3',
};

type Told = Pick<HeartbeatRequestProtoInit, 'slowPeers' | 'slowDisks'>;
const slower = (dataNodeId: string, aggregateLatency: number) => ({
  dataNodeId,
  aggregateLatency,
  median: 1.5,
  mad: 0.000125,
  upperLimitLatency: 5,
});
/** What the nodes with these last parts of their addresses say with every heartbeat. */
const TOLD: ReadonlyMap<number, Told> = new Map<number, Told>([
  [
    2,
    {
      slowPeers: [slower('127.0.0.4:9864', 40), slower('127.0.0.5:9864', 12_345_678.5), slower('10.1.1.1:9864', 7)],
      slowDisks: [
        { basePath: '/d1', meanMetadataOpLatency: 30.25, meanReadIoLatency: 1e-5 },
        { basePath: '/d2', meanWriteIoLatency: 90 },
        { basePath: '/d3' },
        { meanWriteIoLatency: 1000 },
      ],
    },
  ],
  [3, { slowPeers: [slower('127.0.0.4:9864', 20), slower('127.0.0.5:9864', 8)], slowDisks: [] }],
  [4, { slowPeers: [slower('127.0.0.4:9864', 30)], slowDisks: [{ basePath: '/d1', meanReadIoLatency: 80 }] }],
  [5, { slowPeers: [{ aggregateLatency: 1 }], slowDisks: [{ basePath: '/d9', meanWriteIoLatency: 85.5 }] }],
]);

/** A DataNode that consists of its heartbeats alone, on an address of its own. */
class Beating {
  readonly #calls: RpcProxy<typeof DatanodeProtocolService>;
  readonly #client: RpcClient;
  readonly #told: Told;
  readonly #registration: DatanodeRegistrationProto;

  private constructor(client: RpcClient, told: Told, registration: DatanodeRegistrationProto) {
    this.#client = client;
    this.#calls = rpcProxy(client, DatanodeProtocolService);
    this.#told = told;
    this.#registration = registration;
  }

  static async start(port: number, last: number, told: Told): Promise<Beating> {
    const client = new RpcClient(host, {
      address: { host: '127.0.0.1', port },
      localAddress: `127.0.0.${last}`,
      protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol',
      user: 'root',
    });
    const calls = rpcProxy(client, DatanodeProtocolService);
    const { info } = await calls.versionRequest({});
    if (info?.storageInfo === undefined) throw new Error('no storage info');
    const { registration } = await calls.registerDatanode({
      registration: {
        datanodeID: {
          ipAddr: `127.0.0.${last}`,
          hostName: `127.0.0.${last}`,
          datanodeUuid: `6f5b1c1e-0000-4000-8000-00000000000${last}`,
          xferPort: 9866,
          infoPort: 9864,
          ipcPort: 9867,
        },
        storageInfo: { ...info.storageInfo, layoutVersion: -57 },
        keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0 } },
        softwareVersion: '3.5.0',
      },
    });
    return new Beating(client, told, registration);
  }

  /** What the NameNode answers. */
  beat(): Promise<HeartbeatResponseProto> {
    const storageUuid = `DS-${this.#registration.datanodeID.datanodeUuid}`;
    return this.#calls.sendHeartbeat({
      registration: this.#registration,
      reports: [
        { storageUuid, storage: { storageUuid }, capacity: 1_000_000, dfsUsed: 1000, remaining: 900_000, blockPoolUsed: 1000 },
      ],
      ...this.#told,
    });
  }

  /** Says that it ends for want of disks. */
  async end(): Promise<void> {
    const errorCode = ErrorReportRequestProto_ErrorCode.FATAL_DISK_ERROR;
    await this.#calls.errorReport({ registartion: this.#registration, errorCode, msg: 'no disk is left' });
  }

  close(): void {
    this.#client.close();
  }
}

/** Parts of a list in JSON, as they are written: which comes first is a matter of Java's hashes. */
const parts = (json: unknown, first: string): readonly string[] =>
  String(json)
    .slice(1, -1)
    .split(new RegExp(`,(?=\\{"${first}")`))
    .sort();
const timesIn = (json: unknown, field: string): number => String(json).split(`"${field}":`).length - 1;
/** The latencies of a disk stand in the order of Java's hashes, too. */
const inOrder = (disk: string): string =>
  disk.replace(/"Latencies":\{(.*?)\}/, (_, list: string) => `"Latencies":{${list.split(',').sort().join()}}`);

describeWithApache('DataNodes that call others and their disks slow', () => {
  let both: BothClusters;

  beforeAll(() => {
    both = new BothClusters('slow-nodes');
  });
  afterAll(() => both?.close());

  const bean = async (cluster: MixedCluster, name: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`http://127.0.0.1:${cluster.basePort + 1}/jmx?qry=Hadoop:service=NameNode,name=${name}`);
    const [found] = ((await answer.json()) as { beans: Readonly<Record<string, unknown>>[] }).beans;
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };

  const look = async (maker: Maker, cluster: MixedCluster): Promise<unknown> => {
    const before = await bean(cluster, 'NameNodeStatus');
    const nodes: Beating[] = [];
    try {
      for (const [last, told] of TOLD) nodes.push(await Beating.start(cluster.basePort, last, told));
      const status = async () => {
        const slow = (await Promise.all(nodes.map((node) => node.beat()))).map(({ isSlownode }) => isSlownode);
        const { SlowPeersReport, SlowDisksReport } = await bean(cluster, 'NameNodeStatus');
        return { slow, SlowPeersReport, SlowDisksReport };
      };
      // Reports of disks are made at intervals, and so is the list of nodes that count as slow.
      let now = await status();
      const isWhole = () =>
        timesIn(now.SlowDisksReport, 'SlowDiskID') === 3 &&
        timesIn(now.SlowPeersReport, 'ReportingNode') === 5 &&
        now.slow.filter(Boolean).length === 2;
      for (let tries = 0; !isWhole(); tries++) {
        expect(tries, JSON.stringify(now)).toBeLessThan(200);
        await sleep(250);
        now = await status();
      }
      const reports: string[] = [];
      for (const words of [['-report', '-slownodes'], ['-report']]) {
        const ours = await runOurs(cluster.client, cluster.directory, 'dfsadmin', words);
        const apache = await both.apache.run(cluster.client, 'dfsadmin', words);
        const [mine, theirs] = [ours, apache].map(({ code, stdout, stderr }) =>
          `${code}\n${stdout}${stderr}`.replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [A-Z]+ \d{4}/g, 'TIME'),
        );
        expect(mine).toBe(theirs);
        reports.push(...(theirs ?? '').split('\n\n').sort());
      }
      await nodes[0]?.end();
      // Hadoop goes on to count it as live.
      if (maker === 'ours') expect((await bean(cluster, 'FSNamesystemState')).NumDeadDataNodes).toBe(1);
      return {
        ended: (await nodes[0]?.beat())?.cmds.map(({ cmdType }) => cmdType),
        before: [before.SlowPeersReport, before.SlowDisksReport],
        slow: now.slow,
        peers: parts(now.SlowPeersReport, 'SlowNode'),
        disks: parts(now.SlowDisksReport, 'SlowDiskID').map(inOrder),
        reports,
      };
    } finally {
      for (const node of nodes) node.close();
    }
  };

  test('are shown, told and counted by both NameNodes alike', { timeout: LIMIT_MS }, async () => {
    const of = (maker: Maker) => both.on(maker, KEYS, (cluster) => look(maker, cluster), []);
    const apache = await of('apache');
    const ours = await of('ours');
    expect(ours).toEqual(apache);
    expect(ours).toMatchObject({ slow: [false, false, true, true], ended: [DatanodeCommandProto_Type.RegisterCommand] });
  });
});
