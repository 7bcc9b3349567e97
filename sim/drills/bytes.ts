// Drills of bytes: pipelines that break, replicas that crash, rot or are cut, and what recovery makes of them.
import { META_HEADER_BYTES } from '../../src/format/storage/block-files.ts';
import { GhostWriter } from '../ghost-writer.ts';
import type { DiskReplica } from '../replicas.ts';
import type { Drill, Stage } from './stage.ts';

const ROUNDS = 4;
const VOLUMES = ['/data/1', '/data/2'];
/** Bytes for each checksum. */
const CHUNK_BYTES = 512;
const FLUSHED_BYTES = 2_000;
const WRITE_LIMIT_MS = 300_000;

/** The first `length` bytes of a replica, with their checksums, come to lie in the same place of its DataNode's other disk. */
async function copyToOtherVolume(stage: Stage, replica: DiskReplica, length: number): Promise<void> {
  const { dataNode, path, bytes, meta } = replica;
  if (meta === undefined) throw new Error(`${path} has no checksums`);
  const { disk } = stage.dataNode(dataNode).machine.host;
  const [one = '', other = ''] = VOLUMES;
  const there = path.startsWith(`${one}/`) ? path.replace(one, other) : path.replace(other, one);
  const sums = META_HEADER_BYTES + 4 * Math.ceil(length / CHUNK_BYTES);
  await stage.run(disk.mkdir(there.slice(0, there.lastIndexOf('/'))));
  await stage.run(disk.writeFileAtomic(there, bytes.subarray(0, length)));
  await stage.run(disk.writeFileAtomic(`${there}_${meta.genStamp}.meta`, meta.bytes.subarray(0, sums)));
}

