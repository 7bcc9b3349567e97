// Drills of the NameNode: answers that are lost, logs that are slow or fail, safe mode, leases.
import { HdfsAdmin } from '../../src/client/admin.ts';
import type { Drill, Stage } from './stage.ts';

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
