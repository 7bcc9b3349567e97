// Drills of the NameNode: answers that are lost, logs that are slow or fail, safe mode, leases.
import { HdfsAdmin } from '../../src/client/admin.ts';
import type { Hdfs } from '../../src/client/index.ts';
import type { CallKind } from '../ledger.ts';
import { allReplicas } from '../replicas.ts';
import type { Drill, Stage } from './stage.ts';

const DAY_MS = 86_400_000;

/** Changes whose answers do not arrive; `meanwhile` happens between the call and its repetition. */
async function loseAnswers(stage: Stage, meanwhile: () => Promise<void>): Promise<void> {
  const fs = await stage.client();
  const { ledger, actor } = stage;
  const paths = await stage.writeMany(fs, 2, { bytes: 900 });
  for (const [i, path] of paths.entries()) {
    await stage.run(ledger.call(actor, 'mkdir', `/shared/d${i}`, undefined, () => fs.mkdir(`/shared/d${i}`)));
    stage.cut('nn', 'client0');
    const to = `/shared/b/moved${i}`;
    const calls = [
      ledger.call(actor, 'rename', path, to, () => fs.rename(path, to)),
      stage.remove(fs, `/shared/d${i}`),
      stage.create(fs, `/shared/c/new${i}`).then((writer) => writer.close()),
    ].map((call) => stage.begin(call));
    await stage.sleep(300);
    await meanwhile();
    stage.simulation.healAll();
    for (const call of calls) await stage.run(call);
    await stage.until('changes are taken', () => stage.cluster.ready);
  }
}

