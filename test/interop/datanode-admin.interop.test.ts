// One script of decommission, maintenance, corruption and exclusion on a cluster of Apache's and on one with our NameNode,
// through Apache's shell. If this fails, an administrator sees other states or counts than Hadoop would show, or a node is
// let go at another point.
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster, describeRepeatable, ours } from './apache.ts';
import { Resident } from './support/resident.ts';

const MIB = 1024 * 1024;
const BLOCKS = 5;
const STEP_LIMIT_MS = 120_000;
const NODES = ['dn1', 'dn2', 'dn3', 'dn4'] as const;
type Role = (typeof NODES)[number];
/** Name of a step of the script, and what was seen at its end. */
type Step = readonly [string, readonly unknown[]];
const SETTLE_LIMIT_MS = 90_000;
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

interface Node {
  readonly adminState: string;
  readonly underReplicatedBlocks?: number;
  readonly decommissionOnlyReplicas?: number;
  readonly maintenanceOnlyReplicas?: number;
  readonly underReplicateInOpenFiles?: number;
}

interface Seen {
  readonly counts: Readonly<Record<string, number>>;
  readonly live: Readonly<Record<string, Node>>;
  readonly dead: Readonly<Record<string, Node>>;
  readonly leaving: Readonly<Record<string, Node>>;
  readonly resting: Readonly<Record<string, Node>>;
}

const COUNTS = [
  'NumLiveDataNodes',
  'NumDeadDataNodes',
  'NumDecomLiveDataNodes',
  'NumDecomDeadDataNodes',
  'NumDecommissioningDataNodes',
  'NumInMaintenanceLiveDataNodes',
  'NumInMaintenanceDeadDataNodes',
  'NumEnteringMaintenanceDataNodes',
  'NumInServiceLiveDataNodes',
] as const;

class Site {
  readonly cluster: Cluster;
  readonly apache: Resident;
  readonly hosts: string;

  constructor(cluster: Cluster, apache: Resident, hosts: string) {
    this.cluster = cluster;
    this.apache = apache;
    this.hosts = hosts;
  }

  port(role: Role): number {
    return this.cluster.transferPorts.get(role) ?? 0;
  }

