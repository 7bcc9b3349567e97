// If these fail, an administrator cannot take a DataNode out of a running cluster without losing blocks, or lets in one
// that does not belong to it.
import { describe, expect, it } from 'vitest';
import { HdfsAdmin } from '../src/client/admin.ts';
import type { Hdfs } from '../src/client/index.ts';
import type { BlockManager } from '../src/core/blocks/block-manager.ts';
import { AdminState } from '../src/core/blocks/storage-type.ts';
import { type Keys, SimCluster } from './cluster.ts';

const EXCLUDE = '/conf/exclude';
const INCLUDE = '/conf/include';
const COMBINED = 'org.apache.hadoop.hdfs.server.blockmanagement.CombinedHostFileManager';
const FAST: Keys = { 'dfs.namenode.decommission.interval': 2, 'dfs.hosts.exclude': EXCLUDE };

class Site {
  readonly cluster: SimCluster;
  readonly admin: HdfsAdmin;
  readonly client: Hdfs;

  private constructor(cluster: SimCluster, admin: HdfsAdmin, client: Hdfs) {
    this.cluster = cluster;
    this.admin = admin;
    this.client = client;
  }

  static async start(dataNodes: number, keys: Keys, seed = 5): Promise<Site> {
    const cluster = new SimCluster({ seed, dataNodes, clients: 1, keys: { ...FAST, ...keys } });
    const { disk } = cluster.nameNode.machine.host;
    const { simulation } = cluster;
    await simulation.run(disk.mkdir('/conf'), 10_000);
    for (const file of [EXCLUDE, INCLUDE]) await simulation.run(disk.writeFileAtomic(file, ''), 10_000);
    await cluster.start();
    const [machine] = cluster.clients;
    if (machine === undefined) throw new Error('the cluster has no client');
    const admin = new HdfsAdmin(machine.host, cluster.configuration, 'hdfs');
    return new Site(cluster, admin, await simulation.run(cluster.connect(machine), 60_000));
  }

  get blockManager(): BlockManager {
    const system = this.cluster.nameNode.running?.system;
    if (system === undefined) throw new Error('the NameNode is down');
    return system.blockManager;
  }

  state(name: string): AdminState | undefined {
    for (const node of this.blockManager.datanodes.all) if (node.id.hostName === name) return node.adminState;
    return undefined;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.cluster.simulation.run(promise, 120_000);
  }

  /** Writes a host file and has it read. */
  async refresh(file: string, text: string): Promise<void> {
    await this.run(this.cluster.nameNode.machine.host.disk.writeFileAtomic(file, text));
    await this.run(this.admin.refreshNodes());
  }

  async names(filter: Parameters<HdfsAdmin['dataNodes']>[0]): Promise<string[]> {
    return (await this.run(this.admin.dataNodes(filter))).map(({ hostName }) => hostName);
  }
}

const content = (i: number): Buffer => Buffer.alloc(40_000, i + 1);

