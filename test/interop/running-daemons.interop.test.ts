// What operators change of daemons that run: keys, groups, who may act for whom, and the queue of calls. The same is asked of
// Apache's daemons and of ours. If this fails, a change that an operator makes is told of, or takes effect, otherwise here.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatConfigurationXml } from '../../src/config/xml.ts';
import { nodeHost } from '../../src/host/node/index.ts';
import { RpcClient, rpcProxy } from '../../src/rpc/client.ts';
import { ClientNamenodeProtocol } from '../../src/wire/messages/client-namenode.ts';
import { Cluster, describeWithApache, type Finished } from './apache.ts';
import { runOurs } from './support/cli-shells.ts';

const LIMIT_MS = 600_000;
const host = nodeHost({ logLevel: 'silent' });
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

type Keys = Readonly<Record<string, string>>;

/** Values that can be put in force, and ones that cannot. */
const NAMENODE_VALUES: Readonly<Record<string, readonly [good: string, bad: string]>> = {
  'dfs.block.invalidate.limit': ['500', 'x'],
  'dfs.datanode.max.nodes.to.report': ['7', 'x'],
  'dfs.heartbeat.interval': ['2', 'x'],
  'dfs.namenode.avoid.read.slow.datanode': ['true', 'maybe'],
  'dfs.namenode.block-placement-policy.exclude-slow-nodes.enabled': ['true', 'maybe'],
  'dfs.namenode.block-placement.min-blocks-for.write': ['2', '-1'],
  'dfs.namenode.fs-limits.max-directory-items': ['2', '0'],
  'dfs.namenode.heartbeat.recheck-interval': ['4000', 'x'],
  'dfs.namenode.max.slowpeer.collect.nodes': ['3', 'x'],
  'dfs.namenode.reconstruction.pending.timeout-sec': ['200', 'x'],
  'dfs.namenode.replication.max-streams': ['3', '-1'],
  'dfs.namenode.replication.max-streams-hard-limit': ['5', 'x'],
  'dfs.namenode.replication.work.multiplier.per.iteration': ['3', '-1'],
  'dfs.namenode.slowpeer.collect.interval': ['20m', 'x'],
  'fs.protected.directories': ['/kept', '/other,relative'],
  'hadoop.caller.context.enabled': ['true', 'maybe'],
  'ipc.server.log.slow.rpc': ['true', 'maybe'],
  'ipc.server.log.slow.rpc.threshold.ms': ['100', 'x'],
};
const DATANODE_VALUES: Readonly<Record<string, readonly [good: string, bad: string]>> = {
  'dfs.blockreport.intervalMsec': ['3600000', '0'],
  'dfs.blockreport.split.threshold': ['500', '-1'],
  'dfs.blockreport.initialDelay': ['5', 'x'],
  'dfs.datanode.max.transfer.threads': ['100', '0'],
  'dfs.datanode.min.outlier.detection.nodes': ['4', '0'],
  'dfs.datanode.slowpeer.low.threshold.ms': ['7', '0'],
  'dfs.datanode.peer.metrics.min.outlier.detection.samples': ['50', '0'],
  'dfs.datanode.fileio.profiling.sampling.percentage': ['20', 'x'],
  'dfs.datanode.outliers.report.interval': ['20m', 'x'],
  'dfs.datanode.min.outlier.detection.disks': ['3', '0'],
  'dfs.datanode.slowdisk.low.threshold.ms': ['30', '0'],
  'dfs.datanode.max.slowdisks.to.exclude': ['1', 'x'],
  'fs.du.interval': ['300000', 'x'],
  'fs.getspaceused.jitterMillis': ['3000', 'x'],
  'dfs.datanode.data.transfer.bandwidthPerSec': ['1000000', 'x'],
  'dfs.datanode.data.write.bandwidthPerSec': ['1000000', 'x'],
  'dfs.datanode.data.read.bandwidthPerSec': ['1000000', 'x'],
  'dfs.datanode.slow.io.warning.threshold.ms': ['500', '0'],
};

/** With statistics switched off, a change of what hangs on them ends the thread of Apache's that makes changes. */
const STATISTICS = 'dfs.datanode.peer.stats.enabled';
const STATISTICS_ON: Keys = { [STATISTICS]: 'true', 'dfs.datanode.fileio.profiling.sampling.percentage': '10' };

const REFUSED_AND_STORED = /(Changed property dfs\.datanode\.outliers\.report\.interval\\n\\tFrom: )\\"x\\"/;

/** A cluster whose daemons' files are written anew while they run. */
class Operated {
  readonly cluster: Cluster;
  readonly #own = new Map<string, Keys>();

  constructor(cluster: Cluster, own: Readonly<Record<string, Keys>>) {
    this.cluster = cluster;
    for (const [role, keys] of Object.entries(own)) this.#own.set(role, keys);
  }

