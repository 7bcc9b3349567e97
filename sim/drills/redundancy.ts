// Drills of replicas that are too few, too many, stale, old, or on dead nodes.
import { HdfsAdmin } from '../../src/client/admin.ts';
import { wrap } from '../predicates/hooks.ts';
import type { Drill } from './stage.ts';

const BLOCK = 4_096;
const LESS_ROOM = 2 ** 30;
const EXCLUDE_FILE = '/conf/exclude';
const LEAVING_LIMIT_MS = 120_000;

export const REDUNDANCY_DRILLS = {
  'fewer-replicas': {
    says: 'files want fewer replicas, and more again',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      const paths = await stage.writeMany(fs, 4, { bytes: 6_000, blockSize: BLOCK });
      for (const path of paths) await stage.setReplication(fs, path, 1);
      await stage.sleep(8_000);
      for (const path of paths.slice(0, 2)) await stage.setReplication(fs, path, 4);
    },
  },
  'changed-mind': {
    says: 'files want fewer replicas, and more again before the orders are given',
    async play(stage) {
      const fs = await stage.client();
      for (const path of await stage.writeMany(fs, 6, { bytes: 3_000 })) {
        await stage.setReplication(fs, path, 1);
        await stage.setReplication(fs, path, 3);
      }
      await stage.sleep(5_000);
    },
  },
  'stale-holder': {
    says: 'files want fewer replicas while a DataNode that registered again has not reported yet',
    keys: { 'dfs.blockreport.initialDelay': '20s' },
    async play(stage) {
      const fs = await stage.client();
      // Known from its incremental reports before the first whole one.
      await stage.sleep(25_000);
      const paths = await stage.writeMany(fs, 8, { bytes: 2_000 });
      // Who has less room is the one to give up a replica: not the one that is stale.
      for (const name of ['dn1', 'dn2']) stage.dataNode(name).machine.disk.capacity -= LESS_ROOM;
      stage.crash('dn0', 'process');
      await stage.sleep(500);
      stage.restart('dn0');
      await stage.sleep(3_000);
      for (const path of paths) await stage.setReplication(fs, path, 2);
      await stage.sleep(3_000);
    },
  },
  'dead-node': {
    says: 'a DataNode dies and stays away',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      await stage.writeMany(fs, 4, { bytes: 3_000 });
      stage.crash('dn3', 'process');
      stage.cluster.core = stage.cluster.core.filter(({ name }) => name !== 'dn3');
      await stage.sleep(30_000);
    },
  },
  'lost-rack': {
    says: 'a rack goes, files are written and copied without it, and it comes back',
    dataNodes: 4,
    racks: ['/rack0', '/rack0', '/rack0', '/rack1'],
    async play(stage) {
      const fs = await stage.client();
      await stage.writeMany(fs, 4, { bytes: 6_000, blockSize: BLOCK });
      stage.crash('dn3', 'process');
      await stage.until('it counts as dead', () => stage.nameSystem.blockManager.datanodes.aliveCount === 3);
      for (const replication of [2, 3]) await stage.write(fs, `/shared/b/f${replication}`, { bytes: 6_000, replication });
      // Copies of what it had are made.
      await stage.sleep(15_000);
      stage.restart('dn3');
    },
  },
  'many-copies': {
    says: 'a DataNode dies whose many blocks have one other replica, and copies take long',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      await stage.writeMany(fs, 24, { bytes: 1_500, replication: 2 });
      const [gone, ...others] = stage.cluster.dataNodes;
      if (gone === undefined) throw new Error('there is no DataNode');
      for (const { disk } of others) disk.add({ path: '/data', operations: 'write', delayMs: 400 });
      stage.crash(gone.name, 'process');
      stage.cluster.core = stage.cluster.core.filter((daemon) => daemon !== gone);
      await stage.sleep(60_000);
    },
  },
  'two-volumes-report': {
    says: 'the NameNode starts anew, and each DataNode reports two volumes to it, one after the other',
    keys: { 'dfs.datanode.data.dir': '/data/1,/data/2', 'dfs.blockreport.split.threshold': 0 },
    async play(stage) {
      const fs = await stage.client();
      await stage.writeMany(fs, 8, { bytes: 1_500 });
      stage.crash('nn', 'power');
      await stage.sleep(300);
      stage.restart('nn');
      await stage.sleep(20_000);
    },
  },
  'leaving-nodes': {
    says: 'DataNodes are taken out of service one after the other, while a file is open, and switched off',
    dataNodes: 5,
    keys: { 'dfs.namenode.decommission.interval': 2, 'dfs.hosts.exclude': EXCLUDE_FILE },
    prepare: (stage) => stage.putExcluded(EXCLUDE_FILE, []),
    async play(stage) {
      const { cluster } = stage;
      const fs = await stage.client();
      await stage.writeMany(fs, 6, { bytes: 9_000, blockSize: BLOCK });
      const writer = await stage.create(fs, '/shared/open', { blockSize: BLOCK });
      await stage.run(writer.write(6_000).then(() => writer.flush('sync')));
      const admin = new HdfsAdmin(stage.simulation.node('client1').host, cluster.configuration, 'hdfs');
      const gone: string[] = [];
      for (const name of ['dn0', 'dn1']) {
        gone.push(name);
        await stage.putExcluded(EXCLUDE_FILE, gone);
        await stage.run(admin.refreshNodes());
        const isOut = (): boolean =>
          [...stage.nameSystem.blockManager.datanodes.all].some(
            ({ id, decommissioned }) => id.hostName === name && decommissioned,
          );
        const isDone = await cluster.until(isOut, LEAVING_LIMIT_MS);
        cluster.violations.check(isDone, 'RP5', () => `${name} is not out of service within ${LEAVING_LIMIT_MS / 1_000} s`);
        stage.crash(name, 'process');
        cluster.core = cluster.core.filter((daemon) => daemon.name !== name);
        await stage.sleep(2_000);
      }
      await stage.run(writer.write(2_000).then(() => writer.close()));
    },
  },
  'returning-node': {
    says: 'a DataNode comes back after its replicas were made elsewhere',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      await stage.writeMany(fs, 4, { bytes: 3_000 });
      stage.crash('dn0', 'process');
      await stage.sleep(40_000);
      stage.restart('dn0');
    },
  },
  'old-generation': {
    says: 'the first DataNode of a pipeline finalizes a block, its acknowledgement is lost, and it misses the next generation',
    keys: { 'dfs.client.block.write.replace-datanode-on-failure.best-effort': true },
    async play(stage) {
      const fs = await stage.client();
      const victim = `dn${stage.seed % 3}`;
      for (let i = 0; i < 3; i++) {
        const writer = await stage.create(fs, `/shared/f${i}`, { blockSize: BLOCK });
        await stage.run(writer.write(3_000).then(() => writer.flush('flush')));
        stage.cut(victim, 'client0');
        const closing = stage.begin(writer.close());
        await stage.sleep(1_000);
        stage.breakConnections(victim, 'client0');
        stage.crash(victim, 'process');
        stage.simulation.healAll();
        await stage.run(closing);
        stage.restart(victim);
        await stage.until('it is back', () => stage.cluster.ready);
      }
    },
  },
  'late-order': {
    says: 'an order to delete an extra replica is on its way while the block gets a new generation there',
    async play(stage) {
      const fs = await stage.client();
      const { simulation } = stage;
      const paths = await stage.writeMany(fs, 4, { bytes: 3_000 });
      for (const path of paths) await stage.setReplication(fs, path, 1);
      // Orders leave with the heartbeats, and arrive late.
      for (const name of stage.dataNodes) simulation.clog(simulation.node('nn'), simulation.node(name), 4_000);
      await stage.sleep(2_200);
      const writers = [];
      for (const path of paths) writers.push(await stage.append(fs, path));
      for (const writer of writers) await stage.run(stage.begin(writer.write(500).then(() => writer.close())));
      await stage.sleep(4_000);
    },
  },
  'news-lost': {
    says: 'what a DataNode tells of new replicas does not arrive, and its connection breaks',
    dataNodes: 4,
    keys: { 'dfs.blockreport.intervalMsec': 1_000_000_000 },
    async play(stage) {
      const fs = await stage.client();
      for (let i = 0; i < 4; i++) {
        const writers = [];
        for (let j = 0; j < 3; j++) writers.push(await stage.create(fs, `/shared/f${i}-${j}`));
        for (const writer of writers) await stage.run(writer.write(3_000).then(() => writer.flush('flush')));
        stage.cut('dn1', 'nn');
        for (const writer of writers) await stage.run(writer.close());
        await stage.sleep(300);
        stage.breakConnections('dn1', 'nn');
        await stage.sleep(3_000);
        stage.simulation.healAll();
        await stage.sleep(3_000);
      }
    },
  },
  'late-report': {
    says: 'that a DataNode receives a block is told after the file was closed, and that it has received it later still',
    async play(stage) {
      const fs = await stage.client();
      const { simulation } = stage;
      simulation.latency = { minMs: 5, maxMs: 5, spikeEvery: 1_000_000, spikeMs: 0 };
      let victim: string | undefined;
      let clogEndsMs = 0;
      // What it receives leaves behind its heartbeat, once that is answered.
      wrap(stage.nameSystem.blockManager, 'heartbeat', (call, id, ...rest) => {
        if (id.hostName === victim) {
          simulation.clog(simulation.node(victim), simulation.node('nn'), 1_500);
          clogEndsMs = simulation.nowMs + 1_500;
          victim = undefined;
        }
        return call(id, ...rest);
      });
      for (const [i, name] of stage.dataNodes.entries()) {
        const writer = await stage.create(fs, `/shared/f${i}`);
        await stage.run(writer.write(2_000).then(() => writer.flush('flush')));
        victim = name;
        await stage.until(`a heartbeat of ${name}`, () => victim === undefined, 5_000, 5);
        await stage.sleep(20);
        await stage.run(writer.close());
        await stage.sleep(clogEndsMs - simulation.nowMs + 8);
        stage.cut(name, 'nn');
        await stage.sleep(2_000);
        simulation.healAll();
        await stage.sleep(2_000);
      }
    },
  },
  'vanished-replica': {
    says: 'files of replicas vanish from a disk, and its DataNode sees it',
    dataNodes: 4,
    keys: { 'dfs.datanode.directoryscan.interval': '5s', 'dfs.blockreport.intervalMsec': 1_000_000_000 },
    async play(stage) {
      const fs = await stage.client();
      for (const path of await stage.writeMany(fs, 4, { bytes: 3_000 })) {
        const [replica] = stage.holders(path);
        if (replica !== undefined) stage.lose(replica);
      }
      await stage.sleep(20_000);
    },
  },
  'half-copy': {
    says: 'a DataNode dies while it takes a copy',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      await stage.write(fs, '/shared/f', { bytes: 12_000 });
      const has = new Set(stage.holders('/shared/f').map(({ dataNode }) => dataNode));
      const other = stage.cluster.dataNodes.find(({ name }) => !has.has(name));
      if (other === undefined) throw new Error('every DataNode has a replica');
      const undo = other.disk.add({ path: '/data', operations: 'write', delayMs: 700 });
      await stage.setReplication(fs, '/shared/f', 4);
      const isCopying = (): boolean =>
        [...other.machine.disk.files('/data').keys()].some((path) => /\/tmp\/blk_\d+$/.test(path));
      await stage.until('a copy begins', isCopying, 30_000, 10);
      await stage.sleep(50);
      stage.crash(other.name, 'process');
      undo();
      await stage.setReplication(fs, '/shared/f', 3);
      await stage.sleep(1_000);
      stage.restart(other.name);
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;