describe('decommission', () => {
  it('of a node with blocks of closed and open files ends, and it can be switched off', async () => {
    const site = await Site.start(4, {});
    const { cluster, client } = site;
    for (let i = 0; i < 12; i++) await site.run(client.writeFile(`/closed-${i}`, content(i)));
    const open = await site.run(client.open('/open', 'w'));
    await site.run(open.write(content(50)));
    await site.run(open.hsync());
    await site.refresh(EXCLUDE, 'dn0\n');
    expect(site.state('dn0')).toBe(AdminState.DECOMMISSION_INPROGRESS);
    expect(await site.names('decommissioning')).toEqual(['dn0']);
    // Nothing new goes there meanwhile.
    await site.run(client.writeFile('/during', content(60)));
    const places = await site.run(client.blockLocations('/during'));
    for (const { hosts } of places) expect(hosts).not.toContain('dn0');
    expect(await cluster.until(() => site.state('dn0') === AdminState.DECOMMISSIONED, 120_000)).toBe(true);
    const before = site.blockManager.statistics();
    expect(before).toMatchObject({ lowRedundancy: 0, missing: 0 });
    // Decommissioned locations come last.
    const [first] = await site.run(client.blockLocations('/closed-0'));
    expect(first?.hosts.indexOf('dn0') ?? -1).toBeOneOf([-1, (first?.hosts.length ?? 0) - 1]);
    cluster.crash('dn0', 'power', false);
    await site.run(open.write(content(51)));
    await site.run(open.close());
    for (let i = 0; i < 12; i++) expect((await site.run(client.readFile(`/closed-${i}`))).equals(content(i))).toBe(true);
    expect(await site.run(client.readFile('/open'))).toEqual(Buffer.concat([content(50), content(51)]));
    await cluster.until(() => site.blockManager.datanodes.aliveCount === 3, 60_000);
    expect(site.blockManager.statistics()).toMatchObject({ missing: 0 });
    expect(await site.names('dead')).toEqual(['dn0']);
    expect(cluster.violations.found).toEqual([]);
  });

  it('goes on after the NameNode was killed, and is called off by an empty file', async () => {
    const site = await Site.start(4, {});
    const { cluster, client } = site;
    for (let i = 0; i < 6; i++) await site.run(client.writeFile(`/f-${i}`, content(i)));
    await site.refresh(EXCLUDE, 'dn1');
    cluster.crash('nn', 'process', false);
    await cluster.simulation.advance(2_000);
    cluster.restart('nn');
    expect(await cluster.until(() => cluster.ready, 120_000)).toBe(true);
    expect(await cluster.until(() => site.state('dn1') === AdminState.DECOMMISSIONED, 120_000)).toBe(true);
    await site.refresh(EXCLUDE, '');
    expect(site.state('dn1')).toBe(AdminState.NORMAL);
    await cluster.until(() => site.blockManager.statistics().pendingDeletion === 0, 60_000);
    await cluster.simulation.advance(10_000);
    for (let i = 0; i < 6; i++) {
      const places = await site.run(client.blockLocations(`/f-${i}`));
      for (const { hosts } of places) expect(hosts).toHaveLength(3);
    }
    expect(cluster.violations.found).toEqual([]);
  });
});

describe('a NameNode that starts', () => {
  it('counts blocks as there that only nodes on their way out have, or such as rest', async () => {
    const keys = { 'dfs.namenode.hosts.provider.classname': COMBINED, 'dfs.hosts': INCLUDE };
    const site = await Site.start(2, keys);
    const { cluster, client } = site;
    for (let i = 0; i < 6; i++) await site.run(client.writeFile(`/f-${i}`, content(i), { replication: 1 }));
    const until = cluster.nameNode.machine.host.clock.now() + 3_600_000;
    const resting = { hostName: 'dn1', adminState: 'IN_MAINTENANCE', maintenanceExpireTimeInMS: until };
    await site.refresh(INCLUDE, JSON.stringify([{ hostName: 'dn0', adminState: 'DECOMMISSIONED' }, resting]));
    expect(site.state('dn0')).toBe(AdminState.DECOMMISSION_INPROGRESS);
    cluster.crash('nn', 'process', false);
    cluster.restart('nn');
    expect(await cluster.until(() => cluster.ready, 60_000)).toBe(true);
    expect(site.state('dn0')).toBe(AdminState.DECOMMISSION_INPROGRESS);
    for (let i = 0; i < 6; i++) expect((await site.run(client.readFile(`/f-${i}`))).equals(content(i))).toBe(true);
    expect(cluster.violations.found).toEqual([]);
  });
});

