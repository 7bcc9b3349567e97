// tuskfs df
import { columns, humanSize } from '../human.ts';
import type { Verb } from './verb.ts';

export const df: Verb = {
  name: 'df',
  summary: 'capacity, used and free space of the cluster',
  declare() {
    // No arguments: a cluster is one file system.
  },
  async run(context) {
    const hdfs = await context.hdfs();
    const stats = await hdfs.statfs();
    const { capacity, used, remaining } = stats;
    await context.answer({ uri: hdfs.uri, ...stats }, () => {
      const share = capacity === 0 ? '-' : `${Math.round((used / capacity) * 100)}%`;
      const rows = [
        ['File system', 'Size', 'Used', 'Free', 'Use%'],
        [hdfs.uri, humanSize(capacity), humanSize(used), humanSize(remaining), share],
      ];
      return columns(rows, [1, 2, 3, 4]).join('\n');
    });
  },
};
