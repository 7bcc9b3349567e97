// What exporters, agents and scripts read of our daemons, beside what Apache's show. If this fails, a dashboard or an alert
// that works with Hadoop is empty, or reads a text where it expects a number.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { apacheHdfs, Cluster, describeWithApache } from './apache.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** Beans that the usual readers ask for, and what of Apache's attributes ours does not have. */
const NAMENODE_BEANS: Readonly<Record<string, RegExp>> = {
  'Hadoop:service=NameNode,name=FSNamesystem': /^$/,
  'Hadoop:service=NameNode,name=FSNamesystemState': /^$/,
  'Hadoop:service=NameNode,name=NameNodeInfo': /^$/,
  'Hadoop:service=NameNode,name=NameNodeStatus': /^$/,
  'Hadoop:service=NameNode,name=NameNodeActivity': /^$/,
  'Hadoop:service=NameNode,name=RpcActivityForPort*': /^$/,
  // What a DataNode is told that came while the NameNode was starting: it may come, or not.
  'Hadoop:service=NameNode,name=RpcDetailedActivityForPort*': /^(Overall)?RetriableException/,
  'Hadoop:service=NameNode,name=StartupProgress': /^$/,
  'Hadoop:service=NameNode,name=BlockStats': /^$/,
  'Hadoop:service=NameNode,name=ECBlockGroupsState': /^$/,
  'Hadoop:service=NameNode,name=ReplicatedBlocksState': /^$/,
  'Hadoop:service=NameNode,name=SnapshotInfo': /^$/,
  // Collectors of a JVM by name.
  'Hadoop:service=NameNode,name=JvmMetrics': /^Gc(Count|TimeMillis)(G1|Copy|MarkSweepCompact)/,
  'Hadoop:service=NameNode,name=UgiMetrics': /^$/,
  'Hadoop:service=NameNode,name=NameNode': /^$/,
  'Hadoop:service=NameNode,name=DelegationTokenSecretManagerMetrics': /^$/,
  'Hadoop:service=NameNode,name=RetryCache.NameNodeRetryCache': /^$/,
  'Hadoop:service=NameNode,name=HttpServer2-*': /^$/,
  'Hadoop:service=NameNode,name=NNTopUserOpCounts': /^$/,
  // /prom is no sink here.
  'Hadoop:service=NameNode,name=MetricsSystem,sub=Stats': /^Sink_/,
};
const DATANODE_BEANS: Readonly<Record<string, RegExp>> = {
  'Hadoop:service=DataNode,name=FSDatasetState*': /^$/,
  'Hadoop:service=DataNode,name=DataNodeActivity-*': /^$/,
  'Hadoop:service=DataNode,name=DataNodeInfo': /^$/,
  'Hadoop:service=DataNode,name=DataNodeVolume-*': /^$/,
  'Hadoop:service=DataNode,name=RpcActivityForPort*': /^$/,
  'Hadoop:service=DataNode,name=RpcDetailedActivityForPort*': /^$/,
  'Hadoop:service=DataNode,name=HttpServer2-*': /^$/,
  'Hadoop:service=DataNode,name=JvmMetrics': /^Gc(Count|TimeMillis)(G1|Copy|MarkSweepCompact)/,
  'Hadoop:service=DataNode,name=UgiMetrics': /^$/,
  'Hadoop:service=DataNode,name=MetricsSystem,sub=Stats': /^Sink_/,
};
/** What a JVM says of itself beyond what is read of every daemon. */
const PLATFORM_BEANS: Readonly<Record<string, RegExp>> = {
  'java.lang:type=Memory': /^$/,
  'java.lang:type=Runtime':
    /^(ClassPath|BootClassPath|VmVersion|LibraryPath|ManagementSpecVersion|Spec\w+|InputArguments|SystemProperties)$/,
  'java.lang:type=OperatingSystem': /Memory|Swap|CpuLoad|FileDescriptor|^Arch$|^Version$/,
  'java.lang:type=Threading': /Supported$|Enabled$|^Current|Allocated|^AllThreadIds$/,
  'java.lang:type=GarbageCollector,name=*': /^LastGcInfo$/,
};

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