describe('maintenance', () => {
  it('of a node lets it be off for long without a copy being made', async () => {
    const site = await Site.start(3, { 'dfs.namenode.hosts.provider.classname': COMBINED, 'dfs.hosts': INCLUDE });
    const { cluster, client } = site;
    for (let i = 0; i < 6; i++) await site.run(client.writeFile(`/f-${i}`, content(i), { replication: 2 }));
    const until = cluster.nameNode.machine.host.clock.now() + 120_000;
    const properties = ['dn0', 'dn1', { hostName: 'dn2', adminState: 'IN_MAINTENANCE', maintenanceExpireTimeInMS: until }];
    const json = JSON.stringify(properties.map((each) => (typeof each === 'string' ? { hostName: each } : each)));
    await site.refresh(INCLUDE, json);
    expect(await cluster.until(() => site.state('dn2') === AdminState.IN_MAINTENANCE, 60_000)).toBe(true);
    expect(await site.names('inMaintenance')).toEqual(['dn2']);
    cluster.crash('dn2', 'process', false);
    expect(await cluster.until(() => site.blockManager.datanodes.aliveCount === 2, 60_000)).toBe(true);
    await cluster.simulation.advance(20_000);
    expect(site.blockManager.statistics()).toMatchObject({ lowRedundancy: 0, missing: 0, pendingReplication: 0 });
    for (let i = 0; i < 6; i++) expect((await site.run(client.readFile(`/f-${i}`))).equals(content(i))).toBe(true);
    // It does not come back in time: now it counts as every other dead node.
    const copied = (): boolean => {
      const { lowRedundancy, pendingReplication } = site.blockManager.statistics();
      return site.state('dn2') === AdminState.NORMAL && lowRedundancy + pendingReplication === 0;
    };
    expect(await cluster.until(copied, 240_000)).toBe(true);
    for (let i = 0; i < 6; i++) {
      for (const { hosts } of await site.run(client.blockLocations(`/f-${i}`)))
        expect([...hosts].sort()).toEqual(['dn0', 'dn1']);
    }
    expect(cluster.violations.found).toEqual([]);
  });

  it('a file that is not understood changes nothing, and says why', async () => {
    const site = await Site.start(3, { 'dfs.namenode.hosts.provider.classname': COMBINED, 'dfs.hosts': INCLUDE });
    await site.refresh(INCLUDE, '[{"hostName":"dn0","adminState":"DECOMMISSIONED"}]');
    expect(site.state('dn0')).toBe(AdminState.DECOMMISSION_INPROGRESS);
    await expect(site.refresh(INCLUDE, '[{"hostName":')).rejects.toThrow('host file');
    expect(site.state('dn0')).not.toBe(AdminState.NORMAL);
  });
});

describe('the include list', () => {
  it('keeps out who is not on it, and takes back who is again', async () => {
    const site = await Site.start(3, { 'dfs.hosts': INCLUDE });
    const { cluster } = site;
    await site.refresh(INCLUDE, 'dn0\ndn1 # and no more\n');
    expect(await cluster.until(() => site.blockManager.datanodes.aliveCount === 2, 10_000)).toBe(true);
    cluster.crash('dn2', 'process', false);
    cluster.restart('dn2');
    await cluster.simulation.advance(10_000);
    expect(site.blockManager.datanodes.aliveCount).toBe(2);
    expect(await site.names('dead')).toEqual([]);
    await site.refresh(INCLUDE, 'dn0 dn1 dn2 dn9\n');
    cluster.crash('dn2', 'process', false);
    cluster.restart('dn2');
    expect(await cluster.until(() => site.blockManager.datanodes.aliveCount === 3, 30_000)).toBe(true);
  });
});

describe('blocks in trouble', () => {
  it('are listed by file, and written down by metasave', async () => {
    const site = await Site.start(3, {});
    const { cluster, client } = site;
    await site.run(client.mkdir('/d'));
    for (const name of ['/d/a', '/d/b', '/e']) await site.run(client.writeFile(name, content(1), { replication: 1 }));
    const holders = new Set((await site.run(client.blockLocations('/d/a'))).flatMap(({ hosts }) => hosts));
    for (const name of holders) cluster.crash(name, 'power', false);
    await cluster.until(() => site.blockManager.datanodes.aliveCount === 3 - holders.size, 60_000);
    await cluster.simulation.advance(5_000);
    const files = await site.run(site.admin.corruptFiles('/d'));
    expect(files).toContain('/d/a');
    for (const file of files) expect(file.startsWith('/d/')).toBe(true);
    const missing = site.blockManager.statistics().missing;
    expect(await site.run(site.admin.corruptFiles())).toHaveLength(missing);
    await site.run(site.admin.metaSave('meta.txt'));
    const text = (await site.run(cluster.nameNode.machine.host.disk.readFile('logs/meta.txt'))).toString();
    expect(text).toContain(`Metasave: Blocks currently missing: ${missing}\n`);
    expect(text).toMatch(/^\/d\/a: blk_\d+_\d+ MISSING \(replicas: live: 0 /m);
    expect(text).toContain(`Dead Datanodes: ${holders.size}\n`);
    await expect(site.run(site.admin.metaSave('../x'))).rejects.toThrow('log directory');
  });
});