  /** Sets keys beyond those that the daemon began with. */
  configure(role: string, keys: Keys): void {
    const directory = join(this.cluster.directory, 'conf', role);
    const known = this.#own.get(role) ?? valuesOf(join(directory, 'core-site.xml'));
    this.#own.set(role, known);
    const text = formatConfigurationXml(Object.entries({ ...known, ...keys }));
    for (const file of ['core-site.xml', 'hdfs-site.xml']) writeFileSync(join(directory, file), text);
  }

  hdfs(words: string): Promise<Finished> {
    const [tool = '', ...args] = words.split(' ');
    return runOurs(this.cluster.clientConf, this.cluster.directory, tool, args);
  }

  /** Exit code and what was said, without what differs from cluster to cluster. */
  async said(words: string): Promise<string> {
    const { code, stdout, stderr } = await this.hdfs(words);
    return `${words.replaceAll(/\d+\.\d+\.\d+\.\d+:\d+/g, 'ADDRESS')}: ${code}\n${this.general(stdout + stderr)}`;
  }

  general(text: string): string {
    return text
      .replaceAll(this.cluster.directory, 'CLUSTER')
      .replaceAll(/\d+\.\d+\.\d+\.\d+:\d+/g, 'ADDRESS')
      .replaceAll(/ipc\.\d+\./g, 'ipc.PORT.')
      .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [A-Z]+ \d{4}/g, 'TIME');
  }

  /** What becomes of a change, key by key in the order of their names. */
  async reconfigure(kind: 'namenode' | 'datanode', address: string): Promise<readonly string[]> {
    await this.hdfs(`dfsadmin -reconfig ${kind} ${address} start`);
    for (let tries = 0; ; tries++) {
      const { stdout } = await this.hdfs(`dfsadmin -reconfig ${kind} ${address} status`);
      if (stdout.includes('finished at')) {
        const [head = '', ...changes] = this.general(stdout).split(/\n(?=SUCCESS|FAILED)/);
        return [head, ...changes.map((change) => change.trimEnd()).sort()];
      }
      if (tries > 200) throw new Error(`no end of the task: ${stdout}`);
      await sleep(100);
    }
  }

  async get(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.cluster.httpPort}${path}`);
    return `${answer.status} ${this.general(await answer.text())}`;
  }
}

function valuesOf(file: string): Keys {
  const entries = readFileSync(file, 'utf8').matchAll(/<name>([^<]*)<\/name>\s*<value>([^<]*)<\/value>/g);
  return Object.fromEntries([...entries].map(([, name = '', value = '']) => [name, value]));
}

const pick = (values: Readonly<Record<string, readonly [string, string]>>, which: 0 | 1): Keys =>
  Object.fromEntries(Object.entries(values).map(([key, pair]) => [key, pair[which]]));

async function operated<T>(maker: 'apache' | 'ours', keys: Keys, use: (nodes: Operated) => Promise<T>): Promise<T> {
  const cluster = await Cluster.start({ datanodes: 1, ours: maker === 'ours' ? ['nn', 'dn'] : [], keys });
  try {
    return await use(new Operated(cluster, {}));
  } finally {
    await cluster.stop();
  }
}

async function both<T>(keys: Keys, use: (nodes: Operated) => Promise<T>): Promise<readonly [apache: T, ours: T]> {
  return [await operated('apache', keys, use), await operated('ours', keys, use)];
}

describeWithApache('running daemons', () => {
  test(
    'change what their files say now, key by key, and say what they would not',
    async () => {
      const [apache, ours] = await both(STATISTICS_ON, async (nodes) => {
        const { rpcPort, transferPorts } = nodes.cluster;
        const ipc = valuesOf(join(nodes.cluster.directory, 'conf/dn1/core-site.xml'))['dfs.datanode.ipc.address'] ?? '';
        expect(transferPorts.size).toBe(1);
        const found: unknown[] = [];
        for (const which of [0, 1] as const) {
          nodes.configure('nn', pick(NAMENODE_VALUES, which));
          found.push(await nodes.reconfigure('namenode', `127.0.0.1:${rpcPort}`));
          if (which === 0) {
            // The keys are in force.
            for (const path of ['/kept', '/a', '/b']) found.push(await nodes.said(`dfs -mkdir -p ${path}/x`));
            found.push(await nodes.said('dfs -rm -r -skipTrash /kept'));
          }
          nodes.configure('dn1', pick(DATANODE_VALUES, which));
          found.push(await nodes.reconfigure('datanode', ipc));
        }
        const others: readonly Keys[] = [{}, { [STATISTICS]: 'false' }, { [STATISTICS]: 'maybe' }, {}];
        for (const keys of others) {
          nodes.configure('nn', keys);
          found.push(await nodes.reconfigure('namenode', `127.0.0.1:${rpcPort}`));
          nodes.configure('dn1', keys);
          found.push(await nodes.reconfigure('datanode', ipc));
        }
        return found;
      });
      // Apache's DataNode has stored this one by the time that it refuses it.
      expect(ours).toEqual(JSON.parse(JSON.stringify(apache).replace(REFUSED_AND_STORED, '$1\\"20m\\"')));
    },
    LIMIT_MS,
  );

  test(
    'read groups, rights to act for others and the queue of calls again',
    async () => {
      const asked = ['ann', 'bob', 'nobody-there', 'root'];
      const keys = {
        'hadoop.user.group.static.mapping.overrides': 'ann=staff,audio;bob=;gate=',
        'hadoop.security.groups.cache.secs': '3600',
      };
      const [apache, ours] = await both(keys, async (nodes) => {
        const found: string[] = [];
        const port = nodes.cluster.rpcPort;
        found.push(await nodes.said(`groups ${asked.join(' ')}`));
        const home = (user: string, doAs: string) =>
          nodes.get(`/webhdfs/v1/?op=GETHOMEDIRECTORY&user.name=${user}&doas=${doAs}`);
        const proxied = async () => {
          for (const [user, doAs] of [
            ['gate', 'ann'],
            ['gate', 'bob'],
            ['ann', 'gate'],
            ['gate', 'gate'],
          ] as const) {
            found.push(await home(user, doAs));
          }
        };
        await proxied();
        const rules: readonly Keys[] = [
          { 'hadoop.proxyuser.gate.hosts': '*', 'hadoop.proxyuser.gate.groups': 'staff' },
          { 'hadoop.proxyuser.gate.hosts': '127.0.0.0/8', 'hadoop.proxyuser.gate.users': 'bob' },
          { 'hadoop.proxyuser.gate.hosts': '10.9.9.9', 'hadoop.proxyuser.gate.groups': '*' },
          { 'hadoop.proxyuser.gate.groups': '*' },
        ];
        for (const rule of rules) {
          nodes.configure('nn', rule);
          found.push(await nodes.said('dfsadmin -refreshSuperUserGroupsConfiguration'));
          await proxied();
        }
        found.push(await nodes.said('dfsadmin -refreshUserToGroupsMappings'), await nodes.said(`groups ${asked.join(' ')}`));
        const beans = async () => {
          const text = await (await fetch(`http://127.0.0.1:${nodes.cluster.httpPort}/jmx?qry=Hadoop:*`)).text();
          const { beans: all } = JSON.parse(text) as { beans: readonly { readonly name: string }[] };
          const ofQueues = all.filter(({ name }) => /CallQueue|DecayRpc/.test(name));
          return ofQueues
            .map(({ name, ...rest }) => `${name.replaceAll(/\d+/g, 'N')}: ${Object.keys(rest).sort().join(' ')}`)
            .sort();
        };
        found.push(...(await beans()));
        nodes.configure('nn', { [`ipc.${port}.callqueue.impl`]: 'org.apache.hadoop.ipc.FairCallQueue' });
        found.push(await nodes.said('dfsadmin -refreshCallQueue'));
        // The beans tell of users once they have called.
        found.push(await nodes.said('dfs -ls /'), ...(await beans()));
        return found;
      });
      expect(ours).toEqual(apache);
    },
    LIMIT_MS,
  );

  test(
    'tell who finds no room in the queue to come again',
    async () => {
      const [apache, ours] = await both(
        { 'ipc.backoff.enable': 'true', 'ipc.server.handler.queue.size': '1', 'dfs.namenode.handler.count': '1' },
        async (nodes) => {
          const clients = Array.from({ length: 40 }, (_, i) => {
            const client = new RpcClient(host, {
              address: { host: '127.0.0.1', port: nodes.cluster.rpcPort },
              protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
              user: `u${i % 4}`,
            });
            return { client, api: rpcProxy(client, ClientNamenodeProtocol) };
          });
          const told = new Map<string, number>();
          for (let round = 0; round < 40 && told.size < 2; round++) {
            const calls = clients.map(({ api }) => api.getFileInfo({ src: '/' }));
            for (const outcome of await Promise.allSettled(calls)) {
              const reason = outcome.status === 'fulfilled' ? 'answered' : describe(outcome.reason);
              told.set(reason, (told.get(reason) ?? 0) + 1);
            }
          }
          for (const { client } of clients) client.close();
          return [...told.keys()].sort();
        },
      );
      expect(ours).toEqual(apache);
      expect(ours).toHaveLength(2);
    },
    LIMIT_MS,
  );
});

function describe(error: unknown): string {
  const { javaClass, message } = error as { readonly javaClass?: string; readonly message: string };
  return `${javaClass}: ${message.split('\n', 1)[0]}`;
}