async function beans(port: number, pattern: string): Promise<readonly Attributes[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/jmx?qry=${encodeURIComponent(pattern)}`);
  return ((await answer.json()) as { beans: Attributes[] }).beans;
}

const CONTENT = Buffer.alloc(300_000, 'x');
/** What has to be the same of the same work. */
const COUNTED: readonly (readonly ['nn' | 'dn1', string, readonly string[]])[] = [
  [
    'dn1',
    'Hadoop:service=DataNode,name=DataNodeActivity-*',
    [
      ...['BytesWritten', 'BytesRead', 'BlocksWritten', 'BlocksRead', 'BlocksReplicated', 'BlocksRemoved', 'PacketsReceived'],
      ...['ReadsFromLocalClient', 'ReadsFromRemoteClient', 'WritesFromLocalClient', 'WritesFromRemoteClient'],
      ...['RemoteBytesRead', 'RemoteBytesWritten', 'DatanodeNetworkErrors', 'BlocksInPendingIBR'],
      ...['ReadBlockOp', 'WriteBlockOp', 'BlockChecksumOp', 'CreateRbwOp', 'FinalizeBlockOp', 'CreateTemporaryOp'].map(
        (name) => `${name}NumOps`,
      ),
      ...['RecoverRbwOp', 'UnfinalizeBlockOp', 'ReadTransferRate', 'BlockReports', 'PacketAckRoundTripTimeNanos'].map(
        (name) => `${name}NumOps`,
      ),
    ],
  ],
  [
    'nn',
    'Hadoop:service=NameNode,name=NameNodeActivity',
    [
      ...['AddBlockOps', 'CreateFileOps', 'DeleteFileOps', 'FilesAppended', 'FilesCreated', 'FilesDeleted', 'FilesRenamed'],
      ...['GetBlockLocations', 'GetListingOps', 'FilesInGetListingOps', 'FileInfoOps', 'TotalFileOps'],
      ...['StorageBlockReportNumOps', 'GetImageNumOps', 'SuccessfulReReplications', 'TimeoutReReplications'],
    ],
  ],
];

/**
 * Names in /prom that are not there, or not always: collectors of a JVM by name, the sink that /prom itself is with Apache,
 * and what is told to who comes while a NameNode starts.
 */
const PROM_WITHOUT =
  /^(jvm_metrics_gc_\w+_(g1_|copy|mark_sweep_compact)|metrics_system_sink_|rpcdetailed_(overall_)?retriable_exception_)/;

/** What the readers of Apache's daemon would miss at ours. */
async function missing(apache: number, ours: number, patterns: Readonly<Record<string, RegExp>>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [pattern, without] of Object.entries(patterns)) {
    // Several beans may have such a name: together they have what is read.
    const theirs: Attributes = Object.assign({}, ...(await beans(apache, pattern)));
    const own: Attributes = Object.assign({}, ...(await beans(ours, pattern)));
    expect(Object.keys(theirs), pattern).not.toEqual([]);
    if (Object.keys(own).length === 0) {
      found.push(`no ${pattern}`);
      continue;
    }
    for (const [name, value] of Object.entries(theirs)) {
      if (without.test(name)) continue;
      const type = typeOf(own[name]);
      // A text that Apache has not got yet is null there.
      if (!Object.hasOwn(own, name)) found.push(`${pattern}: no ${name} (${typeOf(value)})`);
      else if (type !== typeOf(value) && value !== null && own[name] !== null) {
        found.push(`${pattern}: ${name} is ${type}, not ${typeOf(value)}`);
      }
    }
  }
  return found;
}

describeWithApache('Monitoring', () => {
  let apache: Cluster | undefined;
  let ours: Cluster | undefined;

  beforeAll(async () => {
    apache = await Cluster.start({
      datanodes: 1,
      keys: { 'dfs.replication': '1', 'hadoop.prometheus.endpoint.enabled': 'true' },
    });
    ours = await Cluster.start({ datanodes: 1, ours: ['nn', 'dn'], keys: { 'dfs.replication': '1' } });
    for (const { uri, clientConf } of [apache, ours]) {
      const { code, stderr } = await apacheHdfs(clientConf, 'dfs', ['-fs', uri, '-mkdir', '-p', '/m/d']);
      expect(code, stderr).toBe(0);
      await using fs = await connect({ confDir: clientConf });
      await expect(fs.readFile('/nowhere')).rejects.toThrow(/File does not exist/);
      await fs.writeFile('/m/f', CONTENT);
      await fs.checksum('/m/f');
      await fs.readFile('/m/f');
      await fs.readdir('/m');
      await fs.rename('/m/f', '/m/g');
      await fs.rm('/m/g');
    }
  }, 600_000);
  afterAll(async () => {
    await ours?.stop();
    await apache?.stop();
  });

  const httpPort = (cluster: Cluster | undefined, role: 'nn' | 'dn1'): number => {
    if (cluster === undefined) throw new Error('the cluster did not start');
    return role === 'nn' ? cluster.httpPort : (cluster.webPorts.get(role) ?? 0);
  };

  // Averages are of the last ten seconds: nobody has asked for one before.
  test('calls are timed', async () => {
    const [rpc] = await beans(httpPort(ours, 'nn'), 'Hadoop:service=NameNode,name=RpcDetailedActivityForPort*');
    expect(rpc?.MkdirsNumOps).toBe(1);
    expect(rpc?.MkdirsAvgTime).toBeGreaterThan(0);
    expect(rpc?.MkdirsAvgTime).toBeLessThan(10_000);
    const text = await (await fetch(`http://127.0.0.1:${httpPort(ours, 'nn')}/metrics`)).text();
    expect(text).toContain('tuskfs_rpc_processing_seconds_count{method="mkdirs"} 1\n');
    expect(text).toContain('tuskfs_datanodes{state="live"} 1\n');
  });

  test('every attribute of the beans that monitoring reads is there, and of its type', async () => {
    const { nn, dn } = { nn: 'nn', dn: 'dn1' } as const;
    expect({
      namenode: await missing(httpPort(apache, nn), httpPort(ours, nn), NAMENODE_BEANS),
      datanode: await missing(httpPort(apache, dn), httpPort(ours, dn), DATANODE_BEANS),
      platform: await missing(httpPort(apache, nn), httpPort(ours, nn), PLATFORM_BEANS),
    }).toEqual({ namenode: [], datanode: [], platform: [] });
  });

  test('the same work is counted as Apache counts it', async () => {
    for (const [role, pattern, names] of COUNTED) {
      const bean = async (cluster: Cluster | undefined): Promise<Attributes> =>
        (await beans(httpPort(cluster, role), pattern))[0] ?? {};
      const differing = async () => {
        const [own, theirs] = [await bean(ours), await bean(apache)];
        return names.filter((name) => own[name] !== theirs[name]).map((name) => `${name}: ${own[name]}, not ${theirs[name]}`);
      };
      // Apache's beans are up to ten seconds old, and blocks are deleted after a heartbeat or two.
      await expect.poll(differing, { timeout: 30_000, interval: 1000 }).toEqual([]);
    }
    const [own] = await beans(httpPort(ours, 'dn1'), 'Hadoop:service=DataNode,name=DataNodeActivity-*');
    expect(own).toMatchObject({ BytesWritten: CONTENT.length, BlocksRead: 1, BlocksWritten: 1 });
  });

  test('the busiest users are told apart', async () => {
    interface Window {
      readonly windowLenMs: number;
      readonly ops: readonly { readonly opType: string }[];
    }
    const top = async (cluster: Cluster | undefined) => {
      const [state] = await beans(httpPort(cluster, 'nn'), 'Hadoop:service=NameNode,name=FSNamesystemState');
      const { timestamp, windows } = JSON.parse(String(state?.TopUserOpCounts)) as { timestamp: string; windows: Window[] };
      expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000);
      // Apache's order of the windows is that of a hash map.
      return windows
        .map(({ windowLenMs, ops }) => ({
          windowLenMs,
          mkdirs: ops.find(({ opType }) => opType === 'mkdirs'),
          first: ops[0]?.opType,
        }))
        .filter(({ windowLenMs }) => windowLenMs > 60_000)
        .sort((a, b) => a.windowLenMs - b.windowLenMs);
    };
    const own = await top(ours);
    expect(own).toHaveLength(2);
    expect(own).toEqual(await top(apache));
  });

  test('/prom has every name that Apache’s has', async () => {
    const names = async (cluster: Cluster | undefined, role: 'nn' | 'dn1'): Promise<ReadonlySet<string>> => {
      const text = await (await fetch(`http://127.0.0.1:${httpPort(cluster, role)}/prom`)).text();
      // With the names of their labels.
      const all = [...text.matchAll(/^([a-z][a-z0-9_]*)\{(.*)\} \S+$/gm)].map(
        ([, name = '', labels = '']) => `${name} ${[...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).sort()}`,
      );
      return new Set(all.filter((name) => !PROM_WITHOUT.test(name)));
    };
    for (const role of ['nn', 'dn1'] as const) {
      const own = await names(ours, role);
      const theirs = await names(apache, role);
      expect(theirs.size).toBeGreaterThan(200);
      expect([...theirs].filter((name) => !own.has(name))).toEqual([]);
    }
  });

  test('/conf is laid out as Apache’s', async () => {
    const conf = async (cluster: Cluster | undefined, query: string, accept: string) => {
      const answer = await fetch(`http://127.0.0.1:${httpPort(cluster, 'nn')}/conf${query}`, { headers: { accept } });
      const text = (await answer.text()).replaceAll(String(cluster?.rpcPort), 'PORT');
      return { status: answer.status, type: answer.headers.get('content-type')?.replace(/ /g, '').toLowerCase(), text };
    };
    for (const [query, accept] of [
      ['?name=dfs.namenode.safemode.extension', 'application/json'],
      ['?name=dfs.namenode.safemode.extension', 'text/xml'],
      ['?name=dfs.replication', '*/*'],
      ['?name=dfs.blocksize', 'application/json'],
    ] as const) {
      expect(await conf(ours, query, accept), query).toEqual(await conf(apache, query, accept));
    }
    expect((await conf(ours, '?name=no.such', '*/*')).status).toBe((await conf(apache, '?name=no.such', '*/*')).status);
    const all = (text: string): readonly string[] =>
      [
        ...text.matchAll(
          /<property><name>([^<]+)<\/name><value>[^<]*<\/value><final>(?:true|false)<\/final>(?:<source>[^<]+<\/source>)+<\/property>\n/g,
        ),
      ].map(([, name]) => name ?? '');
    const own = all((await conf(ours, '', '*/*')).text);
    expect(own).toContain('dfs.namenode.name.dir');
    expect(own.length).toBeGreaterThan(300);
    const json = JSON.parse((await conf(ours, '', 'application/json')).text) as { properties: { key: string }[] };
    expect(json.properties.map(({ key }) => key)).toEqual(own);
  });
});