export const BYTES_DRILLS = {
  'cut-within-chunk': {
    says: 'files are cut within a checksum’s chunk, and appended to',
    async play(stage) {
      const fs = await stage.client();
      const { ledger, actor } = stage;
      const paths = await stage.writeMany(fs, 3, { bytes: 5_000, blockSize: 4_096 });
      for (const [i, path] of paths.entries()) {
        const length = 3_000 + 700 * i;
        await stage.run(ledger.call(actor, 'truncate', path, String(length), () => fs.truncate(path, length)));
        await stage.run(fs.readFile(path));
        const writer = await stage.append(fs, path);
        await stage.run(writer.write(900).then(() => writer.close()));
      }
    },
  },
  'broken-pipeline': {
    says: 'a DataNode dies while packets are under way to it',
    dataNodes: 4,
    keys: { 'dfs.client-write-packet-size': 512 },
    async play(stage) {
      const fs = await stage.client();
      stage.simulation.latency = { minMs: 15, maxMs: 20, spikeEvery: 1_000_000, spikeMs: 0 };
      for (const [i, victim] of stage.dataNodes.entries()) {
        const writer = await stage.create(fs, `/shared/f${i}`);
        await stage.run(writer.write(2_000).then(() => writer.flush('flush')));
        const rest = async (): Promise<void> => {
          await writer.write(6_000);
          await writer.flush('flush');
          await writer.close();
        };
        let outcome = 'nothing';
        void stage.begin(rest()).then((end) => {
          outcome = end;
        });
        await stage.sleep(8);
        stage.crash(victim, 'process');
        await stage.cluster.until(() => outcome !== 'nothing', WRITE_LIMIT_MS);
        stage.cluster.violations.check(outcome === 'ok', 'PR5', () => `without ${victim} the write ends with ${outcome}`);
        if (outcome !== 'ok') return;
        stage.restart(victim);
        await stage.until('it is back', () => stage.cluster.ready);
      }
    },
  },
  'rotten-replica': {
    says: 'one replica of each block has a wrong byte, and readers come upon it',
    dataNodes: 4,
    keys: { 'dfs.datanode.scan.period.hours': '120s' },
    async play(stage) {
      const fs = await stage.client();
      const other = await stage.client(1);
      const paths = await stage.writeMany(fs, 6, { bytes: 3_000 });
      for (const path of paths) {
        const [replica] = stage.holders(path);
        const file = replica && stage.simulation.node(replica.dataNode).disk.files('/').get(replica.path);
        if (replica === undefined || file === undefined) throw new Error(`nobody has ${path}`);
        stage.cluster.damaged.add(`${replica.dataNode}${replica.path}`);
        file.damage(1_024, (bytes) => {
          bytes[META_HEADER_BYTES] = (bytes[META_HEADER_BYTES] ?? 0) ^ 1;
        });
      }
      for (let round = 0; round < 3; round++) {
        for (const path of paths) {
          for (const reader of [fs, other]) {
            const bytes = await stage.run(reader.readFile(path));
            const ghost = stage.ledger.byCreatePath.get(path);
            stage.cluster.violations.check((ghost?.firstWrongByte(0, bytes) ?? 0) < 0, 'BK6', () => `${path} is read wrong`);
          }
        }
      }
    },
  },
  'rot-under-cut': {
    says: 'one replica of each block has a wrong byte in the chunk in which the file is cut',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      const { cluster, ledger, actor } = stage;
      const paths = await stage.writeMany(fs, 4, { bytes: 3_000 });
      for (const path of paths) {
        const { dataNode, path: blockPath } = stage.replicaOn(stage.holders(path)[0]?.dataNode ?? '', path);
        const file = stage.simulation.node(dataNode).disk.files('/').get(blockPath);
        if (file === undefined) throw new Error(`nobody has ${path}`);
        cluster.damaged.add(`${dataNode}${blockPath}`);
        file.damage(CHUNK_BYTES, (bytes) => {
          bytes[88] = (bytes[88] ?? 0) ^ 1;
        });
        await stage.run(ledger.call(actor, 'truncate', path, '700', () => fs.truncate(path, 700)));
        await stage.recoverLease(fs, path);
        // From now on it must be gone, made anew, or known for what it is.
        cluster.damaged.delete(`${dataNode}${blockPath}`);
      }
      for (const path of paths) {
        const bytes = await stage.run(fs.readFile(path));
        const ghost = ledger.byCreatePath.get(path);
        cluster.violations.check((ghost?.firstWrongByte(0, bytes) ?? 0) < 0, 'BK6', () => `${path} is read wrong`);
      }
    },
  },
  'rot-in-the-longest': {
    says: 'a writer dies when one DataNode has more of its block than the others, and a wrong byte in what was flushed',
    async play(stage) {
      const fs = await stage.client();
      const { cluster, simulation } = stage;
      const path = '/shared/f';
      const writer = await stage.create(fs, path);
      await stage.run(writer.write(3_000).then(() => writer.flush('flush')));
      const eachPair = (act: (one: string, other: string) => void): void => {
        for (const one of stage.dataNodes) for (const other of stage.dataNodes) if (one !== other) act(one, other);
      };
      eachPair((one, other) => stage.cut(one, other));
      void stage.begin(writer.write(2_000).then(() => writer.flush('flush')));
      await stage.sleep(100);
      stage.crash('client0', 'process');
      eachPair((one, other) => stage.breakConnections(one, other));
      simulation.healAll();
      const [longest, ...others] = stage.holders(path).sort((a, b) => b.bytes.length - a.bytes.length);
      const file = longest && simulation.node(longest.dataNode).disk.files('/').get(longest.path);
      if (file === undefined || others.some(({ bytes }) => bytes.length !== 3_000)) throw new Error('not one alone has more');
      file.damage(0, (bytes) => {
        bytes[88] = (bytes[88] ?? 0) ^ 1;
      });
      const other = await stage.client(1);
      await stage.recoverLease(other, path);
      const bytes = await stage.run(other.readFile(path));
      const ghost = stage.ledger.byCreatePath.get(path);
      cluster.violations.check(bytes.length >= 3_000, 'LR4', () => `${path} has ${bytes.length} bytes, 3000 were flushed`);
      cluster.violations.check((ghost?.firstWrongByte(0, bytes) ?? 0) < 0, 'BK6', () => `${path} is read wrong`);
      stage.restart('client0');
    },
  },
  'crashed-replicas': {
    says: 'of three DataNodes with flushed bytes two lose their process and one its power',
    async play(stage) {
      const fs = await stage.client();
      const path = '/shared/f';
      const writer = await stage.create(fs, path);
      await stage.run(writer.write(2_000).then(() => writer.flush('sync')));
      await stage.run(writer.write(5_000).then(() => writer.flush('flush')));
      for (const [i, name] of stage.dataNodes.entries()) stage.crash(name, i === stage.seed % 3 ? 'power' : 'process');
      stage.crash('client0', 'process');
      await stage.sleep(500);
      stage.restart('client0', ...stage.dataNodes);
      await stage.until('they are back', () => stage.cluster.ready);
      const other = await stage.client(1);
      await stage.recoverLease(other, path);
      const { size } = await stage.run(other.stat(path));
      stage.cluster.violations.check(size >= 7_000, 'LR4', () => `${path} has ${size} bytes, 7000 were flushed`);
    },
  },
  'two-appenders': {
    says: 'two clients append to the same files at the same time',
    async play(stage) {
      const clients = [await stage.client(), await stage.client(1)];
      const [fs] = clients;
      if (fs === undefined) throw new Error('there is no client');
      for (const path of await stage.writeMany(fs, 3, { bytes: 2_000 })) {
        const tries = clients.map(async (each) => {
          const writer = await GhostWriter.append(stage, each, path, { key: stage.freshKey(), newBlock: false });
          await writer?.write(700);
          await stage.simulation.node('client0').host.clock.sleep(50);
          await writer?.close();
        });
        const outcomes = await stage.run(Promise.all(tries.map((work) => stage.begin(work))));
        const succeeded = outcomes.filter((outcome) => outcome === 'ok').length;
        stage.cluster.violations.check(succeeded === 1, 'PR4', () => `${path} is appended to by ${succeeded} of two at a time`);
      }
    },
  },
  'late-recovery': {
    says: 'what a recovery found arrives when a newer one has begun',
    keys: { 'ipc.client.rpc-timeout.ms': 200_000 },
    async play(stage) {
      const fs = await stage.client();
      const other = await stage.client(1);
      // So that a command is seen to leave before its result comes.
      stage.simulation.latency = { minMs: 15, maxMs: 20, spikeEvery: 1_000_000, spikeMs: 0 };
      const path = '/shared/f';
      const writer = await stage.create(fs, path);
      await stage.run(writer.write(3_000).then(() => writer.flush('sync')));
      stage.crash('client0', 'process');
      const { blockManager, namespace } = stage.nameSystem;
      const [block] = stage.blocksOf(path);
      if (block === undefined) throw new Error(`${path} has no block`);
      await stage.run(other.recoverLease(path));
      const recoveryId = (): number | undefined => blockManager.recoveries.recoveryId(block);
      const first = recoveryId();
      const leader = [...blockManager.datanodes.all].find(({ recoveries }) => recoveries.size > 0);
      if (leader === undefined) throw new Error('nobody recovers the block');
      await stage.until('the leader is told', () => leader.recoveries.size === 0, 10_000, 5);
      stage.cut(leader.id.hostName, 'nn');
      await stage.until('a newer recovery begins', () => recoveryId() !== first, 120_000, 5);
      stage.simulation.healAll();
      // The result of the first is sent again only after a while: the newer ones' must not come before it.
      for (const name of stage.dataNodes) if (name !== leader.id.hostName) stage.cut(name, 'nn');
      await stage.sleep(10_000);
      stage.simulation.healAll();
      await stage.until('the file is closed', () => namespace.openFiles().length === 0, 120_000);
      stage.restart('client0');
    },
  },
  'put-together': {
    says: 'files are put together, cut between blocks and within one, and moved',
    async play(stage) {
      const fs = await stage.client();
      const { ledger, actor } = stage;
      const paths = await stage.writeMany(fs, 6, { bytes: 10_000, blockSize: 4_096 });
      const [target = '', ...others] = paths;
      const call = <T>(kind: 'concat' | 'truncate' | 'rename', path: string, to: string, work: () => Promise<T>): Promise<T> =>
        stage.run(ledger.call(actor, kind, path, to, work));
      const [first = '', second = '', third = '', ...rest] = others;
      const sources = [first, second, third];
      await call('concat', target, sources.join(' '), () => fs.concat(target, sources));
      for (const source of sources) ledger.forget(source);
      for (const [i, path] of rest.entries()) {
        const length = i % 2 === 0 ? 8_192 : 5_000;
        await call('truncate', path, String(length), () => fs.truncate(path, length));
      }
      await call('rename', target, '/shared/b/whole', () => fs.rename(target, '/shared/b/whole'));
    },
  },
  'unreadable-replica': {
    says: 'a disk cannot read its blocks for a while, and everybody reads them',
    dataNodes: 4,
    keys: { 'dfs.datanode.directoryscan.interval': '5s', 'dfs.datanode.scan.period.hours': '10s' },
    async play(stage) {
      const fs = await stage.client();
      const paths = await stage.writeMany(fs, 6, { bytes: 40_000, blockSize: 65_536 });
      for (const path of paths) {
        for (const { dataNode, path: file } of stage.holders(path).slice(0, 2)) {
          const { disk } = stage.dataNode(dataNode);
          disk.add({ path: file, operations: 'read', error: 'EIO', times: 8, every: 3 });
        }
      }
      for (let round = 0; round < 4; round++) {
        for (const path of paths) await stage.run(stage.begin(fs.readFile(path)));
        await stage.sleep(4_000);
      }
    },
  },
  'two-copies': {
    says: 'a DataNode finds two copies of a block: on its other disk lies an older one, or a shorter one',
    keys: { 'dfs.datanode.data.dir': VOLUMES.join(','), 'dfs.datanode.directoryscan.interval': '5s' },
    async play(stage) {
      const fs = await stage.client();
      const paths = await stage.writeMany(fs, 8, { bytes: 3_000 });
      const [dataNode = ''] = stage.dataNodes;
      for (const [i, path] of paths.entries()) {
        // What the other disk will bring back is of before the append.
        const before = stage.replicaOn(dataNode, path);
        const isOlder = i % 2 === 0;
        if (isOlder) {
          const writer = await stage.append(fs, path);
          await stage.run(writer.write(700).then(() => writer.close()));
        }
        await copyToOtherVolume(stage, before, isOlder ? before.bytes.length : 2 * CHUNK_BYTES);
      }
      stage.crash(dataNode, 'process');
      stage.restart(dataNode);
      await stage.until('it is back', () => stage.cluster.ready);
      for (const path of paths) await stage.run(fs.readFile(path));
    },
  },
  'two-unfinished': {
    says: 'a DataNode finds two replicas of a block that writers left, on a disk each; the better one is served, and deleted',
    keys: { 'dfs.datanode.data.dir': VOLUMES.join(','), 'dfs.datanode.directoryscan.interval': '5s' },
    async play(stage) {
      const fs = await stage.client();
      const [dataNode = ''] = stage.dataNodes;
      const path = '/shared/f';
      const writer = await stage.create(fs, path);
      await stage.run(writer.write(3_000).then(() => writer.flush('sync')));
      // As a power cut brings it back: of before the last bytes.
      const before = stage.replicaOn(dataNode, path);
      await stage.run(writer.write(2_000).then(() => writer.flush('sync')));
      await copyToOtherVolume(stage, before, before.bytes.length);
      stage.crash('client0', 'process');
      stage.crash(dataNode, 'process');
      stage.restart('client0', dataNode);
      await stage.until('it is back', () => stage.cluster.ready);
      if (stage.holders(path).filter((each) => each.dataNode === dataNode).length !== 2) throw new Error('there are not two');
      await stage.run(stage.remove(await stage.client(1), path));
    },
  },
  'reader-of-open-file': {
    says: 'a file is read while it is written, right after its NameNode, one of its DataNodes, and both have come back',
    dataNodes: 5,
    async play(stage) {
      const { ledger, cluster } = stage;
      const path = '/shared/f';
      const writer = await stage.create(await stage.client(), path);
      const other = await stage.client(1);
      const [dataNode = ''] = stage.dataNodes;
      for (const back of [['nn'], [dataNode], ['nn', dataNode]]) {
        await stage.run(writer.write(3_000).then(() => writer.flush('flush')));
        for (const name of back) stage.crash(name, 'process');
        // The NameNode answers before any DataNode has told it what it has.
        for (const name of stage.dataNodes) stage.cut(name, 'nn');
        stage.restart(...back);
        const reading = other.readFile(path);
        await stage.sleep(4_000);
        stage.simulation.healAll();
        const { length } = await stage.run(reading);
        const owed = ledger.byCreatePath.get(path)?.owed ?? 0;
        cluster.violations.check(
          owed > 0 && length >= owed,
          'BK5',
          () => `${path} shows ${length} bytes, ${owed} were flushed`,
        );
      }
      await stage.run(writer.close());
    },
  },
  'last-keeper-late': {
    says: 'two of three DataNodes with flushed bytes lose their power while the NameNode does not hear of the third, once right after its own start',
    keys: { 'dfs.namenode.heartbeat.recheck-interval': 300_000 },
    async play(stage) {
      const { cluster } = stage;
      const [keeper = '', ...fallen] = stage.dataNodes;
      for (const begun of [[], ['nn']]) {
        const path = `/shared/b/late${begun.length}`;
        const writer = await stage.create(await stage.client(), path);
        await stage.run(writer.write(FLUSHED_BYTES).then(() => writer.flush('sync')));
        await stage.run(writer.write(FLUSHED_BYTES).then(() => writer.flush('flush')));
        stage.crash('client0', 'process');
        stage.cut(keeper, 'nn');
        for (const name of fallen) stage.crash(name, 'power');
        for (const name of begun) stage.crash(name, 'process');
        stage.restart('client0', ...fallen, ...begun);
        // Longer than a node that does not count as stale may be silent.
        await stage.sleep(40_000);
        const other = await stage.client(1);
        await stage.run(other.recoverLease(path));
        await stage.sleep(20_000);
        stage.simulation.healAll();
        await stage.until('all DataNodes are there', () => cluster.ready);
        await stage.recoverLease(other, path);
      }
    },
  },
  'power-after-recovery': {
    says: 'writers die with flushed bytes, once their DataNodes too, once after syncs that failed; their files are recovered, then the power fails',
    async play(stage) {
      for (const round of ['writers', 'datanodes', 'syncs'] as const) {
        const fs = await stage.client();
        const paths: string[] = [];
        for (let i = 0; i < 3; i++) {
          const path = `/shared/b/${round}${i}`;
          paths.push(path);
          const writer = await stage.create(fs, path);
          await stage.run(writer.write(FLUSHED_BYTES + 500 * i).then(() => writer.flush('flush')));
          if (round !== 'syncs') continue;
          const daemons = stage.dataNodes.map((name) => stage.dataNode(name));
          for (const daemon of daemons) {
            daemon.diskFault = ({ operation }) => (operation === 'fdatasync' ? { error: 'ENOSPC' } : undefined);
          }
          await stage.run(stage.begin(writer.close()));
          await stage.sleep(100);
          for (const daemon of daemons) daemon.diskFault = undefined;
        }
        stage.crash('client0', 'process');
        if (round === 'datanodes') {
          for (const name of stage.dataNodes) stage.crash(name, 'process');
          stage.restart(...stage.dataNodes);
          await stage.until('they are back', () => stage.cluster.ready);
        }
        const other = await stage.client(1);
        for (const path of paths) await stage.recoverLease(other, path);
        for (const name of stage.dataNodes) stage.crash(name, 'power');
        await stage.sleep(300);
        stage.restart('client0', ...stage.dataNodes);
        await stage.until('everything is back', () => stage.cluster.ready);
        for (const path of paths) {
          const outcome = await stage.begin(stage.run(other.readFile(path)));
          stage.cluster.violations.check(
            outcome === 'ok',
            'LR4',
            () => `after the power cut a read of ${path} ends with ${outcome}`,
          );
        }
      }
    },
  },
  'power-under-writers': {
    says: 'the power fails under files with synced, flushed and unflushed bytes, and leases are recovered',
    keys: { 'dfs.datanode.data.dir': VOLUMES.join(','), 'dfs.client-write-packet-size': 1_024 },
    async play(stage) {
      const random = stage.simulation.random('power');
      for (let round = 0; round < ROUNDS; round++) {
        const fs = await stage.client();
        const paths: string[] = [];
        for (let i = 0; i < 4; i++) {
          const path = `/shared/b/r${round}f${i}`;
          paths.push(path);
          const writer = await stage.create(fs, path);
          await stage.run(writer.write(1 + random.below(3_000)).then(() => writer.flush('sync')));
          await stage.run(writer.write(1 + random.below(3_000)).then(() => (i % 2 === 0 ? writer.flush('flush') : undefined)));
          if (i === 3) await stage.run(stage.begin(writer.close()));
        }
        await stage.sleep(random.below(20));
        const all = ['client0', 'nn', ...stage.dataNodes];
        for (const name of all) stage.crash(name, 'power', round > 0);
        await stage.sleep(300);
        stage.restart(...all);
        await stage.until('everything is back', () => stage.cluster.ready);
        const other = await stage.client(1);
        for (const path of paths) await stage.recoverLease(other, path);
      }
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;
