// Drills of much at once: large trees that go, and DataNodes that all report at the same time.
import type { Drill } from './stage.ts';

const DIRECTORIES = 24;
const IN_EACH = 50;

export const TURN_DRILLS = {
  'large-tree-goes': {
    says: 'a tree of more than a thousand directories is deleted, and others go on meanwhile',
    async play(stage) {
      const fs = await stage.client();
      const other = await stage.client(1);
      const { ledger, actor } = stage;
      const top = '/shared/b/tree';
      const make = (path: string): Promise<unknown> => ledger.call(actor, 'mkdir', path, undefined, () => fs.mkdir(path));
      await stage.run(make(top));
      for (let i = 0; i < DIRECTORIES; i++) {
        const parent = `${top}/d${i}`;
        await stage.run(make(parent));
        await stage.run(Promise.all(Array.from({ length: IN_EACH }, (_, each) => make(`${parent}/e${each}`))));
      }
      const gone = stage.begin(stage.remove(fs, top));
      await stage.write(other, '/shared/a/f', { bytes: 100 });
      await stage.run(gone);
      await stage.sleep(2_000);
    },
  },
  'reports-at-once': {
    says: 'everything is begun again, and all DataNodes have a full report to send',
    dataNodes: 5,
    keys: { 'dfs.namenode.max.full.block.report.leases': 2 },
    async play(stage) {
      const fs = await stage.client();
      await stage.writeMany(fs, 6, { bytes: 2_000 });
      const all = ['nn', ...stage.dataNodes];
      for (const name of all) stage.crash(name, 'process');
      // So that no report is there before another DataNode asks.
      stage.simulation.latency = { minMs: 50, maxMs: 60, spikeEvery: 1_000_000, spikeMs: 0 };
      stage.restart(...all);
      await stage.until('all have reported', () => stage.cluster.ready);
    },
  },
} as const satisfies Readonly<Record<string, Drill>>;