  /** Ports are different in each cluster: nodes go by their roles. */
  named<T>(byAddress: Readonly<Record<string, T>>): Record<string, T> {
    const found = Object.entries(byAddress).map(([address, value]) => {
      const port = Number(address.slice(address.lastIndexOf(':') + 1));
      return [NODES.find((role) => this.port(role) === port) ?? address, value] as const;
    });
    return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async bean(name: string): Promise<Readonly<Record<string, unknown>>> {
    const url = `http://127.0.0.1:${this.cluster.httpPort}/jmx?qry=Hadoop:service=NameNode,name=${name}`;
    const { beans } = (await (await fetch(url)).json()) as { beans: Readonly<Record<string, unknown>>[] };
    return beans[0] ?? {};
  }

  async see(): Promise<Seen> {
    const state = await this.bean('FSNamesystemState');
    const info = await this.bean('NameNodeInfo');
    const of = (name: string, fields: readonly (keyof Node)[]): Record<string, Node> => {
      const nodes = JSON.parse(String(info[name])) as Record<string, Node>;
      const picked = Object.entries(nodes).map(([key, node]) => [key, Object.fromEntries(fields.map((f) => [f, node[f]]))]);
      return this.named(Object.fromEntries(picked) as Record<string, Node>);
    };
    return {
      counts: Object.fromEntries(COUNTS.map((name) => [name, Number(state[name])])),
      live: of('LiveNodes', ['adminState']),
      dead: of('DeadNodes', ['adminState']),
      leaving: of('DecomNodes', ['underReplicatedBlocks', 'decommissionOnlyReplicas', 'underReplicateInOpenFiles']),
      resting: of('EnteringMaintenanceNodes', [
        'underReplicatedBlocks',
        'maintenanceOnlyReplicas',
        'underReplicateInOpenFiles',
      ]),
    };
  }

  /** What `dfsadmin -report` says, with the figures that no two clusters share left out. */
  async report(...options: string[]): Promise<string[]> {
    return this.essence((await this.apache.must(this.cluster.clientConf, 'dfsadmin', ['-report', ...options])).stdout);
  }

  essence(report: string): string[] {
    const lines: string[] = [];
    for (const line of report.split('\n')) {
      // Orders to delete are on their way for a moment, or were just carried out.
      if (line.includes('Pending deletion blocks')) continue;
      if (/^\t|datanodes \(|^Decommission Status/.test(line)) lines.push(line.trim());
      const port = /^Name: .*?:(\d+)/.exec(line)?.[1];
      if (port !== undefined) lines.push(NODES.find((role) => this.port(role) === Number(port)) ?? line);
    }
    return lines;
  }

  async until(what: string, test: (seen: Seen) => boolean): Promise<Seen> {
    let seen = await this.see();
    for (const end = Date.now() + STEP_LIMIT_MS; !test(seen); seen = await this.see()) {
      if (Date.now() > end) throw new Error(`not in time: ${what}; ${JSON.stringify(seen)}`);
      await sleep(250);
    }
    return seen;
  }

  /** Waits for a line of the report, which is made from counters that follow a little later. */
  async untilReported(line: string, ...options: string[]): Promise<string[]> {
    let lines = await this.report(...options);
    for (const end = Date.now() + STEP_LIMIT_MS; !lines.includes(line); lines = await this.report(...options)) {
      if (Date.now() > end) throw new Error(`never reported: ${line}; ${lines.join('\n')}`);
      await sleep(250);
    }
    return lines;
  }

  /** Waits until no copy is on its way: one to a node that goes meanwhile would be awaited for minutes. */
  async untilCopied(): Promise<void> {
    const pending = async (): Promise<unknown> => (await this.bean('FSNamesystem')).PendingReconstructionBlocks;
    for (const end = Date.now() + STEP_LIMIT_MS; (await pending()) !== 0; await sleep(250)) {
      if (Date.now() > end) throw new Error('copies are still on their way');
    }
  }

  async refresh(states: Partial<Readonly<Record<Role, string>>>, roles: readonly Role[] = NODES): Promise<string> {
    const entries = roles.map((role) => ({
      hostName: '127.0.0.1',
      port: this.port(role),
      adminState: states[role] ?? 'NORMAL',
    }));
    writeFileSync(this.hosts, JSON.stringify(entries));
    return (await this.apache.must(this.cluster.clientConf, 'dfsadmin', ['-refreshNodes'])).stdout;
  }

  /** Files of replicas of one size. */
  replicas(bytes: number): string[] {
    const found: string[] = [];
    for (const role of NODES) {
      const root = join(this.cluster.directory, 'data', role);
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (/^blk_\d+$/.test(entry.name) && statSync(path).size === bytes) found.push(path);
      }
    }
    return found;
  }

  /** Waits until there is one replica of that size on all disks, and turns a byte of it. */
  async damageOnly(bytes: number): Promise<void> {
    for (const end = Date.now() + STEP_LIMIT_MS; ; await sleep(250)) {
      const [only, ...more] = this.replicas(bytes);
      if (only !== undefined && more.length === 0) {
        const file = openSync(only, 'r+');
        writeSync(file, Buffer.from([0xff]), 0, 1, 100);
        closeSync(file);
        return;
      }
      if (Date.now() > end) throw new Error(`${more.length + 1} replicas are left`);
    }
  }
}

describeRepeatable('DataNodes that are taken out of service', () => {
  let directory: string;
  let apache: Resident;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tuskfs-admin-'));
    apache = new Resident(directory);
    writeFileSync(join(directory, 'content'), Buffer.alloc(BLOCKS * MIB, 1));
    writeFileSync(join(directory, 'single'), Buffer.alloc(12_345, 2));
  });
  afterAll(async () => {
    await apache?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /**
   * What `look` sees once it is at rest: the same three times, half a second apart; or, where it is known what should be seen,
   * when it is. Counters follow events a little later, at either maker's own pace.
   */
  async function settled(look: () => Promise<readonly unknown[]>, wanted?: readonly unknown[]): Promise<readonly unknown[]> {
    let seen = await look();
    for (let same = 0, end = Date.now() + SETTLE_LIMIT_MS; Date.now() < end; ) {
      if (wanted === undefined ? same === 2 : isDeepStrictEqual(seen, wanted)) return seen;
      await sleep(500);
      const now = await look();
      same = isDeepStrictEqual(now, seen) ? same + 1 : 0;
      seen = now;
    }
    return seen;
  }

  async function play(name: string, own: readonly string[], wanted: readonly Step[] = []): Promise<readonly Step[]> {
    const hosts = join(directory, `${name}.json`);
    writeFileSync(hosts, '[]');
    const cluster = await Cluster.start({
      datanodes: NODES.length,
      ours: own,
      keys: {
        'dfs.hosts': hosts,
        'dfs.namenode.hosts.provider.classname': 'org.apache.hadoop.hdfs.server.blockmanagement.CombinedHostFileManager',
        'dfs.namenode.decommission.interval': '1',
        'dfs.blocksize': String(MIB),
        'dfs.heartbeat.interval': '1',
        'dfs.namenode.heartbeat.recheck-interval': '500',
        'dfs.namenode.redundancy.interval.seconds': '1',
      },
    });
    const site = new Site(cluster, apache, hosts);
    const steps: Step[] = [];
    const note = async (step: string, ...looks: (() => Promise<unknown>)[]): Promise<void> => {
      const look = async (): Promise<readonly unknown[]> => {
        const seen: unknown[] = [];
        for (const each of looks) seen.push(await each());
        return seen;
      };
      steps.push([step, await settled(look, wanted.find(([name]) => name === step)?.[1])]);
    };
    const see = (): Promise<Seen> => site.see();
    const report =
      (...options: string[]) =>
      (): Promise<string[]> =>
        site.report(...options);
    const dfs = (...args: string[]) => apache.must(cluster.clientConf, 'dfs', args);
    const readable = async (): Promise<void> => {
      expect((await dfs('-cat', '/all')).bytes.length).toBe(BLOCKS * MIB);
    };
    try {
      await dfs('-put', join(directory, 'content'), '/all');
      await dfs('-setrep', '4', '/all');
      await apache.must(cluster.clientConf, 'await-replicas', ['4', '/all']);
      await site.untilReported('Under replicated blocks: 0');
      await note('new', report());

      // Two of four are to leave: with two that stay no block has the three that Hadoop asks for.
      const refreshed = await site.refresh({ dn1: 'DECOMMISSIONED', dn3: 'DECOMMISSIONED' });
      await note('refresh', () => Promise.resolve(refreshed));
      await site.until('two in progress', ({ leaving }) =>
        ['dn1', 'dn3'].every((role) => leaving[role]?.underReplicatedBlocks === BLOCKS),
      );
      const shown = await site.untilReported(`Under replicated blocks: ${BLOCKS}`, '-decommissioning');
      await note('stuck', see, report('-decommissioning'));
      const own = await ours('hdfs', ['--config', cluster.clientConf, 'dfsadmin', '-report', '-decommissioning']);
      expect(site.essence(own.stdout)).toEqual(shown);

      // One stays after all: three are enough for the other to go, though the file wants four.
      await site.refresh({ dn1: 'DECOMMISSIONED' });
      await site.until('dn1 decommissioned', ({ live }) => live.dn1?.adminState === 'Decommissioned');
      await note('gone', see, report('-live'));
      await readable();
      await cluster.kill('dn1');
      await site.until('dn1 dead', ({ counts }) => counts.NumDeadDataNodes === 1);
      await note('off', see, report('-dead'), report('-decommissioning'));
      await readable();

      await site.refresh({});
      cluster.launch('dn1');
      // The counts are asked for before the nodes: those of the moment before may not know it yet.
      await site.until(
        'dn1 back',
        ({ live, counts }) => live.dn1?.adminState === 'In Service' && counts.NumLiveDataNodes === 4,
      );
      await site.untilReported('Under replicated blocks: 0');
      await note('back', see, report());

      await site.refresh({ dn2: 'IN_MAINTENANCE' });
      await site.until('dn2 in maintenance', ({ live }) => live.dn2?.adminState === 'In Maintenance');
      await note('resting', see, report('-inmaintenance'));
      await cluster.kill('dn2');
      await site.until('dn2 dead', ({ counts }) => counts.NumDeadDataNodes === 1);
      await note('asleep', see, report('-inmaintenance'), report('-dead'));
      await readable();
      cluster.launch('dn2');
      await site.until('dn2 awake', ({ counts }) => counts.NumLiveDataNodes === 4);
      await site.refresh({});
      await site.until('dn2 in service', ({ live }) => live.dn2?.adminState === 'In Service');
      await site.untilReported('Under replicated blocks: 0');
      await note('awake', see, report());

      await dfs('-put', join(directory, 'single'), '/single');
      await dfs('-setrep', '1', '/single');
      await site.damageOnly(12_345);
      const { code } = await apache.run(cluster.clientConf, 'dfs', ['-cat', '/single']);
      expect(code).toBe(1);
      await site.untilReported('Missing blocks (with replication factor 1): 1');
      await note('damaged', report());
      await dfs('-rm', '-skipTrash', '/single');
      await site.untilReported('Missing blocks: 0');
      await note('removed', report());

      await site.untilCopied();
      await site.refresh({}, ['dn1', 'dn2', 'dn3']);
      await site.until('dn4 out', ({ counts }) => counts.NumLiveDataNodes === 3);
      await site.untilReported(`Under replicated blocks: ${BLOCKS}`);
      await note('out', see, report());
      await readable();
    } finally {
      await cluster.stop();
    }
    return steps;
  }

  test('show the same states and counts under either NameNode, DataNodes of Apache’s among them', {
    timeout: 900_000,
  }, async () => {
    const theirs = await play('theirs', []);
    const mine = await play('ours', ['nn', 'dn2', 'dn4'], theirs);
    expect(mine).toEqual(theirs);
  });
});