export const NAMENODE_DRILLS = {
  'lost-answers': {
    says: 'calls are carried out, their answers are lost, and they are made again',
    play: (stage) =>
      loseAnswers(stage, async () => {
        stage.breakConnections('client0', 'nn');
        await stage.sleep(100);
      }),
  },
  'lost-answers-restart': {
    says: 'calls are carried out, their answers are lost, and they are made again after a restart',
    play: (stage) =>
      loseAnswers(stage, async () => {
        // With its power gone nothing of an answer is left on the way.
        stage.crash('nn', 'power');
        await stage.sleep(300);
        stage.restart('nn');
      }),
  },
  'overtaken-rename': {
    says: 'the answer to a rename is lost, and before it is made again its source is there once more',
    async play(stage) {
      const fs = await stage.client();
      const other = await stage.client(1);
      const { ledger, actor } = stage;
      const [from = '', to = '', next = ''] = await stage.writeMany(fs, 3, { bytes: 600 });
      const rename = (by: Hdfs, source: string, target: string, overwrite: boolean): Promise<unknown> =>
        ledger.call(actor, 'rename', source, target, () => by.rename(source, target, { overwrite }));
      stage.cut('nn', 'client0');
      const first = stage.begin(rename(fs, from, to, true));
      await stage.sleep(300);
      await stage.run(rename(other, next, from, false));
      stage.breakConnections('client0', 'nn');
      await stage.sleep(100);
      stage.simulation.healAll();
      await stage.run(first);
      ledger.refresh();
    },
  },
  'clock-jumps': {
    says: 'wall clocks jump by a day while files are written and DataNodes are heard from',
    async play(stage) {
      const fs = await stage.client();
      const writers = [await stage.create(fs, '/shared/f0'), await stage.create(fs, '/shared/f1')];
      for (const [i, days] of [1, -2, 3].entries()) {
        for (const writer of writers) await stage.run(writer.write(2_000).then(() => writer.flush('sync')));
        for (const name of ['nn', 'client0', `dn${i}`]) stage.simulation.node(name).jumpClock(days * DAY_MS);
        await stage.sleep(12_000);
      }
      for (const writer of writers) await stage.run(writer.close());
    },
  },
  'slow-log': {
    says: 'files are deleted while the log takes its time to become durable',
    async play(stage) {
      const fs = await stage.client();
      const paths = await stage.writeMany(fs, 5, { bytes: 2_000 });
      const undo = stage.cluster.nameNode.disk.add({ path: '/name', operations: 'sync', delayMs: 2_500 });
      const calls: Promise<string>[] = [];
      for (const path of paths) {
        calls.push(stage.begin(stage.remove(fs, path)));
        await stage.sleep(300);
      }
      await stage.sleep(4_000);
      undo();
      for (const call of calls) await stage.run(call);
    },
  },
  'many-images': {
    says: 'images follow close upon another',
    keys: { 'dfs.namenode.checkpoint.txns': 8, 'dfs.namenode.checkpoint.check.period': 1 },
    async play(stage) {
      const fs = await stage.client();
      for (let i = 0; i < 16; i++) {
        await stage.write(fs, `/shared/f${i}`, { bytes: 100 });
        await stage.sleep(1_000);
      }
    },
  },
  'trash-and-clock': {
    says: 'files are moved to the trash, and the NameNode’s clock jumps by a day',
    keys: { 'fs.trash.interval': 3, 'fs.trash.checkpoint.interval': 1 },
    async play(stage) {
      const fs = await stage.client();
      const { ledger, actor, cluster } = stage;
      for (const [i, path] of (await stage.writeMany(fs, 2, { bytes: 300 })).entries()) {
        const { trashPath } = await stage.run(ledger.call(actor, 'trash', path, undefined, () => fs.rm(path)));
        cluster.violations.check(trashPath !== undefined, 'TR1', () => `${path} is deleted at once`);
        ledger.checkTrashed(path, cluster.violations);
        await stage.sleep(65_000);
        cluster.nameNode.machine.jumpClock((i % 2 === 0 ? 30 : -20) * 3_600_000);
        await stage.sleep(70_000);
        ledger.refresh();
      }
    },
  },
  'failing-log': {
    says: 'a sync of one of two edits directories fails',
    keys: { 'dfs.namenode.name.dir': '/name,/name2' },
    async play(stage) {
      const fs = await stage.client();
      stage.cluster.nameNode.excused = true;
      stage.cluster.nameNode.disk.add({ path: '/name2', operations: 'sync', error: 'EIO', times: 1 });
      await stage.writeMany(fs, 3, { bytes: 500 });
    },
  },
  'late-data-nodes': {
    says: 'the NameNode starts before its DataNodes, and is asked to change something',
    async play(stage) {
      const fs = await stage.client();
      const [path = ''] = await stage.writeMany(fs, 6, { bytes: 2_000 });
      const all = ['nn', ...stage.dataNodes];
      for (const name of all) stage.crash(name, 'power');
      await stage.sleep(200);
      stage.restart('nn');
      await stage.sleep(2_500);
      const removal = stage.begin(stage.remove(fs, path));
      await stage.sleep(3_000);
      stage.restart(...stage.dataNodes);
      await stage.run(removal);
    },
  },
  'orders-and-safe-mode': {
    says: 'somebody turns safe mode on while there are replicas to delete and to copy',
    dataNodes: 4,
    async play(stage) {
      const fs = await stage.client();
      const admin = new HdfsAdmin(stage.simulation.node('client1').host, stage.cluster.configuration, 'hdfs');
      for (const [i, path] of (await stage.writeMany(fs, 10, { bytes: 2_000 })).entries()) {
        await stage.setReplication(fs, path, i % 2 === 0 ? 1 : 4);
        // Between the round that finds work and the heartbeats that take it.
        await stage.sleep(130 * i);
        await stage.run(admin.safeMode('enter'));
        await stage.sleep(1_500);
        await stage.run(admin.safeMode('leave'));
        await stage.sleep(2_500);
      }
    },
  },
  'old-image': {
    says: 'the NameNode starts from what its directory held some files ago, and then from the right one',
    // What is durable is taken away on purpose.
    only: new Set(['SM3', 'DL1', 'DL2', 'DL4', 'X1', 'X3', 'BK6']),
    async play(stage) {
      const fs = await stage.client();
      const { cluster } = stage;
      const begin = async (content?: ReturnType<Stage['nameDirectory']>): Promise<void> => {
        if (content !== undefined) stage.putNameDirectory(content);
        stage.restart('nn');
        await stage.until('it has started', () => cluster.nameNode.running !== undefined);
      };
      // Of one block less than one has to be known: safe mode would end at once, as Apache's does.
      await stage.writeMany(fs, 4, { bytes: 2_000 });
      stage.crash('nn', 'power');
      const old = stage.nameDirectory();
      await begin();
      await stage.until('it serves', () => cluster.ready);
      await stage.write(fs, '/shared/after', { bytes: 2_000 });
      const count = (): number => allReplicas(cluster).length;
      const replicas = count();
      stage.crash('nn', 'power');
      const right = stage.nameDirectory();
      await begin(old);
      await stage.sleep(30_000);
      const { safeMode } = stage.nameSystem.blockManager;
      cluster.violations.check(safeMode.isOn, 'SM3', () => 'an old image is served while DataNodes have newer blocks');
      cluster.violations.check(
        count() === replicas,
        'SM3',
        () => `of ${replicas} replicas ${count()} are left by an old image`,
      );
      stage.crash('nn', 'power');
      await begin(right);
      await stage.until('it serves', () => cluster.ready);
      const bytes = await stage.run(fs.readFile('/shared/after'));
      const ghost = stage.ledger.byCreatePath.get('/shared/after');
      cluster.violations.check(ghost?.firstWrongByte(0, bytes) === -1, 'BK6', () => 'what was written last is read wrong');
    },
  },
  quotas: {
    says: 'directories have quotas, and files in them are written, cut, appended to, put together, moved and deleted',
    async play(stage) {
      const fs = await stage.client();
      const { ledger, actor } = stage;
      const block = 4_096;
      await stage.run(fs.quotas.setSpace('/shared', 600 * block));
      await stage.run(fs.quotas.setNames('/shared/a', 9));
      await stage.run(fs.quotas.setSpace('/shared/a', 60 * block));
      await stage.run(fs.quotas.setSpace('/shared/b', 24 * block));
      const path = (i: number): string => `/shared/a/f${i}`;
      // Some do not fit.
      for (let i = 0; i < 10; i++) {
        const written = stage.write(fs, path(i), { bytes: 1 + i * 2_500, blockSize: block, replication: 1 + (i % 3) });
        if ((await stage.begin(written)) !== 'ok') stage.ledger.refresh();
        await stage.sleep(2_500);
      }
      const call = (kind: CallKind, at: string, to: string | undefined, work: () => Promise<unknown>): Promise<string> =>
        stage.run(stage.begin(ledger.call(actor, kind, at, to, work)));
      await call('truncate', path(3), '5000', () => fs.truncate(path(3), 5_000));
      await call('rename', path(2), '/shared/b/moved', () => fs.rename(path(2), '/shared/b/moved'));
      await call('concat', path(4), path(7), () => fs.concat(path(4), [path(7)]));
      await call('setrep', path(1), '3', () => fs.setReplication(path(1), 3));
      await stage.begin(stage.append(fs, path(1)).then((writer) => stage.run(writer.write(3_000).then(() => writer.close()))));
      await stage.sleep(3_000);
      await stage.begin(stage.run(stage.remove(fs, path(0))));
      await stage.begin(stage.run(stage.remove(fs, '/shared/b')));
      await stage.sleep(3_000);
    },
  },
  'late-holder': {
    says: 'of the DataNodes with an open block two lose its bytes with their power, and the third comes back late',
    keys: { 'dfs.namenode.lease-hard-limit-sec': 3, 'dfs.client-write-packet-size': 512 },
    async play(stage) {
      const fs = await stage.client();
      const paths = Array.from({ length: 8 }, (_, i) => `/shared/open${i}`);
      for (const path of paths) {
        const writer = await stage.create(fs, path);
        await stage.run(writer.write(300).then(() => writer.flush('flush')));
      }
      const late = `dn${stage.seed % 3}`;
      for (const name of ['client0', 'nn', late]) stage.crash(name, 'process');
      const others = stage.dataNodes.filter((name) => name !== late);
      for (const name of others) stage.crash(name, 'power', true);
      await stage.sleep(200);
      stage.restart('nn', ...others);
      await stage.sleep(12_000);
      stage.restart(late);
      await stage.sleep(60_000);
      stage.ledger.refresh();
      for (const path of paths) {
        const isDropped = stage.ledger.byCreatePath.get(path)?.written === 0;
        stage.cluster.violations.check(!isDropped, 'LR5', () => `the block of ${path} is dropped, and ${late} had it`);
      }
    },
  },
  'deleted-open': {
    says: 'files are deleted while somebody writes them, one by its name and one with its directory',
    async play(stage) {
      const fs = await stage.client();
      const other = await stage.client(1);
      const writers = [await stage.create(fs, '/shared/open'), await stage.create(fs, '/shared/c/open')];
      for (const writer of writers) await stage.run(writer.write(3_000).then(() => writer.flush('flush')));
      for (const path of ['/shared/open', '/shared/c']) await stage.run(stage.remove(other, path));
      await stage.sleep(5_000);
      for (const writer of writers) await stage.run(stage.begin(writer.close()));
    },
  },
  'unreported-block': {
    says: 'what the DataNodes tell does not arrive while a file of several blocks is written',
    async play(stage) {
      const fs = await stage.client();
      const writer = await stage.create(fs, '/shared/f', { blockSize: 4_096 });
      for (const name of stage.dataNodes) stage.cut(name, 'nn');
      const written = stage.begin(writer.write(14_000).then(() => writer.close()));
      await stage.sleep(4_000);
      stage.simulation.healAll();
      await stage.run(written);
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;
