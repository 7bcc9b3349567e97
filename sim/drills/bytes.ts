// Drills of bytes: pipelines that break, replicas that crash, rot or are cut, and what recovery makes of them.
import { META_HEADER_BYTES } from '../../src/format/storage/block-files.ts';
import type { Drill } from './stage.ts';

const ROUNDS = 4;

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
        const written = stage.begin(writer.write(6_000).then(() => writer.close()));
        await stage.sleep(8);
        stage.crash(victim, 'process');
        const outcome = await stage.run(written);
        stage.cluster.violations.check(outcome === 'ok', 'PR5', () => `without ${victim} the write ends with ${outcome}`);
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
  'power-under-writers': {
    says: 'the power fails under files with synced, flushed and unflushed bytes, and leases are recovered',
    keys: { 'dfs.datanode.data.dir': '/data/1,/data/2', 'dfs.client-write-packet-size': 1_024 },
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
